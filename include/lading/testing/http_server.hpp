// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::http_server`: a small HTTP/1.1 server on a free port of 127.0.0.1, in a thread of its own, for
/// tests.
///
/// Keep-alive, several connections at once, TLS if wanted. A request is bounded: 64 KiB of head, 1 MiB of
/// body.

#include "http_exchange.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace lading::testing {

/// Answers requests, one at a time, on the server's thread.
class http_handler {
  public:
    virtual ~http_handler() = default;
    /// The answer to one well-formed request.
    virtual canned handle(exchange request) = 0;
    /// How many bytes of body a request with this head may have; a larger one is answered with 413.
    virtual std::size_t most_body(exchange const& head) { return (void)head, detail::max_request_body; }
    /// Whether a body may come in chunks.
    virtual bool takes_chunks() { return false; }
    /// An answer that is given before the body is read, after which the connection is closed.
    virtual std::optional<canned> early(exchange const& head) { return (void)head, std::nullopt; }
    /// Every byte that a client sends, as it comes, requests or not; inside TLS, what was encrypted.
    virtual void received(std::string_view bytes) { (void)bytes; }
};

namespace detail {

/// One connection. Lives as long as something is awaited on it.
template <class Stream>
class server_connection : public std::enable_shared_from_this<server_connection<Stream>> {
  public:
    template <class... Args>
    server_connection(http_handler& h, std::size_t number, Args&&... args)
        : handler_(h), number_(number), stream_(std::forward<Args>(args)...), timer_(stream_.get_executor()) {
    }

    void start() {
        asio::error_code ignored;
        socket().set_option(asio::ip::tcp::no_delay(true), ignored);
        if constexpr (secure)
            stream_.async_handshake(asio::ssl::stream_base::server, [self = self_()](asio::error_code ec) {
                if (!ec) self->read_head();
            });
        else
            read_head();
    }

  private:
    static constexpr bool secure = !std::is_same_v<Stream, asio::ip::tcp::socket>;

    auto self_() { return this->shared_from_this(); }
    auto& socket() { return stream_.lowest_layer(); }

    void read_head() {
        auto const end = buffer_.find("\r\n\r\n", searched_);
        if (end != buffer_.npos && end + 4 <= max_request_head) return on_head(end + 4);
        if (buffer_.size() >= max_request_head) return refuse(431);
        if (!buffer_.empty() && !is_tchar(buffer_.front()))
            return refuse(400); // a TLS client would wait for ever
        searched_ = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
        read_more(&server_connection::read_head);
    }
    void read_more(void (server_connection::*then)()) {
        stream_.async_read_some(asio::buffer(piece_),
                                [self = self_(), then](asio::error_code ec, std::size_t n) {
                                    if (ec) return;
                                    self->handler_.received({self->piece_.data(), n});
                                    self->buffer_.append(self->piece_.data(), n);
                                    ((*self).*then)();
                                });
    }
    void on_head(std::size_t size) {
        request_ = exchange();
        frame_ = parse_request_head(std::string_view(buffer_).substr(0, size), request_);
        buffer_.erase(0, size);
        searched_ = 0;
        if (frame_.refusal) return refuse(frame_.refusal);
        if (frame_.chunked && !handler_.takes_chunks()) return refuse(501);
        if (auto const early = handler_.early(request_)) return frame_.keep_alive = false, send(*early, request_.method);
        most_ = handler_.most_body(request_);
        if (frame_.body > most_) return refuse(413);
        if (iequal(request_.headers.find("expect").value_or(""), "100-continue") && buffer_.empty()) return go_ahead();
        frame_.chunked ? read_chunks() : read_body();
    }
    /// The client waits to be told.
    void go_ahead() {
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(out_), [self = self_()](asio::error_code ec, std::size_t) {
            if (!ec) self->frame_.chunked ? self->read_chunks() : self->read_body();
        });
    }
    void read_chunks() {
        for (;;) {
            auto const line = buffer_.find("\r\n", searched_);
            if (line == buffer_.npos) return read_more(&server_connection::read_chunks);
            std::size_t n = 0;
            auto const [end, bad] = std::from_chars(buffer_.data() + searched_, buffer_.data() + line, n, 16);
            if (bad != std::errc() || end != buffer_.data() + line || n > most_) return refuse(400);
            if (buffer_.size() < line + 2 + n + 2) return read_more(&server_connection::read_chunks);
            request_.body.append(buffer_, line + 2, n);
            if (request_.body.size() > most_) return refuse(413);
            buffer_.erase(0, line + 2 + n + 2);
            searched_ = 0;
            if (n == 0) return on_request();
        }
    }
    void read_body() {
        if (buffer_.size() < frame_.body) return read_more(&server_connection::read_body);
        request_.body = buffer_.substr(0, frame_.body);
        buffer_.erase(0, frame_.body);
        on_request();
    }
    void on_request() {
        request_.connection = number_;
        request_.client_name = client_name();
        auto const method = request_.method;
        send(handler_.handle(std::move(request_)), method);
    }
    std::string client_name() {
        std::string out;
        if constexpr (secure) {
#if defined(OPENSSL_IS_BORINGSSL) || defined(LIBRESSL_VERSION_NUMBER)
            X509* const shown = SSL_get_peer_certificate(stream_.native_handle());
#else
            X509* const shown = SSL_get1_peer_certificate(stream_.native_handle());
#endif
            char text[256] = {};
            if (shown && X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, text, sizeof text) > 0)
                out = text;
            X509_free(shown);
        }
        return out;
    }
    void refuse(int status) {
        frame_.keep_alive = false;
        send(canned(status), "GET");
    }
    void send(canned const& answer, std::string_view method) {
        cut_ = answer.cut;
        sent_ = 0;
        piece_bytes_ = answer.piece;
        pause_ = answer.pause;
        out_ = write_answer(answer, method, frame_.keep_alive);
        if (answer.delay.count() <= 0) return write();
        timer_.expires_after(answer.delay);
        timer_.async_wait([self = self_()](asio::error_code ec) {
            if (!ec) self->write();
        });
    }
    void write() {
        auto const n = piece_bytes_ ? std::min(piece_bytes_, out_.size() - sent_) : out_.size();
        asio::async_write(stream_, asio::buffer(out_.data() + sent_, n), [self = self_(), n](asio::error_code ec, std::size_t) {
            self->sent_ += n;
            if (!ec && self->sent_ < self->out_.size()) return self->write_later();
            if (ec || self->cut_) return self->close();
            if (self->frame_.keep_alive) return self->read_head();
            self->finish();
        });
    }
    void write_later() {
        timer_.expires_after(pause_);
        timer_.async_wait([self = self_()](asio::error_code ec) {
            if (!ec) self->write();
        });
    }
    /// Closes so that the peer sees the whole answer: input that nobody reads would reset the connection.
    void finish() {
        timer_.expires_after(std::chrono::seconds(1));
        timer_.async_wait([self = self_()](asio::error_code ec) {
            if (!ec) self->close();
        });
        if constexpr (secure)
            stream_.async_shutdown([self = self_()](asio::error_code) { self->drain(); });
        else
            drain();
    }
    void drain() {
        asio::error_code ignored;
        socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        drain_more();
    }
    void drain_more() {
        raw_socket().async_read_some(asio::buffer(piece_),
                                     [self = self_()](asio::error_code ec, std::size_t n) {
                                         if (ec) return self->close();
                                         self->handler_.received({self->piece_.data(), n});
                                         self->drain_more();
                                     });
    }
    asio::ip::tcp::socket& raw_socket() {
        if constexpr (secure)
            return stream_.next_layer();
        else
            return stream_;
    }
    void close() {
        timer_.cancel();
        asio::error_code ignored;
        socket().close(ignored);
    }

    http_handler& handler_;
    std::size_t number_;
    Stream stream_;
    asio::steady_timer timer_;
    std::string buffer_; ///< received and not yet used
    std::size_t searched_ = 0;
    std::array<char, 65536> piece_{};
    exchange request_;
    request_frame frame_;
    std::string out_;
    std::size_t sent_ = 0;        ///< of `out_`
    std::size_t piece_bytes_ = 0; ///< at once; 0 for all
    std::chrono::milliseconds pause_{0};
    std::size_t most_ = 0; ///< bytes of the body
    bool cut_ = false;
};

} // namespace detail

