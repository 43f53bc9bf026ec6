// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"
#include "schema1_documents.hpp"

#include <lading/client/client_context.hpp>
#include <lading/legacy/v1_inspect.hpp>
#include <lading/middleware/fallback.hpp>
#include <lading/print/writers.hpp>

namespace v1_inspect_test {

using namespace lading;
using testing::script;

namespace {

using fields = std::vector<std::pair<std::string, std::string>>;

std::string const index_origin = "https://r.example";
std::string const images_path = "/v1/repositories/x/images", tags_path = "/v1/repositories/x/tags";
std::string const id = test::id('a');
std::string const image_path = "/v1/images/" + id + "/json";
std::string const image_json = test::v1(
    'a', 'b',
    R"(,"docker_version":"1.9.1","os":"linux","architecture":"amd64","author":"me <a@b>","comment":"c","Size":7,)"
    R"("container_config":{"Cmd":["/bin/sh","-c","x"]},"config":{"Env":["PATH=/bin"]},"Memory":1)");

/// Notes of each request of an operation whether credentials may be added to it.
template <class Op>
struct noting {
    using value_type = inspection;
    Op& op;
    std::vector<bool>& may_authorize;

    step<inspection> start() { return note(op.start()); }
    step<inspection> on_response(result<response> answer) { return note(op.on_response(std::move(answer))); }
    step<inspection> on_delay() { return note(op.on_delay()); }
    step<inspection> note(step<inspection> s) {
        if (auto const* x = std::get_if<need_exchange>(&s)) may_authorize.push_back(x->routing.may_authorize);
        return s;
    }
};

/// A registry that serves one image, unless the script says otherwise first.
struct world {
    explicit world(std::string index = index_origin, std::string path = "x")
        : base(std::move(index)), name(std::move(path)) {}

    std::string base, name;
    script s;
    limits bounds;
    schema1_rules rules = schema1_rules::modern;
    std::optional<credential> secret;
    fields index_headers;
    std::vector<bool> may_authorize; ///< a request each

    world& on(std::string const& path, testing::scripted_answer a) { return s.on(base + path, std::move(a)), *this; }
    void complete() {
        auto fallback = [&](std::string const& path, testing::scripted_answer a) {
            if (!s.answers.contains(base + path)) on(path, std::move(a));
        };
        fallback("/v1/repositories/" + name + "/images", {200, "[]", index_headers});
        fallback("/v1/repositories/" + name + "/tags", {200, R"({"latest":")" + id + R"(","1":")" + id + "\"}"});
        fallback(image_path, {200, image_json});
    }
    result<inspection> inspect(std::string_view ref = "r.example/x") {
        complete();
        return run_as_is(ref);
    }
    result<inspection> run_as_is(std::string_view ref = "r.example/x") {
        auto const parsed = reference::parse(ref).value();
        call_context talk(base, parsed.repository(), bounds);
        fixed_credentials credentials;
        if (secret) credentials = fixed_credentials(*secret);
        testing::scripted_transport transport(s);
        client_context<test::policies> context(client_options().with_limits(bounds), credentials, testing::manual_clock(), no_cache());
        endpoint_stack<v1_inspect_operation<test::policies>, test::policies> op(context, talk, parsed, inspect_options().with_schema1(rules));
        noting<decltype(op)> noted{op, may_authorize};
        return lading::run(noted, transport, context.clock);
    }
    std::vector<std::string> asked() const {
        std::vector<std::string> out;
        for (auto const& q : s.journal) out.push_back(q.url);
        return out;
    }
    std::string sent(std::size_t i, std::string_view field) const {
        return std::string(s.journal.at(i).headers.find(field).value_or("(none)"));
    }
};

std::vector<std::string> at(std::string const& base, std::vector<std::string> paths) {
    for (auto& p : paths) p = base + p;
    return paths;
}
/// Nothing comes after v1.
void check_final(error const& e) {
    INFO(e.message());
    CHECK(e.facts().answered);
    CHECK(e.facts().over_tls);
    CHECK_FALSE(e.facts().next_endpoint);
    CHECK_FALSE(e.facts().plaintext);
    CHECK_FALSE(e.facts().v1);
}
errc code_of(result<inspection> const& r) { return r ? errc::ok : r.error().kind(); }

/// The code of a run with one answer replaced; every failure must be final.
errc with(std::string const& path, testing::scripted_answer a) {
    world w;
    w.on(path, std::move(a));
    auto const r = w.inspect();
    if (!r) check_final(r.error());
    return code_of(r);
}
credential user() {
    credential c;
    c.username = "u";
    c.password = "p";
    return c;
}

} // namespace

