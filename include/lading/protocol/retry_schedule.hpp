// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `retry_schedule`: how often something is tried again, and how long is waited before (doc/protocol.md#retries).

#include "../detail/algorithm.hpp"
#include "../detail/chrono.hpp"
#include "../http/retry_after.hpp"

#include <cstdint>
#include <optional>

namespace lading {

/// How often and how long. Times in milliseconds.
struct retry_rules {
    retry_rules() = default;
    explicit retry_rules(unsigned n) : tries(n) {}

    unsigned tries = 5; ///< of one request, the first included; of a blob, in turn without progress; 1 for no retry
    std::chrono::milliseconds least{100};        ///< between two tries
    std::chrono::milliseconds first{250};        ///< bound of the first wait; doubles
    std::chrono::milliseconds most{20'000};      ///< bound of any wait that the registry did not ask for
    std::chrono::milliseconds asked_for{60'000}; ///< a longer `Retry-After` ends it at once
    std::chrono::milliseconds budget{90'000};    ///< all waits of one call together; of a blob, those without progress
};

/// True when a connection ended before its answer did.
constexpr bool is_lost_connection(errc code) noexcept {
    return code == errc::connection_reset || code == errc::http_body_truncated || code == errc::tls_truncated;
}

/// Waits as long as `Retry-After` says, or with full jitter below a doubling bound; never longer than the budget or the
/// deadline allow. `Clock` models the clock policy and must outlive it.
template <class Clock>
class retry_schedule {
  public:
    using deadline = std::optional<std::chrono::steady_clock::time_point>;

    retry_schedule(retry_rules r, Clock& c) : rules_(r), clock_(c) {}

    /// Another request: its tries are counted from one.
    void begin() noexcept { tries_ = 1; }
    /// There was progress: the next try is the first.
    void renew() noexcept {
        tries_ = 0;
        waited_ = {};
    }

    /// How long to wait before the next try, which is counted; nothing when there is to be none.
    std::optional<std::chrono::milliseconds> next(deadline const& end) { return next(-1, end); }
    /// The same after an answer whose status may be another one later.
    std::optional<std::chrono::milliseconds> after(response const& head, deadline const& end) {
        if (!is_passing_status(head.status)) return std::nullopt;
        return next(retry_after_of(head), end);
    }

  private:
    /// `wish` in seconds, negative for none.
    std::optional<std::chrono::milliseconds> next(std::int64_t wish, deadline const& end) {
        using namespace std::chrono;
        if (tries_ >= rules_.tries || rules_.tries == 1) return std::nullopt;
        if (wish > duration_cast<seconds>(rules_.asked_for).count()) return std::nullopt;
        auto const wait = std::max(wish >= 0 ? milliseconds(seconds(wish)) : jitter(), rules_.least);
        if (waited_ + wait > rules_.budget) return std::nullopt;
        if (end && clock_.now() + wait >= *end) return std::nullopt;
        ++tries_;
        waited_ += wait;
        return wait;
    }

    /// Evenly between nothing and the bound of this try. Our own five lines because waits need to differ between
    /// clients, not to be random, and `<random>` costs every unit that includes this.
    std::chrono::milliseconds jitter() {
        auto const bound = std::min(rules_.first * (std::int64_t(1) << (std::clamp(tries_, 1u, 21u) - 1)), rules_.most);
        auto mixed = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) +
                     reinterpret_cast<std::uintptr_t>(this) + (seed_ += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return std::chrono::milliseconds(static_cast<std::int64_t>((mixed ^ (mixed >> 31)) %
                                                                   static_cast<std::uint64_t>(bound.count() + 1)));
    }

    retry_rules rules_;
    Clock& clock_;
    std::chrono::milliseconds waited_{0};
    std::uint64_t seed_ = 0;
    unsigned tries_ = 1; ///< so far
};

} // namespace lading
