// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#oauth: refresh tokens that a token service hands out, kept as long as the client lives.
#include "catch.hpp"
#include "documents.hpp"

#include <memory>

namespace refresh_token_test {

using namespace lading;

namespace {

std::string const manifest = "https://r.example/v2/x/manifests/1";
std::string const realm = "https://r.example/t";
std::string const query = "?service=s&scope=repository%3Ax%3Apull";

/// A client whose time is moved on by hand.
struct shared_clock {
    testing::manual_clock* c;
    std::chrono::steady_clock::time_point now() const noexcept { return c->now(); }
    void sleep_for(std::chrono::milliseconds d) noexcept { c->sleep_for(d); }
};

/// Asks for r:1 again and again, each time after the token is over.
struct long_life {
    testing::script s;
    client_options options;
    testing::manual_clock time;
    std::unique_ptr<test::client> registry;

    long_life() {
        s.on(manifest, {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}});
        s.on(manifest, {200, test::schema2()});
    }
    errc ask(credential const& c) {
        if (!registry)
            registry = std::make_unique<test::client>(testing::scripted_transport(s), options.with_retry(retry_rules(1)),
                                                      fixed_credentials(c), shared_clock{&time});
        time.sleep_for(std::chrono::hours(2));
        auto const r = registry->manifest(reference::parse("r.example/x:1").value());
        if (!r) CHECK(r.error().message().find("CANARY") == std::string::npos);
        return r ? errc::ok : r.error().kind();
    }
    /// What was sent to the token service: a form, or the query of a GET.
    std::vector<std::string> tokens() const {
        std::vector<std::string> out;
        for (auto const& q : s.journal)
            if (q.url.starts_with(realm)) out.push_back(q.method == "POST" ? q.body : q.url.substr(realm.size()));
        return out;
    }
};
using asked_for = std::vector<std::string>;
std::string refresh_form(std::string const& token) {
    return "grant_type=refresh_token&refresh_token=" + token + "&service=s&scope=repository%3Ax%3Apull&client_id=lading";
}
std::string token_answer(std::string const& refresh) {
    return R"({"access_token":"abc","expires_in":300)" + (refresh.empty() ? "" : R"(,"refresh_token":")" + refresh + '"') + "}";
}

} // namespace

