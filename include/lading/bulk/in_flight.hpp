// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `for_each_in_flight`: asynchronous operations side by side, one for each element of a range, a bounded number at once.

#include "../driver/outstanding_work.hpp"
#include "../net/serial_executor.hpp"
#include "../result.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace lading {

/// How it ended.
struct each_summary {
    std::size_t good = 0;
    std::size_t failed = 0; ///< the cancelled included
    bool cancelled = false; ///< some of the range may not have been started
};

namespace detail {

/// True when the composed operation was told to stop: a signal between two waits reaches no one else.
template <class Self>
bool was_cancelled(Self& self) {
    return self.get_cancellation_state().cancelled() != asio::cancellation_type::none;
}

/// How many at once, at least 1; and whether `each` is called in the order of the range, not of completion.
struct in_flight_bounds {
    in_flight_bounds(std::size_t n, bool o) : in_flight(std::max<std::size_t>(n, 1)), ordered(o) {}
    std::size_t in_flight;
    bool ordered;
};

/// The elements are taken in turn; each runs in a lane, which is reused. A lane runs one handler at a time, so that operations
/// over several threads can be cancelled: a signal must not meet the operation that it is for on another thread. A lane goes
/// on with the next element on the thread that ended the last, and what all lanes share is locked once an element, for as
/// little as that needs: the callback, and the step to the next element.
///
/// `start(element const&, handler)` begins one; the handler takes what an `Outcome` is made of, and an `Outcome` can be
/// made of an `error` too and is true when all is well. `each(index, element const&, Outcome)` is called one at a time; after
/// a `false` from it, an exception (which goes on to who runs the executor), or a signal, those under way are cancelled and
/// no more begin. At last `handler(each_summary)`.
template <class Outcome, class Iterator, class End, class Start, class Each, class Handler>
class lanes : public std::enable_shared_from_this<lanes<Outcome, Iterator, End, Start, Each, Handler>> {
    using element = std::iter_value_t<Iterator>;
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

  public:
    lanes(asio::any_io_executor executor, Iterator first, End last, in_flight_bounds bounds, Start start, Each each, Handler handler)
        : executor_(std::move(executor)), next_(std::move(first)), last_(std::move(last)), bounds_(bounds),
          start_(std::move(start)), each_(std::move(each)), handler_(std::move(handler)),
          work_(asio::get_associated_executor(handler_, executor_)) {}

