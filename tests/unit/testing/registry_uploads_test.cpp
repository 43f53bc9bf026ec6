// SPDX-License-Identifier: BSL-1.0
// The embedded registry takes uploads as docker-registry 2.8 does. With LADING_TEST_REGISTRY_PORT the same is asked of a registry there (with
// deletion on), to see that it is so: registry/sending.py does.

#include "catch.hpp"
#include "raw_http.hpp"

#include <lading/testing/registry.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace registry_uploads_test {

using namespace lading::testing;
using test::raw_answer;
using test::raw_http;

namespace {

struct world {
    std::optional<registry> own;
    std::uint16_t port = 0;
    std::string name = "r" + std::to_string(++made());
    std::unique_ptr<raw_http> c;

    world() {
        if (auto const* given = std::getenv("LADING_TEST_REGISTRY_PORT")) port = static_cast<std::uint16_t>(std::atoi(given));
        else own.emplace(registry_options().with_writing(8u << 20).with_removal()), port = own->port();
        c = std::make_unique<raw_http>(port);
    }
    static int& made() {
        static int n = static_cast<int>(::getpid()) * 1000;
        return n;
    }
    raw_answer ask(std::string_view method, std::string const& target, std::string_view body = {}, std::string fields = {}) {
        if (body.empty() && method != "GET" && method != "HEAD") fields += "Content-Length: 0\r\n";
        return c->ask(method, target, fields, body);
    }
    raw_answer begin(std::string const& query = {}) { return ask("POST", "/v2/" + name + "/blobs/uploads/" + query); }
    /// The target of a place.
    static std::string place(raw_answer const& a) {
        auto const at = a.header("Location");
        return at.starts_with("http") ? at.substr(at.find('/', 8)) : at;
    }
    static std::string with_digest(raw_answer const& a, std::string const& bytes) { return place(a) + "&digest=" + sha256_digest(bytes); }
    std::string push(std::string const& bytes) {
        CHECK(ask("PUT", with_digest(begin(), bytes), bytes).status == 201);
        return sha256_digest(bytes);
    }
    std::string blob(std::string const& bytes) const { return "/v2/" + name + "/blobs/" + sha256_digest(bytes); }
    static bool says(raw_answer const& a, std::string const& code) { return a.body.find('"' + code + '"') != std::string::npos; }
    raw_answer put(std::string const& ref, std::string const& bytes, std::string const& type = "application/vnd.oci.image.manifest.v1+json") {
        return ask("PUT", "/v2/" + name + "/manifests/" + ref, bytes, "Content-Type: " + type + "\r\n");
    }
    static std::string entry(std::string const& bytes) { return R"({"mediaType":"application/x","digest":")" + sha256_digest(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}"; }
    static std::string image(std::string const& config, std::string const& layers, std::string const& more = "") {
        return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + entry(config) + R"(,"layers":[)" + layers + "]" + more + "}";
    }
};

} // namespace

TEST_CASE("sessions begin as docker-registry's do", "[uploads][SF13][SF16][SF17]") {
    world w;
    auto const a = w.begin();
    CHECK(a.status == 202);
    CHECK(a.header("Location").find("/v2/" + w.name + "/blobs/uploads/" + a.header("Docker-Upload-UUID") + "?_state=") != std::string::npos);
    CHECK(a.header("Range") == "0-0");
    CHECK(a.header("Content-Length") == "0");
    auto const moved = w.ask("POST", "/v2/" + w.name + "/blobs/uploads");
    CHECK(moved.status == 301);
    CHECK(moved.header("Location").ends_with("/v2/" + w.name + "/blobs/uploads/"));
    CHECK(w.ask("POST", "/v2/" + w.name + "/blobs/uploads/?digest=" + sha256_digest("body"), "body").status == 202);
    CHECK(w.ask("HEAD", w.blob("body")).status == 404);
}

TEST_CASE("a blob comes in one request, in chunks, or both", "[uploads][SF18][SF20][SF22][SF23][SF34]") {
    world w;
    auto const done = w.ask("PUT", w.with_digest(w.begin(), "whole"), "whole");
    CHECK(done.status == 201);
    CHECK(done.header("Docker-Content-Digest") == sha256_digest("whole"));
    CHECK(done.header("Location").ends_with(w.blob("whole")));
    CHECK(w.ask("GET", w.blob("whole")).body == "whole");

    auto const first = w.ask("PATCH", w.place(w.begin()), "0123456789", "Content-Range: 7-3\r\n"); // which is not looked at
    CHECK(first.status == 202);
    CHECK(first.header("Range") == "0-9");
    auto const second = w.ask("PATCH", w.place(first), "abc");
    CHECK(second.header("Range") == "0-12");
    CHECK(w.ask("PUT", w.with_digest(second, "0123456789abcend"), "end").status == 201);
    CHECK(w.ask("GET", w.blob("0123456789abcend")).body == "0123456789abcend");

    auto const one = w.ask("PATCH", w.place(w.begin()), "1");
    CHECK(one.header("Range") == "0-0");
    CHECK(w.ask("PATCH", w.place(w.begin())).header("Range") == "0-0");
}