// ---- 9.1 --------------------------------------------------------------------------------------------------------

TEST_CASE("three requests, and no ping", "[spec-9.1][row-0][row-1][row-2][row-3]") {
    world w;
    REQUIRE(w.inspect().has_value());
    CHECK(w.asked() == at(index_origin, {images_path, tags_path, image_path}));
    for (auto const& q : w.s.journal) {
        CHECK(q.method == "GET");
        CHECK(q.body.empty());
        CHECK(q.headers.find("User-Agent")->starts_with("lading/"));
    }
}

TEST_CASE("one form of the name, library/ only for docker.io", "[spec-9.1][spec-10.76][row-1][row-2]") {
    world w("https://index.docker.io", "library/x");
    REQUIRE(w.inspect("x").has_value());
    CHECK(w.asked() == at("https://index.docker.io", {"/v1/repositories/library/x/images",
                                                      "/v1/repositories/library/x/tags", image_path}));
    world nested(index_origin, "a/b/c");
    REQUIRE(nested.inspect("r.example/a/b/c").has_value());
    CHECK(nested.asked()[1] == index_origin + "/v1/repositories/a/b/c/tags");
}

TEST_CASE("a reference by digest asks nothing", "[spec-9.1]") {
    for (std::string const tag : {"", ":1"}) {
        world w;
        auto const r = w.inspect("r.example/x" + tag + "@sha256:" + test::id('a'));
        CHECK(code_of(r) == errc::v1_unsupported);
        CHECK(w.asked().empty());
        CHECK_FALSE(r.error().facts().answered);
        CHECK(r.error().facts().next_endpoint); // doc/protocol.md#docker-1-10: another protocol may
        CHECK_FALSE(r.error().facts().v1);
    }
}

// ---- 9.2 --------------------------------------------------------------------------------------------------------

TEST_CASE("no Basic header before it is asked for, and never an empty one", "[spec-9.2][spec-10.79][row-1]") {
    world anonymous;
    REQUIRE(anonymous.inspect().has_value());
    for (std::size_t i = 0; i < 3; ++i) CHECK(anonymous.sent(i, "Authorization") == "(none)");

    world refused;
    refused.on(images_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}});
    CHECK(code_of(refused.inspect()) == errc::auth_required);
    CHECK(refused.asked().size() == 1);
    CHECK(refused.sent(0, "Authorization") == "(none)");
}

TEST_CASE("a challenge is answered for the registry's own origin", "[spec-9.2][row-1]") {
    world w;
    w.secret = user();
    w.on(images_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}}).on(images_path, {200, "[]"});
    REQUIRE(w.inspect().has_value());
    CHECK(w.asked() == at(index_origin, {images_path, images_path, tags_path, image_path}));
    for (std::size_t i = 1; i < 4; ++i) CHECK(w.sent(i, "Authorization") == "Basic dTpw");

    world wrong;
    wrong.secret = user();
    wrong.on(images_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}});
    auto const r = wrong.inspect();
    CHECK(code_of(r) == errc::auth_denied);
    check_final(r.error());
}

