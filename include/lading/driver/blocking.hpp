// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The blocking driver: runs any operation over any blocking transport.

#include "../policy/clock.hpp"
#include "../policy/transport.hpp"
#include "../protocol/step.hpp"

namespace lading {

/// Runs `op` to its end on this thread. Errors: those of the operation; `cancelled` soon after `stop` is requested, by
/// another thread or by one of the operation's sinks: before an exchange, in it (as the transport sees to
/// `request::stop`), and while waiting.
template <operation Op, sync_transport Transport, clock_policy Clock>
result<typename Op::value_type> run(Op& op, Transport& transport, Clock& clock, stop_token const& stop = {}) {
    using value_type = typename Op::value_type;
    for (auto next = op.start();;) {
        if (auto* over = std::get_if<done<value_type>>(&next)) return std::move(over->value());
        if (stop.stop_requested()) return error(errc::cancelled);
        if (auto* x = std::get_if<need_exchange>(&next)) {
            x->query.stop = stop;
            auto answer = transport.exchange(x->query, *x->sink);
            if (!answer && stop.stop_requested() && answer.assume_error() == errc::cancelled) return std::move(answer).assume_error();
            next = op.on_response(std::move(answer));
        } else {
            detail::sleep(clock, std::get<need_delay>(next).duration, stop);
            if (!stop.stop_requested()) next = op.on_delay();
        }
    }
}

} // namespace lading
