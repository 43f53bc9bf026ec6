// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `serial_executor`: runs handlers one at a time, as a strand does, and what a handler adds on the same thread right after
/// it, without a way through the queue that all threads of the event loop share. So a chain of handlers that need not wait
/// stays on one thread, which uses and frees the memory that it has allocated.

#include <asio/any_io_executor.hpp>
#include <asio/execution/blocking.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <concepts>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace lading::detail {

/// The handlers that wait for their turn, and who runs them. Thread-safe.
class serial_queue {
  public:
    static constexpr unsigned most = 1024; ///< handlers in a row, a few milliseconds of them; then others of the loop have their turn

    struct job {
        job() = default;
        job(job const&) = delete;
        job& operator=(job const&) = delete;
        virtual ~job() = default;
        /// Gives back its memory before the handler is called, which may use it.
        virtual void run(std::unique_ptr<job> self) = 0;
        std::unique_ptr<job> next;
    };

    /// True when the caller must see to it that somebody calls `run`.
    bool add(std::unique_ptr<job> one) noexcept {
        std::unique_ptr<job> dropped; // after the lock
        std::scoped_lock const lock(mutex_);
        if (closed_) return dropped = std::move(one), false;
        auto* const added = one.get();
        (first_ ? last_->next : first_) = std::move(one);
        last_ = added;
        return !std::exchange(busy_, true);
    }
    /// Is it this thread that runs the handlers?
    bool is_mine() const noexcept {
        std::scoped_lock const lock(mutex_);
        return runner_ == std::this_thread::get_id();
    }
    /// Runs what waits and what is added meanwhile. False when that was `most` handlers: then there may be more, as there may
    /// be after an exception of one. Who has called it calls `leave` then.
    bool run() {
        for (unsigned n = 0; n < most; ++n) {
            auto one = take();
            if (!one) return true;
            auto& first = *one;
            first.run(std::move(one));
        }
        return false;
    }
    /// This thread runs no more of them. True when the caller must see to it that somebody calls `run`.
    bool leave() noexcept {
        std::scoped_lock const lock(mutex_);
        runner_ = {};
        return busy_ = first_ != nullptr;
    }
    /// The event loop has ended: handlers that wait, and those to come, are never called.
    void close() noexcept {
        std::unique_ptr<job> dropped;
        {
            std::scoped_lock const lock(mutex_);
            closed_ = true;
            dropped = std::move(first_);
        }
        while (dropped) dropped = std::move(dropped->next);
    }

  private:
    std::unique_ptr<job> take() noexcept {
        std::scoped_lock const lock(mutex_);
        runner_ = first_ ? std::this_thread::get_id() : std::thread::id();
        busy_ = first_ != nullptr;
        auto out = std::move(first_);
        if (out) first_ = std::move(out->next);
        return out;
    }

    mutable std::mutex mutex_;
    std::unique_ptr<job> first_;
    job* last_ = nullptr; ///< of those that wait, if there are any
    std::thread::id runner_;
    bool busy_ = false;   ///< somebody runs the handlers, or will
    bool closed_ = false;
};

/// One turn of the queue in the event loop. Dropped without a call when the loop is destroyed.
class serial_turn {
  public:
    serial_turn(asio::any_io_executor over, std::shared_ptr<serial_queue> q) noexcept : over_(std::move(over)), queue_(std::move(q)) {}
    serial_turn(serial_turn&&) noexcept = default;
    serial_turn& operator=(serial_turn&&) = delete;
    ~serial_turn() {
        if (queue_) queue_->close();
    }
    void operator()() {
        rest left(std::move(over_), std::move(queue_));
        left.none = left.queue->run();
    }

  private:
    /// What `run` leaves is for another turn.
    struct rest {
        rest(asio::any_io_executor o, std::shared_ptr<serial_queue> q) noexcept : over(std::move(o)), queue(std::move(q)) {}
        rest(rest const&) = delete;
        rest& operator=(rest const&) = delete;
        ~rest() {
            if (none || !queue->leave()) return;
            auto const later = asio::require(over, asio::execution::blocking.never);
            later.execute(serial_turn(std::move(over), std::move(queue)));
        }
        asio::any_io_executor over;
        std::shared_ptr<serial_queue> queue;
        bool none = false;
    };

    asio::any_io_executor over_;
    std::shared_ptr<serial_queue> queue_;
};

/// Over an executor of an event loop. Copies share the queue.
class serial_executor {
  public:
    template <std::same_as<asio::any_io_executor> Executor> // and nothing that converts: this does
    explicit serial_executor(Executor over) : over_(std::move(over)), queue_(std::make_shared<serial_queue>()) {}

    template <class Property>
        requires(asio::can_query<asio::any_io_executor const&, Property>::value)
    decltype(auto) query(Property const& p) const noexcept {
        return asio::query(over_, p);
    }

    template <class Property>
        requires(asio::can_require<asio::any_io_executor const&, Property>::value)
    serial_executor require(Property const& p) const {
        return {asio::require(over_, p), queue_};
    }
    template <class Property>
        requires(asio::can_prefer<asio::any_io_executor const&, Property>::value)
    serial_executor prefer(Property const& p) const {
        return {asio::prefer(over_, p), queue_};
    }
    friend bool operator==(serial_executor const& a, serial_executor const& b) noexcept { return a.queue_ == b.queue_; }
    friend bool operator!=(serial_executor const& a, serial_executor const& b) noexcept { return a.queue_ != b.queue_; }

    template <class Function>
    void execute(Function&& f) const {
        using function = std::decay_t<Function>;
        if (asio::query(over_, asio::execution::blocking) != asio::execution::blocking.never && queue_->is_mine()) {
            auto now = function(std::forward<Function>(f));
            return now();
        }
        if (queue_->add(std::make_unique<job_for<function>>(std::forward<Function>(f)))) over_.execute(serial_turn(over_, queue_));
    }

  private:
    serial_executor(asio::any_io_executor over, std::shared_ptr<serial_queue> q) noexcept
        : over_(std::move(over)), queue_(std::move(q)) {}

    template <class Function>
    struct job_for final : serial_queue::job {
        explicit job_for(Function f) : function(std::move(f)) {}
        void run(std::unique_ptr<job> self) override {
            auto now = std::move(function);
            self.reset();
            now();
        }
        Function function;
    };

    asio::any_io_executor over_;
    std::shared_ptr<serial_queue> queue_;
};

} // namespace lading::detail
