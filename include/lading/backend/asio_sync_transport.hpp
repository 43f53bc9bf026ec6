// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `asio_sync_transport`: the blocking face of `asio_transport`.

#include "asio_transport.hpp"

#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lading {

/// Models `sync_transport`. Owns its event loop, which runs only inside `exchange`; one exchange at a time. Limits,
/// connections and errors are those of `asio_transport`. Its destructor waits for a resolver that is busy.
class asio_sync_transport {
  public:
    explicit asio_sync_transport(network_options network = {}, limits bounds = {})
        : context_(std::make_unique<asio::io_context>(1)),
          transport_(context_->get_executor(), std::move(network), std::move(bounds)) {}

    result<response> exchange(request const& q, body_sink& out) {
        std::optional<result<response>> answer;
        transport_.async_exchange(q, out, [&](result<response> r) { answer.emplace(std::move(r)); });
        context_->restart();
        while (!answer) context_->run_one(); // what is left, a name being resolved for nobody, waits for the next
        return std::move(*answer);
    }

  private:
    std::unique_ptr<asio::io_context> context_;
    asio_transport transport_;
};

} // namespace lading
