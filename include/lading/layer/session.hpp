// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `auth_session`: what a client has learnt of how to authenticate, shared by its operations.
///
/// Tokens are kept by (origin, scope) until ten seconds before their end; a scheme (Basic or Bearer) is kept by origin,
/// so that a later request needs no refused answer first. Thread-safe.

#include "../http/url.hpp"
#include "../operation/token.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace lading {

class auth_session {
  public:
    using time_point = std::chrono::steady_clock::time_point;

    /// An `Authorization` value.
    struct known {
        std::string authorization;
        bool from_secret; ///< made from a credential, not from an anonymous token
        time_point usable_until;
    };

    /// What to send with a request, if something is known and still good.
    std::optional<known> find(origin const& where, std::string const& scope, time_point now) {
        std::scoped_lock const lock(mutex_);
        if (auto const t = tokens_.find(key(where, scope)); t != tokens_.end()) {
            if (now < t->second.usable_until) return t->second;
            tokens_.erase(t);
        }
        if (auto const b = basic_.find(where.str()); b != basic_.end()) return b->second;
        return std::nullopt;
    }
    void store(origin const& where, std::string const& scope, bearer_token const& token, bool from_secret,
               time_point now) {
        std::scoped_lock const lock(mutex_);
        auto const until = now + token.lifetime - std::chrono::seconds(10);
        tokens_.insert_or_assign(key(where, scope), known{"Bearer " + token.text, from_secret, until});
    }
    void store_basic(origin const& where, std::string authorization) {
        std::scoped_lock const lock(mutex_);
        basic_.insert_or_assign(where.str(), known{std::move(authorization), true, time_point::max()});
    }
    /// Forgets what was used for a request that was refused.
    void forget(origin const& where, std::string const& scope) {
        std::scoped_lock const lock(mutex_);
        tokens_.erase(key(where, scope));
        basic_.erase(where.str());
    }

  private:
    static std::string key(origin const& where, std::string const& scope) { return where.str() + ' ' + scope; }

    std::mutex mutex_;
    std::map<std::string, known> tokens_, basic_;
};

} // namespace lading
