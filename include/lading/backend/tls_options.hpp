// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

namespace lading {

/// What a transport trusts. None of these allows plaintext.
struct tls_options {
    tls_options() = default;
    tls_options& with_ca_file(std::string path) { return ca_file = std::move(path), *this; }
    tls_options& with_ca_pem(std::string text) { return ca_pem = std::move(text), *this; }
    tls_options& with_verify(bool yes) { return verify = yes, *this; }

    bool verify = true;       ///< check the server's certificate and host name
    bool system_roots = true; ///< trust what the system trusts
    std::string ca_file;      ///< path of a PEM file with further roots; empty for none
    std::string ca_pem;       ///< PEM text of further roots; empty for none
};

} // namespace lading
