// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#x12: tokens. A registry A and a token service B, trusted by the caller, on the loopback, TLS, each
// journalling what it is asked; each row with its positive twin.
#include "catch.hpp"
#include "places.hpp"

#include <asio/io_context.hpp>

#include <map>
#include <memory>

namespace tokens_test {

using namespace lading;
using namespace std::chrono_literals;
using test::place;

namespace {

credential const alice(test::user, test::password);

/// The steady clock, moved on by hand; waiting moves it on too.
struct moved_clock {
    std::shared_ptr<std::chrono::milliseconds> by = std::make_shared<std::chrono::milliseconds>(0);
    std::chrono::steady_clock::time_point now() const noexcept { return std::chrono::steady_clock::now() + *by; }
    void sleep_for(std::chrono::milliseconds d) const noexcept { *by += d; }
};
struct concurrent_policies : async_policies {
    using credentials = fixed_credentials;
    using clock = moved_clock;
};

/// A lets in whoever shows `good`; B, whom alice trusts with her login, says what it is told to.
struct world {
    place a, b;
    std::string good = test::bearer;
    credential secret = alice;
    client_options options;
    limits bounds;
    moved_clock clock;

    world() {
        options.with_trusted_realm(b.at("b.test")).with_retry(retry_rules(1));
        auto const challenge = "Bearer realm=\"" + b.at("b.test") + "/token\",service=\"s\"";
        a.otherwise([this, challenge](place::request const& q) {
            if (q.headers.find("Authorization") != "Bearer " + good) return test::refused(challenge);
            return place::canned(200, test::schema2());
        });
    }
    world& answer(std::string token_json) { return b.on("/token", test::json(std::move(token_json))), *this; }
    std::string host() const { return a.authority_of("a.test"); }

    /// The manifest of a repository; the client is one for the whole test.
    errc ask(std::string const& repository = "r") {
        if (!registry_)
            registry_ = std::make_unique<test::hostile_client>(asio_sync_transport(test::test_network(), bounds), options,
                                                               fixed_credentials(secret, host()), clock);
        auto const r = registry_->manifest(reference::parse(host() + "/" + repository + ":1").value());
        if (!r) {
            INFO(r.error().message());
            CHECK(!test::has_canary(r.error().message()));
        }
        each_with_its_own();
        return r ? errc::ok : r.error().kind();
    }
    /// So many at once; how often each outcome came.
    std::map<errc, int> ask_at_once(int n, std::vector<std::string> const& repositories = {"r"}) {
        if (!concurrent_)
            concurrent_ = std::make_unique<basic_client<concurrent_policies>>(asio_transport(context_.get_executor(), test::test_network()),
                                                                              options, fixed_credentials(secret, host()), clock);
        std::map<errc, int> out;
        for (int i = 0; i < n; ++i)
            for (auto const& name : repositories)
                concurrent_->async_manifest(reference::parse(host() + "/" + name + ":1").value(),
                                            [&](auto r) { ++out[r ? errc::ok : r.error().kind()]; });
        context_.restart();
        context_.run();
        each_with_its_own();
        return out;
    }

    std::size_t tokens() const { return b.count("/token"); }
    /// Requests to the registry that carried a token.
    std::size_t shown() const {
        std::size_t n = 0;
        for (auto const& q : a.requests()) n += q.headers.find("Authorization").has_value();
        return n;
    }
    /// The login is B's to see and no one else's, the token A's.
    void each_with_its_own() const {
        auto const at_a = a.journal(), at_b = b.journal();
        for (auto const& login : {test::password, test::refresh_token, basic_authorization(alice).substr(6)})
            CHECK(at_a.find(login) == std::string::npos);
        CHECK(at_b.find(test::bearer) == std::string::npos);
    }
    /// Every request that B got carried the login.
    void nothing_anonymous() const {
        for (auto const& q : b.requests()) {
            bool const basic = q.headers.find("Authorization") == basic_authorization(alice);
            CHECK((basic || q.body.find("refresh_token=" + test::refresh_token) != q.body.npos));
        }
    }

