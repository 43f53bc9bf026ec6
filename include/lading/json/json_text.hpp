// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the JSON models over other libraries do alike: refuse what parsers skip in silence, repair text, name numbers.

#include "../detail/algorithm.hpp"
#include "../detail/utf8.hpp"
#include "../policy/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

/// A byte order mark or a NUL: several parsers take the one for nothing and the other for the end of the text, and
/// what follows would be hashed but not read. Ok, or `json_syntax` at the byte.
inline json_status refuse_unread_bytes(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) return {errc::json_syntax, 0};
    if (auto const nul = text.find('\0'); nul != text.npos) return {errc::json_syntax, nul};
    return {errc::ok, 0};
}

/// More bytes than that which are no UTF-8 are no text with a few mistakes: U+FFFD is three times as long.
inline constexpr std::size_t json_repairs = 65'536;

/// The text with U+FFFD for each byte that is no UTF-8; nothing when there is none, or more than `json_repairs`. In a string that is what the text is
/// read as, elsewhere the one is as little JSON as the other.
inline std::optional<std::string> repaired(std::string_view text) {
    std::size_t n = 0;
    auto const good = [&] {
        for (; n < text.size();) {
            auto const c = static_cast<unsigned char>(text[n]) < 0x80 ? 1 : first_character(text.substr(n)).size;
            if (c == 0) return false;
            n += c;
        }
        return true;
    };
    if (good()) return std::nullopt;
    std::string out;
    std::size_t kept = 0, repairs = 0;
    do {
        if (++repairs > json_repairs) return std::nullopt;
        out.append(text.substr(kept, n - kept)).append("\xef\xbf\xbd");
        kept = ++n;
    } while (!good());
    return std::move(out.append(text.substr(kept)));
}

/// Calls `read(text)` with a text that is UTF-8 and has no byte that parsers skip.
template <class Read>
json_status read_checked(std::string_view text, Read read) {
    if (auto const s = refuse_unread_bytes(text); !s) return s;
    auto const good = repaired(text);
    json_status out = good ? read(std::string_view(*good)) : read(text);
    out.offset = std::min(out.offset, text.size());
    return out;
}

/// Reports a number, whose grammar has been checked, as the policy wants it.
template <class Sink>
constexpr errc report_number(Sink& sink, std::string_view text) {
    if (text.size() > 1024) return errc::json_number;
    bool const negative = text.front() == '-';
    std::uint64_t value = 0;
    for (char const c : text.substr(negative)) {
        if (c < '0' || c > '9') return sink.on_number(text); // a fraction or an exponent
        auto const d = static_cast<std::uint64_t>(c - '0');
        if (value > (UINT64_MAX - d) / 10) return sink.on_number(text);
        value = value * 10 + d;
    }
    constexpr std::uint64_t top = static_cast<std::uint64_t>(INT64_MAX);
    if (!negative) return value <= top ? sink.on_int(static_cast<std::int64_t>(value)) : sink.on_uint(value);
    if (value == 0 || value > top + 1) return sink.on_number(text); // "-0" is no integer
    return sink.on_int(static_cast<std::int64_t>(~value + 1));
}

} // namespace lading::detail
