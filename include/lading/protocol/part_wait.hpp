// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `part_wait`: for how long, and how often, to look again at a file that somebody else is writing.

#include "../error.hpp"
#include "../policy/clock.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>

namespace lading::detail {

/// Begins with the first question.
class part_wait {
  public:
    explicit part_wait(std::chrono::milliseconds most) : most_(most) {}

    /// After `part_in_use`: how long to wait before the next attempt; nothing when it has been long enough.
    std::optional<std::chrono::milliseconds> next(std::chrono::steady_clock::time_point now) {
        if (until_ == never) until_ = now + most_;
        if (now >= until_) return std::nullopt;
        return pause_ = std::min(2 * pause_, std::chrono::milliseconds(32));
    }

  private:
    std::chrono::milliseconds most_, pause_{2};
    static constexpr auto never = std::chrono::steady_clock::time_point::max();
    std::chrono::steady_clock::time_point until_ = never;
};

/// Does `step` again, on this thread, for as long as it says `part_in_use`, and at most for `most`. When `stop` is requested it is not done
/// again. Returns what it said last.
template <class Step>
std::invoke_result_t<Step const&> patiently(Step const& step, std::chrono::milliseconds most, stop_token const& stop = {}) {
    steady_clock_policy clock;
    for (part_wait wait(most);;) {
        auto outcome = step();
        if (outcome || outcome.assume_error() != errc::part_in_use || stop.stop_requested()) return outcome;
        auto const pause = wait.next(clock.now());
        if (!pause) return outcome;
        sleep(clock, *pause, stop);
        if (stop.stop_requested()) return outcome;
    }
}

} // namespace lading::detail
