// SPDX-License-Identifier: BSL-1.0
// The embedded registry as a stranger sees it: bare sockets, no code of the client.
#include "catch.hpp"
#include "raw_http.hpp"

#include <lading/testing/registry.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace registry_test {

using namespace lading::testing;
using lading::detail::base64_encode;
using test::raw_http;

namespace {

bool has(std::string const& text, std::string_view part) { return text.find(part) != text.npos; }
std::string authorization(std::string const& value) { return "Authorization: " + value + "\r\n"; }
std::string basic(std::string_view account) { return authorization("Basic " + base64_encode(account)); }
std::string member(std::string const& json, std::string const& key) {
    auto const at = json.find('"' + key + "\":\"");
    if (at == json.npos) return {};
    auto const begin = at + key.size() + 4;
    return json.substr(begin, json.find('"', begin) - begin);
}
std::string bearer(std::string const& json) { return authorization("Bearer " + member(json, "token")); }

std::string const image_type = "application/vnd.oci.image.manifest.v1+json";

} // namespace

TEST_CASE("registry: base, manifests and blobs, by GET and HEAD, on one connection") {
    registry r;
    auto const digest = r.put_manifest("a/b", "v1", "{\"x\":1}", image_type);
    auto const blob = r.put_blob("bytes\n");
    CHECK(blob == "sha256:95cc8e8ec552664096b998c62dfd5dfd0a41c96154de6814d918d1ca34bfc225");
    raw_http c(r.port());
    auto const base = c.get("/v2/");
    CHECK(base.status == 200);
    CHECK(base.body == "{}");
    CHECK(base.header("docker-distribution-api-version") == "registry/2.0");

    std::string const targets[] = {"/v2/a/b/manifests/v1", "/v2/a/b/manifests/" + digest,
                                   "/v2/a/b/manifests/v%31"};
    for (auto const& target : targets) {
        auto const got = c.get(target);
        CHECK(got.status == 200);
        CHECK(got.body == "{\"x\":1}");
        CHECK(got.header("content-type") == image_type);
        CHECK(got.header("docker-content-digest") == digest);
        auto const head = c.ask("HEAD", target);
        CHECK(head.status == 200);
        CHECK(head.body.empty());
        CHECK(head.header("content-length") == "7");
        CHECK(head.header("docker-content-digest") == digest);
    }
    auto const got = c.get("/v2/a/b/blobs/" + blob);
    CHECK(got.body == "bytes\n");
    CHECK(got.header("content-type") == "application/octet-stream");
    CHECK(got.header("docker-content-digest") == blob);
    CHECK(c.ask("HEAD", "/v2/a/b/blobs/" + blob).header("content-length") == "6");
    CHECK(r.connections() == 1);
}

TEST_CASE("registry: a tag moves; a given digest is believed") {
    registry r;
    auto const first = r.put_manifest("a", "v1", "{}", image_type);
    r.put_manifest("a", "v1", "{ }", image_type);
    CHECK(r.put_manifest("a", "odd", "{  }", image_type, "sha256:feed") == "sha256:feed");
    raw_http c(r.port());
    CHECK(c.get("/v2/a/manifests/v1").body == "{ }");
    CHECK(c.get("/v2/a/manifests/" + first).body == "{}");
    CHECK(c.get("/v2/a/manifests/odd").header("docker-content-digest") == "sha256:feed");
}

TEST_CASE("registry: refusals", "[spec-4.7]") {
    registry r;
    r.put_manifest("a", "v1", "{}", image_type);
    raw_http c(r.port());
    struct {
        char const *method, *target;
        int status;
        char const* code;
    } const rows[] = {
        {"GET", "/v2/a/manifests/v2", 404, "MANIFEST_UNKNOWN"},
        {"HEAD", "/v2/a/manifests/v2", 404, nullptr},
        {"GET", "/v2/b/manifests/v1", 404, "NAME_UNKNOWN"},
        {"GET", "/v2/b/tags/list", 404, "NAME_UNKNOWN"},
        {"GET", "/v2/b/blobs/sha256:00", 404, "NAME_UNKNOWN"},
        {"GET", "/v2/a/blobs/sha256:00", 404, "BLOB_UNKNOWN"},
        {"GET", "/v2/a/tags/list?n=x", 400, "PAGINATION_NUMBER_INVALID"},
        {"GET", "/v2/a/tags/list?n=-1", 400, "PAGINATION_NUMBER_INVALID"},
        {"POST", "/v2/a/blobs/uploads", 405, "UNSUPPORTED"},
        {"PUT", "/v2/a/manifests/v1", 405, "UNSUPPORTED"},
        {"GET", "/v2/a/referrers/x", 404, nullptr},
        {"GET", "/v2/a/manifests/", 404, nullptr},
        {"GET", "/v1/_ping", 404, nullptr},
        {"GET", "/token", 404, nullptr},
        {"GET", "/v2/a%0d%0aX:%20y/tags/list", 400, nullptr},
        {"GET", "/v2/a%2/tags/list", 400, nullptr},
    };
    for (auto const& row : rows) {
        CAPTURE(row.method, row.target);
        auto const got = c.ask(row.method, row.target);
        CHECK(got.status == row.status);
        if (row.code)
            CHECK(has(got.body, "{\"errors\":[{\"code\":\"" + std::string(row.code) + "\",\"message\":\""));
    }
    CHECK(c.ask("PUT", "/v2/a/manifests/v1").header("allow") == "GET, HEAD");
    CHECK(r.connections() == 1);
}