    void begin() {
        if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected())
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type) {
                if (auto const self = weak.lock()) self->stop();
            });
        std::scoped_lock const lock(mutex_);
        pump();
        if (under_way_ == 0) finish();
    }

  private:
    struct job {
        job(std::size_t i, element w) : index(i), what(std::move(w)) {}
        std::size_t index;
        element what;
        std::optional<Outcome> outcome;
    };
    struct lane {
        explicit lane(asio::any_io_executor const& e) : serial(serial_executor(e)) {}
        asio::any_io_executor serial; ///< held as what handlers hold it as: copied for each, not wrapped anew
        asio::cancellation_signal signal;
        std::unique_ptr<job> at;
    };

    /// Starts as many as may be under way. With the lock.
    void pump() {
        while (may_take() && (!free_.empty() || lanes_.size() < bounds_.in_flight)) {
            lane& l = free_.empty() ? lanes_.emplace_back(executor_) : *free_.back();
            if (!free_.empty()) free_.pop_back();
            take(l);
            ++under_way_;
            go(this->shared_from_this(), l);
        }
    }
    bool may_take() { return !stopped_ && next_ != last_ && (!bounds_.ordered || started_ - told_ < 2 * bounds_.in_flight); }
    void take(lane& l) {
        l.at = std::make_unique<job>(started_++, *next_);
        ++next_;
    }
    static void go(std::shared_ptr<lanes> self, lane& l) {
        asio::post(l.serial, [self = std::move(self), &l]() mutable {
            auto& s = *self;
            s.start(std::move(self), l);
        });
    }
    /// `self` is handed on from handler to handler: threads that count references to one thing hold each other up.
    void start(std::shared_ptr<lanes> self, lane& l) {
        if (stopped_) return over(std::move(self), l, error(errc::cancelled));
        auto done = [self = std::move(self), &l](auto&& outcome) mutable {
            auto& s = *self;
            s.over(std::move(self), l, std::forward<decltype(outcome)>(outcome));
        };
        start_(std::as_const(l.at->what),
               asio::bind_cancellation_slot(l.signal.slot(), asio::bind_executor(l.serial, std::move(done))));
    }
    template <class Result>
    void over(std::shared_ptr<lanes> self, lane& l, Result&& outcome) {
        auto ended = std::move(l.at); // what is left of its record goes after the lock
        ended->outcome.emplace(std::forward<Result>(outcome));
        bool again = false;
        {
            std::scoped_lock const lock(mutex_);
#if LADING_HAS_EXCEPTIONS
            try {
                again = tell_and_take(ended, l);
            } catch (...) { // of `each_`: the others are over yet, and the handler is owed its call
                stop();
                rest(l);
                throw;
            }
#else
            again = tell_and_take(ended, l);
#endif
            if (!again) rest(l);
        }
        if (again) go(std::move(self), l);
    }
    bool tell_and_take(std::unique_ptr<job>& ended, lane& l) {
        tell_of(ended);
        if (bounds_.ordered) pump(); // the turn of several may have come
        if (!may_take()) return false;
        take(l);
        return true;
    }
    void rest(lane& l) {
        free_.push_back(&l);
        if (--under_way_ == 0) finish();
    }
    /// Of this one, or in order of all whose turn it is.
    void tell_of(std::unique_ptr<job>& ended) {
        if (!bounds_.ordered) return tell(*ended);
        early_.emplace(ended->index, std::move(ended));
        while (!early_.empty() && early_.begin()->first == told_) {
            auto const next = early_.extract(early_.begin());
            tell(*next.mapped());
        }
    }
    void tell(job& j) {
        ++told_;
        ++(*j.outcome ? summary_.good : summary_.failed);
        if (!each_(j.index, std::as_const(j.what), std::move(*j.outcome))) stop();
    }
    void finish() {
        summary_.cancelled = stopped_;
        auto const executor = work_.get_executor();
        asio::post(executor, [handler = std::move(handler_), summary = summary_]() mutable {
            asio::get_associated_cancellation_slot(handler).clear(); // here, where no signal is given at the same time
            std::move(handler)(summary);
        });
        work_.reset();
    }
    /// Takes no lock: it may be called by `each_`.
    void stop() {
        stopped_ = true;
        auto self = this->shared_from_this();
        asio::post(executor_, [self] {
            std::scoped_lock const lock(self->mutex_);
            for (auto& l : self->lanes_)
                asio::post(l.serial, [self, &l] { l.signal.emit(asio::cancellation_type::terminal); });
        });
    }

    asio::any_io_executor executor_;
    Iterator next_;
    End last_;
    in_flight_bounds bounds_;
    Start start_;
    Each each_;
    Handler handler_;
    outstanding_work<executor_type> work_;

    std::mutex mutex_; ///< of the range, the lanes and the callback
    std::deque<lane> lanes_;
    std::vector<lane*> free_;
    std::map<std::size_t, std::unique_ptr<job>> early_; ///< in order only: over before their turn
    std::size_t started_ = 0, under_way_ = 0, told_ = 0;
    each_summary summary_;
    std::atomic<bool> stopped_{false};
};

/// Begins them. The range outlives them.
template <class Outcome, class Range, class Start, class Each, class Handler>
void for_each_in_flight(asio::any_io_executor executor, Range& range, in_flight_bounds bounds, Start start, Each each, Handler handler) {
    using iterator = decltype(std::begin(range));
    using end = decltype(std::end(range));
    std::make_shared<lanes<Outcome, iterator, end, Start, Each, Handler>>(
        std::move(executor), std::begin(range), std::end(range), bounds, std::move(start), std::move(each), std::move(handler))
        ->begin();
}

} // namespace detail

} // namespace lading
