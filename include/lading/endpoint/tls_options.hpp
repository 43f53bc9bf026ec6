// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `tls_options` and `tls_rules`: whom a transport trusts, and as whom it shows itself.

#include "../result.hpp"
#include "../warning.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// What a connection trusts and presents. None of these allows plaintext.
struct tls_options {
    tls_options() = default;
    tls_options& with_ca_file(std::string path) { return ca_file = std::move(path), *this; }
    tls_options& with_ca_pem(std::string text) { return ca_pem = std::move(text), *this; }
    tls_options& with_verify(bool yes) { return verify = yes, *this; }
    /// A client certificate and its key, as PEM files. Shown to the hosts these options are for, to no other.
    tls_options& with_client_certificate(std::string cert, std::string key) {
        return cert_file = std::move(cert), key_file = std::move(key), *this;
    }

    bool verify = true;       ///< check the server's certificate and host name
    bool system_roots = true; ///< trust what the system trusts
    std::string ca_file;      ///< path of a PEM file with further roots; empty for none
    std::string ca_pem;       ///< PEM text of further roots; empty for none
    std::string cert_file;    ///< path of a PEM file with the client's certificate chain; empty for none
    std::string key_file;     ///< path of its private key in PEM

    friend bool operator==(tls_options const&, tls_options const&) = default;
};

/// Where options are found of hosts that no rule names: above all of those that a server names, as its storage.
struct tls_source {
    virtual ~tls_source() = default;
    /// What there is for a host ("example.com", or "example.com:5000" where the port is not 443), beside what holds
    /// everywhere; nothing when nothing. Asked before a connection, by any thread; what was odd is added to `remarks`.
    /// Errors: `tls_config_invalid`.
    virtual result<std::optional<tls_options>> find(std::string const& authority, std::vector<warning>& remarks) = 0;
};

/// The options of a transport: those for every host, and those for hosts by name, which replace them.
struct tls_rules {
    tls_rules() = default;
    tls_rules(tls_options all) : everywhere(std::move(all)) {}
    /// `host` as in references: "example.com" (port 443) or "example.com:5000"; "*.example.com" for all below, on every port.
    tls_rules& with_host(std::string host, tls_options o) {
        return hosts.emplace_back(std::move(host), std::move(o)), *this;
    }
    /// Asked about hosts without an entry (`certs_d`).
    tls_rules& with_source(std::shared_ptr<tls_source> s) { return others = std::move(s), *this; }

    /// The last entry of a host, or of the longest name above it; null without one. `authority` is the host in lower
    /// case, with its port unless it is 443.
    tls_options const* find_host(std::string_view authority) const noexcept {
        tls_options const* best = nullptr;
        std::size_t longest = 0;
        for (std::size_t i = hosts.size(); i-- > 0;) {
            std::string_view name = hosts[i].first;
            if (name.ends_with(":443")) name.remove_suffix(4);
            if (name == authority) return &hosts[i].second;
            if (name.starts_with("*.") && name.size() > longest && without_port(authority).ends_with(name.substr(1)))
                best = &hosts[i].second, longest = name.size();
        }
        return best;
    }
    /// What holds for a host: its entry, else `everywhere`.
    tls_options const& find(std::string_view authority) const noexcept {
        auto const* own = find_host(authority);
        return own ? *own : everywhere;
    }
    static constexpr std::string_view without_port(std::string_view authority) noexcept {
        auto const colon = authority.rfind(':');
        bool const in_brackets = colon != authority.npos && authority.find(']', colon) != authority.npos;
        return in_brackets ? authority : authority.substr(0, colon);
    }

    tls_options everywhere;
    std::vector<std::pair<std::string, tls_options>> hosts;
    std::shared_ptr<tls_source> others;
};

} // namespace lading
