// SPDX-License-Identifier: BSL-1.0
// What curl_transport owes to libcurl's ways: its signal, its limits, its lines.
#ifdef LADING_TEST_CURL
#include "catch.hpp"

#include "../support/stopping.hpp"

#include <lading/lading.hpp>
#include <lading/net/curl_transport.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/certificates.hpp>

#include <csignal>
#include <pthread.h>
#include <string>

namespace curl_wire_test {

using namespace lading;
using testing::byte_answer, testing::byte_server;

namespace {

struct curl_policies : default_policies {
    using transport = curl_transport;
};
using curl_client = basic_client<curl_policies>;

/// Keeps what it is given and calls a function before the first byte.
struct curious_sink final : body_sink {
    void (*look)() = nullptr;
    bool begun = false;
    std::string body;
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override {
        begun = true;
        if (look) look();
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        REQUIRE(begun);
        body.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
};

result<response> get(byte_answer a, body_sink& out, limits l = {}) {
    byte_server server([&](std::string const&) { return a; });
    curl_transport t({}, l);
    return t.exchange(request("GET", "http://127.0.0.1:" + std::to_string(server.port()) + "/x"), out);
}
result<response> get(std::string bytes, limits l = {}) {
    curious_sink out;
    return get(byte_answer(std::move(bytes), byte_answer::ending::close), out, l);
}
bool pipe_is_blocked() {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, SIGPIPE) == 1;
}

} // namespace

TEST_CASE("a header line without end is http_header_too_large, and the next endpoint is asked", "[V10]") {
    std::string const start = "HTTP/1.1 200 OK\r\nX: ";
    byte_answer endless(start + std::string(4096, 'x'));
    endless.endless = 4096;
    curious_sink out;
    auto const r = get(endless, out);
    CHECK(r.error() == errc::http_header_too_large);
    CHECK(r.error().facts().next_endpoint);
    CHECK(get(start + std::string(99'000, 'x') + "\r\nContent-Length: 0\r\n\r\n").error() == errc::http_header_too_large); // below libcurl's own limit

    byte_server mirror_server([&](std::string const&) { return endless; });
    byte_server origin([](std::string const&) { return byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"1\"]}"); });
    auto host = [](byte_server const& s) { return "127.0.0.1:" + std::to_string(s.port()); };
    client_options o;
    o.with_plaintext(host(mirror_server)).with_plaintext(host(origin)).with_mirror(host(origin), mirror(host(mirror_server))).with_retry(retry_rules(1));
    curl_client registry(o);
    (void)registry.tags(repository::parse(host(origin) + "/x").value());
    CHECK(mirror_server.accepted() == 1);
    CHECK(origin.accepted() == 1);
}

TEST_CASE("SIGPIPE is blocked during an exchange, taken after it, and left as it was", "[V21]") {
    REQUIRE_FALSE(pipe_is_blocked());
    curious_sink out;
    out.look = [] {
        CHECK(pipe_is_blocked());
        pthread_kill(pthread_self(), SIGPIPE); // what write(2) to a connection that was reset does
    };
    CHECK(get(byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), out).has_value());
    CHECK(out.body == "x");
    CHECK_FALSE(pipe_is_blocked());
    sigset_t now;
    sigpending(&now);
    CHECK(sigismember(&now, SIGPIPE) == 0);

    // One that was there before is not ours to take.
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    pthread_kill(pthread_self(), SIGPIPE);
    CHECK(get(byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), out).has_value());
    CHECK(pipe_is_blocked());
    sigpending(&now);
    CHECK(sigismember(&now, SIGPIPE) == 1);
    int number = 0;
    sigwait(&pipe, &number);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("a TLS peer that resets is an error and no signal", "[V21]") {
    testing::certificate_authority const authority;
    auto const leaf = authority.issue({}, {"127.0.0.1"});
    for (auto const* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"}) {
        byte_server server([&](std::string const&) { return byte_answer(bytes, byte_answer::ending::reset); }, leaf.cert_pem, leaf.key_pem);
        network_options network;
        network.tls.everywhere.ca_pem = authority.cert_pem();
        curl_transport t(network);
        request const q("GET", "https://127.0.0.1:" + std::to_string(server.port()) + "/x");
        for (int n = 0; n < 3; ++n) {
            curious_sink out;
            auto const r = t.exchange(q, out);
            CHECK((r || r.error() == errc::connection_reset || r.error() == errc::http_body_truncated || r.error() == errc::tls_truncated ||
                   r.error() == errc::http_malformed));
        }
    }
}

TEST_CASE("lines that end in a bare LF are refused over libcurl too, before their body is taken", "[W56]") {
    for (auto const* bytes : {"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 1\r\n\r\nx",
                              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\nx"}) {
        INFO(bytes);
        curious_sink out;
        auto const r = get(byte_answer(bytes, byte_answer::ending::close), out);
        REQUIRE_FALSE(r);
        CHECK(r.error() == errc::http_malformed);
        CHECK(r.error().message().find("LF without CR") != std::string::npos);
        CHECK_FALSE(out.begun);
    }
    std::string lines;
    for (int i = 0; i < 300; ++i) lines += "A" + std::to_string(i) + ": b\r\n";
    CHECK(get("HTTP/1.1 200 OK\r\n" + lines + "B: " + std::string(60'000, 'c') + "\r\nContent-Length: 0\r\n\r\n").has_value());
}

TEST_CASE("a blocking call over curl_transport is stopped wherever it is", "[V29]") { test::calls_can_be_stopped<curl_client>(); }

TEST_CASE("one client over libcurl serves several threads", "[V17]") { test::one_client_serves_threads<curl_client>(); }

} // namespace curl_wire_test
#endif
