// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The credentials policy: what to present to a registry.
///
/// Requirements: `c.lookup(credential_query const&)` returns `result<std::optional<credential>>`; nothing means
/// anonymous. Called at most once an operation, after the registry has asked, on the thread that
/// runs the operation: a model that runs a helper holds up that thread until the helper is done. A client over several
/// threads asks from all of them, at once. Secrets are used only for the origin of the query and for a token realm on that
/// origin or one the caller trusts.
/// Models: `no_credentials` (default), `fixed_credentials`, `config_credentials` (backend/).

#include "../detail/text.hpp"
#include "../result.hpp"

#include <chrono>
#include <concepts>
#include <optional>
#include <string>

namespace lading {

/// A secret. Never printed by the library. What is empty is not there; of several the first of this order is used:
/// `registry_token`, `identity_token`, user name and password.
struct credential {
    credential() = default;
    credential(std::string u, std::string p) : username(std::move(u)), password(std::move(p)) {}
    /// An identity (OAuth2 refresh) token: exchanged at the token service for bearer tokens (spec 3.6).
    static credential identity(std::string token) {
        credential out;
        out.identity_token = std::move(token);
        return out;
    }
    /// A bearer token that was made elsewhere: sent as it is to the registry it is for, over https only.
    static credential bearer(std::string token) {
        credential out;
        out.registry_token = std::move(token);
        return out;
    }
    bool empty() const noexcept {
        return username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
    }

    std::string username;
    std::string password;
    std::string identity_token;
    std::string registry_token;
    std::string source; ///< which file, helper or option gave it, for people; holds no secret
};

/// For whom credentials are wanted.
struct credential_query {
    std::string host;       ///< `host` or `host:port` as in the reference; "docker.io" for Docker Hub (spec 1.6)
    std::string repository; ///< the path, "library/debian"
    std::optional<std::chrono::steady_clock::time_point> deadline = {}; ///< of the call that asks; a model that waits keeps it
};

namespace detail {
template <class C>
concept has_lookup = requires(C& c, credential_query const& q) {
    { c.lookup(q) } -> std::same_as<result<std::optional<credential>>>;
};
} // namespace detail

template <class C>
concept credentials_policy = detail::has_lookup<C>;

/// Explains at compile time why `C` is no credentials policy.
template <class C>
struct check_credentials {
    static_assert(detail::has_lookup<C>,
                  "[lading] credentials policy: C needs `lading::result<std::optional<lading::credential>> "
                  "lookup(lading::credential_query const&)`");
    static constexpr bool ok = true;
};

/// Anonymous everywhere.
struct no_credentials {
    result<std::optional<credential>> lookup(credential_query const&) { return std::optional<credential>(); }
};

/// One secret for one host, or for every host that is asked when `host` is empty (the `--creds` of a program that
/// talks to one registry).
class fixed_credentials {
  public:
    fixed_credentials() = default;
    explicit fixed_credentials(credential secret, std::string host = {})
        : secret_(std::move(secret)), host_(detail::lower(host)) {}
    result<std::optional<credential>> lookup(credential_query const& q) {
        if (!host_.empty() && host_ != q.host) return std::optional<credential>();
        return secret_;
    }

  private:
    std::optional<credential> secret_;
    std::string host_;
};

} // namespace lading
