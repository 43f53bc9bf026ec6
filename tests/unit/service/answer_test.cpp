// SPDX-License-Identifier: BSL-1.0
// The reading side of a registry: the answers of docker-registry 2.8.2, over stores.
#include "catch.hpp"
#include "layout_files.hpp"

#include <lading/service/answer.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_layout.hpp>

#include <string>
#include <vector>

namespace answer_test {

using namespace lading;
using namespace layout_files;
using namespace std::string_literals;

static_assert(check_transport<store_transport<memory_store&>>::ok);
static_assert(sync_transport<store_transport<oci_layout>>);

namespace {

image const one("one"), two("two", "arm64");
std::string const blob = [] {
    std::string out;
    for (int i = 0; i < 120; ++i) out += static_cast<char>('a' + i % 26);
    return out;
}();

struct body final : body_sink {
    result<sink_action> begin(response const&, std::optional<std::uint64_t> n) override {
        ++begins;
        length = n;
        bytes.clear();
        return stop_at_begin ? sink_action::stop : sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return bytes.size() >= most ? sink_action::stop : sink_action::proceed;
    }
    int begins = 0;
    std::optional<std::uint64_t> length;
    std::string bytes;
    std::size_t most = SIZE_MAX;
    bool stop_at_begin = false;
};

using fields = std::vector<std::pair<std::string, std::string>>;

/// What a registry over `S` answers.
template <class S>
struct asked {
    asked(S& store, std::string const& method, std::string const& path, fields const& headers = {}, std::size_t page = 0) {
        request q(method, "https://registry.invalid" + path);
        for (auto const& [name, value] : headers) q.headers.add(name, value);
        auto r = service::answer(q, store, out, page);
        if (!r) {
            error = name_of(r.error().kind());
            return;
        }
        head = std::move(r).value();
        CHECK(out.begins == 1);
        CHECK(head.url == q.url);
        CHECK(head.headers.find("Docker-Distribution-Api-Version") == "registry/2.0");
        if (method == "HEAD" || head.status == 304) CHECK(out.bytes.empty());
        else if (out.length) CHECK(out.bytes.size() == *out.length);
        if (head.status != 304) CHECK(head.headers.find("Content-Length") == std::to_string(*out.length));
    }
    std::string field(std::string_view name) const { return std::string(head.headers.find(name).value_or("")); }
    response head;
    body out;
    std::string error;
};

memory_store& store() {
    static memory_store made;
    static bool const filled = [] {
        REQUIRE(put(made.writer(described(blob)), blob));
        REQUIRE(put(made.writer(described("")), ""));
        REQUIRE(put_image(made, one, "v1"));
        REQUIRE(put_image(made, two, "v2"));
        return true;
    }();
    (void)filled;
    return made;
}
std::string path_of(std::string_view bytes) { return "/v2/r/blobs/" + described(bytes).digest.str(); }
asked<memory_store> ask(std::string const& method, std::string const& path, fields const& headers = {}) { return {store(), method, path, headers}; }

} // namespace

TEST_CASE("a blob that is not there", "[service][SF01]") {
    auto const r = ask("GET", path_of("none"));
    CHECK(r.head.status == 404);
    CHECK(r.out.bytes == R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry","detail":")" + described("none").digest.str() + "\"}]}\n");
    auto const h = ask("HEAD", path_of("none"));
    CHECK(h.head.status == 404);
    CHECK(h.field("Content-Length") == "157");
    CHECK(h.field("Content-Type") == "application/json");
    CHECK(ask("GET", "/v2/r/blobs/sha256:../x").head.status == 404);
    CHECK(ask("GET", "/v2/r/blobs/v1").head.status == 404);
}

TEST_CASE("a blob that is there", "[service][SF02]") {
    for (auto const* method : {"GET", "HEAD"}) {
        auto const r = ask(method, path_of(blob));
        CHECK(r.head.status == 200);
        CHECK(r.field("Content-Length") == "120");
        CHECK(r.field("Accept-Ranges") == "bytes");
        CHECK(r.field("Cache-Control") == "max-age=31536000");
        CHECK(r.field("Content-Type") == "application/octet-stream");
        CHECK(r.field("Docker-Content-Digest") == described(blob).digest.str());
        CHECK(r.field("Etag") == '"' + described(blob).digest.str() + '"');
        CHECK(r.out.bytes == (method == "GET"s ? blob : ""));
    }
    CHECK(ask("GET", path_of("")).field("Content-Length") == "0");
}

