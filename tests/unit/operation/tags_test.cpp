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

TEST_CASE("tag lists: what is a list and what is not", "[spec-4.1][J12]") {
    CHECK(one(R"({"tags":["a"]})") == errc::ok);
    CHECK(one(R"({"tags":null})") == errc::ok);
    CHECK(one("{}") == errc::ok);
    CHECK(one(R"({"tags":["sha256:)" + std::string(64, 'a') + R"("]})") == errc::ok);
    CHECK(one(R"({"tags":{}})") == errc::tags_invalid);
    CHECK(one(R"({"tags":[1]})") == errc::tags_invalid);
    CHECK(one(R"({"tags":["../x"]})") == errc::tags_invalid);
    CHECK(one(R"({"tags":["a\r\nb"]})") == errc::tags_invalid);
    CHECK(one("[]") == errc::tags_invalid);
    CHECK(one("<html>") == errc::not_a_registry);
    CHECK(one("") == errc::not_a_registry);
    CHECK(one("no list") == errc::json_syntax);
}

TEST_CASE("a page that links to itself ends at the second request", "[P01]") {
    testing::script s;
    s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "<" + list + "?n=1000>; rel=\"next\""}}});
    auto const got = tags(s).value();
    CHECK(got.values == std::vector<std::string>{"a"});
    CHECK(got.failure == errc::page_loop);
    CHECK(s.journal.size() == 1);
}

TEST_CASE("pages without an end, without news, and too many of them", "[P02]") {
    testing::script s;
    s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "</v2/x/tags/list?last=1>; rel=next"}}});
    for (int i = 1; i < 50; ++i)
        s.on(list + "?last=" + std::to_string(i),
             {200, R"({"tags":[]})", {{"Link", "</v2/x/tags/list?last=" + std::to_string(i + 1) + ">; rel=next"}}});
    CHECK(tags(s).value().failure == errc::page_loop);
    CHECK(s.journal.size() == 4);

    testing::script many;
    many.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "</v2/x/tags/list?last=1>; rel=next"}}});
    for (int i = 1; i < 50; ++i)
        many.on(list + "?last=" + std::to_string(i),
                {200, R"({"tags":["b"]})", {{"Link", "</v2/x/tags/list?last=" + std::to_string(i + 1) + ">; rel=next"}}});
    limits l;
    l.pages = 10;
    CHECK(tags(many, l).value().failure == errc::page_limit);
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

TEST_CASE("a page on another origin is not asked for", "[C15]") {
    for (auto link : {"<//b.test/y>; rel=next", "<http://r.example/v2/y/tags/list?last=z>; rel=next", "<https://r.example:444/>; rel=next"}) {
        INFO(link);
        testing::script s;
        s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", link}}});
        auto const got = tags(s).value();
        CHECK(got.state == tags_state::truncated);
        CHECK(got.failure == errc::page_cross_origin);
        CHECK(got.values.size() == 1);
        CHECK(s.journal.size() == 1);
    }
    CHECK(one(R"({"tags":[]})", "<//b.test/y>; rel=next") == errc::page_cross_origin); // not one name
}

TEST_CASE("the list's own path under another name is its place on our own origin", "[W46]") {
    for (auto link : {"<https://b.test/v2/x/tags/list?last=a&n=1>; rel=\"next\"", "<http://r.example/v2/x/tags/list?last=a&n=1>; rel=next",
                      "<https://r.example:444/v2/x/tags/list?last=a&n=1>; rel=next", "<?last=a&n=1>; rel=next", "<list?last=a&n=1>; rel=next",
                      "<//inner:5000/v2/x/tags/list?last=a&n=1>", "/v2/x/tags/list?last=a&n=1; rel=\"next\"", "</v2/x/tags/list?last=a&n=1>",
                      "http://10.0.0.1:5000/v2/x/tags/list?last=a&n=1; rel=next"}) {
        INFO(link);
        testing::script s;
        s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", link}}});
        s.on(list + "?last=a&n=1", {200, R"({"tags":["b"]})"});
        auto const got = tags(s).value();
        CHECK(got.state == tags_state::complete);
        CHECK(got.why == "");
        CHECK(got.values == std::vector<std::string>{"a", "b"});
    }
    SECTION("unreadable: what came is kept") {
        for (auto link : {"</v2/x/tags/list?last=a; rel=next", "<https://b.test:0x/>; rel=next", "<>; rel=next"}) {
            INFO(link);
            testing::script s;
            s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", link}}});
            auto const got = tags(s).value();
            CHECK(got.state == tags_state::truncated);
            CHECK(got.why != "");
            CHECK(got.values.size() == 1);
        }
    }
    SECTION("pages that name themselves by another name still end") {
        testing::script s;
        s.on(list + "?n=1000", {200, R"({"tags":["a"]})", {{"Link", "<http://b.test/v2/x/tags/list?n=1000>; rel=next"}}});
        CHECK(tags(s).value().failure == errc::page_loop);
        CHECK(s.journal.size() == 1);
    }
}

