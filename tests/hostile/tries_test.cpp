// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#x01: when a request is sent again, and what goes with it. A registry A and a place B to which it sends
// the client, on the loopback, TLS, each journalling what it is asked; each row with its positive twin. X05 is of
// uploads, which are not spoken.
#include "catch.hpp"
#include "places.hpp"

#include <algorithm>
#include <functional>
#include <memory>

namespace tries_test {

using namespace lading;
using namespace std::chrono_literals;
using test::place;

namespace {

std::string const manifest_path = "/v2/r/manifests/1";
std::string const config_path = "/v2/r/blobs/" + test::digest_of(test::config_bytes);
credential const alice(test::user, test::password);

/// Waits no time, and remembers how long it should have waited.
struct hurried_clock {
    std::shared_ptr<std::vector<std::chrono::milliseconds>> waits = std::make_shared<std::vector<std::chrono::milliseconds>>();
    std::chrono::steady_clock::time_point now() const {
        auto out = std::chrono::steady_clock::now();
        for (auto d : *waits) out += d;
        return out;
    }
    void sleep_for(std::chrono::milliseconds d) const { waits->push_back(d); }
};

/// Alice inspects r:1, whose manifest is at A behind Basic, and whose config A sends her to B for.
struct world {
    place a, b;
    hurried_clock clock;
    client_options options;

    world() {
        options.with_timeout(0ms);
        test::serve_image(a, {"Basic realm=\"x\"", basic_authorization(alice)});
        a.on(config_path, test::redirect(b.at("b.test") + "/blob"));
    }
    /// What A says of the manifest, to those who have logged in.
    void at_a(std::vector<place::canned> answers) {
        a.on(manifest_path, test::refused("Basic realm=\"x\""));
        for (auto& c : answers) a.on(manifest_path, std::move(c));
        b.on("/blob", good_at_b());
    }
    /// What B says of the blob.
    void at_b(std::vector<place::canned> answers) {
        for (auto& c : answers) b.on("/blob", std::move(c));
    }
    static place::canned good_at_a() { return place::canned(200, test::schema2()); }
    static place::canned good_at_b() { return place::canned(200, test::config_bytes); }

