// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `lanes`: asynchronous operations side by side, one for each element of a range, a bounded number at once.

#include "../driver/outstanding_work.hpp"
#include "../result.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

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

/// The elements are taken in turn; each runs in a lane, which is reused. A lane is a strand, so that operations over
/// several threads can be cancelled: a signal must not meet the operation that it is for on another thread.
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
    }

  private:
    struct job {
        job(std::size_t i, element w) : index(i), what(std::move(w)) {}
        std::size_t index;
        element what;
        std::optional<Outcome> outcome;
    };
    struct lane {
        explicit lane(asio::any_io_executor const& e) : strand(asio::make_strand(e)) {}
        asio::any_io_executor strand; ///< held as what handlers hold it as: copied for each, not wrapped anew
        asio::cancellation_signal signal;
        std::optional<job> at;
    };

    /// Starts as many as may be under way; ends when none is. With the lock.
    void pump() {
        while (!stopped_ && next_ != last_ && (!free_.empty() || lanes_.size() < bounds_.in_flight) &&
               (!bounds_.ordered || started_ - told_ < 2 * bounds_.in_flight)) {
            lane& l = free_.empty() ? lanes_.emplace_back(executor_) : *free_.back();
            if (!free_.empty()) free_.pop_back();
            l.at.emplace(started_++, *next_);
            ++next_;
            ++under_way_;
            asio::post(l.strand, [self = this->shared_from_this(), &l] { self->start(l); });
        }
        if (under_way_ == 0) finish();
    }
    void start(lane& l) {
        if (stopped_) return over(l, error(errc::cancelled));
        auto done = [self = this->shared_from_this(), &l](auto&& outcome) { self->over(l, std::move(outcome)); };
        start_(std::as_const(l.at->what),
               asio::bind_cancellation_slot(l.signal.slot(), asio::bind_executor(l.strand, std::move(done))));
    }
    template <class Result>
    void over(lane& l, Result&& outcome) {
        std::scoped_lock const lock(mutex_);
        l.at->outcome.emplace(std::move(outcome));
#if LADING_HAS_EXCEPTIONS
        try {
            tell_of(*l.at);
        } catch (...) { // of `each_`: the others are over yet, and the handler is owed its call
            stop();
            leave(l);
            throw;
        }
#else
        tell_of(*l.at);
#endif
        leave(l);
    }
    void leave(lane& l) {
        l.at.reset();
        free_.push_back(&l);
        --under_way_;
        pump();
    }
    /// Of this one, or in order of all whose turn it is.
    void tell_of(job& j) {
        if (!bounds_.ordered) return tell(j);
        early_.emplace(j.index, std::move(j));
        while (!early_.empty() && early_.begin()->first == told_) {
            auto next = early_.extract(early_.begin());
            tell(next.mapped());
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
                asio::post(l.strand, [self, &l] { l.signal.emit(asio::cancellation_type::terminal); });
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
    std::map<std::size_t, job> early_; ///< in order only: over before their turn
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