TEST_CASE("registry: tags and their pages", "[spec-4.1]") {
    registry_options o;
    std::optional<std::size_t> page;
    SECTION("all at once") {}
    SECTION("the server's pages") { page = 2; }
    if (page) o.with_tag_page(*page);
    registry r(o);
    for (auto tag : {"c", "a", "e", "b", "d"}) r.put_manifest("n/m", tag, "{}", image_type);
    raw_http c(r.port());
    auto const all = c.get("/v2/n/m/tags/list");
    auto const three = c.get("/v2/n/m/tags/list?n=3");
    auto const last = c.get("/v2/n/m/tags/list?n=3&last=c");
    CHECK(all.header("content-type") == "application/json");
    if (page) {
        CHECK(all.body == R"({"name":"n/m","tags":["a","b"]})");
        CHECK(all.header("link") == "</v2/n/m/tags/list?last=b&n=2>; rel=\"next\"");
        CHECK(three.body == R"({"name":"n/m","tags":["a","b"]})");
        CHECK(three.header("link") == "</v2/n/m/tags/list?last=b&n=3>; rel=\"next\"");
        CHECK(c.get("/v2/n/m/tags/list?last=d&n=2").header("link").empty());
    } else {
        CHECK(all.body == R"({"name":"n/m","tags":["a","b","c","d","e"]})");
        CHECK(all.header("link").empty());
        CHECK(three.body == R"({"name":"n/m","tags":["a","b","c"]})");
        CHECK(three.header("link") == "</v2/n/m/tags/list?last=c&n=3>; rel=\"next\"");
        CHECK(c.get("/v2/n/m/tags/list?n=0").body == R"({"name":"n/m","tags":[]})");
    }
    CHECK(last.body == R"({"name":"n/m","tags":["d","e"]})");
    CHECK(last.header("link").empty());
}

TEST_CASE("registry: tags refused, and no version header") {
    registry r(registry_options().with_refused_tags().with_v2_header(false));
    r.put_manifest("a", "v1", "{}", image_type);
    raw_http c(r.port());
    auto const got = c.get("/v2/a/tags/list");
    CHECK(got.status == 403);
    CHECK(has(got.body, "DENIED"));
    CHECK_FALSE(c.get("/v2/").headers.find("docker-distribution-api-version"));
    CHECK(c.get("/v2/a/manifests/v1").status == 200);
}

TEST_CASE("registry: Basic") {
    registry r(registry_options().with_protection(access::basic).with_account("me", "pass:word"));
    raw_http c(r.port());
    auto const got = c.get("/v2/");
    CHECK(got.status == 401);
    CHECK(got.header("www-authenticate") == "Basic realm=\"registry.test\"");
    CHECK(has(got.body, "\"UNAUTHORIZED\""));
    CHECK(got.header("docker-distribution-api-version") == "registry/2.0");
    CHECK(c.get("/v2/", basic("me:pass:word")).status == 200);
    CHECK(c.get("/v2/", basic("me:password")).status == 401);
    CHECK(c.get("/v2/", authorization("Basic ")).status == 401);
    CHECK(c.get("/v2/", authorization("Bearer x")).status == 401);
    CHECK(c.get("/v2/x/tags/list").status == 401);
}

