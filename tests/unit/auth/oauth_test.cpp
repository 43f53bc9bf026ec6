// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#oauth and the credentials that are tokens themselves.
#include "catch.hpp"
#include "documents.hpp"

namespace oauth_test {

using namespace lading;

namespace {

std::string const manifest = "https://r.example/v2/x/manifests/1";
std::string const config = "https://r.example/v2/x/blobs/" + test::digest_of(test::config_bytes);
std::string const realm = "https://r.example/t";
std::string const query = "?service=s&scope=repository%3Ax%3Apull";

struct world {
    testing::script s;
    client_options options;

    explicit world(std::string const& realm_text = realm) {
        s.on(manifest, {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm_text + "\",service=\"s\""}}});
        s.on(manifest, {200, test::schema2()});
        s.on(config, {200, test::config_bytes});
    }
    result<inspection> inspect(credential c, std::string const& ref = "r.example/x:1") {
        test::client registry(testing::scripted_transport(s), options.with_retry(retry_rules(1)),
                              fixed_credentials(std::move(c)));
        return registry.inspect(reference::parse(ref).value());
    }
    std::string sent(std::size_t i) const {
        return std::string(s.journal.at(i).headers.find("Authorization").value_or("none"));
    }
};

} // namespace

TEST_CASE("a token by GET", "[spec-3.5][row-1][row-2][row-3][row-4][row-5][row-6][row-7][row-8][spec-10.62][spec-10.9][spec-10.52][X15][W30]") {
    auto const ask = [](std::string const& realm_text, std::string const& url, credential c = {}, int status = 200,
                        std::string const& body = R"({"token":"abc"})") {
        world w(realm_text);
        w.s.on(url, {status, body});
        auto const r = w.inspect(std::move(c));
        auto const asked = w.s.journal.size() > 1 ? w.s.journal[1] : request();
        return std::tuple(r ? errc::ok : r.error().kind(), asked.url,
                          std::string(asked.headers.find("Authorization").value_or("none")));
    };
    using seen = std::tuple<errc, std::string, std::string>;
    auto const good = realm + query;
    SECTION("the realm as given, with its own query before ours, encoded") {
        CHECK(ask(realm, good) == seen(errc::ok, good, "none"));
        auto const with_query = realm + "?a=b&account=z";
        auto const expected = with_query + "&service=s&scope=repository%3Ax%3Apull";
        CHECK(ask(with_query, expected) == seen(errc::ok, expected, "none"));
        CHECK(ask(with_query, expected + "&account=u", credential("u", "p")) ==
              seen(errc::ok, expected + "&account=u", "Basic dTpw"));
    }
    SECTION("realm missing or no URL") {
        CHECK(std::get<0>(ask("", good)) == errc::auth_challenge_malformed);
        CHECK(std::get<0>(ask("::", good)) == errc::auth_realm_refused);
    }
    SECTION("Basic and account; a name without a password is sent, not dropped") {
        CHECK(ask(realm, good + "&account=u", credential("u", "p")) == seen(errc::ok, good + "&account=u", "Basic dTpw"));
        CHECK(ask(realm, good + "&account=u", credential("u", "")) == seen(errc::ok, good + "&account=u", "Basic dTo="));
    }
    SECTION("success is 200, failure keeps its type") {
        for (int status : {201, 204, 206, 304}) CHECK(std::get<0>(ask(realm, good, {}, status)) != errc::ok);
        CHECK(std::get<0>(ask(realm, good, {}, 401)) == errc::auth_required);
        CHECK(std::get<0>(ask(realm, good + "&account=u", credential("u", "p"), 401)) == errc::auth_denied);
        CHECK(std::get<0>(ask(realm, good, {}, 503)) == errc::auth_token_failed);
    }
    SECTION("either name; of two the first") {
        CHECK(std::get<0>(ask(realm, good, {}, 200, R"({"access_token":"abc"})")) == errc::ok);
        CHECK(std::get<0>(ask(realm, good, {}, 200, R"({"token":"","access_token":"abc"})")) == errc::ok);
        CHECK(std::get<0>(ask(realm, good, {}, 200, R"({"token":"abc","access_token":"x"})")) == errc::ok);
        CHECK(std::get<0>(ask(realm, good, {}, 200, "{}")) == errc::auth_token_malformed);
    }
}

