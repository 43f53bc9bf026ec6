// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the JSON policy: every promise of `policy/json.hpp`, as cases with the events they must give.

#include "../backend/strict_json.hpp"
#include "../detail/text.hpp"
#include "finding.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace lading::testing {

namespace detail {

/// Writes the events down: `{` `}` `[` `]`, `k"name"`, `s"text"`, `i1`, `u1`, `n1.5`, `t`, `f`, `z`. Numbers that are no
/// integers are written as the shortest text of their double. Answers `json_limit` to event number `refuse_at`.
class json_transcript {
  public:
    explicit json_transcript(std::size_t refuse_at = SIZE_MAX, std::size_t depth = SIZE_MAX)
        : refuse_at_(refuse_at), depth_limit_(depth) {}

    errc on_null() { return add("z"); }
    errc on_bool(bool b) { return add(b ? "t" : "f"); }
    errc on_int(std::int64_t i) { return add('i' + std::to_string(i)); }
    errc on_uint(std::uint64_t u) { return add('u' + std::to_string(u)); }
    errc on_number(std::string_view t) {
        double value = 0;
        auto const [end, bad] = std::from_chars(t.data(), t.data() + t.size(), value);
        if (bad == std::errc::result_out_of_range) return add("n" + std::string(t));
        if (bad != std::errc() || end != t.data() + t.size()) return add("n?" + std::string(t));
        char out[40];
        return add('n' + std::string(out, std::to_chars(out, out + sizeof out, value).ptr));
    }
    errc on_string(std::string_view t) { return add("s\"" + std::string(t) + '"'); }
    errc on_key(std::string_view name) { return add("k\"" + std::string(name) + '"'); }
    errc begin_object() { return open("{"); }
    errc end_object() { return close("}"); }
    errc begin_array() { return open("["); }
    errc end_array() { return close("]"); }

    std::string text;
    std::size_t events = 0;

  private:
    errc add(std::string_view event) {
        if (text.size() < (1u << 20)) text += event;
        return events++ == refuse_at_ ? errc::json_limit : errc::ok;
    }
    errc open(std::string_view event) {
        if (depth_++ >= depth_limit_) return errc::json_depth;
        return add(event);
    }
    errc close(std::string_view event) {
        --depth_;
        return add(event);
    }

    std::size_t refuse_at_;
    std::size_t depth_limit_;
    std::size_t depth_ = 0;
};

struct json_case {
    std::string_view text;
    std::string_view events;
    std::string_view or_these = {}; ///< what a library that converts numbers may report; "refused": may refuse
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
    // surrogates alone
    "\"\\ud800\""sv, "\"\\udc00\""sv, "\"\\ud800a\""sv, "\"\\ud800\\n\""sv, "\"\\ud800\\ud800\""sv, "\"\\ud800\\u0041\""sv,
    "\"\\ude00\\ud83d\""sv,
    // not UTF-8
    "\"\x80\""sv, "\"\xbf\""sv, "\"\xc3\""sv, "\"\xc3(\""sv, "\"\xc0\xaf\""sv, "\"\xc1\xbf\""sv, "\"\xe0\x80\xaf\""sv,
    "\"\xe0\x9f\xbf\""sv, "\"\xed\xa0\x80\""sv, "\"\xed\xbf\xbf\""sv, "\"\xe2\x82\""sv, "\"\xf0\x80\x80\xaf\""sv,
    "\"\xf0\x8f\xbf\xbf\""sv, "\"\xf4\x90\x80\x80\""sv, "\"\xf5\x80\x80\x80\""sv, "\"\xf0\x9f\x98\""sv, "\"\xfe\""sv, "\"\xff\""sv,
    "{\"\xff\":1}"sv,
    // a byte order mark; NUL
    "\xef\xbb\xbf{}"sv, "\xff\xfe{\0}\0"sv, "\xfe\xff\0{\0}"sv, "{}\0"sv, "\0{}"sv, "{}\0junk"sv, "[1\0]"sv, "\"a\0b\""sv,
    "{\"a\0\":1}"sv, "[]\0 {\"a\":"sv,
};

inline bool is_json_code(errc e) {
    return e == errc::json_syntax || e == errc::json_utf8 || e == errc::json_number || e == errc::json_depth ||
           e == errc::json_limit;
}
inline std::string shown(std::string_view text) { return lading::detail::printable(text, 120); }

template <class J>
findings run_json_kit() {
    findings out;
    auto read = [](std::string_view text, json_transcript& t) {
        std::string const exactly(text); // on the heap, so that a sanitizer sees a read behind it
        return J::read(std::string_view(exactly), t);
    };

    for (auto const& c : json_accepted) {
        json_transcript t;
        auto const s = read(c.text, t);
        if (!s) {
            if (c.or_these == "refused" && s.code == errc::json_number) continue;
            out.emplace_back("accepts JSON", "refused " + shown(c.text) + " with " + std::string(name_of(s.code)));
        } else if (t.text != c.events && (c.or_these.empty() || t.text != c.or_these)) {
            out.emplace_back("reports what is there",
                             shown(c.text) + " gave " + shown(t.text) + ", not " + shown(c.events));
        }
        json_transcript ours;
        if (s && c.or_these.empty() && strict_json::read(c.text, ours) && ours.text != t.text)
            out.emplace_back("equals the default reader", shown(c.text));
    }
    for (auto const text : json_refused) {
        json_transcript t;
        auto const s = read(text, t);
        if (s) out.emplace_back("refuses what is not JSON", "accepted " + shown(text) + " as " + shown(t.text));
        else if (!is_json_code(s.code))
            out.emplace_back("refuses with a code of JSON", shown(text) + " gave " + std::string(name_of(s.code)));
        else if (s.offset > text.size())
            out.emplace_back("offset within the text", shown(text) + " gave " + std::to_string(s.offset));
    }

    // The text ends where the view ends.
    constexpr std::string_view longer = "[123]5 \"x\" true}";
    for (auto const& [from, size, events] :
         {std::tuple(1, 2, "i12"), std::tuple(0, 5, "[i123]"), std::tuple(7, 3, "s\"x\""), std::tuple(11, 4, "t")}) {
        json_transcript t;
        auto const s = J::read(longer.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(size)), t);
        if (!s || t.text != events)
            out.emplace_back("reads the view and no more", shown(longer.substr(static_cast<std::size_t>(from))));
    }