TEST_CASE("registry: bearer tokens by GET", "[spec-3.3][spec-3.5]") {
    registry_options o;
    registry r(o.with_protection(access::bearer).with_service("svc"));
    r.put_manifest("a/b", "v1", "{}", image_type);
    r.put_manifest("other", "v1", "{}", image_type);
    raw_http c(r.port());
    auto const realm = "Bearer realm=\"" + r.url() + "/token\",service=\"svc\"";
    CHECK(c.get("/v2/").header("www-authenticate") == realm);
    auto const refused = c.get("/v2/a/b/manifests/v1");
    CHECK(refused.status == 401);
    CHECK(refused.header("www-authenticate") == realm + ",scope=\"repository:a/b:pull\"");
    CHECK(has(refused.body, "\"UNAUTHORIZED\""));

    auto const answer = c.get("/token?service=svc&scope=repository%3Aa%2Fb%3Apull%2Cpush");
    CHECK(answer.status == 200);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(has(answer.body, "\"expires_in\":300"));
    CHECK(member(answer.body, "token") == member(answer.body, "access_token"));
    CHECK(member(answer.body, "token").size() == 32);
    CHECK(member(answer.body, "issued_at").size() == 20);
    CHECK(member(answer.body, "scope") == "repository:a/b:pull");
    CHECK(member(c.get("/token").body, "token") != member(answer.body, "token"));

    auto const token = bearer(answer.body);
    CHECK(c.get("/v2/a/b/manifests/v1", token).status == 200);
    CHECK(c.get("/v2/", token).status == 200);
    auto const other = c.get("/v2/other/manifests/v1", token);
    CHECK(other.status == 401);
    CHECK(has(other.header("www-authenticate"), ",error=\"insufficient_scope\""));
    auto const wrong = c.get("/v2/other/manifests/v1", authorization("Bearer nonsense"));
    CHECK(has(wrong.header("www-authenticate"), ",error=\"invalid_token\""));
    CHECK(c.get("/v2/a/b/manifests/v1", basic("user:secret")).status == 401);

    auto const two = c.get("/token?scope=repository:a/b:pull&scope=repository:other:pull+repository:z:push");
    CHECK(member(two.body, "scope") == "repository:a/b:pull repository:other:pull");
    CHECK(c.get("/v2/other/manifests/v1", bearer(two.body)).status == 200);

    CHECK(c.get("/token", basic("user:secret")).status == 200);
    auto const bad = c.get("/token", basic("user:wrong"));
    CHECK(bad.status == 401);
    CHECK(bad.header("www-authenticate") == "Basic realm=\"token service\"");
    CHECK(c.ask("PUT", "/token").status == 405);

    r.revoke_tokens();
    CHECK(c.get("/v2/a/b/manifests/v1", token).status == 401);
}

TEST_CASE("registry: tokens expire, and none for strangers when told so") {
    registry_options o;
    registry r(o.with_protection(access::bearer).with_token_seconds(0).with_anonymous_tokens(false));
    raw_http c(r.port());
    CHECK(c.get("/token").status == 401);
    auto const answer = c.get("/token", basic("user:secret"));
    CHECK(answer.status == 200);
    CHECK(c.get("/v2/", bearer(answer.body)).status == 401);
}

TEST_CASE("registry: tokens by POST", "[spec-3.6]") {
    registry r(registry_options().with_protection(access::bearer));
    r.put_manifest("a", "v1", "{}", image_type);
    raw_http c(r.port());
    std::string const scope = "&service=x&client_id=test&scope=repository%3Aa%3Apull";
    auto post = [&](std::string const& form) { return c.ask("POST", "/token", {}, form); };
    auto const first = post("grant_type=password&username=user&password=secret&access_type=offline" + scope);
    CHECK(first.status == 200);
    CHECK(c.get("/v2/a/manifests/v1", bearer(first.body)).status == 200);
    auto const refresh = member(first.body, "refresh_token");
    CHECK(refresh.size() == 32);
    auto const second = post("grant_type=refresh_token&refresh_token=" + refresh + scope);
    CHECK(second.status == 200);
    CHECK(member(second.body, "refresh_token") == refresh);
    CHECK(c.get("/v2/a/manifests/v1", bearer(second.body)).status == 200);

    CHECK(member(post("grant_type=password&username=user&password=secret" + scope).body, "refresh_token")
              .empty());
    CHECK(post("grant_type=password&username=user&password=wrong" + scope).status == 401);
    CHECK(post("grant_type=refresh_token&refresh_token=nonsense" + scope).status == 401);
    CHECK(post("grant_type=refresh_token" + scope).status == 401);
    CHECK(post("grant_type=device" + scope).status == 400);
    CHECK(c.get("/token?refresh_token=nonsense").body.find("nonsense") == std::string::npos);
}

