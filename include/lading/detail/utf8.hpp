// SPDX-License-Identifier: BSL-1.0
#pragma once

/// UTF-8 as RFC 3629 has it.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lading::detail {

/// The bytes of the first character of a text that is not empty; 0 when they are not well-formed.
constexpr std::size_t utf8_length(std::string_view text) noexcept {
    auto const byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto const tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    unsigned const a = byte(0), b = byte(1);
    if (a < 0x80) return 1;
    if (a >= 0xc2 && a <= 0xdf) return tail(1) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef) {
        if ((a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f)) return 0;
        return tail(1) && tail(2) ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        if ((a == 0xf0 && b < 0x90) || (a == 0xf4 && b > 0x8f)) return 0;
        return tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

/// The first character of a text that is not empty; `size` is 0 when its bytes are not well-formed.
struct utf8_character {
    std::uint32_t code = 0;
    std::size_t size = 0;
};
constexpr utf8_character first_character(std::string_view text) noexcept {
    std::size_t const size = utf8_length(text);
    if (size == 0) return {};
    auto const lead = static_cast<unsigned char>(text.front());
    std::uint32_t code = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
    return {code, size};
}

/// Calls `put(char)` for each byte of a character.
template <class Put>
constexpr void encode_utf8(std::uint32_t c, Put put) {
    auto const byte = [&](std::uint32_t b) { put(static_cast<char>(b)); };
    if (c < 0x80) return byte(c);
    if (c < 0x800) {
        byte(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            byte(0xe0 | c >> 12);
        } else {
            byte(0xf0 | c >> 18);
            byte(0x80 | (c >> 12 & 0x3f));
        }
        byte(0x80 | (c >> 6 & 0x3f));
    }
    byte(0x80 | (c & 0x3f));
}

/// The characters of well-formed UTF-8.
constexpr std::size_t character_count(std::string_view text) noexcept {
    std::size_t n = 0;
    for (char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}

} // namespace lading::detail
