// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `network_options`: how a transport reaches hosts: trust, proxies, fixed addresses.

#include "../detail/algorithm.hpp"
#include "../detail/ip_text.hpp"
#include "../detail/text.hpp"
#include "../http/url.hpp"
#include "tls_options.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Which proxy is used for what. A value is "http://[user:password@]host[:port]", empty for none; only http proxies are
/// spoken. https goes through a CONNECT tunnel, http through a forwarded request. The credentials are sent to the proxy,
/// inside CONNECT or beside a forwarded request, and never to a registry.
struct proxy_rules {
    proxy_rules() = default;
    proxy_rules& with_https(std::string p) { return https = std::move(p), *this; }
    proxy_rules& with_http(std::string p) { return http = std::move(p), *this; }
    /// Hosts that are reached without, as `no_proxy` names them: "example.com" (and below), ".example.com" or "*.example.com"
    /// (below), an address ("10.0.0.1", "fd00::1", "[fd00::1]"), a network ("10.0.0.0/8", "fd00::/8"), each of these but a
    /// network with ":port" (addresses of IPv6 in brackets then), or "*". What is none of them holds for no host.
    proxy_rules& with_exception(std::string const& h) { return except.push_back(detail::lower(h)), *this; }

    /// The variables `https_proxy`, `http_proxy` and `no_proxy` (commas or blanks between its parts), in lower case before
    /// upper case; `HTTP_PROXY` in upper case is not read where `REQUEST_METHOD` is set, because a web server's child may
    /// have it from a request. `get` is `std::getenv` or like it.
    template <class Get>
    static proxy_rules from_environment(Get&& get) {
        auto first = [&](char const* a, char const* b) -> std::string {
            for (auto name : {a, b})
                if (char const* v = name ? get(name) : nullptr; v && *v) return v;
            return {};
        };
        proxy_rules out;
        out.https = first("https_proxy", "HTTPS_PROXY");
        char const* const asked = get("REQUEST_METHOD");
        out.http = first("http_proxy", asked && *asked ? nullptr : "HTTP_PROXY");
        auto const list = first("no_proxy", "NO_PROXY");
        std::string_view rest = list;
        while (!rest.empty()) {
            auto const end = std::min(rest.find_first_of(", \t"), rest.size());
            if (end != 0) out.except.push_back(detail::lower(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return out;
    }
    static proxy_rules from_environment() {
        return from_environment([](char const* name) { return std::getenv(name); });
    }

    /// The proxy for a host in its normal form, or empty. Loopback hosts never go through one.
    std::string_view find(std::string_view scheme, std::string_view host, std::uint16_t port) const {
        std::string_view const proxy = scheme == "https" ? https : http;
        if (proxy.empty() || detail::is_loopback_host(host)) return {};
        auto const address = detail::parse_ip(host);
        for (auto const& e : except)
            if (is_exception(e, host, address, port)) return {};
        return proxy;
    }

    std::string https, http;
    std::vector<std::string> except; ///< in lower case

  private:
    static bool is_exception(std::string_view e, std::string_view host, detail::ip_bytes const& address, std::uint16_t port) {
        if (e == "*") return true;
        if (e.find('/') != e.npos) return detail::ip_network::parse(e).holds(address);
        auto const colon = e.rfind(':');
        bool const has_port = colon != e.npos && (e.find(':') == colon || (e.starts_with('[') && colon > e.rfind(']')));
        if (has_port) {
            if (e.substr(colon + 1) != std::to_string(port)) return false;
            e = e.substr(0, colon);
        }
        if (address) return address == detail::parse_ip(e);
        if (e.ends_with('.')) e.remove_suffix(1);
        if (e.starts_with("*.")) e.remove_prefix(1);
        if (e.empty()) return false;
        if (e.starts_with('.')) return host.ends_with(e);
        return host == e || (host.ends_with(e) && host[host.size() - e.size() - 1] == '.');
    }
};

/// How host names become addresses, in place of the system's resolver.
struct name_resolver {
    virtual ~name_resolver() = default;
    /// The addresses of a host, in text. May block; called by several threads at once. An error counts as `host_not_found`.
    virtual result<std::vector<std::string>> resolve(std::string const& host) = 0;
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
    /// The address that is fixed for a host, or the host.
    std::string_view address_of(std::string_view host) const {
        for (auto const& [name, address] : addresses)
            if (name == host) host = address;
        return host;
    }
    /// Look names up so (`asio_transport` and `asio_sync_transport`; libcurl has its own resolver).
    network_options& with_resolver(std::shared_ptr<name_resolver> r) { return resolver = std::move(r), *this; }
    /// Servers may name hosts on private, loopback and link-local addresses (redirects, token services) although they are public
    /// themselves. Off by default: a registry should not be able to make its clients look around inside a network. Not needed
    /// for a registry that is inside itself: its own connection shows that.
    network_options& with_inner_addresses(bool yes = true) { return inner_addresses = yes, *this; }

    tls_rules tls;
    proxy_rules proxy;
    std::vector<std::pair<std::string, std::string>> addresses;
    std::shared_ptr<name_resolver> resolver; ///< null: the system's
    bool inner_addresses = false;
};

} // namespace lading
