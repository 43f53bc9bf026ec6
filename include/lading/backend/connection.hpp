// SPDX-License-Identifier: BSL-1.0
#pragma once

/// One TCP connection, with or without TLS, and the trust it was made with.

#include "../http/url.hpp"
#include "../result.hpp"
#include "../endpoint/tls_options.hpp"

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace lading::detail {

/// A context of TLS 1.2 and newer that trusts what the options say, and shows their client certificate if it may.
/// Errors: `tls_config_invalid`.
inline result<std::shared_ptr<asio::ssl::context>> make_tls_context(tls_options const& o, bool may_show_certificate) {
    auto out = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX* const raw = out->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_max_cert_list(raw, 100 << 10);
    auto refuse = [](std::string what, asio::error_code const& ec) {
        return error(errc::tls_config_invalid).with_context(what + ": " + ec.message());
    };
    asio::error_code ec;
    if (may_show_certificate && !o.cert_file.empty()) {
        if (out->use_certificate_chain_file(o.cert_file, ec), ec) return refuse(o.cert_file, ec);
        if (out->use_private_key_file(o.key_file, asio::ssl::context::pem, ec), ec) return refuse(o.key_file, ec);
        if (SSL_CTX_check_private_key(raw) != 1)
            return error(errc::tls_config_invalid).with_context(o.key_file + " is not the key of " + o.cert_file);
    }
    out->set_verify_mode(o.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, ec);
    if (!o.verify) return out;
    if (o.system_roots && (out->set_default_verify_paths(ec), ec)) return refuse("the system's roots", ec);
    if (!o.ca_file.empty() && (out->load_verify_file(o.ca_file, ec), ec)) return refuse(o.ca_file, ec);
    if (!o.ca_pem.empty() && (out->add_certificate_authority(asio::buffer(o.ca_pem), ec), ec))
        return refuse("the PEM text of a root", ec);
    return out;
}

struct connection {
    connection(asio::any_io_executor const& e, std::string k) : socket(e), key(std::move(k)) {}

    using stream = asio::ssl::stream<asio::ip::tcp::socket&>;

    asio::ip::tcp::socket socket;
    std::shared_ptr<asio::ssl::context> context;
    std::optional<stream> tls;
    std::string key; ///< the origin it is for
    std::chrono::steady_clock::time_point idle_since{};

    /// Prepares TLS for a host: SNI for names, and the host check that OpenSSL does not do by default: no common name,
    /// no partial wildcards, an address only against address entries (hostile.md T03-T05).
    bool prepare_tls(std::shared_ptr<asio::ssl::context> c, std::string const& host, bool verify) {
        context = std::move(c);
        tls.emplace(socket, *context);
        SSL* const ssl = tls->native_handle();
        auto const bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
        asio::error_code not_an_address;
        asio::ip::make_address(bare, not_an_address);
        if (not_an_address && SSL_set_tlsext_host_name(ssl, bare.c_str()) != 1) return false;
        if (!verify) return true;
        X509_VERIFY_PARAM* const p = SSL_get0_param(ssl);
        X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
        return (not_an_address ? X509_VERIFY_PARAM_set1_host(p, bare.c_str(), bare.size())
                               : X509_VERIFY_PARAM_set1_ip_asc(p, bare.c_str())) == 1;
    }

    /// The error of a failed handshake.
    error handshake_error(asio::error_code const& ec) {
        long const verdict = tls ? SSL_get_verify_result(tls->native_handle()) : X509_V_OK;
        if (verdict == X509_V_OK) return error(errc::tls_handshake_failed).with_context(ec.message());
        bool const host = verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
        return error(host ? errc::tls_host_mismatch : errc::tls_cert_untrusted)
            .with_context(X509_verify_cert_error_string(verdict));
    }

    /// Nothing has come since the last answer: neither bytes that were not asked for nor the end (hostile.md H08).
    bool quiet() {
        asio::error_code ec;
        socket.non_blocking(true, ec);
        char c = 0;
        socket.receive(asio::buffer(&c, 1), asio::socket_base::message_peek, ec);
        return ec == asio::error::would_block || ec == asio::error::try_again;
    }

    template <class Handler>
    void async_read(asio::mutable_buffer into, Handler&& handler) {
        if (tls) tls->async_read_some(into, std::forward<Handler>(handler));
        else socket.async_read_some(into, std::forward<Handler>(handler));
    }
    template <class Handler>
    void async_write(asio::const_buffer from, Handler&& handler) {
        if (tls) asio::async_write(*tls, from, std::forward<Handler>(handler));
        else asio::async_write(socket, from, std::forward<Handler>(handler));
    }
};

} // namespace lading::detail
