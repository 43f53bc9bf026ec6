// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `constexpr_sha2`: SHA-256, SHA-384 and SHA-512 (FIPS 180-4) without a library, also while the program is compiled.
///
/// Why our own: no packaged library can hash in a constant expression, and a program that embeds a manifest wants its
/// digest checked by the compiler. At run time OpenSSL is several times faster.

#include "../digest.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace lading {

namespace detail {

template <class Word>
struct sha2_constants;

template <>
struct sha2_constants<std::uint32_t> {
    static constexpr int big0[]{2, 13, 22}, big1[]{6, 11, 25}, small0[]{7, 18, 3}, small1[]{17, 19, 10};
    static constexpr std::uint32_t rounds[64]{
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
};

template <>
struct sha2_constants<std::uint64_t> {
    static constexpr int big0[]{28, 34, 39}, big1[]{14, 18, 41}, small0[]{1, 8, 7}, small1[]{19, 61, 6};
    static constexpr std::uint64_t rounds[80]{
        0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
        0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
        0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
        0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
        0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
        0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
        0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
        0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
        0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
        0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
        0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
        0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
        0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
        0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
        0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
        0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};
};

/// The hash over words of 32 (SHA-256) or 64 bits (SHA-384, SHA-512).
template <class Word>
class sha2 {
    using constants = sha2_constants<Word>;
    static constexpr std::size_t block_size = 16 * sizeof(Word);

  public:
    constexpr explicit sha2(std::array<Word, 8> const& start) : state_(start) {}

    /// Bytes as `char` or `std::byte`. Pointers and plain arrays here and below: compilers evaluate those with a fraction of
    /// the steps that iterators take.
    template <class Byte>
    constexpr void update(Byte const* bytes, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            block_[used_++] = static_cast<std::uint8_t>(bytes[i]);
            if (used_ == block_size) {
                mix();
                used_ = 0;
            }
        }
        total_ += count;
    }
    /// The whole state; SHA-384 takes the first 48 bytes of it.
    constexpr std::array<std::byte, 8 * sizeof(Word)> finish() {
        auto const bits = total_ * 8; // below 2^64: no document comes near
        block_[used_++] = 0x80;
        if (used_ > block_size - 2 * sizeof(Word)) { // no room for the length, which has two words
            fill_to(block_size);
            mix();
            used_ = 0;
        }
        fill_to(block_size - 8);
        for (int shift = 56; shift >= 0; shift -= 8) block_[used_++] = static_cast<std::uint8_t>(bits >> shift);
        mix();
        std::array<std::byte, 8 * sizeof(Word)> out{};
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = static_cast<std::byte>(state_[i / sizeof(Word)] >> (8 * (sizeof(Word) - 1 - i % sizeof(Word))));
        return out;
    }

  private:
    constexpr void fill_to(std::size_t end) {
        while (used_ < end) block_[used_++] = 0;
    }
    static constexpr Word turn(Word x, int n) { return static_cast<Word>(x >> n | x << (std::numeric_limits<Word>::digits - n)); }
    static constexpr Word big(Word x, int const (&r)[3]) { return turn(x, r[0]) ^ turn(x, r[1]) ^ turn(x, r[2]); }
    static constexpr Word small(Word x, int const (&r)[3]) { return turn(x, r[0]) ^ turn(x, r[1]) ^ (x >> r[2]); }
    constexpr void mix() {
        constexpr std::size_t count = sizeof(constants::rounds) / sizeof(Word);
        Word w[count]{};
        for (std::size_t i = 0; i < block_size; ++i)
            w[i / sizeof(Word)] = static_cast<Word>(w[i / sizeof(Word)] << 8 | block_[i]);
        for (std::size_t i = 16; i < count; ++i)
            w[i] = small(w[i - 2], constants::small1) + w[i - 7] + small(w[i - 15], constants::small0) + w[i - 16];
        Word a = state_[0], b = state_[1], c = state_[2], d = state_[3], e = state_[4], f = state_[5], g = state_[6], h = state_[7];
        for (std::size_t i = 0; i < count; ++i) {
            Word const t1 = h + big(e, constants::big1) + ((e & f) ^ (~e & g)) + constants::rounds[i] + w[i],
                       t2 = big(a, constants::big0) + ((a & b) ^ (a & c) ^ (b & c));
            h = g, g = f, f = e, e = static_cast<Word>(d + t1), d = c, c = b, b = a, a = static_cast<Word>(t1 + t2);
        }
        state_[0] += a, state_[1] += b, state_[2] += c, state_[3] += d;
        state_[4] += e, state_[5] += f, state_[6] += g, state_[7] += h;
    }

    std::array<Word, 8> state_;
    std::uint8_t block_[block_size]{};
    std::size_t used_ = 0;
    std::uint64_t total_ = 0;
};

} // namespace detail

/// Models the hash policy; a literal type. Never fails. Thread-safe as any value is.
class constexpr_sha2 {
  public:
    constexpr explicit constexpr_sha2(digest_algorithm a)
        : algorithm_(a), narrow_(start256), wide_(a == digest_algorithm::sha384 ? start384 : start512) {}

    constexpr void update(std::span<std::byte const> bytes) {
        update(bytes.data(), bytes.size());
    }
    /// The same of bytes as `char` or `std::byte`.
    template <class Byte>
    constexpr void update(Byte const* bytes, std::size_t count) {
        if (algorithm_ == digest_algorithm::sha256) narrow_.update(bytes, count);
        else wide_.update(bytes, count);
    }
    result<digest> finish() { return finish_now(); }
    /// `finish` in constant expressions.
    constexpr digest finish_now() {
        auto out = detail::decode_access::make<digest>();
        auto const narrow = narrow_.finish();
        auto const wide = wide_.finish();
        if (algorithm_ == digest_algorithm::sha256) out.assign(algorithm_, narrow);
        else out.assign(algorithm_, std::span(wide).first(size_of(algorithm_)));
        return out;
    }

  private:
    static constexpr std::array<std::uint32_t, 8> start256{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                           0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static constexpr std::array<std::uint64_t, 8> start384{
        0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
        0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};
    static constexpr std::array<std::uint64_t, 8> start512{
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
        0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

    digest_algorithm algorithm_;
    detail::sha2<std::uint32_t> narrow_;
    detail::sha2<std::uint64_t> wide_;
};

/// The digest of a text in a constant expression: `static_assert(constant_digest_of("abc") == "sha256:..."_digest)`.
constexpr digest constant_digest_of(std::string_view text, digest_algorithm a = digest_algorithm::sha256) {
    constexpr_sha2 h(a);
    h.update(text.data(), text.size());
    return h.finish_now();
}

} // namespace lading