TEST_CASE("the token of the first answer goes with the later requests", "[spec-9.2][row-2]") {
    world w;
    w.index_headers = {{"X-Docker-Token", "signature=1,repository=\"x\""}, {"X-Docker-Token", "access=read"}};
    REQUIRE(w.inspect().has_value());
    CHECK(w.sent(0, "X-Docker-Token") == "true");
    CHECK(w.sent(0, "Authorization") == "(none)");
    for (std::size_t i : {1u, 2u}) {
        CHECK(w.sent(i, "X-Docker-Token") == "(none)");
        CHECK(w.sent(i, "Authorization") == "Token signature=1,repository=\"x\",access=read");
        CHECK_FALSE(w.may_authorize.at(i));
    }

    world basic; // the token takes the place of the credentials it was given for
    basic.secret = user();
    basic.on(images_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}})
        .on(images_path, {200, "[]", {{"X-Docker-Token", "t"}}});
    REQUIRE(basic.inspect().has_value());
    CHECK(basic.sent(1, "Authorization") == "Basic dTpw");
    CHECK(basic.sent(2, "Authorization") == "Token t");
    CHECK(basic.s.journal[2].headers.all("Authorization").size() == 1);

    world none; // no token: may be authorised, with nothing to say yet
    REQUIRE(none.inspect().has_value());
    CHECK(none.may_authorize == std::vector<bool>{true, true, true});
}

TEST_CASE("a token that is no header value is refused", "[spec-9.2][row-2]") {
    auto token = [](std::string value) { return with(images_path, {200, "[]", {{"X-Docker-Token", value}}}); };
    CHECK(token("t") == errc::ok);
    CHECK(token("") == errc::ok);
    CHECK(token("a\tb") == errc::v1_malformed);
    CHECK(token("a\r\nHost: b") == errc::v1_malformed);
    CHECK(token(std::string(limits().token_length, 't')) == errc::ok);
    CHECK(token(std::string(limits().token_length + 1, 't')) == errc::v1_malformed);
}

TEST_CASE("a refused token is refused credentials only if it was made from some", "[spec-9.2][row-2]") {
    for (bool secret : {false, true}) {
        world w;
        if (secret) {
            w.secret = user();
            w.on(images_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}});
        }
        w.on(images_path, {200, "[]", {{"X-Docker-Token", "t"}}});
        w.on(tags_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}});
        auto const r = w.inspect();
        CHECK(code_of(r) == (secret ? errc::auth_denied : errc::auth_required));
        CHECK(w.asked().size() == (secret ? 3 : 2));
    }
}

TEST_CASE("endpoints of another origin get neither token nor credentials", "[spec-9.2][row-3]") {
    for (std::string const header : {"e.example", "https://e.example", "e.example:443", " e.example , "}) {
        INFO(header);
        world w;
        w.secret = user();
        w.index_headers = {{"X-Docker-Token", "secret"}, {"X-Docker-Endpoints", header}};
        w.s.on("https://e.example" + tags_path, {200, R"({"latest":")" + id + "\"}"});
        w.s.on("https://e.example" + image_path, {200, image_json});
        auto const image = w.inspect().value();
        CHECK(w.asked() == std::vector<std::string>{index_origin + images_path, "https://e.example" + tags_path,
                                                    "https://e.example" + image_path});
        for (std::size_t i : {1u, 2u}) {
            CHECK(w.sent(i, "Authorization") == "(none)");
            CHECK_FALSE(w.may_authorize.at(i));
        }
        CHECK(image.source == "https://e.example:443");
    }
    // Nor when they ask for them; other ports and schemes are other origins too.
    for (std::string const other : {"https://e.example", "https://r.example:444"}) {
        world w;
        w.secret = user();
        w.index_headers = {{"X-Docker-Token", "secret"}, {"X-Docker-Endpoints", other}};
        w.s.on(other + tags_path, {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}});
        CHECK(code_of(w.inspect()) == errc::auth_denied); // a login would not be sent either
        CHECK(w.asked().size() == 2);
        CHECK(w.sent(1, "Authorization") == "(none)");
    }
}

