// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the transport policy: a model that speaks HTTP to a host is asked for what `policy/transport.hpp` promises,
/// against a server on this machine that answers in every way a peer may. The rules are in `transport_kit/`.

#include "../policy/transport.hpp"
#include "finding.hpp"
#include "transport_kit/answers.hpp"
#include "transport_kit/bodies_sent.hpp"
#include "transport_kit/connections.hpp"
#include "transport_kit/failures.hpp"
#include "transport_kit/handlers.hpp"
#include "transport_kit/probe.hpp"
#include "transport_kit/requests.hpp"

#include <utility>

namespace lading::testing {

namespace detail {

template <class T, class Make>
findings run_transport_kit(Make make) {
    transport_probe<T, Make> kit(std::move(make));
    answers(kit);
    bodies(kit);
    stops(kit);
    sends_as_is(kit);
    sends_once(kit);
    sends_bodies(kit);
    takes_no_steps(kit);
    losses(kit);
    times_hold(kit);
    sizes_hold(kit);
    connections(kit);
    secure(kit);
    if constexpr (!sync_transport<T>) {
        calls_once(kit);
        cancels(kit);
    }
    return std::move(kit.out);
}

} // namespace detail

/// Checks a transport, blocking or asynchronous. `make(executor, network_options, limits)` makes one; a blocking one may
/// ignore the executor. Without it `T` is made from options and limits, or, where a blocking one takes none, from
/// nothing. Three seconds or so, some more for one that does not come back in time; starts servers on 127.0.0.1. Not for
/// transports that reach no host.
template <class T, class Make = detail::make_default<T>>
findings check_transport(Make make = {}) {
    static_assert(lading::check_transport<T>::ok);
    if constexpr (sync_transport<T> || async_transport<T>) return detail::run_transport_kit<T>(std::move(make));
    else return {};
}

} // namespace lading::testing
