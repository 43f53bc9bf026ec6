// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What every JSON model does alike: refuse what parsers skip in silence, and name numbers.

#include "../policy/json.hpp"

#include <cstdint>
#include <string_view>

namespace lading::detail {

/// A byte order mark or a NUL: several parsers take the one for nothing and the other for the end of the text, and
/// what follows would be hashed but not read. Ok, or `json_syntax` at the byte.
inline json_status refuse_unread_bytes(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) return {errc::json_syntax, 0};
    if (auto const nul = text.find('\0'); nul != text.npos) return {errc::json_syntax, nul};
    return {errc::ok, 0};
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