TEST_CASE("the index may name itself, and others beside it", "[spec-9.2][row-3]") {
    world w;
    w.index_headers = {{"X-Docker-Token", "t"}, {"X-Docker-Endpoints", "e.example,R.EXAMPLE"}};
    w.s.on("https://e.example" + tags_path, {500});
    w.s.on("https://e.example" + image_path, {500});
    auto const image = w.inspect().value();
    CHECK(w.asked() == std::vector<std::string>{index_origin + images_path, "https://e.example" + tags_path,
                                                index_origin + tags_path, "https://e.example" + image_path,
                                                index_origin + image_path});
    CHECK(w.sent(1, "Authorization") == "(none)");
    CHECK(w.sent(2, "Authorization") == "Token t");
    CHECK(w.sent(3, "Authorization") == "(none)");
    CHECK(w.sent(4, "Authorization") == "Token t");
    CHECK(image.warnings[0].text.find("status 500") != std::string::npos);
}

TEST_CASE("what cannot be an endpoint", "[spec-9.2][row-3]") {
    auto only = [](std::string value) { return with(images_path, {200, "[]", {{"X-Docker-Endpoints", value}}}); };
    CHECK(only("r.example") == errc::ok);
    CHECK(only("") == errc::ok); // names none
    CHECK(only(",, ,") == errc::ok);
    for (auto bad : {"http://r.example", "u:p@r.example", "r.example/path", "r.example?x", "ftp://r.example",
                     "r.example:0", "a b", "..", "http://"}) {
        INFO(bad);
        CHECK(only(bad) == errc::v1_malformed);
    }
    world w; // skipped beside a good one, with a warning that holds no secret
    w.index_headers = {{"X-Docker-Endpoints", "u:secret@r.example,r.example"}};
    auto const image = w.inspect().value();
    REQUIRE(image.warnings.size() == 2);
    CHECK(image.warnings[0].text.find("secret") == std::string::npos);
}

TEST_CASE("an index on http may name http", "[spec-9.2][row-3]") {
    world w("http://r.example");
    w.index_headers = {{"X-Docker-Endpoints", "e.example, https://f.example"}};
    w.s.on("http://e.example" + tags_path, {500});
    w.s.on("https://f.example" + tags_path, {404});
    CHECK(code_of(w.inspect()) == errc::name_unknown);
    CHECK(w.asked() == std::vector<std::string>{"http://r.example" + images_path, "http://e.example" + tags_path,
                                                "https://f.example" + tags_path});
}

TEST_CASE("no more than eight endpoints, each once", "[spec-9.2][row-3]") {
    world w;
    w.index_headers = {{"X-Docker-Endpoints", "e0.example,e0.example"}};
    for (int i = 1; i < 20; ++i)
        w.index_headers.emplace_back("X-Docker-Endpoints", "e" + std::to_string(i) + ".example");
    for (int i = 0; i < 20; ++i) w.s.on("https://e" + std::to_string(i) + ".example" + tags_path, {500});
    CHECK(code_of(w.inspect()) == errc::server_error);
    CHECK(w.asked().size() == 1 + 7); // one of the eight was named twice
}

TEST_CASE("a redirect to another origin takes no token along", "[spec-9.2][row-4]") {
    for (std::string const to : {"https://r.example", "https://e.example"}) {
        world w;
        w.secret = user();
        w.index_headers = {{"X-Docker-Token", "secret"}};
        w.on(tags_path, {302, "", {{"Location", to + "/moved"}}});
        w.s.on(to + "/moved", {200, R"({"latest":")" + id + "\"}"});
        REQUIRE(w.inspect().has_value());
        CHECK(w.asked()[2] == to + "/moved");
        CHECK(w.sent(1, "Authorization") == "Token secret");
        CHECK(w.sent(2, "Authorization") == (to == index_origin ? "Token secret" : "(none)"));
        CHECK_FALSE(w.may_authorize.at(2));
    }
}