TEST_CASE("registry: the journal") {
    registry r;
    raw_http c(r.port());
    c.ask("POST", "/v2/x?y=1", "X-One: 1\r\nx-one:  2 \r\n", "body");
    raw_http d(r.port());
    d.get("/v2/");
    auto const journal = r.journal();
    REQUIRE(journal.size() == 2);
    CHECK(journal[0].method == "POST");
    CHECK(journal[0].target == "/v2/x?y=1");
    CHECK(journal[0].headers.all("X-ONE") == std::vector<std::string_view>{"1", "2"});
    CHECK(journal[0].body == "body");
    CHECK(journal[0].status == 404);
    CHECK(journal[0].connection == 1);
    CHECK(journal[1].target == "/v2/");
    CHECK(journal[1].status == 200);
    CHECK(journal[1].connection == 2);
    CHECK(r.connections() == 2);
    r.clear_journal();
    CHECK(r.journal().empty());
}

TEST_CASE("registry: redirected blobs") {
    registry r, elsewhere;
    auto const blob = elsewhere.put_blob("far");
    r.redirect_blobs(elsewhere.url());
    raw_http c(r.port()), d(elsewhere.port());
    auto const got = c.get("/v2/a/blobs/" + blob);
    CHECK(got.status == 307);
    CHECK(got.header("location") == elsewhere.url() + "/v2/a/blobs/" + blob);
    CHECK(d.get("/v2/a/blobs/" + blob).body == "far");
    r.redirect_blobs({});
    CHECK(c.get("/v2/a/blobs/" + blob).status == 404);
}

TEST_CASE("registry: an image of every kind, and an artifact, is there by tag") {
    registry r;
    using kind = image_kind_to_serve;
    std::pair<kind, char const*> const rows[] = {
        {kind::schema1, "application/vnd.docker.distribution.manifest.v1+prettyjws"},
        {kind::schema1_unsigned, "application/vnd.docker.distribution.manifest.v1+json"},
        {kind::schema2, "application/vnd.docker.distribution.manifest.v2+json"},
        {kind::manifest_list, "application/vnd.docker.distribution.manifest.list.v2+json"},
        {kind::oci_image, "application/vnd.oci.image.manifest.v1+json"},
        {kind::oci_index, "application/vnd.oci.image.index.v1+json"}};
    raw_http c(r.port());
    for (auto const& [k, type] : rows) {
        auto const digest = r.add_image("a", "t", k);
        auto const got = c.get("/v2/a/manifests/t");
        CHECK(got.header("content-type") == type);
        CHECK(got.header("docker-content-digest") == digest);
        CHECK((sha256_digest(got.body) == digest) == (k != kind::schema1));
    }
    r.add_artifact("a", "art", "application/vnd.x");
    CHECK(has(c.get("/v2/a/manifests/art").body, R"("artifactType":"application/vnd.x")"));
}

TEST_CASE("a challenge says what a request must be allowed", "[testing][SF55][SF60]") {
    registry r(registry_options().with_writing().with_removal().with_protection(access::bearer));
    test::raw_http c(r.port());
    auto const scope = [&](std::string_view method, std::string const& target) {
        auto const a = c.ask(method, target, method == "GET" || method == "HEAD" ? "" : "Content-Length: 0\r\n", "");
        CHECK(a.status == 401);
        auto const said = a.header("WWW-Authenticate");
        auto const at = said.find("scope=\"");
        return at == said.npos ? std::string() : said.substr(at + 7, said.find('"', at + 7) - at - 7);
    };
    std::string const d = sha256_digest("x"), pull = "repository:a/b:pull", push = "repository:a/b:pull,push", remove = "repository:a/b:delete";
    CHECK(scope("GET", "/v2/").empty());
    for (auto const* method : {"GET", "HEAD"})
        for (auto const& path : {"/v2/a/b/manifests/v1", "/v2/a/b/tags/list", "/v2/a/b/blobs/uploads/x"}) CHECK(scope(method, path) == pull);
    CHECK(scope("GET", "/v2/a/b/blobs/" + d) == pull);
    CHECK(scope("POST", "/v2/a/b/blobs/uploads/") == push);
    CHECK(scope("PUT", "/v2/a/b/manifests/v1") == push);
    CHECK(scope("PATCH", "/v2/a/b/blobs/uploads/x") == push);
    CHECK(scope("POST", "/v2/a/b/blobs/uploads/?mount=" + d + "&from=c/d") == push + " repository:c/d:pull");
    for (auto const& path : {"/v2/a/b/manifests/" + d, "/v2/a/b/blobs/" + d, std::string("/v2/a/b/blobs/uploads/x")}) CHECK(scope("DELETE", path) == remove);
    CHECK(scope("GET", "/v2/_catalog") == "registry:catalog:*");
    CHECK(c.ask("GET", "/v2/a/b/referrers/" + d, "", "").status == 404);
}

} // namespace registry_test
