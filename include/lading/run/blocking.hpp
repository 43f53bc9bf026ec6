// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The blocking driver: runs any operation over any blocking transport.

#include "../operation/step.hpp"
#include "../policy/clock.hpp"
#include "../policy/transport.hpp"

namespace lading {

/// Runs `op` to its end on this thread. Errors: those of the operation.
template <operation Op, sync_transport Transport, clock_policy Clock>
result<typename Op::value_type> run(Op& op, Transport& transport, Clock& clock) {
    using value_type = typename Op::value_type;
    for (auto next = op.start();;) {
        if (auto* x = std::get_if<need_exchange>(&next)) {
            next = op.on_response(transport.exchange(x->query, *x->sink));
        } else if (auto* d = std::get_if<need_delay>(&next)) {
            clock.sleep_for(d->duration);
            next = op.on_delay();
        } else {
            return std::move(std::get<done<value_type>>(next).value());
        }
    }
}

} // namespace lading
