// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The manifest operation: one manifest by tag or digest, verified and typed (doc/protocol.md#manifests).
///
/// Requests: GET `/v2/<name>/manifests/<tag or digest>`, one; two of a server that does not read lists in `Accept`.

#include "../document/parse_and_verify.hpp"
#include "../http/plain_words.hpp"
#include "../http/status.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"

namespace lading {

/// The exchange for a manifest: one `Accept` line, made from the manifest set. Where the answer looks as if the server had
/// not parted that line at its commas, the same once more with a line a type; what helped is noted for the origin.
template <class P>
class manifest_exchange : immovable {
  public:
    /// The conversation outlives it.
    explicit manifest_exchange(call_context const& c) : talk_(c), body_(c.bounds.manifest_bytes, c.bounds) {}

    need_exchange ask(std::string target, manifest_expectation want) {
        target_ = std::move(target);
        want_ = std::move(want);
        lines_ = talk_.accepts && talk_.accepts->find(talk_.base_url) == accept_notes::form::line_a_type;
        return send();
    }
    /// After an answer: the exchange that is to follow, or nothing when this is the answer.
    std::optional<need_exchange> again(response const& head) {
        if (!talk_.accepts) return std::nullopt;
        if (head.status == 200) {
            // Whoever answers by digest may not have looked at `Accept`; schema1 is what is given to clients that know nothing else.
            if (lines_) talk_.accepts->note(talk_.base_url, accept_notes::form::line_a_type);
            else if (!want_.digest && body_.text().find("\"fsLayers\"") == std::string::npos)
                talk_.accepts->note(talk_.base_url, accept_notes::form::one_line);
            return std::nullopt;
        }
        if (lines_ || !may_not_have_read(head)) return std::nullopt;
        lines_ = true;
        return send();
    }
    /// Says what may be answered, in the form that the origin is known to read.
    static void add_accept(request& q, call_context const& talk) {
        add_accept(q, talk.accepts && talk.accepts->find(talk.base_url) == accept_notes::form::line_a_type);
    }
    std::string take_body() noexcept { return body_.take(); }
    manifest_expectation const& want() const noexcept { return want_; }

  private:
    need_exchange send() {
        request q = talk_.get("manifests", target_);
        auto how = talk_.pull();
        how.content = want_.digest;
        how.by_tag = !want_.digest;
        add_accept(q, lines_);
        return need_exchange(std::move(q), body_, std::move(how));
    }
    static void add_accept(request& q, bool lines) {
        auto types = P::manifests::accept();
        while (lines && types.find(", ") != types.npos) {
            auto const end = types.find(", ");
            q.headers.add("Accept", types.substr(0, end));
            types.remove_prefix(end + 2);
        }
        q.headers.add("Accept", types);
    }
    /// A refusal that speaks of the header, or one by a server that has no words for its refusals.
    bool may_not_have_read(response const& head) const {
        if (head.status != 404 && head.status != 406 && head.status != 415) return false;
        if (talk_.accepts->find(talk_.base_url) == accept_notes::form::one_line) return false;
        if (detail::lower(body_.text()).find("accept") != std::string::npos) return true;
        return parse_error_body<typename P::json>(body_.text(), talk_.bounds).form == refusal_form::unreadable;
    }

