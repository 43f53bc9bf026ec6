// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that changes the list of a subject's referrers at a registry that does not make one (doc/protocol.md#referrers).
///
/// Requests: GET `/v2/<name>/referrers/<digest>`, once a repository, which tells whether the registry makes the list; GET, PUT and GET
/// again `/v2/<name>/manifests/sha256-<hex>`; DELETE in place of PUT where nothing is left.

#include "../detail/chrono.hpp"
#include "../document/encode.hpp"
#include "../document/parse_and_verify.hpp"
#include "../document/referrer.hpp"
#include "../http/body_source.hpp"
#include "../http/retry_after.hpp"
#include "../http/status.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "referrers_options.hpp"
#include "upload_answer.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// Whether an answer to the request for referrers says that there is no such thing. A refusal (401, 403, 429) and a failure of the
/// server do not: what was listed elsewhere for it would be lost.
inline bool lacks_referrers(response const& head, error const& said) {
    switch (head.status) {
    case 200: // of another type than a list
    case 404:
    case 405:
    case 501: return true;
    default: return head.status == 400 && says_code(said, "UNSUPPORTED");
    }
}

/// The index that a tag leads to, to be changed.
struct referrers_index {
    std::optional<oci_index> document; ///< nothing: the tag leads nowhere
    json_document json;                ///< that it was read from
    std::string etag;

    /// What it lists. There may be as many as anybody who pushes likes.
    std::set<digest> digests() const {
        std::set<digest> out;
        if (document)
            for (auto const& m : document->manifests) out.insert(m.digest);
        return out;
    }
};

} // namespace detail

