// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What takes hundreds of runs is done whole without a sanitizer and under the address sanitizer of g++ (the preset asan).
/// The builds beside these, under the sanitizers of clang and the thread sanitizer, do one run in `seventh`: a number that
/// divides no table of ours, so that each row and each column has its turn.

#include <cstddef>

namespace test {

#if defined(__SANITIZE_THREAD__)
inline constexpr std::size_t seventh = 7;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr std::size_t seventh = 7;
#else
inline constexpr std::size_t seventh = 1;
#endif
#else
inline constexpr std::size_t seventh = 1;
#endif

/// True for the runs that this build does, the first among them.
class turns {
  public:
    bool next() noexcept { return count_++ % seventh == 0; }

  private:
    std::size_t count_ = 0;
};

} // namespace test
