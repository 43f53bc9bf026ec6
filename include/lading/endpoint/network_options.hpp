// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `network_options`: how a transport reaches hosts: trust, proxies, fixed addresses.

#include "../detail/algorithm.hpp"
#include "../detail/text.hpp"
#include "../http/url.hpp"
#include "tls_options.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Which proxy is used for what. A value is "http://[user:password@]host[:port]", empty for none; only http proxies are
/// spoken. https goes through a CONNECT tunnel, http through a forwarded request. The credentials are sent inside
/// CONNECT only, never to a registry and never beside a forwarded request.
struct proxy_rules {
    proxy_rules() = default;
    proxy_rules& with_https(std::string p) { return https = std::move(p), *this; }
    proxy_rules& with_http(std::string p) { return http = std::move(p), *this; }
    /// Hosts that are reached without: "example.com" (and below), ".example.com" (below), "10.0.0.1", "host:port", "*".
    proxy_rules& with_exception(std::string const& h) { return except.push_back(detail::lower(h)), *this; }

    /// The variables `https_proxy`, `http_proxy` and `no_proxy`, in lower case before upper case; `HTTP_PROXY` in upper
    /// case is not read, because a web server's child may have it from a request. `get` is `std::getenv` or like it.
    template <class Get>
    static proxy_rules from_environment(Get&& get) {
        auto first = [&](char const* a, char const* b) -> std::string {
            for (auto name : {a, b})
                if (char const* v = name ? get(name) : nullptr; v && *v) return v;
            return {};
        };
        proxy_rules out;
        out.https = first("https_proxy", "HTTPS_PROXY");
        out.http = first("http_proxy", nullptr);
        auto const list = first("no_proxy", "NO_PROXY");
        std::string_view rest = list;
        while (!rest.empty()) {
            auto const end = std::min(rest.find(','), rest.size());
            if (auto const one = detail::trim(rest.substr(0, end)); !one.empty()) out.except.push_back(detail::lower(one));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return out;
    }
    static proxy_rules from_environment() {
        return from_environment([](char const* name) { return std::getenv(name); });
    }

    /// The proxy for a host, or empty. Loopback hosts never go through one.
    std::string_view find(std::string_view scheme, std::string_view host, std::uint16_t port) const {
        std::string_view const proxy = scheme == "https" ? https : http;
        if (proxy.empty() || detail::is_loopback_host(host)) return {};
        auto const with_port = std::string(host) + ':' + std::to_string(port);
        for (std::string_view e : except) {
            if (e == "*" || e == host || e == with_port) return {};
            if (e.starts_with('.') ? host.ends_with(e) : host.ends_with(std::string(1, '.') + std::string(e))) return {};
        }
        return proxy;
    }

    std::string https, http;
    std::vector<std::string> except; ///< in lower case
};

/// What a transport is told. Converts from `tls_options` and `tls_rules`, where that is all there is to say.
struct network_options {
    network_options() = default;
    network_options(tls_options t) : tls(std::move(t)) {}
    network_options(tls_rules t) : tls(std::move(t)) {}
    network_options& with_tls(tls_rules t) { return tls = std::move(t), *this; }
    network_options& with_proxy(proxy_rules p) { return proxy = std::move(p), *this; }
    /// Connect to `address` (an IP address in text) for this host, whatever names resolve to.
    network_options& with_address(std::string host, std::string address) {
        return addresses.emplace_back(std::move(host), std::move(address)), *this;
    }
    /// Servers may name hosts on private and loopback addresses (redirects, token services) although they are public
    /// themselves. Off by default: a registry should not be able to make its clients look around inside a network.
    network_options& with_inner_addresses(bool yes = true) { return inner_addresses = yes, *this; }

    tls_rules tls;
    proxy_rules proxy;
    std::vector<std::pair<std::string, std::string>> addresses;
    bool inner_addresses = false;
};

} // namespace lading
