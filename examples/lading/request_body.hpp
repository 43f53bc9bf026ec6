// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The body of a request, read from its connection as somebody wants it.

#include "wire.hpp"

#include <lading/http/body_source.hpp>
#include <lading/http/message.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// How the body of a request is framed.
struct body_framing {
    std::optional<std::uint64_t> size; ///< nothing: in chunks
    bool waits = false;                ///< the client wants to be told that it may send it

    /// Nothing for a head that does not say it, or says it twice.
    static std::optional<body_framing> of(lading::request const& q) {
        body_framing out;
        out.waits = lading::iequal(q.headers.find("Expect").value_or(""), "100-continue");
        auto const coding = q.headers.all("Transfer-Encoding"), lengths = q.headers.all("Content-Length");
        if (!coding.empty()) return coding.size() == 1 && lading::iequal(coding[0], "chunked") && lengths.empty() ? std::optional(out) : std::nullopt;
        out.size = 0;
        if (lengths.empty()) return out;
        auto const text = lengths[0];
        auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), *out.size);
        bool const good = lengths.size() == 1 && !text.empty() && text.size() <= 18 && wrong == std::errc() && end == text.data() + text.size();
        return good ? std::optional(out) : std::nullopt;
    }
};

/// Errors of `read`: `connection_reset` where the client is gone, `http_malformed` for chunks that are none.
class request_body final : public lading::body_source {
  public:
    /// `buffer`: what has been received behind the head; what is received behind the body is left in it.
    request_body(wire& from, std::string& buffer, body_framing how) : from_(from), buffer_(buffer), size_(how.size), left_(how.size.value_or(0)), waits_(how.waits), ended_(how.size == std::uint64_t{0}) {}

    std::optional<std::uint64_t> size() const override { return size_; }
    lading::result<void> begin() override { return lading::success(); }
    lading::result<std::size_t> read(std::span<std::byte> into) override {
        if (ended_) return std::size_t{0};
        if (broken_) return gone();
        if (waits_ && buffer_.empty() && !from_.send("HTTP/1.1 100 Continue\r\n\r\n")) return gone();
        waits_ = false;
        if (!size_ && left_ == 0) {
            LADING_TRY(bool const more, next_chunk());
            if (!more) return std::size_t{0};
        }
        auto room = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_)));
        std::size_t n = std::min(room.size(), buffer_.size());
        if (n > 0) {
            std::memcpy(room.data(), buffer_.data(), n);
            buffer_.erase(0, n);
        } else {
            auto const got = from_.receive(reinterpret_cast<char*>(room.data()), room.size());
            if (got <= 0) return gone();
            n = static_cast<std::size_t>(got);
        }
        left_ -= n;
        if (size_ && left_ == 0) ended_ = true;
        return n;
    }

    /// The client is gone, or what it sent cannot be read.
    bool is_broken() const noexcept { return broken_; }
    /// What has not been read is so little that another request may come behind it.
    bool can_be_skipped() const noexcept { return ended_ || (!broken_ && !waits_ && size_ && left_ <= (1u << 20)); }
    bool skip_rest() { return skip(1u << 20), ended_; }
    /// Reads on, at most so many bytes.
    void skip(std::uint64_t most) {
        std::byte piece[16384];
        waits_ = false;
        while (!ended_ && most > 0) {
            auto const n = read(piece);
            if (!n || n.assume_value() == 0) return;
            most -= std::min<std::uint64_t>(most, n.assume_value());
        }
    }

  private:
    lading::error gone() { return broken_ = true, lading::error(lading::errc::connection_reset).with_context("the client is gone"); }
    lading::error malformed() { return broken_ = true, lading::error(lading::errc::http_malformed).with_context("a chunk of the request"); }

    lading::result<std::string> line() {
        std::size_t end;
        while ((end = buffer_.find("\r\n")) == buffer_.npos) {
            char piece[4096];
            if (buffer_.size() > 8192) return malformed();
            auto const n = from_.receive(piece, sizeof piece);
            if (n <= 0) return gone();
            buffer_.append(piece, static_cast<std::size_t>(n));
        }
        auto out = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return out;
    }
    /// False at the end of the body.
    lading::result<bool> next_chunk() {
        if (chunks_++ > 0) {
            LADING_TRY(auto const empty, line());
            if (!empty.empty()) return malformed();
        }
        LADING_TRY(auto const head, line());
        auto const digits = std::string_view(head).substr(0, head.find(';'));
        auto const [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
        if (digits.empty() || digits.size() > 15 || wrong != std::errc() || end != digits.data() + digits.size()) return malformed();
        if (left_ > 0) return true;
        for (std::size_t fields = 0;; ++fields) {
            LADING_TRY(auto const field, line());
            if (field.empty()) break;
            if (fields > 64) return malformed();
        }
        ended_ = true;
        return false;
    }

    wire& from_;
    std::string& buffer_;
    std::optional<std::uint64_t> size_;
    std::uint64_t left_; ///< of the body, or of the chunk
    std::size_t chunks_ = 0;
    bool waits_, ended_, broken_ = false;
};
