// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `upload_chunks`: which bytes of a content are to be sent next, where an upload is sent in chunks, and what the registry has.

#include "verifying_source.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lading {

/// Holds one chunk, so that a part of it can be sent again though the source has gone on. What the registry says it has is a hint:
/// some do not count on, and some count wrong. The source must outlive it.
template <class P>
class upload_chunks {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    struct piece {
        std::uint64_t from;     ///< offset of its first byte
        std::string_view bytes; ///< valid until the next call
        bool last;              ///< the content ends with it
    };
    /// What an answer means for the bytes that were sent.
    enum class verdict : unsigned char { go_on,     ///< the next piece is the next one
                                         ambiguous, ///< nobody can tell, or it is too far back
                                         impossible ///< it has more than was sent
    };

    explicit upload_chunks(verifying_source<P>& from) : from_(from) {}

    /// At most so many bytes at once, from now on.
    void set_size(std::uint64_t bytes) noexcept { size_ = bytes; }
    std::uint64_t size() const noexcept { return size_; }

    /// From the start, in a new session. Errors: those of the source, unless what is needed is here still.
    result<void> begin() {
        offset_ = 0;
        said_.reset();
        if (begun_ && buffer_at_ == 0) return success();
        LADING_TRY_V(from_.begin());
        begun_ = true;
        buffer_.clear();
        ahead_.reset();
        buffer_at_ = 0;
        return success();
    }
    /// What is to be sent now.
    result<piece> next() {
        if (offset_ == end_of_buffer() && !over()) {
            LADING_TRY_V(fill());
        }
        auto const at = static_cast<std::size_t>(offset_ - buffer_at_);
        auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(size_, buffer_.size() - at));
        sent_ = n;
        return piece{offset_, std::string_view(buffer_).substr(at, n), over() && at + n == buffer_.size()};
    }

    /// The piece was taken, and the registry says that the last byte it has is this one.
    verdict taken(std::optional<std::uint64_t> said) {
        auto const before = std::exchange(said_, said);
        auto const end = offset_ + sent_; // behind what was sent
        bool const stale = said && (*said + 1 == offset_ || (offset_ == 0 && *said == 0) || before == said);
        if (!said || *said + 1 == end || (stale && *said + 1 < end)) return offset_ = end, verdict::go_on;
        if (*said + 1 > end) return verdict::impossible;
        return continue_at(*said + 1);
    }
    /// The fate of the piece is not known; the registry was asked, and says this.
    verdict found(std::optional<std::uint64_t> said) {
        if (!said || *said == 0) return verdict::ambiguous; // of 0 nobody knows whether it is a byte or none
        said_ = said;
        if (*said + 1 > offset_ + sent_) return verdict::impossible;
        return continue_at(*said + 1);
    }
    /// No byte may be sent twice: either the upload continues here, or it cannot continue.
    std::uint64_t offset() const noexcept { return offset_; }
    std::uint64_t end_of_sent() const noexcept { return offset_ + sent_; }

  private:
    std::uint64_t end_of_buffer() const noexcept { return buffer_at_ + buffer_.size(); }
    bool over() const noexcept { return from_.over() && !ahead_; }

    verdict continue_at(std::uint64_t at) {
        if (at < buffer_at_ || at > end_of_buffer()) return verdict::ambiguous;
        return offset_ = at, verdict::go_on;
    }
    result<void> fill() {
        buffer_at_ = offset_;
        buffer_.resize(static_cast<std::size_t>(from_.size() ? std::min(size_, *from_.size() - std::min(*from_.size(), offset_)) : size_));
        std::size_t n = 0;
        if (ahead_) buffer_[n++] = static_cast<char>(*std::exchange(ahead_, std::nullopt));
        while (n < buffer_.size() && !from_.over()) {
            LADING_TRY(auto const more, from_.read(std::as_writable_bytes(std::span(buffer_).subspan(n))));
            n += more;
        }
        buffer_.resize(n);
        if (from_.over() || from_.size()) return success();
        std::byte one{};
        LADING_TRY(auto const more, from_.read({&one, 1})); // does anything follow?
        if (more != 0) ahead_ = one;
        return success();
    }

    verifying_source<P>& from_;
    std::uint64_t size_ = std::uint64_t(16) << 20;
    std::string buffer_;
    std::uint64_t buffer_at_ = 0; ///< offset of its first byte
    std::optional<std::byte> ahead_; ///< that follows it
    std::uint64_t offset_ = 0;       ///< what the registry has
    std::uint64_t sent_ = 0;         ///< bytes of the piece under way
    std::optional<std::uint64_t> said_; ///< by the registry, the last time
    bool begun_ = false;
};

} // namespace lading
