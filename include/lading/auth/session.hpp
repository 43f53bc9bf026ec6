// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `auth_session`: what a client has learnt of how to authenticate, shared by its operations.
///
/// Tokens are kept by (origin, scope) until ten seconds before their end, with the service that issued them, so that
/// the next one is fetched without a refused request first; Basic by (origin, repository). How an origin has let in one
/// repository is how it will let in the next: its gate is kept by origin. The identity needs no part
/// in the key: a session belongs to one client, whose credentials policy gives one secret for a repository.
/// Refresh tokens that a token service hands out (doc/protocol.md#oauth) are kept by service and secret, as long as
/// the session and nowhere else.
/// While a token is being fetched the others who need it wait for that one answer. Thread-safe; as long as nothing is known,
/// which is as long as nobody has been asked for a login, what is asked before each request takes no lock.

#include "../detail/chrono.hpp"
#include "../detail/mutex.hpp"
#include "../http/url.hpp"
#include "token.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

namespace lading {

class auth_session {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Where tokens for something come from.
    struct issuer {
        issuer(url r, std::string s, lading::address_policy far = lading::address_policy::anywhere)
            : realm(std::move(r)), service(std::move(s)), address_policy(far) {}
        url realm;
        std::string service;
        lading::address_policy address_policy; ///< how far it may be, by who named it
    };
    /// How an origin lets people in: by the tokens of a service, or else by Basic.
    struct gate {
        std::optional<issuer> from; ///< nothing: Basic
    };
    /// An `Authorization` value, or, when it is empty, only whom to ask for one.
    struct known {
        std::string authorization;
        bool from_secret = false; ///< made from a credential, not from an anonymous token
        time_point usable_until{};
        std::optional<issuer> from;
    };
    /// One token under way, seen by the one who fetches it and those who wait for it.
    struct token_fetch {
        bool over = false;
        std::optional<error> failure;
        std::string key; ///< kept so that the end of a flight needs no memory
    };

    /// What to send with a request, if something is known: a value that is still good, or an issuer.
    std::optional<known> find(origin const& where, std::string const& scope, time_point now) {
        if (!knows_any_.load(std::memory_order_acquire)) return std::nullopt;
        auto const which = key(where, scope);
        std::lock_guard const lock(mutex_);
        auto const at = known_.find(which);
        if (at == known_.end()) return std::nullopt;
        known out = at->second;
        if (now >= out.usable_until) out.authorization.clear();
        return out;
    }
    void store(origin const& where, std::string const& scope, known k) {
        std::lock_guard const lock(mutex_);
        if (known_.size() >= most_known) forget_one();
        known_[key(where, scope)] = std::move(k);
        knows_any_.store(true, std::memory_order_release);
    }
    /// The same of what is good as long as the secret is that it says.
    void store_secret(origin const& where, std::string const& scope, std::string authorization) {
        known k;
        k.authorization = std::move(authorization);
        k.from_secret = true;
        k.usable_until = time_point::max();
        store(where, scope, std::move(k));
    }
    /// A value was refused. Forgets it, unless it was replaced meanwhile; true when there is another one now.
    bool refused(origin const& where, std::string const& scope, std::string const& authorization) {
        std::lock_guard const lock(mutex_);
        auto const at = known_.find(key(where, scope));
        if (at == known_.end()) return false;
        if (at->second.authorization != authorization) return !at->second.authorization.empty();
        known_.erase(at);
        return false;
    }

    /// How the origin let somebody in last; nothing when it is not known.
    std::optional<gate> gate_of(origin const& where) {
        if (!knows_any_.load(std::memory_order_acquire)) return std::nullopt;
        auto const which = where.str();
        std::lock_guard const lock(mutex_);
        auto const at = gates_.find(which);
        return at == gates_.end() ? std::nullopt : std::optional(at->second);
    }
    void keep_gate(origin const& where, gate g) {
        std::lock_guard const lock(mutex_);
        if (gates_.size() >= most_known) gates_.erase(gates_.begin()); // costs one refused request
        gates_.insert_or_assign(where.str(), std::move(g));
        knows_any_.store(true, std::memory_order_release);
    }
    void forget_gate(origin const& where) {
        std::lock_guard const lock(mutex_);
        gates_.erase(where.str());
    }
    /// Whether to ask at `/v2/` how an origin lets people in: until that has led nowhere.
    bool may_knock(origin const& where) {
        std::lock_guard const lock(mutex_);
        return knocked_.find(where.str()) == knocked_.end();
    }
    void knocked_in_vain(origin const& where) {
        std::lock_guard const lock(mutex_);
        if (knocked_.size() >= most_known) knocked_.erase(knocked_.begin());
        knocked_.insert(where.str());
    }

