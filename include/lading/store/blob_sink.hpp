// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_sink`: where the bytes of a blob go. What was written is unverified until `commit`.

#include "../result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// Takes bytes that a sink holds, in order; false: the sink is to stop, with `cancelled`.
using held_bytes = std::function<bool(std::span<std::byte const>)>;

/// Takes one blob. First `resume` is called, again as long as it says `part_in_use`; then `begin`, unless the transfer continues after
/// the bytes that `resume` reported. `begin` starts from nothing at any time: a transfer that has to start over calls it again. `write`
/// gets pieces in order; after a lost connection it continues where it was. Whoever has called `resume` or `begin`, with or without success, must
/// end with exactly one of `commit` (size and digest hold), `discard` (they do not) and `suspend` (the transfer failed, but what was
/// written may be right). A failure of `begin`, `write` or `commit` ends the operation with that error.
class blob_sink {
  public:
    virtual ~blob_sink() = default;
    /// Returns how many bytes of the blob the sink holds, from its start. First it calls `each` with them, in order, so that they can be
    /// hashed; if `each` returns false it stops, with `cancelled`. `size` is that of the blob in bytes, -1 if unknown; anything longer is
    /// not the blob. A sink that keeps nothing between two transfers holds nothing.
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

namespace detail {
/// Bytes that are at hand, into a sink.
inline result<void> write_whole(blob_sink& out, std::string_view bytes) {
    auto written = [&]() -> result<void> {
        LADING_TRY_V(out.begin());
        return out.write(std::as_bytes(std::span(bytes)));
    }();
    if (!written) return out.discard(), written;
    return out.commit();
}
} // namespace detail

} // namespace lading
