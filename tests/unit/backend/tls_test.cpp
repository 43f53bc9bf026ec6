// SPDX-License-Identifier: BSL-1.0
// hostile.md 2B over real TLS on the loopback: what certificate is accepted for which name.
#include "catch.hpp"
#include <lading/backend/asio_sync_transport.hpp>
#include <lading/operation/body.hpp>
#include <lading/testing/certificates.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/ssl.hpp>

#include <atomic>
#include <thread>

using namespace lading;

namespace {

/// Accepts TLS on a loopback port, answers what it is told to each request, and counts application bytes.
class tls_server {
  public:
    tls_server(testing::certificate_authority const& ca, std::vector<std::string> names,
               std::vector<std::string> addresses, testing::certificate_options o = {}, bool old_tls = false)
        : acceptor_(context_, {asio::ip::make_address("127.0.0.1"), 0}), ssl_(asio::ssl::context::tls_server) {
        auto const leaf = ca.issue(names, addresses, o);
        ssl_.use_certificate_chain(asio::buffer(leaf.cert_pem));
        ssl_.use_private_key(asio::buffer(leaf.key_pem), asio::ssl::context::pem);
        if (old_tls) {
            SSL_CTX_set_security_level(ssl_.native_handle(), 0);
            SSL_CTX_set_min_proto_version(ssl_.native_handle(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(ssl_.native_handle(), TLS1_1_VERSION);
        }
        thread_ = std::thread([this] { serve(); });
    }
    ~tls_server() {
        asio::error_code ignored;
        asio::io_context wake;
        stop_ = true;
        asio::ip::tcp::socket(wake).connect(acceptor_.local_endpoint(), ignored);
        thread_.join();
    }
    std::string url(std::string const& host) const {
        return "https://" + host + ":" + std::to_string(acceptor_.local_endpoint().port()) + "/";
    }
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    bool clean_shutdown = true;
    std::atomic<std::size_t> bytes = 0;

  private:
    void serve() {
        for (;;) {
            asio::error_code ec;
            asio::ip::tcp::socket socket(context_);
            acceptor_.accept(socket, ec);
            if (stop_) return;
            asio::ssl::stream<asio::ip::tcp::socket> stream(std::move(socket), ssl_);
            if (stream.handshake(asio::ssl::stream_base::server, ec), ec) continue;
            char buffer[4096];
            bytes += stream.read_some(asio::buffer(buffer), ec);
            if (ec) continue;
            asio::write(stream, asio::buffer(answer), ec);
            if (clean_shutdown) stream.shutdown(ec);
        }
    }

    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ssl::context ssl_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

testing::certificate_authority const& ca() {
    static testing::certificate_authority const instance;
    return instance;
}

errc get(tls_server& server, std::string const& host, tls_options o = tls_options().with_ca_pem(ca().cert_pem())) {
    limits const l;
    response_body sink(1000, l);
    asio_sync_transport transport(std::move(o));
    auto const r = transport.exchange(request("GET", server.url(host)), sink);
    if (!r) {
        if (r.error() == errc::tls_cert_untrusted || r.error() == errc::tls_host_mismatch)
            CHECK(!r.error().facts().plaintext);
        return r.error().kind();
    }
    return r.value().status == 200 ? errc::ok : errc::http_unexpected_status;
}

} // namespace

TEST_CASE("an honest certificate is accepted by name and by address") {
    tls_server server(ca(), {"localhost"}, {"127.0.0.1"});
    CHECK(get(server, "localhost") == errc::ok);
    CHECK(get(server, "127.0.0.1") == errc::ok);
    CHECK(server.bytes > 0);
}
TEST_CASE("T01: unknown authority, expired, not yet valid") {
    tls_server good(ca(), {"localhost"}, {});
    CHECK(get(good, "localhost", tls_options()) == errc::tls_cert_untrusted);
    testing::certificate_authority const other;
    CHECK(get(good, "localhost", tls_options().with_ca_pem(other.cert_pem())) == errc::tls_cert_untrusted);
    CHECK(good.bytes == 0);
    CHECK(get(good, "localhost", tls_options().with_verify(false)) == errc::ok);
    CHECK(get(good, "localhost", tls_options().with_ca_file("/nonexistent.pem")) == errc::tls_config_invalid);
    using std::chrono::hours;
    for (auto [from, until] : {std::pair{hours(-10), hours(-1)}, std::pair{hours(1), hours(10)}}) {
        tls_server server(ca(), {"localhost"}, {}, testing::certificate_options().with_validity(from, until));
        CHECK(get(server, "localhost") == errc::tls_cert_untrusted);
        CHECK(server.bytes == 0);
    }
}
TEST_CASE("T03: a common name is no name") {
    tls_server server(ca(), {}, {}, testing::certificate_options().with_common_name("localhost"));
    CHECK(get(server, "localhost") == errc::tls_host_mismatch);
    CHECK(server.bytes == 0);
}
TEST_CASE("T02, T04: names that do not match") {
    for (auto name : {"b.test", "f*.localhost", "*.localhost", "lo*"}) {
        INFO(name);
        tls_server server(ca(), {name}, {});
        CHECK(get(server, "localhost") == errc::tls_host_mismatch);
        CHECK(server.bytes == 0);
    }
}
TEST_CASE("T05: an address is matched by an address entry only") {
    tls_server name(ca(), {"127.0.0.1"}, {});
    CHECK(get(name, "127.0.0.1") == errc::tls_host_mismatch);
    tls_server other(ca(), {"localhost"}, {"127.0.0.2"});
    CHECK(get(other, "127.0.0.1") == errc::tls_host_mismatch);
}
TEST_CASE("T07: TLS 1.1 is refused") {
    tls_server server(ca(), {"localhost"}, {}, {}, true);
    CHECK(get(server, "localhost") == errc::tls_handshake_failed);
}
TEST_CASE("T08: a body that ends with the stream needs the stream's closing message") {
    tls_server server(ca(), {"localhost"}, {});
    server.answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody";
    CHECK(get(server, "localhost") == errc::ok);
    server.clean_shutdown = false;
    CHECK(get(server, "localhost") == errc::tls_truncated);
}
