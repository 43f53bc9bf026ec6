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

} // namespace lading::detail