/// Entries stay in their order with all that others have written into them, new ones come behind them. Registries take what is written last:
/// of two writers who have read the same list one is lost. So the list is read again after it was written, when as much time has gone as reading and
/// writing took, and what is missing then, ours or another's, is written again after a random wait; five times where nobody else
/// writes, and as long as others do sixty times. Once others have been seen to write, it is also read until nobody has changed it between three
/// readings, thirty times at most, and later changes by the same client look for what its former ones have added. Within one
/// client the writers of a list take turns. `If-Match` and `If-None-Match` are sent for those registries that heed them.
///
/// Errors: `precondition_failed` where it is still missing then, in `error_detail::available` the digests; `media_type_mismatch` where the tag leads to
/// something else than a list of referrers, which is not touched; `manifest_limit` for a list over `limits::manifest_bytes`; those of
/// `error_from_response` and the transport.
template <class P>
class referrers_tag_operation : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = referrers_listing;

    /// `asks_registry`: ask first whether it makes the list, unless that is known.
    referrers_tag_operation(call_context c, referrers_change change, bool asks_registry = true)
        : talk_(std::move(c)), change_(std::move(change)), tag_(referrers_tag(change_.subject)), asks_(asks_registry),
          body_(talk_.bounds.manifest_bytes, talk_.bounds, errc::manifest_limit), source_(bytes_), key_(talk_.repository_key()),
          removed_(change_.removed.begin(), change_.removed.end()) {}

    step<referrers_listing> start() {
        if (change_.added.empty() && change_.removed.empty()) return over(referrers_listing::none);
        auto const known = talk_.uploads ? talk_.uploads->has_referrers(key_) : std::nullopt;
        if (known == true) return over(referrers_listing::registry);
        if (!known && asks_) {
            state_ = state::asking;
            auto q = talk_.get("referrers", change_.subject.str());
            q.headers.add("Accept", media_types::oci_index);
            return need_exchange(std::move(q), body_, talk_.pull());
        }
        return take_turn();
    }
    step<referrers_listing> on_delay() {
        if (state_ == state::waiting_for_turn) return take_turn();
        return read(state_ == state::settling ? state::checking : state::reading);
    }
    step<referrers_listing> on_response(result<response> answer, auth_note const& shown = {}) {
        shown_ = shown;
        switch (state_) {
        case state::asking: return on_asked(answer);
        case state::putting: return on_put(answer);
        case state::removing: return on_removed(answer);
        case state::checking: return on_checked(answer);
        default: return on_read(answer);
        }
    }

  private:
    enum class state : std::uint8_t { asking, ///< whether the registry makes the list
                                      waiting_for_turn,
                                      reading,
                                      putting,
                                      removing,
                                      checking, ///< what the tag leads to after it was written
                                      settling, ///< until others have written
                                      losing }; ///< until it is written again

    static step<referrers_listing> over(referrers_listing how) { return done<referrers_listing>(how); }
    std::string url() const { return talk_.base_url + "/v2/" + std::string(talk_.name.path()) + "/manifests/" + tag_; }

    step<referrers_listing> on_asked(result<response>& answer) {
        LADING_TRY(auto const head, std::move(answer));
        std::vector<warning> odd;
        bool const listed = head.status == 200 && detail::content_type(head, odd) == media_types::oci_index;
        if (!listed) {
            auto e = error_from_response<typename P::json>(head, body_.text(), asked::manifest, talk_.bounds, shown_);
            if (!detail::lacks_referrers(head, e)) return what_failed(std::move(e));
            if (e == errc::name_unknown) return take_turn(); // it says nothing of other repositories' referrers, nor later of this one's
        }
        if (talk_.uploads) talk_.uploads->note_referrers(key_, listed);
        return listed ? over(referrers_listing::registry) : take_turn();
    }
    /// One at a time in this client: the others would only undo what it does.
    step<referrers_listing> take_turn() {
        if (talk_.uploads) turn_ = talk_.uploads->take_turn(list_key());
        if (talk_.uploads && !turn_) {
            state_ = state::waiting_for_turn;
            patience_ = std::clamp(patience_ * 5 / 4, std::chrono::milliseconds(4), std::chrono::milliseconds(50));
            return need_delay(patience_);
        }
        if (talk_.uploads && talk_.uploads->is_contended(list_key())) {
            contended_ = true;
            for (auto const& d : talk_.uploads->listed(list_key())) want(d);
        }
        return read(state::reading);
    }
    std::string list_key() const { return key_ + ' ' + tag_; }

    step<referrers_listing> read(state s) {
        state_ = s;
        if (s == state::reading) began_ = std::chrono::steady_clock::now();
        auto q = talk_.send("GET", url());
        q.headers.add("Accept", media_types::oci_index);
        return need_exchange(std::move(q), body_, talk_.push());
    }
    /// The index in an answer.
    result<detail::referrers_index> index_in(result<response>& answer) {
        LADING_TRY(auto const head, std::move(answer));
        detail::referrers_index out;
        auto const text = body_.take();
        if (head.status == 404) return out;
        if (head.status != 200) return error_from_response<typename P::json>(head, text, asked::manifest, talk_.bounds, shown_);
        LADING_TRY(auto known, detail::identify<P>(text, head, manifest_expectation(), talk_.bounds));
        if (auto wrong = detail::named_otherwise(head, known.digest)) return std::move(*wrong);
        auto const type = known.media_type_or("");
        if (known.wrong || type != media_types::oci_index) return no_list(type);
        LADING_TRY(out.json, json_document::parse<typename P::json>(text, talk_.bounds.json));
        LADING_TRY(out.document, decode<oci_index>(out.json.root(), errc::manifest_schema, talk_.bounds));
        if (out.document->subject) return no_list("an index with a subject of its own");
        out.etag = head.headers.find("ETag").value_or("");
        return out;
    }
    error no_list(std::string_view actual) const {
        return error(errc::media_type_mismatch)
            .with_context("the tag " + tag_ + " does not lead to a list of referrers; move it away, then push the referrer again")
            .with_values(std::string(media_types::oci_index), detail::printable(actual, 160));
    }

    step<referrers_listing> on_read(result<response>& answer) {
        auto index = index_in(answer);
        if (!index) return unread(std::move(index).assume_error());
        return write(std::move(index).assume_value());
    }
    /// Registries fail at what others are about to write.
    step<referrers_listing> unread(error e) { return written_ || contended_ ? lost(std::move(e)) : what_failed(std::move(e)); }
    step<referrers_listing> write(detail::referrers_index index) {
        if (note_entries(index) && tries_ != 0) others_write();
        bool differs = false;
        auto const there = index.digests();
        oci_index out;
        if (index.document) out = std::move(*index.document);
        else out.media_type = media_types::oci_index;
        differs = std::erase_if(out.manifests, [&](auto const& m) { return removed_.contains(m.digest); }) != 0;
        for (auto const& entry : wanted_)
            if (!there.contains(entry.digest)) {
                out.manifests.push_back(entry);
                differs = true;
            }
        if (!differs) return written_ ? settle(index) : finish(referrers_listing::as_it_was);
        if (out.manifests.empty() && !keeps_empty_) return remove(index.etag);
        auto bytes = index.document ? encode(out, index.json.root()) : encode(out);
        if (!bytes) return what_failed(std::move(bytes).assume_error());
        bytes_ = std::move(bytes).assume_value();
        if (bytes_.size() > talk_.bounds.manifest_bytes)
            return what_failed(error(errc::manifest_limit)
                                   .with_context("the list of referrers at the tag " + tag_)
                                   .with_values("at most " + std::to_string(talk_.bounds.manifest_bytes) + " bytes (limits::manifest_bytes)", std::to_string(bytes_.size())));
        source_ = view_source(bytes_);
        state_ = state::putting;
        auto q = talk_.send("PUT", url());
        q.headers.add("Content-Type", media_types::oci_index);
        if (!index.document) q.headers.add("If-None-Match", "*");
        else if (!index.etag.empty()) q.headers.add("If-Match", index.etag);
        q.source = &source_;
        return need_exchange(std::move(q), kept_.emplace(talk_.bounds), talk_.push());
    }
    /// What is to be there from now on: ours, and what others have written, unless it is to be removed. True for something new.
    bool note_entries(detail::referrers_index const& index) {
        auto const before = wanted_.size();
        if (index.document)
            for (auto const& m : index.document->manifests) want(m);
        for (auto const& d : change_.added) want(d);
        return wanted_.size() > before;
    }
    void want(descriptor const& d) {
        if (!removed_.contains(d.digest) && known_.insert(d.digest).second) wanted_.push_back(d);
    }
    void others_write() {
        contended_ = true;
        alone_ = 0;
    }

    step<referrers_listing> on_put(result<response>& answer) {
        if (!answer) {
            auto& e = answer.assume_error();
            if (!detail::is_passing(e.kind())) return what_failed(std::move(e));
            return lost(std::move(e));
        }
        auto const& head = answer.assume_value();
        if (head.status >= 200 && head.status < 300) {
            written_ = true;
            if (change_.added.empty()) return finish(referrers_listing::changed); // what is listed and not there does no harm
            took_ = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_), std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
            state_ = state::settling;
            return need_delay(took_);
        }
        auto e = detail::upload_refusal<typename P::json>(head, kept_->text(), talk_.bounds, shown_);
        if (head.status == 412) return lost(std::nullopt);
        if (head.status == 429) return lost(std::move(e), retry_after_of(head));
        if (head.status == 408 || (head.status >= 500 && head.status != 501)) return lost(std::move(e));
        if (detail::says_any(e, {"immutable", "cannot be overwritten"})) e = detail::with_code(e, errc::tag_immutable);
        return what_failed(std::move(e));
    }
    step<referrers_listing> on_checked(result<response>& answer) {
        auto read = index_in(answer);
        if (!read) return unread(std::move(read).assume_error());
        auto const& index = read.assume_value();
        if (note_entries(index)) others_write();
        missing_.clear();
        auto const there = index.digests();
        for (auto const& w : wanted_)
            if (!there.contains(w.digest)) missing_.push_back(w.digest.str());
        for (auto const& d : removed_)
            if (there.contains(d)) missing_.push_back(d.str());
        if (!missing_.empty()) return contended_ = true, lost(std::nullopt);
        return settle(index);
    }
    /// All is there. Where others are writing one of them may have read what was before ours: until all have written.
    step<referrers_listing> settle(detail::referrers_index const& index) {
        if (!contended_) return finish(referrers_listing::changed);
        std::vector<digest> now;
        if (index.document)
            for (auto const& m : index.document->manifests) now.push_back(m.digest);
        quiet_ = now == settled_ ? quiet_ + 1 : 0;
        settled_ = std::move(now);
        auto const wait = took_ * 3 + std::chrono::milliseconds(50 + random(200));
        bool const late = talk_.deadline && std::chrono::steady_clock::now() + wait * 4 > *talk_.deadline; // all is there, now
        if (quiet_ == 2 || ++settles_ > 30 || late) return finish(referrers_listing::changed);
        state_ = state::settling;
        return need_delay(wait);
    }
    step<referrers_listing> finish(referrers_listing how) {
        if (contended_ && talk_.uploads) talk_.uploads->note_listed(list_key(), change_.added, change_.removed);
        return over(how);
    }

    /// Nothing is left on the list.
    step<referrers_listing> remove(std::string const& etag) {
        state_ = state::removing;
        routing how("repository:" + std::string(talk_.name.path()) + ":delete");
        how.asks_as_told = true;
        auto q = talk_.send("DELETE", url());
        if (!etag.empty()) q.headers.add("If-Match", etag);
        return need_exchange(std::move(q), kept_.emplace(talk_.bounds), std::move(how));
    }
    step<referrers_listing> on_removed(result<response>& answer) {
        if (answer) {
            auto const s = answer.assume_value().status;
            if (s == 200 || s == 202 || s == 204 || s == 404) return finish(referrers_listing::removed);
            if (s == 412) return lost(std::nullopt); // another has written
        } else if (!detail::is_passing(answer.assume_error().kind())) {
            return what_failed(std::move(answer).assume_error());
        }
        keeps_empty_ = true; // a registry that removes no tags: the list is left there, empty
        return read(state::reading);
    }

    /// Something of the list is not there: once more, after a while.
    step<referrers_listing> lost(std::optional<error> why, std::int64_t wish = -1) {
        if (++alone_ > 5 || ++tries_ > 60 || wish > 60) {
            if (why) return what_failed(std::move(*why));
            return what_failed(error(errc::precondition_failed)
                                   .with_context("the list of referrers at the tag " + tag_ + " keeps changing; it lacks what is named here")
                                   .with_available(missing_.empty() ? added_digests() : missing_));
        }
        state_ = state::losing;
        settled_.clear();
        quiet_ = 0;
        auto const wait = std::chrono::milliseconds(50 + random(450));
        return need_delay(wish > 0 ? std::max<std::chrono::milliseconds>(std::chrono::seconds(wish), wait) : wait);
    }
    std::vector<std::string> added_digests() const {
        std::vector<std::string> out;
        out.reserve(change_.added.size());
        for (auto const& d : change_.added) out.push_back(d.digest.str());
        return out;
    }
    step<referrers_listing> what_failed(error e) const {
        if (!e.detail().context.empty() || e == errc::cancelled) return e;
        return e.with_context("the list of referrers at the tag " + tag_);
    }
    /// Below `most`. Waits need to differ between processes, not to be random: see `retry_schedule`.
    std::int64_t random(std::uint64_t most) {
        auto mixed = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) + reinterpret_cast<std::uintptr_t>(this) +
                     (seed_ += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::int64_t>((mixed ^ (mixed >> 31)) % most);
    }

    call_context talk_;
    referrers_change change_;
    std::string tag_;
    bool asks_;
    response_body body_;
    std::optional<detail::answer_text> kept_;
    std::string bytes_;
    view_source source_;
    std::string key_;
    auth_note shown_;
    state state_ = state::reading;
    std::shared_ptr<upload_notes::turn> turn_;
    std::chrono::milliseconds patience_{0};
    std::set<digest> removed_;                          ///< what it is not to have
    std::vector<descriptor> wanted_;                    ///< what the list is to have
    std::set<digest> known_;                            ///< of these
    std::vector<digest> settled_;                       ///< what it had as it was read last
    std::vector<std::string> missing_;
    std::chrono::steady_clock::time_point began_{};
    std::chrono::milliseconds took_{20};                         ///< from reading to having written
    unsigned alone_ = 0, tries_ = 0, settles_ = 0, quiet_ = 0;   ///< tries in turn without another writer; all tries
    std::uint64_t seed_ = 0;
    bool contended_ = false, written_ = false, keeps_empty_ = false;
};

} // namespace lading
