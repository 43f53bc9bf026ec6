// SPDX-License-Identifier: BSL-1.0
// Bodies of requests over sockets: piece by piece, with answers that come early.

#include "catch.hpp"

#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/certificates.hpp>
#include <lading/testing/check_transport.hpp>

#ifdef LADING_TEST_CURL
#include <lading/net/curl_transport.hpp>
#endif

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <atomic>
#include <string>
#include <thread>

namespace sending_test {

using namespace lading;
using testing::byte_answer;
using testing::byte_server;
using testing::detail::answer_with;
using testing::detail::kit_source;

namespace {

template <class T>
void sends(char const* name) {
    INFO(name);
    testing::detail::transport_probe<T, testing::detail::make_default<T>> kit({});
    testing::detail::sends_bodies(kit);
    for (auto const& f : kit.out) FAIL_CHECK(f.str());
}

request put(body_source& s) {
    request q("PUT", "/x");
    q.source = &s;
    return q;
}

/// A source that has nothing yet until it is told.
class late_source final : public body_source {
  public:
    std::optional<std::uint64_t> size() const override { return 5; }
    result<void> begin() override { return success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        std::memcpy(into.data(), "12345", 5);
        return 5u;
    }
    bool ready(std::function<void()> const& wake) override {
        if (asked_.exchange(true)) return true;
        teller_ = std::thread([wake] { wake(); });
        return false;
    }
    ~late_source() override { teller_.join(); }

