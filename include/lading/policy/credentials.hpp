// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The credentials policy: what to present to a registry.
///
/// Requirements: `c.lookup(credential_query const&)` returns `result<std::optional<credential>>`; nothing means
/// anonymous. Called at most once an operation, after the registry has asked for a login or has hidden what was asked for, on
/// the thread that runs the operation: a model that runs a helper holds up that thread until the helper is done. A client
/// over several threads asks from all of them, at once. Secrets are used only for the origin of the query and for a token
/// realm on that origin or one the caller trusts. Where a login cannot be had (`credentials_invalid`, `credential_helper_*`)
/// the registry is asked without one: the failure is a warning of the answer, or a part of the refusal. Any other failure
/// ends the operation.
/// Models: `no_credentials` (default), `fixed_credentials`, `config_credentials` (config_files/).

#include "../detail/docker_hub.hpp"
#include "../detail/text.hpp"
#include "../result.hpp"

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// A secret. Never printed by the library. What is empty is not there; of several the first of this order is used:
/// `registry_token`, `identity_token`, user name and password.
struct credential {
    credential() = default;
    credential(std::string u, std::string p) : username(std::move(u)), password(std::move(p)) {}
    /// An identity (OAuth2 refresh) token: exchanged at the token service for bearer tokens (doc/protocol.md#oauth).
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
    bool empty() const noexcept { return !has_login() && identity_token.empty() && registry_token.empty(); }
    /// A user name, a password, or both: some services take any name, even none.
    bool has_login() const noexcept { return !username.empty() || !password.empty(); }

    std::string username;
    std::string password;
    std::string identity_token;
    std::string registry_token;
    std::string source; ///< which file, helper or option gave it, for people; holds no secret
    std::string remark; ///< what could not be asked for it, for people: a warning of the answer; holds no secret
};

/// For whom credentials are wanted.
struct credential_query {
    std::string host;       ///< `host` or `host:port` as in the reference; "docker.io" for Docker Hub (doc/protocol.md#credentials-key)
    std::string repository; ///< the path, "library/debian"
    std::optional<std::chrono::steady_clock::time_point> deadline = {}; ///< of the call that asks; a model that waits keeps it
};

namespace detail {

/// Docker Hub by the one name that its logins have; any other host as it is.
inline std::string login_host(std::string const& host) {
    return host == docker_hub::index_host || host == docker_hub::registry_host ? std::string(docker_hub::name) : host;
}

/// The one spelling of a key of a login: without scheme, without `/v1/` or `/v2/` behind a host, Docker Hub's names as
/// docker.io, in lower case as hosts are.
inline std::string normalise_credential_key(std::string_view key) {
    bool had_scheme = false;
    for (std::string_view scheme : {"https://", "http://"})
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size()), had_scheme = true;
    while (key.ends_with('/')) key.remove_suffix(1);
    auto host = key.substr(0, key.find('/'));
    auto path = key.substr(host.size());
    // An address with a scheme is that of an index: only its host tells.
    if (had_scheme || path == "/v1" || path == "/v2") path = {};
    return login_host(lower(host)).append(path);
}

/// Why `host`, in the spelling of `normalise_credential_key`, is no host that a login can be for; nothing when it can.
inline std::optional<error> no_login_host(std::string_view host) {
    bool const good = !host.empty() && host.find_first_of("/@?#\\ \t") == host.npos;
    if (good) return std::nullopt;
    return error(errc::config_invalid)
        .with_context("the host of a login")
        .with_values("host or host:port, as in references", printable(host, 160));
}

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

/// One secret for one host (`host[:port]`, as in references; a scheme or a `/` at the end is left out), or for every host that
/// is asked when `host` is empty (the `--creds` of a program that talks to one registry). A text that is no host is
/// `config_invalid` at each lookup: it would match nothing, in silence.
class fixed_credentials {
  public:
    fixed_credentials() = default;
    explicit fixed_credentials(credential secret, std::string const& host = {})
        : secret_(std::move(secret)), for_all_(host.empty()), host_(detail::normalise_credential_key(host)) {}
    result<std::optional<credential>> lookup(credential_query const& q) {
        if (for_all_) return secret_;
        if (auto bad = detail::no_login_host(host_)) return std::move(*bad);
        if (host_ != detail::login_host(q.host)) return std::optional<credential>();
        return secret_;
    }

  private:
    std::optional<credential> secret_;
    bool for_all_ = true;
    std::string host_;
};

} // namespace lading
