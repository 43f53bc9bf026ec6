// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that puts a manifest, by tag or by digest (doc/protocol.md#uploads).
///
/// Requests: PUT `/v2/<name>/manifests/<tag or digest>`, one for each name; HEAD before it where an option asks for it, and after a
/// failure, which tells whether the manifest is there in spite of it; of a manifest with a subject those of the referrers tag operation, where
/// the registry does not say that it has taken note of the subject.

#include "../document/parse_and_verify.hpp"
#include "../http/retry_after.hpp"
#include "../http/status.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "../reference.hpp"
#include "manifest_push_options.hpp"
#include "referrers_tag.hpp"
#include "upload_answer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// The digests in what a registry says of contents that it lacks.
inline std::vector<std::string> digests_in(error const& e) {
    std::vector<std::string> out;
    for (auto const& one : e.detail().registry_errors) {
        if (one.code != "MANIFEST_BLOB_UNKNOWN" && one.code != "BLOB_UNKNOWN") continue;
        for (auto const& text : {one.detail, one.message})
            for (auto at = text.find("sha"); at != text.npos; at = text.find("sha", at + 3)) {
                auto end = text.find_first_not_of("0123456789abcdef", std::min(text.find(':', at), text.size() - 1) + 1);
                auto const word = text.substr(at, end == text.npos ? end : end - at);
                if (digest::parse(word) && std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
            }
    }
    return out;
}

} // namespace detail

