// SPDX-License-Identifier: BSL-1.0
// For the preset tsan, which includes this file before all else: Asio's shared counts, in place of asio/detail/atomic_count.hpp.
// Asio's last owner acquires what the others released with a fence; the thread sanitizer knows no fences, and calls what the last
// owner then does a race. Here the last owner acquires by a load of the count, and the others do no more than in Asio.
#pragma once

#include <atomic>

#define ASIO_DETAIL_ATOMIC_COUNT_HPP

namespace asio::detail {

using atomic_count = std::atomic<long>;

inline void increment(atomic_count& a, long by) { a += by; }
inline void decrement(atomic_count& a, long by) { a -= by; }
inline void ref_count_up(atomic_count& a) { a.fetch_add(1, std::memory_order_relaxed); }
inline bool ref_count_down(atomic_count& a) {
    return a.fetch_sub(1, std::memory_order_release) == 1 && a.load(std::memory_order_acquire) == 0;
}

} // namespace asio::detail