    call_context const& talk_;
    response_body body_;
    std::string target_;
    manifest_expectation want_;
    bool lines_ = false;
};

namespace detail {

/// The error of bytes that are not what they should be, or make no sense.
template <class P>
error refused_answer(error e, response const& head) {
    auto facts = e.facts();
    facts.answered = true;
    facts.over_tls = head.url.starts_with("https:");
    facts.v2_confirmed = confirms_v2(head);
    // One endpoint's bytes may be wrong where another's are not; what we do not speak stays unspoken.
    facts.next_endpoint = e.kind() != errc::schema1_refused;
    return std::move(e.with_facts(facts).with_status(head.status).with_url(safe_url(head.url)));
}

/// What the answer itself was odd in: remarks from the way, and a digest header that disagrees. The bytes decide.
inline void add_remarks(std::vector<warning>& to, response const& head, digest const& is) {
    to.insert(to.end(), head.warnings.begin(), head.warnings.end());
    if (auto const said = head.headers.find("Docker-Content-Digest");
        said && said->starts_with(name_of(is.algorithm())) && *said != is.str())
        to.emplace_back(warning_code::digest_header_differs, "the registry calls the manifest " + printable(*said, 160) + ", its bytes are " + is.str());
}

} // namespace detail

/// The answer to it. A `Docker-Content-Digest` that disagrees with the bytes is a warning in the manifest: the bytes
/// decide.
template <class P>
result<basic_manifest<typename P::manifests>> interpret_manifest(response const& head, std::string body,
                                                                 manifest_expectation const& want,
                                                                 limits const& bounds, auth_note const& shown = {}) {
    auto const what = want.digest ? asked::manifest_by_digest : asked::manifest;
    if (head.status != 200) return error_from_response<typename P::json>(head, body, what, bounds, shown);
    auto other = answer_of_another_kind(head, body, "a manifest");
    if (other && other->kind() == errc::not_a_registry && !want.digest) return std::move(*other);
    auto opened = parse_and_verify_manifest<P>(std::move(body), head, want, bounds);
    if (!opened) {
        error e = std::move(opened).assume_error();
        if (other && (*other == errc::not_a_registry || e == errc::json_syntax)) e = std::move(*other); // what it is instead
        return detail::refused_answer<P>(std::move(e), head);
    }
    auto& manifest = opened.assume_value();
    detail::add_remarks(manifest.warnings, head, manifest.self.digest);
    return opened;
}

/// Fetches one manifest. Errors: those of `parse_and_verify_manifest`, `error_from_response` and the transport;
/// `body_too_large` over `limits::manifest_bytes`.
template <class P>
class manifest_operation : public operation_base<basic_manifest<typename P::manifests>, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    using value_type = basic_manifest<typename P::manifests>;

    manifest_operation(call_context c, reference const& ref) : talk_(std::move(c)), ref_(ref), fetch_(talk_) {}

    step<value_type> start() { return fetch_.ask(ref_.target(), manifest_expectation(ref_.digest())); }
    step<value_type> on_response(result<response> answer, auth_note const& shown = {}) {
        LADING_TRY(auto const head, std::move(answer));
        if (auto more = fetch_.again(head)) return std::move(*more);
        return done<value_type>(interpret_manifest<P>(head, fetch_.take_body(), fetch_.want(), talk_.bounds, shown));
    }

  private:
    call_context talk_;
    reference ref_;
    manifest_exchange<P> fetch_;
};

/// Fetches the bytes of one manifest, whatever they are. Errors: those of `verify_manifest_bytes`, `error_from_response` and the
/// transport; `body_too_large` over `limits::manifest_bytes`; `not_a_registry` for a web page or an empty answer
/// by tag.
template <class P>
class raw_manifest_operation : public operation_base<manifest_bytes, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;

  public:
    using value_type = manifest_bytes;

    raw_manifest_operation(call_context c, reference const& ref) : talk_(std::move(c)), ref_(ref), fetch_(talk_) {}

    step<value_type> start() { return fetch_.ask(ref_.target(), manifest_expectation(ref_.digest())); }
    step<value_type> on_response(result<response> answer, auth_note const& shown = {}) {
        LADING_TRY(auto const head, std::move(answer));
        if (auto more = fetch_.again(head)) return std::move(*more);
        return done<value_type>(interpret(head, fetch_.take_body(), shown));
    }

  private:
    result<manifest_bytes> interpret(response const& head, std::string body, auth_note const& shown) const {
        auto const what = ref_.has_digest() ? asked::manifest_by_digest : asked::manifest;
        if (head.status != 200) return error_from_response<typename P::json>(head, body, what, talk_.bounds, shown);
        auto other = answer_of_another_kind(head, body, "a manifest");
        if (other && !(*other == errc::not_a_registry)) other.reset(); // these bytes may be what was asked for
        if (other && !ref_.has_digest()) return std::move(*other);
        auto opened = verify_manifest_bytes<P>(std::move(body), head, fetch_.want(), talk_.bounds);
        if (!opened) return detail::refused_answer<P>(other ? std::move(*other) : std::move(opened).assume_error(), head);
        detail::add_remarks(opened.assume_value().warnings, head, opened.assume_value().self.digest);
        return opened;
    }

    call_context talk_;
    reference ref_;
    manifest_exchange<P> fetch_;
};

} // namespace lading
