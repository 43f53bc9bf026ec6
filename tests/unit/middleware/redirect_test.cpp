// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

namespace redirect_test {

using namespace lading;

namespace {
std::string const start = "https://a.test/v2/x/manifests/1";

struct world {
    testing::script s;
    world& to(std::string from, std::string location, int status = 307) {
        s.on(std::move(from), {status, "", {{"Location", std::move(location)}}});
        return *this;
    }
    result<basic_manifest<default_manifests>> get(fixed_credentials secret = {}) {
        test::client registry(testing::scripted_transport(s), client_options(), secret);
        return registry.manifest(reference::parse("a.test/x:1").value());
    }
    errc code() {
        auto const r = get();
        return r ? errc::ok : r.error().kind();
    }
};
} // namespace

TEST_CASE("redirects of a GET are followed with their headers", "[spec-4.4]") {
    for (int status : {301, 302, 303, 307, 308}) {
        world w;
        w.to(start, "https://b.test/m?sig=1", status).s.on("https://b.test/m?sig=1", {200, test::schema2()});
        CHECK(w.get().has_value());
        CHECK(w.s.journal[1].headers.find("Accept") == default_manifests::accept());
    }
    world relative;
    relative.to(start, "../other/2").s.on("https://a.test/v2/x/other/2", {200, test::schema2()});
    CHECK(relative.get().has_value());
}

TEST_CASE("other 3xx are not followed", "[H32]") {
    for (int status : {300, 304, 305, 306}) {
        world w;
        w.to(start, "https://b.test/m", status);
        CHECK(w.code() == errc::http_unexpected_status);
        CHECK(w.s.journal.size() == 1);
    }
}

TEST_CASE("what is no target", "[C04][H29]") {
    for (auto [location, code] : {std::pair{"http://a.test/x", errc::redirect_downgrade},
                                  std::pair{"", errc::redirect_invalid},
                                  std::pair{"ftp://a.test/", errc::redirect_invalid},
                                  std::pair{"https://x:y@b.test/", errc::url_invalid},
                                  std::pair{"//x@b.test/", errc::url_invalid},
                                  std::pair{"https://b.test\\@c.test/x", errc::url_invalid},
                                  std::pair{"https://b.t\xc3\xa9st/x", errc::redirect_invalid},
                                  std::pair{"https://b test/x", errc::redirect_invalid},
                                  std::pair{"https://b.test/a\tb", errc::redirect_invalid}}) {
        INFO(location);
        world w;
        w.to(start, location);
        CHECK(w.code() == code);
        CHECK(w.s.journal.size() == 1);
    }
}

TEST_CASE("what no URL may hold is percent-encoded in a Location, and the target followed", "[W49]") {
    for (auto [location, asked] : {std::pair{"https://b.test/a b", "https://b.test/a%20b"},
                                   std::pair{"https://b.test/x?f=caf\xc3\xa9.tar", "https://b.test/x?f=caf%C3%A9.tar"},
                                   std::pair{"https://b.test/x?d=filename=\"a\"&p=<b>", "https://b.test/x?d=filename=%22a%22&p=%3Cb%3E"},
                                   std::pair{"https://b.test/a%20b c", "https://b.test/a%20b%20c"},
                                   std::pair{"/v2/x/blobs\\1", "https://a.test/v2/x/blobs%5C1"},
                                   std::pair{"\\\\b.test\\x", "https://a.test/v2/x/manifests/%5C%5Cb.test%5Cx"}}) {
        INFO(location);
        world w;
        w.to(start, location).s.on(asked, {200, test::schema2()});
        CHECK(w.code() == errc::ok);
        REQUIRE(w.s.journal.size() == 2);
        CHECK(w.s.journal[1].url == asked);
    }
}

TEST_CASE("a signed URL of the registry's own origin is asked without Authorization", "[W50]") {
    fixed_credentials const secret(credential("alice", "pw-CANARY"));
    for (auto [query, sent] : {std::pair{"X-Amz-Algorithm=AWS4&X-Amz-Signature=ab", false}, std::pair{"x-amz-signature=ab", false},
                               std::pair{"X-Goog-Signature=ab", false}, std::pair{"se=2030&sig=ab%3D", false},
                               std::pair{"Expires=1&Signature=ab&Key-Pair-Id=c", false}, std::pair{"signed=no", true},
                               std::pair{"xsig=1", true}, std::pair{"sig", true}, std::pair{"a=sig", true}}) {
        INFO(query);
        world w;
        auto const there = "https://a.test/storage/x?" + std::string(query);
        w.s.on(start, {401, "", {{"WWW-Authenticate", "Basic realm=x"}}});
        w.to(start, there).s.on(there, {200, test::schema2()});
        CHECK(w.get(secret).has_value());
        REQUIRE(w.s.journal.size() == 3);
        CHECK(w.s.journal[1].headers.find("Authorization"));
        CHECK(w.s.journal[2].headers.find("Authorization").has_value() == sent);
    }
}

TEST_CASE("a redirect to itself ends after exactly eleven requests", "[H30]") {
    world w;
    w.to(start, start);
    CHECK(w.code() == errc::redirect_too_many);
    CHECK(w.s.journal.size() == 11);
}

TEST_CASE("credentials never cross an origin, and do not come back", "[C01][C02][C03][C05]") {
    fixed_credentials const secret(credential("alice", "pw-CANARY"));
    for (auto other : {"https://b.test/x", "https://a.test:5002/x", "https://cdn.a.test/x", "https://test/x"}) {
        INFO(other);
        world w;
        w.s.on(start, {401, "", {{"WWW-Authenticate", "Basic realm=x"}}});
        w.to(start, other).to(other, "https://a.test/back").s.on("https://a.test/back", {200, test::schema2()});
        CHECK(w.get(secret).has_value());
        REQUIRE(w.s.journal.size() == 4);
        CHECK(w.s.journal[1].headers.find("Authorization"));
        CHECK(!w.s.journal[2].headers.find("Authorization"));
        CHECK(!w.s.journal[3].headers.find("Authorization"));
    }
}

TEST_CASE("a 401 of a redirect's target is final", "[C06]") {
    world w;
    w.to(start, "https://b.test/x");
    w.s.on("https://b.test/x", {401, "", {{"WWW-Authenticate", R"(Bearer realm="https://b.test/t",service="s")"}}});
    auto const r = w.get(fixed_credentials(credential("alice", "pw-CANARY")));
    CHECK(r.error().http_status() == 401);
    CHECK(w.s.journal.size() == 2);
}

} // namespace redirect_test
