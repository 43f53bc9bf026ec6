// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The authorize layer: answers challenges for any operation.
///
/// A request goes out with what the session knows. For a repository that is new to it the way in is the one that its origin
/// had for the last one: a token is fetched first, or Basic is sent; when that comes to nothing it is as if nothing had been
/// known. On a 401 the strongest usable challenge is answered (Bearer before Basic, one only), at most `limits::auth_rounds`
/// times, and the request is sent again; a token of another scope is asked for once, where the challenge says
/// `insufficient_scope` and names it. Of the operations that need the same token one fetches it and the others wait.
///
/// Where the client writes to a repository, what it reads there is asked for with a token for both; one who may not write is given, or asks for,
/// one for reading.
///
/// Some registries hide what is private: 404, 403, or 401 without a challenge. Where a login is known and none was sent, `/v2/`
/// is asked for the challenge, once an origin, and the request is sent again with the login.
///
/// Secrets go to the origin they were found for and to token realms on it, or on a realm that the caller trusts; never to
/// another. Where a login may not go to the realm, or cannot be had, the token is asked for anonymously, and a refusal says
/// what stood in the way of the login.

#include "../detail/algorithm.hpp"
#include "../detail/chrono.hpp"
#include "../http/challenge.hpp"
#include "auth_attempt.hpp"
#include "auth_rules.hpp"
#include "call_login.hpp"
#include "session.hpp"
#include "token.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// `P` names the policies `json`, `clock` and `credentials`.
template <class Op, class P>
class authorize_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, P>;
    template <class T>
    using done = detail::dependent<lading::done<T>, P>;

  public:
    using value_type = typename Op::value_type;

    /// The context of the client, with its session, clock and credentials, must outlive the operation.
    template <class Context, class... Args>
    authorize_middleware(Context& context, call_context const& talk, Args&&... args)
        : talk_(talk), rules_(context.options.auth), session_(context.session), clock_(context.clock),
          login_(context.credentials, rules_, talk_), inner_(context, talk, std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }

    step<value_type> on_delay() {
        if (!fetch_) return take(inner_.on_delay());
        auto over = session_.failure_of_fetch(fetch_);
        if (!over) {
            auto const& deadline = pending_->query.deadline;
            if (!deadline || clock_.now() < *deadline) return look_again();
            fetch_.reset();
            return pass(error(errc::timeout).with_context("waiting for a token").with_url(asked_->safe()));
        }
        fetch_.reset();
        if (*over && !tried_.guessing && !(detail::is_login_refusal((*over)->kind()) && narrow())) return no_token(std::move(**over));
        return send();
    }

    step<value_type> on_response(result<response> got) {
        if (token_) return on_token(std::move(got));
        if (knock_) return on_knock(std::move(got));
        auth_note shown;
        shown.sent = sent_secret_;
        shown.withheld = pending_ && !pending_->routing.may_authorize;
        if (!got || !pending_ || shown.withheld || !pending_->routing.answers_challenges) return pass(std::move(got), shown);
        auto& head = got.assume_value();
        if (head.status == 401) {
            confirmed_ = confirmed_ || confirms_v2(head);
            if (is_expired(head)) {
                session_.refused(where(), scope(), sent_);
                shown.expired = true;
                return pass(std::move(got), shown);
            }
            auto next = answer_challenge(head, shown);
            if (!next) return pass(std::move(next).assume_error());
            if (next.assume_value() != answer::none) return carry_out(next.assume_value());
            if (sent_.starts_with("Bearer ") && narrow()) return send();
        }
        if (!may_be_hidden(head)) return pass(std::move(got), shown); // nothing to offer: this is the answer
        if (auto const asked = login_.look_up(); !asked) return pass(asked.assume_error());
        if (!login_.secret) return pass(std::move(got), shown);
        if (session_.gate_of(where())) { // known: it has had its chance, unless others have found the gate meanwhile
            if (tried_.guessed) return pass(std::move(got), shown);
            return send();
        }
        if (!session_.may_knock(where())) return pass(std::move(got), shown);
        tried_.held = std::move(head);
        knock_.emplace(talk_.bounds.error_bytes, talk_.bounds);
        return need_exchange(talk_.get("/v2/"), *knock_, routing::without_credentials());
    }

  private:
    /// What there is to answer a challenge with: nothing, what is known now, or a token that is still to be had.
    enum class answer : std::uint8_t { none,
                                       send,
                                       fetch };

    step<value_type> carry_out(answer a) { return a == answer::fetch ? fetch() : send(); }
    /// The request for the token that `begin_fetch` has begun, or the wait for another's.
    step<value_type> fetch() {
        if (!token_) return look_again();
        return std::move(std::get<need_exchange>(token_->start()));
    }

    /// One who waits for another's token looks again after a quarter of the time it has waited, so that it loses no more.
    need_delay look_again() {
        auto const wait = std::clamp(waited_ / 4, std::chrono::milliseconds(1), std::chrono::milliseconds(50));
        waited_ += wait;
        return need_delay(wait);
    }

    /// A new request of the operation: send it with what is known.
    step<value_type> take(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            auto target = url::parse(x->query.url);
            if (!target) { // the transport refuses it
                pending_.reset();
                return s;
            }
            asked_ = std::move(target).assume_value();
            where_ = asked_->origin();
            pending_ = std::move(*x);
            // Whatever address an operation has taken from an answer: only the registry itself is told who asks.
            if (where_ != talk_.home) pending_->routing.may_authorize = false;
            tried_ = {};
            login_.withheld.reset();
            return send();
        }
        if (auto* over = std::get_if<done<value_type>>(&s)) login_.conclude(over->value());
        return s;
    }
    /// Once a request, where the registry or its token service has refused what the token was to allow: is there less that will do? Then that is
    /// asked for from now on.
    bool narrow() {
        if (pending_->routing.at_least.empty()) return false;
        pending_->routing.scope = std::exchange(pending_->routing.at_least, {});
        if (talk_.uploads) talk_.uploads->may_not_write(talk_.repository_key());
        tried_ = {};
        return true;
    }
    step<value_type> pass(result<response> got, auth_note const& shown = {}) {
        return take(detail::respond(inner_, std::move(got), shown));
    }

    /// Sends the pending request with what the session knows, or fetches a token first where it knows from whom.
    step<value_type> send() {
        request q = pending_->query;
        sent_.clear();
        sent_secret_ = tried_.guessing = false;
        if (pending_->routing.may_authorize) {
            auto known = session_.find(where(), scope(), clock_.now() + pending_->routing.token_for);
            bool const may_fetch = pending_->routing.answers_challenges;
            if (!known && !tried_.guessed && may_fetch) {
                auto next = guess();
                if (!next) return pass(std::move(next).assume_error());
                if (next.assume_value() == answer::fetch) return fetch();
                known = session_.find(where(), scope(), clock_.now());
            }
            if (known) {
                if (known->authorization.empty() && !may_fetch) return need_exchange(std::move(q), *pending_->sink, pending_->routing);
                if (known->authorization.empty() && known->from) {
                    auto begun = begin_fetch(known->from->realm, known->from->service, known->from->address_policy);
                    return begun ? fetch() : pass(std::move(begun).assume_error());
                }
                sent_ = known->authorization;
                login_.told.add_authorization(sent_);
                sent_secret_ = known->from_secret;
                q.headers.set("Authorization", std::move(known->authorization));
            }
        }
        return need_exchange(std::move(q), *pending_->sink, pending_->routing);
    }

    /// The way in that the origin had for another repository, once a request. Nothing when there is none, or when it is known
    /// now what to send. What fails but for the caller's own doing fails in silence: the registry has not asked yet.
    result<answer> guess() {
        if (scope().empty() || pending_->routing.asks_as_told) return answer::none;
        auto const gate = session_.gate_of(where());
        if (!gate) return answer::none;
        tried_.guessed = true;
        LADING_TRY_V(login_.look_up());
        if (!gate->from || (login_.secret && !login_.secret->registry_token.empty())) {
            if (login_.secret && login_.check_plaintext(where()))
                if (auto authorization = login_.authorization(gate->from.has_value()); !authorization.empty()) session_.store_secret(where(), scope(), std::move(authorization));
            return answer::none;
        }
        tried_.guessing = true;
        auto begun = begin_fetch(gate->from->realm, gate->from->service, gate->from->address_policy);
        if (begun) return answer::fetch;
        tried_.guessing = false;
        if (is_callers_own(begun.assume_error())) return std::move(begun).assume_error();
        return answer::none;
    }

    result<answer> answer_challenge(response const& head, auth_note& shown) {
        // Another operation may have got a token since this request was sent, with an older one or with none.
        if (session_.refused(where(), scope(), sent_)) return answer::send;
        if (std::exchange(tried_.renewed, false)) { // what a refresh token got will not do: the secret itself may
            keep_refresh_token({});
            tried_.fresh = false;
        }
        auto const lines = head.headers.all("WWW-Authenticate");
        auto const offered = parse_challenges(lines);
        if (asks_for_more(offered)) tried_.fresh = false;
        if (++tried_.rounds > talk_.bounds.auth_rounds || (!sent_.empty() && tried_.fresh)) return answer::none;

        bool without_realm = false;
        for (auto const& c : offered.challenges) {
            if (c.scheme != "bearer") continue;
            if (auto const realm = c.param("realm"); realm && !realm->empty()) return answer_bearer(head, c, *realm);
            without_realm = true;
        }
        for (auto const& c : offered.challenges)
            if (c.scheme == "basic") return answer_basic(shown);
        if (lines.empty()) return answer::none;
        if (without_realm) return refuse(errc::auth_challenge_malformed, "no realm");
        return refuse(offered.challenges.empty() ? errc::auth_challenge_malformed : errc::auth_challenge_unsupported,
                      detail::printable(lines.front(), 160));
    }

    /// The token had been good before this request, whose body is not to be sent twice.
    bool is_expired(response const& head) const {
        if (!pending_->routing.once || tried_.fresh || !sent_.starts_with("Bearer ")) return false;
        return scope_that_suffices(parse_challenges(head.headers.all("WWW-Authenticate"))).empty();
    }
    /// A token was good and does not suffice, and the challenge says what would: that, once a request.
    bool asks_for_more(parsed_challenges const& offered) {
        if (!tried_.wider.empty() || !sent_.starts_with("Bearer ")) return false;
        auto named = scope_that_suffices(offered);
        auto const& method = pending_->query.method;
        if (method != "GET" && method != "HEAD" && !detail::is_of_same_resources(named, scope())) return false; // who may write here need not write there
        if (named != scope()) tried_.wider = std::move(named);
        return !tried_.wider.empty();
    }

    /// What an answer may hide from people who have shown no login.
    bool may_be_hidden(response const& head) const {
        if (!sent_.empty() || scope().empty() || tried_.held) return false;
        return head.status == 404 || head.status == 403 || (head.status == 401 && !head.headers.find("WWW-Authenticate"));
    }
    /// How the registry lets people in, said at `/v2/`. When that leads nowhere, the first answer is the answer.
    step<value_type> on_knock(result<response> got) {
        knock_.reset();
        if (!got && is_callers_own(got.assume_error().kind())) return pass(std::move(got));
        if (!got || got.assume_value().status != 401) {
            if (got && got.assume_value().status < 500) session_.knocked_in_vain(where());
            return pass_held();
        }
        confirmed_ = confirmed_ || confirms_v2(got.assume_value());
        auth_note of_this;
        auto next = answer_challenge(got.assume_value(), of_this);
        if (!next) return no_token(std::move(next).assume_error());
        if (next.assume_value() == answer::none) return session_.knocked_in_vain(where()), pass_held();
        return carry_out(next.assume_value());
    }
    step<value_type> pass_held() {
        auto first = std::move(*tried_.held);
        tried_.held.reset();
        return pass(std::move(first));
    }
    /// The registry did not ask for a login: that there is no way to show it one is a remark on its answer.
    step<value_type> no_token(error why) {
        if (!tried_.held || is_callers_own(why.kind())) return pass(std::move(why));
        if (!login_.withheld) login_.withheld = std::move(why);
        return pass_held();
    }

    result<answer> answer_basic(auth_note& shown) {
        LADING_TRY_V(login_.look_up());
        auto authorization = login_.secret ? login_.authorization(false) : std::string();
        if (authorization.empty()) return shown.unanswered = true, answer::none;
        if (authorization != sent_) session_.keep_gate(where(), {});
        return show(std::move(authorization));
    }
    /// Sends the secret to the registry itself, unless it was sent before it was asked for.
    result<answer> show(std::string authorization) {
        if (authorization == sent_) return answer::none;
        LADING_TRY_V(login_.check_plaintext(where()));
        tried_.fresh = true;
        session_.store_secret(where(), scope(), std::move(authorization));
        return answer::send;
    }

    result<answer> answer_bearer(response const& head, challenge const& c, std::string_view at) {
        LADING_TRY_V(login_.look_up());
        auto authorization = login_.secret ? login_.authorization(true) : std::string();
        if (!authorization.empty()) return show(std::move(authorization)); // nobody is asked
        if (pending_->routing.asks_as_told && tried_.wider.empty()) tried_.wider = detail::scope_as_told(c.param("scope").value_or(""), scope());
        auto const realm = asked_->resolve(at);
        if (!realm) return refuse(errc::auth_realm_refused, realm.error().detail().context);
        auto service = std::string(c.param("service").value_or(""));
        // The token that was fetched before it was asked for came from there.
        bool const same = issuer_ && realm.assume_value().str() == issuer_->realm.str() && service == issuer_->service;
        if (tried_.unasked && same && tried_.wider.empty()) return answer::none;
        auto far = policy_from(head, pending_->query.address_policy, asked_->host(), realm.assume_value().host());
        // Its own name lets a registry name itself; that it is inside, where TLS may be left out, takes an address.
        bool const is_inside = head.peer.value_or(scope_of_host(asked_->host())) != address_scope::outside;
        if (!is_inside && realm.assume_value().scheme() != "https") far = address_policy::outside;
        LADING_TRY_V(begin_fetch(realm.assume_value(), std::move(service), far));
        return answer::fetch;
    }

    /// Why the login may not go to a token service; nothing when it may.
    std::optional<error> stands_in_the_way(url const& target, bool trusted) const {
        auto way = trusted ? login_.check_plaintext(target.origin()) : result<void>(success());
        if (way) way = login_.check_plaintext(where()); // what the secret gets goes there
        if (!way) return std::move(way).assume_error();
        if (trusted) return std::nullopt;
        if (auto realms = detail::check_trusted_realms(rules_); !realms) return std::move(realms).assume_error();
        return refuse(errc::auth_realm_refused, "credentials for " + where().str() + " may not go to the realm " + target.origin().str());
    }

    /// Makes the request for a token, or joins the operation that has asked for the same one. `far`: where the service may
    /// be, unless it is trusted.
    result<void> begin_fetch(url const& target, std::string service, address_policy far) {
        auto const registry = where();
        LADING_TRY_V(login_.look_up());
        // Without a secret there is nothing to be read on the way, but one who is on it could answer: only inside a network.
        if (registry.scheme == "https" && target.scheme() != "https" && (login_.secret || far != address_policy::inside))
            return refuse(errc::auth_realm_refused, std::string("the realm of an https registry is on http, where no credentials go") +
                                                        (login_.secret ? ": " : ", and the registry is not inside a network: ") + target.safe());
        bool const trusted = detail::realm_is_trusted(registry, target.origin(), rules_);
        auto secret = login_.secret;
        if (secret) {
            auto why = stands_in_the_way(target, trusted);
            // Without the login there is nothing new to show to who did not ask for it.
            if (why && (tried_.held || *why == errc::config_invalid)) return std::move(*why);
            if (why) secret.reset();
            login_.withheld = std::move(why);
        }
        auto token_fetch = session_.join(registry, scope(), own_fetch_);
        if (!own_fetch_) {
            fetch_ = std::move(token_fetch);
            waited_ = {};
            return success();
        }
        issuer_.emplace(target, service, far);
        // Only this operation's own scope is asked for, whatever the challenge names, as long as it has not been refused.
        used_secret_ = secret.has_value();
        token_request what(target, std::move(service), tried_.wider.empty() ? scope() : tried_.wider, std::move(secret));
        what.by_oauth = used_secret_ && (!login_.secret->identity_token.empty() || rules_.oauth_password);
        what.offline = rules_.offline_token;
        if (used_secret_) {
            what.refresh_token = session_.refresh_token(registry, *issuer_, *login_.secret);
            if (!what.refresh_token.empty()) login_.told.add(credential::identity(what.refresh_token));
        }
        if (!trusted) what.address_policy = far;
        if (target.origin() != registry) what.named_by = registry.authority();
        token_.emplace(talk_, std::move(what));
        return success();
    }

    step<value_type> on_token(result<response> got) {
        auto next = token_->on_response(std::move(got));
        if (auto* again = std::get_if<need_exchange>(&next)) return std::move(*again);
        auto token = std::move(std::get<done<bearer_token>>(next).value());
        token_.reset();
        if (!token) {
            auto e = std::move(token).assume_error();
            auto f = e.facts();
            f.v2_confirmed = f.v2_confirmed || confirmed_;
            f.v1 = f.v1 && !f.v2_confirmed;
            f.over_tls = where().scheme == "https";
            f.answered = f.answered || tried_.rounds > 0; // the registry did answer: with the challenge
            f.plaintext = f.plaintext && !f.answered;
            e.with_facts(f);
            login_.told.hide_in(e); // now: those who wait do not know the refresh token that was tried here
            bool const own = is_callers_own(e.kind());
            // What this caller alone ended is no failure of those who wait: one of them fetches it. Nor is a guess.
            if (!own && !tried_.guessing) own_fetch_->failure = e;
            if (used_secret_ && e == errc::auth_denied) keep_refresh_token({});
            own_fetch_.reset();
            if (detail::is_login_refusal(e.kind()) && narrow()) return send();
            if (own || !tried_.guessing) return no_token(std::move(e));
            session_.forget_gate(where());
            return send();
        }
        auth_session::known k;
        k.authorization = "Bearer " + token.assume_value().text;
        k.from_secret = used_secret_;
        k.usable_until = clock_.now() + token.assume_value().lifetime - std::chrono::seconds(10);
        if (used_secret_) keep_refresh_token(std::move(token.assume_value().refresh_token));
        tried_.renewed = token.assume_value().renewed;
        k.from = issuer_;
        session_.store(where(), scope(), std::move(k));
        session_.keep_gate(where(), {issuer_});
        own_fetch_.reset();
        tried_.fresh = !tried_.guessing;
        tried_.unasked = tried_.guessing && !tried_.renewed;
        return send();
    }

    void keep_refresh_token(std::string text) {
        if (!text.empty()) login_.told.add(credential::identity(text));
        session_.keep_refresh_token(where(), *issuer_, *login_.secret, std::move(text));
    }

    /// The origin and the scope of the pending request. Requests without a scope need none, and are told apart from
    /// those of a repository.
    origin const& where() const { return where_; }
    std::string const& scope() const { return pending_->routing.scope; }

    error refuse(errc e, std::string why) const {
        fallback_facts facts;
        facts.answered = true;
        facts.over_tls = where().scheme == "https";
        facts.v2_confirmed = confirmed_;
        facts.next_endpoint = true;
        return error(e).with_context(std::move(why)).with_status(401).with_facts(facts).with_url(asked_->safe());
    }

    call_context talk_;
    auth_rules const& rules_;
    auth_session& session_;
    typename P::clock& clock_;
    call_login<P> login_;
    Op inner_;

    std::optional<need_exchange> pending_;              ///< the operation's request, without credentials
    std::optional<url> asked_;                          ///< its URL, and
    origin where_ = talk_.home;                              ///< whom it goes to
    auth_attempt tried_;                                ///< for that request
    std::shared_ptr<auth_session::token_fetch> fetch_;       ///< another's, that we wait for
    std::chrono::milliseconds waited_{0};                ///< for it
    std::optional<auth_session::own_fetch> own_fetch_; ///< ours: when we are cancelled, another may fetch it
    std::optional<token_operation<P>> token_;            ///< under way while we fetch a token
    std::optional<auth_session::issuer> issuer_;        ///< of that token
    std::optional<response_body> knock_;                ///< under way while we ask at `/v2/`
    std::string sent_;         ///< the authorization of the last request
    bool sent_secret_ = false; ///< it was made from a secret, not anonymously
    bool used_secret_ = false; ///< the token under way, or the last one, is for the secret
    bool confirmed_ = false;   ///< a refusal named v2
};

} // namespace lading
