// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The blob range operation: a part of a blob. It is not verified, for a digest is of the whole.
///
/// Requests: GET `/v2/<name>/blobs/<digest>` with `Range`, one; none for a part without bytes.

#include "../descriptor.hpp"
#include "../http/content_range.hpp"
#include "../http/status.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "../store/blob_sink.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lading {

/// Passes the bytes from `first` on, at most `length`, of a 206 or a 200 to a sink, and lets the rest be.
class range_body final : public body_sink {
  public:
    /// `whole`: the blob has all of them, and less is not what was asked for.
    range_body(std::uint64_t first, std::uint64_t length, bool whole, blob_sink& out, limits const& l)
        : first_(first), length_(length), whole_(whole), out_(out), error_body_(0, l) {}
    range_body(range_body const&) = delete;
    range_body& operator=(range_body const&) = delete;
    ~range_body() override { discard(); } // cancelled, or an exception

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        is_part_ = head.status == 206 || head.status == 200;
        if (!is_part_) return head.status == 416 ? sink_action::stop : error_body_.begin(head, content_length);
        if (content_coding_of(head.headers) != content_coding::identity) return encoded_body(head.headers, "a blob is wanted as it is stored");
        to_skip_ = head.status == 200 ? first_ : 0; // who knows no ranges sends it all
        count_ = 0;
        if (head.status == 206) {
            auto const range = content_range_of(head.headers);
            if (!range || !range->satisfied || range->first != first_ || range->last - first_ >= length_)
                return error(errc::range_mismatch)
                    .with_values("bytes " + std::to_string(first_) + '-' + std::to_string(first_ + (length_ - 1)),
                                 detail::printable(head.headers.find("Content-Range").value_or("none"), 80));
            least_ = range->last - range->first + 1;
            if (range->total && range->last + 1 < *range->total) least_ = std::min(length_, *range->total - first_);
        } else {
            least_ = 0;
        }
        if (whole_) least_ = length_;
        open_ = true;
        LADING_TRY_V(out_.begin());
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (!is_part_) return error_body_.write(piece);
        auto const skipped = static_cast<std::size_t>(std::min<std::uint64_t>(to_skip_, piece.size()));
        to_skip_ -= skipped;
        piece = piece.subspan(skipped);
        piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), length_ - count_)));
        if (!piece.empty()) {
            LADING_TRY_V(out_.write(piece));
        }
        count_ += piece.size();
        return count_ == length_ ? sink_action::stop : sink_action::proceed;
    }

    /// Commits what has come; its size. Error: `range_mismatch` when less came than was said.
    result<std::uint64_t> finish() {
        if (count_ < least_) return error(errc::range_mismatch).with_values(std::to_string(least_) + " bytes", std::to_string(count_));
        if (to_skip_ > 0) return error(errc::range_mismatch).with_context("the blob ends before byte " + std::to_string(first_));
        open_ = false;
        LADING_TRY_V(out_.commit());
        return count_;
    }
    void discard() noexcept {
        if (std::exchange(open_, false)) out_.discard();
    }
    std::string const& error_text() const noexcept { return error_body_.text(); }

  private:
    std::uint64_t first_, length_;
    bool whole_;
    blob_sink& out_;
    response_body error_body_;
    std::uint64_t to_skip_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t least_ = 0; ///< what has to come
    bool is_part_ = false;
    bool open_ = false; ///< the sink has been begun and not ended
};

/// Passes up to `length` bytes of a blob, from `offset` on, to a sink, which is committed when they have come. The value is
/// their number, less at the end of the blob. A sink is not asked what it has of them already.
///
/// Errors: `invalid_argument` (the blob is known to end before `offset`), `range_mismatch` (other bytes than those, or fewer), those of `error_from_response`, of
/// the sink, and of the transport.
template <class P>
class blob_range_operation : public operation_base<std::uint64_t, P> {
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    blob_range_operation(call_context c, descriptor what, std::uint64_t offset, std::uint64_t length, blob_sink& out)
        : talk_(std::move(c)), what_(std::move(what)), offset_(offset), length_(bounded(what_, offset, length)),
          body_(offset_, length_, what_.size >= 0, out, talk_.bounds), out_(out) {}

    step<std::uint64_t> start() {
        if (what_.size >= 0 && offset_ > static_cast<std::uint64_t>(what_.size))
            return error(errc::invalid_argument).with_context("a range of a blob").with_values("an offset of at most " + std::to_string(what_.size), std::to_string(offset_));
        if (length_ == 0) return nothing();
        auto q = talk_.get("blobs", what_.digest.str());
        q.headers.add("Range", "bytes=" + std::to_string(offset_) + '-' + std::to_string(offset_ + (length_ - 1)));
        auto how = talk_.pull();
        how.verbatim = true;
        return need_exchange(std::move(q), body_, std::move(how));
    }
    step<std::uint64_t> on_response(result<response> answer, auth_note const& shown = {}) {
        auto read = interpret(answer, shown);
        if (!read) body_.discard();
        return done<std::uint64_t>(std::move(read));
    }

  private:
    /// No further than positions can be written, and than the blob goes.
    static std::uint64_t bounded(descriptor const& what, std::uint64_t offset, std::uint64_t length) {
        auto const end = what.size >= 0 ? static_cast<std::uint64_t>(what.size) : static_cast<std::uint64_t>(INT64_MAX);
        return offset < end ? std::min(length, end - offset) : 0;
    }
    step<std::uint64_t> nothing() {
        auto kept = out_.begin();
        if (kept) kept = out_.commit();
        if (!kept) return std::move(kept).assume_error();
        return done<std::uint64_t>(lading::result<std::uint64_t>(std::uint64_t{0}));
    }
    lading::result<std::uint64_t> interpret(result<response>& answer, auth_note const& shown) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status == 200 || head.status == 206) return body_.finish();
        return error_from_response<typename P::json>(head, body_.error_text(), asked::blob, talk_.bounds, shown);
    }

    call_context talk_;
    descriptor what_;
    std::uint64_t offset_, length_;
    range_body body_;
    blob_sink& out_;
};

} // namespace lading
