// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_transfer`: a blob on its way into a sink, over as many answers and places as it takes (doc/protocol.md#resume).

#include "../detail/stop_token.hpp"
#include "../detail/text.hpp"
#include "../http/content_range.hpp"
#include "../protocol/part_wait.hpp"
#include "../protocol/retry_schedule.hpp"
#include "../protocol/step.hpp"
#include "blob_options.hpp"
#include "upload_answer.hpp"
#include "verifying_body.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The body of every answer to one call, and what has come so far: the bytes in the sink, and the state of their hash, which
/// is kept from answer to answer. A 200 is the blob from its start; a 206 goes on where it was, or is refused before a byte of
/// it is taken. It ends the sink: by `commit` when all holds, else at its own end: by `discard` when the bytes are wrong, by
/// `suspend` when they may be right.
///
/// Sink and clock must outlive it. Threads: one at a time.
template <class P>
class blob_transfer final : public body_sink, immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    using clock_type = typename P::clock;

  public:
    /// Less than this, in bytes, is no progress.
    static constexpr std::uint64_t progress = 64u << 10;

    /// What was wrong with the last answer, when its exchange failed.
    enum class trouble : std::uint8_t {
        none,    ///< nothing: the connection failed
        sink,    ///< the sink did
        content, ///< it is not the blob
        range    ///< it does not go on where the blob was
    };

    /// `stop`, when it is requested, ends the reading of what the sink has, and nothing is committed any more.
    blob_transfer(descriptor what, blob_sink& out, blob_options o, limits const& l, retry_rules rules, clock_type& clock, stop_token stop = {})
        : out_(out), options_(std::move(o)), clock_(clock), stop_(std::move(stop)), error_body_(0, l), check_(std::move(what), l),
          schedule_(options_.tries ? with_tries(rules, options_.tries) : rules, clock), part_wait_(options_.wait) {}
    ~blob_transfer() override {
        if (open_) is_wrong_ ? out_.discard() : out_.suspend();
        if (!is_told_of_) return;
#if LADING_HAS_EXCEPTIONS
        try {
            tell(transfer_state::failed, failure_);
        } catch (...) { // one is on its way already, or nobody is left to have it
        }
#else
        tell(transfer_state::failed, failure_);
#endif
    }

    descriptor const& what() const noexcept { return check_.what(); }
    std::uint64_t count() const noexcept { return check_.count(); }
    bool is_whole() const noexcept { return check_.is_sized() && count() == check_.size(); }
    /// Some of the bytes are from another answer or another run than the last ones.
    bool is_patched() const noexcept { return is_patched_; }

    /// Where it is, if not at the registry.
    std::vector<std::string> const& urls() const noexcept { return options_.urls; }

    // ---- before the first request ---------------------------------------------------------------------------------

    /// Asks the sink what it has. Error: that of the sink; after `part_in_use` it may be asked again, as `wait_for_part` says.
    result<void> open() {
        is_told_of_ = true;
        if (options_.resume) {
            open_ = true;
            check_.restart();
            LADING_TRY_V(out_.resume(what().size, [this](std::span<std::byte const> piece) {
                check_.add(piece);
                return !stop_.stop_requested();
            }));
            if (count() > check_.size()) condemn(); // that is not it
            is_patched_ = count() > 0;
            furthest_ = seen_ = count();
        }
        is_open_ = true;
        tell(is_patched_ ? transfer_state::resumed : transfer_state::started);
        return success();
    }
    bool is_open() const noexcept { return is_open_; }
    /// How long to wait for who has the file before it is asked again; nothing when it has been long enough.
    std::optional<std::chrono::milliseconds> wait_for_part(std::optional<std::chrono::steady_clock::time_point> const& end) {
        auto const now = clock_.now();
        return end && now >= *end ? std::nullopt : part_wait_.next(now);
    }
    /// Another place is asked from now on: it is judged by itself, and what the last one called the bytes is nothing to it.
    void move_on() noexcept {
        has_begun_again_ = false;
        etag_.clear();
        schedule_.begin();
        seen_ = furthest_;
    }

    /// What the next request asks for, in header fields.
    void ask(request& q) {
        trouble_ = trouble::none;
        refusal_.reset();
        asked_from_ = options_.resume ? count() : 0;
        asked_ = q.url;
        if (asked_from_ == 0) return;
        q.headers.add("Range", "bytes=" + std::to_string(asked_from_) + "-");
        if (!etag_.empty()) q.headers.add("If-Range", etag_);
    }
    std::uint64_t asked_from() const noexcept { return asked_from_; }
    /// The answer is not that of the place that was asked.
    bool came_from_elsewhere(response const& head) const noexcept { return !head.url.empty() && head.url != asked_; }

    // ---- the body -----------------------------------------------------------------------------------------------

    result<sink_action> begin(response const& head, std::optional<std::uint64_t> content_length) override {
        refusal_.reset();
        if (head.status != 200 && (head.status != 206 || asked_from_ == 0)) {
            refusal_ = head;
            // Their bodies say nothing, and are shorter than they are said to be where a server has them from its library.
            if (head.status == 412 || head.status == 416) return sink_action::stop;
            return error_body_.begin(head, content_length);
        }
        LADING_TRY_V(head.status == 200 ? begin_whole(head, content_length) : begin_rest(head, content_length));
        note_tag(head);
        if (auto const other = options_.remark ? detail::named_otherwise(head, what().digest) : std::nullopt)
            options_.remark(warning(warning_code::digest_header_differs, other->detail().actual + ", of " + what().digest.str()));
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        if (refusal_) return error_body_.write(piece);
        if (is_rest_ && until_ < check_.size() && piece.size() > until_ - count()) {
            trouble_ = trouble::range;
            return error(errc::range_mismatch).with_values("bytes to " + std::to_string(until_ - 1), "more");
        }
        auto taken = check_.take(piece);
        if (!taken) return condemn(), trouble_ = trouble::content, std::move(taken).assume_error();
        auto written = out_.write(piece);
        if (!written) return trouble_ = trouble::sink, std::move(written).assume_error();
        furthest_ = std::max(furthest_, count());
        if (options_.observer && clock_.now() - told_at_ >= std::chrono::milliseconds(100)) tell(transfer_state::running);
        return sink_action::proceed;
    }

    trouble what_was_wrong() const noexcept { return trouble_; }
    /// The head of an answer that has no part of the blob, the last one since `ask`; nothing after any other.
    std::optional<response> const& refusal() const noexcept { return refusal_; }
    std::string const& error_text() const noexcept { return error_body_.text(); }
    /// The answer continued the blob, and ended before the position that it had announced.
    bool is_short() const noexcept { return is_rest_ && count() < until_; }
    /// The answer continued the blob and was as long as announced, but the blob is longer.
    bool is_partial() const noexcept { return is_rest_ && count() == until_ && check_.is_sized() && !is_whole(); }

    // ---- what comes next ----------------------------------------------------------------------------------------

    /// Verifies and commits, unless it is to stop: the sink may take long for that. Errors: `size_mismatch`, `digest_mismatch`, `cancelled`, that
    /// of the sink.
    result<void> finish() {
        auto verified = check_.verify();
        if (!verified) return condemn(), std::move(verified);
        if (stop_.stop_requested()) return error(errc::cancelled);
        open_ = false;
        LADING_TRY_V(out_.commit());
        tell(transfer_state::done);
        is_told_of_ = false;
        return success();
    }
    /// Puts a blob into the sink that needs no request.
    result<void> finish_with(std::string_view bytes) {
        LADING_TRY_V(begin_sink());
        auto const whole = std::as_bytes(std::span(bytes));
        LADING_TRY_V(check_.take(whole));
        if (!bytes.empty()) {
            LADING_TRY_V(out_.write(whole));
        }
        return finish();
    }
    /// The transfer cannot be resumed: starts from the beginning, once at each place; false the second time. The sink keeps what it has
    /// until an answer begins.
    bool begin_again(error const& why) {
        forget();
        if (std::exchange(has_begun_again_, true)) return false;
        tell(transfer_state::retrying, why.summary());
        return true;
    }
    /// Whether 64 KiB have come since the last call; if so, tries are counted from zero again.
    bool has_progressed() noexcept {
        bool const yes = furthest_ - std::exchange(seen_, furthest_) >= progress;
        if (yes) schedule_.renew();
        return yes;
    }
    /// How long to wait before the transfer is resumed, as `next` takes it from the schedule; nothing when it is not resumed.
    template <class Next>
    std::optional<std::chrono::milliseconds> wait(error const& why, Next next) {
        has_progressed();
        auto const d = next(schedule_);
        if (d) tell(transfer_state::retrying, why.summary());
        return d;
    }
    /// The error of the call, unless another place has the blob.
    error failed(error e) {
        if (options_.observer) failure_ = e.summary();
        return e;
    }

  private:
    static retry_rules with_tries(retry_rules r, unsigned n) {
        r.tries = n;
        return r;
    }
    /// The bytes so far are not those of the blob.
    void condemn() {
        forget();
        is_wrong_ = true;
    }
    /// The next request is for all of it.
    void forget() {
        check_.restart();
        is_patched_ = false;
        etag_.clear();
        furthest_ = seen_ = 0;
    }

    result<void> begin_sink() {
        check_.restart();
        is_patched_ = is_wrong_ = false;
        open_ = true;
        auto begun = out_.begin();
        if (!begun) trouble_ = trouble::sink;
        return begun;
    }
    result<void> begin_whole(response const& head, std::optional<std::uint64_t> content_length) {
        trouble_ = trouble::content;
        LADING_TRY_V(check_.begin(head, content_length));
        trouble_ = trouble::none;
        until_ = check_.size();
        is_rest_ = false;
        return begin_sink();
    }
    result<void> begin_rest(response const& head, std::optional<std::uint64_t> content_length) {
        trouble_ = trouble::content;
        LADING_TRY_V(check_.begin(head, std::nullopt));
        trouble_ = trouble::range;
        auto const range = content_range_of(head.headers);
        auto const ends = check_.size(); // the most that is right
        bool const fits = range && range->satisfied && range->first == count() && range->last < ends && range->last < UINT64_MAX / 2 &&
                          (!check_.is_sized() || (range->total ? *range->total == ends : range->last == ends - 1)) &&
                          (check_.is_sized() || !range->total || *range->total == range->last + 1);
        if (!fits)
            return error(errc::range_mismatch)
                .with_values("bytes " + std::to_string(count()) + (check_.is_sized() ? '-' + std::to_string(ends - 1) : "-"),
                             detail::printable(head.headers.find("Content-Range").value_or("none"), 80));
        if (content_length && *content_length != range->last - range->first + 1)
            return error(errc::range_mismatch)
                .with_values(std::to_string(range->last - range->first + 1) + " bytes", std::to_string(*content_length));
        trouble_ = trouble::none;
        until_ = range->last + 1;
        is_rest_ = is_patched_ = true;
        tell(transfer_state::resumed);
        return success();
    }
    /// A strong tag (RFC 9110, 8.8.3), of an answer that is the origin's own, and not that of where it led.
    void note_tag(response const& head) {
        etag_.clear();
        auto const tag = head.headers.find("ETag").value_or("");
        bool const strong = tag.size() > 2 && tag.size() <= 256 && tag.front() == '"' && tag.find('"', 1) == tag.size() - 1;
        if (strong && !came_from_elsewhere(head)) etag_ = tag;
    }

    void tell(transfer_state s, std::string_view why = {}) {
        if (!options_.observer) return;
        told_at_ = clock_.now();
        auto const total = check_.is_sized() ? check_.size() : 0;
        options_.observer({check_.what(), s, count(), count(), total, why});
    }

    blob_sink& out_;
    blob_options options_;
    clock_type& clock_;
    stop_token stop_;
    response_body error_body_;
    blob_check<P> check_;
    retry_schedule<clock_type> schedule_;

    std::optional<response> refusal_;
    std::string asked_;             ///< the URL of the last request
    std::string etag_;              ///< what the place said that the bytes are
    std::string failure_;           ///< the last one
    std::uint64_t asked_from_ = 0;
    std::uint64_t until_ = 0;       ///< where the answer ends, as it says
    std::uint64_t furthest_ = 0;    ///< that any answer has come
    std::uint64_t seen_ = 0;        ///< how far that was when progress was last looked at
    detail::part_wait part_wait_;
    std::chrono::steady_clock::time_point told_at_{};
    trouble trouble_ = trouble::none;
    bool is_rest_ = false;          ///< the answer is a 206
    bool is_open_ = false;          ///< `open` has succeeded
    bool open_ = false;             ///< the sink has been begun and not ended
    bool is_wrong_ = false;         ///< what it has is not the blob
    bool is_patched_ = false;
    bool has_begun_again_ = false;
    bool is_told_of_ = false;       ///< the observer waits for the end
};

} // namespace lading
