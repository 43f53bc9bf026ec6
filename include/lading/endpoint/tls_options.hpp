// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `tls_options` and `tls_rules`: whom a transport trusts, and as whom it shows itself.

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

/// The options of a transport: those for every host, and those for hosts by name, which replace them.
struct tls_rules {
    tls_rules() = default;
    tls_rules(tls_options all) : everywhere(std::move(all)) {}
    /// `host` as in references: "example.com" (port 443) or "example.com:5000".
    tls_rules& with_host(std::string host, tls_options o) {
        return hosts.emplace_back(std::move(host), std::move(o)), *this;
    }
    /// What holds for a host: the last entry of that name, else `everywhere`. `authority` is the host in lower case,
    /// with its port unless it is 443.
    tls_options const& find(std::string_view authority) const noexcept {
        for (std::size_t i = hosts.size(); i-- > 0;) {
            std::string_view name = hosts[i].first;
            if (name.ends_with(":443")) name.remove_suffix(4);
            if (name == authority) return hosts[i].second;
        }
        return everywhere;
    }

    tls_options everywhere;
    std::vector<std::pair<std::string, tls_options>> hosts;
};

} // namespace lading
