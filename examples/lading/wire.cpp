// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace {

lading::error refused(std::string const& file) {
    char reason[256] = {};
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return lading::error(lading::errc::invalid_argument).with_context("--tls: " + file + ": " + reason);
}

} // namespace

lading::result<server_tls> server_tls::of(std::string const& certificates, std::string const& key) {
    server_tls out;
    out.context_.reset(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    auto* const c = out.context_.get();
    if (!c) return refused(certificates);
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(c, certificates.c_str()) != 1) return refused(certificates);
    if (SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(c) != 1) return refused(key);
    return out;
}

wire::~wire() { SSL_free(tls_); }

bool wire::secure(server_tls const& with) {
    tls_ = SSL_new(with.context_.get());
    return tls_ && SSL_set_fd(tls_, socket_) == 1 && SSL_accept(tls_) == 1;
}

std::ptrdiff_t wire::receive(char* into, std::size_t room) {
    if (tls_) {
        auto const n = SSL_read(tls_, into, static_cast<int>(std::min<std::size_t>(room, 1u << 20)));
        if (n > 0) return n;
        return SSL_get_error(tls_, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    }
    for (;;) {
        auto const n = ::recv(socket_, into, room, 0);
        if (n < 0 && errno == EINTR) continue;
        return n;
    }
}

bool wire::send(std::string_view bytes) {
    while (!bytes.empty()) {
        std::ptrdiff_t const n = tls_ ? SSL_write(tls_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 20)))
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && !tls_ && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void wire::finish() {
    if (tls_) SSL_shutdown(tls_);
    ::shutdown(socket_, SHUT_WR);
}
