// SPDX-License-Identifier: BSL-1.0
// Rows of documents, redirects and pages once more, over loopback sockets; in memory they are with their units. Retries
// and tokens are in tries_test.cpp and tokens_test.cpp.
#include "peer.hpp"

#include "../support/schema1_documents.hpp"

#include <string>
#include <utility>
#include <vector>

namespace answer_test {

using namespace lading;
using test::ok, test::peer;

namespace {

std::string with_status(std::string const& status, std::string const& fields = "", std::string const& body = "") {
    return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string manifest(std::string const& config, std::string const& layers) {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_manifest) + R"(","config":)" + config + R"(,"layers":)" + layers + "}";
}
std::string const good_config = test::entry(media_types::oci_config, test::config_bytes);

struct bad_document {
    char const* id;
    std::string answer;
    errc wanted;
};

} // namespace

TEST_CASE("documents over a socket", "[D05][D07][D09][D10][D12][D17][D18][L09][L17][J07][S03][S06]") {
    std::string many = "[";
    for (int i = 0; i < 10'000; ++i) many += (i ? "," : "") + test::entry("a/b", "x");
    auto const schema1 = test::schema1_text({test::v1('a', '-')});
    auto const length = [&](std::string const& n) { return ok(test::with_signatures(schema1, "[" + test::signature(test::protected_format(n, "\n}")) + "]")); };
    for (auto const& row : std::vector<bad_document>{
             {"D05", ok(manifest(R"({"mediaType":"a/b","digest":"sha256:../../../../etc/passwd","size":1})", "[]")), errc::descriptor_invalid},
             {"D09", ok(test::schema2(), "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"), errc::media_type_mismatch},
             {"D10", ok(R"({"schemaVersion":2,"manifests":[],"layers":[],"config":{}})"), errc::manifest_ambiguous},
             {"D12", ok(test::schema2(), "Content-Type: application/vnd.docker.distribution.manifest.v2+json; charset=utf-8\r\n"), errc::ok},
             {"D17", ok(R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_manifest) + R"(","config":)" + good_config + R"(,"LAYERS":[]})"), errc::ok}, // none: another name (W41)
             {"D18", ok(manifest(good_config, R"([],"layers":[])")), errc::json_duplicate_key},
             {"L09", ok(manifest(R"({"mediaType":"a/b","digest":")" + test::digest_of("x") + R"(","size":-1})", "[]")), errc::descriptor_invalid},
             {"L17", ok(manifest(good_config, many + "]")), errc::ok},
             {"J07", ok(manifest(good_config, "{}")), errc::manifest_schema},
             {"S03", length("-1"), errc::schema1_format},
             {"S03", length("1e300"), errc::schema1_format},
             {"S06", ok(test::with_signatures(schema1, "[]")), errc::schema1_format},
         }) {
        INFO(row.id);
        CHECK(name_of(peer().manifest({row.answer})) == name_of(row.wanted));
    }
    peer cut;
    cut.on("/v2/r/blobs/" + test::digest_of(test::config_bytes), ok(test::config_bytes.substr(1)));
    CHECK(cut.inspect() == errc::size_mismatch);
}

TEST_CASE("digests over a socket", "[D01][D02][D14][D19][R04]") {
    auto const image = test::oci(), other = test::oci(R"(,"annotations":{"a":"b"})");
    peer p;
    p.on("/v2/r/manifests/" + test::digest_of(image), ok(other));
    p.with_client([&](auto& registry, auto const& ref, auto& server) {
        auto const wanted = digest::parse(test::digest_of(image)).value();
        CHECK(registry.manifest(ref.with_digest(wanted)).error() == errc::digest_mismatch); // the tag is not asked for
        CHECK(server.requests().size() == 1);
        return 0;
    });
    peer liar;
    liar.on("/v2/r/manifests/1", ok(image, "Docker-Content-Digest: " + test::digest_of(other) + "\r\n"));
    liar.with_client([&](auto& registry, auto const& ref, auto&) {
        auto const r = registry.manifest(ref);
        REQUIRE(r);
        CHECK(r.value().self.digest.str() == test::digest_of(image));
        CHECK(r.value().warnings.size() == 1);
        return 0;
    });
    auto const inner = test::index(test::entry(media_types::oci_manifest, image, test::on("linux", "amd64")));
    peer confused; // an index where a manifest was announced
    confused.on("/v2/r/manifests/1", ok(test::index(test::entry(media_types::oci_manifest, inner, test::on("linux", "amd64")))));
    confused.on("/v2/r/manifests/" + test::digest_of(inner), ok(inner));
    CHECK(confused.inspect() == errc::media_type_mismatch);
    auto changed = image;
    changed[changed.find("oci")] = 'O';
    peer exchanged;
    exchanged.on("/v2/r/manifests/1", ok(inner)).on("/v2/r/manifests/" + test::digest_of(image), ok(changed));
    CHECK(exchanged.inspect() == errc::digest_mismatch);
}

