// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The token operation: a bearer token from a token service, by GET (doc/protocol.md#tokens) or by OAuth2 POST
/// (doc/protocol.md#oauth).
///
/// Requests: GET `<realm>?service=..&scope=..[&account=..]`, one, with Basic credentials when there are any; or POST of a
/// form with an identity token or with user name and password, and the GET after it when the service answers the POST
/// of a password with 404 or 405. A refresh token of an earlier answer goes before all of them, and when it is refused
/// the secret is used as if there had been none. It follows no redirect and answers no challenge.

#include "../detail/base64.hpp"
#include "../detail/chrono.hpp"
#include "../detail/text.hpp"
#include "../http/plain_words.hpp"
#include "../http/status.hpp"
#include "../http/url.hpp"
#include "../json/document.hpp"
#include "../policy/credentials.hpp"
#include "../protocol/body.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/step.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace lading {

/// A token and how long it may be used, measured from its receipt.
struct bearer_token {
    bearer_token(std::string t, std::chrono::seconds l) : text(std::move(t)), lifetime(l) {}
    std::string text;
    std::chrono::seconds lifetime;
    std::string refresh_token; ///< for the next one; empty when the service gave none
    bool renewed = false;      ///< a refresh token of an earlier answer got it
};

/// What to ask a token service for.
struct token_request {
    token_request(url r, std::string sv, std::string sc, std::optional<credential> c)
        : realm(std::move(r)), service(std::move(sv)), scope(std::move(sc)), secret(std::move(c)) {}
    url realm;
    std::string service; ///< may be empty
    std::string scope;
    std::optional<credential> secret;
    std::string refresh_token; ///< of an earlier answer to the same secret; may be empty
    bool by_oauth = false;     ///< POST a form
    bool offline = false;      ///< by GET: ask for a refresh token too
    lading::address_policy address_policy = lading::address_policy::anywhere;
    std::string named_by; ///< the registry that named the realm, where that is of another origin: `request::named_by`
};

/// The value of a Basic `Authorization` header.
inline std::string basic_authorization(credential const& c) {
    return "Basic " + detail::base64_encode(c.username + ':' + c.password);
}

/// Reads the answer of a token service. `token` and `access_token` are one thing under two names: the first of them that is a
/// text counts. `expires_in` is clamped to 60 s .. 1 h; `issued_at` is not looked at, because the clock that counts is ours.
/// `refresh_token` is any text; what is none is not there. Errors: `auth_token_malformed`, `auth_token_too_large`, and
/// `json_*` for what is JSON in its form.
template <class P>
detail::dependent<result<bearer_token>, P> interpret_token(std::string_view body, limits const& bounds) {
    auto parsed = json_document::parse<typename P::json>(body, bounds.json);
    if (!parsed && parsed.assume_error() == errc::json_syntax) // a page of a portal, perhaps
        return error(errc::auth_token_malformed).with_context("no JSON: " + parsed.assume_error().detail().context);
    LADING_TRY(auto const document, std::move(parsed));
    auto const root = document.root();
    if (!root.is_object()) return error(errc::auth_token_malformed).with_context("no JSON object");
    auto read = [&](char const* name) -> std::string_view {
        auto const v = root.find(name);
        return v ? v->as_string().value_or("") : "";
    };
    auto text = read("token");
    if (text.empty()) text = read("access_token");
    if (text.empty()) return error(errc::auth_token_malformed).with_context("no token");
    auto const refresh = read("refresh_token");
    if (auto const longest = std::max(text.size(), refresh.size()); longest > bounds.token_length)
        return error(errc::auth_token_too_large)
            .with_values("at most " + std::to_string(bounds.token_length) + " bytes (limits::token_length)", std::to_string(longest));
    for (char c : text)
        if (c <= 0x20 || c >= 0x7f) return error(errc::auth_token_malformed).with_context("a byte that no token has");

    std::int64_t seconds = 60;
    if (auto const v = root.find("expires_in"); v && !v->is_null()) {
        if (auto const i = v->as_int()) seconds = *i;
        else if (v->as_uint()) seconds = 3600;
        else return error(errc::auth_token_malformed).with_context("expires_in is not an integer");
    }
    bearer_token out(std::string(text), std::chrono::seconds(std::clamp<std::int64_t>(seconds, 60, 3600)));
    out.refresh_token = refresh;
    return out;
}

/// Fetches a token. Errors: those of `interpret_token` and the transport; when the service refuses (401 or 403, or 400 to
/// a form) `auth_denied` to a secret, `auth_required` without one; `auth_realm_refused` when it redirects;
/// `auth_token_failed` for any other status.
template <class P>
class token_operation : public operation_base<bearer_token, P> {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using step = detail::dependent<lading::step<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    token_operation(call_context c, token_request what)
        : talk_(std::move(c)), what_(std::move(what)),
          body_(talk_.bounds.token_bytes, talk_.bounds, errc::auth_token_too_large) {}

