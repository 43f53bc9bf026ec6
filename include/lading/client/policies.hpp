// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The policies of a client: those of `core.hpp`, and the checks that say in one sentence what is missing.

#include "../document/reflect/fields.hpp"
#include "../document/set.hpp"
#include "../policy/cache.hpp"
#include "../policy/clock.hpp"
#include "../policy/credentials.hpp"
#include "../policy/fallback.hpp"
#include "../policy/hash.hpp"
#include "../policy/json.hpp"
#include "../policy/transport.hpp"

namespace lading {

namespace detail {
/// The policies but `fallback`, of which each kind of client has its own, are checked one sentence each, before anything
/// else of the client is instantiated.
template <class...>
inline constexpr bool always_false = false;

template <class P>
concept names_backends = requires {
    typename P::transport;
    typename P::json;
    typename P::hash;
};
template <class D>
struct check_reflected {
    static_assert(reflected<D>, "[lading] manifest_set: a document must be reflected: LADING_REFLECT(type, fields...)");
    static constexpr bool ok = true;
};
template <class Set>
struct check_documents {
    static_assert(always_false<Set>, "[lading] policies: P::manifests must be a lading::manifest_set<...>");
};
template <class... Ds>
struct check_documents<manifest_set<Ds...>> {
    static constexpr bool ok = (check_reflected<Ds>::ok && ...);
};
/// One step from what is wrong to the client that has it, so that the message is among the first lines.
template <class P>
constexpr bool policies_hold() {
    static_assert(names_backends<P>, "[lading] policies: P needs `transport`, `json` and `hash`; derive it from "
                                     "lading::default_policies, or from lading::core_policies and name all three");
    if constexpr (names_backends<P>)
        return check_transport<typename P::transport>::ok && check_json<typename P::json>::ok &&
               check_hash<typename P::hash>::ok && check_clock<typename P::clock>::ok &&
               check_credentials<typename P::credentials>::ok && check_cache<typename P::cache>::ok &&
               check_documents<typename P::manifests>::ok;
    return false;
}
} // namespace detail

/// Policies of `core.hpp`: everything that needs no library besides Boost's headers. Derive from it and add
/// `transport`, `json` and `hash`.
struct core_policies {
    using clock = steady_clock_policy;
    using credentials = no_credentials;
    using fallback = modern_fallback;
    using cache = no_cache;
    using manifests = default_manifests;
};

} // namespace lading
