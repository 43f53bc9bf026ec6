// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/http/url.hpp>

namespace url_test {

using namespace lading;

TEST_CASE("an origin has one normal form", "[C23]") {
    for (auto text : {"https://a.test", "HTTPS://A.TEST/", "https://a.test.:443/x", "https://a.test:443?q"}) {
        INFO(text);
        CHECK(url::parse(text).value().origin() == origin("https", "a.test", 443));
    }
    for (auto text : {"http://a.test", "https://a.test:444", "https://b.a.test", "https://test", "https://[::1]"}) {
        INFO(text);
        CHECK(url::parse(text).value().origin() != origin("https", "a.test", 443));
    }
}

TEST_CASE("what is no URL", "[C09][C10][C26][R02]") {
    for (auto text : {"", "a.test", "/x", "ftp://a.test/", "file:///etc/passwd", "https://", "https:///x",
                      "https://u@a.test/", "https://u:p@a.test/", "https://a.test\\@b.test/", "https://a.test:0/",
                      "https://a.test:65536/", "https://a.test:/", "https://a.test:x/", "https://a..b/", "https://-a/",
                      "https://a b/", "https://a.test/a b", "https://a.test/\r\nX: y", "https://a.test/\x80",
                      "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0/", "https://1.2.3.4.5/",
                      "https://256.0.0.1/", "https://01.2.3.4/", "https://[::1%25lo]/", "https://[::1/", "https://%61.test/"}) {
        INFO(text);
        auto const r = url::parse(text);
        CHECK(!r.has_value());
        if (!r) CHECK(r.error() == errc::url_invalid);
    }
    CHECK(!url::parse("https://a.test/" + std::string(70'000, 'a')).has_value());
    CHECK(url::parse("https://a.test/" + std::string(60'000, 'a')).has_value()); // presigned places are long (W56)
    CHECK(url::parse("https://127.0.0.1:5000/x").has_value());
    CHECK(url::parse("http://[::1]:5000/").value().host() == "[::1]");
}

TEST_CASE("references are resolved (RFC 3986, 5.2)") {
    auto const base = url::parse("https://a.test:5000/v2/x/tags/list?n=1").value();
    struct row {
        char const *reference, *expected;
    };
    row const rows[] = {
        {"/y?z", "https://a.test:5000/y?z"},
        {"y", "https://a.test:5000/v2/x/tags/y"},
        {"../y", "https://a.test:5000/v2/x/y"},
        {"../../../../y", "https://a.test:5000/y"},
        {"./", "https://a.test:5000/v2/x/tags/"},
        {"?n=2", "https://a.test:5000/v2/x/tags/list?n=2"},
        {"//b.test/y", "https://b.test/y"},
        {"http://b.test/", "http://b.test/"},
    };
    for (auto const& r : rows) {
        INFO(r.reference);
        CHECK(base.resolve(r.reference).value().str() == r.expected);
    }
    for (auto bad : {"", "https:b.test", "mailto:x", "\\\\b.test\\x", "//u@b.test/"}) {
        INFO(bad);
        CHECK(!base.resolve(bad).has_value());
    }
}

TEST_CASE("a URL keeps its query at another origin") {
    auto const other = origin("http", "[::1]", 5000);
    CHECK(url::parse("https://a.test/x/y?n=2&last=b").value().at(other, "/v2/z").str() == "http://[::1]:5000/v2/z?n=2&last=b");
    CHECK(url::parse("https://a.test/x?").value().at(other, "/z").str() == "http://[::1]:5000/z");
    CHECK(detail::origin_of("https://a.test:443/x") == origin("https", "a.test", 443));
    CHECK(detail::origin_of("no URL") == origin("", "", 0));
}

TEST_CASE("what is logged of a URL", "[C19]") {
    auto const u = url::parse("https://a.test/x?X-Amz-Signature=CANARY&n=5&token=CANARY&last=z").value();
    CHECK(u.safe() == "https://a.test/x?X-Amz-Signature=***&n=5&token=***&last=z");
    CHECK(safe_url("https://u:CANARY@a.test/") == "(not a URL)");
}

TEST_CASE("query parameters are encoded") {
    auto u = url::parse("https://a.test/t?x=1").value();
    u.add_query("scope", "repository:a/b:pull").add_query("q", "a b&\xc3\xa9");
    CHECK(u.str() == "https://a.test/t?x=1&scope=repository%3Aa%2Fb%3Apull&q=a%20b%26%C3%A9");
    CHECK(form_encode({{"a", "b c"}, {"d", "&"}}) == "a=b%20c&d=%26");
}

} // namespace url_test