    step<bearer_token> start() { return what_.by_oauth || !what_.refresh_token.empty() ? post() : get(); }
    step<bearer_token> on_response(result<response> answer) {
        if (!what_.refresh_token.empty() && answer && refuses(answer.assume_value().status)) {
            what_.refresh_token.clear();
            return start();
        }
        bool const unknown = answer && (answer.assume_value().status == 404 || answer.assume_value().status == 405);
        if (what_.by_oauth && unknown && what_.secret && what_.secret->identity_token.empty()) {
            what_.by_oauth = false;
            return get();
        }
        return done<bearer_token>(interpret(std::move(answer)));
    }

  private:
    /// The service will not have this refresh token, or speaks no POST. One that fails may have it later.
    static bool refuses(int status) { return status == 400 || status == 401 || status == 403 || status == 404 || status == 405; }

    request ask(std::string method, url const& target) const {
        request q = talk_.get("");
        q.method = std::move(method);
        q.url = target.str();
        q.address_policy = what_.address_policy;
        q.named_by = what_.named_by;
        return q;
    }
    need_exchange get() {
        url target = what_.realm;
        bool const login = what_.secret && what_.secret->has_login();
        if (!what_.service.empty()) target.add_query("service", what_.service);
        for (auto rest = std::string_view(what_.scope); !rest.empty();) { // one parameter each
            auto const one = rest.substr(0, rest.find(' '));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            if (!one.empty()) target.add_query("scope", std::string(one));
        }
        if (login && !what_.secret->username.empty()) target.add_query("account", what_.secret->username);
        if (login && what_.offline) {
            target.add_query("client_id", client_id);
            target.add_query("offline_token", "true");
        }
        request q = ask("GET", target);
        if (login) q.headers.add("Authorization", basic_authorization(*what_.secret));
        return need_exchange(std::move(q), body_, routing::without_credentials());
    }
    need_exchange post() {
        auto const& secret = *what_.secret;
        std::vector<std::pair<std::string, std::string>> form;
        auto const& refresh = what_.refresh_token.empty() ? secret.identity_token : what_.refresh_token;
        if (!refresh.empty()) {
            form.emplace_back("grant_type", "refresh_token");
            form.emplace_back("refresh_token", refresh);
        } else {
            form.emplace_back("grant_type", "password");
            form.emplace_back("username", secret.username);
            form.emplace_back("password", secret.password);
            form.emplace_back("access_type", "offline");
        }
        if (!what_.service.empty()) form.emplace_back("service", what_.service);
        if (!what_.scope.empty()) form.emplace_back("scope", what_.scope);
        form.emplace_back("client_id", client_id);
        request q = ask("POST", what_.realm);
        q.headers.add("Content-Type", "application/x-www-form-urlencoded");
        q.body = form_encode(form);
        return need_exchange(std::move(q), body_, routing::without_credentials());
    }

    result<bearer_token> interpret(result<response> answer) {
        LADING_TRY(auto const head, std::move(answer));
        if (head.status == 200) {
            auto token = interpret_token<P>(body_.text(), talk_.bounds);
            if (!token) {
                auto& e = token.assume_error().with_status(200).with_url(safe_url(head.url));
                // What it is, and none of its words: a damaged answer may hold the token.
                if (auto const other = answer_of_another_kind(head, body_.text(), "a token")) e.with_context(other->detail().context);
            } else if (auto& got = token.assume_value(); !what_.refresh_token.empty()) {
                got.renewed = true;
                if (got.refresh_token.empty()) got.refresh_token = what_.refresh_token; // the one that was used stays good
            }
            return token;
        }
        auth_note shown;
        shown.sent = what_.secret.has_value();
        error said = error_from_response<typename P::json>(head, body_.text(), asked::token, talk_.bounds, shown);
        auto const s = head.status;
        bool const refused = s == 401 || s == 403 || (s == 400 && what_.by_oauth);
        errc code = errc::auth_token_failed;
        if (refused) code = what_.secret ? errc::auth_denied : errc::auth_required;
        if (s >= 300 && s < 400) code = errc::auth_realm_refused;
        auto facts = said.facts();
        facts.said = refusal_form::none; // it was not the registry that spoke
        error out(code);
        out.with_facts(facts).with_status(s).with_rate(said.detail().rate);
        out.with_registry_errors(said.detail().registry_errors);
        if (code == errc::auth_realm_refused) out.with_context("the token service redirects");
        else if (refused) out.with_context(what_.secret ? "at the token service" : "the token service gives no token without");
        return std::move(out.with_url(safe_url(head.url)));
    }

    static constexpr char const* client_id = "lading";

    call_context talk_;
    token_request what_;
    response_body body_;
};

} // namespace lading
