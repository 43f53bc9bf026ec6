// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The sinks that operations read answers with.

#include "../http/content_encoding.hpp"
#include "../http/message.hpp"
#include "../limits.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace lading {

/// Collects a small document. A 200 is bounded by `limit` (over it: `too_large`, noticed from `Content-Length` before
/// a body byte is read, else at the first byte beyond); any other status is an error body, of which at most
/// `limits::error_bytes` are read and the rest is left. What is encoded still is not read: `http_content_encoding`, and of
/// an error body nothing.
class response_body final : public body_sink {
  public:
    response_body(std::size_t limit, limits const& l, errc too_large = errc::body_too_large)
        : limit_(limit), error_limit_(l.error_bytes), too_large_(too_large) {}

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        text_.clear();
        is_error_ = head.status != 200;
        if (content_coding_of(head.headers) != content_coding::identity) {
            if (head.status >= 300) return sink_action::stop; // the status is worth more than the text
            return encoded_body(head.headers, "an encoding that is not undone");
        }
        if (!is_error_ && content_length && *content_length > limit_) return over(std::to_string(*content_length));
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        auto const limit = is_error_ ? error_limit_ : limit_;
        auto const room = limit - text_.size();
        if (piece.size() > room && !is_error_) return over("more");
        auto const taken = std::min(piece.size(), room);
        // Doubled from a power of two, so that the last step ends at a limit that is one, not far above it. The first is larger
        // than what strings hold in themselves, whose size is none.
        if (text_.size() + taken > text_.capacity()) text_.reserve(std::bit_ceil(std::max<std::size_t>(text_.size() + taken, 64)));
        text_.append(reinterpret_cast<char const*>(piece.data()), taken);
        return text_.size() < error_limit_ || !is_error_ ? sink_action::proceed : sink_action::stop;
    }

    std::string const& text() const noexcept { return text_; }
    std::string take() noexcept { return std::exchange(text_, {}); }

  private:
    error over(std::string actual) const {
        return error(too_large_).with_values("at most " + std::to_string(limit_) + " bytes", std::move(actual));
    }

    std::string text_;
    std::size_t limit_;
    std::size_t error_limit_;
    errc too_large_;
    bool is_error_ = false;
};

} // namespace lading
