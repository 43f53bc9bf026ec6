// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_sink`: where the bytes of a blob go. What was written is unverified until `commit`.

#include "../result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

namespace lading {

/// Takes bytes that a sink holds, in order; false: the sink is to stop, with `cancelled`.
using held_bytes = std::function<bool(std::span<std::byte const>)>;

/// Takes one blob. First `resume`, once, or again while it says `part_in_use`; then `begin`, unless what `resume` told of is gone on
/// with. `begin` starts afresh, at any time: a transfer that has to start again calls it again. `write` gets pieces in order; after a
/// lost connection it goes on where it was. Who has called `resume` or `begin`, whatever came of that, ends it with exactly one of
/// `commit` (size and digest hold), `discard` (they do not) and `suspend` (the transfer failed, but what was written may be right). A
/// failure of `begin`, `write` or `commit` ends the operation with that error.
class blob_sink {
  public:
    virtual ~blob_sink() = default;
    /// The number of bytes that it holds of the blob, from its start; before that it calls `each` with them, in order, so that
    /// they can be hashed; where that says so it stops, with `cancelled`. `size`, in bytes, is what the blob has, -1 if that is not known; what is longer is not the blob. A
    /// sink that keeps nothing between two transfers holds nothing.
    virtual result<std::uint64_t> resume([[maybe_unused]] std::int64_t size,
                                         [[maybe_unused]] held_bytes const& each) {
        return std::uint64_t{0};
    }
    virtual result<void> begin() = 0;
    virtual result<void> write(std::span<std::byte const> piece) = 0;
    virtual result<void> commit() = 0;
    virtual void discard() noexcept = 0;
    /// A sink that can resume keeps what it has.
    virtual void suspend() noexcept { discard(); }
};

/// Keeps nothing: for a blob that is only to be verified.
class null_sink final : public blob_sink {
  public:
    result<void> begin() override { return success(); }
    result<void> write(std::span<std::byte const>) override { return success(); }
    result<void> commit() override { return success(); }
    void discard() noexcept override {}
};

/// Keeps the blob in memory; `bytes()` is empty unless the blob was verified.
class memory_sink final : public blob_sink {
  public:
    /// `limit` in bytes; more is `body_too_large`.
    explicit memory_sink(std::size_t limit) : limit_(limit) {}
    result<void> begin() override { return pending_.clear(), success(); }
    result<void> write(std::span<std::byte const> piece) override {
        if (piece.size() > limit_ - pending_.size())
            return error(errc::body_too_large).with_values("at most " + std::to_string(limit_) + " bytes", "more");
        pending_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override { return bytes_ = std::move(pending_), success(); }
    void discard() noexcept override { pending_.clear(); }
    std::string const& bytes() const noexcept { return bytes_; }
    std::string take() noexcept { return std::exchange(bytes_, {}); }

  private:
    std::string pending_, bytes_;
    std::size_t limit_;
};

} // namespace lading
