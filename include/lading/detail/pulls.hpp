// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What stands behind the member `pull` of clients: what it needs is in headers of its own, that only those pay for who pull.

namespace lading::detail {

template <class Store>
inline constexpr bool no_pull_yet = false;

template <class Store>
struct pulls {
    static_assert(no_pull_yet<Store>, "[lading] client: pull needs <lading/bulk/pull.hpp>");
};
template <class Store>
struct async_pulls {
    static_assert(no_pull_yet<Store>, "[lading] client: async_pull needs <lading/bulk/async_pull.hpp>");
};

} // namespace lading::detail
