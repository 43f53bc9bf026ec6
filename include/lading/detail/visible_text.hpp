// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Text of a peer made safe to print on a terminal, with its UTF-8 letters kept.

#include <cstdint>
#include <string>
#include <string_view>

namespace lading::detail {

/// The first character of a text; `size` is 0 when its bytes are not well-formed UTF-8 (RFC 3629).
struct utf8_character {
    std::uint32_t code = 0;
    std::size_t size = 0;
};
constexpr utf8_character first_character(std::string_view text) noexcept {
    auto const lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1};
    std::size_t const size = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    std::uint32_t code = lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if ((c & 0xc0) != 0x80) return {};
        code = code << 6 | (c & 0x3fu);
    }
    bool const overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, size};
}

/// Controls, and what changes the order, the lines or the width of a terminal's text.
constexpr bool is_visible(std::uint32_t c) noexcept {
    constexpr std::uint32_t hidden[][2] = {{0, 0x1f},        {0x7f, 0x9f},      {0xad, 0xad},
                                           {0x61c, 0x61c},   {0x180e, 0x180e},  {0x200b, 0x200f},
                                           {0x2028, 0x202e}, {0x2060, 0x206f},  {0xfeff, 0xfeff},
                                           {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
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

/// The characters of well-formed UTF-8.
constexpr std::size_t character_count(std::string_view text) noexcept {
    std::size_t n = 0;
    for (char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return n;
}

} // namespace lading::detail
