// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

namespace tags_test {

using namespace lading;

namespace {
std::string const list = "https://r.example/v2/x/tags/list";
result<tag_list> tags(testing::script& s, limits l = {}) {
    test::client registry(testing::scripted_transport(s), client_options().with_limits(l));
    return registry.tags(repository::parse("r.example/x").value());
}
errc one(std::string body, std::string link = {}) {
    testing::script s;
    std::vector<std::pair<std::string, std::string>> fields;
    if (!link.empty()) fields.emplace_back("Link", link);
    s.on(list + "?n=1000", {200, std::move(body), fields});
    auto const r = tags(s);
    return r ? errc::ok : r.error().kind();
}
} // namespace

TEST_CASE("tag lists: what is a list and what is not (spec 4.1, J12)") {
    CHECK(one(R"({"tags":["a"]})") == errc::ok);
    CHECK(one(R"({"tags":null})") == errc::ok);
    CHECK(one("{}") == errc::ok);
    CHECK(one(R"({"tags":["sha256:)" + std::string(64, 'a') + R"("]})") == errc::ok);
    CHECK(one(R"({"tags":{}})") == errc::tags_invalid);
    CHECK(one(R"({"tags":[1]})") == errc::tags_invalid);
    CHECK(one(R"({"tags":["../x"]})") == errc::tags_invalid);
    CHECK(one(R"({"tags":["a\r\nb"]})") == errc::tags_invalid);
    CHECK(one("[]") == errc::tags_invalid);
    CHECK(one("<html>") == errc::json_syntax);
}

TEST_CASE("P01: a page that links to itself ends at the second request") {
    testing::script s;
    s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "<" + list + "?n=1000>; rel=\"next\""}}});
    CHECK(tags(s).error() == errc::page_loop);
    CHECK(s.journal.size() == 1);
}

TEST_CASE("P02: pages without an end, without news, and too many of them") {
    testing::script s;
    s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "</v2/x/tags/list?last=1>; rel=next"}}});
    for (int i = 1; i < 50; ++i)
        s.on(list + "?last=" + std::to_string(i),
             {200, R"({"tags":[]})", {{"Link", "</v2/x/tags/list?last=" + std::to_string(i + 1) + ">; rel=next"}}});
    CHECK(tags(s).error() == errc::page_loop);
    CHECK(s.journal.size() == 4);

    testing::script many;
    many.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "</v2/x/tags/list?last=1>; rel=next"}}});
    for (int i = 1; i < 50; ++i)
        many.on(list + "?last=" + std::to_string(i),
                {200, R"({"tags":["b"]})", {{"Link", "</v2/x/tags/list?last=" + std::to_string(i + 1) + ">; rel=next"}}});
    limits l;
    l.pages = 10;
    CHECK(tags(many, l).error() == errc::page_limit);
    CHECK(many.journal.size() == 10);

    testing::script cut;
    cut.on(list + "?n=1000", {200, R"({"tags":["a","b","c"]})", {{"Link", "</v2/x/tags/list?last=1>; rel=next"}}});
    l.tags = 2;
    auto const some = tags(cut, l).value();
    CHECK(some.state == tags_state::truncated);
    CHECK(some.why == "at " + std::to_string(some.values.size()));
    CHECK(some.values.size() == 2);
    CHECK(cut.journal.size() == 1);
}

TEST_CASE("C15: a page on another origin is not asked for") {
    for (auto link : {"<https://b.test/v2/x/tags/list?last=z>; rel=\"next\"", "<//b.test/y>; rel=next",
                      "<http://r.example/v2/x/tags/list?last=z>; rel=next",
                      "<https://r.example:444/v2/x/tags/list?last=z>; rel=next"})
        CHECK(one(R"({"tags":["a"]})", link) == errc::page_cross_origin);
}

TEST_CASE("L06: a page over its size is refused") {
    testing::script s;
    s.on(list + "?n=1000", {200, std::string((4u << 20) + 1, ' ')});
    CHECK(tags(s).error() == errc::body_too_large);
}

} // namespace tags_test