TEST_CASE("a part of a blob", "[service][SF03]") {
    auto const part = [](std::string const& range, std::string const& content_range, std::string const& bytes) {
        INFO(range);
        auto const r = ask("GET", path_of(blob), {{"Range", "bytes=" + range}});
        CHECK(r.head.status == 206);
        CHECK(r.field("Content-Range") == "bytes " + content_range + "/120");
        CHECK(r.out.bytes == bytes);
    };
    part("0-3", "0-3", blob.substr(0, 4));
    part("4-", "4-119", blob.substr(4));
    part("-4", "116-119", blob.substr(116));
    part("119-500", "119-119", blob.substr(119));
    part("-500", "0-119", blob);
    part("0-", "0-119", blob);
    part("7-7", "7-7", blob.substr(7, 1));
    part(" 0 - 3 , ", "0-3", blob.substr(0, 4));
    part("0-3,200-300", "0-3", blob.substr(0, 4)); // what is beyond does not count
}

TEST_CASE("a part that is beyond the end", "[service][SF04]") {
    for (auto const* range : {"120-", "500-", "120-130", "120-,500-", "-0"}) {
        INFO(range);
        auto const r = ask("GET", path_of(blob), {{"Range", "bytes="s + range}});
        CHECK(r.head.status == 416);
        CHECK(r.field("Content-Range") == "bytes */120");
        CHECK(r.out.bytes == "invalid range: failed to overlap\n");
    }
}

TEST_CASE("a range that is none", "[service][SF05]") {
    for (auto const* range : {"bytes=5-2", "bytes=abc", "items=0-1", "bytes=", "bytes=-", "bytes=,", "bytes=1", "bytes=--1", "bytes=1-x", "bytes=0x1-", "bytes=99999999999999999999-", "bytes 0-1", "0-1"}) {
        INFO(range);
        auto const r = ask("GET", path_of(blob), {{"Range", range}});
        CHECK(r.head.status == 416);
        CHECK(r.field("Content-Range").empty());
        CHECK(r.out.bytes == "invalid range\n");
    }
}

TEST_CASE("several parts", "[service][SF06]") {
    auto const r = ask("GET", path_of(blob), {{"Range", "bytes=0-1,4-5,-2"}});
    CHECK(r.head.status == 206);
    auto const type = r.field("Content-Type");
    REQUIRE(type.starts_with("multipart/byteranges; boundary="));
    auto const boundary = type.substr(31);
    auto const one_part = [&](std::string const& range, std::string const& bytes) {
        return "--" + boundary + "\r\nContent-Range: bytes " + range + "/120\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes + "\r\n";
    };
    CHECK(r.out.bytes == one_part("0-1", blob.substr(0, 2)) + one_part("4-5", blob.substr(4, 2)) + one_part("118-119", blob.substr(118)) + "--" + boundary + "--\r\n");
    auto const h = ask("HEAD", path_of(blob), {{"Range", "bytes=0-1,4-5,-2"}});
    CHECK(h.field("Content-Length") == r.field("Content-Length"));
    // More than there is, or very many: all of it.
    CHECK(ask("GET", path_of(blob), {{"Range", "bytes=0-,0-"}}).head.status == 200);
    std::string many = "bytes=0-0";
    for (int i = 0; i < 16; ++i) many += ",1-1";
    CHECK(ask("GET", path_of(blob), {{"Range", many}}).out.bytes == blob);
}

TEST_CASE("a part of nothing", "[service][SF07]") {
    auto const r = ask("GET", path_of(""), {{"Range", "bytes=0-"}});
    CHECK(r.head.status == 416);
    CHECK(r.field("Content-Range") == "bytes */0");
}

TEST_CASE("a part, if it is still the same", "[service][SF08]") {
    auto const etag = '"' + described(blob).digest.str() + '"';
    CHECK(ask("GET", path_of(blob), {{"Range", "bytes=4-"}, {"If-Range", etag}}).head.status == 206);
    for (auto const& other : {"\"x\""s, "W/" + etag, described(blob).digest.str(), "Sat, 28 Nov 2026 10:00:00 GMT"s}) {
        auto const r = ask("GET", path_of(blob), {{"Range", "bytes=4-"}, {"If-Range", other}});
        CHECK(r.head.status == 200);
        CHECK(r.out.bytes == blob);
    }
}

TEST_CASE("what is known already is not sent", "[service][SF09]") {
    auto const d = described(blob).digest.str(), m = one.what().digest.str();
    for (auto const& known : {'"' + d + '"', "W/\"" + d + '"', "\"x\", \"" + d + '"', "*"s}) {
        auto const r = ask("GET", path_of(blob), {{"If-None-Match", known}});
        CHECK(r.head.status == 304);
        CHECK(r.field("Etag") == '"' + d + '"');
    }
    CHECK(ask("GET", path_of(blob), {{"If-None-Match", d}}).head.status == 200); // unquoted: of manifests only
    CHECK(ask("GET", path_of(blob), {{"If-None-Match", "\"x\""}}).head.status == 200);
    for (auto const& known : {'"' + m + '"', "W/\"" + m + '"', m}) {
        CHECK(ask("GET", "/v2/r/manifests/v1", {{"If-None-Match", known}}).head.status == 304);
        CHECK(ask("HEAD", "/v2/r/manifests/" + m, {{"If-None-Match", known}}).head.status == 304);
        CHECK(ask("GET", "/v2/r/manifests/v2", {{"If-None-Match", known}}).head.status == 200);
    }
}

