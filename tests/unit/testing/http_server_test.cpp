// SPDX-License-Identifier: BSL-1.0
// The embedded server under it: framing, limits, canned answers, TLS, several clients, the end.
#include "catch.hpp"
#include "raw_http.hpp"

#include <lading/testing/registry.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace http_server_test {

using namespace lading::testing;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::raw_http;

TEST_CASE("http_server: refuses what is no request, and ends the connection in good order") {
    registry r;
    std::pair<std::string, int> const rows[] = {
        {"GET /v2/\r\n\r\n", 400},
        {"GET  HTTP/1.1\r\n\r\n", 400},
        {"GET /v2/ HTTP/2.0\r\n\r\n", 505},
        {"GET /v2/ FTP/1.1\r\n\r\n", 400},
        {"GET /v2/ x HTTP/1.1\r\n\r\n", 400},
        {"GET http://h/v2/ HTTP/1.1\r\n\r\n", 400},
        {"GET /v2/\x01 HTTP/1.1\r\n\r\n", 400},
        {"G(T /v2/ HTTP/1.1\r\n\r\n", 400},
        {"GET /v2/ HTTP/1.1\r\nno colon\r\n\r\n", 400},
        {"GET /v2/ HTTP/1.1\r\n: x\r\n\r\n", 400},
        {"GET /v2/ HTTP/1.1\r\nA : x\r\n\r\n", 400},
        {"\r\n\r\n", 400},
        {"\x16\x03\x01\x02", 400}, // a TLS client
        {"POST /v2/ HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400},
        {"POST /v2/ HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST /v2/ HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"POST /v2/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"POST /v2/ HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413},
        {"POST /v2/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
        {"GET /v2/ HTTP/1.1\r\nX: " + std::string(70000, 'x') + "\r\n\r\n", 431},
        {"GET /" + std::string(200'000, 'x'), 431},
    };
    for (auto const& [text, status] : rows) {
        CAPTURE(text.substr(0, 60));
        raw_http c(r.port());
        c.send(text);
        auto const got = c.receive();
        CHECK(got.status == status);
        CHECK(got.header("connection") == "close");
        CHECK(c.rest().empty());
        CHECK(c.ended_well());
    }
    CHECK(r.journal().empty());
    CHECK(raw_http(r.port()).get("/v2/").status == 200);
}

TEST_CASE("http_server: keep-alive, close, HTTP/1.0, requests in pieces and in a row") {
    registry r;
    raw_http c(r.port());
    std::string const one = "GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n";
    for (char byte : one) c.send({&byte, 1});
    CHECK(c.receive().status == 200);
    c.send(one + "POST /v2/ HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" + one);
    CHECK(c.receive().status == 200);
    CHECK(c.receive().status == 405);
    CHECK(c.receive().status == 200);
    CHECK(r.journal().at(2).body == "abc");
    CHECK(r.connections() == 1);
    CHECK(c.get("/v2/", "Connection: close\r\n").header("connection") == "close");
    CHECK(c.rest().empty());
    CHECK(c.ended_well());

    raw_http old(r.port());
    old.send("GET /v2/ HTTP/1.0\r\n\r\n");
    CHECK(old.receive().status == 200);
    CHECK(old.rest().empty());
    CHECK(old.ended_well());

    raw_http big(r.port());
    CHECK(big.ask("POST", "/v2/", {}, std::string(1u << 20, 'b')).status == 405);
    CHECK(r.journal().back().body.size() == 1u << 20);
}

TEST_CASE("http_server: large bodies, chunks and who asks first, where the registry is written to", "[SF19][SF36]") {
    registry r(registry_options().with_writing(8u << 20));
    raw_http c(r.port());
    std::string const large(4u << 20, 'b');
    CHECK(c.ask("POST", "/v2/", {}, large).status == 200);
    CHECK(r.journal().back().body == large);
    c.send("POST /v2/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    CHECK(c.receive().status == 200);
    CHECK(r.journal().back().body == "abcde");
    c.send("POST /v2/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    CHECK(c.receive().status == 100);
    c.send("abc");
    CHECK(c.receive().status == 200);
    raw_http over(r.port());
    over.send("POST /v2/ HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n");
    CHECK(over.receive().status == 413);
}

TEST_CASE("canned: replaces, amends, for a while, by path and by target") {
    registry r;
    auto const digest = r.put_manifest("a", "v1", "{}", "application/json");
    raw_http c(r.port());
    std::string const path = "/v2/a/manifests/v1";

    r.answer("GET", path, canned(418, "tea", "text/plain").with_header("X-A", "1").with_header("X-A", "2"));
    auto got = c.get(path);
    CHECK(got.status == 418);
    CHECK(got.body == "tea");
    CHECK(got.header("content-type") == "text/plain");
    CHECK(got.headers.all("x-a") == std::vector<std::string_view>{"1", "2"});
    CHECK_FALSE(got.headers.find("docker-content-digest"));
    CHECK(c.ask("HEAD", path).status == 200);
    CHECK(c.get(path + "?q=1").status == 418);
    r.answer("", path + "?q=1", canned(500));
    CHECK(c.get(path + "?q=1").status == 500);
    CHECK(c.ask("HEAD", path + "?q=1").status == 500);
    CHECK(c.get(path + "?q=2").status == 418);
    r.clear_answers();
    CHECK(c.get(path).status == 200);

    r.answer("GET", path, canned().with_header("Content-Type", "text/html"));
    got = c.get(path);
    CHECK(got.header("content-type") == "text/html");
    CHECK(got.header("docker-content-digest") == digest);
    CHECK(got.body == "{}");
    r.answer("GET", path, canned().with_body("[]").with_status(206));
    got = c.get(path);
    CHECK(got.status == 206);
    CHECK(got.body == "[]");
    CHECK(got.header("docker-content-digest") == digest);

    r.answer("GET", path, registry_error(429, "TOOMANYREQUESTS", "slow \"down\"").with_times(2));
    CHECK(c.get(path).body ==
          R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow \"down\"","detail":null}]})");
    CHECK(c.get(path).status == 429);
    CHECK(c.get(path).status == 200);
    r.answer("GET", path, canned(204));
    CHECK_FALSE(c.get(path).headers.find("content-length"));
    CHECK(r.connections() == 1);
    CHECK(r.journal().back().status == 204);
}

TEST_CASE("canned: raw bytes, cuts and delays") {
    for (bool tls : {false, true}) {
        CAPTURE(tls);
        registry r(registry_options().with_tls(tls));
        r.answer("GET", "/raw", canned().with_raw("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
        r.answer("GET", "/nothing", canned().without_answer());
        r.answer("GET", "/short", canned(200, "abc").with_header("Content-Length", "10").with_cut());
        r.answer("GET", "/v2/", canned().with_delay(milliseconds(150)));

        raw_http a(r.port(), r.ca_pem());
        a.send("GET /raw HTTP/1.1\r\n\r\n");
        CHECK(a.rest() == "HTTP/1.1 200 OK\r\n\r\nuntil the end");
        CHECK(a.ended_well());

        raw_http b(r.port(), r.ca_pem());
        CHECK(b.get("/nothing").status == 0);
        if (tls) CHECK_FALSE(b.ended_well());

        raw_http d(r.port(), r.ca_pem());
        auto const got = d.get("/short");
        CHECK(got.header("content-length") == "10");
        CHECK(got.body == "abc");
        if (tls) CHECK_FALSE(d.ended_well());

        raw_http e(r.port(), r.ca_pem());
        auto const begin = steady_clock::now();
        CHECK(e.get("/v2/").body == "{}");
        CHECK(steady_clock::now() - begin >= milliseconds(150));
        auto const journal = r.journal();
        REQUIRE(journal.size() == 4);
        CHECK(journal[0].status == 0);
        CHECK(journal[1].status == 0);
        CHECK(journal[2].status == 200);
    }
}

TEST_CASE("http_server: TLS for 127.0.0.1 and localhost, trusted by its own authority alone") {
    registry r(registry_options().with_tls()), other(registry_options().with_tls());
    CHECK(r.url() == "https://" + r.host());
    CHECK(r.host() == "127.0.0.1:" + std::to_string(r.port()));
    CHECK(r.ca_pem() != other.ca_pem());
    CHECK(registry().ca_pem().empty());
    raw_http c(r.port(), r.ca_pem());
    CHECK(c.get("/v2/").status == 200);
    CHECK(c.get("/v2/").status == 200);
    CHECK(raw_http(r.port(), r.ca_pem(), "localhost").get("/v2/").status == 200);
    CHECK_FALSE(raw_http(r.port(), r.ca_pem(), "example.com").open());
    CHECK_FALSE(raw_http(r.port(), r.ca_pem(), "127.0.0.2").open());
    CHECK_FALSE(raw_http(r.port(), other.ca_pem()).open());
    CHECK(raw_http(r.port()).get("/v2/").status == 0);
    CHECK(c.get("/v2/").status == 200);
}

TEST_CASE("http_server: many clients at once, one of them slow, the user writing meanwhile") {
    registry r;
    auto const blob = r.put_blob(std::string(100'000, 'z'));
    r.answer("GET", "/slow", canned(200).with_delay(std::chrono::seconds(30)));
    raw_http slow(r.port());
    slow.send("GET /slow HTTP/1.1\r\n\r\n");
    std::atomic<int> good{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i)
        clients.emplace_back([&] {
            raw_http c(r.port());
            for (int n = 0; n < 20; ++n) good += c.get("/v2/a/blobs/" + blob).body.size() == 100'000;
        });
    for (int i = 0; i < 50; ++i) r.put_manifest("a", std::to_string(i), "{}", "x"), (void)r.journal();
    for (auto& c : clients) c.join();
    CHECK(good == 160);
    CHECK(r.connections() == 9);
    CHECK(r.journal().size() == 161);
}

TEST_CASE("http_server: ends at once whatever clients are doing") {
    for (bool tls : {false, true}) {
        auto r = std::make_unique<registry>(registry_options().with_tls(tls));
        r->answer("GET", "/slow", canned(200).with_delay(std::chrono::hours(1)));
        r->answer("GET", "/big", canned(200, std::string(32u << 20, 'x')));
        auto const port = r->port();
        raw_http idle(port, r->ca_pem()), half(port, r->ca_pem()), slow(port, r->ca_pem()),
            big(port, r->ca_pem()), handshaking(port);
        idle.get("/v2/");
        half.send("GET /v2/ HT");
        slow.send("GET /slow HTTP/1.1\r\n\r\n");
        big.send("GET /big HTTP/1.1\r\n\r\n"); // and reads nothing of it
        while (r->journal().size() < 3) std::this_thread::sleep_for(milliseconds(5));
        auto const begin = steady_clock::now();
        r.reset();
        CHECK(steady_clock::now() - begin < std::chrono::seconds(10)); // /slow alone takes an hour
        CHECK(slow.receive().status == 0);
        CHECK_FALSE(raw_http(port).open());
    }
}

} // namespace http_server_test
