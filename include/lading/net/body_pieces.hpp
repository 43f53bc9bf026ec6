// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `body_pieces`: the body of a request as it is written to a connection, piece by piece: as it is where its size is known, else
/// chunked (RFC 9112, section 7.1).

#include "../http/body_source.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lading::detail {

/// Of one exchange. The source must outlive it.
class body_pieces {
  public:
    static constexpr std::size_t most = std::size_t(256) << 10; ///< bytes of the source in one piece

    explicit body_pieces(body_source& from) : from_(from) {}

    /// Before the first piece, and again from the start.
    result<void> begin() {
        LADING_TRY_V(from_.begin());
        size_ = from_.size();
        given_ = 0;
        over_ = size_ == std::uint64_t{0};
        return success();
    }
    /// True when nothing more follows.
    bool over() const noexcept { return over_; }
    /// True when bytes of it have been given out.
    bool started() const noexcept { return given_ != 0; }
    bool ready(std::function<void()> const& wake) { return from_.ready(wake); }

    /// The next bytes to be written, valid until the next call. Not when it is over. Errors: those of the source; `source_changed` when
    /// it gives more or fewer bytes than it said.
    result<std::string_view> next() {
        if (!buffer_) buffer_ = std::make_unique<char[]>(front + most + 2);
        char* const at = buffer_.get() + front;
        LADING_TRY(auto const n, from_.read(std::as_writable_bytes(std::span(at, most))));
        if (!size_) return chunk(at, n);
        given_ += n;
        if (n == 0 || given_ > *size_)
            return error(errc::source_changed).with_values(std::to_string(*size_) + " bytes", n == 0 ? std::to_string(given_) : "more");
        over_ = given_ == *size_;
        return std::string_view(at, n);
    }

  private:
    static constexpr std::size_t front = 18; ///< room for the size of a chunk and its line end

    std::string_view chunk(char* at, std::size_t n) {
        given_ += n;
        over_ = n == 0;
        if (over_) return "0\r\n\r\n";
        char digits[16];
        auto const end = std::to_chars(digits, digits + sizeof digits, n, 16).ptr;
        auto const line = static_cast<std::size_t>(end - digits) + 2;
        char* const begin = at - line;
        std::copy(digits, end, begin);
        begin[line - 2] = '\r', begin[line - 1] = '\n';
        at[n] = '\r', at[n + 1] = '\n';
        return {begin, line + n + 2};
    }

    body_source& from_;
    std::optional<std::uint64_t> size_;
    std::unique_ptr<char[]> buffer_;
    std::uint64_t given_ = 0;
    bool over_ = false;
};

} // namespace lading::detail