TEST_CASE("the token belongs to the origin that gave it, not to who was asked", "[spec-9.2][row-4]") {
    world w;
    w.on(images_path, {302, "", {{"Location", "https://e.example/i"}}});
    w.s.on("https://e.example/i",
           {200, "[]", {{"X-Docker-Token", "t"}, {"X-Docker-Endpoints", "r.example,e.example"}}});
    w.on(tags_path, {500});
    w.s.on("https://e.example" + tags_path, {200, R"({"latest":")" + id + "\"}"});
    REQUIRE(w.inspect().has_value());
    CHECK(w.asked()[2] == index_origin + tags_path);
    CHECK(w.sent(2, "Authorization") == "(none)");
    CHECK(w.asked()[3] == "https://e.example" + tags_path);
    CHECK(w.sent(3, "Authorization") == "Token t");
}

// ---- 9.3 --------------------------------------------------------------------------------------------------------

TEST_CASE("images: 401 is auth_required or auth_denied", "[spec-9.3]") {
    CHECK(with(images_path, {401}) == errc::auth_required);
}

TEST_CASE("images: 404 only when the status is, with the name", "[spec-9.3][spec-10.77]") {
    world w;
    w.on(images_path, {404, "HTML"});
    auto const r = w.inspect();
    CHECK(code_of(r) == errc::name_unknown);
    CHECK(r.error().detail().context == "x");
    CHECK(r.error().http_status() == 404);
    CHECK(r.error().detail().url == index_origin + images_path);
    CHECK(with(images_path, {500, "HTTP code: 404"}) == errc::server_error);
}

TEST_CASE("images: another status is an error with the body", "[spec-9.3]") {
    for (auto [status, code] :
         {std::pair{204, errc::http_unexpected_status}, std::pair{304, errc::http_unexpected_status},
          std::pair{400, errc::registry_error}, std::pair{403, errc::denied}, std::pair{429, errc::rate_limited},
          std::pair{500, errc::server_error}, std::pair{503, errc::server_error}}) {
        INFO(status);
        world w;
        w.on(images_path, {status, "{\"error\":\"why\x01\"}"});
        auto const r = w.inspect();
        CHECK(code_of(r) == code);
        CHECK(r.error().detail().registry_errors.at(0).message == "{\"error\":\"why?\"}");
        CHECK(r.error().http_status() == status);
        CHECK(w.asked().size() == 1);
        check_final(r.error());
    }
}

TEST_CASE("images: a list, or null; a null element is one", "[spec-9.3][spec-10.81]") {
    for (auto good : {"[]", "null", "[null]", R"([{"id":"a","checksum":"c","Tag":"t"},null,{}])"}) {
        INFO(good);
        CHECK(with(images_path, {200, good}) == errc::ok);
    }
    for (auto bad : {"", "{}", "[1]", "[\"a\"]", "1", "\"a\"", "[", "[] x", "<html>"}) {
        INFO(bad);
        CHECK(with(images_path, {200, bad}) == errc::v1_malformed);
    }
}

TEST_CASE("tags: 404 is the answer of all endpoints", "[spec-9.3]") {
    world w;
    w.index_headers = {{"X-Docker-Endpoints", "r.example,e.example"}};
    w.on(tags_path, {404});
    auto const r = w.inspect();
    CHECK(code_of(r) == errc::name_unknown);
    check_final(r.error());
    CHECK(w.asked().size() == 2);
}

TEST_CASE("tags: a transport error or a malformed answer is returned at once", "[spec-9.3]") {
    auto first = [](testing::scripted_answer a) {
        world w;
        w.index_headers = {{"X-Docker-Endpoints", "r.example,e.example"}};
        w.on(tags_path, std::move(a));
        auto const r = w.inspect();
        CHECK(w.asked().size() == 2);
        check_final(r.error());
        return code_of(r);
    };
    CHECK(first(error(errc::connection_reset)) == errc::connection_reset);
    CHECK(first(error(errc::timeout)) == errc::timeout);
    for (auto bad : {"", "[]", "1", R"(["latest"])", R"([{"name":"latest","layer":"aaaaaaaa"}])", R"({"latest":1})",
                     R"({"latest":null})", R"({"a/b":"x"})", R"({"":"x"})", R"({"a":"x","a":"y"})"}) {
        INFO(bad);
        CHECK(first({200, bad}) == errc::v1_malformed);
    }
}

