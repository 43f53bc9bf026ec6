// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The upload operation: one blob into a repository (doc/protocol.md#uploads).
///
/// Requests, where the registry lacks the blob: HEAD `/v2/<name>/blobs/<digest>`, POST `/v2/<name>/blobs/uploads/`, PUT with the
/// bytes to the place that it names; the HEAD alone where it has it, one POST where it takes it from another repository. In chunks:
/// PATCH for each but the last. After a failure: HEAD, which tells whether the blob is there in spite of it; GET, which tells how much of a chunk
/// has come; and at its end DELETE, so that the registry keeps nothing.

#include "../http/plain_words.hpp"
#include "../http/retry_after.hpp"
#include "../http/status.hpp"
#include "../protocol/step.hpp"
#include "upload_answer.hpp"
#include "upload_chunks.hpp"
#include "upload_requests.hpp"
#include "verifying_source.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lading {

/// Sends one blob. A request whose outcome is not known is never sent again before the registry has been asked for the blob.
///
/// Without a digest in `known` the blob has the digest that it turns out to have; it is sent in chunks then, and never asked for.
///
/// Errors: `source_changed` when the bytes are not those that were announced, before they are complete at the registry; `upload_*`;
/// `digest_mismatch` when the registry says that it got others; `size_mismatch` when it says that it has others; `name_unknown` for a
/// repository that has to be made first; `unsupported_by_registry`; those of the source, `error_from_response` and the transport.
template <class P>
class upload_operation : upload_requests {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = pushed_blob;

    static constexpr std::size_t most_sessions = 3, most_questions = 3;

    /// The source must outlive it. In `place` is the session that is open, for one who gives up; empty for none.
    upload_operation(call_context c, std::optional<descriptor> known, body_source& from, push_options o, std::shared_ptr<std::string> place = {})
        : upload_requests(std::move(c), std::move(known), std::move(o), std::move(place)),
          source_(from, digest_of_known(), size_of(known_, from)), chunks_(source_) {
        source_.watch([this](std::uint64_t n) { tell_running(n); });
    }

    step<pushed_blob> start() {
        if (known_ && known_->size >= 0)
            if (auto const n = from_size_; n && *n != static_cast<std::uint64_t>(known_->size))
                return error(errc::source_changed).with_context("its size").with_values(std::to_string(known_->size) + " bytes", std::to_string(*n));
        if (!take_turn()) return wait_for_turn();
        if (known_ && !options_.mount_from.empty() && may_mount()) return mount();
        if (known_ && options_.ask_first) return ask(state::asking);
        return open();
    }

    step<pushed_blob> on_delay() {
        if (state_ == state::waiting_for_turn) {
            if (!take_turn()) return wait_for_turn();
            return ask(state::asking);
        }
        if (state_ == state::waiting_to_ask_first) return ask(state::asking);
        if (state_ == state::waiting_to_ask) return known_ ? ask(state::checking) : again();
        if (state_ == state::waiting_to_question) return question(error(*why_));
        return reopen();
    }

    step<pushed_blob> on_response(result<response> answer, auth_note const& shown = {}) {
        shown_ = shown;
        if (answer) detail::add_registry_warnings(answer.assume_value(), warnings_);
        switch (state_) {
        case state::asking: return on_asked(answer);
        case state::mounting: return on_mounted(answer);
        case state::opening: return on_opened(answer);
        case state::sending: return on_sent(answer);
        case state::patching: return on_patched(answer);
        case state::questioning: return on_questioned(answer);
        case state::checking: return on_checked(answer);
        case state::cancelling: return after_cancel();
        case state::waiting_for_turn:
        case state::waiting_to_ask_first:
        case state::waiting_to_ask:
        case state::waiting_to_question:
        case state::waiting_to_open: break;
        }
        return error(errc::invalid_argument);
    }

  private:
    std::optional<std::uint64_t> size_of(std::optional<descriptor> const& what, body_source& from) {
        from_size_ = from.size();
        return what && what->size >= 0 ? std::optional(static_cast<std::uint64_t>(what->size)) : from_size_;
    }
    // ---- is it there?

