// SPDX-License-Identifier: BSL-1.0
#pragma once

/// From an answer that is not a success to an error with its facts (doc/protocol.md#fallback). The HTTP status
/// decides first, the registry's code second, because codes are often not those of the protocol.

#include "auth_note.hpp"
#include "challenge.hpp"
#include "error_body.hpp"
#include "message.hpp"
#include "retry_after.hpp"
#include "url.hpp"

#include <optional>
#include <string_view>

namespace lading {

/// What a registry says of a token that it refuses, in the `error` of its Bearer challenge (RFC 6750, 3.1), by the codes
/// of its error bodies (doc/protocol.md#errors): `invalid_token` is UNAUTHORIZED, `insufficient_scope` DENIED. The
/// message is the `error_description`, or else the sentence of the code; at most `room` bytes, printable.
inline std::optional<registry_error> challenge_error(response const& head, std::size_t room) {
    auto const lines = head.headers.all("WWW-Authenticate");
    auto const offered = parse_challenges(lines);
    for (auto const& c : offered.challenges) {
        if (c.scheme != "bearer") continue;
        auto const said = c.param("error").value_or("");
        std::string_view const code = said == "invalid_token" ? "UNAUTHORIZED" : said == "insufficient_scope" ? "DENIED"
                                                                                                              : "";
        if (code.empty()) continue;
        auto const described = c.param("error_description").value_or("");
        auto const words = described.empty() ? default_message(code) : described.substr(0, room);
        registry_error out;
        out.code = code;
        out.message = detail::printable(words, words.size());
        return out;
    }
    return std::nullopt;
}

/// True when an answer names the protocol: an entry `registry/2.0` in any version header, ignoring case.
inline bool confirms_v2(response const& head) {
    for (auto line : head.headers.all("Docker-Distribution-Api-Version")) {
        while (!line.empty()) {
            auto const end = std::min(line.find_first_of(" \t"), line.size());
            if (iequal(line.substr(0, end), "registry/2.0")) return true;
            line.remove_prefix(std::min(end + 1, line.size()));
        }
    }
    return false;
}

/// Makes the error of an answer whose status is not the wanted one.
///
/// `shown`: what was shown to the registry.
///
/// Codes: 401 `auth_required`; `auth_denied` when credentials were sent, or when none may be (doc/threats.md#c06);
/// `denied` where they are good and do not suffice (`insufficient_scope`); 403 `denied`; 404 `manifest_unknown`,
/// `name_unknown`, `blob_unknown` or `not_found`; 429 `rate_limited`; 5xx and 408 `server_error`; other 4xx
/// `registry_error`; anything below 400 `http_unexpected_status`. Facts (doc/protocol.md#fallback): never plaintext,
/// because there was an answer; `v1` only for 401 and 404 while v2 is not confirmed, and not for a blob, which v2
/// itself has named. What the challenge says of a token comes before the errors of the body.
template <json_policy J>
error error_from_response(response const& head, std::string_view body, asked what, limits const& l, auth_note const& shown = {}) {
    auto bounds = l;
    auto by_challenge = head.status >= 400 && head.status < 500 ? challenge_error(head, l.error_text) : std::nullopt;
    if (by_challenge) bounds.error_text -= std::min(l.error_text, by_challenge->message.size());
    auto said = parse_error_body<J>(body, bounds);
    bool const about_manifest = what == asked::manifest || what == asked::manifest_by_digest;
    auto says = [&](std::string_view code) {
        for (auto const& e : said.errors)
            if (e.code == code) return true;
        return false;
    };
    int const s = head.status;
    errc code = errc::registry_error;
    if (s < 400) code = errc::http_unexpected_status;
    else if (s == 401 && shown.withheld) code = errc::auth_denied;
    else if (s == 401 && !shown.sent) code = errc::auth_required; // whatever is missing, a login may have it
    else if (s == 401) code = by_challenge && by_challenge->code == "DENIED" ? errc::denied : errc::auth_denied;
    else if (s == 403) code = errc::denied;
    else if (s == 404 && says("NAME_UNKNOWN")) code = errc::name_unknown;
    else if (s == 404 && what == asked::blob) code = errc::blob_unknown;
    else if (s == 404 && about_manifest && !said.errors.empty()) code = errc::manifest_unknown;
    else if (s == 404) code = errc::not_found;
    else if (s == 429) code = errc::rate_limited;
    else if (s >= 500 || s == 408) code = errc::server_error;
    else if (says("DENIED")) code = errc::denied;
    else if (says("UNAUTHORIZED")) code = shown.sent ? errc::auth_denied : errc::auth_required;

    fallback_facts f;
    f.answered = true;
    f.over_tls = head.url.starts_with("https:");
    f.v2_confirmed = confirms_v2(head);
    f.next_endpoint = s == 401 || s == 403 || s == 404 || s == 429 || s >= 500;
    f.v1 = (s == 401 || s == 404) && !f.v2_confirmed && what != asked::blob;
    f.retry = is_passing_status(s);
    f.what = what;
    f.said = said.form;
    if (s < 400 || s >= 500) f.said = refusal_form::unreadable;
    else if (s == 401 && (said.by_details || said.form == refusal_form::unreadable)) f.said = refusal_form::unknown;
    if (shown.unanswered) f.said = refusal_form::none;
    f.withheld = code == errc::auth_denied && shown.withheld;
    error out(code);
    out.with_facts(f).with_status(s).with_url(safe_url(head.url));
    if (auto const rate = rate_limit_of(head); rate.until_seconds >= 0 || rate.limit >= 0 || rate.remaining >= 0)
        out.with_rate(rate);
    if (!said.words.empty()) said.errors.push_back({"", std::move(said.words), ""});
    if (by_challenge) said.errors.insert(said.errors.begin(), std::move(*by_challenge));
    if (!said.errors.empty()) out.with_registry_errors(std::move(said.errors));
    return out;
}

} // namespace lading