/// Puts the exact bytes. Their type is decided from them; nothing is converted. With a digest in the reference the bytes have to have
/// it. What the manifest lists has to be there before.
///
/// Errors: `ref_invalid`, before anything is asked, for a further tag that is none; `manifest_limit` for more than `limits::manifest_bytes`; `digest_mismatch`; `manifest_blob_unknown` with the digests, in
/// `error_detail::available`; `manifest_rejected`; `tag_immutable`; `tag_exists`; `upload_too_large`; those of `error_from_response` and the
/// transport. A tag that leads to these bytes already is no failure. Of a manifest with a subject also those of the referrers tag
/// operation: the manifest is in the repository then, and is missing in the list of its subject's referrers.
template <class P>
class push_manifest_operation : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = pushed_manifest;

    push_manifest_operation(call_context c, reference ref, std::string bytes, manifest_push_options o)
        : talk_(std::move(c)), ref_(std::move(ref)), options_(std::move(o)), source_(bytes), bytes_(std::move(bytes)),
          body_(talk_.bounds), home_(talk_.home.base()) {}

    step<pushed_manifest> start() {
        for (auto const& t : options_.tags)
            if (!is_tag(t)) return error(errc::ref_invalid).with_context("no tag: " + detail::printable(t, 160));
        if (bytes_.size() > talk_.bounds.manifest_bytes)
            return error(errc::manifest_limit).with_values("at most " + std::to_string(talk_.bounds.manifest_bytes) + " bytes (limits::manifest_bytes)", std::to_string(bytes_.size()));
        auto known = detail::identify<P>(bytes_, response(200), manifest_expectation(ref_.digest()), talk_.bounds);
        if (!known) return std::move(known).assume_error();
        auto const& k = known.assume_value();
        self_.emplace(options_.media_type.empty() ? k.media_type_or("application/vnd.oci.image.manifest.v1+json") : options_.media_type,
                      k.digest, static_cast<std::int64_t>(bytes_.size()));
        if (!k.wrong) config_type_ = k.shape.config_media_type;
        if (k.readable && bytes_.find("\"subject\"") != bytes_.npos)
            if (auto r = referring_of<typename P::json>(bytes_, *self_, talk_.bounds); r.subject) referrer_ = std::move(r);
        if (ref_.has_digest() && ref_.tag().empty()) names_.push_back(self_->digest.str());
        else names_.push_back(std::string(ref_.effective_tag()));
        names_.insert(names_.end(), options_.tags.begin(), options_.tags.end());
        source_ = view_source(bytes_);
        return next();
    }

    step<pushed_manifest> on_delay() { return lister_ ? listing(lister_->on_delay()) : put(); }

    step<pushed_manifest> on_response(result<response> answer, auth_note const& shown = {}) {
        shown_ = shown;
        if (answer) detail::add_registry_warnings(answer.assume_value(), warnings_);
        if (lister_) return listing(lister_->on_response(std::move(answer), shown));
        switch (state_) {
        case state::asking: return on_asked(answer);
        case state::putting: return on_put(answer);
        case state::putting_all: return on_put_all(answer);
        case state::checking: return on_checked(answer);
        case state::checking_tag: return on_tag_checked(answer);
        case state::looking: break;
        }
        return on_looked(answer);
    }

  private:
    enum class state : std::uint8_t { asking,       ///< what a tag leads to, first
                                      putting,
                                      putting_all,  ///< with several tags
                                      checking,     ///< whether the manifest is there in spite of a failure
                                      checking_tag, ///< and whether the tag leads to it
                                      looking };    ///< what a tag leads to that cannot be put

    std::string const& name() const { return names_[at_]; }
    bool by_tag() const { return name().find(':') == name().npos; }
    std::string url_of(std::string const& which) const { return talk_.base_url + "/v2/" + std::string(talk_.name.path()) + "/manifests/" + which; }

    /// The next name, or the end.
    step<pushed_manifest> next() {
        while (at_ < names_.size() && std::find(done_.begin(), done_.end(), name()) != done_.end()) ++at_;
        if (at_ == names_.size()) return finish();
        tries_ = 0;
        if (by_tag() && (options_.skip_unchanged || options_.no_clobber)) return head(state::asking, name());
        return put_first();
    }
    step<pushed_manifest> put_first() {
        bool const all = !one_by_one_ && names_.size() - at_ > 1 && talk_.uploads && talk_.uploads->of(home_).names_tags && !options_.no_clobber;
        return all ? put_all() : put();
    }
    step<pushed_manifest> head(state s, std::string const& which) {
        state_ = s;
        auto q = talk_.send("HEAD", url_of(which));
        std::string types(P::manifests::accept());
        if (types.find(self_->media_type) == types.npos) types = self_->media_type + ", " + types;
        q.headers.add("Accept", types);
        return need_exchange(std::move(q), body_, talk_.push());
    }
    step<pushed_manifest> put() { return put(state::putting, url_of(name())); }
    step<pushed_manifest> put(state s, std::string url) {
        state_ = s;
        auto q = talk_.send("PUT", std::move(url));
        q.headers.add("Content-Type", self_->media_type);
        if (options_.no_clobber && by_tag()) q.headers.add("If-None-Match", "*");
        q.source = &source_;
        return need_exchange(std::move(q), body_, talk_.push());
    }
    /// By digest, with at most ten tags, where the registry is known to do that (OCI distribution specification, 1.1).
    step<pushed_manifest> put_all() {
        auto url = url_of(self_->digest.str());
        std::size_t n = 0;
        for (auto i = at_; i < names_.size() && n < 10; ++i)
            if (names_[i].find(':') == names_[i].npos) url.append(n++ ? "&tag=" : "?tag=").append(names_[i]); // it goes by its digest anyway
        return put(state::putting_all, std::move(url));
    }

    step<pushed_manifest> on_asked(result<response>& answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status == 401 || head.status == 403 || head.status == 429) return refusal(head);
        if (head.status != 200) return put_first();
        auto const there = detail::digest_said(head);
        if (there && *there == self_->digest) return named(true);
        if (options_.no_clobber) return exists(there);
        return put_first();
    }
    error exists(std::optional<digest> const& there) const {
        return error(errc::tag_exists).with_context(name()).with_values(self_->digest.str(), there ? there->str() : "another");
    }
    step<pushed_manifest> on_put(result<response>& answer) {
        if (!answer) {
            auto& e = answer.assume_error();
            if (is_callers_own(e) || e.facts().plaintext || e.facts().stop()) return std::move(e); // nobody has seen it
            return check(std::move(e));
        }
        auto const& head = answer.assume_value();
        if (head.status >= 200 && head.status < 300) return on_kept(head);
        auto e = said(head);
        if (detail::says_code(e, "MANIFEST_BLOB_UNKNOWN") || detail::says_code(e, "BLOB_UNKNOWN")) {
            auto lacks = detail::digests_in(e);
            return detail::with_code(e, errc::manifest_blob_unknown).with_available(std::move(lacks));
        }
        if (by_tag() && may_be_immutable(head, e)) {
            why_ = std::move(e);
            return this->head(state::looking, name());
        }
        if (head.status == 413 || detail::says_any(e, {"too large"})) return detail::with_code(e, errc::upload_too_large);
        auto const s = head.status;
        bool const rejected = s == 400 || s == 415 || s == 422 || s == 501 || (s < 500 && (detail::says_code(e, "MANIFEST_INVALID") || detail::says_code(e, "TAG_INVALID") || detail::says_code(e, "UNSUPPORTED")));
        if (rejected && s != 405) {
            e = detail::with_code(e, errc::manifest_rejected);
            return e.with_context("of type " + self_->media_type + (config_type_.empty() ? "" : ", its config of type " + config_type_));
        }
        if (s == 429) return wait(std::move(e), retry_after_of(head));
        if (s == 408 || (s >= 500 && s != 507)) return check(std::move(e));
        return e;
    }
    step<pushed_manifest> on_kept(response const& head) {
        if (auto wrong = detail::named_otherwise(head, self_->digest)) {
            if (by_tag()) wrong->with_context("the tag " + name() + " leads to it now");
            return std::move(*wrong);
        }
        if (!head.sent_whole) return check(error(errc::connection_reset).with_context("the answer came before the request was complete").with_url(safe_url(head.url)));
        auto const told = detail::digest_said(head);
        if (head.status != 201 && !(told && *told == self_->digest))
            return error(errc::upload_protocol).with_context("an answer that says of no manifest that it was kept").with_status(head.status).with_url(safe_url(head.url));
        if (auto const subject = head.headers.find("OCI-Subject"))
            if (auto d = digest::parse(detail::trim(*subject))) note_subject(d.assume_value());
        if (talk_.uploads && head.headers.find("OCI-Tag")) talk_.uploads->change(home_, [](auto& n) { n.names_tags = true; });
        if (options_.verify && by_tag()) return why_ = error(errc::digest_mismatch).with_context("the tag " + name()), this->head(state::checking_tag, name());
        return named(false);
    }
    /// A tag that the answer does not name is put by itself.
    step<pushed_manifest> on_put_all(result<response>& answer) {
        if (!answer || answer.assume_value().status != 201 || !answer.assume_value().sent_whole) {
            if (!answer && is_callers_own(answer.assume_error())) return std::move(answer).assume_error();
            one_by_one_ = true;
            return put();
        }
        auto const& head = answer.assume_value();
        if (auto wrong = detail::named_otherwise(head, self_->digest)) return std::move(*wrong);
        if (auto const subject = head.headers.find("OCI-Subject"))
            if (auto d = digest::parse(detail::trim(*subject))) note_subject(d.assume_value());
        auto const before = done_.size();
        bool const by_digest = name().find(':') != std::string::npos;
        for (auto rest : head.headers.all("OCI-Tag"))
            while (!rest.empty()) {
                auto const one = detail::trim(rest.substr(0, rest.find(',')));
                rest.remove_prefix(std::min(rest.find(',') == rest.npos ? rest.size() : rest.find(',') + 1, rest.size()));
                if (std::find(names_.begin(), names_.end(), one) == names_.end()) continue; // not one of ours
                done_.emplace_back(one);
            }
        one_by_one_ = done_.size() - before < std::min<std::size_t>(10, names_.size() - at_ - by_digest);
        if (done_.size() == before && talk_.uploads) talk_.uploads->change(home_, [](auto& n) { n.names_tags = false; });
        if (by_digest) done_.push_back(self_->digest.str());
        return next();
    }

    // ---- what failed

    step<pushed_manifest> check(error why) {
        why_ = std::move(why);
        return head(state::checking, self_->digest.str());
    }
    step<pushed_manifest> on_checked(result<response>& answer) {
        if (!answer && answer.assume_error() == errc::connection_refused) return again(); // the registry begins again, perhaps
        if (!answer) return std::move(answer).assume_error();
        if (answer.assume_value().status != 200) return again();
        if (!by_tag()) return named(false);
        return head(state::checking_tag, name());
    }
    step<pushed_manifest> on_tag_checked(result<response>& answer) {
        if (!answer) return std::move(answer).assume_error();
        auto const there = detail::digest_said(answer.assume_value());
        if (answer.assume_value().status == 200 && there && *there == self_->digest) return named(false);
        if (*why_ == errc::digest_mismatch) return error(*why_).with_values(self_->digest.str(), there ? there->str() : "none");
        return again();
    }
    /// What an immutable tag leads to: these bytes, or others.
    step<pushed_manifest> on_looked(result<response>& answer) {
        if (!answer) return std::move(*why_);
        auto const there = detail::digest_said(answer.assume_value());
        if (answer.assume_value().status != 200 || !there) return std::move(*why_);
        if (*there == self_->digest) return named(true);
        if (options_.no_clobber) return exists(there);
        auto e = detail::with_code(*why_, errc::tag_immutable).with_values(self_->digest.str(), there->str());
        return e.with_context(name());
    }
    bool may_be_immutable(response const& head, error const& e) const {
        if (head.status == 409 || head.status == 412) return true;
        if (head.status < 400 || head.status >= 500) return false;
        return detail::says_any(e, {"immutable", "already exists", "cannot be overwritten"});
    }
    /// Putting is idempotent: the same once more.
    step<pushed_manifest> again() { return wait(std::move(*why_), -1); }
    step<pushed_manifest> wait(error why, std::int64_t wish) {
        if (++tries_ >= std::max(options_.tries != 0 ? options_.tries : talk_.tries, 1u) || wish > 60) return why;
        auto const time = wish >= 0 ? std::chrono::milliseconds(std::chrono::seconds(wish)) : std::chrono::milliseconds(std::int64_t(125) << std::min(tries_, 8u));
        return need_delay(std::max(time, std::chrono::milliseconds(100)));
    }

    error said(response const& head) const { return detail::upload_refusal<typename P::json>(head, body_.text(), talk_.bounds, shown_); }
    step<pushed_manifest> refusal(response const& head) const { return said(head); }

    step<pushed_manifest> named(bool existed) {
        existed_ = existed_ || existed;
        done_.push_back(name());
        return next();
    }

    // ---- the list of its subject's referrers

    void note_subject(digest const& said) {
        subject_ = said;
        if (!referrer_) return;
        if (said == referrer_->subject->digest) {
            if (talk_.uploads) talk_.uploads->note_referrers(talk_.repository_key(), true);
        } else {
            warnings_.emplace_back(warning_code::subject_differs, "the subject is " + referrer_->subject->digest.str() + ", the registry says " + said.str());
        }
    }
    step<pushed_manifest> finish() {
        if (!referrer_) return finish(referrers_listing::none);
        if (subject_ == referrer_->subject->digest) return finish(referrers_listing::registry);
        if (!options_.listing) return finish(referrers_listing::left);
        return listing(lister_.emplace(talk_, referrers_change(referrer_->subject->digest).with_added(referrer_->entry)).start());
    }
    step<pushed_manifest> listing(step<referrers_listing> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        if (auto* d = std::get_if<need_delay>(&s)) return *d;
        auto over = std::move(std::get<done<referrers_listing>>(s).value());
        if (over) return finish(over.assume_value());
        auto e = std::move(over).assume_error();
        if (!(e == errc::cancelled)) e.with_context(e.detail().context + " (the manifest is there: " + self_->digest.str() + ')');
        return e;
    }
    step<pushed_manifest> finish(referrers_listing how) {
        pushed_manifest out(*self_);
        out.referrer = std::move(referrer_);
        out.listing = how;
        out.names = std::move(done_);
        out.existed = existed_;
        out.subject = std::move(subject_);
        out.warnings = std::move(warnings_);
        return done<pushed_manifest>(std::move(out));
    }

    call_context talk_;
    reference ref_;
    manifest_push_options options_;
    view_source source_;
    std::string bytes_;
    detail::answer_text body_;
    std::string home_;
    auth_note shown_;
    state state_ = state::putting;
    std::optional<descriptor> self_;
    std::string config_type_;
    std::vector<std::string> names_, done_; ///< tags, or a digest
    std::size_t at_ = 0;                    ///< of `names_`: the one under way
    std::optional<error> why_;
    std::optional<digest> subject_;         ///< as the registry has said it
    std::optional<referring> referrer_;
    std::optional<referrers_tag_operation<P>> lister_;
    unsigned tries_ = 0;
    bool existed_ = false, one_by_one_ = false;
    std::vector<warning> warnings_;
};

} // namespace lading