TEST_CASE("an identity token is exchanged by POST", "[spec-3.6][row-1][row-2][row-3][row-4]") {
    world w;
    w.s.on(realm, {200, R"({"access_token":"abc","expires_in":300,"refresh_token":"new"})"});
    CHECK(w.inspect(credential::identity("tok&CANARY")).has_value());
    REQUIRE(w.s.journal.size() == 4);
    auto const& q = w.s.journal[1];
    CHECK(q.method == "POST");
    CHECK(q.url == realm);
    CHECK(*q.headers.find("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(q.body == "grant_type=refresh_token&refresh_token=tok%26CANARY&service=s&"
                    "scope=repository%3Ax%3Apull&client_id=lading");
    CHECK(w.sent(1) == "none");
    CHECK(w.sent(2) == "Bearer abc");
    CHECK(w.sent(3) == "Bearer abc");
}

TEST_CASE("user name and password by POST, where it is asked for", "[spec-3.6][row-1][row-2][row-3][row-6]") {
    world w;
    w.options.auth.oauth_password = true;
    w.s.on(realm, {200, R"({"access_token":"abc"})"});
    CHECK(w.inspect(credential("u", "p w")).has_value());
    CHECK(w.s.journal[1].body == "grant_type=password&username=u&password=p%20w&access_type=offline&service=s&"
                                 "scope=repository%3Ax%3Apull&client_id=lading");
    SECTION("404 and 405 to the form: GET instead") {
        for (int status : {404, 405}) {
            world g;
            g.options.auth.oauth_password = true;
            g.s.on(realm, {status});
            g.s.on(realm + query + "&account=u", {200, R"({"token":"abc"})"});
            CHECK(g.inspect(credential("u", "p")).has_value());
            CHECK(g.s.journal[2].method == "GET");
            CHECK(g.sent(2) == "Basic dTpw");
        }
    }
    SECTION("an identity token has no other way") {
        world g;
        g.s.on(realm, {404});
        CHECK(g.inspect(credential::identity("i")).error() == errc::auth_token_failed);
        CHECK(g.s.journal.size() == 2);
    }
}

TEST_CASE("what a token service may answer to a form", "[X19]") {
    struct row {
        int status;
        char const* body;
        errc code;
    };
    for (auto const& r : {row{400, R"({"error":"invalid_grant"})", errc::auth_denied}, row{401, "", errc::auth_denied},
                          row{403, "", errc::auth_denied}, row{307, "", errc::auth_realm_refused},
                          row{503, "", errc::auth_token_failed}, row{200, "{}", errc::auth_token_malformed}}) {
        INFO(r.status);
        world w;
        w.s.on(realm, {r.status, r.body, {{"Location", "https://c.test/t"}}});
        auto const got = w.inspect(credential::identity("tok-CANARY"));
        REQUIRE(!got.has_value());
        CHECK(got.error().kind() == r.code);
        CHECK(w.s.journal.size() == 2); // X19: nothing is asked anonymously after that; C11: no redirect is followed
        CHECK(got.error().message().find("CANARY") == std::string::npos);
    }
}

TEST_CASE("an identity token goes where a password may go") {
    world plain("http://r.example/t");
    CHECK(plain.inspect(credential::identity("tok-CANARY")).error() == errc::auth_realm_refused);
    CHECK(plain.s.journal.size() == 1);
    for (std::string const bad : {"https://b.test/t", "https://r.example:444/t"}) {
        world w(bad);
        w.s.on(bad + query, {401});
        CHECK(w.inspect(credential::identity("tok-CANARY")).error() == errc::auth_realm_refused);
        REQUIRE(w.s.journal.size() == 2); // anonymously
        CHECK(w.s.journal[1].method == "GET");
        CHECK(w.sent(1) == "none");
    }
    world trusted("https://b.test/t");
    trusted.options.with_trusted_realm("https://b.test");
    trusted.s.on("https://b.test/t", {200, R"({"token":"abc"})"});
    CHECK(trusted.inspect(credential::identity("i")).has_value());
}

TEST_CASE("a registry token is sent as it is, to its host, over https", "[spec-10.67]") {
    world w;
    CHECK(w.inspect(credential::bearer("made-elsewhere")).has_value());
    REQUIRE(w.s.journal.size() == 3);
    CHECK(w.sent(1) == "Bearer made-elsewhere");

    world elsewhere("https://b.test/t"); // no realm is asked, so none needs to be trusted
    CHECK(elsewhere.inspect(credential::bearer("t")).has_value());

    testing::script s;
    s.on("http://r.example/v2/x/manifests/1", {401, "", {{"WWW-Authenticate", R"(Bearer realm="/t")"}}});
    test::client plain(testing::scripted_transport(s), client_options().with_plaintext("r.example"),
                       fixed_credentials(credential::bearer("tok-CANARY")));
    CHECK(plain.inspect(reference::parse("r.example/x:1").value()).error() == errc::plaintext_credentials_refused);
    CHECK(s.journal.size() == 1);
}

TEST_CASE("a token that a secret would get does not go to a registry on http, be its service on https") {
    for (bool const allowed : {false, true}) {
        testing::script s;
        auto const over_http = "http://r.example/v2/x/manifests/1";
        s.on(over_http, {401, "", {{"WWW-Authenticate", R"(Bearer realm="https://b.test/t")"}}});
        s.on(over_http, {200, test::schema2()});
        s.on("http://r.example/v2/x/blobs/" + test::digest_of(test::config_bytes), {200, std::string(test::config_bytes)});
        s.on("https://b.test/t?scope=repository%3Ax%3Apull&account=u", {200, R"({"token":"tok"})"});
        s.on("https://b.test/t?scope=repository%3Ax%3Apull", {401}); // W29: anonymously first
        test::client registry(testing::scripted_transport(s),
                              client_options().with_plaintext("r.example").with_trusted_realm("https://b.test").with_secrets_over_http(allowed),
                              fixed_credentials(credential("u", "p")));
        auto const got = registry.inspect(reference::parse("r.example/x:1").value());
        CHECK(got.has_value() == allowed);
        if (!got) CHECK(got.error() == errc::plaintext_credentials_refused);
        CHECK(s.journal.size() == (allowed ? 4 : 2));
    }
}

TEST_CASE("how long a token is used", "[spec-3.5][X12][X13][row-9][row-10]") {
    using namespace std::chrono_literals;
    struct row {
        char const* more;
        std::chrono::seconds good, over; ///< still used, asked for again
    };
    row const rows[] = {
        {"", 49s, 51s},
        {R"(,"expires_in":0)", 49s, 51s},
        {R"(,"expires_in":-99999)", 49s, 51s},
        {R"(,"expires_in":300)", 289s, 291s},
        {R"(,"expires_in":9223372036854775807)", 3589s, 3591s},
        {R"(,"expires_in":18446744073709551615)", 3589s, 3591s},
        {R"(,"expires_in":300,"issued_at":"2001-01-01T00:00:00Z")", 289s, 291s},
        {R"(,"expires_in":300,"issued_at":"2099-01-01T00:00:00Z")", 289s, 291s},
    };
    struct shared_clock {
        testing::manual_clock* c;
        std::chrono::steady_clock::time_point now() const noexcept { return c->now(); }
        void sleep_for(std::chrono::milliseconds d) noexcept { c->sleep_for(d); }
    };
    for (auto const& r : rows) {
        INFO(r.more);
        world w;
        w.s.on(realm + query, {200, std::string(R"({"token":"abc")") + r.more + "}"});
        testing::manual_clock time;
        test::client registry(testing::scripted_transport(w.s), {}, {}, shared_clock{&time});
        auto const ref = reference::parse("r.example/x:1").value();
        auto tokens = [&] {
            return std::count_if(w.s.journal.begin(), w.s.journal.end(), [](auto& q) { return q.url.starts_with(realm); });
        };
        CHECK(registry.manifest(ref).has_value());
        CHECK(tokens() == 1);
        time.sleep_for(r.good);
        CHECK(registry.manifest(ref).has_value());
        CHECK(tokens() == 1);
        time.sleep_for(r.over - r.good);
        auto const before = w.s.journal.size();
        CHECK(registry.manifest(ref).has_value());
        CHECK(tokens() == 2);
        CHECK(w.s.journal.size() == before + 2); // asked for ahead of the request: none is refused
    }
}

TEST_CASE("insufficient_scope: one new token, then it is the answer") {
    testing::script s;
    s.on(manifest, {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\""}}});
    s.on(manifest, {401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\",scope=\"repository:x:pull,push\",error=\"insufficient_scope\""}}});
    s.on(realm + query, {200, R"({"token":"abc"})"});
    s.on(realm + "?service=s&scope=repository%3Ax%3Apull%2Cpush", {200, R"({"token":"abc"})"});
    test::client registry(testing::scripted_transport(s), {}, fixed_credentials());
    CHECK(!registry.manifest(reference::parse("r.example/x:1").value()).has_value());
    CHECK(s.journal.size() == 5); // W27: and one of the scope that it names
    // A token of an earlier call that no longer suffices is renewed once.
    s.answers[manifest] = {{200, test::schema2()}};
    CHECK(registry.manifest(reference::parse("r.example/x:1").value()).has_value());
    s.answers[manifest] = {{401, "", {{"WWW-Authenticate", "Bearer realm=\"" + realm + "\",service=\"s\",error=\"insufficient_scope\""}}},
                           {200, test::schema2()}};
    s.journal.clear();
    CHECK(registry.manifest(reference::parse("r.example/x:1").value()).has_value());
    CHECK(s.journal.size() == 3);
}

TEST_CASE("two repositories of one host may have two logins") {
    struct by_path {
        result<std::optional<credential>> lookup(credential_query const& q) {
            return std::optional(credential(q.repository, "p"));
        }
    };
    testing::script s;
    for (auto repo : {"a", "b"}) {
        auto const at = std::string("https://r.example/v2/") + repo + "/manifests/1";
        if (*repo == 'a') s.on(at, {401, "", {{"WWW-Authenticate", R"(Basic realm="x")"}}});
        s.on(at, {200, test::schema2()});
    }
    test::client registry{testing::scripted_transport(s), client_options(), by_path()};
    CHECK(registry.manifest(reference::parse("r.example/a:1").value()).has_value());
    CHECK(registry.manifest(reference::parse("r.example/b:1").value()).has_value());
    REQUIRE(s.journal.size() == 3); // V23: the second is not refused first
    CHECK(*s.journal[1].headers.find("Authorization") == basic_authorization(credential("a", "p")));
    CHECK(*s.journal[2].headers.find("Authorization") == basic_authorization(credential("b", "p")));
}

} // namespace oauth_test
