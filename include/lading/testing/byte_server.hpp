// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::byte_server`: answers each request with given bytes, in given pieces, and ends as told. For tests of
/// transports: `http_server` says nothing malformed and nothing slowly.

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lading::testing {

/// What one request is answered with.
struct byte_answer {
    enum class ending : std::uint8_t {
        keep,  ///< the connection waits for the next request, as long as the server's patience
        close, ///< closed in good order
        reset, ///< torn down
        hang   ///< nothing more, until the client or the server's patience ends
    };
    byte_answer() = default;
    byte_answer(std::string b, ending e = ending::keep, std::size_t p = 0) : bytes(std::move(b)), end(e), piece(p) {}

    std::string bytes;
    ending end = ending::keep;
    std::size_t piece = 0;    ///< bytes sent at once; 0 for all
    std::chrono::milliseconds pause{0}; ///< between two pieces
    std::string dependent;         ///< sent a moment after the answer, unasked
    std::size_t endless = 0;  ///< the last so many bytes are sent again and again until the client or the server's patience ends
};

/// Serves from its construction to its destruction, on 127.0.0.1 and a free port, each connection in a thread. Not
/// copied, not moved.
class byte_server {
  public:
    /// So long a client may be silent, or take an endless answer: then the connection is closed, so that a client without
    /// a clock of its own comes back too.
    static constexpr std::chrono::seconds patience{5};

    /// `answer` is called with the whole head (and body by Content-Length) of each request, by one thread at a time. With
    /// a certificate and key in PEM it speaks TLS.
    explicit byte_server(std::function<byte_answer(std::string const&)> answer, std::string const& certificate = {},
                         std::string const& key = {})
        : answer_(std::move(answer)) {
        asio::error_code ec;
        if (!certificate.empty()) {
            tls_.emplace(asio::ssl::context::tls_server);
            tls_->use_certificate_chain(asio::buffer(certificate), ec);
            if (!ec) tls_->use_private_key(asio::buffer(key), asio::ssl::context::pem, ec);
        }
        asio::ip::tcp::endpoint const any(asio::ip::address_v4::loopback(), 0);
        if (!ec) acceptor_.open(any.protocol(), ec);
        if (!ec) acceptor_.bind(any, ec);
        if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
        if (ec) return;
        port_ = acceptor_.local_endpoint(ec).port();
        thread_ = std::thread([this] { accept(); });
    }
    byte_server(byte_server const&) = delete;
    byte_server& operator=(byte_server const&) = delete;
    ~byte_server() {
        stopping_ = true;
        if (thread_.joinable()) {
            asio::error_code ignored; // wakes the acceptor
            asio::ip::tcp::socket self(context_);
            self.connect({asio::ip::address_v4::loopback(), port_}, ignored);
            thread_.join();
        }
        for (auto& c : connections_) {
            asio::error_code ignored;
            std::lock_guard const lock(closing_);
            c->socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        }
        for (auto& c : connections_) c->thread.join();
    }

    /// From now on only so many bytes of a request's body are read before its answer.
    void read_at_most(std::size_t bytes) noexcept { most_body_ = bytes; }
    std::uint16_t port() const noexcept { return port_; }
    /// Connections accepted so far.
    std::size_t accepted() const noexcept { return accepted_; }
    /// The requests so far, as received.
    std::vector<std::string> requests() const {
        std::lock_guard const lock(mutex_);
        return requests_;
    }

  private:
    struct connection {
        connection() = default;
        asio::io_context loop{1}; ///< for reads that end in time
        asio::ip::tcp::socket socket{loop};
        std::thread thread;
    };

    void accept() {
        for (;;) {
            auto c = std::make_unique<connection>();
            asio::error_code ec;
            acceptor_.accept(c->socket, ec);
            if (stopping_ || ec) return;
            ++accepted_;
            c->socket.set_option(asio::ip::tcp::no_delay(true), ec);
            c->thread = std::thread([this, raw = c.get()] { greet(*raw); });
            connections_.push_back(std::move(c));
        }
    }
    void greet(connection& c) {
        auto& s = c.socket;
        asio::error_code ec;
        if (tls_) {
            asio::ssl::stream<asio::ip::tcp::socket&> secure(s, *tls_);
            secure.handshake(asio::ssl::stream_base::server, ec);
            if (!ec && serve(secure, c)) secure.shutdown(ec);
        } else {
            serve(s, c);
        }
        // Closed in good order, and read to the end, so that the answer is not lost to a reset.
        s.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
        char rest[4096];
        while (!ec) read_some(s, c, asio::buffer(rest), ec);
    }
    /// Reads what comes within the server's patience; the connection is shut when nothing does.
    template <class Stream>
    static std::size_t read_some(Stream& stream, connection& c, asio::mutable_buffer into, asio::error_code& ec) {
        std::size_t size = 0;
        bool over = false;
        stream.async_read_some(into, [&](asio::error_code e, std::size_t n) { ec = e, size = n, over = true; });
        c.loop.restart();
        c.loop.run_for(patience);
        if (over) return size;
        asio::error_code ignored;
        c.socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        c.loop.restart();
        c.loop.run();
        return size;
    }
    /// True when the end is to be announced.
    template <class Stream>
    bool serve(Stream& stream, connection& c) {
        std::string buffer;
        for (;;) {
            asio::error_code ec;
            auto const receive = [&] {
                char more[4096];
                buffer.append(more, read_some(stream, c, asio::buffer(more), ec));
            };
            while (buffer.find("\r\n\r\n") == buffer.npos && !ec) receive();
            if (ec) return false;
            auto const head = buffer.find("\r\n\r\n") + 4;
            auto whole = head + std::min(most_body_.load(), body_size(std::string_view(buffer).substr(0, head)));
            bool const chunked = buffer.substr(0, head).find("Transfer-Encoding: chunked\r\n") != buffer.npos;
            while (chunked && !ec && (whole = end_of_chunks(buffer, head)) == buffer.npos) receive();
            while (buffer.size() < whole && !ec) receive();
            byte_answer a;
            {
                std::lock_guard const lock(mutex_);
                requests_.push_back(buffer.substr(0, whole));
                a = answer_(requests_.back());
            }
            buffer.erase(0, std::min(whole, buffer.size()));
            std::string_view rest = a.bytes;
            while (!rest.empty() && !ec) {
                auto const n = a.piece ? std::min(a.piece, rest.size()) : rest.size();
                asio::write(stream, asio::buffer(rest.data(), n), ec);
                rest.remove_prefix(n);
                if (a.pause.count() > 0 && !rest.empty()) std::this_thread::sleep_for(a.pause);
                if (stopping_) return false;
            }
            if (!a.dependent.empty() && !ec) {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                asio::write(stream, asio::buffer(a.dependent), ec);
            }
            auto const until = std::chrono::steady_clock::now() + patience;
            while (a.endless && !ec && !stopping_ && std::chrono::steady_clock::now() < until)
                asio::write(stream, asio::buffer(a.bytes.data() + a.bytes.size() - a.endless, a.endless), ec);
            switch (a.end) {
            case byte_answer::ending::keep: break;
            case byte_answer::ending::close: return true;
            case byte_answer::ending::reset: {
                std::lock_guard const lock(closing_);
                c.socket.set_option(asio::socket_base::linger(true, 0), ec);
                c.socket.close(ec);
                return false;
            }
            case byte_answer::ending::hang:
                while (!ec) receive();
                return false;
            }
            if (ec) return false;
        }
    }
    /// Where the body ends that begins at `at`; npos when it has not come.
    static std::size_t end_of_chunks(std::string_view text, std::size_t at) {
        for (;;) {
            auto const line = text.find("\r\n", at);
            if (line == text.npos) return text.npos;
            std::size_t n = 0;
            std::from_chars(text.data() + at, text.data() + line, n, 16);
            at = line + 2 + n + 2;
            if (text.size() < at) return text.npos;
            if (n == 0) return at;
        }
    }
    static std::size_t body_size(std::string_view head) {
        constexpr std::string_view name = "Content-Length: ";
        std::size_t n = 0;
        if (auto const at = head.find(name); at != head.npos) std::from_chars(head.data() + at + name.size(), head.data() + head.size(), n);
        return n;
    }

    std::function<byte_answer(std::string const&)> answer_;
    std::optional<asio::ssl::context> tls_;
    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_{context_};
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> most_body_{std::size_t(-1)};
    std::atomic<std::size_t> accepted_{0};
    mutable std::mutex mutex_;
    std::mutex closing_; ///< a connection that its thread resets, and the end of the server
    std::vector<std::string> requests_;
    std::list<std::unique_ptr<connection>> connections_;
    std::thread thread_;
};

} // namespace lading::testing
