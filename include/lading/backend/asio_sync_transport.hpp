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
/// connections and errors are those of `asio_transport`.
/// Should an exception leave `exchange` (from a sink, or because there is no memory), its connections are closed and the
/// next exchange starts afresh.
class asio_sync_transport {
  public:
    explicit asio_sync_transport(network_options network = {}, limits bounds = {})
        : network_(std::move(network)), bounds_(std::move(bounds)) {}

    result<response> exchange(request const& q, body_sink& out) {
        if (!loop_) loop_ = std::make_unique<loop>(network_, bounds_);
        std::optional<result<response>> answer;
        on_unwind const drop{loop_, answer};
        loop_->transport.async_exchange(q, out, [&](result<response> r) { answer.emplace(std::move(r)); });
        loop_->context.restart();
        while (!answer) loop_->context.run_one(); // what is left, a name being resolved for nobody, waits for the next
        return std::move(*answer);
    }

  private:
    struct loop {
        loop(network_options const& n, limits const& l) : transport(context.get_executor(), n, l, asio_transport::threads::one) {}
        asio::io_context context{1};
        asio_transport transport;
    };
    /// Without an answer there was an exception, and handlers of this exchange are still in the loop: it must go.
    struct on_unwind {
        std::unique_ptr<loop>& what;
        std::optional<result<response>> const& answer;
        ~on_unwind() {
            if (!answer) what.reset();
        }
    };

    network_options network_;
    limits bounds_;
    std::unique_ptr<loop> loop_;
};

} // namespace lading