    step<pushed_blob> on_asked(result<response>& answer) {
        if (!answer && !may_pass(answer.assume_error())) return std::move(answer).assume_error();
        if (answer) {
            auto const& head = answer.assume_value();
            if (head.status == 200) return is_there(head, push_way::existing);
            if (head.status == 401 || head.status == 429) return refusal(head);
        }
        if ((!answer || answer.assume_value().status >= 500) && !std::exchange(asked_twice_, true)) {
            state_ = state::waiting_to_ask_first;
            return need_delay(std::chrono::milliseconds(250));
        }
        return open(); // it lacks the blob, or does not say
    }
    /// The size that it says is that of the blob, or it lies.
    step<pushed_blob> is_there(response const& head, push_way way) {
        auto const said = head.headers.find("Content-Length");
        if (said && source_.size() && *said != std::to_string(*source_.size()))
            return fail(error(errc::size_mismatch).with_context("what the registry has").with_values(std::to_string(*source_.size()) + " bytes", detail::printable(*said, 32)).with_url(safe_url(head.url)));
        return finish(way);
    }
    /// After a failure: `why_`.
    step<pushed_blob> on_checked(result<response>& answer) {
        if (!answer) {
            auto& e = answer.assume_error();
            return may_pass(e) ? wait(std::move(e), state::waiting_to_ask) : fail(std::move(e));
        }
        auto const& head = answer.assume_value();
        bool const may_shrink = std::exchange(may_shrink_, false);
        if (head.status == 200) return is_there(head, push_way::sent);
        if (needs_proof_) return fail(std::move(*why_));
        return may_shrink ? shrink(*why_, false) : again();
    }

    // ---- a session

    step<pushed_blob> on_mounted(result<response>& answer) {
        if (!answer && is_callers_own(answer.assume_error())) return std::move(answer).assume_error();
        if (answer) {
            auto const& head = answer.assume_value();
            if (head.status == 201) {
                if (auto wrong = detail::named_otherwise(head, known_->digest)) return fail(std::move(*wrong));
                return finish(push_way::mounted);
            }
            if (head.status == 202) return take_session(head); // this very one is used
        }
        if (talk_.uploads) talk_.uploads->mount_failed(mount_key());
        return open();
    }

    step<pushed_blob> open() {
        if (!options_.single_post || !known_ || !source_.size() || posted_) return post();
        posted_ = comes_along_ = whole_ = true;
        tell(transfer_state::started);
        return post(&source_);
    }
    step<pushed_blob> on_opened(result<response>& answer) {
        if (std::exchange(comes_along_, false) && !(answer && answer.assume_value().status == 202)) return on_sent(answer);
        if (!answer) {
            auto& e = answer.assume_error();
            return may_pass(e) ? wait(std::move(e), state::waiting_to_open) : fail(std::move(e));
        }
        auto const& head = answer.assume_value();
        switch (head.status) {
        case 201:
            if (!known_) break; // it cannot know of what
            return finish(push_way::existing);
        case 202: return take_session(head);
        case 408:
        case 429:
        case 500:
        case 502:
        case 503:
        case 504: return wait(said(head), state::waiting_to_open, retry_after_of(head));
        default: break;
        }
        if (head.status >= 300) return refusal(head);
        if (detail::is_web_page(body_.text())) return fail(std::move(*answer_of_another_kind(head, body_.text(), "an upload session")));
        return fail(error(errc::upload_protocol).with_context("no session was begun").with_status(head.status).with_url(safe_url(head.url)));
    }
    step<pushed_blob> take_session(response const& head) {
        if (auto begun = session_.begin(head, warnings_); !begun) return fail(std::move(begun).assume_error());
        ++sessions_;
        return send_blob(head);
    }
    // ---- the bytes

