// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `body_source`: where the body of a request comes from, piece by piece.

#include "../digest.hpp"
#include "../result.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lading {

/// Gives one body. A transport calls `begin` once for every exchange that it is the body of, also where it sends the same
/// request again (after a 401, a redirect, a kept connection that was closed); then `read` until the end. Whoever reads takes
/// the bytes as they come: nothing is read before it can be sent. Never used by two threads at once.
class body_source {
  public:
    virtual ~body_source() = default;
    /// How many bytes it gives from its start to its end; nothing when that is not known.
    virtual std::optional<std::uint64_t> size() const = 0;
    /// From the start, again. Error: `source_spent` where it has been read and cannot be read again.
    virtual result<void> begin() = 0;
    /// The next bytes, at most so many as there is room for, which is not none; 0 at the end. A failure ends the exchange with that
    /// error, before the request is complete.
    virtual result<std::size_t> read(std::span<std::byte> into) = 0;
    /// True when `read` need not wait for anybody. Else `wake` is called once, by whichever thread, as soon as it need not; it may be
    /// called after the exchange, too. A source that cannot say so is always ready, and its `read` blocks.
    virtual bool ready([[maybe_unused]] std::function<void()> const& wake) { return true; }
    /// True when it hashes by itself: the read that would say that it has ended fails unless all of it was `d`. Then nobody else has to.
    virtual bool verifies([[maybe_unused]] digest const& d) const { return false; }
};

/// A text that is its own. Can be read as often as one likes.
class text_source final : public body_source {
  public:
    explicit text_source(std::string text) : text_(std::move(text)) {}
    std::optional<std::uint64_t> size() const override { return text_.size(); }
    result<void> begin() override { return at_ = 0, success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        auto const n = std::min(into.size(), text_.size() - at_);
        if (n != 0) std::memcpy(into.data(), text_.data() + at_, n);
        at_ += n;
        return n;
    }

  private:
    std::string text_;
    std::size_t at_ = 0;
};

/// A text of somebody who must outlive it.
class view_source final : public body_source {
  public:
    explicit view_source(std::string_view text) : text_(text) {}
    template <class S>
        requires std::same_as<std::remove_const_t<S>, std::string>
    explicit view_source(S&& temporary) = delete; // `text_source` keeps one
    std::optional<std::uint64_t> size() const override { return text_.size(); }
    result<void> begin() override { return at_ = 0, success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        auto const n = std::min(into.size(), text_.size() - at_);
        if (n != 0) std::memcpy(into.data(), text_.data() + at_, n);
        at_ += n;
        return n;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// What a function gives, once: `next(span)` as `read`. Of unknown size unless it is told.
class stream_source final : public body_source {
  public:
    using next_type = std::function<result<std::size_t>(std::span<std::byte>)>;
    explicit stream_source(next_type next, std::optional<std::uint64_t> size = {}) : next_(std::move(next)), size_(size) {}
    std::optional<std::uint64_t> size() const override { return size_; }
    result<void> begin() override {
        if (read_) return error(errc::source_spent);
        return success();
    }
    result<std::size_t> read(std::span<std::byte> into) override { return read_ = true, next_(into); }

  private:
    next_type next_;
    std::optional<std::uint64_t> size_;
    bool read_ = false;
};

} // namespace lading