TEST_CASE("redirects over a socket", "[H29][H30][H32]") {
    CHECK(peer().manifest({with_status("302 Found")}) == errc::redirect_invalid);
    CHECK(peer().manifest({with_status("307 There", "Location: https:b.test\r\n")}) == errc::redirect_invalid);
    for (char const* status : {"300 Many", "305 Proxy", "306 Unused"}) CHECK(peer().manifest({with_status(status, "Location: /v2/r/manifests/good\r\n")}) == errc::http_unexpected_status);
    peer circle;
    circle.on("/v2/r/manifests/1", with_status("307 Again", "Location: /v2/r/manifests/1\r\n"));
    circle.with_client([](auto& registry, auto const& ref, auto& server) {
        CHECK(registry.manifest(ref).error() == errc::redirect_too_many);
        CHECK(server.requests().size() == 11);
        return 0;
    });
}

TEST_CASE("pages over a socket", "[P01][P02][P03]") {
    auto const page = [](std::string const& link, std::string const& tags = R"("1")") { return ok(R"({"tags":[)" + tags + "]}", "Link: " + link + "\r\n"); };
    std::string const first = "/v2/r/tags/list?n=1000";
    auto list = [](peer& p, std::size_t requests) {
        return p.with_client([&](auto& registry, auto const& ref, auto& server) {
            auto const r = registry.tags(ref.repository());
            CHECK(server.requests().size() == requests);
            if (r && r.value().failure) return r.value().failure->kind();
            return r ? errc::ok : r.error().kind();
        });
    };
    peer same, barren, broken;
    same.on(first, page("<" + first + ">; rel=\"next\""));
    CHECK(list(same, 1) == errc::page_loop);
    barren.on(first, page("<" + first + "&last=0>; rel=\"next\""));
    for (int i = 0; i < 5; ++i) barren.on(first + "&last=" + std::to_string(i), page("<" + first + "&last=" + std::to_string(i + 1) + ">; rel=\"next\"", ""));
    CHECK(list(barren, 4) == errc::page_loop);
    broken.on(first, page("/v2/r/tags/list>; rel=\"next\""));
    CHECK(list(broken, 1) == errc::link_invalid);
}

TEST_CASE("a part that nobody asked for, over a socket", "[X07]") {
    for (char const* range : {"Content-Range: bytes 0-4/5\r\n", "Content-Range: bytes 2-4/5\r\n", ""}) {
        peer p;
        p.on("/v2/r/blobs/" + test::digest_of(test::layer_bytes), with_status("206 Part", range, test::layer_bytes));
        p.with_client([&](auto& registry, auto const& ref, auto&) {
            memory_sink sink(100);
            descriptor const what("a/b", digest::parse(test::digest_of(test::layer_bytes)).value(), static_cast<std::int64_t>(test::layer_bytes.size()));
            CHECK(registry.blob(ref, what, sink).error() == errc::http_unexpected_status);
            CHECK(sink.bytes().empty());
            return 0;
        });
    }
}

TEST_CASE("what an error says, over a socket", "[J13]") {
    peer p;
    p.on("/v2/r/manifests/1", with_status("404 No", "", R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"\u001b[2J)" + std::string(30'000, 'm') + R"("}]})"));
    p.with_client([](auto& registry, auto const& ref, auto&) {
        auto const text = registry.manifest(ref).error().message();
        CHECK(text.size() < 5000);
        for (char c : text) CHECK(static_cast<unsigned char>(c) >= 0x20);
        return 0;
    });
}

} // namespace answer_test