TEST_CASE("what is not what somebody thinks is not sent", "[service][SF10]") {
    auto const etag = '"' + described(blob).digest.str() + '"';
    auto const r = ask("GET", path_of(blob), {{"If-Match", "\"x\""}});
    CHECK(r.head.status == 412);
    CHECK(r.out.bytes.empty());
    CHECK(ask("GET", path_of(blob), {{"If-Match", etag}}).head.status == 200);
    CHECK(ask("GET", path_of(blob), {{"If-Match", "*"}}).head.status == 200);
}

TEST_CASE("a part may be asked about", "[service][SF11]") {
    auto const r = ask("HEAD", path_of(blob), {{"Range", "bytes=4-7"}});
    CHECK(r.head.status == 206);
    CHECK(r.field("Content-Length") == "4");
    CHECK(r.field("Content-Range") == "bytes 4-7/120");
}

TEST_CASE("nothing is encoded", "[service][SF12]") {
    auto const r = ask("GET", path_of(blob), {{"Accept-Encoding", "gzip"}});
    CHECK(r.out.bytes == blob);
    CHECK(r.field("Content-Encoding").empty());
}

TEST_CASE("manifests by tag and by digest", "[service]") {
    for (auto const& item : {"v1"s, one.what().digest.str()})
        for (auto const* method : {"GET", "HEAD"}) {
            auto const r = ask(method, "/v2/any/name/manifests/" + item);
            CHECK(r.head.status == 200);
            CHECK(r.field("Content-Type") == media_types::oci_manifest);
            CHECK(r.field("Docker-Content-Digest") == one.what().digest.str());
            CHECK(r.field("Content-Length") == std::to_string(one.manifest.size()));
            CHECK(r.out.bytes == (method == "GET"s ? one.manifest : ""));
        }
    for (auto const& item : {"nope"s, described("none").digest.str(), "-bad"s, "sha256:x"s, "a:b"s}) {
        auto const r = ask("GET", "/v2/r/manifests/" + item);
        CHECK(r.head.status == 404);
        CHECK(r.out.bytes.find("MANIFEST_UNKNOWN") != std::string::npos);
    }
    CHECK(ask("GET", "/v2/r/manifests/v%31").head.status == 200);
    CHECK(ask("GET", "/v2/r/manifests/v%3").head.status != 200);
}

TEST_CASE("what a registry does not do is refused as registries refuse", "[service]") {
    CHECK(ask("GET", "/v2/").out.bytes == "{}");
    CHECK(ask("GET", "/v2").head.status == 200);
    for (auto const* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        auto const r = ask(method, "/v2/r/blobs/uploads/");
        CHECK(r.head.status == 405);
        CHECK(r.field("Allow") == "GET, HEAD");
        CHECK(r.out.bytes.find("UNSUPPORTED") != std::string::npos);
    }
    for (auto const* path : {"/", "/v1/_ping", "/v2/x", "/v2/r/referrers/" /**/ "sha256:00", "/v2/manifests/v1", "/v2//manifests/", "/v2/tags/list", "/v2/_catalog"})
        CHECK(ask("GET", path).head.status == 404);
}

