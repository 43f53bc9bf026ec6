// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the JSON policy: every promise of `policy/json.hpp`, as cases with the events they must give (`json_kit/`),
/// and what the default reader makes of a few thousand texts.

#include "../json/strict_json.hpp"
#include "../policy/json.hpp"
#include "finding.hpp"
#include "json_kit/cases.hpp"
#include "json_kit/corpus.hpp"
#include "json_kit/transcript.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace lading::testing {

namespace detail {

inline bool is_json_code(errc e) {
    return e == errc::json_syntax || e == errc::json_utf8 || e == errc::json_number || e == errc::json_depth ||
           e == errc::json_limit;
}

/// Where a model and the default reader disagree about a text; the first few.
template <class J>
void equals_the_default_reader(findings& out) {
    std::size_t found = 0;
    for (auto const& sample : json_corpus()) {
        std::string const exactly(sample.text);
        json_transcript t;
        auto const s = J::read(std::string_view(exactly), t);
        auto const& ours = sample.events;
        bool const may_refuse = (ours.leaves_a_choice && s.code == errc::json_number) || (sample.no_text && is_json_code(s.code));
        bool const equal = s ? t.text == ours.text || (ours.leaves_a_choice && t.events == ours.events) : true;
        if ((bool(s) == sample.accepted || may_refuse) && (equal || !sample.accepted)) continue;
        auto const differs = static_cast<std::size_t>(std::mismatch(t.text.begin(), t.text.end(), ours.text.begin(), ours.text.end()).first - t.text.begin());
        out.emplace_back("equals the default reader",
                         s && sample.accepted ? shown(std::string_view(t.text).substr(differs)) + " and not " + shown(std::string_view(ours.text).substr(differs))
                                              : std::string(s ? "accepted " : "refused ") + shown(sample.text) + ", " + std::to_string(sample.text.size()) + " bytes");
        if (++found == 5) return;
    }
}

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
            if (c.or_these == "no text" && is_json_code(s.code)) continue;
            out.emplace_back("accepts JSON", "refused " + shown(c.text) + " with " + std::string(name_of(s.code)));
        } else if (t.text != c.events && (c.or_these.empty() || t.text != c.or_these)) {
            out.emplace_back("reports what is there",
                             shown(c.text) + " gave " + shown(t.text) + ", not " + shown(c.events));
        }
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

    equals_the_default_reader<J>(out);

    // Deep: a bound of its own or the sink's; never the stack.
    for (std::size_t const depth : {33u, 500u, 1025u, 500'000u}) {
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
/// so, keeps no state, reads no byte outside of the text, and survives deep nesting. Equal to the default reader on a few thousand texts. A second or so without optimisation; pure.
template <class J>
findings check_json() {
    static_assert(lading::check_json<J>::ok);
    if constexpr (json_policy<J>) return detail::run_json_kit<J>();
    else return {};
}

} // namespace lading::testing
