// SPDX-License-Identifier: BSL-1.0
// doc/threats.md : what is JSON, what is not, and the limits.
#include "catch.hpp"
#include "cpu_time.hpp"
#include <lading/json/document.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>

#include <chrono>
#include <random>

namespace strict_json_test {

using namespace lading;

namespace {
errc code(std::string_view text, json_limits l = {}) {
    auto const d = json_document::parse<strict_json>(text, l);
    return d ? errc::ok : d.error().kind();
}
std::string again(std::string_view text) {
    json_writer w;
    auto const d = json_document::parse<strict_json>(text).value();
    return w.value(d.root()).take();
}
std::string nested(std::size_t n) { return std::string(n, '[') + std::string(n, ']'); }

consteval bool parses_when_compiled() {
    json_document d;
    auto const s = d.assign<strict_json>(R"({"a":[1,-2,{"b":"x\u00e9\ud83d\ude00"}],"n":null,"t":true})");
    return bool(s) && d.root().find("a")->size() == 3 && d.root().find("t")->as_bool() == true &&
           d.root().size() == 3 && !d.assign<strict_json>(R"({"a":1,"a":2})");
}
static_assert(parses_when_compiled());
} // namespace

TEST_CASE("what is accepted, and comes out as it went in") {
    for (auto text : {"null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808",
                      "18446744073709551615", "18446744073709551616", "1.5", "1e3", "-0", "1E-2", "0.0", R"("")", R"("a")",
                      "[]", "{}", "[1,2,[3]]", R"({"a":{"b":[]}})", R"(["\"\\\n\t\r"])", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                      "\"\x7f\"", "\"\xef\xbf\xbf\""}) {
        INFO(text);
        REQUIRE(code(text) == errc::ok);
        CHECK(again(text) == text);
    }
    CHECK(again(" \t\r\n[ 1 , { \"a\" : 2 } ] \n") == R"([1,{"a":2}])");
    CHECK(again(R"("\u0041\/\b\f\u00e9\ud83d\ude00")") == "\"A/\\u0008\\u000c\xc3\xa9\xf0\x9f\x98\x80\"");
    auto const n = json_document::parse<strict_json>("[18446744073709551615,-0,1.0,5]").value();
    std::vector<json_kind> kinds;
    n.root().each_element([&](json_view v) { kinds.push_back(v.kind()); });
    CHECK(kinds == std::vector{json_kind::unsigned_integer, json_kind::number, json_kind::number, json_kind::integer});
}

