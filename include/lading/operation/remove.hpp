// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The operation that removes a manifest, a tag or a blob.
///
/// Requests: DELETE `/v2/<name>/manifests/<digest or tag>` or `/v2/<name>/blobs/<digest>`; HEAD after a failure of the server. Before a manifest
/// is removed, GET of it, unless the registry is known to list referrers itself; after it, where it had a subject, those of the referrers tag
/// operation.

#include "../http/retry_after.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"
#include "manifest.hpp"
#include "referrers_tag.hpp"
#include "removed.hpp"
#include "upload_answer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace lading {

/// The value is false when it was not there, which is a failure unless `missing_is_fine`. Nothing else is tried where a registry does
/// not remove.
///
/// A manifest is removed first, and then taken from the list of its subject's referrers: one that is listed and not there does no
/// harm, one that is there and not listed is not found.
///
/// Errors: `ref_invalid`, before anything is asked, for what is no tag or no digest; `unsupported_by_registry`; `manifest_unknown`, `name_unknown`, `blob_unknown`; those of `error_from_response` and the transport;
/// those of the referrers tag operation, where what is removed is still listed.
template <class P>
class remove_operation : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = bool;

    /// `which`: a tag to remove a tag, else a digest.
    remove_operation(call_context c, removed kind, std::string which, remove_options o = {})
        : talk_(std::move(c)), kind_(kind), which_(std::move(which)), options_(o), body_(talk_.bounds) {}

    step<bool> start() {
        bool const is_name = kind_ == removed::tag ? is_tag(which_) : digest::parse(which_).has_value();
        if (!is_name) return error(errc::ref_invalid).with_context(std::string("what is removed is named by ") + (kind_ == removed::tag ? "a tag: " : "a digest: ") + detail::printable(which_, 160));
        auto const listed_there = talk_.uploads && talk_.uploads->has_referrers(talk_.repository_key()) == true;
        if (kind_ != removed::manifest || !options_.listing || listed_there) return send("DELETE");
        auto ref = reference::parse(talk_.name.str() + '@' + which_);
        if (!ref) return std::move(ref).assume_error();
        return reading(reader_.emplace(talk_, ref.assume_value()).start());
    }
    step<bool> on_delay() { return lister_ ? listing(lister_->on_delay()) : send("DELETE"); }
    step<bool> on_response(result<response> answer, auth_note const& shown = {}) {
        if (lister_) return listing(lister_->on_response(std::move(answer), shown));
        if (reader_) return reading(reader_->on_response(std::move(answer), shown));
        if (checking_) return on_checked(answer);
        if (!answer) {
            auto& e = answer.assume_error();
            if (!detail::is_passing(e.kind())) return std::move(e);
            return check(std::move(e));
        }
        auto const& head = answer.assume_value();
        auto const s = head.status;
        if (s == 202 || s == 200 || s == 204) return gone();
        auto e = detail::upload_refusal<typename P::json>(head, body_.text(), talk_.bounds, shown);
        if (s == 429) return wait(std::move(e), retry_after_of(head));
        if (s == 408 || (s >= 500 && s != 501)) return check(std::move(e));
        if (s == 404) {
            if (options_.missing_is_fine) return done<bool>(false);
            bool const no_name = e == errc::name_unknown;
            if (!no_name) e = detail::with_code(e, kind_ == removed::blob ? errc::blob_unknown : errc::manifest_unknown);
            return e.with_context(which_);
        }
        bool const by_digest_only = kind_ == removed::tag && s == 400 && (detail::says_code(e, "DIGEST_INVALID") || detail::says_code(e, "TAG_INVALID"));
        if (by_digest_only) e = detail::with_code(e, errc::unsupported_by_registry);
        if (e == errc::unsupported_by_registry) e.with_context(by_digest_only ? "it removes manifests by their digest only" : "it is read-only, or removing is turned off");
        return e;
    }

  private:
    /// What it refers to, if that can be read: who may remove need not be allowed to read.
    step<bool> reading(lading::step<manifest_bytes> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        auto& got = std::get<lading::done<manifest_bytes>>(s).value();
        if (!got && is_callers_own(got.assume_error())) return std::move(got).assume_error();
        if (got) referrer_ = referring_of<typename P::json>(got.assume_value().bytes, got.assume_value().self, talk_.bounds);
        reader_.reset();
        return send("DELETE");
    }
    step<bool> gone() {
        if (!referrer_ || !referrer_->subject) return done<bool>(true);
        auto change = referrers_change(referrer_->subject->digest).with_removed(referrer_->entry.digest);
        return listing(lister_.emplace(talk_, std::move(change), false).start());
    }
    step<bool> listing(lading::step<referrers_listing> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        if (auto* d = std::get_if<need_delay>(&s)) return *d;
        auto over = std::move(std::get<lading::done<referrers_listing>>(s).value());
        if (over) return done<bool>(true);
        auto e = std::move(over).assume_error();
        if (!(e == errc::cancelled)) e.with_context(e.detail().context + " (the manifest is removed)");
        return e;
    }
    step<bool> send(char const* method) {
        checking_ = std::string_view(method) == "HEAD";
        auto const what = kind_ == removed::blob ? "blobs" : "manifests";
        auto q = talk_.send(method, talk_.base_url + "/v2/" + std::string(talk_.name.path()) + '/' + what + '/' + which_);
        routing how(checking_ ? talk_.pull_scope() : "repository:" + std::string(talk_.name.path()) + ":delete");
        how.asks_as_told = !checking_;
        if (checking_ && kind_ != removed::blob) q.headers.add("Accept", P::manifests::accept());
        return need_exchange(std::move(q), body_, std::move(how));
    }
    /// The outcome is not known.
    step<bool> check(error why) {
        why_ = std::move(why);
        return send("HEAD");
    }
    step<bool> on_checked(result<response>& answer) {
        if (!answer) return std::move(answer).assume_error();
        if (answer.assume_value().status == 404) return gone();
        return wait(std::move(*why_), -1);
    }
    step<bool> wait(error why, std::int64_t wish) {
        if (++tries_ >= std::max(talk_.tries, 1u) || wish > 60) return why;
        auto const time = wish >= 0 ? std::chrono::milliseconds(std::chrono::seconds(wish)) : std::chrono::milliseconds(std::int64_t(125) << tries_);
        return need_delay(std::max(time, std::chrono::milliseconds(100)));
    }

    call_context talk_;
    removed kind_;
    std::string which_;
    remove_options options_;
    std::optional<raw_manifest_operation<P>> reader_;
    std::optional<referring> referrer_;
    std::optional<referrers_tag_operation<P>> lister_;
    detail::answer_text body_;
    std::optional<error> why_;
    unsigned tries_ = 0;
    bool checking_ = false;
};

} // namespace lading