TEST_CASE("the refresh token of an answer fetches the next token", "[spec-3.6][row-4]") {
    SECTION("the newest takes the place of the identity token; where none is named the one that was used stays") {
        long_life w;
        for (auto const* next : {"r1-CANARY", "r2-CANARY", "", "r3-CANARY"}) w.s.on(realm, {200, token_answer(next)});
        for (int i = 0; i < 5; ++i) CHECK(w.ask(credential::identity("r0-CANARY")) == errc::ok);
        CHECK(w.tokens() == asked_for{refresh_form("r0-CANARY"), refresh_form("r1-CANARY"), refresh_form("r2-CANARY"),
                                      refresh_form("r2-CANARY"), refresh_form("r3-CANARY")});
    }
    SECTION("the password is sent once") {
        long_life w;
        w.options.auth.oauth_password = true;
        w.s.on(realm, {200, token_answer("r1")});
        CHECK(w.ask(credential("u", "pw-CANARY")) == errc::ok);
        CHECK(w.ask(credential("u", "pw-CANARY")) == errc::ok);
        REQUIRE(w.tokens().size() == 2);
        CHECK(w.tokens()[0].starts_with("grant_type=password&username=u&password=pw-CANARY&access_type=offline"));
        CHECK(w.tokens()[1] == refresh_form("r1"));
    }
    SECTION("refused: the secret is used as before, and the refused one is not shown again") {
        for (int status : {400, 401, 403, 404, 405}) {
            INFO(status);
            long_life w;
            w.s.on(realm, {200, token_answer("r1")});
            w.s.on(realm, {status, R"({"error":"invalid_grant"})"});
            w.s.on(realm, {200, token_answer("")});
            for (int i = 0; i < 3; ++i) CHECK(w.ask(credential::identity("r0")) == errc::ok);
            CHECK(w.tokens() == asked_for{refresh_form("r0"), refresh_form("r1"), refresh_form("r0"), refresh_form("r0")});
        }
    }
    SECTION("both refused: that is the answer, and the next call begins with the secret") {
        long_life w;
        w.s.on(realm, {200, token_answer("r1-CANARY")});
        for (int i = 0; i < 2; ++i) w.s.on(realm, {401, R"({"errors":[{"code":"UNAUTHORIZED","message":"r1-CANARY is over"}]})"});
        w.s.on(realm, {401});
        CHECK(w.ask(credential::identity("r0-CANARY")) == errc::ok);
        CHECK(w.ask(credential::identity("r0-CANARY")) == errc::auth_denied);
        CHECK(w.ask(credential::identity("r0-CANARY")) == errc::auth_denied);
        CHECK(w.tokens() == asked_for{refresh_form("r0-CANARY"), refresh_form("r1-CANARY"), refresh_form("r0-CANARY"),
                                      refresh_form("r0-CANARY")});
    }
    SECTION("what it got is refused by the registry: the secret is used, and the refresh token not shown again") {
        long_life w;
        w.s.answers[manifest] = {{401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}},
                                 {200, test::schema2()},
                                 {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}},
                                 {200, test::schema2()}};
        w.s.on(realm, {200, token_answer("r1")});
        w.s.on(realm, {200, token_answer("")});
        for (int i = 0; i < 3; ++i) CHECK(w.ask(credential::identity("r0")) == errc::ok);
        CHECK(w.tokens() == asked_for{refresh_form("r0"), refresh_form("r1"), refresh_form("r0"), refresh_form("r0")});
    }
    SECTION("and what the secret got too: two tokens, then it is the answer") {
        long_life w;
        w.s.answers[manifest] = {{401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}},
                                 {200, test::schema2()},
                                 {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}}};
        w.s.on(realm, {200, token_answer("r1")});
        CHECK(w.ask(credential::identity("r0")) == errc::ok);
        CHECK(w.ask(credential::identity("r0")) == errc::auth_denied);
        CHECK(w.tokens() == asked_for{refresh_form("r0"), refresh_form("r1"), refresh_form("r0")});
    }
    SECTION("a service that fails has not refused it") {
        long_life w;
        w.s.on(realm, {200, token_answer("r1")});
        w.s.on(realm, {503});
        w.s.on(realm, {200, token_answer("")});
        CHECK(w.ask(credential::identity("r0")) == errc::ok);
        CHECK(w.ask(credential::identity("r0")) == errc::auth_token_failed);
        CHECK(w.ask(credential::identity("r0")) == errc::ok);
        CHECK(w.tokens() == asked_for{refresh_form("r0"), refresh_form("r1"), refresh_form("r1")});
    }
    SECTION("one that cannot be one") {
        for (auto const& [text, code] : {std::pair<std::string, errc>{"7", errc::ok}, // W30: not there
                                         {"null", errc::ok},
                                         {"\"\"", errc::ok},
                                         {'"' + std::string((64u << 10) + 1, 'r') + '"', errc::auth_token_too_large}}) {
            long_life w;
            w.s.on(realm, {200, R"({"token":"abc","refresh_token":)" + text + "}"});
            CHECK(w.ask(credential::identity("r0")) == code);
        }
    }
    SECTION("without a secret nothing is kept") {
        long_life w;
        w.s.on(realm + query, {200, token_answer("r1")});
        CHECK(w.ask({}) == errc::ok);
        CHECK(w.ask({}) == errc::ok);
        CHECK(w.tokens() == asked_for{query, query});
    }
}

TEST_CASE("one who waits for another's token does not show the refresh token that the service repeats to that one", "[C19]") {
    call_context const talk("https://r.example", repository::parse("r.example/x").value());
    auto const ref = reference::parse("r.example/x:1").value();
    auto const login = credential::identity("r0-CANARY");
    client_context<test::policies> shared({}, fixed_credentials(login), testing::manual_clock(), no_cache());
    shared.session.keep_refresh_token(url::parse(realm).value().origin(), {url::parse(realm).value(), "s"}, login, "r1-CANARY");
    using operation = endpoint_stack<manifest_operation<test::policies>, test::policies>;
    operation first(shared, talk, ref), second(shared, talk, ref);
    response refused(401);
    refused.url = manifest;
    refused.headers.add("WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\"");

    (void)first.start();
    (void)second.start();
    auto asked = first.on_response(refused);
    auto waits = second.on_response(refused);
    REQUIRE(std::holds_alternative<need_delay>(waits));
    std::string const said = R"({"errors":[{"code":"UNAUTHORIZED","message":"r1-CANARY is over"}]})";
    for (auto const* form : {"r1-CANARY", "r0-CANARY"}) {
        auto& token = std::get<need_exchange>(asked);
        CHECK(token.query.body == refresh_form(form));
        REQUIRE(token.sink->begin(response(401), said.size()));
        REQUIRE(token.sink->write(std::as_bytes(std::span(said))));
        asked = first.on_response(response(401));
    }
    waits = second.on_delay();
    for (auto* end : {&asked, &waits}) {
        auto const& why = std::get<done<operation::value_type>>(*end).value().error();
        CHECK(why == errc::auth_denied);
        CHECK(why.message().find("*** is over") != std::string::npos);
        CHECK(why.message().find("CANARY") == std::string::npos);
    }
}