TEST_CASE("tags: another status asks the next endpoint", "[spec-9.3]") {
    for (int status : {400, 401, 403, 500, 304}) {
        INFO(status);
        world w;
        w.index_headers = {{"X-Docker-Endpoints", "e.example,r.example"}};
        w.s.on("https://e.example" + tags_path, {status});
        REQUIRE(w.inspect().has_value());
        CHECK(w.asked()[2] == index_origin + tags_path);
    }
    world all;
    all.index_headers = {{"X-Docker-Endpoints", "e.example,r.example"}};
    all.s.on("https://e.example" + tags_path, {500});
    all.on(tags_path, {403});
    auto const r = all.inspect();
    CHECK(code_of(r) == errc::denied); // the last one's
    check_final(r.error());
    CHECK(all.asked().size() == 3);
}

TEST_CASE("tags: sorted, and the tag that is wanted is the one that is taken", "[spec-9.3][spec-10.78]") {
    auto const other = test::id('b');
    std::string const list = R"({"b":")" + other + R"(","latest":")" + id + R"(","A":"","1":")" + id + "\"}";
    auto serve = [&](std::string_view ref) {
        world w;
        w.on(tags_path, {200, list});
        return w.inspect(ref);
    };
    for (auto ref : {"r.example/x", "r.example/x:latest", "r.example/x:1"}) {
        auto const image = serve(ref).value();
        CHECK(image.tags.state == tags_state::complete);
        CHECK(image.tags.values == std::vector<std::string>{"1", "A", "b", "latest"});
    }
    auto const missing = serve("r.example/x:2");
    CHECK(code_of(missing) == errc::manifest_unknown);
    CHECK(missing.error().detail().available == std::vector<std::string>{"1", "A", "b", "latest"});
    check_final(missing.error());
    CHECK(code_of(serve("r.example/x:A")) == errc::v1_malformed); // has no id

    world without; // never any other tag
    without.on(tags_path, {200, R"({"1":")" + id + "\"}"});
    CHECK(code_of(without.inspect()) == errc::manifest_unknown);
    CHECK(without.asked().size() == 2);
}

TEST_CASE("tags: an empty list is no tag at all", "[spec-9.3]") {
    for (auto none : {"{}", "null"}) {
        world w;
        w.on(tags_path, {200, none});
        auto const r = w.inspect();
        CHECK(code_of(r) == errc::manifest_unknown);
        CHECK(r.error().detail().context == "no tags are available");
        CHECK(r.error().detail().available.empty());
    }
}

TEST_CASE("tags: an id is 64 hex digits before it becomes part of a path", "[spec-9.3]") {
    for (auto const& bad : {std::string("../x"), test::id('A'), id.substr(1), id + "a", std::string("a/b")}) {
        world w;
        w.on(tags_path, {200, R"({"latest":")" + bad + "\"}"});
        CHECK(code_of(w.inspect()) == errc::v1_malformed);
        CHECK(w.asked().size() == 2);
    }
}

