// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `auth_rules`: where secrets may go.

#include "../detail/docker_hub.hpp"
#include "../detail/text.hpp"
#include "../http/address.hpp"
#include "../http/url.hpp"
#include "../result.hpp"

#include <string>
#include <string_view>
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
    /// Ask for tokens with user name and password by OAuth2 POST, not by GET (doc/protocol.md#oauth).
    bool oauth_password = false;
    /// Ask for a refresh token where user name and password are sent by GET (doc/protocol.md#oauth); by POST one
    /// always is asked for. It then fetches the next tokens in place of the password, as long as the client lives.
    bool offline_token = false;
};

namespace detail {

/// Token services that are known to serve a registry of another origin.
inline constexpr std::pair<std::string_view, std::string_view> well_known_realms[] = {
    {docker_hub::registry_origin, docker_hub::token_origin},
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

/// A trusted realm that is no origin would be trusted by no one. Errors: `config_invalid`.
inline result<void> check_trusted_realms(auth_rules const& rules) {
    for (auto const& text : rules.trusted_realms)
        if (!url::parse(text))
            return error(errc::config_invalid)
                .with_context("a trusted realm")
                .with_values("an origin, as https://auth.example.com", printable(text, 160));
    return success();
}

/// The scope that a challenge names, if it is one of the repository of ours with actions that exist; else nothing.
inline std::string scope_as_told(std::string_view named, std::string_view ours) {
    auto const resource = ours.substr(0, ours.rfind(':') + 1);
    if (resource.empty() || !named.starts_with(resource)) return {};
    for (auto rest = named.substr(resource.size()); !rest.empty();) {
        auto const one = rest.substr(0, rest.find(','));
        if (one != "pull" && one != "push" && one != "delete" && one != "*") return {};
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    }
    return std::string(named);
}

/// Every part of a scope is about something that ours is about, too ("repository:x:pull" about "repository:x").
inline bool is_of_same_resources(std::string_view named, std::string_view ours) {
    auto const each = [](std::string_view scope, auto const& f) {
        for (; !scope.empty(); scope.remove_prefix(std::min(scope.find(' ') == scope.npos ? scope.size() : scope.find(' ') + 1, scope.size()))) {
            auto const one = scope.substr(0, scope.find(' '));
            if (!one.empty() && !f(one.substr(0, one.rfind(':') + 1))) return false;
        }
        return true;
    };
    return each(named, [&](std::string_view resource) { return !each(ours, [&](std::string_view other) { return other != resource; }); });
}

inline bool is_loopback(origin const& o) noexcept {
    return is_loopback_host(o.host);
}

} // namespace detail

} // namespace lading
