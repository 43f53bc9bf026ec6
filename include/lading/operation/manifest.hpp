// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The manifest operation: one manifest by tag or digest, verified and typed (spec 4.2).
///
/// Requests: GET `/v2/<name>/manifests/<tag or digest>`, one.

#include "../http/plain_words.hpp"
#include "../http/status.hpp"
#include "../manifest/open.hpp"
#include "body.hpp"
#include "conversation.hpp"
#include "step.hpp"

namespace lading {

/// The request for a manifest: one `Accept` line, made from the manifest set.
template <class P>
request manifest_request(conversation const& talk, std::string_view target, manifest_expectation const& want) {
    request q = talk.get("manifests", target);
    q.content = want.digest;
    q.by_tag = !want.digest;
    q.headers.add("Accept", std::string(P::manifests::accept()));
    return q;
}

/// The answer to it. A `Docker-Content-Digest` that disagrees with the bytes is a warning in the manifest: the bytes
/// decide (hostile.md D02).
template <class P>
result<basic_manifest<typename P::manifests>> interpret_manifest(response const& head, std::string body,
                                                                 manifest_expectation const& want,
                                                                 limits const& bounds) {
    auto const what = want.digest ? asked::manifest_by_digest : asked::manifest;
    if (head.status != 200) return error_from_response<typename P::json>(head, body, what, bounds);
    auto other = answer_of_another_kind(head, body, "a manifest");
    if (other && other->kind() == errc::not_a_registry && !want.digest) return std::move(*other);
    auto opened = open_manifest<P>(std::move(body), head, want, bounds);
    if (!opened) {
        error e = std::move(opened).assume_error();
        if (other && (*other == errc::not_a_registry || e == errc::json_syntax)) e = std::move(*other); // what it is instead
        auto facts = e.facts();
        facts.answered = true;
        facts.over_tls = head.url.starts_with("https:");
        facts.v2_confirmed = confirms_v2(head);
        // One endpoint's bytes may be wrong where another's are not; what we do not speak stays unspoken.
        facts.next_endpoint = e.kind() != errc::schema1_refused;
        return std::move(e.with_facts(facts).with_status(head.status).with_url(safe_url(head.url)));
    }
    auto& manifest = opened.assume_value();
    if (auto const said = head.headers.find("Docker-Content-Digest");
        said && said->starts_with(name_of(manifest.self.digest.algorithm())) && *said != manifest.self.digest.str())
        manifest.warnings.emplace_back(warning_code::digest_header_differs, "the registry calls the manifest " + detail::printable(*said, 160) +
                                    ", its bytes are " + manifest.self.digest.str());
    return opened;
}

/// Fetches one manifest. Errors: those of `open_manifest`, `error_from_response` and the transport;
/// `body_too_large` over `limits::manifest_bytes`.
template <class P>
class manifest_operation : pinned {
    template <class T>
    using result = detail::late<lading::result<T>, P>;

  public:
    using value_type = basic_manifest<typename P::manifests>;

    manifest_operation(conversation c, reference const& ref)
        : talk_(std::move(c)), ref_(ref), body_(talk_.bounds.manifest_bytes, talk_.bounds) {}

    step<value_type> start() {
        return need_exchange(manifest_request<P>(talk_, ref_.target(), manifest_expectation(ref_.digest())), body_);
    }
    step<value_type> on_response(result<response> answer) {
        if (!answer) return done<value_type>(std::move(answer).assume_error());
        return done<value_type>(interpret_manifest<P>(answer.assume_value(), body_.take(),
                                                      manifest_expectation(ref_.digest()), talk_.bounds));
    }
    step<value_type> on_delay() { return done<value_type>(error(errc::invalid_argument)); }

  private:
    conversation talk_;
    reference ref_;
    response_body body_;
};

} // namespace lading
