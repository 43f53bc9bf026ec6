// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The hash policy.
///
/// Requirements:
///  1. constructible from a `digest_algorithm`;
///  2. `h.update(std::span<std::byte const>)`;
///  3. `h.finish()` returns `result<digest>`; nothing is called after it.
/// Semantics: one object hashes one sequence of bytes; not shared between threads. An algorithm it cannot do is
/// `errc::digest_unsupported` from `finish`, never a wrong digest.
/// Models (hash/): `openssl_hash`, `constexpr_sha2`, `mbedtls_hash`.

#include "../digest.hpp"

#include <concepts>

namespace lading {

namespace detail {
template <class H>
concept hash_has_update = requires(H& h, std::span<std::byte const> b) { h.update(b); };
template <class H>
concept hash_has_finish = requires(H& h) {
    { h.finish() } -> std::same_as<result<digest>>;
};
} // namespace detail

template <class H>
concept hash_policy =
    std::constructible_from<H, digest_algorithm> && detail::hash_has_update<H> && detail::hash_has_finish<H>;

/// Explains at compile time why `H` is no hash policy.
template <class H>
struct check_hash {
    static_assert(std::constructible_from<H, digest_algorithm>,
                  "[lading] hash policy: H must be constructible from lading::digest_algorithm");
    static_assert(detail::hash_has_update<H>, "[lading] hash policy: H needs `update(std::span<std::byte const>)`");
    static_assert(detail::hash_has_finish<H>,
                  "[lading] hash policy: H needs `lading::result<lading::digest> finish()`");
    static constexpr bool ok = true;
};

/// The digest of a text, by the policy `H`. O(size).
template <hash_policy H>
result<digest> digest_of(std::string_view text, digest_algorithm a = digest_algorithm::sha256) {
    H h(a);
    h.update(std::as_bytes(std::span(text.data(), text.size())));
    return h.finish();
}

} // namespace lading
