// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `upload_requests`: what an upload asks, and what it knows of the registry; `upload_operation` has what follows from the answers.

#include "../http/upload_location.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "push_options.hpp"
#include "upload_answer.hpp"
#include "upload_session.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

class upload_requests : immovable {
  protected:
    upload_requests(call_context c, std::optional<descriptor> known, push_options o, std::shared_ptr<std::string> place)
        : talk_(std::move(c)), options_(std::move(o)), place_(std::move(place)), known_(std::move(known)), body_(talk_.bounds),
          home_(talk_.home.base()) {}

    /// What is awaited.
    enum class state : std::uint8_t { asking,
                                      mounting,
                                      opening,
                                      sending,
                                      patching,
                                      questioning, ///< how much of a chunk has come
                                      checking,    ///< whether the blob is there in spite of a failure
                                      cancelling,
                                      waiting_for_turn, ///< another one sends the same
                                      waiting_to_ask_first,
                                      waiting_to_ask,
                                      waiting_to_question,
                                      waiting_to_open };

    std::optional<digest> digest_of_known() const { return known_ ? std::optional(known_->digest) : std::nullopt; }
    upload_notes::note note() const { return talk_.uploads ? talk_.uploads->of(home_) : upload_notes::note(); }
    routing push() const {
        auto out = talk_.push();
        out.token_for = upload_session::token_for;
        return out;
    }
    std::string path(std::string_view rest) const { return talk_.base_url + "/v2/" + std::string(talk_.name.path()) + "/blobs/" + std::string(rest); }
    need_exchange exchange(state s, request q, routing how) {
        state_ = s;
        if (place_) *place_ = session_.is_elsewhere() ? std::string() : session_.place();
        if (!q.source && talk_.small_limit.count() > 0) {
            auto const until = std::chrono::steady_clock::now() + talk_.small_limit;
            if (!q.deadline || *q.deadline > until) q.deadline = until;
        }
        return need_exchange(std::move(q), body_, std::move(how));
    }
    std::size_t tries() const { return std::max(options_.tries != 0 ? options_.tries : talk_.tries, 1u); }

    /// One at a time sends a blob to a repository; the others find it there.
    bool take_turn() {
        if (!known_ || !talk_.uploads) return true;
        turn_ = talk_.uploads->take_turn(home_ + ' ' + std::string(talk_.name.path()) + ' ' + known_->digest.str());
        return turn_ != nullptr;
    }
    need_delay wait_for_turn() {
        state_ = state::waiting_for_turn;
        patience_ = std::clamp(patience_ * 5 / 4, std::chrono::milliseconds(4), std::chrono::milliseconds(50));
        return need_delay(patience_);
    }

    /// A failure after which the same may be asked again. A registry that has taken something, and is not there now, is beginning again.
    bool may_pass(error const& e) const {
        return detail::is_passing(e.kind()) || (e == errc::connection_refused && (sessions_ > 0 || note().has_taken));
    }

