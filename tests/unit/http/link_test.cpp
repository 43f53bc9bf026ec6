// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#p03: the subset of RFC 8288 that paging needs.
#include "catch.hpp"
#include <lading/http/link.hpp>

namespace link_test {

using namespace lading;

namespace {
std::string next(std::vector<std::string_view> lines) {
    auto const r = next_link(lines);
    if (!r) return "error " + std::string(name_of(r.error().kind()));
    return r.value().value_or("none");
}
} // namespace

TEST_CASE("the next page is meant from the one that names it", "[P03]") {
    response head(200);
    head.url = "https://a.test/v2/x/tags/list?n=2";
    CHECK_FALSE(next_page_of(head).value());
    head.headers.add("Link", "<?n=2&last=b>; rel=next");
    auto const page = next_page_of(head).value().value();
    CHECK(page.here.str() == "https://a.test/v2/x/tags/list?n=2");
    CHECK(page.there.str() == "https://a.test/v2/x/tags/list?n=2&last=b");
    head.headers.set("Link", "<https://b.test/p>; rel=next");
    CHECK(next_page_of(head).value().value().there.origin() == origin("https", "b.test", 443));
    head.headers.set("Link", "<https://u@b.test/p>; rel=next");
    CHECK(next_page_of(head).error() == errc::url_invalid);
    head.headers.set("Link", "</p; rel=next");
    CHECK(next_page_of(head).error() == errc::link_invalid);
}

TEST_CASE("the target of rel=next", "[P03]") {
    struct row {
        std::string_view line, expected;
    };
    row const rows[] = {
        {R"(</v2/x/tags/list?n=2&last=b>; rel="next")", "/v2/x/tags/list?n=2&last=b"},
        {"</a>; rel=next", "/a"},
        {"</a> ; rel = \"next\"", "/a"},
        {"</a>; rel=\"prev next\"", "/a"},
        {"</a>; REL=\"NEXT\"", "/a"},
        {"</a,b;c>; rel=next", "/a,b;c"},
        {"</a>; rel=prev, </b>; rel=next", "/b"},
        {"</a>; title=\"x, y; rel=prev\"; rel=next", "/a"},
        {"</a>; rel=prev; rel=next", "none"},
        {"</a>; rel=nextish", "none"},
        {"", "none"},
        {"</a; rel=next", "error link_invalid"},
        {"</a>; rel=\"next", "error link_invalid"},
        {"</a> rel=next", "error link_invalid"},
        {"/a>; rel=next", "error link_invalid"},
        {"<>; rel=next", "error link_invalid"},
    };
    for (auto const& r : rows) {
        INFO(r.line);
        CHECK(next({r.line}) == r.expected);
    }
    CHECK(next({"</a>; rel=prev", "</b>; rel=next"}) == "/b");
    std::string const large = "<" + std::string(65 << 10, 'a') + ">; rel=next";
    CHECK(next({large}) == "error link_invalid");
}

TEST_CASE("links without brackets, and a lone one without rel", "[W46]") {
    struct row {
        std::vector<std::string_view> lines;
        std::string_view expected;
    };
    for (auto const& r : std::vector<row>{
             {{"/a; rel=next"}, "/a"},
             {{"/a?n=1&last=b;rel=\"next\""}, "/a?n=1&last=b"},
             {{"https://r.test/a,b?x=1, </c>; rel=prev"}, "none"},
             {{"https://r.test/a,b?x=1; rel=next, </c>; rel=prev"}, "https://r.test/a,b?x=1"},
             {{"/p; rel=prev, /n; rel=next"}, "/n"},
             {{"/p; rel=prev", "/n; rel=next"}, "/n"},
             {{"</a>"}, "/a"},
             {{"/a"}, "/a"},
             {{"</a>; title=more"}, "/a"},
             {{"</a>;"}, "/a"},
             {{"</a>; rel=next;"}, "/a"},
             {{"</a>; rel='next'"}, "/a"},
             {{"</a>; rel=prev"}, "none"},
             {{"</a>; rel=\"\""}, "none"},
             {{"</a>, </b>"}, "none"},  // which of them?
             {{"</a>", "</b>"}, "none"},
             {{"</a>, </b>; rel=prev"}, "none"},
             {{"</a>, </b>; rel=next"}, "/b"},
             {{"<>"}, "error link_invalid"},
             {{"<>; rel=prev"}, "none"},
             {{"x y z"}, "error link_invalid"},
             {{"/a rel=next"}, "error link_invalid"},
             {{"/a, /b"}, "none"},
             {{"; rel=next"}, "error link_invalid"},
             {{"/a,;b"}, "error link_invalid"},
             {{", ,"}, "none"},
         }) {
        INFO(r.lines.front());
        CHECK(next(r.lines) == r.expected);
    }
}

} // namespace link_test
