// SPDX-License-Identifier: BSL-1.0
// hostile.md P03: the subset of RFC 8288 that paging needs.
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

TEST_CASE("P03: the target of rel=next") {
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
        {"</a>", "none"},
        {"", "none"},
        {"/a; rel=next", "error link_invalid"},
        {"</a; rel=next", "error link_invalid"},
        {"</a>; rel=\"next", "error link_invalid"},
        {"</a> rel=next", "error link_invalid"},
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

} // namespace link_test
