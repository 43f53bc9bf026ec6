// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The clock policy: what time it is, and waiting (blocking driver only).
///
/// Requirements: `c.now()` returns `std::chrono::steady_clock::time_point`; `c.sleep_for(std::chrono::milliseconds)`.
/// Models: `steady_clock_policy` (default), `testing::manual_clock`.

#include "../detail/chrono.hpp"

#include <concepts>

namespace lading {

template <class C>
concept clock_policy = requires(C& c, std::chrono::milliseconds d) {
    { c.now() } -> std::same_as<std::chrono::steady_clock::time_point>;
    c.sleep_for(d);
};

/// Explains at compile time why `C` is no clock policy.
template <class C>
struct check_clock {
    static_assert(clock_policy<C>, "[lading] clock policy: C needs `std::chrono::steady_clock::time_point now()` and "
                                   "`sleep_for(std::chrono::milliseconds)`");
    static constexpr bool ok = true;
};

/// The machine's steady clock.
struct steady_clock_policy {
    std::chrono::steady_clock::time_point now() const noexcept { return std::chrono::steady_clock::now(); }
    void sleep_for(std::chrono::milliseconds d) const { std::this_thread::sleep_for(d); }
};

} // namespace lading
