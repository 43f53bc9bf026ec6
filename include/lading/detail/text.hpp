// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Small helpers on ASCII text; no locale.

#include <string>
#include <string_view>

namespace lading::detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(char c) noexcept { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// 64 lower-case hex digits: the ID of an image or a layer.
constexpr bool is_hex64(std::string_view text) noexcept {
    if (text.size() != 64) return false;
    for (char c : text)
        if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
    return true;
}
constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c + 32) : c; }
/// A character of an RFC 9110 token.
constexpr bool is_tchar(char c) noexcept {
    return is_alnum(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
/// Printable ASCII, space included.
constexpr bool is_print(char c) noexcept { return c >= 0x20 && c < 0x7f; }

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = to_lower(c);
    return out;
}

/// Optional white space of RFC 9110 removed at both ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Text of a peer made fit for a log line: printable ASCII, other bytes as '?', at most `limit` bytes.
inline std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (char c : text.substr(0, limit)) out += is_print(c) ? c : '?';
    if (text.size() > limit) out += "...";
    return out;
}

} // namespace lading::detail
