// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How long a registry asks to wait: `Retry-After` in both forms and the `RateLimit-*` headers
/// (doc/protocol.md#retries, doc/threats.md#x01).

#include "../detail/calendar.hpp"
#include "../detail/chrono.hpp"
#include "../detail/text.hpp"
#include "message.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lading {

namespace detail {
/// True for a text that has a digit where the form has `0`, a letter where it has `a`, a digit or a space where it has
/// `_`, and the form's own character elsewhere.
constexpr bool has_form(std::string_view text, std::string_view form) noexcept {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        char const c = text[i], f = form[i];
        bool const fits = f == '0' ? is_digit(c) : f == 'a' ? is_alnum(c) && !is_digit(c)
                                               : f == '_'   ? is_digit(c) || c == ' '
                                                            : c == f;
        if (!fits) return false;
    }
    return true;
}
} // namespace detail

/// Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7), in the form that is sent, `Sun, 06 Nov 1994 08:49:37 GMT`, and
/// in the two older ones, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. A year of two digits is the
/// one from 1970 to 2069. Nothing for other text.
inline std::optional<std::int64_t> parse_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    auto number = [](std::string_view digits) {
        int out = 0;
        for (char c : digits) out = out * 10 + (c == ' ' ? 0 : c - '0');
        return out;
    };
    int year = 0, day = 0;
    std::string_view month_name, time;
    if (detail::has_form(text, "aaa, 00 aaa 0000 00:00:00 GMT")) {
        day = number(text.substr(5, 2)), month_name = text.substr(8, 3), year = number(text.substr(12, 4)), time = text.substr(17, 8);
    } else if (detail::has_form(text, "aaa aaa _0 00:00:00 0000")) {
        day = number(text.substr(8, 2)), month_name = text.substr(4, 3), year = number(text.substr(20, 4)), time = text.substr(11, 8);
    } else if (auto const comma = text.find(','); comma >= 6 && comma <= 9 && // "Monday" to "Wednesday"
                                                  detail::has_form(text.substr(0, comma), std::string_view("aaaaaaaaa").substr(0, comma)) &&
                                                  detail::has_form(text.substr(comma), ", 00-aaa-00 00:00:00 GMT")) {
        text.remove_prefix(comma);
        day = number(text.substr(2, 2)), month_name = text.substr(5, 3), year = number(text.substr(9, 2)), time = text.substr(12, 8);
        year += year < 70 ? 2000 : 1900;
    }
    if (time.empty() || year < 1) return std::nullopt;
    auto const month = months.find(month_name);
    int const hour = number(time.substr(0, 2)), minute = number(time.substr(3, 2)), second = number(time.substr(6, 2));
    if (month == months.npos || month % 3 != 0 || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    auto const days = detail::days_since_1970(year, static_cast<int>(month) / 3 + 1, day);
    if (!days) return std::nullopt;
    return *days * std::int64_t(86'400) + std::int64_t(hour) * 3600 + std::int64_t(minute) * 60 + second;
}

namespace detail {
/// The digits that a header begins with, saturated; nothing when there are none or something else follows them than
/// the end, `;` or `,`.
inline std::optional<std::int64_t> leading_number(std::optional<std::string_view> text) {
    if (!text || text->empty() || !is_digit(text->front())) return std::nullopt;
    std::int64_t value = 0;
    auto const [end, bad] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (bad == std::errc::result_out_of_range) value = INT64_MAX;
    auto const rest = trim(text->substr(static_cast<std::size_t>(end - text->data())));
    if (!rest.empty() && rest.front() != ';' && rest.front() != ',') return std::nullopt;
    return value;
}
} // namespace detail

/// Seconds until the registry wants to be asked again, not negative, not clamped; -1 when it does not say so in a form
/// that can be read. A date is compared with the answer's own `Date`, or with the system's clock where that is missing.
inline std::int64_t retry_after_of(response const& head) {
    auto const text = head.headers.find("Retry-After");
    if (!text) return -1;
    if (!text->empty() && text->find_first_not_of("0123456789") == text->npos)
        return *detail::leading_number(text);
    auto const until = parse_http_date(*text);
    if (!until) return -1;
    auto now = parse_http_date(head.headers.find("Date").value_or(""));
    if (!now) {
        auto const system = std::chrono::system_clock::now().time_since_epoch();
        now = std::chrono::duration_cast<std::chrono::seconds>(system).count();
    }
    return std::max<std::int64_t>(*until - *now, 0);
}

/// True for a status that may be another one later: 408, 429, 500, 502, 503, 504, and 520 to 524, which gateways answer
/// when what is behind them fails.
constexpr bool is_passing_status(int s) noexcept {
    return s == 408 || s == 429 || s == 500 || (s >= 502 && s <= 504) || (s >= 520 && s <= 524);
}

/// What an answer says of limits.
inline rate_limit rate_limit_of(response const& head) {
    auto of = [&](char const* name, char const* older) {
        auto v = detail::leading_number(head.headers.find(name));
        if (!v) v = detail::leading_number(head.headers.find(older));
        return v.value_or(-1);
    };
    rate_limit out;
    out.limit = of("RateLimit-Limit", "X-RateLimit-Limit");
    out.remaining = of("RateLimit-Remaining", "X-RateLimit-Remaining");
    out.until_seconds = retry_after_of(head);
    if (out.until_seconds < 0) out.until_seconds = detail::leading_number(head.headers.find("RateLimit-Reset")).value_or(-1);
    return out;
}

} // namespace lading
