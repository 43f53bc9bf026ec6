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

TEST_CASE("one refused request, one token request, then the token serves every later one", "[spec-3.5][row-11]") {
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

TEST_CASE("a realm that is not trusted is asked anonymously, and only a refusal is about trust", "[C07][W29]") {
    for (auto const* realm : {"https://b.test/t", "https://r.example:444/t", "https://sub.r.example/t"}) {
        INFO(realm);
        auto const challenge = "Bearer realm=\"" + std::string(realm) + "\",service=\"s\"";
        auto const not_told = [](world const& w) {
            for (std::size_t i = 0; i < w.s.journal.size(); ++i) {
                CHECK((w.sent(i) == "none" || w.sent(i) == "Bearer abc"));
                CHECK(w.s.journal[i].url.find("account") == std::string::npos);
                CHECK(w.s.journal[i].body.empty());
            }
        };
        for (auto const& secret : {credential("alice", "pw-CANARY"), credential::identity("tok-CANARY")}) {
            world open; // a public image
            open.secret = fixed_credentials(secret);
            open.s.on(manifest, challenged(challenge));
            open.s.on(manifest, {200, test::schema2()});
            open.s.on(realm + query, {200, R"({"token":"abc"})"});
            auto const got = open.inspect();
            REQUIRE(got.has_value());
            CHECK(got.value().warnings.empty());
            CHECK(open.s.journal.size() == 4);
            not_told(open);

            world closed; // the service gives none
            closed.secret = fixed_credentials(secret);
            closed.s.on(manifest, challenged(challenge));
            closed.s.on(realm + query, {401, R"({"details":"log in first"})"});
            auto const refused = closed.inspect();
            REQUIRE(!refused.has_value());
            CHECK(refused.error() == errc::auth_realm_refused);
            CHECK(refused.error().message().find("log in first") != std::string::npos);
            CHECK(refused.error().message().find("CANARY") == std::string::npos);
            CHECK(closed.s.journal.size() == 2);
            not_told(closed);

            world useless; // what it gives does not suffice
            useless.secret = fixed_credentials(secret);
            useless.s.on(manifest, challenged(challenge));
            useless.s.on(realm + query, {200, R"({"token":"abc"})"});
            CHECK(useless.inspect().error() == errc::auth_realm_refused);
            CHECK(useless.s.journal.size() == 3);
            not_told(useless);

            world missing; // "not found" stays so, and says that no login was sent
            missing.secret = fixed_credentials(secret);
            missing.s.on(manifest, challenged(challenge));
            missing.s.on(manifest, {404, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})"});
            missing.s.on(realm + query, {200, R"({"token":"abc"})"});
            auto const unknown = missing.inspect();
            CHECK(unknown.error() == errc::manifest_unknown);
            CHECK(unknown.error().message().find("no login was sent: auth_realm_refused") != std::string::npos);
            not_told(missing);
        }
    }
}

TEST_CASE("a realm that is no place to ask gets no request", "[C08][C10]") {
    struct row {
        char const* header;
        errc code;
    };
    row const rows[] = {
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

TEST_CASE("of two challenges Bearer is taken, whatever the order", "[C21]") {
    world w;
    w.secret = fixed_credentials(credential("u", "p"));
    w.s.on(manifest, challenged(R"(Basic realm="a", Bearer realm="https://r.example/t",service="s")"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
    CHECK(w.inspect().has_value());
    CHECK(w.sent(2) == "Bearer abc");
}

TEST_CASE("refusals without end are answered a bounded number of times", "[C20]") {
    world w;
    w.s.on(manifest, challenged(R"(Bearer realm="https://r.example/t",service="s")"));
    w.s.on("https://r.example/t" + query, {200, R"({"token":"abc"})"});
    CHECK(w.inspect().error() == errc::auth_required); // an anonymous token is no credential
    CHECK(w.s.journal.size() == 3);
}

TEST_CASE("only the operation's own scope is asked for", "[C24]") {
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

TEST_CASE("what was told in confidence is hidden where a server repeats it", "[C19]") {
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

TEST_CASE("a secret that a later page repeats is not in what is said of the list", "[W47]") {
    auto const list = "https://r.example/v2/x/tags/list?n=1000";
    world w;
    w.secret = fixed_credentials(credential("u", "pass-CANARY"));
    w.s.on(list, challenged(R"(Basic realm="x")"));
    w.s.on(list, {200, R"({"tags":["1"]})", {{"Link", "<?last=1>; rel=next"}}});
    w.s.on("https://r.example/v2/x/tags/list?last=1", {400, "who gave you pass-CANARY?"});
    test::client registry(testing::scripted_transport(w.s), w.options, w.secret);
    auto const got = registry.tags(repository::parse("r.example/x").value()).value();
    REQUIRE(got.failure);
    CHECK(got.values.size() == 1);
    CHECK(got.why.find("who gave you ***?") != std::string::npos);
    CHECK(got.failure->message().find("who gave you ***?") != std::string::npos);
}

TEST_CASE("token answers and the error of the service", "[X12][X14][X15]") {
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
    CHECK(token(R"({"token":"a","access_token":"b"})") == errc::ok);
    CHECK(token(R"({"token":"a","token":"b"})") == errc::json_duplicate_key);
    CHECK(token(R"({"token":"a\r\nX: y"})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":""})") == errc::auth_token_malformed);
    CHECK(token(R"({"token":7})") == errc::auth_token_malformed);
    CHECK(token("{}") == errc::auth_token_malformed);
    CHECK(token("[]") == errc::auth_token_malformed);
    for (auto const* page : {"<html>log in</html>", "", "{\"token\":"}) CHECK(token(page) == errc::auth_token_malformed);
    CHECK(token(R"({"token":")" + std::string((64u << 10) + 1, 'a') + "\"}") == errc::auth_token_too_large);
    CHECK(token(std::string((256u << 10) + 1, ' ')) == errc::auth_token_too_large);
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

TEST_CASE("refused without a token after another one got it: that one is used, none is fetched", "[X16]") {
    call_context const talk("https://r.example", repository::parse("r.example/x").value());
    auto const ref = reference::parse("r.example/x:1").value();
    client_context<test::policies> shared({}, fixed_credentials(), testing::manual_clock(), no_cache());
    endpoint_stack<manifest_operation<test::policies>, test::policies> first(shared, talk, ref), second(shared, talk, ref);
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
    auto dependent = second.on_response(refused);
    CHECK(std::get<need_exchange>(dependent).query.url == refused.url);
    CHECK(std::get<need_exchange>(dependent).query.headers.find("Authorization") == "Bearer abc");
}

namespace {

/// A login, or the failure to give one.
struct one_answer {
    result<std::optional<credential>> answer = std::optional<credential>();
    result<std::optional<credential>> lookup(credential_query const&) { return answer; }
};
/// What was asked, with the scheme and value that went along: "url Bearer abc".
std::vector<std::string> asked(testing::script const& s) {
    std::vector<std::string> out;
    for (auto const& q : s.journal) {
        auto const a = q.headers.find("Authorization");
        out.push_back(q.url.substr(q.url.find("r.example") + 9) + (a ? " " + std::string(*a) : ""));
    }
    return out;
}
using journal = std::vector<std::string>;

} // namespace

TEST_CASE("a login that cannot be had leaves the anonymous question, and a warning", "[W25][W23]") {
    for (auto const code : {errc::credential_helper_failed, errc::credential_helper_timeout, errc::credential_helper_output,
                            errc::credentials_invalid}) {
        auto const failure = error(code).with_context("docker-credential-x: exit status 1: the keychain is locked");
        auto const run = [&](testing::script& s) {
            test::client registry(testing::scripted_transport(s), {}, one_answer{failure});
            return registry.inspect(reference::parse("r.example/x:1").value());
        };
        for (auto const* challenge : {R"(Bearer realm="/t",service="s")", R"(Basic realm="x")"}) {
            bool const bearer = std::string_view(challenge).starts_with("Bearer");
            INFO(name_of(code) << ' ' << challenge);
            testing::script open; // public, by an anonymous token
            open.on(manifest, challenged(challenge));
            open.on(manifest, {200, test::schema2()});
            open.on("https://r.example/t" + query, {200, R"({"token":"abc"})"});
            open.on(config, {200, test::config_bytes});
            auto const got = run(open);
            if (bearer) {
                REQUIRE(got.has_value());
                REQUIRE(got.value().warnings.size() == 1);
                CHECK(got.value().warnings[0].code == warning_code::login_unavailable);
                CHECK(got.value().warnings[0].text.find("the keychain is locked") != std::string::npos);
            } else {
                CHECK(got.error() == code); // nobody gets in without a login
            }
            testing::script closed;
            closed.on(manifest, {401, R"({"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]})", {{"WWW-Authenticate", challenge}}});
            closed.on("https://r.example/t" + query, {403, R"({"details":"no anonymous users"})"});
            auto const refused = run(closed);
            REQUIRE(!refused.has_value());
            CHECK(refused.error() == code);
            auto const text = refused.error().message();
            INFO(text);
            CHECK(text.find("the keychain is locked") != std::string::npos);
            CHECK(text.find(bearer ? "no anonymous users" : "who are you") != std::string::npos);
            CHECK(refused.error().facts().answered);
            CHECK(closed.journal.size() == (bearer ? 2 : 1));
        }
        testing::script none; // nobody asked: nothing is looked up, nothing is said
        none.on(manifest, {200, test::schema2()});
        none.on(config, {200, test::config_bytes});
        CHECK(run(none).value().warnings.empty());
        testing::script missing;
        missing.on(manifest, {404, R"({"errors":[{"code":"NAME_UNKNOWN"}]})"});
        auto const unknown = run(missing);
        CHECK(unknown.error() == errc::name_unknown);
        CHECK(unknown.error().message().find("the keychain is locked") != std::string::npos);
        CHECK(missing.journal.size() == 1);
    }
    SECTION("what failed before the login that was found") {
        auto c = credential("u", "p");
        c.remark = "docker-credential-x: gone";
        testing::script s;
        s.on(manifest, challenged(R"(Basic realm="x")"));
        s.on(manifest, {200, test::schema2()});
        s.on(config, {200, test::config_bytes});
        test::client registry(testing::scripted_transport(s), {}, one_answer{std::optional(c)});
        auto const got = registry.inspect(reference::parse("r.example/x:1").value());
        REQUIRE(got.has_value());
        REQUIRE(got.value().warnings.size() == 1);
        CHECK(got.value().warnings[0].text == "a login could not be had: docker-credential-x: gone");
    }
    SECTION("any other failure ends the call") {
        for (auto const code : {errc::config_invalid, errc::timeout, errc::out_of_memory}) {
            testing::script s;
            s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
            test::client registry(testing::scripted_transport(s), {}, one_answer{error(code)});
            CHECK(registry.manifest(reference::parse("r.example/x:1").value()).error() == code);
            CHECK(s.journal.size() == 1);
        }
    }
}

TEST_CASE("a registry that hides what is private is asked how to log in, once", "[W26]") {
    auto const hidden = [](int status) {
        return testing::scripted_answer{status, status == 404 ? R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})" : ""};
    };
    auto const ask = [](test::client& registry, char const* name) {
        auto const r = registry.manifest(reference::parse(std::string("r.example/") + name + ":1").value());
        return r ? errc::ok : r.error().kind();
    };
    for (int const status : {404, 403, 401}) {
        INFO(status);
        SECTION("Bearer at /v2/" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            s.on(manifest, {200, test::schema2()});
            s.on("https://r.example/v2/", challenged(R"(Bearer realm="/t",service="s")"));
            s.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            CHECK(ask(registry, "x") == errc::ok);
            CHECK(asked(s) == journal{"/v2/x/manifests/1", "/v2/", "/t" + query + "&account=u Basic dTpw", "/v2/x/manifests/1 Bearer abc"});
        }
        SECTION("Basic at /v2/" + std::to_string(status)) {
            testing::script s;
            for (auto const* name : {"x", "y"}) {
                auto const at = "https://r.example/v2/" + std::string(name) + "/manifests/1";
                if (*name == 'x') s.on(at, hidden(status));
                s.on(at, {200, test::schema2()});
            }
            s.on("https://r.example/v2/", challenged(R"(Basic realm="x")"));
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            CHECK(ask(registry, "x") == errc::ok);
            CHECK(ask(registry, "y") == errc::ok);
            CHECK(asked(s) == journal{"/v2/x/manifests/1", "/v2/", "/v2/x/manifests/1 Basic dTpw", "/v2/y/manifests/1 Basic dTpw"});
        }
        SECTION("a question at /v2/ that fails is asked again" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            s.on(manifest, hidden(status));
            s.on(manifest, {200, test::schema2()});
            s.on("https://r.example/v2/", {503});
            s.on("https://r.example/v2/", challenged(R"(Basic realm="x")"));
            test::client registry(testing::scripted_transport(s), client_options().with_retry(retry_rules(1)), fixed_credentials(credential("u", "p")));
            CHECK(ask(registry, "x") != errc::ok);
            CHECK(ask(registry, "x") == errc::ok);
        }
        SECTION("without a login nothing more is asked" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials());
            CHECK(ask(registry, "x") != errc::ok);
            CHECK(ask(registry, "x") != errc::ok);
            CHECK(s.journal.size() == 2);
        }
        SECTION("it asks nobody for a login: once an origin" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            s.on("https://r.example/v2/", {200, "{}"});
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            auto const first = ask(registry, "x");
            CHECK(first == (status == 404 ? errc::manifest_unknown : status == 403 ? errc::denied
                                                                                   : errc::auth_required));
            CHECK(ask(registry, "x") == first);
            CHECK(asked(s) == journal{"/v2/x/manifests/1", "/v2/", "/v2/x/manifests/1"});
        }
        SECTION("the login is no good: the first answer, with what became of it" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            s.on("https://r.example/v2/", challenged(R"(Bearer realm="/t",service="s")"));
            s.on("https://r.example/t" + query + "&account=u", {401, R"({"details":"bad password"})"});
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            auto const r = registry.manifest(reference::parse("r.example/x:1").value());
            REQUIRE(!r.has_value());
            CHECK(r.error() == (status == 404 ? errc::manifest_unknown : errc::auth_denied));
            if (status == 404) CHECK(r.error().message().find("bad password") != std::string::npos);
            CHECK(s.journal.size() == 3);
        }
        SECTION("a realm that is not trusted: no token is asked for, and it is said" + std::to_string(status)) {
            testing::script s;
            s.on(manifest, hidden(status));
            s.on("https://r.example/v2/", challenged(R"(Bearer realm="https://b.test/t",service="s")"));
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            auto const r = registry.manifest(reference::parse("r.example/x:1").value());
            CHECK(r.error() == (status == 404 ? errc::manifest_unknown : errc::auth_realm_refused));
            CHECK(r.error().message().find("may not go to the realm https://b.test:443") != std::string::npos);
            CHECK(s.journal.size() == 2);
        }
    }
    SECTION("it is really missing: with the login it says so again") {
        testing::script s;
        s.on(manifest, hidden(404));
        s.on("https://r.example/v2/", challenged(R"(Basic realm="x")"));
        test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
        CHECK(ask(registry, "x") == errc::manifest_unknown);
        CHECK(ask(registry, "x") == errc::manifest_unknown); // the login goes along now
        CHECK(asked(s) == journal{"/v2/x/manifests/1", "/v2/", "/v2/x/manifests/1 Basic dTpw", "/v2/x/manifests/1 Basic dTpw"});
    }
    SECTION("/v2/ fails or sends elsewhere: the first answer") {
        for (auto const& answer : {testing::scripted_answer{404}, testing::scripted_answer{307, "", {{"Location", "https://b.test/"}}}}) {
            testing::script s;
            s.on(manifest, hidden(404));
            s.on("https://r.example/v2/", answer);
            test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
            CHECK(ask(registry, "x") == errc::manifest_unknown);
            CHECK(s.journal.size() == 2);
        }
    }
}

TEST_CASE("insufficient_scope that names another scope: one more token, for exactly that, once", "[W27]") {
    auto const more = R"(Bearer realm="/t",service="s",error="insufficient_scope",scope="repository:x:pull repository:base/y:pull,push")";
    auto const wide = "/t?service=s&scope=repository%3Ax%3Apull&scope=repository%3Abase%2Fy%3Apull%2Cpush&account=u";
    testing::script s;
    s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
    s.on(manifest, challenged(more));
    s.on(manifest, {200, test::schema2()});
    s.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
    s.on("https://r.example" + std::string(wide), {200, R"({"token":"wide"})"});
    test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
    auto const ref = reference::parse("r.example/x:1").value();
    CHECK(registry.manifest(ref).has_value());
    CHECK(asked(s) == journal{"/v2/x/manifests/1", "/t" + query + "&account=u Basic dTpw", "/v2/x/manifests/1 Bearer abc",
                              std::string(wide) + " Basic dTpw", "/v2/x/manifests/1 Bearer wide"});
    s.journal.clear();
    CHECK(registry.manifest(ref).has_value()); // it is kept
    CHECK(s.journal.size() == 1);

    testing::script never; // and never more than once
    never.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
    never.on(manifest, challenged(more));
    never.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
    never.on("https://r.example" + std::string(wide), {200, R"({"token":"wide"})"});
    test::client in_vain(testing::scripted_transport(never), {}, fixed_credentials(credential("u", "p")));
    auto const r = in_vain.manifest(ref);
    CHECK(r.error().http_status() == 401);
    CHECK(never.journal.size() == 5);

    for (auto const& bad : {std::string(R"(scope="repository:x:pull")"), std::string(R"(scope="")"), "scope=\"" + std::string(2000, 'a') + '"'}) {
        testing::script w; // what is no other scope
        w.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
        w.on(manifest, challenged(R"(Bearer realm="/t",service="s",error="insufficient_scope",)" + bad));
        w.on("https://r.example/t" + query + "&account=u", {200, R"({"token":"abc"})"});
        test::client again(testing::scripted_transport(w), {}, fixed_credentials(credential("u", "p")));
        CHECK(!again.manifest(ref).has_value());
        CHECK(w.journal.size() == 3);
    }
}

TEST_CASE("who is going to write asks for one token for reading and writing, and can read with less", "[G9][PU56]") {
    auto const both = "/t?service=s&scope=repository%3Ax%3Apull%2Cpush&account=u", one = "/t?service=s&scope=repository%3Ax%3Apull&account=u";
    auto const challenge = challenged(R"(Bearer realm="/t",service="s",scope="repository:x:pull")");
    auto const ref = reference::parse("r.example/x:1").value();
    testing::script s;
    auto const made = [&] {
        auto out = std::make_unique<test::client>(testing::scripted_transport(s), client_options(), fixed_credentials(credential("u", "p")));
        out->will_write_to(ref.repository());
        return out;
    };
    SECTION("a token for both") {
        s.on(manifest, challenge);
        s.on(manifest, {200, test::schema2()});
        s.on("https://r.example" + std::string(both), {200, R"({"token":"wide"})"});
        auto const registry = made();
        CHECK(registry->raw_manifest(ref));
        CHECK(registry->raw_manifest(ref));
        CHECK(asked(s) == journal{"/v2/x/manifests/1", std::string(both) + " Basic dTpw", "/v2/x/manifests/1 Bearer wide", "/v2/x/manifests/1 Bearer wide"});
    }
    SECTION("the token service refuses it: one for reading, and from then on") {
        s.on(manifest, challenge);
        s.on(manifest, challenge);
        s.on(manifest, {200, test::schema2()});
        s.on("https://r.example" + std::string(both), {403, ""});
        s.on("https://r.example" + std::string(one), {200, R"({"token":"narrow"})"});
        auto const registry = made();
        CHECK(registry->raw_manifest(ref));
        CHECK(registry->raw_manifest(ref));
        CHECK(asked(s) == journal{"/v2/x/manifests/1", std::string(both) + " Basic dTpw", "/v2/x/manifests/1", std::string(one) + " Basic dTpw",
                                  "/v2/x/manifests/1 Bearer narrow", "/v2/x/manifests/1 Bearer narrow"});
    }
    SECTION("the registry refuses what was given instead: one for reading") {
        s.on(manifest, challenge);
        s.on(manifest, challenge);
        s.on(manifest, {200, test::schema2()});
        s.on("https://r.example" + std::string(both), {200, R"({"token":"none"})"});
        s.on("https://r.example" + std::string(one), {200, R"({"token":"narrow"})"});
        auto const registry = made();
        CHECK(registry->raw_manifest(ref));
        CHECK(asked(s) == journal{"/v2/x/manifests/1", std::string(both) + " Basic dTpw", "/v2/x/manifests/1 Bearer none", std::string(one) + " Basic dTpw",
                                  "/v2/x/manifests/1 Bearer narrow"});
    }
    SECTION("and who may not read either is told so") {
        s.on(manifest, challenge);
        s.on("https://r.example" + std::string(both), {401, ""});
        s.on("https://r.example" + std::string(one), {401, ""});
        auto const registry = made();
        auto const got = registry->raw_manifest(ref);
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::auth_denied);
        CHECK(s.journal.size() == 4);
    }
    SECTION("of another repository nothing is said") {
        s.on("https://r.example/v2/y/manifests/1", challenge);
        s.on("https://r.example/v2/y/manifests/1", {200, test::schema2()});
        s.on("https://r.example/t?service=s&scope=repository%3Ay%3Apull&account=u", {200, R"({"token":"abc"})"});
        CHECK(made()->raw_manifest(reference::parse("r.example/y:1").value()));
    }
}

TEST_CASE("who writes is given a token for no other resource, whatever a challenge says", "[PU102][C24]") {
    using detail::is_of_same_resources;
    CHECK(is_of_same_resources("repository:x:pull", "repository:x:pull,push"));
    CHECK(is_of_same_resources("repository:x:pull,push  repository:y:pull", "repository:y:pull repository:x:pull,push"));
    CHECK(is_of_same_resources("", "repository:x:pull"));
    for (auto const* named : {"repository:y:pull", "repository:x:pull repository:y:push", "registry:catalog:*", "repository:x/y:pull", "*", "repository:"})
        CHECK_FALSE(is_of_same_resources(named, "repository:x:pull,push"));
}

TEST_CASE("clumsy challenges are answered", "[W28]") {
    for (auto const* header : {"Basic realm=/", "Basic realm=Artifactory Realm", R"(Basic realm="x" charset="UTF-8")", "Basic"}) {
        INFO(header);
        world w;
        w.secret = fixed_credentials(credential("u", "p"));
        w.s.on(manifest, challenged(header));
        w.s.on(manifest, {200, test::schema2()});
        CHECK(w.inspect().has_value());
        CHECK(w.sent(1) == "Basic dTpw");
    }
    for (auto const* header : {"Bearer realm=https://r.example/t,service=s", R"(Bearer realm="https://r.example/t" service="s")",
                               R"(Bearer realm="https://r.example/t",service="s",scope="a",scope="b")",
                               R"(Bearer realm="https://r.example/t",error_description="The "token" is old",service="s")"}) {
        INFO(header);
        world w;
        w.s.on(manifest, challenged(header));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on("https://r.example/t" + query, {200, R"({"token":"abc"})"});
        CHECK(w.inspect().has_value());
    }
}

TEST_CASE("an empty user name with a password is sent", "[W30]") {
    world w;
    w.secret = fixed_credentials(credential("", "p"));
    w.s.on(manifest, challenged(R"(Basic realm="x")"));
    w.s.on(manifest, {200, test::schema2()});
    CHECK(w.inspect().has_value());
    CHECK(w.sent(1) == "Basic OnA="); // ":p"
    world bearer;
    bearer.secret = w.secret;
    bearer.s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
    bearer.s.on(manifest, {200, test::schema2()});
    bearer.s.on("https://r.example/t" + query, {200, R"({"token":")" + std::string(20'000, 'a') + "\"}"});
    CHECK(bearer.inspect().has_value());
    CHECK(bearer.sent(1) == "Basic OnA=");
}

TEST_CASE("the way in is remembered by origin: 14 repositories cost one refused request", "[V23]") {
    auto const token_of = [](int i) { return "/t?service=s&scope=repository%3Apkg%2F" + std::to_string(i) + "%3Apull"; };
    auto const at = [](int i) { return "https://r.example/v2/pkg/" + std::to_string(i) + "/manifests/1"; };
    auto const ask = [](auto& registry, int i) {
        auto const r = registry.manifest(reference::parse("r.example/pkg/" + std::to_string(i) + ":1").value());
        return r ? errc::ok : r.error().kind();
    };
    for (bool const login : {false, true}) {
        INFO(login);
        testing::script s;
        for (int i = 0; i < 14; ++i) {
            if (i == 0) s.on(at(i), challenged(R"(Bearer realm="/t",service="s")"));
            s.on(at(i), {200, test::schema2()});
            s.on("https://r.example" + token_of(i) + (login ? "&account=u" : ""), {200, R"({"token":"t)" + std::to_string(i) + "\"}"});
        }
        test::client registry(testing::scripted_transport(s), {}, login ? fixed_credentials(credential("u", "p")) : fixed_credentials());
        for (int i = 0; i < 14; ++i) CHECK(ask(registry, i) == errc::ok);
        CHECK(s.journal.size() == 14 * 2 + 1);
        for (int i = 0; i < 14; ++i) CHECK(s.journal[s.journal.size() - 1 - 2 * static_cast<std::size_t>(i)].headers.find("Authorization") ==
                                           "Bearer t" + std::to_string(13 - i));
    }
    SECTION("a guess that fails is as if it had not been made") {
        testing::script s;
        s.on(at(0), challenged(R"(Bearer realm="/t",service="s")"));
        s.on(at(0), {200, test::schema2()});
        s.on("https://r.example" + token_of(0), {200, R"({"token":"t0"})"});
        s.on(at(1), {200, test::schema2()}); // anybody's, and the service gives no token for it
        s.on("https://r.example" + token_of(1), {403});
        s.on(at(2), challenged(R"(Bearer realm="/other",service="s2")")); // another service
        s.on(at(2), {200, test::schema2()});
        s.on("https://r.example" + token_of(2), {200, R"({"token":"t2"})"});
        s.on("https://r.example/other?service=s2&scope=repository%3Apkg%2F2%3Apull", {200, R"({"token":"o2"})"});
        test::client registry(testing::scripted_transport(s), {}, fixed_credentials());
        CHECK(ask(registry, 0) == errc::ok);
        s.journal.clear();
        CHECK(ask(registry, 1) == errc::ok);
        CHECK(asked(s) == journal{token_of(1), "/v2/pkg/1/manifests/1"});
        s.journal.clear();
        CHECK(ask(registry, 2) == errc::ok); // the gate was forgotten
        CHECK(asked(s) == journal{"/v2/pkg/2/manifests/1", "/other?service=s2&scope=repository%3Apkg%2F2%3Apull", "/v2/pkg/2/manifests/1 Bearer o2"});
    }
    SECTION("a token that was guessed is no reason to give up, and none to ask for it twice") {
        testing::script s;
        for (int i = 0; i < 3; ++i) {
            s.on("https://r.example" + token_of(i), {200, R"({"token":"t"})"});
            s.on(at(i), challenged(i == 1 ? R"(Bearer realm="/other",service="s2")" : R"(Bearer realm="/t",service="s")"));
            if (i < 2) s.on(at(i), {200, test::schema2()});
        }
        s.on("https://r.example/other?service=s2&scope=repository%3Apkg%2F1%3Apull", {200, R"({"token":"o"})"});
        s.on("https://r.example/other?service=s2&scope=repository%3Apkg%2F2%3Apull", {200, R"({"token":"o"})"});
        test::client registry(testing::scripted_transport(s), {}, fixed_credentials());
        CHECK(ask(registry, 0) == errc::ok);
        CHECK(ask(registry, 1) == errc::ok);
        CHECK(s.journal.size() == 3 + 4);
        s.journal.clear();
        CHECK(ask(registry, 2) == errc::auth_required);
        CHECK(asked(s) == journal{"/other?service=s2&scope=repository%3Apkg%2F2%3Apull", "/v2/pkg/2/manifests/1 Bearer o", token_of(2),
                                  "/v2/pkg/2/manifests/1 Bearer t"});
        s.journal.clear();
        CHECK(ask(registry, 2) == errc::auth_required); // by the right service now: it is asked once
        CHECK(asked(s) == journal{token_of(2), "/v2/pkg/2/manifests/1 Bearer t"});
    }
    SECTION("a remembered realm that is not trusted sees no login") {
        testing::script s;
        for (int i = 0; i < 2; ++i) {
            if (i == 0) s.on(at(i), challenged(R"(Bearer realm="https://b.test/t",service="s")"));
            s.on(at(i), {200, test::schema2()});
            s.on("https://b.test" + token_of(i), {200, R"({"token":"t"})"});
        }
        test::client registry(testing::scripted_transport(s), {}, fixed_credentials(credential("u", "p")));
        CHECK(ask(registry, 0) == errc::ok);
        CHECK(ask(registry, 1) == errc::ok);
        CHECK(s.journal.size() == 5);
        for (auto const& q : s.journal) CHECK(!std::string(q.headers.find("Authorization").value_or("")).starts_with("Basic"));
    }
    SECTION("what one origin said is no other's") {
        testing::script s;
        s.on(at(0), challenged(R"(Bearer realm="/t",service="s")"));
        s.on(at(0), {200, test::schema2()});
        s.on("https://r.example" + token_of(0), {200, R"({"token":"t0"})"});
        s.on("https://q.example/v2/pkg/0/manifests/1", {200, test::schema2()});
        test::client registry(testing::scripted_transport(s), {}, fixed_credentials());
        CHECK(ask(registry, 0) == errc::ok);
        s.journal.clear();
        CHECK(registry.manifest(reference::parse("q.example/pkg/0:1").value()).has_value());
        CHECK(s.journal.size() == 1);
    }
}

TEST_CASE("a secret is hidden in every form in which a server may repeat it", "[V09]") {
    auto const hides = [](credential const& c, std::string text, std::string const& expected) {
        secret_redactor told;
        told.add(c);
        told.hide_in(text);
        CHECK(text == expected);
    };
    auto const pw = [](std::string p) { return credential("user", std::move(p)); };
    hides(pw("Sup3r Secret+Passw0rd"), "form: password=Sup3r%20Secret%2BPassw0rd&x", "form: password=***&x");
    hides(pw("Sup3r Secret+Passw0rd"), "form: password=Sup3r+Secret%2BPassw0rd&x", "form: password=***&x");
    hides(pw("Sup3r Secret+Passw0rd"), "form: password=Sup3r%20Secret%2bPassw0rd&x", "form: password=***&x");
    hides(pw("h\xc3\xbcnter2-geheim"), "bad password h??nter2-geheim for", "bad password *** for");
    hides(pw("h\xc3\xbcnter2-geheim"), R"({"pw":"h\u00fcnter2-geheim"})", R"({"pw":"***"})");
    hides(pw("h\xc3\xbcnter2-geheim"), "h%C3%BCnter2-geheim!", "***!");
    hides(pw("key\xf0\x9f\x94\x91key"), R"(key\ud83d\udd11key.)", "***.");
    hides(pw(R"(Sup"3r\Secret/Passw0rd)"), R"({"pw":"Sup\"3r\\Secret/Passw0rd"})", R"({"pw":"***"})");
    hides(pw(R"(Sup"3r\Secret/Passw0rd)"), R"({"pw":"Sup\"3r\\Secret\/Passw0rd"})", R"({"pw":"***"})");
    hides(pw("Sup3rSecretPassw0rd"), "it was Sup3rSecr", "it was ***");
    hides(pw("Sup3rSecretPassw0rd"), "it was Sup3rSecr...", "it was ***...");
    hides(pw("Sup3rSecretPassw0rd"), "says UNAUTHORIZED (it was Sup3rSecr); next: stop", "says UNAUTHORIZED (it was ***); next: stop");
    hides(pw("Sup3rSecretPassw0rd"), "it was Sup, Super", "it was Sup, Super"); // less than a beginning
    hides(credential::identity("abc+/def=="), "refresh_token=abc%2B%2Fdef%3D%3D&", "refresh_token=***&");
    hides(credential::bearer("tok.en-1234"), "tok.en-1234, tok.e", "***, ***");
    auto const basic = detail::base64_encode("user:Sup3r?>>"); // has '/' or '+' and padding
    hides(pw("Sup3r?>>"), percent_encode(basic), "***");
    SECTION("and in what people get to read") {
        world w;
        w.secret = fixed_credentials(credential("alice", "Sup\"3r Secret-CANARY"));
        w.s.on(manifest, challenged(R"(Basic realm="x")"));
        w.s.on(manifest, {403, R"({"errors":[{"code":"DENIED","message":"Sup%223r%20Secret-CANARY","detail":{"pw":"Sup\"3r Secret-CANARY"}}]})"});
        auto const refused = w.inspect();
        REQUIRE(!refused.has_value());
        CHECK(refused.error().message().find("CANARY") == std::string::npos);
        CHECK(refused.error().detail().registry_errors.at(0).detail == R"({"pw":"***"})");

        world cut; // the end of what is kept falls into the secret
        auto const secret = "Sup3rSecretPassw0rd-CANARY-" + std::string(40, 'z');
        cut.secret = fixed_credentials(credential("alice", secret));
        cut.s.on(manifest, challenged(R"(Basic realm="x")"));
        cut.s.on(manifest, {403, R"({"errors":[{"code":"DENIED","message":")" + std::string(4096 - 46, 'A') + secret + "\"}]}"});
        auto const long_one = cut.inspect();
        REQUIRE(!long_one.has_value());
        CHECK(long_one.error().message().find("Sup3r") == std::string::npos);
    }
}

TEST_CASE("what a token service answers instead of a token is named, and not quoted: it may hold the token", "[W52]") {
    for (auto const* body : {R"(?"token":"CANARY","expires_in":60})", R"({"token":"CANARY")", "<t><token>CANARY</token></t>", "CANARY"}) {
        INFO(body);
        testing::script s;
        s.on(manifest, challenged(R"(Bearer realm="/t",service="s")"));
        s.on("https://r.example/t" + query, {200, body});
        test::client registry{testing::scripted_transport(s)};
        auto const r = registry.manifest(reference::parse("r.example/x:1").value());
        REQUIRE(!r);
        CHECK(r.error() == errc::auth_token_malformed);
        CHECK(r.error().message().find("CANARY") == std::string::npos);
    }
}

TEST_CASE("a registry that only shows its own name is not inside: no http realm of https", "[W16]") {
    testing::script s;
    s.on(manifest, challenged(R"(Bearer realm="http://r.example/t",service="s")"));
    s.on("http://r.example/t" + query, {200, R"({"token":"abc"})"});
    test::client registry{testing::scripted_transport(s)};
    auto const r = registry.manifest(reference::parse("r.example/x:1").value());
    REQUIRE(!r);
    CHECK(r.error() == errc::auth_realm_refused);
    CHECK(s.journal.size() == 1);
}

} // namespace authorize_test
