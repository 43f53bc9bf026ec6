// SPDX-License-Identifier: BSL-1.0
// Where an upload goes on.

#include "catch.hpp"

#include <lading/http/upload_location.hpp>

#include <initializer_list>
#include <string>

namespace upload_location_test {

using namespace lading;

namespace {

result<upload_location> locate(std::initializer_list<std::string_view> locations, std::string_view asked = "https://r.example/v2/a/b/blobs/uploads/",
                               std::vector<std::string> const& hosts = {}) {
    header_map h;
    for (auto const l : locations) h.add("Location", l);
    return locate_upload(h, asked, "a/b", hosts);
}
std::string url_of(std::string_view location, std::string_view asked = "https://r.example/v2/a/b/blobs/uploads/") {
    auto const at = locate({location}, asked);
    return at ? at.assume_value().url : std::string(name_of(at.assume_error().kind()));
}
errc code_of(result<upload_location> const& r) { return r ? errc::ok : r.assume_error().kind(); }

auto const sha = digest::parse("sha256:" + std::string(64, 'a')).value();

} // namespace

TEST_CASE("what is no place of an upload is none", "[upload][PU20]") {
    CHECK(code_of(locate({})) == errc::upload_protocol);
    for (auto const* bad : {"", "https://user@r.example/x", "https://u:p@r.example/x", "//me@r.example/x", "ftp://r.example/x", "https://r.example/a b", "https://r.example/\x01", "https://r.example/\xc3\xa9",
                            "javascript:alert(1)", "https://"}) {
        INFO(bad);
        CHECK(code_of(locate({bad})) == errc::upload_protocol);
    }
    CHECK(code_of(locate({"/x", "/y"})) == errc::upload_protocol);
    CHECK(code_of(locate({"/x", "/x"})) == errc::ok);
    CHECK(code_of(locate({"/" + std::string(8191, 'x')})) == errc::ok);
    CHECK(code_of(locate({"/" + std::string(8192, 'x')})) == errc::upload_protocol);
}

TEST_CASE("a place on the origin is taken as it is written", "[upload][PU21][P04]") {
    CHECK(url_of("/v2/a/b/blobs/uploads/U?_state=S%2b+x==&b=1&a=2") == "https://r.example/v2/a/b/blobs/uploads/U?_state=S%2b+x==&b=1&a=2");
    CHECK(url_of("U?s=1") == "https://r.example/v2/a/b/blobs/uploads/U?s=1");
    CHECK(url_of("?s=1") == "https://r.example/v2/a/b/blobs/uploads/?s=1");
    CHECK(url_of("https://r.example/up?s#fragment") == "https://r.example/up?s");
    CHECK(url_of("https://R.Example:443/up") == "https://r.example/up");
    CHECK_FALSE(locate({"/artifacts-uploads/x"}).value().rewritten);
    CHECK_FALSE(locate({"/artifacts-uploads/x"}).value().other_repository);
}

TEST_CASE("a proxy that knows itself by another scheme or port is put right", "[upload][PU21]") {
    for (auto const* wrong : {"http://r.example/up?s=%41", "https://r.example:5000/up?s=%41", "http://r.example:80/up?s=%41", "//r.example:81/up?s=%41"}) {
        INFO(wrong);
        auto const at = locate({wrong}).value();
        CHECK(at.url == "https://r.example/up?s=%41");
        CHECK(at.rewritten);
    }
    CHECK(url_of("https://r.example/up", "http://r.example:5000/v2/") == "http://r.example:5000/up");
}

TEST_CASE("another host gets not a byte, unless the caller allows it", "[upload][PU22][C14]") {
    for (auto const* far : {"https://b.test/up?_state=s", "//b.test/up", "https://r.example.evil/up", "https://127.0.0.1/up", "https://sub.r.example/up"}) {
        INFO(far);
        CHECK(code_of(locate({far})) == errc::upload_location_cross_origin);
    }
    auto const at = locate({"https://b.test/up?sig=1"}, "https://r.example/v2/", {"B.test"}).value();
    CHECK(at.elsewhere);
    CHECK(at.url == "https://b.test/up?sig=1");
    CHECK(code_of(locate({"https://b.test:444/up"}, "https://r.example/v2/", {"b.test"})) == errc::upload_location_cross_origin);
    CHECK(locate({"https://b.test:444/up"}, "https://r.example/v2/", {"b.test:444"}).value().elsewhere);
}

TEST_CASE("an allowed host has to be https", "[upload][PU23]") {
    CHECK(code_of(locate({"http://b.test/up"}, "https://r.example/v2/", {"b.test"})) == errc::upload_location_downgrade);
    CHECK(code_of(locate({"http://b.test/up"}, "http://r.example/v2/", {"b.test"})) == errc::upload_location_downgrade);
}

TEST_CASE("a digest is added and nothing else is touched", "[upload][PU24]") {
    auto const d = "digest=sha256%3A" + std::string(64, 'a');
    CHECK(closing_url("https://r/up", sha) == "https://r/up?" + d);
    CHECK(closing_url("https://r/up?z=1&a=%2f+x&_state=S==", sha) == "https://r/up?z=1&a=%2f+x&_state=S==&" + d);
    CHECK(closing_url("https://r/up?", sha) == "https://r/up?" + d);
}

TEST_CASE("a digest that is there already is replaced, and never sent with a chunk", "[upload][PU25]") {
    auto const d = "digest=sha256%3A" + std::string(64, 'a');
    CHECK(closing_url("https://r/up?digest=sha256:bb&s=1", sha) == "https://r/up?s=1&" + d);
    CHECK(closing_url("https://r/up?s=1&digest=x&digest=y&mydigest=1", sha) == "https://r/up?s=1&mydigest=1&" + d);
    CHECK(open_url("https://r/up?s=1&digest=x&t=2") == "https://r/up?s=1&t=2");
    CHECK(open_url("https://r/up?digest=x") == "https://r/up");
    CHECK(open_url("https://r/up?s=%41&&") == "https://r/up?s=%41&&");
}

TEST_CASE("an upload below another repository is known as such", "[upload][PU91]") {
    CHECK(locate({"/v2/other/repo/blobs/uploads/x"}).value().other_repository);
    CHECK(locate({"/v2/a/bb/blobs/uploads/x"}).value().other_repository);
    CHECK_FALSE(locate({"/v2/a/b/blobs/upload/x"}).value().other_repository);
}

TEST_CASE("the place of a manifest is no place of an upload", "[upload][PU92]") {
    for (auto const* bad : {"/v2/a/b/manifests/latest", "/v2/a/b/manifests", "/v2/x/../a/b/manifests/v1?s=1", "/v2/a/b/blobs/uploads/./../../manifests/x"}) {
        INFO(bad);
        CHECK(code_of(locate({bad})) == errc::upload_protocol);
    }
}

TEST_CASE("what a registry says it has is a hint that may be unreadable", "[upload][PU37]") {
    auto const end = [](std::string_view text) {
        header_map h;
        h.add("Range", text);
        return upload_range_end(h);
    };
    CHECK(end("0-0") == 0u);
    CHECK(end("0-16777215") == 16777215u);
    for (auto const* odd : {"0--1", "bytes=0-9", "-9", "1-9", "0-", "0-9 ", "0-0x9", "0-9999999999999999999"}) {
        INFO(odd);
        CHECK_FALSE(end(odd));
    }
    CHECK_FALSE(upload_range_end({}));
}

TEST_CASE("the least size of a chunk is a number or none", "[upload][PU33][P05]") {
    auto const least = [](std::initializer_list<std::string_view> texts) {
        header_map h;
        for (auto const t : texts) h.add("OCI-Chunk-Min-Length", t);
        return least_chunk(h);
    };
    CHECK(least({}) == 0u);
    CHECK(least({"5242880"}) == 5242880u);
    CHECK(least({"9223372036854775807"}) == 9223372036854775807u);
    for (auto const* odd : {"-1", "", "x", "1x", "99999999999999999999"}) CHECK_FALSE(least({odd}));
    CHECK_FALSE(least({"1", "2"}));
}

} // namespace upload_location_test
