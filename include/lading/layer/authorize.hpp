// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The authorize layer: answers challenges for any operation (spec 3.3-3.6 FIX, hostile.md C06-C11, C20, C21, C24, X12-X19).
///
/// A request goes out with what the session knows; on a 401 the strongest usable challenge is answered (Bearer before
/// Basic, one only), at most `limits::auth_rounds` times, and the request is sent again. Of the operations that need
/// the same token one fetches it and the others wait. Secrets go to the origin they were found for and to token realms
/// on it, or on a realm that the caller trusts; never to another.

#include "../detail/algorithm.hpp"
#include "../detail/chrono.hpp"
#include "../http/challenge.hpp"
#include "../operation/token.hpp"
#include "../policy/fallback.hpp"
#include "confidences.hpp"
#include "session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What the layer may do with secrets.
struct auth_rules {
    auth_rules() = default;
    /// Origins ("https://auth.example.com") whose token service may be sent the secrets of any registry asked.
    /// One that is no origin is `config_invalid`, final, when it is looked for.
    std::vector<std::string> trusted_realms;
    /// Send secrets, and the tokens they get, over plain http to hosts other than this machine.
    bool secrets_over_http = false;
    /// Ask for tokens with user name and password by OAuth2 POST, not by GET (spec 3.6).
    bool oauth_password = false;
    /// Ask for a refresh token where user name and password are sent by GET (spec 3.6); by POST one always is asked for.
    /// It then fetches the next tokens in place of the password, as long as the client lives.
    bool offline_token = false;
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
    return is_loopback_host(o.host);
}

} // namespace detail

/// `P` names the policies `json`, `clock` and `credentials`.
template <class Op, class P>
class authorized : pinned {
    template <class T>
    using result = detail::late<lading::result<T>, P>;
    template <class T>
    using done = detail::late<lading::done<T>, P>;

  public:
    using value_type = typename Op::value_type;

    /// The referenced session, clock and credentials outlive the operation; the rest is for the wrapped one.
    template <class... Args>
    authorized(conversation const& talk, auth_rules rules, auth_session& session, typename P::clock& clock,
               typename P::credentials& credentials, Args&&... args)
        : talk_(talk), rules_(std::move(rules)), session_(session), clock_(clock), credentials_(credentials),
          inner_(std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }

    step<value_type> on_delay() {
        if (!flight_) return take(inner_.on_delay());
        auto over = session_.landed(flight_);
        if (!over) {
            auto const& deadline = pending_->query.deadline;
            if (!deadline || clock_.now() < *deadline) return look_again();
            flight_.reset();
            return pass(error(errc::timeout).with_context("waiting for a token").with_url(safe_url(pending_->query.url)));
        }
        flight_.reset();
        if (*over) return pass(std::move(**over));
        return send();
    }

    step<value_type> on_response(result<response> answer) {
        if (token_) return on_token(std::move(answer));
        if (answer) {
            answer.assume_value().credentials_sent = sent_secret_;
            answer.assume_value().credentials_withheld = pending_ && !pending_->query.may_authorize;
        }
        if (!answer || answer.assume_value().status != 401 || !pending_ || !pending_->query.may_authorize)
            return pass(std::move(answer));
        confirmed_ = confirmed_ || confirms_v2(answer.assume_value());
        auto next = answer_challenge(answer.assume_value());
        if (!next) return pass(std::move(next).assume_error());
        if (next.assume_value()) return std::move(*next.assume_value());
        return pass(std::move(answer)); // nothing to offer: the 401 is the answer
    }

  private:
    using maybe_step = result<std::optional<step<value_type>>>;
    static maybe_step nothing() { return std::optional<step<value_type>>(); }

    /// One who waits for another's token looks again after a quarter of the time it has waited, so that it loses no more.
    need_delay look_again() {
        auto const wait = std::clamp(waited_ / 4, std::chrono::milliseconds(1), std::chrono::milliseconds(50));
        waited_ += wait;
        return need_delay(wait);
    }