TEST_CASE("image: whatever is wrong, the next endpoint is asked, and the last error is the answer", "[spec-9.3]") {
    std::string const another = test::v1('b', '-');
    for (auto const& [answer, code] : std::vector<std::pair<testing::scripted_answer, errc>>{
             {{404, R"({"error":"Image not found"})"}, errc::not_found},
             {{500}, errc::server_error},
             {{302}, errc::redirect_invalid},
             {{304}, errc::http_unexpected_status},
             {error(errc::connection_reset), errc::connection_reset},
             {{200, another}, errc::v1_malformed},
             {{200, "{}"}, errc::v1_malformed},
             {{200, ""}, errc::v1_malformed},
             {{200, "[]"}, errc::v1_malformed},
             {{200, test::v1('a', '-', R"(,"os":1)")}, errc::v1_malformed},
             {{200, test::v1('a', '-', R"(,"throwaway":1)")}, errc::v1_malformed},
             {{200, test::v1('a', '-', R"(,"variant":1)")}, errc::config_schema},
             {{200, image_json, {{"X-Docker-Size", "12x"}}}, errc::v1_malformed},
             {{200, image_json, {{"X-Docker-Size", ""}}}, errc::v1_malformed}}) {
        INFO(name_of(code) << ' ' << answer.body);
        CHECK(with(image_path, answer) == code);

        world w;
        w.index_headers = {{"X-Docker-Endpoints", "e.example,r.example"}};
        w.s.on("https://e.example" + tags_path, {500});
        w.s.on("https://e.example" + image_path, answer);
        auto const r = w.inspect();
        REQUIRE(r.has_value());
        CHECK(r.assume_value().source == "https://r.example:443");
        REQUIRE(r.assume_value().warnings.size() == 2);
        CHECK(r.assume_value().warnings[0].text.find(name_of(code)) != std::string::npos);
    }
    CHECK(with(image_path, {200, image_json, {{"X-Docker-Size", "12"}}}) == errc::ok);
    CHECK(with(image_path, {200, image_json, {{"X-Docker-Size", "-1"}}}) == errc::ok);

    for (errc stop : {errc::timeout, errc::cancelled}) { // the caller's time is over
        world w;
        w.index_headers = {{"X-Docker-Endpoints", "r.example,e.example"}};
        w.on(image_path, error(stop));
        CHECK(code_of(w.inspect()) == stop);
        CHECK(w.asked().size() == 3);
    }
}

TEST_CASE("a failure before any answer has the facts of the transport, a timeout its type", "[spec-9.3][spec-9.5]") {
    fallback_facts facts;
    facts.over_tls = facts.plaintext = facts.next_endpoint = true;
    error refused(errc::connection_refused);
    refused.with_facts(facts);
    world w;
    w.on(images_path, refused);
    auto const r = w.inspect();
    CHECK(code_of(r) == errc::connection_refused);
    CHECK(r.error().facts() == facts);

    for (auto const& path : {tags_path, image_path}) CHECK(with(path, refused) == errc::connection_refused); // final
    world dependent;
    dependent.on(images_path, error(errc::timeout_header));
    CHECK(code_of(dependent.inspect()) == errc::timeout_header);

    world retry; // that the same request may succeed later stays known
    retry.on(images_path, {503, "", {{"Retry-After", "7"}}});
    auto const later = retry.inspect();
    CHECK(later.error().facts().retry);
    CHECK(later.error().retry_after_seconds() == 7);
}

TEST_CASE("sizes are bounded", "[spec-9.3]") {
    auto bounded = [](auto&& change) {
        world w;
        change(w.bounds);
        return w.inspect();
    };
    CHECK(code_of(bounded([](limits& l) { l.manifest_bytes = image_json.size(); })) == errc::ok);
    CHECK(code_of(bounded([](limits& l) { l.manifest_bytes = image_json.size() - 1; })) == errc::body_too_large);
    CHECK(code_of(bounded([](limits& l) { l.manifest_bytes = 20; })) == errc::body_too_large);

    auto const one = bounded([](limits& l) { l.tags = 1; }).value();
    CHECK(one.tags.state == tags_state::truncated); // the one that was wanted is found all the same
    CHECK(one.tags.values == std::vector<std::string>{"1"});
    auto const six = bounded([](limits& l) { l.tags_bytes = 6; }).value();
    CHECK(six.tags.values == std::vector<std::string>{"1"});
    auto const seven = bounded([](limits& l) { l.tags_bytes = 7; }).value();
    CHECK(seven.tags.state == tags_state::complete);

    world many; // more than other documents may have members, and only some of them in the message
    std::string list;
    for (int i = 0; i < 20'000; ++i) list += (i ? ",\"" : "{\"") + std::to_string(i) + "\":\"" + id + "\"";
    many.on(tags_path, {200, list + "}"});
    auto const r = many.inspect();
    CHECK(code_of(r) == errc::manifest_unknown);
    CHECK(r.error().detail().available.size() == 100);
    CHECK(r.error().detail().context == "no tag latest, and 19900 more are available");
}

// ---- 9.4 --------------------------------------------------------------------------------------------------------

TEST_CASE("the image JSON is converted as schema1 converts its top entry", "[spec-9.4]") {
    for (auto rules : {schema1_rules::modern, schema1_rules::docker_1_10})
        for (std::string const version : {"1.9.1", "1.7.1"}) {
            auto const entry =
                test::v1('a', '-',
                         R"(,"docker_version":")" + version +
                             R"(","os":"linux","author":"me <a@b>","Size":7,"layer_id":"l","Memory":1,)"
                             R"("container_config":{"Cmd":["sh","-c","x"],"Memory":1},"config":null)");
            auto const document = test::schema1_of({entry}, "");
            auto const chain = check_schema1<strict_json>(document, limits(), rules).value();
            auto const wanted = convert_schema1<strict_json>(document, chain, limits(), rules).value();
            world w;
            w.rules = rules;
            w.on(image_path, {200, entry});
            auto const image = w.inspect().value();
            CHECK(image.config_bytes == wanted.config_json);
            CHECK(image.history == wanted.history);
            CHECK(image.image->history == wanted.image.history);
            CHECK(image.image->author == "me <a@b>");
            CHECK(image.image->docker_version == version);
        }
}