    error inspect() {
        auto const at = a.authority_of("a.test");
        test::hostile_client registry{asio_sync_transport(test::test_network()), options, fixed_credentials(alice, at), clock};
        auto const r = registry.inspect(reference::parse(at + "/r:1").value());
        INFO(b.journal());
        CHECK(!test::has_canary(b.journal()));
        CHECK(b.journal().find("uthorization") == std::string::npos);
        if (!r) CHECK(!test::has_canary(r.error().message()));
        return r ? error(errc::ok) : r.error();
    }
    /// How often the manifest was asked for with the login, and the blob at B. Every one of the former carries it.
    std::size_t tries_at_a() const {
        std::size_t with = 0, without = 0;
        for (auto const& q : a.requests())
            if (q.target == manifest_path) ++(q.headers.find("Authorization") == basic_authorization(alice) ? with : without);
        CHECK(without == 1);
        return with;
    }
    std::size_t tries_at_b() const { return b.count("/blob"); }
};

place::canned busy(int status, std::string const& retry_after = {}) {
    auto out = place::canned(status).with_header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    return retry_after.empty() ? out : out.with_header("Retry-After", retry_after);
}

} // namespace

TEST_CASE("429 with Retry-After: 0 for ever, over TLS", "[X01]") {
    SECTION("at A") {
        world w;
        w.at_a({busy(429, "0")});
        CHECK(w.inspect() == errc::rate_limited);
        CHECK(w.tries_at_a() == 5);
        CHECK(w.b.connections() == 0);
        CHECK(w.clock.waits->size() == 4);
        for (auto d : *w.clock.waits) CHECK(d >= 100ms);
    }
    SECTION("at B") {
        world w;
        w.at_b({busy(429, "0")});
        CHECK(w.inspect() == errc::rate_limited);
        CHECK(w.tries_at_b() == 5);
        CHECK(w.a.count(config_path) == 1); // A is not asked again where B is
        for (auto d : *w.clock.waits) CHECK(d >= 100ms);
    }
    SECTION("twin: not for ever") {
        world w;
        w.at_a({busy(429, "0"), busy(429, "0"), w.good_at_a()});
        CHECK(w.inspect() == errc::ok);
        CHECK(w.tries_at_a() == 3);
    }
}

TEST_CASE("what Retry-After may say, over TLS", "[X02]") {
    struct row {
        char const* text;
        std::int64_t ends_it; ///< the wish that is not honoured, or -1
        std::chrono::milliseconds least, most;
    };
    for (auto const& r : {row{"7", -1, 7000ms, 7000ms}, row{"60", -1, 60'000ms, 60'000ms}, row{"-5", -1, 100ms, 250ms},
                          row{"abc", -1, 100ms, 250ms}, row{"1e9", -1, 100ms, 250ms},
                          row{"Sun, 06 Nov 1994 08:49:30 GMT", -1, 100ms, 100ms}, row{"Sun, 06 Nov 1994 08:49:42 GMT", -1, 5000ms, 5000ms},
                          row{"61", 61, {}, {}}, row{"1000000000", 1'000'000'000, {}, {}}, row{"9223372036854775807", INT64_MAX, {}, {}},
                          row{"Fri, 31 Dec 9999 23:59:59 GMT", 252'618'189'022, {}, {}}})
        for (bool const at_b : {false, true}) {
            INFO(r.text << (at_b ? " at B" : " at A"));
            world w;
            if (at_b) w.at_b({busy(429, r.text), w.good_at_b()});
            else w.at_a({busy(429, r.text), w.good_at_a()});
            auto const got = w.inspect();
            if (r.ends_it < 0) { // clamped, and the twin: it goes on after that
                CHECK(got == errc::ok);
                REQUIRE(w.clock.waits->size() == 1);
                CHECK(w.clock.waits->front() >= r.least);
                CHECK(w.clock.waits->front() <= r.most);
            } else {
                CHECK(got == errc::rate_limited);
                CHECK(got.retry_after_seconds() == r.ends_it);
                CHECK(w.clock.waits->empty());
            }
            CHECK((at_b ? w.tries_at_b() : w.tries_at_a()) == (r.ends_it < 0 ? 2 : 1));
        }
}

TEST_CASE("statuses that are tried again, and those that are not, over TLS", "[X03]") {
    for (bool const at_b : {false, true}) {
        for (int const status : {408, 500, 502, 503, 504}) {
            INFO(status << (at_b ? " at B" : " at A"));
            world w;
            if (at_b) w.at_b({busy(status)});
            else w.at_a({busy(status)});
            CHECK(w.inspect() == errc::server_error);
            CHECK((at_b ? w.tries_at_b() : w.tries_at_a()) == 5);
            REQUIRE(w.clock.waits->size() == 4);
            auto bound = 250ms;
            for (auto d : *w.clock.waits) {
                CHECK(d >= 100ms);
                CHECK(d <= bound);
                bound *= 2;
            }
            world twin; // once, and then it is good
            if (at_b) twin.at_b({busy(status), twin.good_at_b()});
            else twin.at_a({busy(status), twin.good_at_a()});
            CHECK(twin.inspect() == errc::ok);
            CHECK((at_b ? twin.tries_at_b() : twin.tries_at_a()) == 2);
        }
        for (int const status : {501, 505}) {
            INFO(status << (at_b ? " at B" : " at A"));
            world w;
            if (at_b) w.at_b({busy(status), w.good_at_b()});
            else w.at_a({busy(status), w.good_at_a()});
            CHECK(w.inspect() == errc::server_error);
            CHECK((at_b ? w.tries_at_b() : w.tries_at_a()) == 1);
            CHECK(w.clock.waits->empty());
        }
    }
    SECTION("the waits are not the same each time") {
        std::vector<std::chrono::milliseconds> last;
        for (int i = 0; i < 8; ++i) {
            world w;
            w.at_a({busy(503)});
            CHECK(w.inspect() == errc::server_error);
            last.push_back(w.clock.waits->back());
        }
        CHECK(std::adjacent_find(last.begin(), last.end(), std::not_equal_to<>()) != last.end());
    }
}

TEST_CASE("503 twice and then 200, over TLS", "[X04]") {
    world a, b;
    a.at_a({busy(503), busy(503), a.good_at_a()});
    CHECK(a.inspect() == errc::ok);
    CHECK(a.tries_at_a() == 3);
    b.at_b({busy(503), busy(503), b.good_at_b()});
    CHECK(b.inspect() == errc::ok);
    CHECK(b.tries_at_b() == 3);
    CHECK(b.a.count(config_path) == 1);
    world one; // the other side of it: with one try it is the answer
    one.options.with_retry(retry_rules(1));
    one.at_a({busy(503), one.good_at_a()});
    CHECK(one.inspect() == errc::server_error);
    CHECK(one.tries_at_a() == 1);
}

TEST_CASE("a connection that is cut before or within an answer, over TLS", "[X04]") {
    for (bool const within : {false, true})
        for (bool const at_b : {false, true}) {
            INFO((within ? "within" : "before") << (at_b ? " at B" : " at A"));
            world w;
            auto const body = at_b ? test::config_bytes : test::schema2();
            auto cut = place::canned().without_answer();
            if (within)
                cut = place::canned()
                          .with_raw("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 20))
                          .with_cut();
            if (at_b) w.at_b({cut, cut, w.good_at_b()});
            else w.at_a({cut, cut, w.good_at_a()});
            CHECK(w.inspect() == errc::ok);
            CHECK((at_b ? w.tries_at_b() : w.tries_at_a()) == 3);
        }
}

} // namespace tries_test
