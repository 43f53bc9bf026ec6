// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/detail/timestamp.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>

namespace writer_test {

using namespace lading;

namespace {
std::string string(std::string_view text, bool html = false) {
    json_writer w(json_style(0, html));
    return w.string(text).take();
}
} // namespace

TEST_CASE("writer: escaping", "[spec-0.5]") {
    CHECK(string("\"\\\n\r\t\x01\x1f\x7f/") == "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f\x7f/\"");
    CHECK(string("<a>&") == "\"<a>&\"");
    CHECK(string("<a>&", true) == R"("\u003ca\u003e\u0026")");
    CHECK(string("\xe2\x80\xa8\xe2\x80\xa9") == R"("\u2028\u2029")");
    CHECK(string("a\xff\xc3z") == "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
}
TEST_CASE("what a terminal would obey is escaped where the style says so, and is the same text", "[V15]") {
    std::string const text = "a\x7f\xc2\x9b\xc2\x80\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x80\x81\xc3\xa9\xf0\x9f\x98\x80";
    json_writer w(json_style(0, false, true));
    auto const hidden = w.string(text).take();
    CHECK(hidden == "\"a\\u007f\\u009b\\u0080\\u202e\\u2066\\u200b\\ufeff\\udb40\\udc01\xc3\xa9\xf0\x9f\x98\x80\"");
    CHECK(json_document::parse<strict_json>(hidden).value().root().as_string() == text);
    CHECK(string(text) == '"' + text + '"');
}
TEST_CASE("compact and indented") {
    auto write = [](json_style s) {
        json_writer w(s);
        w.begin_object().key("a").begin_array().integer(-1).boolean(true).null().end_array();
        w.key("b").begin_object().end_object().key("c").begin_array().end_array().end_object();
        return w.take();
    };
    CHECK(write({}) == R"({"a":[-1,true,null],"b":{},"c":[]})");
    CHECK(write(json_style(4, false)) ==
          "{\n    \"a\": [\n        -1,\n        true,\n        null\n    ],\n    \"b\": {},\n    \"c\": []\n}");
}
TEST_CASE("a subtree with its keys sorted") {
    json_writer w;
    auto const d = json_document::parse<strict_json>(R"({"b":1,"a":{"d":1,"c":[2]}})").value();
    CHECK(w.value(d.root(), key_order::sorted).take() == R"({"a":{"c":[2],"d":1},"b":1})");
}
TEST_CASE("writer: timestamps", "[spec-8.1][row-5]") {
    std::pair<char const*, char const*> const rows[] = {
        {"2016-01-15T18:06:41.120+02:00", "2016-01-15T18:06:41.12+02:00"},
        {"2015-08-06T23:53:22.608577814Z", "2015-08-06T23:53:22.608577814Z"},
        {"2020-02-29T00:00:00.000Z", "2020-02-29T00:00:00Z"},
        {"2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00Z"},
        {"2020-01-01T00:00:00.1234567899Z", "2020-01-01T00:00:00.123456789Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
    };
    for (auto [in, out] : rows) CHECK(normalise_timestamp(in).value() == out);
    for (auto bad : {"", "2020-01-01", "2020-13-01T00:00:00Z", "2019-02-29T00:00:00Z", "2020-01-01t00:00:00Z",
                     "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00.Z",
                     "2020-01-01T00:00:00z", "2020-01-01T00:00:00+0100", "2020-01-01T00:00:00+24:00", "20200-01-01T00:00:00Z",
                     "2020-01-01T00:00:00Z ", "2020-1-01T00:00:00Z"}) {
        INFO(bad);
        CHECK(!normalise_timestamp(bad).has_value());
    }
}

} // namespace writer_test
