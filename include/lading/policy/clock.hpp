// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The clock policy: what time it is, and waiting (blocking driver only).
///
/// Requirements: `c.now()` returns `std::chrono::steady_clock::time_point`; `c.sleep_for(std::chrono::milliseconds)`.
/// Optional: `c.sleep_for(std::chrono::milliseconds, stop_token const&)`, which ends when the token is stopped; without it a
/// stopped call ends after the wait.
/// Models: `steady_clock_policy` (default), `testing::manual_clock`.

#include "../detail/chrono.hpp"
#include "../detail/mutex.hpp"
#include "../detail/stop_token.hpp"

#include <concepts>
#include <condition_variable>

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
    /// Until the time is over or `stop` is requested.
    void sleep_for(std::chrono::milliseconds d, stop_token const& stop) const {
        std::mutex mutex;
        std::condition_variable changed;
        stop_callback const wake(stop, [&] {
            std::lock_guard const lock(mutex); // not between the question and the wait
            changed.notify_all();
        });
        std::unique_lock lock(mutex);
        changed.wait_for(lock, d, [&] { return stop.stop_requested(); });
    }
};

namespace detail {
template <class Clock>
void sleep(Clock& clock, std::chrono::milliseconds d, stop_token const& stop) {
    if constexpr (requires { clock.sleep_for(d, stop); }) {
        if (stop.stop_possible()) return clock.sleep_for(d, stop);
    }
    clock.sleep_for(d);
}
} // namespace detail

} // namespace lading
