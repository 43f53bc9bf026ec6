// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

namespace authorize_test {

using namespace lading;

namespace {

std::string const manifest = "https://r.example/v2/x/manifests/1";
std::string const config = "https://r.example/v2/x/blobs/" + test::digest_of(test::config_bytes);
std::string const query = "?service=s&scope=repository%3Ax%3Apull";

testing::scripted_answer challenged(std::string value) { return {401, "", {{"WWW-Authenticate", std::move(value)}}}; }

struct world {
    testing::script s;
    client_options options;
    fixed_credentials secret;

    world() {
        s.on(config, {200, test::config_bytes});
    }
    result<inspection> inspect() {
        test::client registry(testing::scripted_transport(s), options, secret);
        return registry.inspect(reference::parse("r.example/x:1").value());
    }
    std::string sent(std::size_t i) const {
        return std::string(s.journal.at(i).headers.find("Authorization").value_or("none"));
    }
};

} // namespace

TEST_CASE("spec 3.5 row 11: one refused request, one token request, then the token serves every later one") {
    world w;
    w.s.on(manifest, challenged(R"(Bearer realm="https://auth.example/t",service="s",scope="repository:x:pull")"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on("https://auth.example/t" + query, {200, R"({"token":"abc"})"});
    CHECK(w.inspect().has_value());
    REQUIRE(w.s.journal.size() == 4);
    CHECK(w.sent(0) == "none");
    CHECK(w.s.journal[1].url == "https://auth.example/t" + query);
    CHECK(w.sent(1) == "none");
    CHECK(w.sent(2) == "Bearer abc");
    CHECK(w.sent(3) == "Bearer abc");
}

TEST_CASE("bearer with a secret: Basic to the realm on the registry's own origin") {
    world w;
    w.secret = fixed_credentials(credential("u", "p"));
    w.s.on(manifest, challenged(R"(Bearer realm="https://r.example/t",service="s")"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on("https://r.example/t" + query + "&account=u", {200, R"({"access_token":"abc","expires_in":300})"});
    CHECK(w.inspect().has_value());
    CHECK(w.sent(1) == "Basic dTpw");
    CHECK(w.sent(2) == "Bearer abc");
}

TEST_CASE("C07, C08, C10: a realm that is not trusted gets no request") {
    struct row {
        char const* header;
        errc code;
    };
    row const rows[] = {
        {R"(Bearer realm="https://b.test/t",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="https://r.example:444/t",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="https://sub.r.example/t",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="http://r.example/t",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="file:///etc/passwd",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="https://u:p@r.example/",service="s")", errc::auth_realm_refused},
        {R"(Bearer realm="",service="s")", errc::auth_challenge_malformed},
        {R"(Bearer service="s")", errc::auth_challenge_malformed},
        {R"(Negotiate abc)", errc::auth_challenge_unsupported},
    };
    for (auto const& r : rows) {
        INFO(r.header);
        world w;
        w.secret = fixed_credentials(credential("alice", "pw-CANARY"));
        w.s.on(manifest, challenged(r.header));
        auto const got = w.inspect();
        CHECK(got.error().kind() == r.code);
        CHECK(w.s.journal.size() == 1);
        CHECK(got.error().message().find("CANARY") == std::string::npos);
    }
    SECTION("unless the caller trusts it") {
        world w;
        w.secret = fixed_credentials(credential("u", "p"));
        w.options.with_trusted_realm("https://b.test");
        w.s.on(manifest, challenged(R"(Bearer realm="https://b.test/t",service="s")"));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on("https://b.test/t" + query + "&account=u", {200, R"({"token":"abc"})"});
        CHECK(w.inspect().has_value());
    }
    SECTION("what is no origin would be trusted by no one, and is said") {
        world w;
        w.secret = fixed_credentials(credential("u", "p"));
        w.options.with_trusted_realm("b.test");
        w.s.on(manifest, challenged(R"(Bearer realm="https://b.test/t",service="s")"));
        auto const got = w.inspect();
        CHECK(got.error() == errc::config_invalid);
        CHECK(got.error().facts().stop());
        CHECK(got.error().detail().actual == "b.test");
    }
    SECTION("a relative realm is on the registry") {
        world w;
        w.secret = fixed_credentials(credential("u", "p"));
        w.s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
        CHECK(w.inspect().has_value());
    }
}

TEST_CASE("Basic: only when asked, and then for every later request") {
    world w;
    w.secret = fixed_credentials(credential("u", "p"));
    w.s.on(manifest, challenged(R"(Basic realm="x")"));
    w.s.on(manifest, {200, test::schema2()});
    CHECK(w.inspect().has_value());
    REQUIRE(w.s.journal.size() == 3);
    CHECK(w.sent(0) == "none");
    CHECK(w.sent(1) == "Basic dTpw");
    CHECK(w.sent(2) == "Basic dTpw");

    world anonymous;
    anonymous.s.on(manifest, challenged(R"(Basic realm="x")"));
    CHECK(anonymous.inspect().error() == errc::auth_required);
    CHECK(anonymous.s.journal.size() == 1);

    world wrong;
    wrong.secret = fixed_credentials(credential("u", "p"));
    wrong.s.on(manifest, challenged(R"(Basic realm="x")"));
    CHECK(wrong.inspect().error() == errc::auth_denied);
    CHECK(wrong.s.journal.size() == 2);
}

TEST_CASE("C21: of two challenges Bearer is taken, whatever the order") {
    world w;
    w.secret = fixed_credentials(credential("u", "p"));
    w.s.on(manifest, challenged(R"(Basic realm="a", Bearer realm="https://r.example/t",service="s")"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
    CHECK(w.inspect().has_value());
    CHECK(w.sent(2) == "Bearer abc");
}

TEST_CASE("C20: refusals without end are answered a bounded number of times") {
    world w;
    w.s.on(manifest, challenged(R"(Bearer realm="https://r.example/t",service="s")"));
    w.s.on("https://r.example/t" + query, {200, R"({"token":"abc"})"});
    CHECK(w.inspect().error() == errc::auth_required); // an anonymous token is no credential
    CHECK(w.s.journal.size() == 3);
}

TEST_CASE("C24: only the operation's own scope is asked for") {
    world w;
    w.s.on(manifest, challenged(
                         R"(Bearer realm="https://r.example/t",service="s",scope="repository:other:pull,push registry:catalog:*")"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on("https://r.example/t" + query, {200, R"({"token":"abc"})"});
    CHECK(w.inspect().has_value());
}

TEST_CASE("secrets over http need consent, except on this machine") {
    for (auto [host, consent, code] :
         {std::tuple{"r.example", false, errc::plaintext_credentials_refused}, std::tuple{"r.example", true, errc::ok},
          std::tuple{"127.0.0.1.evil.example", false, errc::plaintext_credentials_refused}, // a name, not an address
          std::tuple{"127.0.0.1:5000", false, errc::ok}, std::tuple{"localhost:5000", false, errc::ok}}) {
        INFO(host);
        testing::script s;
        auto const at = "http://" + std::string(host) + "/v2/x/";
        s.on(at + "manifests/1", challenged(R"(Basic realm="x")"));
        s.on(at + "manifests/1", {200, test::schema2()});
        s.on(at + "blobs/" + test::digest_of(test::config_bytes), {200, test::config_bytes});
        test::client registry(testing::scripted_transport(s),
                              client_options().with_plaintext(host).with_secrets_over_http(consent),
                              fixed_credentials(credential("u", "p")));
        auto const r = registry.inspect(reference::parse(std::string(host) + "/x:1").value());
        CHECK((r ? errc::ok : r.error().kind()) == code);
        if (code != errc::ok) CHECK(s.journal.size() == 1);
    }
}

TEST_CASE("C19: what was told in confidence is hidden where a server repeats it") {
    auto const basic = basic_authorization(credential("alice", "pw-CANARY"));
    auto const echo = R"({"errors":[{"code":"pw-CANARY","message":"no entry for alice:pw-CANARY, )" + basic.substr(6) +
                      R"(","detail":"pw-CANARY"}]})";
    auto const check = [](std::string const& text) {
        INFO(text);
        CHECK(text.find("CANARY") == std::string::npos);
        CHECK(text.find(basic_authorization(credential("alice", "pw-CANARY")).substr(6)) == std::string::npos);
        CHECK(text.find("***") != std::string::npos);
    };
    world w;
    w.secret = fixed_credentials(credential("alice", "pw-CANARY"));
    w.s.on(manifest, challenged(R"(Basic realm="x")"));
    w.s.on(manifest, {403, echo});
    auto const refused = w.inspect();
    REQUIRE(!refused.has_value());
    check(refused.error().message());
    REQUIRE(refused.error().detail().registry_errors.size() == 1);
    check(refused.error().detail().registry_errors[0].detail);

    world tags; // a warning and a reason, in a record
    tags.secret = w.secret;
    tags.s.on(manifest, challenged(R"(Basic realm="x")"));
    tags.s.on(manifest, {200, test::schema2()});
    tags.s.on("https://r.example/v2/x/tags/list?n=1000", {403, echo});
    test::client registry(testing::scripted_transport(tags.s), tags.options, tags.secret);
    auto const record = registry.inspect(reference::parse("r.example/x:1").value(), inspect_options().with_tags());
    REQUIRE(record.has_value());
    REQUIRE(record.value().warnings.size() == 1);
    check(record.value().warnings[0].text);
    check(record.value().tags.why);

    world bearer; // a token counts too
    bearer.secret = fixed_credentials(credential("alice", "pw-CANARY"));
    bearer.s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
    bearer.s.on(manifest, {403, R"({"errors":[{"code":"DENIED","message":"tok-CANARY"}]})"});
    bearer.s.on("https://r.example/t" + query + "&account=alice", {200, R"({"token":"tok-CANARY"})"});
    auto const denied = bearer.inspect();
    REQUIRE(!denied.has_value());
    check(denied.error().message());
}

TEST_CASE("a request that left the registry for good is sent without anything of its") {
    // The registry sends the tag list elsewhere, and there a next page is named, which asks for credentials.
    auto const list = "https://r.example/v2/x/tags/list?n=1000";
    for (auto const* challenge : {R"(Basic realm="x")", R"(Bearer realm="/t",service="s")"}) {
        world w;
        w.secret = fixed_credentials(credential("u", "p"));
        w.s.on(list, {307, "", {{"Location", "https://b.example/list"}}});
        w.s.on("https://b.example/list", {200, R"({"tags":["1"]})", {{"Link", "</more>; rel=\"next\""}}});
        w.s.on("https://b.example/more", challenged(challenge));
        test::client registry(testing::scripted_transport(w.s), w.options, w.secret);
        auto const got = registry.tags(repository::parse("r.example/x").value());
        REQUIRE(got.has_value());
        CHECK(got.assume_value().failure == errc::page_cross_origin);
        CHECK(w.s.journal.size() == 2);
        for (std::size_t i = 0; i < w.s.journal.size(); ++i) CHECK(w.sent(i) == "none");
    }
    world twin; // the page that is back at the registry is asked for
    twin.s.on(list, {307, "", {{"Location", "https://b.example/list"}}});
    twin.s.on("https://b.example/list", {200, R"({"tags":["1"]})", {{"Link", "<https://r.example/v2/x/tags/list?last=1>; rel=\"next\""}}});
    twin.s.on("https://r.example/v2/x/tags/list?last=1", {200, R"({"tags":["2"]})"});
    test::client registry(testing::scripted_transport(twin.s), twin.options, twin.secret);
    CHECK(registry.tags(repository::parse("r.example/x").value()).value().values.size() == 2);
}

TEST_CASE("token answers: X12, X14, X15 and the error of the service") {
    auto const token = [](std::string body, int status = 200) {
        world w;
        w.s.on(manifest, challenged(R"(Bearer realm="https://r.example/t",service="s")"));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on("https://r.example/t" + query, {status, std::move(body)});
        auto const r = w.inspect();
        return r ? errc::ok : r.error().kind();
    };
    CHECK(token(R"({"token":"a","access_token":"a"})") == errc::ok);
    CHECK(token(R"({"token":"a","expires_in":-99999})") == errc::ok);
    CHECK(token(R"({"token":"a","expires_in":9223372036854775807})") == errc::ok);
    CHECK(token(R"({"token":"a","expires_in":"300"})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":"a","access_token":"b"})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":"a","token":"b"})") == errc::json_duplicate_key);
    CHECK(token(R"({"token":"a\r\nX: y"})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":""})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":7})") == errc::auth_token_malformed);
    CHECK(token("{}") == errc::auth_token_malformed);
    CHECK(token("[]") == errc::auth_token_malformed);
    for (auto const* page : {"<html>log in</html>", "", "{\"token\":"}) CHECK(token(page) == errc::auth_token_malformed);
    CHECK(token(R"({"token":")" + std::string((16u << 10) + 1, 'a') + "\"}") == errc::auth_token_too_large);
    CHECK(token(std::string((64u << 10) + 1, ' ')) == errc::auth_token_too_large);
    CHECK(token("no", 503) == errc::auth_token_failed);
    CHECK(token("no", 307) == errc::auth_realm_refused);
}

TEST_CASE("a client keeps its token between calls, and takes a new one when it is over") {
    testing::script s;
    s.on(manifest, challenged(R"(Bearer realm="https://r.example/t",service="s")"));
    s.on(manifest, {200, test::schema2()});
    s.on("https://r.example/t" + query, {200, R"({"token":"abc","expires_in":100})"});
    testing::manual_clock clock;
    test::client registry{testing::scripted_transport(s), client_options(), fixed_credentials(), clock};
    auto const ref = reference::parse("r.example/x:1").value();
    CHECK(registry.manifest(ref).has_value());
    CHECK(s.journal.size() == 3);
    CHECK(registry.manifest(ref).has_value());
    CHECK(s.journal.size() == 4);
}

TEST_CASE("X16: refused without a token after another one got it: that one is used, none is fetched") {
    conversation const talk("https://r.example", repository::parse("r.example/x").value());
    auto const ref = reference::parse("r.example/x:1").value();
    auth_session session;
    testing::manual_clock clock;
    fixed_credentials none;
    using operation = authorized<manifest_operation<test::policies>, test::policies>;
    operation first(talk, auth_rules(), session, clock, none, talk, ref), second(talk, auth_rules(), session, clock, none, talk, ref);
    response refused(401);
    refused.url = "https://r.example/v2/x/manifests/1";
    refused.headers.add("WWW-Authenticate", "Bearer realm=\"https://r.example/token\",service=\"s\"");

    (void)first.start();
    (void)second.start(); // both are under way without a token
    auto asked = first.on_response(refused);
    auto& token = std::get<need_exchange>(asked);
    REQUIRE(token.query.url.starts_with("https://r.example/token?"));
    REQUIRE(token.sink->begin(response(200), std::nullopt));
    REQUIRE(token.sink->write(std::as_bytes(std::span(R"({"token":"abc"})", 15))));
    auto again = first.on_response(response(200));
    CHECK(std::get<need_exchange>(again).query.headers.find("Authorization") == "Bearer abc");
    auto late = second.on_response(refused);
    CHECK(std::get<need_exchange>(late).query.url == refused.url);
    CHECK(std::get<need_exchange>(late).query.headers.find("Authorization") == "Bearer abc");
}

} // namespace authorize_test