  private:
    asio::io_context context_{1};
    std::unique_ptr<test::hostile_client> registry_;
    std::unique_ptr<basic_client<concurrent_policies>> concurrent_;
};

std::string const good_token = R"({"token":")" + test::bearer + "\"}";
std::string token_with(std::string const& more) { return R"({"token":")" + test::bearer + "\"," + more + "}"; }
using outcomes = std::map<errc, int>;

} // namespace

TEST_CASE("expires_in, over TLS", "[X12]") {
    struct row {
        char const* more;
        std::chrono::seconds good, over; ///< from the answer: still used, and asked for again
    };
    for (auto const& r : {row{R"("expires_in":-99999)", 48s, 51s}, row{R"("expires_in":0)", 48s, 51s}, row{R"("a":1)", 48s, 51s},
                          row{R"("expires_in":9223372036854775807)", 3588s, 3591s}, row{R"("expires_in":300)", 288s, 291s}}) { // the last: the twin
        INFO(r.more);
        world w;
        w.answer(token_with(r.more));
        CHECK(w.ask() == errc::ok);
        *w.clock.by = r.good;
        CHECK(w.ask() == errc::ok);
        CHECK(w.tokens() == 1);
        *w.clock.by = r.over;
        CHECK(w.ask() == errc::ok);
        CHECK(w.tokens() == 2);
        CHECK(w.a.requests().size() == 4); // one was refused, the first
    }
    for (auto const* bad : {R"("expires_in":"300")", R"("expires_in":1.5)", R"("expires_in":true)"}) {
        INFO(bad);
        world w;
        w.answer(token_with(bad));
        CHECK(w.ask() == errc::auth_token_malformed);
        CHECK(w.shown() == 0);
    }
}

