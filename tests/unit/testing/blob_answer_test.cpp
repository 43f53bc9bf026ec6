// SPDX-License-Identifier: BSL-1.0
// Blobs of the embedded registry, as docker-registry 2.8.2 answers for them, and with the faults that tests ask for.
#include "catch.hpp"
#include "raw_http.hpp"

#include <lading/testing/registry.hpp>

#include <chrono>

namespace blob_answer_test {

using namespace lading::testing;
using test::raw_http;

namespace {

std::string const bytes = [] {
    std::string out;
    for (int i = 0; i < 120; ++i) out += static_cast<char>('!' + i % 90);
    return out;
}();

struct world {
    explicit world(blob_faults f = {}) : fake(registry_options().with_blob_faults(f)), digest(fake.put_blob(bytes)) {
        fake.put_manifest("r", "1", "{}", "application/vnd.oci.image.manifest.v1+json");
    }
    /// One answer of a connection of its own.
    test::raw_answer ask(std::string const& fields, char const* method = "GET") {
        raw_http c(fake.port());
        auto out = c.ask(method, "/v2/r/blobs/" + digest, fields);
        ended = out.body.size() < 120 && out.status >= 400 && c.rest().empty();
        return out;
    }
    test::raw_answer range(std::string const& text, std::string const& fields = {}, char const* method = "GET") {
        return ask("Range: " + text + "\r\n" + fields, method);
    }
    std::string etag() const { return '"' + digest + '"'; }
    registry fake;
    std::string digest;
    bool ended = false; ///< the connection was closed behind an error
};

} // namespace

TEST_CASE("registry: a blob that is not there", "[registry][SF01]") {
    world w;
    w.fake.add_image("r", "1", image_kind_to_serve::oci_image);
    w.digest = "sha256:" + std::string(64, '0');
    auto const got = w.ask("");
    CHECK(got.status == 404);
    CHECK(got.body == R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry","detail":")" + w.digest + "\"}]}");
    auto const head = w.ask("", "HEAD");
    CHECK(head.status == 404);
    CHECK(head.header("content-length") == std::to_string(got.body.size()));
}

TEST_CASE("registry: what is said of a blob", "[registry][SF02][SF12]") {
    world w;
    for (auto const* method : {"GET", "HEAD"}) {
        auto const got = w.ask("Accept-Encoding: gzip\r\n", method);
        CHECK(got.status == 200);
        CHECK(got.header("Accept-Ranges") == "bytes");
        CHECK(got.header("Cache-Control") == "max-age=31536000");
        CHECK(got.header("Content-Type") == "application/octet-stream");
        CHECK(got.header("Content-Length") == "120");
        CHECK(got.header("Content-Encoding").empty());
        CHECK(got.header("Docker-Content-Digest") == w.digest);
        CHECK(got.header("ETag") == w.etag());
        CHECK(got.body == (method[0] == 'G' ? bytes : ""));
    }
}

TEST_CASE("registry: ranges of a blob", "[registry][SF03][SF06][SF11]") {
    world w;
    struct row {
        char const* asked;
        std::size_t first, last;
    };
    for (auto const& r : {row{"bytes=0-3", 0, 3}, {"bytes=4-", 4, 119}, {"bytes=-4", 116, 119}, {"bytes=119-500", 119, 119}, {"bytes=-500", 0, 119}}) {
        INFO(r.asked);
        for (auto const* method : {"GET", "HEAD"}) {
            auto const got = w.range(r.asked, {}, method);
            CHECK(got.status == 206);
            CHECK(got.header("Content-Range") == "bytes " + std::to_string(r.first) + '-' + std::to_string(r.last) + "/120");
            CHECK(got.header("Content-Length") == std::to_string(r.last - r.first + 1));
            CHECK(got.body == (method[0] == 'G' ? bytes.substr(r.first, r.last - r.first + 1) : ""));
        }
    }
    auto const several = w.range("bytes=0-1,4-5");
    CHECK(several.status == 206);
    CHECK(several.header("Content-Type").starts_with("multipart/byteranges; boundary="));
    CHECK(several.header("Content-Range").empty());
    CHECK(several.body.find("Content-Range: bytes 4-5/120") != std::string::npos);
}