/// The server. Serves from `start` until it is destroyed, which takes no longer than one call of the handler.
/// Not copied, not moved.
class http_server {
  public:
    /// Listens; the handler must outlive the server. When no port can be had, `port()` is 0.
    explicit http_server(http_handler& h) : handler_(h) {
        asio::error_code ec;
        asio::ip::tcp::endpoint const any(asio::ip::address_v4::loopback(), 0);
        acceptor_.open(any.protocol(), ec);
        if (!ec) acceptor_.bind(any, ec);
        if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
        if (ec) return;
        auto const at = acceptor_.local_endpoint(ec);
        if (!ec) port_ = at.port();
    }
    http_server(http_server const&) = delete;
    http_server& operator=(http_server const&) = delete;
    ~http_server() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }

    /// From now on with TLS 1.2 and newer. Before `start`. False when the PEM texts cannot be used.
    bool use_tls(std::string const& certificate_pem, std::string const& key_pem) {
        asio::error_code ec;
        tls_.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, ec);
        if (!ec) tls_.use_certificate_chain(asio::buffer(certificate_pem), ec);
        if (!ec) tls_.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem, ec);
        return secure_ = true, !ec;
    }
    /// Asks clients for a certificate, and takes any or none: `exchange::client_name` says which. Before `start`.
    void ask_client_certificate() {
        SSL_CTX_set_verify(tls_.native_handle(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
        static constexpr unsigned char session_name[] = "lading";
        SSL_CTX_set_session_id_context(tls_.native_handle(), session_name, sizeof session_name - 1);
    }
    void start() {
        if (port_ == 0) return;
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }

    std::uint16_t port() const noexcept { return port_; }
    /// How many TCP connections were accepted. Any thread.
    std::size_t connections() const noexcept { return connections_.load(); }

  private:
    void accept() {
        acceptor_.async_accept([this](asio::error_code ec, asio::ip::tcp::socket s) {
            if (ec) return accept_later();
            auto const number = ++connections_;
            using plain = asio::ip::tcp::socket;
            if (secure_)
                std::make_shared<detail::server_connection<asio::ssl::stream<plain>>>(handler_, number,
                                                                                      std::move(s), tls_)
                    ->start();
            else
                std::make_shared<detail::server_connection<plain>>(handler_, number, std::move(s))->start();
            accept();
        });
    }
    /// Out of file descriptors, mostly: some may be back soon.
    void accept_later() {
        pause_.expires_after(std::chrono::milliseconds(20));
        pause_.async_wait([this](asio::error_code ec) {
            if (!ec) accept();
        });
    }

    http_handler& handler_;
    asio::ssl::context tls_{asio::ssl::context::tls_server};
    asio::io_context context_{1}; // behind `tls_`: its end destroys the connections
    asio::ip::tcp::acceptor acceptor_{context_};
    asio::steady_timer pause_{context_};
    std::atomic<std::size_t> connections_{0};
    std::uint16_t port_ = 0;
    bool secure_ = false;
    std::thread thread_;
};

} // namespace lading::testing
