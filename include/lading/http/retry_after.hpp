// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How long a registry asks to wait: `Retry-After` in both forms and the `RateLimit-*` headers (spec 4.8, hostile.md
/// X01, X02).

#include "../detail/chrono.hpp"
#include "../detail/text.hpp"
#include "message.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lading {

namespace detail {
/// Days from 1970-01-01 to a date of the Gregorian calendar, years 1 to 9999; nothing for a day that does not exist.
constexpr std::optional<std::int64_t> days_since_1970(int year, int month, int day) noexcept {
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int const length = month == 2 ? 28 + leap : 30 + (month + month / 8) % 2;
    if (day < 1 || day > length) return std::nullopt;
    int const y = month > 2 ? year : year - 1;                           // years begin in March: the leap day is last
    int const of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return std::int64_t(365) * y + y / 4 - y / 100 + y / 400 + of_year - 719'468;
}
} // namespace detail

/// Seconds since 1970 of an HTTP date in its one form that may be sent, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110,
/// 5.6.7). Nothing for other text.
inline std::optional<std::int64_t> parse_http_date(std::string_view text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
        text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
        return std::nullopt;
    auto number = [&](std::size_t at, std::size_t n) {
        int out = 0;
        for (char c : text.substr(at, n)) {
            if (!detail::is_digit(c)) return -1;
            out = out * 10 + (c - '0');
        }
        return out;
    };
    auto const month = months.find(text.substr(8, 3));
    int const day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
              second = number(23, 2);
    if (month == months.npos || month % 3 != 0 || year < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return std::nullopt;
    auto const days = detail::days_since_1970(year, static_cast<int>(month) / 3 + 1, day);
    if (!days) return std::nullopt;
    return *days * std::int64_t(86'400) + hour * 3600 + minute * 60 + second;
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
