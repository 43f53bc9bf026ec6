// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The two long runs of a JSON text, a block at a time: the plain bytes of a string, and indentation.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace lading::detail {

/// A byte that stands for itself in a string: ASCII, and neither a quote, a backslash nor a control character.
constexpr bool is_json_plain(char c) noexcept { return c >= 0x20 && c != '"' && c != '\\' && (c & 0x80) == 0; }

// A block is looked at as a whole: `stops...` has a bit for each byte that ends the run, and `position` is the first of them.
#if defined(__SSE2__) && defined(__GNUC__) // the compiler's own vectors: the header of the intrinsics costs more to include

inline constexpr std::size_t json_block = 16; ///< bytes
using json_vector [[gnu::vector_size(16)]] = signed char;
using json_chars [[gnu::vector_size(16)]] = char;

inline json_vector load_block(char const* p) noexcept {
    json_vector bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return bytes;
}
inline unsigned bits_of(json_vector found) noexcept {
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(reinterpret_cast<json_chars>(found)));
}
inline unsigned stops_plain(char const* p) noexcept {
    auto const bytes = load_block(p);
    return bits_of((bytes < 0x20) | (bytes == '"') | (bytes == '\\')); // signed: what is not ASCII is less than 0x20
}
inline unsigned stops_spaces(char const* p) noexcept { return bits_of(load_block(p) != ' '); }
inline std::size_t position(unsigned stops) noexcept { return static_cast<std::size_t>(std::countr_zero(stops)); }

#else

inline constexpr std::size_t json_block = 8;

inline std::uint64_t load_block(char const* p) noexcept {
    std::uint64_t bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    return bytes;
}
// The bits are the high ones of the bytes; those above the first may be wrong.
inline std::uint64_t stops_plain(char const* p) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101u;
    auto const bytes = load_block(p);
    // A byte less than n borrows in `bytes - n * each`; one equal to c is 0, so less than 1, in `bytes ^ c * each`.
    return (bytes | (bytes - 0x20 * each) | ((bytes ^ '"' * each) - each) | ((bytes ^ '\\' * each) - each)) & 0x80 * each;
}
inline std::uint64_t stops_spaces(char const* p) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101u;
    auto const other = load_block(p) ^ ' ' * each; // 0 where there is a space
    return (other | ((other & 0x7f * each) + 0x7f * each)) & 0x80 * each;
}
inline std::size_t position(std::uint64_t stops) noexcept { return static_cast<std::size_t>(std::countr_zero(stops)) / 8; }

#endif

/// The length of the run at the front of `text` whose bytes are `in_run`; `stops` finds its end in a block.
template <class InRun, class Stops>
constexpr std::size_t json_run(std::string_view text, InRun in_run, Stops stops) noexcept {
    std::size_t n = 0;
    if (!std::is_constant_evaluated() && std::endian::native == std::endian::little) {
        for (; text.size() - n >= json_block; n += json_block)
            if (auto const found = stops(text.data() + n)) return n + position(found);
    }
    while (n < text.size() && in_run(text[n])) ++n;
    return n;
}

/// The number of bytes at the front of `text` that stand for themselves in a string.
constexpr std::size_t json_plain_run(std::string_view text) noexcept {
    return json_run(text, is_json_plain, [](char const* p) { return stops_plain(p); });
}
/// The number of spaces (no other white space) at the front of `text`.
constexpr std::size_t json_space_run(std::string_view text) noexcept {
    return json_run(text, [](char c) { return c == ' '; }, [](char const* p) { return stops_spaces(p); });
}

} // namespace lading::detail
