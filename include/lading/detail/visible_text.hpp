// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Text of a peer made safe to print on a terminal, with its UTF-8 letters kept.

#include "utf8.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lading::detail {

/// Controls, and what changes the order, the lines or the width of a terminal's text.
constexpr bool is_visible(std::uint32_t c) noexcept {
    constexpr std::uint32_t hidden[][2] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (auto const& [from, to] : hidden)
        if (c >= from && c <= to) return false;
    return true;
}

/// Hidden characters as `\u{9b}`, bytes that are no UTF-8 as `\x9b`; at most `limit` characters of the text,
/// then "...".
inline std::string visible(std::string_view text, std::size_t limit = std::string_view::npos) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (std::size_t n = 0; !text.empty(); ++n) {
        if (n == limit) return out += "...";
        auto const c = first_character(text);
        if (c.size == 0) {
            auto const byte = static_cast<unsigned char>(text.front());
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else if (is_visible(c.code)) {
            out += text.substr(0, c.size);
        } else {
            std::string digits;
            for (auto rest = c.code; rest || digits.empty(); rest >>= 4)
                digits.insert(digits.begin(), hex[rest & 15]);
            out.append("\\u{").append(digits).append("}");
        }
        text.remove_prefix(c.size ? c.size : 1);
    }
    return out;
}

} // namespace lading::detail
