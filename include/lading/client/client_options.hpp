// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `client_options`: what a client does unless a call says otherwise.

#include "../auth/auth_rules.hpp"
#include "../detail/chrono.hpp"
#include "../endpoint/registry_rules.hpp"
#include "../limits.hpp"
#include "../middleware/observe.hpp"
#include "../middleware/retry.hpp"
#include "../version.hpp"

#include <string>
#include <utility>

namespace lading {

/// What a client does unless a call says otherwise. Every setter returns the object, so that options read as one line.
struct client_options {
    client_options() = default;
    /// Use http, not https, for this host (`host` or `host:port` as in references; a scheme or path in it makes calls end
    /// with `config_invalid`). Nothing else implies it.
    client_options& with_plaintext(std::string const& host) {
        return rules.host(host).with_plaintext(plaintext::only), *this;
    }
    /// Try https, and http when nothing answers over TLS, for this host.
    client_options& with_plaintext_fallback(std::string const& host) {
        return rules.host(host).with_plaintext(plaintext::allowed), *this;
    }
    /// Ask this place first for everything below a prefix ("docker.io", "quay.io/team"). May be given several times.
    client_options& with_mirror(std::string prefix, mirror m) {
        return rules.with_mirror(std::move(prefix), std::move(m)), *this;
    }
    /// Everything that is configured about registries; replaces what was said before.
    client_options& with_rules(registry_rules r) { return rules = std::move(r), *this; }
    /// How often a request is sent before its failure counts; `retry_rules(1)` for once.
    client_options& with_retry(retry_rules r) { return retry = r, *this; }
    /// A token service on this origin ("https://auth.example.com") may be sent credentials.
    client_options& with_trusted_realm(std::string o) { return auth.trusted_realms.push_back(std::move(o)), *this; }
    /// Credentials may be sent over plain http to hosts other than this machine.
    client_options& with_secrets_over_http(bool yes = true) { return auth.secrets_over_http = yes, *this; }
    /// Every call but `blob` must be over after this long; zero for no limit.
    client_options& with_timeout(std::chrono::milliseconds t) { return timeout = t, *this; }
    /// A whole `blob` must be there after this long; zero, which is the default, for no limit: a blob takes as long as its
    /// bytes do, and `limits::idle` and `limits::pace_bytes` end one that does not come.
    client_options& with_blob_timeout(std::chrono::milliseconds t) { return blob_timeout = t, *this; }
    client_options& with_user_agent(std::string text) { return user_agent = std::move(text), *this; }
    /// Is told of every exchange; outlives the client's operations.
    client_options& with_observer(exchange_observer& o) { return observer = &o, *this; }
    /// The bounds of operations and layers. A transport has its own: one that the client makes itself gets these, one
    /// that it is given keeps those it was made with.
    client_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    registry_rules rules;
    auth_rules auth;
    retry_rules retry;
    exchange_observer* observer = nullptr;
    std::chrono::milliseconds timeout{60'000};
    std::chrono::milliseconds blob_timeout{0};
    std::string user_agent = "lading/" LADING_VERSION_STRING;
    limits bounds;
};

} // namespace lading