TEST_CASE("a later page fails, and what came is kept with the reason", "[W47]") {
    struct row {
        testing::scripted_answer page;
        char const* why;
    };
    for (auto const& r : std::vector<row>{{{500, "it broke"}, "server_error"},
                                          {{401, ""}, "auth_required"},
                                          {{200, "<html><title>Sign in</title>"}, "the answer is a web page, not a tag list"},
                                          {{200, ""}, "the answer is empty, not a tag list"},
                                          {{200, R"({"tags":["c","d)"}, "json_syntax"},
                                          {{200, R"({"tags":7})"}, "no list of tags"}}) {
        INFO(r.why);
        testing::script s;
        s.on(list + "?n=1000", {200, R"({"tags":["a","b"]})", {{"Link", "<?last=b>; rel=next"}}});
        s.on(list + "?last=b", r.page);
        auto const got = tags(s).value();
        CHECK(got.state == tags_state::truncated);
        CHECK(got.why.find(r.why) != std::string::npos);
        CHECK(got.why.find("next: ") == std::string::npos);
        REQUIRE(got.failure);
        CHECK(got.values.at(0) == "a");
        CHECK(got.values.size() == (r.page.body.find("\"c\"") == std::string::npos ? 2 : 3)); // what was complete of a cut page too
    }
    SECTION("the first page fails, or nothing has come") {
        testing::script s;
        s.on(list + "?n=1000", {500, ""});
        CHECK(tags(s).error() == errc::server_error);
        testing::script none;
        none.on(list + "?n=1000", {200, R"({"tags":[]})", {{"Link", "<?last=b>; rel=next"}}});
        none.on(list + "?last=b", {404, ""});
        CHECK(tags(none).error() == errc::not_found);
    }
    SECTION("an entry that is no tag does not hide the others") {
        testing::script s;
        s.on(list + "?n=1000", {200, R"({"tags":["a",null,"../x",{"tags":["z"]},"b"]})", {{"Link", "<?last=b>; rel=next"}}});
        s.on(list + "?last=b", {200, R"({"tags":["c"]})"});
        auto const got = tags(s).value();
        CHECK(got.values == std::vector<std::string>{"a", "b", "c"});
        CHECK(got.state == tags_state::truncated);
        CHECK(got.failure == errc::tags_invalid);
    }
    SECTION("another place may have all of it") {
        auto const ask = [](testing::script& s) {
            client_options o;
            o.with_mirror("r.example", mirror("m.example"));
            return test::client(testing::scripted_transport(s), o).tags(repository::parse("r.example/x").value());
        };
        std::string const there = "https://m.example/v2/x/tags/list";
        testing::script s;
        s.on(there + "?n=1000", {200, R"({"tags":["old"]})", {{"Link", "<?last=b>; rel=next"}}});
        s.on(there + "?last=b", {404, ""});
        s.on(list + "?n=1000", {200, R"({"tags":["a","b"]})"});
        CHECK(ask(s).value().values == std::vector<std::string>{"a", "b"});
        testing::script half; // none has: the list that was cut is better than none
        half.on(there + "?n=1000", {200, R"({"tags":["old"]})", {{"Link", "<?last=b>; rel=next"}}});
        half.on(there + "?last=b", {404, ""});
        half.on(list + "?n=1000", {403, ""});
        auto const got = ask(half).value();
        CHECK(got.values == std::vector<std::string>{"old"});
        CHECK(got.failure == errc::not_found);
    }
}

TEST_CASE("a page is read as a stream: what is not kept does not count", "[W45]") {
    std::string page = R"({"name":"x","child":[],"manifest":{)";
    for (int i = 0; i < 20'000; ++i)
        page += (i ? "," : "") + ("\"sha256:" + std::string(59, 'a') + std::to_string(10'000 + i)) +
                R"(":{"imageSizeBytes":"1","layerId":"","mediaType":"m","tag":["t","tags"],"timeCreatedMs":"1e3","n":-1.5e+7})";
    page += R"(},"tags":[)";
    for (int i = 0; i < 120'000; ++i) page += (i ? ",\"" : "\"") + std::string("v1.2.3-branch-of-somebody.") + std::to_string(i) + '"';
    page += "]}";
    REQUIRE(page.size() > limits().json.bytes);
    SECTION("all of it") {
        testing::script s;
        s.on(list + "?n=1000", {200, page});
        auto const got = tags(s).value();
        CHECK(got.state == tags_state::complete);
        CHECK(got.values.size() == 120'000);
        CHECK(got.values.back() == "v1.2.3-branch-of-somebody.119999");
    }
    SECTION("bounds: a page, the names and their text") {
        for (int const which : {0, 1, 2}) {
            limits l;
            (which == 0 ? l.tags : which == 1 ? l.tags_bytes
                                              : l.tag_page_bytes) = 100;
            testing::script s;
            s.on(list + "?n=1000", {200, R"({"tags":[)" + std::string(R"("0123456789",)") + std::string(200, ' ') + page.substr(page.find("\"v1"))});
            auto const r = tags(s, l);
            auto const got = r.value();
            CHECK(got.state == tags_state::truncated);
            CHECK(got.values.size() == (which == 0 ? 100u : which == 1 ? 4u
                                                                       : 1u));
            CHECK(got.failure.has_value() == (which == 2));
            CHECK(got.why.find(which == 2 ? "body_too_large" : "at ") == 0);
        }
    }
}

TEST_CASE("a page over its size is refused", "[L06]") {
    testing::script s;
    limits l;
    l.tag_page_bytes = 1000;
    s.on(list + "?n=1000", {200, std::string(1001, ' ')});
    CHECK(tags(s, l).error() == errc::body_too_large);
}

} // namespace tags_test
