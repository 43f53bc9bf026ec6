// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The token operation: a bearer token from a token service by GET (spec 3.5).
///
/// Requests: GET `<realm>?service=..&scope=..[&account=..]`, one, with Basic credentials when there are any. It follows
/// no redirect and answers no challenge.

#include "../detail/base64.hpp"
#include "../detail/text.hpp"
#include "../http/status.hpp"
#include "../http/url.hpp"
#include "../json/document.hpp"
#include "../policy/credentials.hpp"
#include "body.hpp"
#include "conversation.hpp"
#include "step.hpp"

#include <chrono>
#include <optional>

namespace lading {

/// A token and how long it may be used, measured from its receipt.
struct bearer_token {
    bearer_token(std::string t, std::chrono::seconds l) : text(std::move(t)), lifetime(l) {}
    std::string text;
    std::chrono::seconds lifetime;
};

/// What to ask a token service for.
struct token_request {
    token_request(url r, std::string sv, std::string sc, std::optional<credential> c)
        : realm(std::move(r)), service(std::move(sv)), scope(std::move(sc)), secret(std::move(c)) {}
    url realm;
    std::string service; ///< may be empty
    std::string scope;
    std::optional<credential> secret;
};

/// The value of a Basic `Authorization` header.
inline std::string basic_authorization(credential const& c) {
    return "Basic " + detail::base64_encode(c.username + ':' + c.password);
}

/// Reads the answer of a token service. `token` and `access_token` are one thing under two names: both may be there
/// if they are equal. `expires_in` is clamped to 60 s .. 1 h; `issued_at` is not looked at, because the clock that
/// counts is ours (FIX 10.61). Errors: `auth_token_malformed`, `auth_token_too_large`, `json_*`.
template <class P>
result<bearer_token> interpret_token(std::string_view body, limits const& bounds) {
    LADING_TRY(auto const document, json_document::parse<typename P::json>(body, bounds.json));
    auto const root = document.root();
    if (!root.is_object()) return error(errc::auth_token_malformed).with_context("no JSON object");
    std::string_view text;
    for (auto name : {"token", "access_token"}) {
        auto const v = root.find(name);
        if (!v || v->is_null()) continue;
        auto const t = v->as_string();
        if (!t) return error(errc::auth_token_malformed).with_context(std::string(name) + " is not a string");
        if (t->empty()) continue;
        if (!text.empty() && text != *t)
            return error(errc::auth_token_malformed).with_context("token and access_token differ");
        text = *t;
    }
    if (text.empty()) return error(errc::auth_token_malformed).with_context("no token");
    if (text.size() > bounds.token_length)
        return error(errc::auth_token_too_large)
            .with_values("at most " + std::to_string(bounds.token_length) + " bytes", std::to_string(text.size()));
    for (char c : text)
        if (c <= 0x20 || c >= 0x7f) return error(errc::auth_token_malformed).with_context("a byte that no token has");

    std::int64_t seconds = 60;
    if (auto const v = root.find("expires_in"); v && !v->is_null()) {
        if (auto const i = v->as_int()) seconds = *i;
        else if (v->as_uint()) seconds = 3600;
        else return error(errc::auth_token_malformed).with_context("expires_in is not an integer");
    }
    return bearer_token(std::string(text), std::chrono::seconds(std::clamp<std::int64_t>(seconds, 60, 3600)));
}

/// Fetches a token. Errors: those of `interpret_token` and the transport; `auth_denied` when the service answers 401
/// or 403 to credentials; `auth_token_failed` for any other status.
template <class P>
class token_operation : pinned {
  public:
    using value_type = bearer_token;

    token_operation(conversation c, token_request what)
        : talk_(std::move(c)), what_(std::move(what)),
          body_(talk_.bounds.token_bytes, talk_.bounds, errc::auth_token_too_large) {}

    step<bearer_token> start() {
        url target = what_.realm;
        if (!what_.service.empty()) target.add_query("service", what_.service);
        if (!what_.scope.empty()) target.add_query("scope", what_.scope);
        if (what_.secret) target.add_query("account", what_.secret->username);
        request q = talk_.get("");
        q.url = target.str();
        q.may_authorize = false;
        if (what_.secret) q.headers.add("Authorization", basic_authorization(*what_.secret));
        return need_exchange(std::move(q), body_);
    }
    step<bearer_token> on_response(result<response> answer) {
        return done<bearer_token>(interpret(std::move(answer)));
    }
    step<bearer_token> on_delay() { return done<bearer_token>(error(errc::invalid_argument)); }

  private:
    result<bearer_token> interpret(result<response> answer) {
        LADING_TRY(auto head, std::move(answer));
        if (head.status == 200) return interpret_token<P>(body_.text(), talk_.bounds);
        head.credentials_sent = what_.secret.has_value();
        error said = error_from_response<typename P::json>(head, body_.text(), asked::token, talk_.bounds);
        bool const refused = head.status == 401 || head.status == 403;
        error out(refused && what_.secret ? errc::auth_denied : errc::auth_token_failed);
        out.with_facts(said.facts()).with_status(head.status).with_retry_after(said.retry_after_seconds());
        out.with_registry_errors(said.detail().registry_errors).with_context("the token service refused");
        return std::move(out.with_url(safe_url(head.url)));
    }

    conversation talk_;
    token_request what_;
    response_body body_;
};

} // namespace lading
