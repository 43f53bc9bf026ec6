// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `async_inspect_each`: inspects every reference of a range, many at once, in bounded memory.

#include "../backend/outstanding_work.hpp"
#include "../operation/inspect.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
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
#include <type_traits>
#include <utility>
#include <vector>

namespace lading {

/// How a range is inspected.
struct each_options {
    each_options() = default;
    /// What is to be found out of each.
    each_options& with_inspect(inspect_options o) { return inspect = std::move(o), *this; }
    /// At most so many at once; at least 1.
    each_options& with_in_flight(std::size_t n) { return in_flight = std::max<std::size_t>(n, 1), *this; }
    /// Tell in the order of the range, not of completion. At most `in_flight` that were early wait for their turn.
    each_options& with_order(bool yes = true) { return ordered = yes, *this; }

    inspect_options inspect;
    std::size_t in_flight = 64;
    bool ordered = false;
};

/// How it ended.
struct each_summary {
    std::size_t good = 0;
    std::size_t failed = 0; ///< the cancelled included
    bool cancelled = false; ///< some of the range may not have been started
};

namespace detail {

/// The references are taken in turn; each runs in a lane, which is reused. A lane is a strand, so that a client over
/// several threads can be cancelled: a signal must not meet the operation that it is for on another thread.
template <class Client, class Iterator, class End, class Each, class Handler>
class each_run : public std::enable_shared_from_this<each_run<Client, Iterator, End, Each, Handler>> {
    using element = std::iter_value_t<Iterator>;
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;

  public:
    template <class Range>
    each_run(Client& registry, Range& range, each_options o, Each each, Handler handler)
        : client_(registry), executor_(registry.transport().get_executor()), next_(std::begin(range)), last_(std::end(range)),
          options_(std::move(o)), each_(std::move(each)), handler_(std::move(handler)),
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
        std::optional<result<inspection>> outcome;
    };
    struct lane {
        explicit lane(asio::any_io_executor const& e) : strand(asio::make_strand(e)) {}
        asio::strand<asio::any_io_executor> strand;
        asio::cancellation_signal signal;
        std::optional<job> at;
    };

    /// Starts as many as may be under way; ends when none is. With the lock.
    void pump() {
        while (!stopped_ && next_ != last_ && (!free_.empty() || lanes_.size() < options_.in_flight) &&
               (!options_.ordered || started_ - told_ < 2 * options_.in_flight)) {
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
        result<reference> ref = l.at->what;
        if (!ref) return over(l, std::move(ref).assume_error());
        if (stopped_) return over(l, error(errc::cancelled));
        auto done = [self = this->shared_from_this(), &l](result<inspection> r) { self->over(l, std::move(r)); };
        client_.async_inspect(ref.assume_value(), options_.inspect,
                              asio::bind_cancellation_slot(l.signal.slot(), asio::bind_executor(l.strand, std::move(done))));
    }
    void over(lane& l, result<inspection> outcome) {
        std::scoped_lock const lock(mutex_);
        l.at->outcome.emplace(std::move(outcome));
        if (options_.ordered) early_.emplace(l.at->index, std::move(*l.at));
        else tell(*l.at);
        for (auto at = early_.begin(); at != early_.end() && at->first == told_; at = early_.erase(at)) tell(at->second);
        l.at.reset();
        free_.push_back(&l);
        --under_way_;
        pump();
    }
    void tell(job& j) {
        ++told_;
        ++(*j.outcome ? summary_.good : summary_.failed);
        each_(j.index, std::as_const(j.what), std::move(*j.outcome));
    }
    void finish() {
        asio::get_associated_cancellation_slot(handler_).clear();
        summary_.cancelled = stopped_;
        auto const executor = work_.get_executor();
        asio::post(executor, [handler = std::move(handler_), summary = summary_]() mutable { std::move(handler)(summary); });
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

    Client& client_;
    asio::any_io_executor executor_;
    Iterator next_;
    End last_;
    each_options options_;
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

} // namespace detail

/// Inspects every reference of a range, at most `each_options::in_flight` at once, begun in the order of the range, and
/// tells of each by `each(std::size_t index, element const&, result<inspection>)`, one call at a time, on a thread of the
/// client's executor. Completion signature: `void(each_summary)`.
///
/// An element of the range is a `reference`, or converts to `result<reference>`: one that holds an error is told of with
/// that. The range is read as it is needed and may be of one pass (a file); reading it must not block. Memory: what
/// `in_flight` inspections need, however long the range is. A failure stops no other; its errors are those of `inspect`.
///
/// The client is asynchronous; client and range outlive the operation. Cancelling through the handler's slot, which
/// `each` may do, ends those under way with `errc::cancelled` and begins no more. Requests: those of `inspect`, each. All
/// platforms of an index at once are the digests of `inspection::platforms`.
template <class Client, class Range, class Each, class CompletionToken>
auto async_inspect_each(Client& registry, Range& range, each_options options, Each each, CompletionToken&& token) {
    using iterator = decltype(std::begin(range));
    static_assert(std::is_convertible_v<std::iter_value_t<iterator>, result<reference>>,
                  "[lading] async_inspect_each: the elements must be lading::reference or convert to "
                  "lading::result<lading::reference>");
    return asio::async_initiate<CompletionToken, void(each_summary)>(
        [&registry, &range]<class Handler>(Handler handler, each_options o, Each e) {
            std::make_shared<detail::each_run<Client, iterator, decltype(std::end(range)), Each, Handler>>(
                registry, range, std::move(o), std::move(e), std::move(handler))
                ->begin();
        },
        token, std::move(options), std::move(each));
}

} // namespace lading