TEST_CASE("registry: ranges that a blob has not", "[registry][SF04][SF05][SF07]") {
    world w;
    for (auto const* asked : {"bytes=120-", "bytes=500-"}) {
        auto const got = w.range(asked);
        CHECK(got.status == 416);
        CHECK(got.header("Content-Range") == "bytes */120");
        CHECK(got.header("Content-Length") == "120");
        CHECK(got.body == "invalid range: failed to overlap\n"); // and no more
        CHECK(w.ended);
    }
    for (auto const* asked : {"bytes=5-2", "bytes=abc", "items=0-1", "bytes=-", "bytes=1-x"}) {
        auto const got = w.range(asked);
        CHECK(got.status == 416);
        CHECK(got.header("Content-Range").empty());
    }
    w.digest = w.fake.put_blob("");
    auto const got = w.range("bytes=0-");
    CHECK(got.status == 416);
    CHECK(got.header("Content-Range") == "bytes */0");
}

TEST_CASE("registry: conditions on a blob", "[registry][SF08][SF09][SF10]") {
    world w;
    CHECK(w.range("bytes=4-", "If-Range: " + w.etag() + "\r\n").status == 206);
    CHECK(w.range("bytes=4-", "If-Range: \"x\"\r\n").status == 200);
    for (auto const& known : {w.etag(), "W/" + w.etag()}) CHECK(w.ask("If-None-Match: " + known + "\r\n").status == 304);
    CHECK(w.ask("If-None-Match: \"x\"\r\n").status == 200);
    raw_http c(w.fake.port());
    auto const manifest = c.get("/v2/r/manifests/1").header("ETag");
    for (auto const& known : {manifest, "W/" + manifest, manifest.substr(1, manifest.size() - 2)})
        CHECK(c.get("/v2/r/manifests/1", "If-None-Match: " + known + "\r\n").status == 304);
    auto const got = w.ask("If-Match: \"x\"\r\n");
    CHECK(got.status == 412);
    CHECK(got.header("Content-Length") == "120");
    CHECK(got.body.empty());
    CHECK(w.ended);
    CHECK(w.ask("If-Match: " + w.etag() + "\r\n").status == 200);
}

TEST_CASE("registry: faults of a test") {
    SECTION("a body that is cut") {
        world w(blob_faults().with_cut(50));
        auto const got = w.ask("");
        CHECK(got.status == 200);
        CHECK(got.header("Content-Length") == "120");
        CHECK(got.body == bytes.substr(0, 50));
        CHECK(w.range("bytes=50-").body == bytes.substr(50, 50));
        CHECK(w.range("bytes=100-").body == bytes.substr(100));
        w.fake.set_blob_faults({});
        CHECK(w.ask("").body == bytes);
    }
    SECTION("a slow one") {
        world w(blob_faults().with_pieces(100, std::chrono::milliseconds(1)));
        CHECK(w.ask("").body == bytes);
    }
    SECTION("odd answers to a range") {
        world w;
        auto const with = [&](range_manners m) {
            w.fake.set_blob_faults(blob_faults().with_ranges(m));
            return w.range("bytes=20-");
        };
        CHECK(with(range_manners::ignored).status == 200);
        CHECK(with(range_manners::refused).status == 416);
        CHECK(with(range_manners::not_met).status == 412);
        CHECK(with(range_manners::missing).status == 404);
        CHECK(with(range_manners::unsaid).header("Content-Range").empty());
        CHECK(with(range_manners::shifted).header("Content-Range") == "bytes 19-118/120");
        CHECK(with(range_manners::halved).header("Content-Range") == "bytes 20-69/120");
        auto const lie = with(range_manners::of_another);
        CHECK(lie.header("Content-Range") == "bytes 20-119/120");
        CHECK(lie.body.size() == 100);
        CHECK(lie.body != bytes.substr(20));
        CHECK(w.ask("").body == bytes);
    }
}

} // namespace blob_answer_test
