// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::token_service`: opaque bearer tokens for the embedded registry (doc/protocol.md#tokens).

#include "../detail/base64.hpp"
#include "../http/form_fields.hpp"
#include "http_exchange.hpp"
#include "registry_options.hpp"

#include <openssl/rand.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

namespace detail {

/// The credentials of an `Authorization` value of this scheme: all behind the scheme.
inline std::optional<std::string_view> credentials_of(exchange const& q, std::string_view scheme) {
    auto const value = q.headers.find("authorization").value_or("");
    if (value.size() <= scheme.size() || !iequal(value.substr(0, scheme.size()), scheme)) return std::nullopt;
    auto const rest = value.substr(scheme.size());
    return rest.front() == ' ' ? std::optional(trim(rest)) : std::nullopt;
}

inline bool has_account(exchange const& q, registry_options const& o) {
    auto const encoded = credentials_of(q, "basic");
    return encoded && base64_decode(*encoded) == o.username + ':' + o.password;
}

inline std::string random_text() {
    unsigned char bytes[24] = {};
    if (RAND_bytes(bytes, sizeof bytes) != 1) return {};
    return base64url_encode(std::string_view(reinterpret_cast<char const*>(bytes), sizeof bytes));
}

/// RFC 3339, seconds, UTC.
inline std::string timestamp(std::chrono::system_clock::time_point at) {
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const time(std::chrono::floor<std::chrono::seconds>(at - day));
    auto two = [](auto n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    return std::to_string(int(date.year())) + '-' + two(unsigned(date.month())) + '-' +
           two(unsigned(date.day())) + 'T' + two(time.hours().count()) + ':' + two(time.minutes().count()) +
           ':' + two(time.seconds().count()) + 'Z';
}

} // namespace detail

/// What a token allows here and now.
enum class token_verdict : unsigned char { good,
                                           unknown,
                                           out_of_scope };

/// Issues tokens and knows those it issued, with scope and expiry. Not thread-safe.
class token_service {
  public:
    /// Answers `/token`: GET with or without Basic, POST with `grant_type` `password` or `refresh_token`.
    canned answer(exchange const& q, registry_options const& o) {
        auto const query = q.target.find('?');
        bool const post = q.method == "POST";
        if (!post && q.method != "GET")
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
                .with_header("Allow", "GET, POST");
        detail::form_fields const form(
            post ? std::string_view(q.body)
                 : std::string_view(q.target).substr(std::min(query, q.target.size()) +
                                                     (query != std::string::npos)));
        auto const grant = form.get("grant_type");
        bool offline = form.get("offline_token") == "true";
        if (post && grant == "password") {
            if (form.get("username") != o.username || form.get("password") != o.password) return refuse();
            offline = form.get("access_type") == "offline";
        } else if (post && grant == "refresh_token") {
            if (!refresh_.contains(form.get("refresh_token"))) return refuse();
        } else if (post) {
            return registry_error(400, "UNSUPPORTED", "grant_type is password or refresh_token");
        } else if (q.headers.find("authorization") ? !detail::has_account(q, o) : !o.anonymous_tokens) {
            return refuse();
        }
        bool const account = post || q.headers.find("authorization");
        auto const refresh = post && grant == "refresh_token" ? form.get("refresh_token") : std::string();
        return issue(form.words("scope"), offline && account, refresh, account, o);
    }

    /// `scope` as in a challenge; empty for what any token allows.
    token_verdict check(std::string_view token, std::string_view scope) const {
        auto const found = tokens_.find(token);
        if (found == tokens_.end() || found->second.until <= std::chrono::steady_clock::now())
            return token_verdict::unknown;
        return scope.empty() || found->second.scopes.contains(scope) ? token_verdict::good
                                                                     : token_verdict::out_of_scope;
    }
    /// Forgets every token, and the refresh tokens too.
    void revoke() {
        tokens_.clear();
        refresh_.clear();
    }

  private:
    struct permission {
        std::set<std::string, std::less<>> scopes;
        std::chrono::steady_clock::time_point until;
    };

    static canned refuse() {
        return registry_error(401, "UNAUTHORIZED", "authentication required")
            .with_header("WWW-Authenticate", "Basic realm=\"token service\"");
    }
    /// What of the asked is given, an action each. Nobody gets more than `pull` but the account, where the registry is written to.
    static std::vector<std::string> granted(std::string_view asked, bool writes) {
        std::vector<std::string> out;
        auto const last = asked.rfind(':');
        bool const catalog = asked == "registry:catalog:*";
        if (catalog && writes) out.emplace_back(asked);
        if (!asked.starts_with("repository:") || last <= std::string_view("repository").size()) return out;
        auto actions = asked.substr(last + 1);
        while (!actions.empty()) {
            auto const one = actions.substr(0, actions.find(','));
            if (one == "pull" || (writes && (one == "push" || one == "delete"))) out.push_back(std::string(asked.substr(0, last + 1)) + std::string(one));
            actions.remove_prefix(std::min(one.size() + 1, actions.size()));
        }
        return out;
    }
    canned issue(std::vector<std::string> const& asked, bool offline, std::string refresh, bool account,
                 registry_options const& o) {
        permission g;
        std::string scope;
        for (auto const& a : std::span(asked).subspan(o.odd.last_scope_only && !asked.empty() ? asked.size() - 1 : 0))
            for (auto& s : granted(a, account && o.writes)) scope += (scope.empty() ? "" : " ") + s, g.scopes.insert(std::move(s));
        g.until = std::chrono::steady_clock::now() + std::chrono::seconds(o.token_seconds);
        auto const token = detail::random_text();
        if (token.empty()) return registry_error(500, "UNKNOWN", "unknown error");
        tokens_[token] = std::move(g);
        if (offline) refresh = *refresh_.insert(detail::random_text()).first;

        json_writer w;
        w.begin_object().key("token").string(token).key("access_token").string(token).key("expires_in");
        w.integer(o.token_seconds).key("issued_at");
        w.string(detail::timestamp(std::chrono::system_clock::now())).key("scope").string(scope);
        if (!refresh.empty()) w.key("refresh_token").string(refresh);
        return canned(200, w.end_object().take(), "application/json");
    }

    std::map<std::string, permission, std::less<>> tokens_;
    std::set<std::string, std::less<>> refresh_;
};

} // namespace lading::testing
