// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The heap of this program: every allocation of a thread by `operator new` and by OpenSSL, counted, and made to fail on
/// demand. Other threads (servers of a test) have counts of their own.

#include <cstddef>
#include <cstdint>

namespace heap {

/// What the allocations of this thread come to.
struct counts {
    std::size_t calls = 0;            ///< allocations since `watch` began
    std::size_t fail_at = SIZE_MAX;   ///< the call that fails, counted from 0
    bool ever_after = false;          ///< and every later one too
    bool fired = false;               ///< one has failed
    std::ptrdiff_t live = 0;          ///< blocks, since `watch` began
    std::ptrdiff_t bytes = 0, peak = 0; ///< bytes now and at most, since `watch` began
};

/// Counts from here to the end of the scope. Not nested.
class watch {
  public:
    watch();
    /// `everywhere`: also the allocations of all other threads that have no counts of their own.
    explicit watch(std::size_t fail_at, bool ever_after = false, bool everywhere = false);
    watch(watch const&) = delete;
    watch& operator=(watch const&) = delete;
    ~watch();
    static counts const& now() noexcept;
    /// No allocation fails any more.
    static void heal() noexcept;
};

/// OpenSSL allocates here too: it was told before it allocated anything.
bool openssl_is_watched() noexcept;

} // namespace heap
