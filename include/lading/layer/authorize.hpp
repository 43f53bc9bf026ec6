// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The authorize layer: answers challenges for any operation (spec 3.3-3.5 FIX, hostile.md C06-C11, C20, C21, C24).
///
/// A request goes out with what the session knows; on a 401 the strongest usable challenge is answered (Bearer before
/// Basic, one only), at most `limits::auth_rounds` times, and the request is sent again. Secrets go to the origin they
/// were found for and to token realms on it, or on a realm that the caller trusts; never to another.

#include "../http/challenge.hpp"
#include "../operation/token.hpp"
#include "session.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What the layer may do with secrets.
struct auth_rules {
    auth_rules() = default;
    /// Origins ("https://auth.example.com") whose token service may be sent the secrets of any registry asked.
    std::vector<std::string> trusted_realms;
    /// Send secrets over plain http to hosts other than this machine.
    bool secrets_over_http = false;
};

namespace detail {

/// Token services that are known to serve a registry of another origin.
inline constexpr std::pair<std::string_view, std::string_view> well_known_realms[] = {
    {"https://registry-1.docker.io:443", "https://auth.docker.io:443"},
    {"https://registry.gitlab.com:443", "https://gitlab.com:443"},
};

inline bool realm_is_trusted(origin const& registry, origin const& realm, auth_rules const& rules) {
    if (realm == registry) return true;
    for (auto const& [r, t] : well_known_realms)
        if (registry.str() == r && realm.str() == t) return true;
    for (auto const& text : rules.trusted_realms)
        if (auto const u = url::parse(text); u && u.assume_value().origin() == realm) return true;
    return false;
}

inline bool is_loopback(origin const& o) noexcept {
    return o.host == "localhost" || o.host == "[::1]" || o.host.starts_with("127.");
}

} // namespace detail

/// `P` names the policies `json`, `clock` and `credentials`.
template <class Op, class P>
class authorized : pinned {
  public:
    using value_type = typename Op::value_type;

    /// The referenced session, clock and credentials outlive the operation; the rest is for the wrapped one.
    template <class... Args>
    authorized(conversation const& talk, auth_rules rules, auth_session& session, typename P::clock& clock,
               typename P::credentials& credentials, Args&&... args)
        : talk_(talk), rules_(std::move(rules)), session_(session), clock_(clock), credentials_(credentials),
          inner_(std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() { return take(inner_.on_delay()); }

    step<value_type> on_response(result<response> answer) {
        if (token_) return on_token(std::move(answer));
        if (answer) answer.assume_value().credentials_sent = sent_secret_;
        if (!answer || answer.assume_value().status != 401 || !pending_ || !pending_->query.may_authorize)
            return pass(std::move(answer));
        auto next = answer_challenge(answer.assume_value());
        if (!next) return pass(std::move(next).assume_error());
        if (next.assume_value()) return std::move(*next.assume_value());
        return pass(std::move(answer)); // nothing to offer: the 401 is the answer
    }

  private:
    /// A new request of the operation: send it with what is known.
    step<value_type> take(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            pending_.emplace(x->query, *x->sink);
            rounds_ = 0;
            return send();
        }
        return s;
    }
    step<value_type> pass(result<response> answer) { return take(inner_.on_response(std::move(answer))); }

    step<value_type> send() {
        request q = pending_->query;
        sent_ = sent_secret_ = false;
        if (auto const u = url::parse(q.url); q.may_authorize && u)
            if (auto known = session_.find(u.assume_value().origin(), q.scope, clock_.now())) {
                q.headers.set("Authorization", std::move(known->authorization));
                sent_ = true;
                sent_secret_ = known->from_secret;
            }
        return need_exchange(std::move(q), *pending_->sink);
    }

