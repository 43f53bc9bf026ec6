// SPDX-License-Identifier: BSL-1.0
#pragma once

/// RFC 3339 timestamps in the one form that output has (doc/protocol.md#original).

#include "../result.hpp"
#include "calendar.hpp"
#include "text.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lading {

/// What an absent timestamp is in the `original` format.
inline constexpr std::string_view zero_timestamp = "0001-01-01T00:00:00Z";

/// Validates `YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)` and prints it with the fraction cut to nanoseconds and
/// its trailing zeros dropped, a zero offset as `Z`, any other offset kept. Errors: `json_type`, final.
inline result<std::string> normalise_timestamp(std::string_view text) {
    auto refuse = [&] {
        return error(errc::json_type).with_values("an RFC 3339 timestamp", detail::printable(text, 64));
    };
    auto number = [&](std::size_t at, std::size_t n) {
        int out = 0;
        for (std::size_t i = at; i < at + n; ++i) {
            if (i >= text.size() || !detail::is_digit(text[i])) return -1;
            out = out * 10 + (text[i] - '0');
        }
        return out;
    };
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return refuse();
    int const year = number(0, 4), month = number(5, 2), day = number(8, 2);
    int const hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
    if (year < 0 || month < 1 || month > 12 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59)
        return refuse();
    if (day < 1 || day > detail::days_of_month(year, month)) return refuse();

    std::string out(text.substr(0, 19));
    std::size_t at = 19;
    if (text[at] == '.') {
        std::size_t const begin = ++at;
        while (at < text.size() && detail::is_digit(text[at])) ++at;
        auto fraction = text.substr(begin, std::min<std::size_t>(at - begin, 9));
        if (at == begin) return refuse();
        while (fraction.ends_with('0')) fraction.remove_suffix(1);
        if (!fraction.empty()) out.append(".").append(fraction);
    }
    auto const zone = text.substr(at);
    if (zone == "Z") return out + 'Z';
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return refuse();
    int const off_hour = number(at + 1, 2), off_minute = number(at + 4, 2);
    if (off_hour < 0 || off_hour > 23 || off_minute < 0 || off_minute > 59) return refuse();
    if (off_hour == 0 && off_minute == 0) return out + 'Z';
    return out.append(zone);
}

/// A time as RFC 3339 has it, in UTC: "2024-01-02T03:04:05Z". `seconds` are since 1970; of the years 1 to 9999.
inline std::string timestamp_of(std::int64_t seconds) {
    auto const days = (seconds >= 0 ? seconds : seconds - 86'399) / 86'400, rest = seconds - days * 86'400;
    auto const date = detail::date_of_days(days);
    auto const digits = [](std::int64_t value, std::size_t width) {
        auto text = std::to_string(value);
        return text.size() < width ? std::string(width - text.size(), '0') + text : text;
    };
    return digits(date.year, 4) + '-' + digits(date.month, 2) + '-' + digits(date.day, 2) + 'T' + digits(rest / 3600, 2) + ':' +
           digits(rest / 60 % 60, 2) + ':' + digits(rest % 60, 2) + 'Z';
}

} // namespace lading