    /// `head` opened the session.
    step<pushed_blob> send_blob(response const& head) {
        auto const least = least_chunk(head.headers);
        auto const size = source_.size();
        auto chunk = chunk_ != 0 ? chunk_ : options_.chunk != 0 ? std::max<std::uint64_t>(options_.chunk, smallest_chunk)
                                                                : note().chunk;
        if (lost_ && chunk_ == 0 && note().chunk == 0 && size && given_) return send_whole(); // a lost session is not resumed
        if (chunk == 0 && (!size || !given_)) chunk = usual_chunk;
        if (chunk == 0 || (size && *size <= chunk && given_)) return send_whole();
        if (!least || *least > largest_chunk)
            return fail(error(errc::upload_chunk_refused)
                            .with_values("at most " + std::to_string(largest_chunk) + " bytes", least ? std::to_string(*least) : detail::printable(head.headers.find("OCI-Chunk-Min-Length").value_or(""), 32)));
        chunks_.set_size(std::min(std::max(chunk, *least), largest_chunk));
        if (auto begun = chunks_.begin(); !begun) return fail(spent(std::move(begun).assume_error()));
        tell(transfer_state::started);
        return send_chunk();
    }
    step<pushed_blob> send_whole() {
        whole_ = true;
        tell(transfer_state::started);
        return put(source_);
    }
    step<pushed_blob> send_chunk() {
        whole_ = false;
        auto next = chunks_.next();
        if (!next) return fail(spent(std::move(next).assume_error()));
        auto const& p = next.assume_value();
        if (p.last && !given_) known_.emplace("application/octet-stream", *source_.actual(), static_cast<std::int64_t>(source_.count()));
        piece_.emplace(p.bytes);
        return put_chunk(*piece_, p.from, p.bytes.size(), p.last);
    }

    /// The answer to the request that ends with the last byte.
    step<pushed_blob> on_sent(result<response>& answer) {
        if (whole_ && source_.failure()) return fail(spent(*source_.failure()));
        if (!answer) {
            auto& e = answer.assume_error();
            return is_callers_own(e) ? fail(std::move(e)) : check(std::move(e));
        }
        auto const& head = answer.assume_value();
        auto const status = head.status;
        if (status >= 200 && status < 300) {
            if (!head.sent_whole) return check(error(errc::connection_reset).with_context("the answer came before the request was complete").with_status(status).with_url(safe_url(head.url)));
            auto const told = detail::digest_said(head);
            if (auto wrong = detail::named_otherwise(head, known_->digest)) return fail(std::move(*wrong));
            bool const same = told && *told == known_->digest;
            if (told && !same) return prove(error(errc::digest_unsupported).with_context("the registry keeps the blob as " + told->str()).with_url(safe_url(head.url)));
            if (session_.is_of_another_repository()) return prove(error(errc::upload_protocol).with_context("the upload led to another repository").with_url(safe_url(head.url)));
            if (status == 201 || status == 204 || same) return finish(push_way::sent);
            return prove(error(errc::upload_protocol).with_context("an answer that says of no blob that it was kept").with_status(status).with_url(safe_url(head.url)));
        }
        if (detail::refuses_size(head, body_.text())) return shrink(said(head));
        auto e = said(head);
        if (detail::may_refuse_size(head, whole_ ? source_.size().value_or(0) : chunks_.end_of_sent() - chunks_.offset())) may_shrink_ = true;
        if (status == 401 && shown_.expired && !std::exchange(renewed_, true)) return whole_ ? check(std::move(e)) : question(std::move(e));
        if (status == 404 || status == 410) return lost(std::move(e));
        if (status == 400 && (detail::says_code(e, "BLOB_UPLOAD_INVALID") || detail::says_code(e, "BLOB_UPLOAD_UNKNOWN"))) return lost(std::move(e));
        if (status == 400 && detail::says_code(e, "DIGEST_INVALID")) {
            e = detail::with_code(e, errc::digest_mismatch);
            return std::exchange(damaged_, true) ? fail(std::move(e)) : cancel_and_again(std::move(e));
        }
        if (status == 429) return wait(std::move(e), state::waiting_to_ask, retry_after_of(head));
        if (status == 507) return fail(std::move(e)); // it has no room, and will not have it at once
        if (status == 408 || status >= 500) return check(std::move(e));
        if (status == 416 && !whole_) return question(std::move(e));
        return refusal(head);
    }

