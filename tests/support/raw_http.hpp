// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A blocking HTTP client on bare sockets, for tests of servers. Every wait ends after 10 seconds.

#include <lading/http/message.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace test {

struct raw_answer {
    int status = 0; ///< 0 when the connection ended before the head was complete
    lading::header_map headers;
    std::string body;
    std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
};

class raw_http {
  public:
    /// With a CA in PEM it speaks TLS and checks the certificate against `name` (an address when it looks
    /// like one).
    explicit raw_http(std::uint16_t port, std::string const& ca = {}, std::string const& name = "127.0.0.1")
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        timeval const patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        open_ = ::connect(fd_, reinterpret_cast<sockaddr const*>(&to), sizeof to) == 0;
        if (open_ && !ca.empty()) open_ = handshake(ca, name);
    }
    raw_http(raw_http const&) = delete;
    raw_http& operator=(raw_http const&) = delete;
    ~raw_http() {
        SSL_free(tls_);
        SSL_CTX_free(context_);
        ::close(fd_);
    }

    /// Connected, and the certificate was good.
    bool open() const { return open_; }
    /// The end of the stream was announced (over TLS, by its closing message).
    bool ended_well() const { return ended_well_; }

    bool send(std::string_view bytes) {
        while (open_ && !bytes.empty()) {
            auto const n = tls_ ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return open_;
    }
    /// One answer. The body is as long as `Content-Length` says, and empty for HEAD.
    raw_answer receive(std::string_view method = "GET") {
        raw_answer out;
        while (buffer_.find("\r\n\r\n") == buffer_.npos)
            if (!more()) return out;
        auto head = std::string_view(buffer_).substr(0, buffer_.find("\r\n\r\n") + 2);
        std::from_chars(head.data() + 9, head.data() + 12, out.status);
        head.remove_prefix(head.find("\r\n") + 2);
        while (!head.empty()) {
            auto const line = head.substr(0, head.find("\r\n"));
            out.headers.add(std::string(line.substr(0, line.find(':'))),
                            std::string(line.substr(line.find(':') + 2)));
            head.remove_prefix(line.size() + 2);
        }
        buffer_.erase(0, buffer_.find("\r\n\r\n") + 4);
        std::size_t size = 0;
        auto const length = out.header("content-length");
        std::from_chars(length.data(), length.data() + length.size(), size);
        if (method == "HEAD") size = 0;
        while (buffer_.size() < size && more()) {
        }
        out.body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return out;
    }
    raw_answer ask(std::string_view method, std::string_view target, std::string_view fields = {},
                   std::string_view body = {}) {
        std::string text = std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" +
                           std::string(fields);
        if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        if (!send(text + "\r\n" + std::string(body))) return {};
        return receive(method);
    }
    raw_answer get(std::string_view target, std::string_view fields = {}) {
        return ask("GET", target, fields);
    }
    /// Everything until the connection ends.
    std::string rest() {
        while (more()) {
        }
        return buffer_;
    }

  private:
    bool handshake(std::string const& ca, std::string const& name) {
        context_ = SSL_CTX_new(TLS_client_method());
        BIO* const text = BIO_new_mem_buf(ca.data(), static_cast<int>(ca.size()));
        X509* const root = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), root);
        X509_free(root);
        BIO_free(text);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        tls_ = SSL_new(context_);
        bool const address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), name.c_str()) == 1;
        if (!address) SSL_set1_host(tls_, name.c_str());
        SSL_set_fd(tls_, fd_);
        return SSL_connect(tls_) == 1;
    }
    bool more() {
        char piece[4096];
        auto const n = tls_ ? SSL_read(tls_, piece, sizeof piece) : ::recv(fd_, piece, sizeof piece, 0);
        if (n > 0) return buffer_.append(piece, static_cast<std::size_t>(n)), true;
        ended_well_ = tls_ ? SSL_get_error(tls_, static_cast<int>(n)) == SSL_ERROR_ZERO_RETURN : n == 0;
        return false;
    }

    int fd_;
    SSL_CTX* context_ = nullptr;
    SSL* tls_ = nullptr;
    bool open_ = false;
    bool ended_well_ = false;
    std::string buffer_;
};

} // namespace test
