// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The v1 inspect operation: what is this image, of a registry that speaks the protocol before v2
/// (doc/protocol.md#v1)? For callers that have switched v1 on; no other operation falls back to it by itself.
///
/// Requests: GET `/v1/repositories/<name>/images`, GET `/v1/repositories/<name>/tags`, GET `/v1/images/<id>/json`;
/// the last two from the endpoints that the first answer names, one after the other until one answers. No ping.

#include "../detail/algorithm.hpp"
#include "../operation/inspect.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The value is an `inspection` of kind `v1`, with the sorted tags. v1 has no digests: `resolved` is the image JSON
/// with the sha256 of its bytes, and a warning says so.
///
/// Errors: `v1_unsupported` for a reference by digest (nothing is asked); `auth_required`, `auth_denied`;
/// `name_unknown`; `manifest_unknown` with the tags there are; `v1_malformed`, `config_schema`; `body_too_large`;
/// `url_invalid` for a base that is none; other statuses as `error_from_response`; those of the transport. After the
/// first answer every error is final: no other endpoint, no plaintext.
template <class P>
class v1_inspect_operation : public operation_base<inspection, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    /// Endpoints that are looked at, of those that an answer names.
    static constexpr std::size_t max_endpoints = 8;

    v1_inspect_operation(call_context c, reference const& ref, inspect_options o)
        : talk_(std::move(c)), ref_(ref), rules_(o.schema1), body_(talk_.bounds.manifest_bytes, talk_.bounds) {}

    step<inspection> start() {
        if (ref_.has_digest()) {
            fallback_facts facts; // another protocol can answer this
            facts.next_endpoint = true;
            return error(errc::v1_unsupported).with_context("a reference by digest").with_facts(facts);
        }
        if (talk_.home.port == 0) return error(errc::url_invalid).with_context("the base URL of the call");
        endpoints_.push_back(talk_.home);
        return ask(&v1_inspect_operation::on_images, repository_path("/images"));
    }

    step<inspection> on_response(result<response> answer, auth_note const& shown = {}) {
        shown_ = shown;
        if (answer) {
            answered_ = true;
            url_ = answer.assume_value().url;
            status_ = answer.assume_value().status;
            // What a token was given for, it was given to: a 401 refuses those credentials.
            if (token_sent_) { // the token of the index, which is no credential that anybody withholds
                shown_.sent = token_is_secret_;
                shown_.withheld = false;
            }
        } else {
            url_.clear();
            status_ = 0;
            if (!answered_ && !answer.assume_error().facts().answered) return std::move(answer).assume_error();
        }
        auto next = (this->*then_)(std::move(answer));
        auto const* const over = std::get_if<done<inspection>>(&next);
        if (over && !over->value()) return last_word(std::move(over->value()).assume_error());
        return next;
    }

  private:
    using answer_handler = step<inspection> (v1_inspect_operation::*)(result<response>);

    // ---- requests ---------------------------------------------------------------------------------------------

    std::string repository_path(std::string_view what) const {
        return "/v1/repositories/" + std::string(talk_.name.path()).append(what);
    }

    /// Asks the current endpoint. The token goes to the origin that gave it, the caller's credentials to the
    /// registry's own origin, nothing to others; never both, so that the authorize layer leaves the token alone.
    step<inspection> ask(answer_handler then, std::string const& path) {
        then_ = then;
        auto const& where = endpoints_[at_];
        request q = talk_.get(path);
        q.url = where.base() + path;
        auto how = talk_.pull();
        token_sent_ = !token_.empty() && where == token_origin_;
        if (then == &v1_inspect_operation::on_images) q.headers.add("X-Docker-Token", "true");
        if (token_sent_) q.headers.add("Authorization", "Token " + token_);
        how.may_authorize = !token_sent_ && where == talk_.home;
        if (where != talk_.home) { // the index named it
            q.address_policy = far_;
            q.named_by = talk_.home.authority();
        }
        return need_exchange(std::move(q), body_, std::move(how));
    }
    step<inspection> ask_tags() { return ask(&v1_inspect_operation::on_tags, repository_path("/tags")); }
    step<inspection> ask_image() { return ask(&v1_inspect_operation::on_image, "/v1/images/" + id_ + "/json"); }

    // ---- the list of images: only what its head says is needed --------------------------------------------------

    step<inspection> on_images(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200) return refusal(head, asked::tags);
        LADING_TRY(auto const list, parse("the list of images"));
        bool fits = list.root().is_array() || list.root().is_null();
        list.root().each_element([&](json_view image) { fits = fits && (image.is_object() || image.is_null()); });
        if (!fits) return malformed("the list of images is no list of objects");
        LADING_TRY_V(take_token(head));
        LADING_TRY_V(take_endpoints(head));
        far_ = policy_from(head, address_policy::anywhere, talk_.home.host, {});
        return ask_tags();
    }

    result<void> take_token(response const& head) {
        for (auto const value : head.headers.all("X-Docker-Token"))
            if (!value.empty()) token_.append(token_.empty() ? "" : ",").append(value);
        if (token_.size() > talk_.bounds.token_length) return malformed("the token is longer than the limit");
        if (!std::all_of(token_.begin(), token_.end(), detail::is_print))
            return malformed("the token has a character that no header may have");
        auto const from = url::parse(head.url); // after redirects, not who was asked
        token_origin_ = from ? from.assume_value().origin() : talk_.home;
        token_is_secret_ = shown_.sent;
        return success();
    }

    /// The hosts that serve the repository; the index itself when none is named.
    result<void> take_endpoints(response const& head) {
        std::vector<origin> named;
        std::size_t count = 0;
        for (auto line : head.headers.all("X-Docker-Endpoints"))
            while (!line.empty()) {
                auto const end = std::min(line.find(','), line.size());
                auto const host = detail::trim(line.substr(0, end));
                line.remove_prefix(std::min(end + 1, line.size()));
                if (!host.empty() && count++ < max_endpoints) add_endpoint(named, host);
            }
        if (count > max_endpoints)
            warnings_.emplace_back(warning_code::v1_endpoint_skipped, "the index names " + std::to_string(count) + " endpoints, " +
                                                                          std::to_string(max_endpoints) + " are used");
        if (count == 0) return success();
        if (named.empty()) return malformed("no endpoint that the index names can be used");
        endpoints_ = std::move(named);
        return success();
    }
    /// A host, which is spoken to as the index is; or a URL, which must not be less than that.
    void add_endpoint(std::vector<origin>& named, std::string_view host) {
        std::string const prefix = host.find("://") == host.npos ? talk_.home.scheme + "://" : "";
        auto u = url::parse(prefix + std::string(host));
        bool const bare = u && u.assume_value().path() == "/" && !u.assume_value().has_query();
        if (!bare || (talk_.home.scheme == "https" && u.assume_value().scheme() != "https")) {
            warnings_.emplace_back(warning_code::v1_endpoint_skipped, "an endpoint that the index names is not used: " +
                                                                          safe_url(prefix + std::string(host)));
            return;
        }
        auto one = u.assume_value().origin();
        if (std::find(named.begin(), named.end(), one) == named.end()) named.push_back(std::move(one));
    }

    // ---- tags -------------------------------------------------------------------------------------------------

    /// Another endpoint is asked only when this one refuses: not found is the answer of all (doc/protocol.md#v1).
    step<inspection> on_tags(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200 && head.status != 404 && ++at_ < endpoints_.size()) return ask_tags();
        if (head.status != 200) return refusal(head, asked::tags);
        LADING_TRY_V(take_tags());
        at_ = 0;
        return ask_image();
    }

    /// Fills the list and the id of the tag that is wanted; there is no other tag that would do.
    result<void> take_tags() {
        LADING_TRY(auto const page, parse("the list of tags"));
        if (!page.root().is_object() && !page.root().is_null()) return malformed("the list of tags is no object");
        char const* fault = nullptr;
        std::optional<std::string_view> id;
        page.root().each_member([&](std::string_view tag, json_view value) {
            auto const text = value.as_string();
            if (!text) fault = "a tag does not have the id of an image";
            else if (!is_tag(tag)) fault = "a name in the list of tags is no tag";
            else if (tag == ref_.effective_tag()) id = text;
            tags_.values.emplace_back(tag);
        });
        if (fault) return malformed(fault);
        std::sort(tags_.values.begin(), tags_.values.end());
        if (!id) return no_such_tag();
        if (!detail::is_hex64(*id)) return malformed("the id of the image is not 64 lower-case hex digits");
        id_ = *id;
        cut_tags();
        return success();
    }
    error no_such_tag() {
        constexpr std::size_t shown = 100; // in a message for people
        auto const all = tags_.values.size();
        std::string context = all == 0 ? "no tags are available" : "no tag " + std::string(ref_.effective_tag());
        if (all > shown) {
            context += ", and " + std::to_string(all - shown) + " more are available";
            tags_.values.resize(shown);
        }
        return error(errc::manifest_unknown)
            .with_context(std::move(context))
            .with_available(std::move(tags_.values));
    }
    void cut_tags() {
        std::size_t bytes = 0, kept = 0;
        for (auto const& t : tags_.values) {
            bytes += t.size();
            if (kept == talk_.bounds.tags || bytes > talk_.bounds.tags_bytes) break;
            ++kept;
        }
        tags_.state = kept == tags_.values.size() ? tags_state::complete : tags_state::truncated;
        if (tags_.state == tags_state::truncated) tags_.why = "at " + std::to_string(kept);
        tags_.values.resize(kept);
    }

    // ---- the image --------------------------------------------------------------------------------------------

    /// Another endpoint is asked whatever was wrong with this one's, except when the caller's own time is over.
    step<inspection> on_image(result<response> answer) {
        auto record = read_image(std::move(answer));
        if (record) return done<inspection>(std::move(record));
        auto& why = record.assume_error();
        if (why == errc::timeout || why == errc::cancelled || ++at_ == endpoints_.size()) return std::move(why);
        warnings_.emplace_back(warning_code::v1_endpoint_skipped, "an endpoint did not serve the image: " + last_word(std::move(why)).summary());
        return ask_image();
    }

    result<inspection> read_image(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status != 200) return refusal(head, asked::manifest);
        if (auto const size = head.headers.find("X-Docker-Size")) { // not needed, but nonsense means another protocol
            std::int64_t value = 0;
            auto const [end, bad] = std::from_chars(size->data(), size->data() + size->size(), value);
            if (bad != std::errc() || end != size->data() + size->size())
                return malformed("X-Docker-Size is not an integer");
        }
        auto bytes = body_.take();
        LADING_TRY(auto converted, convert_v1<typename P::json>(bytes, id_, talk_.bounds, rules_));
        LADING_TRY(auto const sum, digest_of<typename P::hash>(bytes));

        inspection record(ref_, descriptor("application/json", sum, static_cast<std::int64_t>(bytes.size())));
        record.kind = image_kind::v1;
        record.manifest_bytes = std::move(bytes);
        record.config_bytes = std::move(converted.config_json);
        record.image = std::move(converted.image);
        record.history = std::move(converted.history);
        record.total_size = descriptor::unknown_size; // the layers are the ancestry, which is not asked for
        record.tags = std::move(tags_);
        record.warnings = std::move(warnings_);
        record.warnings.emplace_back(warning_code::v1_no_digest, "a v1 registry has no digests: the digest is that of the image JSON, and "
                                                                 "nothing can be asked for by it");
        if (auto const u = url::parse(head.url)) record.source = u.assume_value().origin().str();
        return record;
    }

    // ---- helpers ----------------------------------------------------------------------------------------------

    /// A text of n bytes has at most n values, so its size alone bounds a long list.
    result<json_document> parse(char const* what) {
        json_limits l = talk_.bounds.json;
        l.bytes = l.nodes = l.keys_per_object = talk_.bounds.manifest_bytes;
        auto parsed = json_document::parse<typename P::json>(body_.text(), l);
        if (!parsed)
            return malformed(std::string(what) + ": " + std::string(name_of(parsed.error().kind())) + ' ' +
                             parsed.error().detail().context);
        return parsed;
    }
    static error malformed(std::string what) { return error(errc::v1_malformed).with_context(std::move(what)); }

    error refusal(response const& head, asked what) const {
        if (head.status == 404 && what == asked::tags)
            return error(errc::name_unknown).with_context(std::string(talk_.name.path()));
        return error_from_response<typename P::json>(head, body_.text(), what, talk_.bounds, shown_);
    }

    /// The protocol that this is the fallback of has failed already: nothing comes after v1
    /// (doc/protocol.md#docker-1-10).
    error last_word(error e) const {
        fallback_facts facts = e.facts();
        facts.answered = true;
        facts.over_tls = talk_.home.scheme == "https";
        facts.next_endpoint = facts.plaintext = facts.v1 = false;
        e.with_facts(facts);
        if (e.http_status() == 0) e.with_status(status_);
        if (e.detail().url.empty() && !url_.empty()) e.with_url(safe_url(url_));
        return e;
    }

    call_context talk_;
    reference ref_;
    schema1_rules rules_;
    response_body body_;
    address_policy far_ = address_policy::outside; ///< of the endpoints that it names
    std::vector<origin> endpoints_;
    std::size_t at_ = 0; ///< the endpoint that is asked
    std::string token_;  ///< empty when none was given
    origin token_origin_{"", "", 0};
    bool token_is_secret_ = false; ///< it was given for the caller's credentials
    bool token_sent_ = false;      ///< with the last request
    bool answered_ = false;
    auth_note shown_; ///< for the last answer
    std::string url_; ///< of it
    int status_ = 0;
    std::string id_;
    tag_list tags_;
    std::vector<warning> warnings_;
    answer_handler then_ = nullptr; ///< the member that takes the next answer
};

} // namespace lading