TEST_CASE("what is refused as malformed", "[J03][J05]") {
    for (auto text : {"", " ", "{} x", "{}{}", "\xef\xbb\xbf{}", "//c\n{}", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{,}", "{\"a\"}",
                      "{\"a\":}", "{a:1}", "{'a':1}", "[", "]", "{", "}", "[}", "{]", "nul", "nulll", "True", "tru", "\"", "\"\\\"",
                      "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"a\nb\"", "\"a\tb\"", "[1:2]", "{\"a\":1:2}", "{1:2}", "Infinity", "[\"a\"",
                      "{\"a\":1", "\v1", "#", "[*]", "{\"a\",1}", "[1,,2]", "{\"a\":1,,\"b\":2}", "\"\\", "\"\\u\"", "\f[]", "@"}) {
        INFO(text);
        CHECK(code(text) == errc::json_syntax);
    }
    CHECK(code(std::string("{}\0", 3)) == errc::json_syntax);
    CHECK(code(std::string("\0{}", 3)) == errc::json_syntax);
    CHECK(code(std::string("\"a\0b\"", 5)) == errc::json_syntax);
    CHECK(code(R"({"layers\u0000":1,"layers":2})") == errc::ok); // compared by their full length
}

TEST_CASE("what is not UTF-8 is U+FFFD, or refused in a text of our own", "[J04][W55]") {
    std::pair<char const*, std::size_t> const rows[] = {
        {"\"\xff\"", 1}, {"\"\xc0\x80\"", 2}, {"\"\xc1\xbf\"", 2}, {"\"\xed\xa0\x80\"", 3}, {"\"\xed\xbf\xbf\"", 3}, {"\"\xe0\x80\x80\"", 3}, {"\"\xf0\x80\x80\x80\"", 4}, {"\"\xf4\x90\x80\x80\"", 4}, {"\"\xf5\x80\x80\x80\"", 4}, {"\"\x80\"", 1}, {"\"\xc3\"", 1}, {"\"\xe2\x82\"", 2}, {"\"\xf0\x9f\x98\"", 3}, {R"("\ud800")", 1}, {R"("\udc00\ud800")", 2}, {R"("\ud800\ud800")", 2}};
    for (auto const& [text, marks] : rows) {
        INFO(text);
        std::string want;
        for (std::size_t i = 0; i < marks; ++i) want += "\xef\xbf\xbd";
        auto const d = json_document::parse<strict_json>(text);
        REQUIRE(d.has_value());
        CHECK(d.value().root().as_string() == want);
        json_document exactly;
        CHECK(exactly.assign<exact_json>(text).code == errc::json_utf8);
    }
    CHECK(json_document::parse<strict_json>(R"("\ud800\u0041\ud83d\ude00")").value().root().as_string() == "\xef\xbf\xbd"
                                                                                                           "A\xf0\x9f\x98\x80");
    for (auto text : {"\xff", "{\xff:1}", R"("\ud800\u12")", R"("\u00)"}) CHECK(code(text) == errc::json_syntax);
    // What it grows to has a bound.
    CHECK(code('"' + std::string(65'536, '\xff') + '"') == errc::ok);
    CHECK(code('"' + std::string(65'537, '\xff') + '"') == errc::json_utf8);
}

TEST_CASE("strict json: numbers", "[J06]") {
    for (auto text : {"01", "-01", "00", "-", "1.", "1.e1", "1e", "1e+", "-a"}) {
        INFO(text);
        CHECK(code(text) == errc::json_number);
    }
    for (auto text : {"+1", ".5", "NaN", "0x1", "1a", "1_000"}) {
        INFO(text);
        CHECK(code(text) != errc::ok);
    }
    CHECK(code(std::string(1025, '1')) == errc::json_number);
    auto const one = [](std::string_view t) { return json_document::parse<strict_json>(t).value(); };
    CHECK(one("-9223372036854775808").root().as_int() == INT64_MIN);
    CHECK(one("9223372036854775808").root().as_uint() == 9223372036854775808u);
    CHECK(!one("9223372036854775808").root().as_int());
    for (auto text : {"1.0", "1e3", "-0", "18446744073709551616"}) CHECK(!one(text).root().as_int());
}

TEST_CASE("depth, size and counts are bounded", "[J01][J02][J09]") {
    CHECK(code(nested(64)) == errc::ok);
    CHECK(code(nested(65)) == errc::json_depth);
    CHECK(code(std::string(2'000'000, '[')) == errc::json_depth);
    std::string many = "[";
    for (int i = 0; i < 300'000; ++i) many += "[],";
    auto const begin = test::cpu_time();
    CHECK(code(many + "0]") == errc::json_limit);
    std::string keys = "{", same = "{";
    for (int i = 0; i <= 10'000; ++i) keys += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":0";
    CHECK(code(keys + "}") == errc::json_limit);
    for (int i = 0; i < 9'000; ++i) same += "\"k" + std::to_string(i) + "\":0,";
    CHECK(code(same + "\"k77\":1}") == errc::json_duplicate_key);
    CHECK(code(std::string((4u << 20) + 1, ' ')) == errc::json_limit);
    CHECK(test::cpu_time() - begin < std::chrono::seconds(10));
}

TEST_CASE("one key twice, however it is spelled", "[J08]") {
    CHECK(code(R"({"layers":1,"\u006cayers":2})") == errc::json_duplicate_key);
    CHECK(code(R"({"a":{"b":1,"b":2}})") == errc::json_duplicate_key);
    CHECK(code(R"({"a":1,"A":2,"b":{"a":1}})") == errc::ok);
    CHECK(code(R"([{"a":1},{"a":2}])") == errc::ok);
    CHECK(code(R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":{"a":1},"j":9,"a":0})") == errc::json_duplicate_key);
}

TEST_CASE("where a name may come twice, both members are kept, and who looks it up gets neither", "[W55]") {
    json_limits l;
    l.repeated_keys = true;
    std::string const text = R"({"a":1,"b":{"c":2,"c":3,"d":4},"a":"x","\u0061":[],"e":5})";
    auto const d = json_document::parse<strict_json>(text, l).value();
    auto const a = d.root().find("a");
    REQUIRE(a);
    CHECK(a->is_repeated());
    CHECK((!a->as_int() && !a->as_string() && !a->as_bool() && !a->is_array() && !a->is_object() && !a->is_null() && a->size() == 0));
    CHECK(d.root().find("e")->as_int() == 5);
    CHECK(d.root().find("b")->find("c")->is_repeated());
    CHECK(d.root().find("b")->find("d")->as_int() == 4);
    CHECK(d.root().size() == 5);
    json_writer w;
    CHECK(w.value(d.root()).take() == R"({"a":1,"b":{"c":2,"c":3,"d":4},"a":"x","a":[],"e":5})");
    CHECK(code(text) == errc::json_duplicate_key);
}

TEST_CASE("every prefix of a document is an error", "[J10]") {
    std::string const text = R"({"a":[1,-2.5e3,"\u00e9x",null,true,{"b":{}}],"c":"\ud83d\ude00"})";
    REQUIRE(code(text) == errc::ok);
    for (std::size_t n = 0; n < text.size(); ++n) CHECK(code(text.substr(0, n)) != errc::ok);
}

TEST_CASE("mutations of a document are read without harm, and what is accepted is written as itself") {
    std::string const text = R"({"a":[1,-2.5e3,"\u00e9x",null,true,{"b":{}}],"c":"\ud83d\ude00","d":18446744073709551615})";
    std::mt19937 random(1);
    int accepted = 0;
    for (int i = 0; i < 40'000; ++i) {
        auto bad = text;
        for (int k = 0; k < 2; ++k) bad[random() % bad.size()] = static_cast<char>(random() % 256);
        if (code(bad) != errc::ok) continue;
        ++accepted;
        CHECK(again(again(bad)) == again(bad));
    }
    CHECK(accepted > 0);
}

} // namespace strict_json_test
