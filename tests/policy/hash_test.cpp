// SPDX-License-Identifier: BSL-1.0
// The hash kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/testing/check_hash.hpp>

#ifdef LADING_TEST_MBEDTLS
#include <lading/hash/mbedtls_hash.hpp>
#endif

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace hash_test {

using namespace lading;
using namespace lading::literals;

namespace {

template <class H>
void keeps_its_contract(char const* name) {
    INFO(name);
    for (auto const& f : testing::check_hash<H>()) FAIL_CHECK(f.str());
}
template <class H>
bool is_found(std::string_view rule) {
    auto const found = testing::check_hash<H>();
    for (auto const& f : found) UNSCOPED_INFO(f.str().substr(0, 200));
    return std::any_of(found.begin(), found.end(), [&](auto const& f) { return f.rule == rule; });
}

using bytes = std::span<std::byte const>;

struct base {
    explicit base(digest_algorithm a) : algorithm(a), inner(a) {}
    void update(bytes b) { inner.update(b); }
    result<digest> finish() { return inner.finish(); }
    digest_algorithm algorithm;
    openssl_hash inner;
};
struct takes_one_update : base {
    using base::base;
    bool done = false;
    void update(bytes b) {
        if (!std::exchange(done, true)) inner.update(b);
    }
};
struct reads_an_empty_piece : base {
    using base::base;
    void update(bytes b) {
        std::byte const zero[1]{};
        inner.update(b.empty() ? bytes(zero) : b);
    }
};
struct shares_a_buffer : base {
    using base::base;
    static inline std::string shared;
    void update(bytes b) { shared.append(reinterpret_cast<char const*>(b.data()), b.size()); }
    result<digest> finish() {
        inner.update(std::as_bytes(std::span(shared)));
        shared.clear();
        return inner.finish();
    }
};
struct hands_down_what_was_given_up : base { // as a pool does that does not clean what comes back
    explicit hands_down_what_was_given_up(digest_algorithm a) : base(a) {
        inner.update(std::as_bytes(std::span(left)));
        left.clear();
    }
    ~hands_down_what_was_given_up() {
        if (!finished) left = mine;
    }
    static inline std::string left;
    std::string mine;
    bool finished = false;
    void update(bytes b) {
        mine.append(reinterpret_cast<char const*>(b.data()), b.size());
        inner.update(b);
    }
    result<digest> finish() {
        finished = true;
        return inner.finish();
    }
};
struct wants_aligned_bytes : base {
    using base::base;
    void update(bytes b) { inner.update(b.subspan(reinterpret_cast<std::uintptr_t>(b.data()) % 4 && !b.empty() ? 1 : 0)); }
};
struct learns_by_doing : base { // no SHA-384 until there is something to hash
    using base::base;
    bool any = false;
    void update(bytes b) {
        any = any || !b.empty();
        inner.update(b);
    }
    result<digest> finish() {
        if (algorithm == digest_algorithm::sha384 && !any) return error(errc::digest_unsupported);
        return inner.finish();
    }
};
struct always_sha256 : base {
    explicit always_sha256(digest_algorithm) : base(digest_algorithm::sha256) {}
};
struct cuts_sha512 : base { // SHA-384 is not the first half of SHA-512
    explicit cuts_sha512(digest_algorithm a) : base(a == digest_algorithm::sha384 ? digest_algorithm::sha512 : a), wanted(a) {}
    digest_algorithm wanted;
    result<digest> finish() {
        LADING_TRY(auto const d, inner.finish());
        return digest::from_bytes(wanted, d.bytes().first(size_of(wanted)));
    }
};
struct zeroes_what_it_cannot : base {
    using base::base;
    result<digest> finish() {
        if (algorithm == digest_algorithm::sha256) return inner.finish();
        std::byte const zero[64]{};
        return digest::from_bytes(algorithm, bytes(zero).first(size_of(algorithm)));
    }
};
struct has_no_sha256 : base {
    using base::base;
    result<digest> finish() {
        if (algorithm == digest_algorithm::sha256) return error(errc::digest_unsupported);
        return inner.finish();
    }
};
struct counts_in_bytes : base { // a block boundary gone wrong
    using base::base;
    std::size_t n = 0;
    void update(bytes b) {
        n += b.size();
        inner.update(n == 64 ? b.first(b.size() - 1) : b);
    }
};
struct forgets_on_move : base {
    using base::base;
    forgets_on_move(forgets_on_move&& o) noexcept : base(o.algorithm) {}
};
struct drops_high_bits : base {
    using base::base;
    void update(bytes b) {
        std::string low(reinterpret_cast<char const*>(b.data()), b.size());
        for (auto& c : low) c = static_cast<char>(c & 0x7f);
        inner.update(std::as_bytes(std::span(low)));
    }
};
struct ends_at_nul : base {
    using base::base;
    void update(bytes b) {
        inner.update(b.first(static_cast<std::size_t>(std::find(b.begin(), b.end(), std::byte{}) - b.begin())));
    }
};

} // namespace

// At compile time.
static_assert(constant_digest_of("abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"_digest);
static_assert(constant_digest_of("", digest_algorithm::sha384) ==
              "sha384:38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"_digest);

TEST_CASE("kit: the hash models that ship keep their contract") {
    keeps_its_contract<openssl_hash>("openssl_hash");
    keeps_its_contract<constexpr_sha2>("constexpr_sha2");
#ifdef LADING_TEST_MBEDTLS
    keeps_its_contract<mbedtls_hash>("mbedtls_hash");
#endif
}

TEST_CASE("kit: each planted defect of a hash model is found") {
    CHECK(is_found<takes_one_update>("pieces make no difference"));
    CHECK(is_found<reads_an_empty_piece>("an empty piece changes nothing"));
    CHECK(is_found<shares_a_buffer>("objects are independent"));
    CHECK(is_found<always_sha256>("gives the known answer"));
    CHECK(is_found<cuts_sha512>("gives the known answer"));
    CHECK(is_found<zeroes_what_it_cannot>("gives the known answer"));
    CHECK(is_found<has_no_sha256>("hashes by SHA-256"));
    CHECK(is_found<counts_in_bytes>("hashes every length"));
    CHECK(is_found<forgets_on_move>("moves with what it has read"));
    CHECK(is_found<drops_high_bits>("hashes every length"));
    CHECK(is_found<ends_at_nul>("hashes every length"));
    CHECK(is_found<hands_down_what_was_given_up>("an object that was given up leaves nothing"));
    CHECK(is_found<wants_aligned_bytes>("alignment makes no difference"));
    CHECK(is_found<learns_by_doing>("is unsupported for every input"));
}

} // namespace hash_test
