// SPDX-License-Identifier: BSL-1.0
// The reader of tag lists accepts what the default JSON reader accepts, however the bytes are cut.
#include "catch.hpp"
#include <lading/operation/tag_page.hpp>
#include <lading/testing/json_kit/corpus.hpp>

#include <algorithm>

namespace tag_page_test {

using namespace lading;

namespace {
struct outcome {
    errc code = errc::ok;
    std::vector<std::string> names;
    friend bool operator==(outcome const&, outcome const&) = default;
};
outcome read(std::string_view text, std::size_t piece, std::size_t depth = 1000) {
    detail::tag_page page(depth);
    outcome out;
    for (auto rest = text; !rest.empty() && out.code == errc::ok; rest.remove_prefix(std::min(piece, rest.size())))
        out.code = page.read(rest.substr(0, piece), [&](std::optional<std::string_view> name) {
            out.names.emplace_back(name.value_or("(none)"));
            return true;
        });
    if (out.code == errc::ok) out.code = page.finish();
    return out;
}
outcome read(std::string_view text) {
    auto const whole = read(text, text.size() + 1);
    for (std::size_t const piece : {1u, 2u, 3u, 7u}) CHECK(read(text, piece) == whole);
    return whole;
}
struct nothing {
    errc on_null() { return errc::ok; }
    errc on_bool(bool) { return errc::ok; }
    errc on_int(std::int64_t) { return errc::ok; }
    errc on_uint(std::uint64_t) { return errc::ok; }
    errc on_number(std::string_view) { return errc::ok; }
    errc on_string(std::string_view) { return errc::ok; }
    errc on_key(std::string_view) { return errc::ok; }
    errc begin_object() { return errc::ok; }
    errc end_object() { return errc::ok; }
    errc begin_array() { return errc::ok; }
    errc end_array() { return errc::ok; }
};
} // namespace

TEST_CASE("the reader of tag pages is as strict about JSON as the default reader", "[W45]") {
    std::size_t good = 0, bad = 0;
    for (auto const& sample : testing::detail::json_corpus()) {
        for (auto const& text : {"{\"x\":" + sample.text + ",\"tags\":[\"a\"]}", "{\"tags\":[\"a\"],\"x\":" + sample.text + '}'}) {
            nothing sink;
            auto const accepted = bool(strict_json::read(text, sink));
            auto const got = read(text, text.size() + 1);
            if (accepted != (got.code == errc::ok) || read(text, 1) != got || (accepted && got.names != std::vector<std::string>{"a"})) FAIL_CHECK(text);
            ++(accepted ? good : bad);
        }
    }
    CHECK(good > 500);
    CHECK(bad > 2000);
}

TEST_CASE("which strings of a page are names", "[W45]") {
    using names = std::vector<std::string>;
    CHECK(read(R"({"name":"x","tags":["a","b"]})").names == names{"a", "b"});
    CHECK(read(R"({"tags":["a"],"more":{"tags":["n"]},"list":["n",{"tags":["n"]}]})").names == names{"a"});
    CHECK(read(R"({"more":{"tags":["n"]},"tags":[["n"],{"tags":["n"]},1,null,true,"a"]})").names == names{"(none)", "(none)", "(none)", "(none)", "(none)", "a"});
    CHECK(read(R"({"t\u0061gs":["\u0061\n\ud83d\ude00\\"]})").names == names{"a\n\xf0\x9f\x98\x80\\"});
    CHECK(read(R"({"Tags":["n"],"tags ":["n"],"tag":["n"]})") == outcome{});
    CHECK(read(R"({"tags":null})") == outcome{});
    CHECK(read("{}") == outcome{});
    CHECK(read(" \t\r\n{ \"tags\" : [ ] } \n") == outcome{});
    CHECK(read(R"({"tags":[")" + std::string(5000, 'x') + "\"]}").names.at(0).size() < 1000); // not held
    for (auto const* wrong : {R"({"tags":{}})", R"({"tags":1})", R"({"tags":"a"})", R"({"tags":true})", "[]", R"(["tags"])", "null", "\"tags\""})
        CHECK(read(wrong).code == errc::tags_invalid);
    CHECK(read(R"({"tags":["a"],"tags":["b"]})").code == errc::json_duplicate_key);
    for (auto const* cut : {"", "{", R"({"tags")", R"({"tags":["a")", R"({"tags":["a"])", R"({"tags":["a)", R"({"a":-)", R"({"a":1)", "nul"}) CHECK(read(cut).code == errc::json_syntax);
    CHECK(read(R"({"tags":["a"]} x)").code == errc::json_syntax);
    CHECK(read(R"({"a":[[[[]]]]})", 3, 4).code == errc::json_depth);
    CHECK(read(R"({"a":[[[]]]})", 3, 4).code == errc::ok);
    CHECK(read(R"({"a":01})").code == errc::json_number);
    CHECK(read("{\"a\":\"\xed\xa0\x80\"}").code == errc::ok); // no UTF-8, where nobody reads
    CHECK(read("{\"tags\":[\"a\xff\",\"b\",\"\xc3\",\"\\ud800\",\"\\ud800\\n\",\"\\udc00x\",\"\\ud800\\ud83d\\ude00\",\"c\"]}").names ==
          std::vector<std::string>{"(none)", "b", "(none)", "(none)", "(none)", "(none)", "(none)", "c"});
    CHECK(read("{\"tags\xff\":1,\"tags\":[\"a\"]}").names == std::vector<std::string>{"a"});
}

TEST_CASE("reading ends when it is told to", "[W45]") {
    detail::tag_page page(9);
    int seen = 0;
    CHECK(page.read(R"({"tags":["a","b","c"]} and what follows is not looked at)", [&](auto) { return ++seen < 2; }) == errc::ok);
    CHECK(page.finish() == errc::ok);
    CHECK(seen == 2);
}

} // namespace tag_page_test