    /// The refresh token that the service gave last for the secret of a registry; empty when there is none.
    std::string refresh_token(origin const& registry, issuer const& of, credential const& secret) {
        std::lock_guard const lock(mutex_);
        auto const* at = find_login(key_of(registry, of, secret));
        return at ? at->refresh_token : std::string();
    }
    /// Keeps it instead of the one before; an empty one is forgotten.
    void keep_refresh_token(origin const& registry, issuer const& of, credential const& secret, std::string token) {
        auto who = key_of(registry, of, secret);
        std::lock_guard const lock(mutex_);
        if (auto const* at = find_login(who)) logins_.erase(logins_.begin() + (at - logins_.data()));
        if (token.empty()) return;
        if (logins_.size() >= most_known) logins_.erase(logins_.begin()); // the oldest; costs its owner a login
        logins_.push_back({std::move(who), std::move(token)});
    }

  private:
    /// The flights under way: a plain list, as they are few.
    struct in_progress {
        void finish(token_fetch& f, std::optional<error> failure) noexcept {
            static_assert(std::is_nothrow_move_constructible_v<error> && std::is_nothrow_move_assignable_v<error>);
            std::lock_guard const lock(mutex);
            f.failure = std::move(failure);
            f.over = true;
            for (auto& other : fetches)
                if (other.get() == &f) return other.swap(fetches.back()), fetches.pop_back();
        }
        std::mutex mutex;
        std::vector<std::shared_ptr<token_fetch>> fetches;
    };

  public:
    /// The flight of the one who fetches: over at the latest when this goes, be it by an exception. Not copied. It may go
    /// after the session: an event loop that is destroyed drops what is under way, and mostly outlives the client.
    class own_fetch {
      public:
        own_fetch(std::shared_ptr<in_progress> a, std::shared_ptr<token_fetch> f) noexcept
            : in_progress_(std::move(a)), fetch_(std::move(f)) {}
        own_fetch(own_fetch const&) = delete;
        own_fetch& operator=(own_fetch const&) = delete;
        ~own_fetch() { in_progress_->finish(*fetch_, std::move(failure)); }
        std::optional<error> failure; ///< that all who wait will share
      private:
        std::shared_ptr<in_progress> in_progress_;
        std::shared_ptr<token_fetch> fetch_;
    };

    /// Joins the flight for a token, or starts one: then `mine` is filled, and the flight lasts as long as it. Linear in
    /// the flights under way.
    std::shared_ptr<token_fetch> join(origin const& where, std::string const& scope, std::optional<own_fetch>& mine) {
        auto made = std::make_shared<token_fetch>();
        made->key = key(where, scope);
        std::lock_guard const lock(in_progress_->mutex);
        for (auto const& other : in_progress_->fetches)
            if (other->key == made->key) return other;
        in_progress_->fetches.push_back(made);
        mine.emplace(in_progress_, made);
        return made;
    }
    /// Nothing while the flight is under way; then its failure, if it failed.
    std::optional<std::optional<error>> failure_of_fetch(std::shared_ptr<token_fetch> const& f) {
        std::lock_guard const lock(in_progress_->mutex);
        if (!f->over) return std::nullopt;
        return f->failure;
    }

  private:
    /// Of more repositories than that the value which ends first is forgotten; it costs one refused request.
    static constexpr std::size_t most_known = 1024;
    void forget_one() {
        auto first = known_.begin();
        for (auto at = first; at != known_.end(); ++at)
            if (at->second.usable_until < first->second.usable_until) first = at;
        known_.erase(first);
    }
    static std::string key(origin const& where, std::string const& scope) { return where.str() + ' ' + scope; }

    /// A secret that a token service has seen, and what it gave for the next time.
    struct login {
        std::vector<std::string> key;
        std::string refresh_token;
    };
    static std::vector<std::string> key_of(origin const& registry, issuer const& of, credential const& secret) {
        return {registry.str(), of.realm.str(), of.service, secret.username, secret.password, secret.identity_token};
    }
    login const* find_login(std::vector<std::string> const& key) const {
        for (auto const& l : logins_)
            if (l.key == key) return &l;
        return nullptr;
    }

    std::atomic<bool> knows_any_{false}; ///< a value or a gate has been kept
    std::mutex mutex_;
    std::map<std::string, known> known_;
    std::map<std::string, gate> gates_;
    std::set<std::string> knocked_;
    std::vector<login> logins_; ///< few: a plain list
    std::shared_ptr<in_progress> const in_progress_ = std::make_shared<in_progress>();
};

} // namespace lading