TEST_CASE("whatever the clocks of others say, over TLS", "[X13]") {
    for (auto const* issued : {"2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "now"})
        for (auto const* date : {"Mon, 01 Jan 2001 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"}) {
            INFO(issued << ", " << date);
            world w;
            w.b.on("/token", test::json(token_with(R"("expires_in":300,"issued_at":")" + std::string(issued) + '"')).with_header("Date", date));
            for (int i = 0; i < 3; ++i) CHECK(w.ask() == errc::ok);
            CHECK(w.tokens() == 1);
            *w.clock.by = 24h; // ours has moved: one more, and no more than that
            for (int i = 0; i < 3; ++i) CHECK(w.ask() == errc::ok);
            CHECK(w.tokens() == 2);
        }
}

TEST_CASE("what no token is, over TLS", "[X14]") {
    struct row {
        std::string token; ///< as JSON
        errc code;
    };
    for (auto const& r : {row{R"("a\r\nX-Injected: 1")", errc::auth_token_malformed}, row{R"("a\nb")", errc::auth_token_malformed},
                          row{R"("a\u0000b")", errc::auth_token_malformed}, row{R"("a b")", errc::auth_token_malformed},
                          row{R"(" a")", errc::auth_token_malformed}, row{"\"\xc3\xa9\"", errc::auth_token_malformed},
                          row{R"("\u00e9")", errc::auth_token_malformed}, row{R"("a\u007f")", errc::auth_token_malformed},
                          row{R"("")", errc::auth_token_malformed}, row{"7", errc::auth_token_malformed},
                          row{"null", errc::auth_token_malformed}, row{"[\"a\"]", errc::auth_token_malformed},
                          row{'"' + std::string((64u << 10) + 1, 'a') + '"', errc::auth_token_too_large},
                          row{'"' + std::string(256u << 10, 'a') + '"', errc::auth_token_too_large}})
        for (auto const* name : {"token", "access_token"}) {
            INFO(name << ' ' << r.token.substr(0, 40));
            world w;
            w.answer("{\"" + std::string(name) + "\":" + r.token + "}");
            CHECK(w.ask() == r.code);
            CHECK(w.tokens() == 1);
            CHECK(w.a.requests().size() == 1);
            CHECK(w.shown() == 0);
            CHECK(w.a.journal().find("X-Injected") == std::string::npos);
        }
    for (auto const& twin : {std::string("a"), std::string("!#$%&'()*+,-./:;<=>?@[]^_`{|}~"), std::string(20'000, 'a')}) {
        world w;
        w.good = twin;
        w.answer("{\"token\":\"" + twin + "\"}");
        CHECK(w.ask() == errc::ok);
        CHECK(w.shown() == 1);
    }
}

TEST_CASE("a token twice, over TLS", "[X15][W30]") {
    auto const ask = [](std::string const& text) {
        world w;
        w.answer(text);
        auto const code = w.ask();
        CHECK(w.tokens() == 1);
        CHECK(w.shown() == (code == errc::ok ? 1 : 0));
        return code;
    };
    auto const t = '"' + test::bearer + '"';
    CHECK(ask(R"({"token":"other","token":)" + t + "}") == errc::json_duplicate_key);
    CHECK(ask(R"({"token":)" + t + R"(,"\u0074oken":)" + t + "}") == errc::json_duplicate_key);
    CHECK(ask(R"({"token":)" + t + R"(,"access_token":"other"})") == errc::ok); // W30: the first name wins
    CHECK(ask(R"({"access_token":"other","token":)" + t + "}") == errc::ok);
    CHECK(ask(R"({"token":"","access_token":)" + t + "}") == errc::ok);
    CHECK(ask(R"({"token":null,"access_token":)" + t + "}") == errc::ok);
    CHECK(ask(R"({"token":)" + t + R"(,"refresh_token":7})") == errc::ok);
    CHECK(ask(R"({"token":)" + t + R"(,"refresh_token":{"a":[]}})") == errc::ok);
    CHECK(ask(R"({"token":)" + t + R"(,"access_token":)" + t + "}") == errc::ok); // twins
    CHECK(ask(R"({"access_token":)" + t + "}") == errc::ok);
}

TEST_CASE("100 at once with an expired token and a slow token service, over TLS", "[X16]") {
    world w;
    w.answer(token_with(R"("expires_in":300)"));
    CHECK(w.ask_at_once(1) == outcomes{{errc::ok, 1}});
    CHECK(w.tokens() == 1);
    *w.clock.by = 400s;
    w.b.otherwise([](place::request const&) { return test::json(good_token).with_delay(300ms); });
    w.b.forget("/token");
    CHECK(w.ask_at_once(100) == outcomes{{errc::ok, 100}});
    CHECK(w.tokens() == 2);
    CHECK(w.a.requests().size() == 102); // none was refused for it
    SECTION("twin: another repository has a token of its own") {
        world two;
        two.b.otherwise([](place::request const&) { return test::json(good_token).with_delay(300ms); });
        CHECK(two.ask_at_once(50, {"r", "s"}) == outcomes{{errc::ok, 100}});
        CHECK(two.tokens() == 2);
        CHECK(two.b.count("/token?service=s&scope=repository%3Ar%3Apull") == 1);
        CHECK(two.b.count("/token?service=s&scope=repository%3As%3Apull") == 1);
    }
}

TEST_CASE("100 at once and the token service fails, over TLS", "[X17]") {
    world w;
    w.b.on("/token", place::canned(503).with_delay(10s)); // all have to be refused before it fails
    CHECK(w.ask_at_once(100) == outcomes{{errc::auth_token_failed, 100}});
    CHECK(w.tokens() == 1);
    CHECK(w.shown() == 0);
    w.b.forget("/token");
    w.answer(good_token);
    CHECK(w.ask_at_once(1) == outcomes{{errc::ok, 1}}); // the next call tries again
    CHECK(w.tokens() == 2);
    CHECK(w.ask_at_once(100) == outcomes{{errc::ok, 100}});
    CHECK(w.tokens() == 2);
}

TEST_CASE("a live token is refused, over TLS", "[X18]") {
    auto const numbered = [](world& w) {
        w.b.otherwise([n = 0](place::request const&) mutable { return test::json(R"({"token":"t)" + std::to_string(++n) + "\"}"); });
    };
    SECTION("and the new one too: one refresh, one replay, then auth_denied") {
        world w;
        numbered(w);
        w.good = "t1";
        CHECK(w.ask() == errc::ok);
        auto const before = w.a.requests().size();
        w.good = "none";
        CHECK(w.ask() == errc::auth_denied);
        CHECK(w.tokens() == 2);
        CHECK(w.a.requests().size() == before + 2);
        CHECK(w.ask() == errc::auth_denied); // nor is it tried for longer the next time
        CHECK(w.tokens() <= 4);
    }
    SECTION("anonymous, and for good: auth_required, for a login may help") {
        world w;
        w.secret = {};
        numbered(w);
        w.good = "t1";
        CHECK(w.ask() == errc::ok);
        w.good = "none";
        CHECK(w.ask() == errc::auth_required);
        CHECK(w.tokens() == 2);
    }
    SECTION("twin: the new one is good") {
        world w;
        numbered(w);
        w.good = "t1";
        CHECK(w.ask() == errc::ok);
        w.good = "t2";
        CHECK(w.ask() == errc::ok);
        CHECK(w.tokens() == 2);
        CHECK(w.ask() == errc::ok);
        CHECK(w.tokens() == 2);
    }
    SECTION("100 at once: one new token") {
        world w;
        numbered(w);
        w.good = "t1";
        CHECK(w.ask_at_once(1) == outcomes{{errc::ok, 1}});
        w.good = "t2";
        CHECK(w.ask_at_once(100) == outcomes{{errc::ok, 100}});
        CHECK(w.tokens() == 2);
    }
}

TEST_CASE("a token service that fails is not asked without the login, over TLS", "[X19]") {
    struct row {
        char const* what;
        place::canned answer;
        errc code;
    };
    auto const slow = place::canned(200, good_token).with_delay(10s);
    for (auto const& r : {row{"503", place::canned(503), errc::auth_token_failed}, row{"500", place::canned(500), errc::auth_token_failed},
                          row{"429", place::canned(429), errc::auth_token_failed}, row{"404", place::canned(404), errc::auth_token_failed},
                          row{"401", test::refused("Basic realm=\"t\""), errc::auth_denied}, row{"403", place::canned(403), errc::auth_denied},
                          row{"timeout", slow, errc::timeout_header}, row{"cut", place::canned().without_answer(), errc::connection_reset}})
        for (bool const by_form : {false, true}) {
            INFO(r.what << (by_form ? " to a POST" : " to a GET"));
            world w;
            if (by_form) w.secret = credential::identity(test::refresh_token);
            if (r.code == errc::timeout_header) w.bounds.header = 3s;
            w.b.on("/token", r.answer);
            CHECK(w.ask() == r.code);
            CHECK(w.tokens() == 1);
            CHECK(w.a.requests().size() == 1); // the refused one
            w.nothing_anonymous();
        }
    SECTION("nor when it is tried again") {
        for (bool const by_form : {false, true}) {
            world w;
            if (by_form) w.secret = credential::identity(test::refresh_token);
            w.options.with_retry(retry_rules(3));
            w.b.on("/token", place::canned(503));
            CHECK(w.ask() == errc::auth_token_failed);
            CHECK(w.tokens() == (by_form ? 1 : 3)); // a POST is sent once
            CHECK(w.a.requests().size() == 1);
            w.nothing_anonymous();
        }
    }
    SECTION("twins: a good answer, also after two bad ones; and anonymously where there is no login") {
        for (bool const by_form : {false, true}) {
            world w;
            if (by_form) w.secret = credential::identity(test::refresh_token);
            w.answer(good_token);
            CHECK(w.ask() == errc::ok);
            w.nothing_anonymous();
        }
        world again;
        again.options.with_retry(retry_rules(3));
        for (int i = 0; i < 2; ++i) again.b.on("/token", place::canned(503));
        again.answer(good_token);
        CHECK(again.ask() == errc::ok);
        again.nothing_anonymous();
        world nobody;
        nobody.secret = {};
        nobody.answer(good_token);
        CHECK(nobody.ask() == errc::ok);
        CHECK(nobody.b.journal().find("uthorization") == std::string::npos);
    }
}

} // namespace tokens_test
