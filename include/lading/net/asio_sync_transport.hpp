// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `asio_sync_transport`: the blocking face of `asio_transport`.

#include "../detail/stop_token.hpp"
#include "asio_transport.hpp"
#include "spares.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lading {

/// Models `sync_transport`, for any number of threads at once. Limits, connections and errors are those of
/// `asio_transport`. Each thread that is inside `exchange` has an event loop of its own, with its own connections, which
/// runs only there; the loop that was used last is used next, so that one thread keeps its connections, and limits of
/// connections count for each of as many loops as there were threads at once.
///
/// `request::stop` ends an exchange at once, wherever it is, with `cancelled`.
/// Should an exception leave `exchange` (from a sink, or because there is no memory), its connections are closed and the
/// next exchange starts afresh.
class asio_sync_transport {
  public:
    explicit asio_sync_transport(network_options network = {}, limits bounds = {})
        : state_(std::make_unique<state>(std::move(network), std::move(bounds))) {}

    result<response> exchange(request const& q, body_sink& out) {
        std::optional<result<response>> answer;
        asio::cancellation_signal cancel;
        auto one = state_->loops.take([this] { return std::make_unique<loop>(state_->network, state_->bounds); });
        auto const slot = q.stop.stop_possible() ? cancel.slot() : asio::cancellation_slot();
        one->transport.async_exchange(q, out, asio::bind_cancellation_slot(slot, [&](result<response> r) { answer.emplace(std::move(r)); }));
        one->context.restart();
        {
            stop_callback const wake(q.stop, [&context = one->context] { context.stop(); }); // by whichever thread stops it
            while (!answer) { // what is left, a name being resolved for nobody, waits for the next
                if (one->context.run_one() != 0 || !one->context.stopped()) continue;
                one->context.restart();
                if (q.stop.stop_requested()) cancel.emit(asio::cancellation_type::all);
            }
        }
        state_->loops.give(std::move(one));
        return std::move(*answer);
    }

  private:
    struct loop {
        loop(network_options const& n, limits const& l) : transport(context.get_executor(), n, l, asio_transport::threads::one) {}
        asio::io_context context{1};
        asio_transport transport;
    };
    struct state {
        state(network_options n, limits l) : network(std::move(n)), bounds(std::move(l)) {}
        network_options const network;
        limits const bounds;
        detail::spares<loop> loops;
    };

    std::unique_ptr<state> state_;
};

} // namespace lading