    step<pushed_blob> on_patched(result<response>& answer) {
        if (!answer) {
            auto& e = answer.assume_error();
            return is_callers_own(e) ? fail(std::move(e)) : question(std::move(e));
        }
        auto const& head = answer.assume_value();
        auto const status = head.status;
        if (status == 202 || status == 201 || status == 204) {
            renewed_ = false;
            if (auto moved = session_.follow(head, warnings_); !moved) return fail(std::move(moved).assume_error());
            if (!head.sent_whole) return question(error(errc::connection_reset).with_context("the answer came before the request was complete"));
            auto const end = upload_range_end(head.headers);
            if (!end && head.headers.find("Range") && !std::exchange(odd_range_, true))
                warnings_.emplace_back(warning_code::upload_range_ignored, detail::printable(*head.headers.find("Range"), 64));
            auto const before = chunks_.end_of_sent();
            auto const v = chunks_.taken(end);
            return go_by(v, chunks_.offset() < before);
        }
        if (detail::refuses_size(head, body_.text())) return shrink(said(head));
        auto e = said(head);
        if (status == 401 && shown_.expired && !std::exchange(renewed_, true)) return question(std::move(e));
        if (status == 404 || status == 410 || detail::says_code(e, "BLOB_UPLOAD_INVALID") || detail::says_code(e, "BLOB_UPLOAD_UNKNOWN")) return lost(std::move(e));
        if (status == 429) return wait(std::move(e), state::waiting_to_question, retry_after_of(head));
        if (status == 507) return fail(std::move(e));
        if (status == 416 || status == 408 || status >= 500) return question(std::move(e));
        return refusal(head);
    }
    step<pushed_blob> go_by(typename upload_chunks<P>::verdict v, bool back) {
        using verdict = typename upload_chunks<P>::verdict;
        bool const too_often = back && ++steps_back_ > most_questions;
        if (v == verdict::go_on && !too_often) return send_chunk();
        auto e = error(errc::upload_offset_mismatch).with_values("bytes up to " + std::to_string(chunks_.end_of_sent()), "others");
        if (v == verdict::impossible && std::exchange(impossible_, true)) return fail(std::move(e));
        steps_back_ = 0;
        return cancel_and_again(std::move(e));
    }

    /// How much of a chunk has come whose fate is not known.
    step<pushed_blob> question(error why) {
        why_ = std::move(why);
        if (++questions_ > most_questions) return check(std::move(*why_));
        return ask_how_far();
    }
    step<pushed_blob> on_questioned(result<response>& answer) {
        if (!answer) return is_callers_own(answer.assume_error()) ? fail(std::move(answer).assume_error()) : check(std::move(*why_));
        auto const& head = answer.assume_value();
        if (head.status != 204 && head.status != 200 && head.status != 202) return lost(std::move(*why_));
        if (auto moved = session_.follow(head, warnings_); !moved) return fail(std::move(moved).assume_error());
        auto const end = upload_range_end(head.headers);
        auto const v = chunks_.found(end);
        if (v == upload_chunks<P>::verdict::impossible) impossible_ = true; // beyond what was sent: it is not ours
        return go_by(v, false);
    }

    // ---- what failed

