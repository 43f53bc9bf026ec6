// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The referrers operation: the manifests that refer to another one, as their `subject` (doc/protocol.md#referrers).
///
/// Requests: those of the resolve operation for a tag; GET `/v2/<name>/referrers/<digest>`, then one a page as `Link` says, on the
/// registry's own origin only; where the registry has no such thing, GET `/v2/<name>/manifests/sha256-<hex>` in its place, and from
/// then on only that; GET of each where an option asks for it.

#include "../document/referrer.hpp"
#include "../http/link.hpp"
#include "manifest.hpp"
#include "referrers_tag.hpp"
#include "resolve.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What came before a failure is the list. A filter is sent, and applied here too, whatever the registry says that it has done. Of a
/// repository or a subject that is not there the list is empty.
///
/// Errors: those of `resolve` for a tag; `auth_*`, `denied`, `rate_limited`, `server_error`, after which no other list is looked for: it might
/// be another; of pages `page_loop`, `page_cross_origin`, `page_limit`, `link_invalid`, `body_too_large`, those of `decode`. A list is cut at `limits::referrers`.
/// What the tag leads to and is no list is ignored, with a warning.
template <class P>
class referrers_operation : public operation_base<referrer_list, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    referrers_operation(call_context c, reference ref, referrers_options o)
        : talk_(std::move(c)), ref_(std::move(ref)), options_(std::move(o)), body_(talk_.bounds.manifest_bytes, talk_.bounds),
          key_(talk_.repository_key()) {}

    step<referrer_list> start() {
        if (ref_.digest()) return begin(*ref_.digest());
        return map(resolve_.emplace(talk_, ref_).start());
    }
    step<referrer_list> on_response(result<response> answer, auth_note const& shown = {}) {
        switch (state_) {
        case state::resolving: return map(resolve_->on_response(std::move(answer), shown));
        case state::asking: return after_page(answer, shown);
        case state::at_tag: return map(fetch_->on_response(std::move(answer), shown));
        case state::getting: break;
        }
        return map(fetch_->on_response(std::move(answer), shown));
    }

  private:
    enum class state : std::uint8_t { resolving,
                                      asking,
                                      at_tag,
                                      getting };

    /// A step of another operation, or the next after its end.
    template <class V>
    step<referrer_list> map(lading::step<V> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) return std::move(*x);
        if (auto* d = std::get_if<need_delay>(&s)) return *d;
        return after(std::move(std::get<lading::done<V>>(s).value()));
    }
    step<referrer_list> after(lading::result<descriptor> top) {
        if (!top) return std::move(top).assume_error();
        return begin(top.assume_value().digest);
    }
    step<referrer_list> after(lading::result<manifest_bytes> got) { return state_ == state::at_tag ? after_tag(std::move(got)) : after_one(std::move(got)); }

    step<referrer_list> begin(digest const& subject) {
        list_.emplace(subject);
        if (talk_.uploads && talk_.uploads->has_referrers(key_) == false) return look_at_tag();
        auto path = "/v2/" + std::string(talk_.name.path()) + "/referrers/" + subject.str();
        if (!options_.artifact_type.empty()) path += "?artifactType=" + percent_encode(options_.artifact_type);
        return ask(talk_.base_url + path);
    }
    need_exchange ask(std::string url) {
        state_ = state::asking;
        auto q = talk_.send("GET", std::move(url));
        q.headers.add("Accept", media_types::oci_index);
        return need_exchange(std::move(q), body_, talk_.pull());
    }

    // ---- pages of the registry

    step<referrer_list> after_page(result<response>& answer, auth_note const& shown) {
        bool const first = pages_ == 0;
        if (first && answer) {
            auto const& head = answer.assume_value();
            if (!is_list(head)) {
                auto e = error_from_response<typename P::json>(head, body_.text(), asked::manifest, talk_.bounds, shown);
                if (!detail::lacks_referrers(head, e)) return e;
                if (talk_.uploads && e != errc::name_unknown) talk_.uploads->note_referrers(key_, false);
                return look_at_tag();
            }
            if (talk_.uploads) talk_.uploads->note_referrers(key_, true);
        }
        auto more = add_page(std::move(answer), shown);
        if (more && more.assume_value()) return ask(std::move(*more.assume_value()));
        if (more) return next();
        auto e = std::move(more).assume_error();
        if (list_->values.empty() || e == errc::cancelled || e == errc::out_of_memory) return e;
        list_->failure = std::move(e);
        list_->complete = false;
        return next();
    }
    /// By its type, and by what it is: an error page may be anything.
    bool is_list(response const& head) {
        std::vector<warning> odd;
        if (head.status != 200 || detail::content_type(head, odd) != media_types::oci_index) return false;
        auto const parsed = json_document::parse<typename P::json>(body_.text(), talk_.bounds.json);
        if (!parsed) return true; // a list that cannot be read
        auto const root = parsed.assume_value().root();
        return root.is_object() && root.find("manifests");
    }
    /// The next page, if there is one.
    result<std::optional<std::string>> add_page(result<response> answer, auth_note const& shown) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200) return error_from_response<typename P::json>(head, body_.text(), asked::manifest, talk_.bounds, shown);
        ++pages_;
        auto const before = list_->values.size();
        LADING_TRY(bool const full, add(body_.take()));
        if (full) return std::optional<std::string>();
        LADING_TRY(auto const page, next_page_of(head));
        if (!page) return std::optional<std::string>();
        auto const& [here, there] = *page;
        if (there.origin() != talk_.home) return error(errc::page_cross_origin).with_values(talk_.home.str(), there.origin().str());
        barren_ = list_->values.size() == before ? barren_ + 1 : 0;
        if (there.str() == here.str() || !seen_.insert(there.str()).second || barren_ == 3) return error(errc::page_loop).with_url(there.safe());
        if (pages_ >= talk_.bounds.referrer_pages)
            return error(errc::page_limit).with_values(std::to_string(talk_.bounds.referrer_pages) + " pages (limits::referrer_pages)", "more");
        return std::optional<std::string>(there.str());
    }
    /// The entries of an index, each digest once. True when the limit is met.
    result<bool> add(std::string const& text) {
        LADING_TRY(auto const parsed, json_document::parse<typename P::json>(text, talk_.bounds.json));
        LADING_TRY(auto page, decode<oci_index>(parsed.root(), errc::manifest_schema, talk_.bounds, &list_->warnings));
        for (auto& m : page.manifests) {
            if (!known_.insert(m.digest).second) continue;
            if (list_->values.size() == talk_.bounds.referrers) return list_->complete = false, true;
            m.urls.clear(); // nobody follows them, and nobody has verified the others
            m.data.bytes.clear();
            list_->values.push_back(std::move(m));
        }
        return false;
    }

    // ---- the tag

    step<referrer_list> look_at_tag() {
        state_ = state::at_tag;
        list_->by = referrers_by::tag;
        auto tag = reference::parse(ref_.repository().str() + ':' + referrers_tag(list_->subject));
        if (!tag) return std::move(tag).assume_error();
        return map(fetch_.emplace(talk_, tag.assume_value()).start());
    }
    step<referrer_list> after_tag(lading::result<manifest_bytes> got) {
        if (!got) {
            auto e = std::move(got).assume_error();
            if (is_not_found(e)) return next();
            if (e != errc::body_too_large && e != errc::schema1_format) return e;
            return ignore(e.summary());
        }
        auto const& document = got.assume_value();
        if (document.self.media_type != media_types::oci_index) return ignore("it is of the type " + detail::printable(document.self.media_type, 160));
        if (referring_of<typename P::json>(document.bytes, document.self, talk_.bounds).subject) return ignore("it has a subject of its own");
        if (auto const full = add(document.bytes); !full) return list_->values.clear(), ignore(full.assume_error().summary());
        list_->index = document.self;
        return next();
    }
    step<referrer_list> ignore(std::string const& why) {
        list_->warnings.emplace_back(warning_code::referrers_ignored, "the tag " + referrers_tag(list_->subject) + ": " + why);
        return next();
    }

    // ---- those that are looked into

    /// The next that is to be looked into, or the end.
    step<referrer_list> next() {
        state_ = state::getting;
        auto& values = list_->values;
        for (; at_ < values.size(); ++at_) {
            auto const& one = values[at_];
            bool const other = !options_.artifact_type.empty() && !one.artifact_type.empty() && one.artifact_type != options_.artifact_type;
            if (other || !(options_.verify || (options_.missing_types && one.artifact_type.empty()))) continue;
            auto ref = reference::parse(ref_.repository().str() + '@' + one.digest.str());
            if (!ref) return std::move(ref).assume_error();
            return map(fetch_.emplace(talk_, ref.assume_value()).start());
        }
        std::erase_if(values, [&](auto const& one) { return !options_.artifact_type.empty() && one.artifact_type != options_.artifact_type; });
        return done<referrer_list>(std::move(*list_));
    }
    step<referrer_list> after_one(lading::result<manifest_bytes> got) {
        auto& one = list_->values[at_];
        if (!got) {
            auto e = std::move(got).assume_error();
            bool const refers_to_nothing = e == errc::body_too_large || e == errc::schema1_format;
            if (options_.verify && refers_to_nothing) return drop_unrelated();
            if (!is_not_found(e)) return e;
            if (options_.verify) return drop("is not there");
            ++at_;
            return next();
        }
        auto const& document = got.assume_value();
        auto const is = referring_of<typename P::json>(document.bytes, document.self, talk_.bounds);
        if (!options_.verify) {
            one.artifact_type = is.entry.artifact_type;
        } else {
            if (!is.subject || is.subject->digest != list_->subject) return drop_unrelated();
            one = is.entry;
        }
        ++at_;
        return next();
    }
    step<referrer_list> drop_unrelated() {
        list_->unrelated.push_back(list_->values[at_].digest);
        return drop("does not refer to it");
    }
    step<referrer_list> drop(char const* why) {
        auto const at = list_->values.begin() + static_cast<std::ptrdiff_t>(at_);
        list_->warnings.emplace_back(warning_code::referrer_dropped, at->digest.str() + ' ' + why);
        list_->values.erase(at);
        return next();
    }

    call_context talk_;
    reference ref_;
    referrers_options options_;
    response_body body_;
    std::string key_;
    state state_ = state::resolving;
    std::optional<resolve_operation<P>> resolve_;
    std::optional<raw_manifest_operation<P>> fetch_;
    std::optional<referrer_list> list_;
    std::size_t pages_ = 0, barren_ = 0;
    std::size_t at_ = 0; ///< of the list: the one that is looked into
    std::set<std::string> seen_;
    std::set<digest> known_;
};

} // namespace lading
