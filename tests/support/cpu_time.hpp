// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The processor time of this process: what bounds of work are stated in. A busy machine does not lengthen it, but a slow one does.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>

namespace test {

inline std::chrono::duration<double> cpu_time() {
    return std::chrono::duration<double>(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
}

/// The time of `work(8 * n)` in times of `work(n)`: about 8 where it grows as `n` does and 64 where it grows as its square, on
/// every machine. Each is done more than once, and the shortest time counts.
template <class Work>
double growth(std::size_t n, Work&& work) {
    auto const time_of = [&](std::size_t size) {
        auto const began = cpu_time();
        work(size);
        return cpu_time() - began;
    };
    auto small = time_of(n);
    for (int again = 0; again < 2; ++again) small = std::min(small, time_of(n));
    auto const first = time_of(8 * n);
    return std::min(first, time_of(8 * n)) / std::max(small, std::chrono::duration<double>(1e-6));
}
inline constexpr double linear = 30; ///< a growth below this is no square's

} // namespace test
