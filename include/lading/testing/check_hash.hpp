// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the hash policy: known answers, every way to cut the input, and no state between objects.

#include "../hash/constexpr_sha2.hpp"
#include "../policy/hash.hpp"
#include "finding.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing {

namespace detail {

struct hash_case {
    std::string_view text;
    std::size_t repeat;
    std::string_view digests[3];
};

/// The answers of FIPS 180-4's own examples.
inline constexpr hash_case hash_known[] = {
    {"",
     1,
     {"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
      "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd"
      "47417a81a538327af927da3e"}},
    {"abc",
     1,
     {"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
      "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423"
      "643ce80e2a9ac94fa54ca49f"}},
    {"a",
     1'000'000,
     {"sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      "sha384:9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
      "sha512:e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c"
      "2c49aa2e4eadb217ad8cc09b"}},
};

inline std::string text_of(result<digest> const& d) {
    return d ? d.assume_value().str() : std::string(name_of(d.assume_error().kind()));
}

template <class H>
std::string hash_of(digest_algorithm a, std::string_view text, std::size_t piece = SIZE_MAX) {
    H h(a);
    auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    while (bytes.size() > piece) {
        h.update(bytes.first(piece));
        bytes = bytes.subspan(piece);
    }
    h.update(bytes);
    return text_of(h.finish());
}

template <class H>
findings run_hash_kit() {
    constexpr digest_algorithm algorithms[] = {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512};
    findings out;
    std::map<std::string_view, int> count; // of a rule that is broken every time some cases are enough
    auto expect = [&](char const* rule, std::string const& what, std::string_view want, std::string const& got) {
        if (got != want && ++count[rule] <= 3) out.emplace_back(rule, what + " gave " + got + ", not " + std::string(want));
    };

    for (std::size_t i = 0; i < 3; ++i) {
        auto const a = algorithms[i];
        std::string const name(name_of(a));
        if (auto const got = hash_of<H>(a, ""); got == name_of(errc::digest_unsupported)) {
            if (i == 0) out.emplace_back("hashes by SHA-256", "sha256 is unsupported");
            if (hash_of<H>(a, "abc") != got) out.emplace_back("is unsupported for every input", name);
            continue;
        }
        for (auto const& k : hash_known) {
            std::string text;
            for (std::size_t n = 0; n < k.repeat; ++n) text += k.text;
            expect("gives the known answer", name + " of " + std::to_string(text.size()) + " bytes", k.digests[i], hash_of<H>(a, text));
        }
        // Every length around the block boundaries, with bytes of every value; whole and in pieces.
        std::string text;
        for (int n = 0; n < 300; ++n) {
            auto const want = constant_digest_of(text, a).str();
            auto const what = name + " of " + std::to_string(n) + " bytes";
            expect("hashes every length", what, want, hash_of<H>(a, text));
            for (std::size_t const piece : {1u, 7u, 64u, 127u, 128u})
                expect("pieces make no difference", what + " by " + std::to_string(piece), want, hash_of<H>(a, text, piece));
            text += static_cast<char>(n * 37);
        }
        auto const bytes = std::as_bytes(std::span(text.data(), text.size()));
        auto const want = constant_digest_of(text, a).str();
        {
            H h(a);
            h.update({});
            h.update(bytes.first(100));
            h.update({});
            h.update(bytes.subspan(100));
            h.update({});
            expect("an empty piece changes nothing", name, want, text_of(h.finish()));
        }
        {
            H one(a), two(a); // side by side
            one.update(bytes.first(70));
            two.update(bytes.subspan(50, 70));
            one.update(bytes.subspan(70));
            auto const d1 = one.finish(), d2 = two.finish();
            expect("objects are independent", name, want, text_of(d1));
            expect("objects are independent", name, constant_digest_of(std::string_view(text).substr(50, 70), a).str(), text_of(d2));
        }
        {
            H abandoned(a);
            abandoned.update(bytes);
        }
        expect("an object that was given up leaves nothing", name, constant_digest_of("abc", a).str(), hash_of<H>(a, "abc"));
        for (std::size_t from = 0; from < 8; ++from)
            expect("alignment makes no difference", name, constant_digest_of(std::string_view(text).substr(from), a).str(),
                   hash_of<H>(a, std::string_view(text).substr(from)));
        if constexpr (std::is_move_constructible_v<H>) {
            auto first = std::make_unique<H>(a);
            first->update(bytes.first(70));
            H second(std::move(*first));
            first.reset();
            second.update(bytes.subspan(70));
            expect("moves with what it has read", name, want, text_of(second.finish()));
        }
    }
    return out;
}

} // namespace detail

/// Checks a hash model. SHA-256 must be there; another algorithm may be `digest_unsupported`, never a wrong digest. Some
/// tens of milliseconds; pure.
template <class H>
findings check_hash() {
    static_assert(lading::check_hash<H>::ok);
    if constexpr (hash_policy<H>) return detail::run_hash_kit<H>();
    else return {};
}

} // namespace lading::testing
