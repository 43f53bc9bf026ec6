// SPDX-License-Identifier: BSL-1.0
#pragma once

/// One TCP connection, with or without TLS.

#include "../endpoint/tls_options.hpp"
#include "../http/address.hpp"
#include "../http/url.hpp"
#include "../result.hpp"
#include "tls_contexts.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// Used by one exchange at a time, on its strand.
class connection {
  public:
    /// Takes a connected socket.
    explicit connection(asio::ip::tcp::socket s) : socket(std::move(s)) {
        asio::error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket.non_blocking(true, ignored);
        asio::error_code ended;
        auto const to = socket.remote_endpoint(ended);
        if (!ended) peer_ = scope(to.address());
    }

    /// Prepares TLS for a host: SNI for names, and the host check that OpenSSL does not do by default: no common name,
    /// no partial wildcards, an address only against address entries (doc/threats.md#t03). False when
    /// there is no memory.
    bool prepare_tls(std::shared_ptr<tls_identity> identity, url const& where, bool verify) {
        auto const& host = where.host();
        resumer_ = {std::move(identity), host + ':' + std::to_string(where.port())};
        std::unique_ptr<SSL, free_tls> made(SSL_new(resumer_.identity->context.native_handle()));
        if (!made) return false;
        tls_.emplace(socket, made.release()); // which frees it, also when it throws
        SSL* const ssl = tls_->native_handle();
        auto const bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
        asio::error_code not_an_address;
        asio::ip::make_address(bare, not_an_address);
        if (not_an_address && SSL_set_tlsext_host_name(ssl, bare.c_str()) != 1) return false;
        tls_identity::prepare(ssl, resumer_);
        if (!verify) return true;
        X509_VERIFY_PARAM* const p = SSL_get0_param(ssl);
        X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
        return (not_an_address ? X509_VERIFY_PARAM_set1_host(p, bare.c_str(), bare.size())
                               : X509_VERIFY_PARAM_set1_ip_asc(p, bare.c_str())) == 1;
    }
    template <class Handler>
    void async_handshake(Handler&& handler) {
        tls_->async_handshake(asio::ssl::stream_base::client, std::forward<Handler>(handler));
    }
    void on_handshake() { tls_identity::established(tls_->native_handle(), resumer_); }

    tls_identity const& identity() const noexcept { return *resumer_.identity; }

    /// The error of a failed handshake.
    error handshake_error(asio::error_code const& ec) {
        long const verdict = tls_ ? SSL_get_verify_result(tls_->native_handle()) : X509_V_OK;
        if (is_out_of_memory(ec) || verdict == X509_V_ERR_OUT_OF_MEM) return no_memory_for_tls();
        if (verdict == X509_V_OK) {
            bool const no_tls = ec.category() == asio::error::get_ssl_category() &&
                                ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_WRONG_VERSION_NUMBER;
            return error(errc::tls_handshake_failed).with_context(ec.message() + (no_tls ? "; it may speak plain http" : ""));
        }
        bool const host = verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
        return error(host ? errc::tls_host_mismatch : errc::tls_cert_untrusted)
            .with_context(X509_verify_cert_error_string(verdict));
    }

    static address_scope scope(asio::ip::address const& a) {
        return a.is_v4() ? scope_of(a.to_v4().to_bytes()) : scope_of(a.to_v6().to_bytes());
    }
    /// Where the other end is: found out when the connection was made, and nothing if it had ended by then.
    std::optional<address_scope> peer() const noexcept { return peer_; }

    /// Nothing has come since the last answer: neither bytes that were not asked for nor the end (doc/threats.md#h07).
    /// What came in the answer's last packet may have been read already, and wait inside TLS.
    bool quiet() {
        if (tls_) {
            SSL* const ssl = tls_->native_handle();
            if (SSL_has_pending(ssl) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl)) != 0) return false;
        }
        asio::error_code ec;
        char c = 0;
        socket.receive(asio::buffer(&c, 1), asio::socket_base::message_peek, ec);
        return ec == asio::error::would_block || ec == asio::error::try_again;
    }

    /// Reads into a buffer that is the connection's: `handler(error_code, bytes)`, where `received` has them.
    template <class Handler>
    void async_read(Handler&& handler) {
        auto const into = asio::buffer(buffer_.get(), buffer_size_);
        if (tls_) tls_->async_read_some(into, std::forward<Handler>(handler));
        else socket.async_read_some(into, std::forward<Handler>(handler));
    }
    std::string_view received(std::size_t n) const noexcept { return {buffer_.get(), n}; }
    /// After a read that has been dealt with. A peer that fills the buffer has much to say: the next one is larger.
    void fit_buffer(std::size_t n) {
        if (n == buffer_size_ && n < largest_buffer) {
            buffer_ = std::make_unique_for_overwrite<char[]>(n * 4);
            buffer_size_ = n * 4;
        }
    }

    /// What can be written at once without waiting: the whole of most requests. In bytes; with TLS none.
    std::size_t write_now(std::string_view text, asio::error_code& ec) {
        if (tls_) return 0;
        auto const n = socket.write_some(asio::buffer(text), ec);
        if (ec == asio::error::would_block || ec == asio::error::try_again) ec = {};
        return n;
    }
    template <class Handler>
    void async_write(std::string_view text, Handler&& handler) {
        if (tls_) asio::async_write(*tls_, asio::buffer(text), std::forward<Handler>(handler));
        else asio::async_write(socket, asio::buffer(text), std::forward<Handler>(handler));
    }

    /// As much as goes at once: at least a byte.
    template <class Handler>
    void async_write_some(std::string_view text, Handler&& handler) {
        if (tls_) tls_->async_write_some(asio::buffer(text), std::forward<Handler>(handler));
        else socket.async_write_some(asio::buffer(text), std::forward<Handler>(handler));
    }

    asio::ip::tcp::socket socket;
    std::chrono::steady_clock::time_point idle_since{}; ///< the pool's

  private:
    static constexpr std::size_t first_buffer = std::size_t(16) << 10, largest_buffer = std::size_t(256) << 10;

    std::optional<address_scope> peer_;
    tls_identity::resumer resumer_; // outlives `tls_`, which refers to both
    std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
    std::size_t buffer_size_ = first_buffer;
    std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(first_buffer); // most answers touch one page of it
};

} // namespace lading::detail
