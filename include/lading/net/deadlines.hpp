// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `deadlines`: one timer for all exchanges of a transport.
///
/// A step of an exchange moves its deadline, mostly further away. That costs no timer operation: the one timer waits for
/// the earliest deadline it has been told of, and looks again when it fires.

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace lading::detail {

/// Thread-safe. Waits only while something has a deadline, so that an event loop with nothing to do can end.
class deadlines : public std::enable_shared_from_this<deadlines> {
  public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    /// Something with a deadline.
    class entry {
      public:
        /// The deadline is over. Called by any thread, without a lock; the deadline may have been moved meanwhile.
        virtual void on_deadline() = 0;

      protected:
        ~entry() = default;

      private:
        friend class deadlines;
        static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
        time_point until_{};
        std::size_t at_ = nowhere; ///< index in `entries_`
    };

    explicit deadlines(asio::any_io_executor const& e) : timer_(e) {}

    /// From now on `who` has this deadline and no other.
    void set(std::shared_ptr<entry> const& who, time_point until) {
        std::scoped_lock const lock(mutex_);
        if (who->at_ == entry::nowhere) {
            entries_.emplace_back(who.get(), who);
            who->at_ = entries_.size() - 1;
        }
        who->until_ = until;
        if (until < armed_) arm(until);
    }
    /// From now on `who` has none.
    void clear(entry& who) {
        std::scoped_lock const lock(mutex_);
        if (who.at_ == entry::nowhere) return;
        remove(who);
        if (!entries_.empty()) return;
        armed_ = time_point::max();
        timer_.cancel();
    }

  private:
    void remove(entry& who) {
        auto const at = std::exchange(who.at_, entry::nowhere);
        if (at + 1 != entries_.size()) {
            entries_[at] = std::move(entries_.back());
            entries_[at].first->at_ = at;
        }
        entries_.pop_back();
    }
    void arm(time_point until) {
        armed_ = time_point::max(); // until it waits: there may be no memory for that
        timer_.expires_at(until);
        timer_.async_wait([weak = weak_from_this()](asio::error_code const& ec) {
            if (ec) return;
            if (auto const self = weak.lock()) self->fire();
        });
        armed_ = until;
    }
    void fire() {
        std::vector<std::shared_ptr<entry>> over;
        {
            std::scoped_lock const lock(mutex_);
            armed_ = time_point::max();
            over.reserve(entries_.size());
            auto const now = clock::now();
            auto next = time_point::max();
            for (std::size_t i = 0; i < entries_.size();) {
                auto& [who, alive] = entries_[i];
                if (who->until_ > now) {
                    if (who->until_ < next) next = who->until_;
                    ++i;
                    continue;
                }
                if (auto held = alive.lock()) over.push_back(std::move(held));
                remove(*who);
            }
            if (!entries_.empty()) arm(next);
        }
        for (auto const& who : over) who->on_deadline();
    }

    std::mutex mutex_;
    std::vector<std::pair<entry*, std::weak_ptr<entry>>> entries_;
    time_point armed_ = time_point::max(); ///< when the timer fires; max when it does not wait
    asio::steady_timer timer_;
};

} // namespace lading::detail