    /// The session is gone. The blob may be there.
    step<pushed_blob> lost(error why) {
        session_.end();
        lost_ = true;
        return check(std::move(why));
    }
    /// The outcome is not known: is the blob there?
    step<pushed_blob> check(error why) {
        why_ = std::move(why);
        if (!known_) return again();
        return ask(state::checking);
    }
    /// It is said to be there; it has to be.
    step<pushed_blob> prove(error otherwise) {
        why_ = std::move(otherwise);
        needs_proof_ = true;
        return ask(state::checking);
    }
    /// In a new session, because of `why_`.
    step<pushed_blob> again() {
        if (sessions_ >= (lost_ ? most_sessions : tries())) {
            auto why = std::move(*why_);
            return fail(lost_ ? detail::with_code(why, errc::upload_session_lost) : std::move(why));
        }
        tell(transfer_state::retrying, name_of(why_->kind()));
        bool const is_down = why_->http_status() >= 500 || *why_ == errc::connection_refused || *why_ == errc::connect_timeout;
        return is_down ? wait(error(*why_), state::waiting_to_open) : reopen();
    }
    /// A new session; the registry need not keep the one before.
    step<pushed_blob> reopen() { return session_.is_open() ? cancel() : open(); }
    step<pushed_blob> cancel_and_again(error why) {
        why_ = std::move(why);
        if (sessions_ >= most_sessions) return fail(std::move(*why_));
        tell(transfer_state::retrying, name_of(why_->kind()));
        return cancel();
    }
    /// The registry takes no request of this size: smaller ones. `is_sure`: it has said so, and others will meet the same.
    step<pushed_blob> shrink(error const& why, bool is_sure = true) {
        auto const now = whole_ ? source_.size().value_or(0) : chunks_.size();
        sizes_ += (sizes_.empty() ? "" : ", ") + std::to_string(whole_ ? now : chunks_.size());
        auto next = std::uint64_t{0};
        for (auto const size : {std::uint64_t(16) << 20, std::uint64_t(4) << 20, std::uint64_t(1) << 20})
            if (next == 0 && size < now) next = size;
        if (next == 0) {
            auto e = detail::with_code(why, errc::upload_too_large);
            e.with_context("requests of " + sizes_ + " bytes");
            return fail(std::move(e));
        }
        chunk_ = next;
        if (is_sure && talk_.uploads) talk_.uploads->change(home_, [&](auto& n) { n.chunk = next; });
        if (sessions_ > 0) --sessions_; // it is not to blame
        why_.reset();
        return cancel();
    }
    step<pushed_blob> wait(error why, state then, std::int64_t wish = -1) {
        if (++tries_ >= tries() || wish > longest_wish) return fail(std::move(why));
        auto const wait = wish >= 0 ? std::chrono::milliseconds(std::chrono::seconds(wish)) : std::chrono::milliseconds(std::min<std::int64_t>(20'000, std::int64_t(125) << std::min(tries_, 10u)));
        if (talk_.deadline && wish > 0 && std::chrono::steady_clock::now() + wait >= *talk_.deadline) return fail(std::move(why));
        why_ = std::move(why);
        state_ = then;
        return need_delay(std::max(wait, std::chrono::milliseconds(100)));
    }

    /// Ends the session at the registry, whatever comes of it.
    step<pushed_blob> cancel() {
        if (!session_.is_open() || session_.is_elsewhere()) return after_cancel();
        return delete_session();
    }
    step<pushed_blob> after_cancel() {
        if (!failure_) return open();
        turn_.reset();
        return std::move(*failure_);
    }
    step<pushed_blob> fail(error e) {
        tell(transfer_state::failed, name_of(e.kind()));
        failure_ = std::move(e);
        return is_given_up(*failure_) ? after_cancel() : cancel();
    }
    /// What a source says that cannot be read again, where it would have to be.
    error spent(error e) const {
        if (!(e == errc::source_spent) || sessions_ < 2) return e;
        return detail::with_code(why_ ? error(*why_) : std::move(e), errc::upload_session_lost);
    }
    error said(response const& head) const { return detail::upload_refusal<typename P::json>(head, body_.text(), talk_.bounds, shown_); }
    step<pushed_blob> refusal(response const& head) { return fail(said(head)); }

    step<pushed_blob> finish(push_way way) {
        if (talk_.uploads && way == push_way::sent) talk_.uploads->change(home_, [](auto& n) { n.has_taken = true; });
        tell(way == push_way::sent ? transfer_state::done : transfer_state::skipped, way == push_way::mounted ? "it is taken from another repository" : way == push_way::existing ? "it is there"
                                                                                                                                                                                  : "");
        turn_.reset();
        pushed_blob out(*known_);
        out.way = way;
        out.warnings = std::move(warnings_);
        return done<pushed_blob>(std::move(out));
    }

    void tell(transfer_state s, std::string_view reason = {}) { upload_requests::tell(s, source_.count(), source_.size(), reason); }
    void tell_running(std::uint64_t) {
        if (may_tell_again()) tell(transfer_state::running);
    }

    static constexpr std::uint64_t usual_chunk = std::uint64_t(16) << 20, smallest_chunk = std::uint64_t(64) << 10,
                                   largest_chunk = std::uint64_t(64) << 20;
    static constexpr std::int64_t longest_wish = 60; ///< in seconds

    std::optional<std::uint64_t> from_size_;
    verifying_source<P> source_;
    upload_chunks<P> chunks_;
    std::optional<view_source> piece_; ///< of the chunk under way
    auth_note shown_;
    std::uint64_t chunk_ = 0; ///< bytes, where the registry has refused more
    std::string sizes_;       ///< that it has refused
    std::optional<error> why_, failure_;
    std::size_t questions_ = 0, steps_back_ = 0;
    unsigned tries_ = 0;
    bool asked_twice_ = false, whole_ = false, lost_ = false, damaged_ = false, impossible_ = false, posted_ = false, needs_proof_ = false;
    bool comes_along_ = false; ///< the blob, with the POST under way
    bool may_shrink_ = false;  ///< where the blob is not there: the request may have been too large
    bool odd_range_ = false; ///< said already
    bool renewed_ = false;   ///< the token, since the registry has taken anything
};

} // namespace lading