    /// Is the blob there?
    need_exchange ask(state s) {
        auto how = push();
        how.goes_on = s == state::asking; // one more try is enough where sending is the answer to a failure
        return exchange(s, talk_.send("HEAD", path(known_->digest.str())), std::move(how));
    }
    std::string mount_key() const { return home_ + ' ' + options_.mount_from + ' ' + std::string(talk_.name.path()); }
    /// Words that are no path of a repository would be others in the scope of a token.
    bool may_mount() const {
        auto const from = repository::parse(std::string(talk_.name.host()) + '/' + options_.mount_from);
        return from && from.assume_value().path() == options_.mount_from && (!talk_.uploads || talk_.uploads->may_mount(mount_key()));
    }
    /// Takes it from another repository.
    need_exchange mount() {
        auto how = push();
        how.scope += " repository:" + options_.mount_from + ":pull";
        return exchange(state::mounting, talk_.send("POST", path("uploads/?mount=") + percent_encode(known_->digest.str()) + "&from=" + percent_encode(options_.mount_from)), std::move(how));
    }
    /// Begins a session; from a source the blob comes with it, where the registry takes it so. `known_` then.
    need_exchange post(body_source* whole = nullptr) {
        session_.end();
        auto url = path("uploads/");
        auto const d = digest_of_known();
        if (d && d->algorithm() != digest_algorithm::sha256) url += "?digest-algorithm=" + std::string(name_of(d->algorithm()));
        auto q = talk_.send("POST", whole ? closing_url(url, *d) : std::move(url));
        if (whole) q.headers.add("Content-Type", "application/octet-stream");
        q.source = whole;
        return exchange(state::opening, std::move(q), push());
    }
    /// The whole blob, whose size is known.
    need_exchange put(body_source& from) {
        auto [q, how] = session_.ask("PUT", closing_url(session_.place(), known_->digest));
        q.headers.add("Content-Type", "application/octet-stream");
        if (*from.size() > expect_above && !note().has_taken) q.headers.add("Expect", "100-continue");
        q.source = &from;
        return exchange(state::sending, std::move(q), std::move(how));
    }
    /// `size` bytes of it, from `at` on; the last ones close the session.
    need_exchange put_chunk(body_source& from, std::uint64_t at, std::size_t size, bool last) {
        auto [q, how] = session_.ask(last ? "PUT" : "PATCH", last ? closing_url(session_.place(), known_->digest) : open_url(session_.place()));
        q.headers.add("Content-Type", "application/octet-stream");
        bool const alone = last && at == 0;
        if (!alone && size != 0) q.headers.add("Content-Range", std::to_string(at) + '-' + std::to_string(at + size - 1));
        q.source = &from;
        return exchange(last ? state::sending : state::patching, std::move(q), std::move(how));
    }
    /// How much of a chunk has come.
    need_exchange ask_how_far() {
        auto [q, how] = session_.ask("GET", open_url(session_.place()));
        how.goes_on = true;
        return exchange(state::questioning, std::move(q), std::move(how));
    }
    /// The registry need not keep the session, which is over: this may take two seconds.
    need_exchange delete_session() {
        auto [q, how] = session_.ask("DELETE", open_url(session_.end()));
        how.answers_challenges = false;
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
        if (!q.deadline || *q.deadline > until) q.deadline = until;
        return exchange(state::cancelling, std::move(q), std::move(how));
    }

    /// Tells the observer of so many bytes of `size`, once it is known of what.
    void tell(transfer_state s, std::uint64_t count, std::optional<std::uint64_t> size, std::string_view reason) {
        if (!options_.observer || !known_) return;
        transfer_event event{*known_, s};
        event.bytes = event.all_bytes = s == transfer_state::started || s == transfer_state::retrying ? 0 : count;
        event.all_total = size.value_or(event.bytes);
        event.reason = reason;
        options_.observer(event);
    }
    /// At most ten times a second.
    bool may_tell_again() {
        if (!options_.observer) return false;
        auto const now = std::chrono::steady_clock::now();
        if (now < next_tell_) return false;
        next_tell_ = now + std::chrono::milliseconds(100);
        return true;
    }

    static constexpr std::uint64_t expect_above = std::uint64_t(8) << 20; ///< bytes

    call_context talk_;
    push_options options_;
    std::shared_ptr<std::string> place_; ///< tells one who gives up where the session is
    std::optional<descriptor> known_;
    bool const given_ = known_.has_value(); ///< else it is known at its end
    detail::answer_text body_;
    std::string home_; ///< the origin that is written to
    std::shared_ptr<upload_notes::turn> turn_;
    state state_ = state::asking;
    upload_session session_{talk_, options_.upload_hosts};
    std::size_t sessions_ = 0; ///< begun so far
    std::vector<warning> warnings_;

  private:
    std::chrono::milliseconds patience_{0};
    std::chrono::steady_clock::time_point next_tell_{};
};

} // namespace lading