TEST_CASE("the record and its outputs", "[spec-9.4]") {
    world w;
    auto const image = w.inspect("r.example/x:1").value();
    CHECK(image.kind == image_kind::v1);
    CHECK(image.resolved.media_type == "application/json");
    CHECK(image.resolved.digest.str() == test::digest_of(image_json));
    CHECK(image.resolved.size == static_cast<std::int64_t>(image_json.size()));
    CHECK(image.manifest_bytes == image_json);
    CHECK(image.image->architecture == "amd64");
    CHECK(image.config_bytes.find(R"("Memory":1)") != std::string::npos);
    CHECK(image.config_bytes.find(R"("rootfs":{"type":"layers"})") != std::string::npos);
    CHECK(image.config_bytes.find(R"("parent")") == std::string::npos);
    REQUIRE(image.history.size() == 1);
    CHECK(image.history[0].created_by == "/bin/sh -c x");
    CHECK(image.layers.empty());
    CHECK(image.total_size == descriptor::unknown_size);
    CHECK(image.source == "https://r.example:443");
    REQUIRE(image.warnings.size() == 1);
    CHECK(image.warnings[0].text.find("no digests") != std::string::npos);

    auto const original = to_docker_1_10(image);
    CHECK(original.starts_with(R"({"Tag":"1","Digest":"","RepoTags":["1","latest"],"Comment":"c",)"
                               R"("Created":"2016-01-02T03:04:05Z",)"));
    CHECK(to_modern(image).find("\"Digest\": \"\"") != std::string::npos);
    CHECK(to_json(image).find("\"kind\": \"v1\"") != std::string::npos);
    CHECK(to_table(image).find("no digests") != std::string::npos);
}

TEST_CASE("v1: bodies come in pieces of any size", "[spec-9]") {
    for (std::size_t piece : {1u, 3u, 100u}) {
        world w;
        w.s.piece = piece;
        CHECK(w.inspect().has_value());
    }
}

TEST_CASE("a failure at any exchange is the failure of the operation", "[spec-9.5]") {
    std::vector<std::string> const paths{images_path, tags_path, image_path};
    for (std::size_t n = 0; n < paths.size(); ++n) {
        world w;
        w.on(paths[n], error(errc::connection_reset));
        CHECK(code_of(w.inspect()) == errc::connection_reset);
        CHECK(w.asked().size() == n + 1);
    }
}

TEST_CASE("v1: a base that is no URL asks nothing") {
    world w("r.example");
    CHECK(code_of(w.run_as_is()) == errc::url_invalid);
    CHECK(w.asked().empty());
}

} // namespace v1_inspect_test