TEST_CASE("offline_token asks for a refresh token by GET, where it is wanted", "[spec-3.6][row-5]") {
    auto const login = query + "&account=u", offline = login + "&client_id=lading&offline_token=true";
    SECTION("wanted: the password is sent once") {
        long_life w;
        w.options.auth.offline_token = true;
        w.s.on(realm + offline, {200, token_answer("r1")});
        w.s.on(realm, {200, token_answer("")});
        for (int i = 0; i < 3; ++i) CHECK(w.ask(credential("u", "p")) == errc::ok);
        CHECK(w.tokens() == asked_for{offline, refresh_form("r1"), refresh_form("r1")});
        for (auto const& q : w.s.journal)
            if (q.method == "POST") CHECK(!q.headers.find("Authorization"));
    }
    SECTION("a service that gives none, or takes no form") {
        long_life none;
        none.options.auth.offline_token = true;
        none.s.on(realm + offline, {200, token_answer("")});
        for (int i = 0; i < 2; ++i) CHECK(none.ask(credential("u", "p")) == errc::ok);
        CHECK(none.tokens() == asked_for{offline, offline});
        long_life no_form;
        no_form.options.auth.offline_token = true;
        no_form.s.on(realm + offline, {200, token_answer("r1")});
        no_form.s.on(realm, {405});
        for (int i = 0; i < 2; ++i) CHECK(no_form.ask(credential("u", "p")) == errc::ok);
        CHECK(no_form.tokens() == asked_for{offline, refresh_form("r1"), offline});
    }
    SECTION("not asked for by default, nor without a login") {
        long_life w;
        w.s.on(realm + login, {200, token_answer("")});
        CHECK(w.ask(credential("u", "p")) == errc::ok);
        CHECK(w.tokens() == asked_for{login});
        long_life anonymous;
        anonymous.options.auth.offline_token = true;
        anonymous.s.on(realm + query, {200, token_answer("")});
        CHECK(anonymous.ask({}) == errc::ok);
        CHECK(anonymous.tokens() == asked_for{query});
    }
}

TEST_CASE("a refresh token is of one login at one service", "[spec-3.6][row-4]") {
    struct by_path {
        result<std::optional<credential>> lookup(credential_query const& q) {
            return std::optional(credential(q.repository == "c" ? "other" : "u", "p"));
        }
    };
    testing::script s;
    auto const ask_at = [&](std::string const& repo, std::string const& service) {
        auto const at = "https://r.example/v2/" + repo + "/manifests/1";
        bool const known = repo == "b" || repo == "c"; // what the origin said of a is tried first
        if (!known) s.on(at, {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"" + service + "\""}}});
        s.on(at, {200, test::schema2()});
        auto const scope = "?service=" + service + "&scope=repository%3A" + repo + "%3Apull&account=";
        for (auto const* who : {"u", "other"}) s.on(realm + scope + who + "&client_id=lading&offline_token=true", {200, token_answer("r1")});
    };
    s.on(realm, {200, token_answer("")});
    ask_at("a", "s"), ask_at("b", "s"), ask_at("c", "s"), ask_at("d", "another");
    client_options options;
    options.auth.offline_token = true;
    test::client registry{testing::scripted_transport(s), options, by_path()};
    std::string ways;
    for (auto const* repo : {"a", "b", "c", "d"}) {
        CHECK(registry.manifest(reference::parse("r.example/" + std::string(repo) + ":1").value()).has_value());
        ways += s.journal[s.journal.size() - 2].method + ' ';
    }
    CHECK(ways == "GET POST GET GET "); // b is u's at the same service; c is another's, d another service
}

} // namespace refresh_token_test