    /// A new request of the operation: send it with what is known.
    step<value_type> take(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            pending_.emplace(std::move(x->query), *x->sink);
            where_ = origin_of(pending_->query.url);
            // Whatever address an operation has taken from an answer: only the registry itself is told who asks.
            if (where_ != home_) pending_->query.may_authorize = false;
            rounds_ = 0;
            fresh_ = renewed_ = false;
            return send();
        }
        if (auto* over = std::get_if<done<value_type>>(&s)) told_.hide_in(over->value());
        return s;
    }
    step<value_type> pass(result<response> answer) { return take(inner_.on_response(std::move(answer))); }

    /// Sends the pending request with what the session knows, or fetches a token first where it knows from whom.
    step<value_type> send() {
        request q = pending_->query;
        sent_.clear();
        sent_secret_ = false;
        if (q.may_authorize)
            if (auto known = session_.find(where(), scope(), clock_.now())) {
                if (known->authorization.empty() && known->from) {
                    auto fetched = fetch_token(known->from->realm, known->from->service, known->from->reach);
                    return fetched ? std::move(fetched).assume_value() : pass(std::move(fetched).assume_error());
                }
                sent_ = known->authorization;
                told_.add_authorization(sent_);
                sent_secret_ = known->from_secret;
                q.headers.set("Authorization", std::move(known->authorization));
            }
        return need_exchange(std::move(q), *pending_->sink);
    }

    /// The step that answers the challenge, or nothing when there is nothing to answer it with.
    maybe_step answer_challenge(response& head) {
        // Another operation may have got a token since this request was sent, with an older one or with none.
        if (session_.refused(where(), scope(), sent_)) return std::optional(send());
        if (std::exchange(renewed_, false)) { // what a refresh token got will not do: the secret itself may
            keep_refresh_token({});
            fresh_ = false;
        }
        if (++rounds_ > talk_.bounds.auth_rounds || (!sent_.empty() && fresh_)) return nothing();

        auto const lines = head.headers.all("WWW-Authenticate");
        auto const offered = parse_challenges(lines);
        for (auto const& c : offered.challenges)
            if (c.scheme == "bearer") return answer_bearer(head, c);
        for (auto const& c : offered.challenges)
            if (c.scheme == "basic") return answer_basic(head);
        if (lines.empty()) return nothing();
        return refuse(offered.challenges.empty() ? errc::auth_challenge_malformed : errc::auth_challenge_unsupported,
                      detail::printable(lines.front(), 160));
    }

    maybe_step answer_basic(response& head) {
        LADING_TRY_V(look_up());
        if (!secret_ || secret_->username.empty()) return head.challenge_unanswered = true, nothing();
        LADING_TRY_V(check_plaintext(where()));
        fresh_ = true;
        return use(basic_authorization(*secret_));
    }

    maybe_step answer_bearer(response const& head, challenge const& c) {
        auto const text = c.param("realm");
        if (!text || text->empty()) return refuse(errc::auth_challenge_malformed, "no realm");
        LADING_TRY_V(look_up());
        if (secret_ && !secret_->registry_token.empty()) { // made elsewhere: nobody is asked
            LADING_TRY_V(check_plaintext(where()));
            fresh_ = true;
            return use("Bearer " + secret_->registry_token);
        }
        LADING_TRY(auto const base, url::parse(pending_->query.url));
        auto const realm = base.resolve(*text);
        if (!realm) return refuse(errc::auth_realm_refused, realm.error().detail().context);
        auto const far = reach_from(head, pending_->query.reach, base.host(), realm.assume_value().host());
        auto fetched = fetch_token(realm.assume_value(), std::string(c.param("service").value_or("")), far);
        if (!fetched) return std::move(fetched).assume_error();
        return std::optional(std::move(fetched).assume_value());
    }

    /// Keeps an authorization and sends the request with it.
    maybe_step use(std::string authorization) {
        auth_session::known k;
        k.authorization = std::move(authorization);
        k.from_secret = true;
        k.usable_until = auth_session::time_point::max();
        session_.store(where(), scope(), std::move(k));
        return std::optional(send());
    }

    /// Asks for a token, or waits for the one that another operation has asked for. `far`: where the service may be, unless
    /// it is trusted.
    result<step<value_type>> fetch_token(url const& target, std::string service, reach far) {
        auto const registry = where();
        LADING_TRY_V(look_up());
        // Without a secret there is nothing to be read on the way, but one who is on it could answer: only inside a network.
        if (registry.scheme == "https" && target.scheme() != "https" && (secret_ || far != reach::inside))
            return refuse(errc::auth_realm_refused, std::string("the realm of an https registry is on http, where no credentials go") +
                                                        (secret_ ? ": " : ", and the registry is not inside a network: ") + target.safe());
        bool const trusted = detail::realm_is_trusted(registry, target.origin(), rules_);
        if (secret_) {
            if (!trusted)
                for (auto const& text : rules_.trusted_realms)
                    if (!url::parse(text)) // it would be trusted by no one
                        return error(errc::config_invalid)
                            .with_context("a trusted realm")
                            .with_values("an origin, as https://auth.example.com", detail::printable(text, 160));
            if (!trusted)
                return refuse(errc::auth_realm_refused, "credentials for " + registry.str() +
                                                            " may not go to the realm " + target.origin().str());
            LADING_TRY_V(check_plaintext(target.origin()));
            LADING_TRY_V(check_plaintext(registry)); // what the secret gets goes there
        }
        auto flight = session_.join(registry, scope(), own_flight_);
        if (!own_flight_) {
            flight_ = std::move(flight);
            waited_ = {};
            return step<value_type>(look_again());
        }
        issuer_.emplace(target, service, far);
        // Only this operation's own scope is asked for, whatever the challenge names (C24).
        token_request what(target, std::move(service), scope(), secret_);
        what.by_oauth = secret_ && (!secret_->identity_token.empty() || rules_.oauth_password);
        what.offline = rules_.offline_token;
        if (secret_) {
            what.refresh_token = session_.refresh_token(registry, *issuer_, *secret_);
            if (!what.refresh_token.empty()) told_.add(credential::identity(what.refresh_token));
        }
        if (!trusted) what.reach = far;
        if (target.origin() != registry) what.named_by = registry.authority();
        token_.emplace(talk_, std::move(what));
        return step<value_type>(std::move(std::get<need_exchange>(token_->start())));
    }

    step<value_type> on_token(result<response> answer) {
        auto next = token_->on_response(std::move(answer));
        if (auto* again = std::get_if<need_exchange>(&next)) return std::move(*again);
        auto token = std::move(std::get<done<bearer_token>>(next).value());
        token_.reset();
        if (!token) {
            auto e = std::move(token).assume_error();
            auto f = e.facts();
            f.v2_confirmed = f.v2_confirmed || confirmed_;
            f.v1 = f.v1 && !f.v2_confirmed;
            f.over_tls = where().scheme == "https";
            f.answered = f.answered || rounds_ > 0; // the registry did answer: with the challenge
            f.plaintext = f.plaintext && !f.answered;
            e.with_facts(f);
            told_.hide_in(e); // now: those who wait do not know the refresh token that was tried here
            // What this caller alone ended is no failure of those who wait: one of them fetches it.
            if (!is_callers_own(e.kind())) own_flight_->failure = e;
            if (secret_ && e == errc::auth_denied) keep_refresh_token({});
            own_flight_.reset();
            return pass(std::move(e));
        }
        auth_session::known k;
        k.authorization = "Bearer " + token.assume_value().text;
        k.from_secret = secret_.has_value();
        k.usable_until = clock_.now() + token.assume_value().lifetime - std::chrono::seconds(10);
        if (secret_) keep_refresh_token(std::move(token.assume_value().refresh_token));
        renewed_ = token.assume_value().renewed;
        k.from = issuer_;
        session_.store(where(), scope(), std::move(k));
        own_flight_.reset();
        fresh_ = true;
        return send();
    }

    void keep_refresh_token(std::string text) {
        if (!text.empty()) told_.add(credential::identity(text));
        session_.keep_refresh_token(where(), *issuer_, *secret_, std::move(text));
    }

    /// Asks the credentials policy, once an operation.
    result<void> look_up() {
        if (asked_credentials_) return success();
        LADING_TRY(secret_, credentials_.lookup({credential_key(talk_.name), std::string(talk_.name.path()), talk_.deadline}));
        if (secret_ && secret_->empty()) secret_.reset();
        if (secret_) told_.add(*secret_);
        asked_credentials_ = true;
        return success();
    }
    /// The origin and the scope of the pending request. Requests without a scope need none, and are told apart from
    /// those of a repository.
    origin const& where() const { return where_; }
    static origin origin_of(std::string const& text) {
        auto const u = url::parse(text);
        return u ? u.assume_value().origin() : origin("", "", 0);
    }
    std::string const& scope() const { return pending_->query.scope; }

    result<void> check_plaintext(origin const& to) const {
        if (to.scheme == "https" || rules_.secrets_over_http || detail::is_loopback(to)) return success();
        return error(errc::plaintext_credentials_refused).with_context(to.str());
    }
    error refuse(errc e, std::string why) const {
        fallback_facts facts;
        facts.answered = true;
        facts.over_tls = where().scheme == "https";
        facts.v2_confirmed = confirmed_;
        facts.next_endpoint = true;
        return error(e).with_context(std::move(why)).with_status(401).with_facts(facts).with_url(
            safe_url(pending_->query.url));
    }

    conversation talk_;
    origin const home_ = origin_of(talk_.base_url);
    auth_rules rules_;
    auth_session& session_;
    typename P::clock& clock_;
    typename P::credentials& credentials_;
    Op inner_;

    std::optional<need_exchange> pending_;              ///< the operation's request, without credentials
    origin where_ = home_;                              ///< whom it goes to
    std::shared_ptr<auth_session::flight> flight_;       ///< another's, that we wait for
    std::chrono::milliseconds waited_{0};                ///< for it
    std::optional<auth_session::own_flight> own_flight_; ///< ours: when we are cancelled, another may fetch it
    std::optional<token_operation<P>> token_;            ///< under way while we fetch a token
    std::optional<auth_session::issuer> issuer_;        ///< of that token
    std::optional<credential> secret_;
    confidences told_;
    std::string sent_;         ///< the authorization of the last request
    bool asked_credentials_ = false;
    bool sent_secret_ = false; ///< it was made from a secret, not anonymously
    bool fresh_ = false;       ///< it was made for this request, so a refusal is final
    bool renewed_ = false;     ///< and a refresh token got it
    bool confirmed_ = false;   ///< a refusal named v2
    std::size_t rounds_ = 0;
};

} // namespace lading
