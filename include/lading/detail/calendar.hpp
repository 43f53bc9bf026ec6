// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The Gregorian calendar, years 0 to 9999.

#include <cstdint>
#include <optional>

namespace lading::detail {

/// `month` is 1 to 12.
constexpr int days_of_month(int year, int month) noexcept {
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 ? 28 + leap : 30 + (month + month / 8) % 2;
}

/// Days from 1970-01-01 to a date from the year 1 on; nothing for a day that does not exist.
constexpr std::optional<std::int64_t> days_since_1970(int year, int month, int day) noexcept {
    if (day < 1 || day > days_of_month(year, month)) return std::nullopt;
    int const y = month > 2 ? year : year - 1; // years begin in March: the leap day is last
    int const of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return std::int64_t(365) * y + y / 4 - y / 100 + y / 400 + of_year - 719'468;
}

struct calendar_date {
    int year, month, day;
};
/// The date so many days after 1970-01-01, or before; of the years 1 to 9999.
constexpr calendar_date date_of_days(std::int64_t days) noexcept {
    auto const since = days + 719'468; // 0000-03-01
    auto const era = (since >= 0 ? since : since - 146'096) / 146'097, of_era = since - era * 146'097;
    auto const year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
    auto const of_year = of_era - (365 * year + year / 4 - year / 100);
    auto const month = (5 * of_year + 2) / 153; // from March
    return {static_cast<int>(year + era * 400 + (month >= 10)), static_cast<int>(month < 10 ? month + 3 : month - 9),
            static_cast<int>(of_year - (153 * month + 2) / 5 + 1)};
}

} // namespace lading::detail
