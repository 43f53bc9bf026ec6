// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `relay`: a bounded buffer between a thread that writes a content and one that sends it.

#include "../config.hpp"
#include "../detail/stop_token.hpp"
#include "../http/body_source.hpp"
#include "blob_sink.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

namespace lading {

/// Who writes waits while it is full, who reads while it is empty. One of each; the members of the two sides may be called at once.
class relay {
  public:
    /// `most` in bytes.
    explicit relay(std::size_t most = std::size_t(256) << 10) : most_(std::max<std::size_t>(most, 1)), buffer_(std::make_unique<std::byte[]>(most_)) {}
    relay(relay const&) = delete;
    relay& operator=(relay const&) = delete;

    // ---- who writes

    /// Errors: `cancelled`; why the reading side has ended. One that wants no more takes everything.
    result<void> write(std::span<std::byte const> piece) {
        while (!piece.empty()) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return count_ < most_ || ended_; });
            rethrow();
            if (why_) return *why_;
            if (ended_) return success();
            auto const n = std::min(piece.size(), most_ - count_);
            auto const at = (first_ + count_) % most_;
            auto const straight = std::min(n, most_ - at);
            std::memcpy(buffer_.get() + at, piece.data(), straight);
            std::memcpy(buffer_.get(), piece.data() + straight, n - straight);
            count_ += n;
            piece = piece.subspan(n);
            tell(lock);
        }
        return success();
    }
    /// All has been written.
    void finish() {
        std::unique_lock lock(mutex_);
        over_ = true;
        tell(lock);
    }
    /// There is no more, and not because it is the end: the reading side gets this error, also in place of what is here.
    void fail(error e) {
        std::unique_lock lock(mutex_);
        if (!failure_) failure_ = std::move(e);
        tell(lock);
    }

    // ---- who reads

    /// The next bytes, 0 at the end. Errors: what `fail` was told.
    result<std::size_t> read(std::span<std::byte> into) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return has_something(); });
        rethrow();
        if (failure_) return *failure_;
        auto const n = std::min(into.size(), count_);
        auto const straight = std::min(n, most_ - first_);
        if (n != 0) {
            std::memcpy(into.data(), buffer_.get() + first_, straight);
            std::memcpy(into.data() + straight, buffer_.get(), n - straight);
        }
        first_ = (first_ + n) % most_;
        count_ -= n;
        tell(lock);
        return n;
    }
    bool ready(std::function<void()> const& wake) {
        std::lock_guard const lock(mutex_);
        if (has_something()) return true;
        wake_ = wake;
        return false;
    }
    /// Nothing more is read. With an error the writing side ends with it; without, what it writes is dropped.
    void end(std::optional<error> why = {}) {
        std::unique_lock lock(mutex_);
        if (ended_) return;
        ended_ = true;
        why_ = std::move(why);
        tell(lock);
    }

#if LADING_HAS_EXCEPTIONS
    /// What one side threw, whose thread it would have ended: the other throws it when it writes or reads.
    void pass_on(std::exception_ptr thrown) {
        std::unique_lock lock(mutex_);
        if (!thrown_) thrown_ = std::move(thrown);
        over_ = ended_ = true;
        tell(lock);
    }
#endif

    /// Throws what the other side threw, if it did.
    void rethrow() const {
#if LADING_HAS_EXCEPTIONS
        if (thrown_) std::rethrow_exception(thrown_);
#endif
    }

  private:
    bool has_something() const { return count_ != 0 || over_ || failure_; }
    void tell(std::unique_lock<std::mutex>& lock) {
        auto const wake = has_something() ? std::exchange(wake_, nullptr) : nullptr;
        lock.unlock();
        changed_.notify_all();
        if (wake) wake();
    }

    std::size_t const most_;
    std::unique_ptr<std::byte[]> buffer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t first_ = 0, count_ = 0;
    std::function<void()> wake_;
    std::optional<error> failure_, why_;
#if LADING_HAS_EXCEPTIONS
    std::exception_ptr thrown_;
#endif
    bool over_ = false, ended_ = false;
};

namespace detail {
/// A thread for one side of a relay, or `out_of_memory` where the system has none. What `f` throws, the other side throws.
template <class F>
result<std::thread> start_thread(relay& passed_on, F&& f) {
#if LADING_HAS_EXCEPTIONS
    auto body = [&passed_on, f = std::forward<F>(f)]() mutable {
        try {
            f();
        } catch (...) {
            passed_on.pass_on(std::current_exception());
        }
    };
    try {
        return std::thread(std::move(body));
    } catch (std::system_error const&) {
        return error(errc::out_of_memory).with_context("no thread can be started");
    }
#else
    return (void)passed_on, std::thread(std::forward<F>(f));
#endif
}
} // namespace detail

/// The writing side as a sink. It need not begin at the start again where the transfer has to: what has been passed is left out the
/// second time. Whoever reads verifies the whole; `once`: unless it is not begun again after something has been passed, which is
/// `source_spent` then.
class relay_sink final : public blob_sink {
  public:
    explicit relay_sink(relay& to, bool once = false) : to_(to), once_(once) {}
    result<void> begin() override {
        if (once_ && passed_ != 0) return begun_again_ = true, error(errc::source_spent).with_context("the store had to begin again");
        return at_ = 0, success();
    }
    result<void> write(std::span<std::byte const> piece) override {
        auto const known = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), passed_ - at_));
        at_ += piece.size();
        piece = piece.subspan(known);
        if (piece.empty()) return success();
        passed_ += piece.size();
        return to_.write(piece);
    }
    result<void> commit() override { return to_.finish(), success(); }
    void discard() noexcept override {}
    /// It was to begin again, and was not because of `once`.
    bool begun_again() const noexcept { return begun_again_; }

  private:
    relay& to_;
    bool once_, begun_again_ = false;
    std::uint64_t at_ = 0, passed_ = 0;
};

/// The reading side as a source, once.
class relay_source final : public body_source {
  public:
    relay_source(relay& from, std::optional<std::uint64_t> size) : from_(from), size_(size) {}
    std::optional<std::uint64_t> size() const override { return size_; }
    result<void> begin() override {
        if (read_) return error(errc::source_spent);
        return success();
    }
    result<std::size_t> read(std::span<std::byte> into) override { return read_ = true, from_.read(into); }
    bool ready(std::function<void()> const& wake) override { return from_.ready(wake); }

  private:
    relay& from_;
    std::optional<std::uint64_t> size_;
    bool read_ = false;
};

} // namespace lading
