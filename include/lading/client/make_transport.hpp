// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The transport of a client that was not given one.

#include "../endpoint/network_options.hpp"
#include "client_options.hpp"

#include <type_traits>

namespace lading::detail {

/// Told the rules and limits where it can be.
template <class T>
T make_transport(client_options const& o) {
    if constexpr (std::is_constructible_v<T, network_options, limits>)
        return T(network_options(o.rules.tls()), o.bounds);
    else
        return T();
}

} // namespace lading::detail