  private:
    std::atomic<bool> asked_{false};
    std::thread teller_;
};

template <class T>
void waits_for_the_source() {
    testing::detail::transport_probe<T, testing::detail::make_default<T>> kit({});
    late_source late;
    auto const o = kit.ask(answer_with("ok"), {}, put(late));
    REQUIRE(o.answer);
    CHECK(o.request.ends_with("\r\n\r\n12345"));
    CHECK(o.sink.body == "ok");
}

template <class T>
void waits_to_be_wanted() {
    testing::detail::transport_probe<T, testing::detail::make_default<T>> kit({});
    kit.bounds.expect = std::chrono::milliseconds(30);
    auto const asked = [](body_source& s) {
        auto q = put(s);
        q.headers.add("Expect", "100-continue");
        return q;
    };
    SECTION("the server says so") {
        kit.bounds.expect = std::chrono::hours(1);
        kit_source s("12345");
        byte_server server([&, n = 0](std::string const&) mutable {
            return n++ == 0 ? byte_answer("HTTP/1.1 100 Continue\r\n\r\n") : answer_with("ok"); // the body looks like a request to it
        });
        server.read_at_most(0);
        auto t = kit.make();
        auto q = asked(s);
        kit_source request_like("GET /body HTTP/1.1\r\n\r\n");
        q.source = &request_like;
        auto const o = kit.ask(t, server, {}, q);
        REQUIRE(o.answer);
        CHECK(o.sink.body == "ok");
        CHECK(o.request == "GET /body HTTP/1.1\r\n\r\n");
    }
    SECTION("the server says nothing: it is sent all the same") {
        kit_source s("12345");
        auto const o = kit.ask(answer_with("ok"), {}, asked(s));
        REQUIRE(o.answer);
        CHECK(o.request.ends_with("\r\n\r\n12345"));
    }
    SECTION("the server refuses: not one byte is sent") {
        kit.bounds.expect = std::chrono::hours(1);
        kit_source s("12345");
        byte_server server([](std::string const&) { return byte_answer("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"); });
        server.read_at_most(0);
        auto t = kit.make();
        auto const o = kit.ask(t, server, {}, asked(s));
        REQUIRE(o.answer);
        CHECK(o.answer.assume_value().status == 401);
        CHECK(s.given() == 0);
        CHECK_FALSE(o.answer.assume_value().sent_whole);
    }
}

} // namespace

TEST_CASE("transports send a body from its source", "[sending][PU30]") {
    sends<asio_transport>("asio_transport");
    sends<asio_sync_transport>("asio_sync_transport");
#ifdef LADING_TEST_CURL
    sends<curl_transport>("curl_transport");
#endif
}

TEST_CASE("a source that is waited for holds nobody up", "[sending]") {
    waits_for_the_source<asio_transport>();
    waits_for_the_source<asio_sync_transport>();
#ifdef LADING_TEST_CURL
    waits_for_the_source<curl_transport>();
#endif
}

TEST_CASE("a server is asked whether it wants a body, where the request says so", "[sending][PU47]") {
    SECTION("Asio") { waits_to_be_wanted<asio_sync_transport>(); }
#ifdef LADING_TEST_CURL
    SECTION("libcurl") { waits_to_be_wanted<curl_transport>(); }
#endif
}

TEST_CASE("over TLS an answer is read while the body is sent", "[sending][PU45][H34]") {
    testing::certificate_authority const authority;
    auto const leaf = authority.issue({"localhost"}, {"127.0.0.1"});
    testing::detail::transport_probe<asio_sync_transport, testing::detail::make_default<asio_sync_transport>> kit({});
    network_options n;
    n.tls.everywhere.with_ca_pem(authority.cert_pem());
    byte_server server([](std::string const&) { return byte_answer("HTTP/1.1 413 No\r\nContent-Length: 4\r\n\r\nmuch", byte_answer::ending::hang); },
                       leaf.cert_pem, leaf.key_pem);
    server.read_at_most(0);
    auto t = kit.make(n, kit.bounds);
    kit_source much(std::string(std::size_t(64) << 20, 'x'));
    auto const o = kit.ask(t, server, {}, put(much), "https");
    REQUIRE(o.answer);
    CHECK(o.answer.assume_value().status == 413);
    CHECK_FALSE(o.answer.assume_value().sent_whole);

    server.read_at_most(std::size_t(-1));
    kit_source whole(std::string(1'000'000, 'y'));
    auto const next = kit.ask(t, server, {}, put(whole), "https");
    REQUIRE(next.answer);
    CHECK(next.request.ends_with(std::string(1'000'000, 'y')));
}

TEST_CASE("a peer that takes nothing is given up, and one that says 100 for ever", "[sending][L14][PU95][PU99]") {
    testing::detail::transport_probe<asio_sync_transport, testing::detail::make_default<asio_sync_transport>> kit({});
    kit_source much(std::string(std::size_t(24) << 20, 'x'));
    {
        std::string many;
        for (int i = 0; i < 50; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
        byte_server endless([&](std::string const&) { return byte_answer(many, byte_answer::ending::hang); });
        endless.read_at_most(0);
        auto t = kit.make();
        auto const o = kit.ask(t, endless, {}, put(much));
        REQUIRE_FALSE(o.answer);
        CHECK(o.answer.assume_error() == errc::http_too_many_informational);
    }
    asio::io_context loop; // a listener that never accepts: the kernel takes what fits its buffers
    asio::ip::tcp::acceptor silent(loop, {asio::ip::address_v4::loopback(), 0});
    auto soon = kit.bounds;
    soon.idle = std::chrono::milliseconds(300);
    auto t = kit.make(network_options(), soon);
    testing::detail::recording_sink sink;
    request q = put(much);
    q.url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/x";
    auto const answer = t.exchange(q, sink);
    REQUIRE_FALSE(answer);
    CHECK(answer.assume_error() == errc::timeout_write);
}

TEST_CASE("a kept connection that was closed meanwhile costs a request nothing where its body can begin again", "[sending]") {
    // The server resets the connection at the next byte that comes, before it has read all of the body.
    testing::detail::transport_probe<asio_sync_transport, testing::detail::make_default<asio_sync_transport>> kit({});
    std::string const text(std::size_t(16) << 20, 'x');
    for (bool const once : {false, true}) {
        INFO(once);
        byte_server server([n = 0](std::string const&) mutable { return n++ == 1 ? byte_answer("", byte_answer::ending::reset) : answer_with("ok"); });
        auto t = kit.make();
        REQUIRE(kit.ask(t, server).answer);
        server.read_at_most(1);
        kit_source s(text);
        s.once = once;
        auto const o = kit.ask(t, server, {}, put(s));
        if (once) {
            REQUIRE_FALSE(o.answer);
            CHECK(o.answer.assume_error() == errc::connection_reset);
            CHECK(o.requests == 1);
        } else {
            CHECK(o.requests == 2);
        }
    }
}

TEST_CASE("what is added to what is there already is not sent twice by itself", "[sending][PU42]") {
    testing::detail::transport_probe<asio_sync_transport, testing::detail::make_default<asio_sync_transport>> kit({});
    std::string const text(std::size_t(16) << 20, 'x');
    for (std::string const method : {"PATCH", "POST", "PUT"}) {
        INFO(method);
        byte_server server([n = 0](std::string const&) mutable { return n++ == 1 ? byte_answer("", byte_answer::ending::reset) : answer_with("ok"); });
        auto t = kit.make();
        REQUIRE(kit.ask(t, server).answer);
        server.read_at_most(1);
        kit_source s(text);
        auto q = put(s);
        q.method = method;
        if (method == "PUT") q.headers.add("Content-Range", "1000-16778215"); // the last part
        auto const o = kit.ask(t, server, {}, q);
        REQUIRE_FALSE(o.answer);
        CHECK(o.answer.assume_error() == errc::connection_reset);
        CHECK(o.requests == 1);
    }
}

TEST_CASE("an exchange that is stopped while it sends ends at once", "[sending]") {
    stop_source stop;
    byte_server server([&](std::string const&) {
        stop.request_stop();
        return byte_answer("", byte_answer::ending::hang);
    });
    server.read_at_most(0);
    limits l;
    asio_sync_transport t({}, l);
    kit_source much(std::string(std::size_t(64) << 20, 'x'));
    request q = put(much);
    q.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/x";
    q.stop = stop.get_token();
    testing::detail::recording_sink sink;
    auto const answer = t.exchange(q, sink);
    REQUIRE_FALSE(answer);
    CHECK(answer.assume_error() == errc::cancelled);
}

} // namespace sending_test