    // Every event may be refused; the code comes back and nothing follows.
    constexpr std::string_view all = R"({"a":[1,-2,18446744073709551615,1.5,"s\n",true,null,{}],"b":{"c":[]}})";
    json_transcript whole;
    if (read(all, whole)) {
        for (std::size_t n = 0; n < whole.events; ++n) {
            json_transcript t(n);
            auto const s = read(all, t);
            if (s.code != errc::json_limit)
                out.emplace_back("returns the code of the sink", "event " + std::to_string(n) + " gave " + std::string(name_of(s.code)));
            if (t.events > n + 1)
                out.emplace_back("stops when the sink says so", std::to_string(t.events - n - 1) + " events after a refusal");
        }
    } else {
        out.emplace_back("accepts JSON", shown(all));
    }

    // No state: a good text after a bad one, and twice the same.
    json_transcript bad, first, second;
    read("{\"a\":[\"x", bad);
    if (!read("[\"a\\n\",1]", first) || !read("[\"a\\n\",1]", second) || first.text != second.text || first.text != "[s\"a\n\"i1]")
        out.emplace_back("keeps no state", shown(first.text) + " then " + shown(second.text));

    // Deep: a bound of its own or the sink's; never the stack.
    for (std::size_t const depth : {33u, 500u, 1025u, 1'000'000u}) {
        for (bool const object : {false, true}) {
            std::string text, end;
            for (std::size_t i = 0; i < depth; ++i) text += object ? "{\"a\":" : "[", end += object ? '}' : ']';
            text += "1" + end;
            json_transcript open_ended;
            auto const s = J::read(text, open_ended);
            auto const events = depth * (object ? 3 : 2) + 1;
            auto const at = std::to_string(depth) + (object ? " objects" : " arrays");
            if (s && open_ended.events != events)
                out.emplace_back("reports what is there", at + " gave " + std::to_string(open_ended.events) + " events");
            if (!s && (depth <= 500 || s.code != errc::json_depth))
                out.emplace_back("goes as deep as the sink allows, or says json_depth", at + " gave " + std::string(name_of(s.code)));
            json_transcript bounded(SIZE_MAX, 32);
            if (J::read(text, bounded).code != errc::json_depth)
                out.emplace_back("returns the code of the sink", at + " with a sink that allows 32");
        }
    }
    // Long: one string, many members.
    std::string const long_text(300'000, 'x');
    json_transcript t;
    if (!read('"' + long_text + '"', t) || t.text != "s\"" + long_text + '"')
        out.emplace_back("reports what is there", "a string of 300000 bytes");
    std::string many = "[";
    for (int i = 0; i < 20'000; ++i) many += std::to_string(i) + ',';
    json_transcript numbers;
    if (!read(many + "0]", numbers) || numbers.events != 20'003)
        out.emplace_back("reports what is there", "an array of 20001 numbers");
    return out;
}

} // namespace detail

/// Checks a JSON model: what it must accept and with which events, what it must refuse, that it stops when the sink says
/// so, keeps no state, reads no byte outside of the text, and survives deep nesting. A few milliseconds; pure.
template <class J>
findings check_json() {
    static_assert(lading::check_json<J>::ok);
    if constexpr (json_policy<J>) return detail::run_json_kit<J>();
    else return {};
}

} // namespace lading::testing
