// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `copy_lanes`: the same done for each of many, by some threads side by side; `copy_progress` and `watched_sink`: how far they are.

#include "../detail/chrono.hpp"
#include "../detail/mutex.hpp"
#include "../detail/stop_token.hpp"
#include "../protocol/part_wait.hpp"
#include "../store/blob_sink.hpp"
#include "../store/transfer_event.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace lading::detail {

/// Calls `each(index, stop)` for every index below `count`, in order, on this thread and at most `lanes - 1` others. After the first
/// failure, or when `stop` is requested, no more begin, and those under way are told to stop. Returns the first failure; `cancelled`
/// when `stop` was requested and not all were done. An exception of `each` goes on to the caller.
template <class Each>
result<void> copy_lanes(std::size_t count, std::size_t lanes, stop_token const& stop, Each const& each) {
    stop_source ours;
    stop_callback const passed_on(stop, [&ours] { ours.request_stop(); });
    std::atomic<std::size_t> next{0}, good{0};
    std::atomic<bool> over{false};
    std::mutex mutex;
    std::optional<error> first;
    std::exception_ptr thrown;

    auto const lane = [&] {
        auto const token = ours.get_token();
        auto const end = [&](auto note) {
            std::lock_guard const lock(mutex);
            if (!first && !thrown) note();
            over = true;
            ours.request_stop();
        };
#if LADING_HAS_EXCEPTIONS
        try {
#endif
            for (std::size_t i = 0; !over && !token.stop_requested() && (i = next++) < count;) {
                result<void> outcome = each(i, token);
                if (outcome) ++good;
                else end([&] { first.emplace(std::move(outcome).assume_error()); });
            }
#if LADING_HAS_EXCEPTIONS
        } catch (...) {
            end([&] { thrown = std::current_exception(); });
        }
#endif
    };
    std::vector<std::thread> others;
#if LADING_HAS_EXCEPTIONS
    try {
        for (std::size_t i = 1; i < std::min(lanes, count); ++i) others.emplace_back(lane);
    } catch (...) { // no thread, or no memory for one: fewer have to do
    }
#else
    for (std::size_t i = 1; i < std::min(lanes, count); ++i) others.emplace_back(lane);
#endif
    lane();
    for (auto& t : others) t.join();
#if LADING_HAS_EXCEPTIONS
    if (thrown) std::rethrow_exception(thrown);
#endif
    if (stop.stop_requested() && good < count) return error(errc::cancelled);
    if (first) return std::move(*first);
    return success();
}

/// Counts for all contents of a copy, and tells the observer, one call at a time.
class copy_progress {
  public:
    explicit copy_progress(transfer_observer o) : observer_(std::move(o)) {}

    /// A content more is known of.
    void expect(descriptor const& what) noexcept { total_ += size_of(what); }
    void add(std::uint64_t bytes) noexcept { bytes_ += bytes; }
    void tell(descriptor const& what, transfer_state state, std::uint64_t bytes, std::string_view reason = {}) {
        if (!observer_) return;
        std::lock_guard const lock(mutex_);
        tell_alone(what, state, bytes, reason);
    }
    /// What has come of one, `bytes`, is of no use: it begins again.
    void restart(descriptor const& what, std::uint64_t bytes) {
        std::lock_guard const lock(mutex_);
        bytes_ -= bytes;
        if (bytes != 0 && observer_) tell_alone(what, transfer_state::retrying, 0, "from the start");
    }
    /// One that need not be transferred, after `bytes` of it.
    void pass(descriptor const& what, transfer_state state, std::string_view reason = {}, std::uint64_t bytes = 0) {
        add(size_of(what) - std::min(bytes, size_of(what)));
        tell(what, state, size_of(what), reason);
    }
    static std::uint64_t size_of(descriptor const& what) noexcept { return what.size > 0 ? static_cast<std::uint64_t>(what.size) : 0; }

  private:
    void tell_alone(descriptor const& what, transfer_state state, std::uint64_t bytes, std::string_view reason) {
        transfer_event event{what, state};
        event.bytes = bytes;
        event.all_bytes = bytes_;
        event.all_total = std::max<std::uint64_t>(total_, bytes_);
        event.reason = reason;
        observer_(event);
    }

    transfer_observer observer_;
    std::mutex mutex_;
    std::atomic<std::uint64_t> bytes_{0}, total_{0};
};

/// Passes a blob on, tells how far it is, and takes no more when it is stopped: what has come is kept then.
class watched_sink final : public blob_sink {
  public:
    /// `wait`: so long another program that writes the same blob is waited for, on this thread.
    watched_sink(descriptor const& what, blob_sink& to, copy_progress& p, stop_token s, std::chrono::milliseconds wait)
        : what_(what), to_(to), progress_(p), stop_(std::move(s)), wait_(wait) {}
    watched_sink(watched_sink const&) = delete;
    watched_sink& operator=(watched_sink const&) = delete;
    ~watched_sink() override {
        if (open_) to_.suspend();
    }

    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override {
        open_ = true;
        auto const had_by_now = [&] { return to_.resume(size, [&](std::span<std::byte const> piece) { return !stop_.stop_requested() && each(piece); }); };
        auto had = patiently(had_by_now, wait_, stop_);
        if (had && had.assume_value() != 0) {
            count(resumed_ = had.assume_value());
            progress_.tell(what_, transfer_state::resumed, bytes_);
        }
        return had;
    }
    result<void> begin() override {
        open_ = true;
        resumed_ = 0;
        progress_.restart(what_, std::exchange(bytes_, 0));
        return patiently([&] { return to_.begin(); }, wait_, stop_);
    }
    result<void> write(std::span<std::byte const> piece) override {
        if (stop_.stop_requested()) return stopped_ = true, error(errc::cancelled);
        LADING_TRY_V(to_.write(piece));
        count(piece.size());
        auto const now = std::chrono::steady_clock::now();
        if (now < next_) return success();
        next_ = now + std::chrono::milliseconds(100);
        progress_.tell(what_, transfer_state::running, bytes_);
        return success();
    }
    result<void> commit() override {
        open_ = false;
        return to_.commit();
    }
    void discard() noexcept override {
        if (stopped_) return suspend();
        open_ = false;
        to_.discard();
    }
    void suspend() noexcept override {
        open_ = false;
        to_.suspend();
    }
    std::uint64_t bytes() const noexcept { return bytes_; }
    /// Of them those that an earlier run had left.
    std::uint64_t resumed() const noexcept { return resumed_; }

  private:
    void count(std::uint64_t n) noexcept {
        bytes_ += n;
        progress_.add(n);
    }

    descriptor const& what_;
    blob_sink& to_;
    copy_progress& progress_;
    stop_token stop_;
    std::chrono::milliseconds wait_;
    std::chrono::steady_clock::time_point next_{};
    std::uint64_t bytes_ = 0, resumed_ = 0;
    bool open_ = false;    ///< it is owed its end
    bool stopped_ = false; ///< by us: the bytes are not to blame
};

} // namespace lading::detail
