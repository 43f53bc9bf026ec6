// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The tables of the JSON kit: texts with the events they must give, and texts that are not JSON.

#include <string_view>

namespace lading::testing::detail {

struct json_case {
    std::string_view text;
    std::string_view events;
    std::string_view or_these = {}; ///< what a library that converts numbers may report; "refused": may refuse it;
                                    ///< "no text": a library that reads no such strings may refuse them
};

using namespace std::string_view_literals;

inline constexpr json_case json_accepted[] = {
    {"{}", "{}"},
    {"[]", "[]"},
    {"null", "z"},
    {"true", "t"},
    {"false", "f"},
    {"\"\"", "s\"\""},
    {" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", "[i1i2]"},
    {R"({"a":1,"b":{"c":[true,false,null]},"d":"e"})", R"({k"a"i1k"b"{k"c"[tfz]}k"d"s"e"})"},
    {R"({"b":1,"a":2})", R"({k"b"i1k"a"i2})"}, // in the order of the document
    {R"({"a":1,"a":2})", R"({k"a"i1k"a"i2})"}, // which of two is a matter of the sink
    {R"({"a":1,"\u0061":2})", R"({k"a"i1k"a"i2})"},
    {R"({"":0})", R"({k""i0})"},
    {R"([[],{},[{}]])", "[[]{}[{}]]"},
    {"0", "i0"},
    {"-0", "n-0", "i0"},
    {"-1", "i-1"},
    {"9223372036854775807", "i9223372036854775807"},
    {"-9223372036854775808", "i-9223372036854775808"},
    {"9223372036854775808", "u9223372036854775808"},
    {"18446744073709551615", "u18446744073709551615"},
    {"9007199254740993", "i9007199254740993"}, // not a double
    {"18446744073709551616", "n18446744073709551616", "refused"},
    {"-9223372036854775809", "n-9223372036854775808", "refused"},
    {"1.5", "n1.5"},
    {"1.0", "n1"},
    {"0.1", "n0.1"},
    {"-2.5e3", "n-2500"},
    {"1E2", "n100"},
    {"1e+2", "n100"},
    {"1e-2", "n0.01"},
    {"0e0", "n0"},
    {"1e400", "n1e400", "refused"},
    {R"("\"\\\/\b\f\n\r\t")", "s\"\"\\/\b\f\n\r\t\""},
    {R"("\u0041\u00e9\u20ac\ud83d\ude00")", "s\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {R"("\uD83D\uDE00")", "s\"\xf0\x9f\x98\x80\""},
    {R"("a\u0000b")", "s\"a\0b\""sv},
    {R"({"k\n\u00e9":1})", "{k\"k\n\xc3\xa9\"i1}"},
    {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\"",
     "s\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80\""},
    {"\"\x7f\"", "s\"\x7f\""},
    {R"("\ufeff")", "s\"\xef\xbb\xbf\""}, // a BOM inside a string is text
    {R"("\uffff\ufdd0")", "s\"\xef\xbf\xbf\xef\xb7\x90\""},
    {R"("a//b/*c*/,}")", "s\"a//b/*c*/,}\""},
    {R"(["true","null","1"])", R"([s"true"s"null"s"1"])"},
    // Half a character is U+FFFD.
    {R"("\ud800")", "s\"\xef\xbf\xbd\"", "no text"},
    {R"("\udc00")", "s\"\xef\xbf\xbd\"", "no text"},
    {R"("\ud800a")", "s\"\xef\xbf\xbd" "a\"", "no text"},
    {R"("\ud800\n")", "s\"\xef\xbf\xbd\n\"", "no text"},
    {R"("\ud800\ud800")", "s\"\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {R"("\ud800\u0041")", "s\"\xef\xbf\xbd" "A\"", "no text"},
    {R"("\ud800\ud83d\ude00")", "s\"\xef\xbf\xbd\xf0\x9f\x98\x80\"", "no text"},
    {R"("\ude00\ud83d")", "s\"\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    // So is each byte that is no UTF-8.
    {"\"\x80\"", "s\"\xef\xbf\xbd\"", "no text"},
    {"\"\xbf\"", "s\"\xef\xbf\xbd\"", "no text"},
    {"\"\xc3\"", "s\"\xef\xbf\xbd\"", "no text"},
    {"\"\xc3(\"", "s\"\xef\xbf\xbd(\"", "no text"},
    {"\"\xc0\xaf\"", "s\"\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {"\"\xe0\x9f\xbf\"", "s\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {"\"\xed\xa0\x80\"", "s\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {"\"\xe2\x82\"", "s\"\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {"\"\xf4\x90\x80\x80\"", "s\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "no text"},
    {"\"a\xff\xc3\xa9\xfe\\n\"", "s\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\n\"", "no text"},
    {"{\"\xff\":1}", "{k\"\xef\xbf\xbd\"i1}", "no text"},
};

inline constexpr std::string_view json_refused[] = {
    ""sv, " "sv, "\n\t\r "sv,
    // more than one value, or less
    "{} {}"sv, "[]x"sv, "1 2"sv, "{}}"sv, "[]]"sv, "{},"sv, "nulll"sv, "nul"sv, "tru"sv, "TRUE"sv, "None"sv, "undefined"sv,
    "{"sv, "["sv, "[1"sv, "[1,"sv, "{\"a\""sv, "{\"a\":"sv, "{\"a\":1"sv, "{\"a\":1,"sv, "\""sv, "\"a"sv, "}"sv, "]"sv, ","sv,
    ":"sv, "[}"sv, "{]"sv, "[1}"sv, "{\"a\":1]"sv, "[[1]"sv,
    // commas and colons
    "[1,]"sv, "[,1]"sv, "[,]"sv, "[1,,2]"sv, "[1 2]"sv, "{\"a\":1,}"sv, "{,\"a\":1}"sv, "{\"a\" 1}"sv, "{\"a\"::1}"sv,
    "{\"a\",1}"sv, "{\"a\":1 \"b\":2}"sv, "{\"a\":1,,\"b\":2}"sv, "[1:2]"sv, "{\"a\"}"sv,
    // names
    "{a:1}"sv, "{'a':1}"sv, "{1:1}"sv, "{null:1}"sv, "{[]:1}"sv,
    // comments and other white space
    "/*x*/{}"sv, "{}//x"sv, "[1,/*x*/2]"sv, "# x\n{}"sv, "\f1"sv, "\v1"sv, "\xc2\xa0{}"sv, "[\x0b]"sv, "\xe2\x80\xa8[]"sv,
    // numbers
    "01"sv, "-01"sv, "00"sv, "+1"sv, "--1"sv, "-"sv, ".5"sv, "1."sv, "-.5"sv, "1.e1"sv, "1e"sv, "1e+"sv, "1e1.5"sv, "0x10"sv,
    "1_000"sv, "NaN"sv, "Infinity"sv, "-Infinity"sv, "1a"sv, "[1.2.3]"sv, "\xef\xbc\x91"sv,
    // strings
    "'a'"sv, "\"\x01\""sv, "\"\x1f\""sv, "\"a\nb\""sv, "\"a\tb\""sv, "\"\\\""sv, "\"\\a\""sv, "\"\\x41\""sv, "\"\\u\""sv,
    "\"\\u12\""sv, "\"\\u123g\""sv, "\"\\U0041\""sv, "\"\\u 041\""sv, "\"\\u+041\""sv, "\"\\'\""sv,
    // not UTF-8, and in no string
    "\xff"sv, "\xff{}"sv, "{}\xff"sv, "[1\x80]"sv, "{\xff:1}"sv, "\"\\\xff\""sv, "\"\\u00\xff\""sv, "\"\xff"sv,
    // a byte order mark; NUL
    "\xef\xbb\xbf{}"sv, "\xff\xfe{\0}\0"sv, "\xfe\xff\0{\0}"sv, "{}\0"sv, "\0{}"sv, "{}\0junk"sv, "[1\0]"sv, "\"a\0b\""sv,
    "{\"a\0\":1}"sv, "[]\0 {\"a\":"sv,
};

} // namespace lading::testing::detail
