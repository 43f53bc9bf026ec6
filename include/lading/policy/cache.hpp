// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The cache policy: where verified documents are kept, by their digest.
///
/// Requirements:
///  1. `c.find(digest const&)` returns `std::optional<std::string>`: the bytes that were stored, or nothing;
///  2. `c.store(digest const&, std::string_view bytes)`;
///  3. `c.drop(digest const&)`: forget them, they are not what they were stored as.
/// Optional, both or none: `c.tagged(std::string const& url)` returns `std::optional<digest>`, what the manifest at this
/// URL was when it was last seen, and `c.tag(std::string const& url, digest const&)` says it. With them a manifest by tag
/// is asked for with `If-None-Match`.
///
/// Semantics: a model is a place, not an authority. The cache layer stores only bytes whose digest it has computed, and
/// hashes what it finds before it is used; what does not match is dropped and fetched anew (doc/protocol.md#cache).
/// So a model may forget anything at any time, has no errors to report, and need not be trusted. Manifests and image
/// configs are kept; tag lists, tokens and blobs that are streamed are not. A client over several threads asks from
/// all of them, at once.
///
/// A hit makes no request: the registry is not asked whether this client may still read the document. One cache is for
/// those who may read the same things.
///
/// Models: `no_cache` (default), `memory_cache`, `directory_cache` (both in store/).

#include "../digest.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace lading {

namespace detail {
template <class C>
concept cache_has_find = requires(C& c, digest const& d) {
    { c.find(d) } -> std::same_as<std::optional<std::string>>;
};
template <class C>
concept cache_has_store = requires(C& c, digest const& d, std::string_view bytes) { c.store(d, bytes); };
template <class C>
concept cache_has_drop = requires(C& c, digest const& d) { c.drop(d); };
template <class C>
concept cache_knows_tags = requires(C& c, std::string const& url, digest const& d) {
    { c.tagged(url) } -> std::same_as<std::optional<digest>>;
    c.tag(url, d);
};
} // namespace detail

template <class C>
concept cache_policy = detail::cache_has_find<C> && detail::cache_has_store<C> && detail::cache_has_drop<C>;

/// Explains at compile time why `C` is no cache policy.
template <class C>
struct check_cache {
    static_assert(detail::cache_has_find<C>,
                  "[lading] cache policy: C needs `std::optional<std::string> find(lading::digest const&)`");
    static_assert(detail::cache_has_store<C>,
                  "[lading] cache policy: C needs `store(lading::digest const&, std::string_view)`");
    static_assert(detail::cache_has_drop<C>, "[lading] cache policy: C needs `drop(lading::digest const&)`");
    static constexpr bool ok = true;
};

/// Keeps nothing. The layer is left out of every operation, so that it costs nothing either.
struct no_cache {
    std::optional<std::string> find(digest const&) { return std::nullopt; }
    void store(digest const&, std::string_view) {}
    void drop(digest const&) {}
};

} // namespace lading