    /// The step that answers the challenge, or nothing when there is nothing to answer it with.
    result<std::optional<step<value_type>>> answer_challenge(response const& head) {
        LADING_TRY(auto const where, url::parse(pending_->query.url));
        if (sent_) session_.forget(where.origin(), pending_->query.scope);
        if (++rounds_ > talk_.bounds.auth_rounds || (sent_ && fresh_)) return std::optional<step<value_type>>();

        auto const lines = head.headers.all("WWW-Authenticate");
        auto const offered = parse_challenges(lines);
        if (!asked_credentials_) {
            LADING_TRY(secret_, credentials_.lookup({credential_key(talk_.name), std::string(talk_.name.path())}));
            asked_credentials_ = true;
        }
        for (auto const& c : offered.challenges)
            if (c.scheme == "bearer") return answer_bearer(c, where.origin());
        for (auto const& c : offered.challenges)
            if (c.scheme == "basic") return answer_basic(where.origin());
        if (lines.empty()) return std::optional<step<value_type>>();
        return refuse(offered.challenges.empty() ? errc::auth_challenge_malformed : errc::auth_challenge_unsupported,
                      detail::printable(lines.front(), 160));
    }

    result<std::optional<step<value_type>>> answer_basic(origin const& registry) {
        if (!secret_) return std::optional<step<value_type>>();
        LADING_TRY_V(check_plaintext(registry));
        session_.store_basic(registry, basic_authorization(*secret_));
        fresh_ = true;
        return std::optional<step<value_type>>(send());
    }

    result<std::optional<step<value_type>>> answer_bearer(challenge const& c, origin const& registry) {
        auto const text = c.param("realm");
        if (!text || text->empty()) return refuse(errc::auth_challenge_malformed, "no realm");
        LADING_TRY(auto const base, url::parse(pending_->query.url));
        auto const realm = base.resolve(*text);
        if (!realm) return refuse(errc::auth_realm_refused, realm.error().detail().context);
        auto const& target = realm.assume_value();
        if (base.scheme() == "https" && target.scheme() != "https")
            return refuse(errc::auth_realm_refused, "the realm of an https registry is on http: " + target.safe());
        if (secret_) {
            if (!detail::realm_is_trusted(registry, target.origin(), rules_))
                return refuse(errc::auth_realm_refused, "credentials for " + registry.str() +
                                                            " may not go to the realm " + target.origin().str());
            LADING_TRY_V(check_plaintext(target.origin()));
        }
        // Only this operation's own scope is asked for, whatever the challenge names (C24).
        token_.emplace(talk_, token_request(target, std::string(c.param("service").value_or("")),
                                            pending_->query.scope, secret_));
        auto first = token_->start();
        return std::optional<step<value_type>>(std::move(std::get<need_exchange>(first)));
    }

    step<value_type> on_token(result<response> answer) {
        auto over = token_->on_response(std::move(answer));
        auto token = std::move(std::get<done<bearer_token>>(over).value);
        token_.reset();
        if (!token) return pass(std::move(token).assume_error());
        if (auto const where = url::parse(pending_->query.url))
            session_.store(where.assume_value().origin(), pending_->query.scope, token.assume_value(), secret_.has_value(),
                           clock_.now());
        fresh_ = true;
        return send();
    }

    result<void> check_plaintext(origin const& to) const {
        if (to.scheme == "https" || rules_.secrets_over_http || detail::is_loopback(to)) return success();
        return error(errc::plaintext_credentials_refused).with_context(to.str());
    }
    error refuse(errc e, std::string why) const {
        fallback_facts facts;
        facts.answered = true;
        facts.next_endpoint = true;
        return error(e).with_context(std::move(why)).with_status(401).with_facts(facts).with_url(
            safe_url(pending_->query.url));
    }

    conversation talk_;
    auth_rules rules_;
    auth_session& session_;
    typename P::clock& clock_;
    typename P::credentials& credentials_;
    Op inner_;

    std::optional<need_exchange> pending_;      ///< the operation's request, without credentials
    std::optional<token_operation<P>> token_;   ///< under way while a token is fetched
    std::optional<credential> secret_;
    bool asked_credentials_ = false;
    bool sent_ = false;        ///< the last request carried an authorization
    bool sent_secret_ = false; ///< and it was made from a secret, not anonymously
    bool fresh_ = false;       ///< one was made in this operation, so a refusal is final
    std::size_t rounds_ = 0;
};

} // namespace lading