TEST_CASE("a session tells how far it is, at its newest place only", "[uploads][SF21][SF24][SF25][SF26][SF73]") {
    world w;
    auto const begun = w.begin();
    auto const patched = w.ask("PATCH", w.place(begun), "01234");
    for (auto const* method : {"GET", "HEAD"}) {
        auto const told = w.ask(method, w.place(patched));
        CHECK(told.status == 204);
        CHECK(told.header("Range") == "0-4");
        CHECK_FALSE(told.header("Location").empty());
    }
    for (auto const* method : {"GET", "PATCH", "PUT", "DELETE"}) {
        auto const old = w.ask(method, w.place(begun) + "&digest=" + sha256_digest("01234"));
        CHECK(old.status == 404);
        CHECK(w.says(old, "BLOB_UPLOAD_INVALID"));
    }
    auto const bare = w.place(patched).substr(0, w.place(patched).find('?'));
    for (auto const& wrong : {bare, bare + "?_state=x", "/v2/" + w.name + "/blobs/uploads/not-a-uuid"}) {
        auto const a = w.ask("PATCH", wrong, "x");
        CHECK(a.status == 404);
        CHECK(w.says(a, "BLOB_UPLOAD_INVALID"));
    }
    auto elsewhere = w.place(patched);
    elsewhere.replace(elsewhere.find(w.name), w.name.size(), "other/repository");
    CHECK(w.ask("GET", elsewhere).status == 404);
    CHECK(w.ask("PATCH", w.place(patched), "x", "Content-Type: text/plain\r\n").status == 500);
}

TEST_CASE("a wrong digest is refused, and the session stays", "[uploads][SF29][SF30]") {
    world w;
    auto const begun = w.begin();
    auto const wrong = w.ask("PUT", w.with_digest(begun, "others"), "bytes");
    CHECK(wrong.status == 400);
    CHECK(w.says(wrong, "DIGEST_INVALID"));
    for (auto const* bad : {"", "&digest=sha256:zz", "&digest=md5:d41d8cd98f00b204e9800998ecf8427e"}) {
        auto const a = w.ask("PUT", w.place(w.begin()) + bad, "bytes");
        CHECK(a.status == 400);
        CHECK(w.says(a, "DIGEST_INVALID"));
    }
}

TEST_CASE("what is over is over", "[uploads][SF31][SF32][SF33]") {
    world w;
    auto const begun = w.begin(), other = w.begin();
    CHECK(w.ask("PUT", w.with_digest(begun, "bytes"), "bytes").status == 201);
    CHECK(w.says(w.ask("PUT", w.with_digest(begun, "bytes"), "bytes"), "BLOB_UPLOAD_UNKNOWN"));
    CHECK(w.ask("PUT", w.with_digest(other, "bytes"), "bytes").status == 201);
    auto const ended = w.begin();
    CHECK(w.ask("DELETE", w.place(ended)).status == 204);
    CHECK(w.says(w.ask("DELETE", w.place(ended)), "BLOB_UPLOAD_UNKNOWN"));
}

TEST_CASE("mounts are made or become sessions", "[uploads][SF38][SF39][SF40]") {
    world a;
    auto const d = a.push("shared");
    auto const from = a.name;
    a.name += "b";
    auto const mounted = a.begin("?mount=" + d + "&from=" + from);
    CHECK(mounted.status == 201);
    CHECK(mounted.header("Docker-Content-Digest") == d);
    CHECK(mounted.header("Location").ends_with("/v2/" + a.name + "/blobs/" + d));
    CHECK(a.ask("GET", a.blob("shared")).body == "shared");
    CHECK(a.begin("?mount=" + d + "&from=" + a.name).status == 201);
    for (auto const& query : {"?mount=" + sha256_digest("unknown") + "&from=" + from, "?mount=" + d, "?mount=" + d + "&from=nobody/here", std::string("?mount=bad&from=x")}) {
        INFO(query);
        auto const session = a.begin(query);
        CHECK(session.status == 202);
        CHECK(a.ask("PUT", a.with_digest(session, "z"), "z").status == 201);
    }
}