TEST_CASE("tags are listed in their order, page by page", "[service]") {
    memory_store many;
    REQUIRE(put_image(many, one, "b"));
    for (auto const* tag : {"a", "d", "c", "not/a:tag/of/a", "e+f"}) REQUIRE(many.tag(tag, one.what()));
    auto const list = [&](std::string const& query, std::size_t page = 0) {
        asked<memory_store> const r(many, "GET", "/v2/team/app/tags/list" + query, {}, page);
        return std::to_string(r.head.status) + ' ' + r.out.bytes + ' ' + r.field("Link");
    };
    CHECK(list("") == R"(200 {"name":"team/app","tags":["a","b","c","d"]} )");
    CHECK(list("?n=2") == R"(200 {"name":"team/app","tags":["a","b"]} </v2/team/app/tags/list?last=b&n=2>; rel="next")");
    CHECK(list("?last=b&n=2") == R"(200 {"name":"team/app","tags":["c","d"]} )");
    CHECK(list("?last=bb") == R"(200 {"name":"team/app","tags":["c","d"]} )");
    CHECK(list("?last=z") == R"(200 {"name":"team/app","tags":[]} )");
    CHECK(list("?n=0") == R"(200 {"name":"team/app","tags":[]} )");
    CHECK(list("", 3) == R"(200 {"name":"team/app","tags":["a","b","c"]} </v2/team/app/tags/list?last=c&n=3>; rel="next")");
    CHECK(list("?n=100", 3).ends_with("last=c&n=100>; rel=\"next\""));
    for (auto const* bad : {"?n=-1", "?n=abc", "?n=", "?n=99999999999999999999"}) CHECK(list(bad).starts_with("400 "));
    // Of a store that knows whole names those of the repository that is asked for, if there are any.
    memory_store named;
    REQUIRE(put_image(named, one, "docker.io/library/app:1"));
    REQUIRE(named.tag("quay.io/team/other:2", one.what()));
    auto const tags_of = [&](std::string const& name) { return asked<memory_store>(named, "GET", "/v2/" + name + "/tags/list").out.bytes; };
    CHECK(tags_of("library/app") == R"({"name":"library/app","tags":["1"]})");
    CHECK(tags_of("team/other") == R"({"name":"team/other","tags":["2"]})");
    CHECK(tags_of("x") == R"({"name":"x","tags":["1","2"]})");
}

TEST_CASE("the end of a blob is not passed on before it is verified; a part is not verified", "[service]") {
    folder f;
    std::string const big(700'000, 'x');
    write_layout(f, {one}, {text_of(one.what(), named("v1"))});
    auto changed = big;
    changed[5] = 'y';
    f.write(blob_name(big), changed);
    auto files = oci_layout::open(f.str()).value();
    body out;
    auto const r = service::answer(request("GET", "https://x.invalid" + path_of(big)), files, out);
    REQUIRE_FALSE(r);
    CHECK(r.error() == errc::digest_mismatch);
    CHECK(out.bytes.size() < big.size());
    asked<oci_layout> const part(files, "GET", path_of(big), {{"Range", "bytes=2-699998"}});
    CHECK(part.out.bytes == changed.substr(2, 699'997));
    f.write(blob_name(big), big);
    CHECK(asked<oci_layout>(files, "GET", path_of(big)).out.bytes == big);
    CHECK(asked<oci_layout>(files, "GET", "/v2/x/manifests/v1").out.bytes == one.manifest);
    CHECK(asked<oci_layout>(files, "GET", path_of("none")).head.status == 404);
    f.write(blob_name(one.manifest), std::string(one.manifest.size(), ' '));
    CHECK(asked<oci_layout>(files, "GET", "/v2/x/manifests/v1").error == "digest_mismatch");
    CHECK(asked<oci_layout>(files, "GET", "/v2/x/manifests/" + one.what().digest.str()).error == "digest_mismatch");
}

TEST_CASE("a body may want no more", "[service]") {
    folder f;
    std::string const big(700'000, 'x');
    f.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    f.write("index.json", index_of({}));
    f.write(blob_name(big), big);
    auto files = oci_layout::open(f.str()).value();
    for (auto const* range : {"", "bytes=100-"}) {
        request q("GET", "https://x.invalid" + path_of(big));
        if (*range) q.headers.add("Range", range);
        body out;
        out.most = 1000;
        CHECK(service::answer(q, files, out));
        CHECK(out.bytes.size() < big.size());
        out.stop_at_begin = true;
        CHECK(service::answer(q, files, out));
        CHECK(out.bytes.empty());
    }
    std::stop_source stop;
    stop.request_stop();
    request q("GET", "https://x.invalid" + path_of(big));
    q.stop = stop.get_token();
    body out;
    CHECK(service::answer(q, files, out).error() == errc::cancelled);
}

TEST_CASE("what is asked for, or written in a document, is no line of a head", "[service]") {
    memory_store empty;
    for (auto const path : {"/v2/x%0d%0aX-Evil:%201/tags/list?n=1", "/v2/x%0d%0ay/blobs/uploads", "/v2//x%0ay/tags/list", "/v2/x/manifests/a%7f"}) {
        asked<memory_store> const a(empty, "GET", path);
        CHECK(a.head.status >= 400);
        for (auto const& [name, value] : a.head.headers) CHECK(value.find_first_of("\r\n\x7f") == value.npos);
    }
    auto const d = digest::parse("sha256:" + hex_of("x")).value();
    CHECK(service::detail::named(response(200), "a/b\r\nX-Evil: 1", d).headers.find("Content-Type") == "application/octet-stream");
    CHECK(service::detail::named(response(200), "a/b", d).headers.find("Content-Type") == "a/b");
}

} // namespace answer_test