TEST_CASE("manifests are put by tag and by digest, with what they list", "[uploads][SF41][SF42][SF43][SF44][SF45][SF46][SF50]") {
    world w;
    w.push("config"), w.push("layer");
    auto const manifest = "\n " + w.image("config", w.entry("layer")) + " \n";
    auto const put = w.put("v1", manifest);
    CHECK(put.status == 201);
    CHECK(put.header("Docker-Content-Digest") == sha256_digest(manifest));
    CHECK(put.header("Location").ends_with("/v2/" + w.name + "/manifests/" + sha256_digest(manifest)));
    CHECK(w.ask("GET", "/v2/" + w.name + "/manifests/v1", {}, "Accept: application/vnd.oci.image.manifest.v1+json\r\n").body == manifest);
    CHECK(w.put(sha256_digest(manifest), manifest).status == 201);
    auto const wrong = w.put(sha256_digest("x"), manifest);
    CHECK(wrong.status == 400);
    CHECK(w.says(wrong, "DIGEST_INVALID"));
    auto const lacking = w.put("v2", w.image("config", w.entry("absent") + "," + w.entry("absent")));
    CHECK(lacking.status == 400);
    CHECK(w.says(lacking, "MANIFEST_BLOB_UNKNOWN"));
    auto const d = sha256_digest("absent");
    auto const first = lacking.body.find(d);
    REQUIRE(first != std::string::npos);
    CHECK(lacking.body.find(d, first + 1) != std::string::npos);
    CHECK(w.put("v3", w.image("config", "")).status == 201);
    std::string const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)", type = "application/vnd.oci.image.index.v1+json";
    auto const child = R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + sha256_digest(manifest) + R"(","size":)" + std::to_string(manifest.size()) + "}";
    CHECK(w.put("all", index + child + "]}", type).status == 201);
    CHECK(w.put("none", index + "]}", type).status == 201);
    CHECK(w.says(w.put("lacks", index + w.entry("absent") + "]}", type), "MANIFEST_BLOB_UNKNOWN"));
}

TEST_CASE("manifests of another type than they say are refused", "[uploads][SF47][SF48][SF49][SF51]") {
    world w;
    w.push("config");
    auto const manifest = w.image("config", "");
    for (auto const* type : {"application/json", "application/vnd.docker.distribution.manifest.v2+json", "x/y"}) CHECK(w.says(w.put("v1", manifest, type), "MANIFEST_INVALID"));
    CHECK(w.says(w.put("v1", "{"), "MANIFEST_INVALID"));
    CHECK(w.says(w.put("v1", w.image("config", "", R"(,"manifests":[])")), "MANIFEST_INVALID"));
    CHECK(w.put("v1", manifest, "application/vnd.oci.image.manifest.v1+json; charset=utf-8").status == 201);
    auto const bare = R"({"schemaVersion":2,"config":)" + w.entry("config") + R"(,"layers":[]})";
    CHECK(w.put("v1", bare).status == 201);
    CHECK(w.put("v1", bare, "application/vnd.docker.distribution.manifest.v2+json").status == 400);
}

TEST_CASE("what is removed is gone, and what listed it stays", "[uploads][SF59][SF61][SF62]") {
    world w;
    w.push("config"), w.push("layer");
    auto const manifest = w.image("config", w.entry("layer"));
    auto const d = sha256_digest(manifest), base = "/v2/" + w.name + "/manifests/";
    std::string const accept = "Accept: application/vnd.oci.image.manifest.v1+json\r\n";
    CHECK(w.put("v1", manifest).status == 201);
    CHECK(w.put("v2", manifest).status == 201);
    CHECK(w.says(w.ask("DELETE", base + "v1"), "DIGEST_INVALID"));
    CHECK(w.ask("DELETE", w.blob("layer")).status == 202);
    CHECK(w.ask("HEAD", w.blob("layer")).status == 404);
    CHECK(w.says(w.ask("DELETE", w.blob("layer")), "BLOB_UNKNOWN"));
    CHECK(w.ask("GET", base + "v1", {}, accept).status == 200);
    CHECK(w.ask("DELETE", base + d).status == 202);
    for (auto const& gone : {std::string("v1"), std::string("v2"), d}) CHECK(w.ask("GET", base + gone, {}, accept).status == 404);
    CHECK(w.says(w.ask("DELETE", base + d), "MANIFEST_UNKNOWN"));
}

} // namespace registry_uploads_test
