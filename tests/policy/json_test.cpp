// SPDX-License-Identifier: BSL-1.0
// The JSON kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"

#include <lading/json/document.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/testing/check_json.hpp>

#ifdef LADING_TEST_BOOST_JSON
#include <lading/json/readers/boost_json.hpp>
#endif
#ifdef LADING_TEST_NLOHMANN_JSON
#include <lading/json/readers/nlohmann_json.hpp>
#endif
#ifdef LADING_TEST_RAPIDJSON
#include <lading/json/readers/rapidjson_reader.hpp>
#endif
#ifdef LADING_TEST_SIMDJSON
#include <lading/json/readers/simdjson_dom.hpp>
#endif

#include <algorithm>
#include <string>
#include <vector>

namespace json_test {

using namespace lading;

namespace {

template <class J>
void keeps_its_contract(char const* name) {
    INFO(name);
    for (auto const& f : testing::check_json<J>()) FAIL_CHECK(f.str());
}

/// The finding that the planted defect must give.
template <class J>
bool is_found(std::string_view rule) {
    auto const found = testing::check_json<J>();
    for (auto const& f : found) UNSCOPED_INFO(f.str());
    return std::any_of(found.begin(), found.end(), [&](auto const& f) { return f.rule == rule; });
}

/// A sink between a model and ours: a defect overrides one event.
template <class Sink>
struct passes_on {
    Sink& sink;
    errc on_null() { return sink.on_null(); }
    errc on_bool(bool b) { return sink.on_bool(b); }
    errc on_int(std::int64_t i) { return sink.on_int(i); }
    errc on_uint(std::uint64_t u) { return sink.on_uint(u); }
    errc on_number(std::string_view t) { return sink.on_number(t); }
    errc on_string(std::string_view t) { return sink.on_string(t); }
    errc on_key(std::string_view t) { return sink.on_key(t); }
    errc begin_object() { return sink.begin_object(); }
    errc end_object() { return sink.end_object(); }
    errc begin_array() { return sink.begin_array(); }
    errc end_array() { return sink.end_array(); }
};

struct skips_bom {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
        return strict_json::read(text, sink);
    }
};
struct stops_at_nul {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return strict_json::read(text.substr(0, text.find('\0')), sink);
    }
};
struct forgives_a_comma {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        std::string copy(text);
        if (auto const at = copy.find(",]"); at != copy.npos) copy[at] = ' ';
        return strict_json::read(copy, sink);
    }
};
struct forgives_comments {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return strict_json::read(text.ends_with("//x") ? text.substr(0, text.size() - 3) : text, sink);
    }
};
struct ignores_what_follows {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        auto s = strict_json::read(text, sink);
        if (s.code == errc::json_syntax && text.starts_with("{}")) s.code = errc::ok;
        return s;
    }
};
struct rounds_integers {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct lossy : passes_on<Sink> {
            errc on_int(std::int64_t i) { return this->sink.on_int(i < 1ll << 60 ? static_cast<std::int64_t>(static_cast<double>(i)) : i); }
            errc on_uint(std::uint64_t u) { return this->sink.on_number(std::to_string(u)); }
        };
        lossy between{{sink}};
        return strict_json::read(text, between);
    }
};
struct first_key_wins {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct once : passes_on<Sink> {
            std::string last;
            bool skip = false;
            errc on_key(std::string_view t) {
                skip = t == last;
                last = t;
                return skip ? errc::ok : this->sink.on_key(t);
            }
            errc on_int(std::int64_t i) { return skip ? errc::ok : this->sink.on_int(i); }
        };
        once between{{sink}, {}, false};
        return strict_json::read(text, between);
    }
};
struct replaces_bad_text {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        std::string copy(text);
        for (auto& c : copy)
            if (static_cast<unsigned char>(c) >= 0xfe) c = '?';
        return strict_json::read(copy, sink);
    }
};
struct accepts_lone_surrogates {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        return strict_json::read(text == "\"\\ud800\"" ? "\"?\"" : text, sink);
    }
};
struct has_its_own_code {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        auto s = strict_json::read(text, sink);
        if (!s) s.code = errc::json_syntax;
        return s;
    }
};
struct does_not_stop {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct deaf : passes_on<Sink> {
            errc said = errc::ok;
            errc keep(errc e) { return said = said == errc::ok ? e : said, errc::ok; }
            errc on_bool(bool b) { return keep(this->sink.on_bool(b)); }
            errc on_int(std::int64_t i) { return keep(this->sink.on_int(i)); }
        };
        deaf between{{sink}, errc::ok};
        auto const s = strict_json::read(text, between);
        return s && between.said != errc::ok ? json_status{between.said, 0} : s;
    }
};
struct reads_too_far {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text == "12") text = "123"; // as one does that relies on a terminator
        return strict_json::read(text, sink);
    }
};
struct remembers {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        static bool failed = false;
        if (std::exchange(failed, false) && text.starts_with("[\"a")) return {errc::json_syntax, 0};
        auto const s = strict_json::read(text, sink);
        failed = s.code == errc::json_syntax;
        return s;
    }
};
struct drops_empty {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct deaf : passes_on<Sink> {
            errc on_string(std::string_view t) { return t.empty() ? this->sink.on_null() : this->sink.on_string(t); }
        };
        deaf between{{sink}};
        return strict_json::read(text, between);
    }
};
struct is_shallow {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text.starts_with(std::string(33, '['))) return {errc::json_depth, 0};
        return strict_json::read(text, sink);
    }
};

struct refuses_an_escape {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text.find("\\/") != text.npos) return {errc::json_syntax, 0};
        return strict_json::read(text, sink);
    }
};
struct has_a_foreign_code {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        auto s = strict_json::read(text, sink);
        if (s.code == errc::json_syntax) s.code = errc::not_found;
        return s;
    }
};
struct points_behind_the_text {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        auto s = strict_json::read(text, sink);
        if (!s) s.offset = text.size() + 1;
        return s;
    }
};
// Defects that no text of the tables shows.
struct cuts_long_names {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct cutter : passes_on<Sink> {
            errc on_key(std::string_view t) { return this->sink.on_key(t.substr(0, 64)); }
        };
        cutter between{{sink}};
        return strict_json::read(text, between);
    }
};
struct rounds_some_integers {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        struct lossy : passes_on<Sink> {
            errc on_int(std::int64_t i) {
                bool const seen = i == 9007199254740993 || i == INT64_MAX; // those in the tables
                return this->sink.on_int(i > 1ll << 53 && !seen ? i & ~1ll : i);
            }
        };
        lossy between{{sink}};
        return strict_json::read(text, between);
    }
};
struct has_a_small_buffer {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text.size() > 4096 && text.find('\\') != text.npos) return {errc::json_limit, 0};
        return strict_json::read(text, sink);
    }
};
struct ignores_late_garbage {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        if (text.size() > 1000 && text.ends_with('x')) text.remove_suffix(1);
        return strict_json::read(text, sink);
    }
};
struct ends_early {
    template <class Sink>
    static json_status read(std::string_view text, Sink& sink) {
        auto s = strict_json::read(text, sink);
        if (s.code == errc::json_syntax && text.size() > 400 && s.offset == text.size()) s = {};
        return s;
    }
};

} // namespace

TEST_CASE("kit: the JSON models that ship keep their contract", "[J11]") {
    keeps_its_contract<strict_json>("strict_json");
#ifdef LADING_TEST_BOOST_JSON
    keeps_its_contract<boost_json>("boost_json");
#endif
#ifdef LADING_TEST_NLOHMANN_JSON
    keeps_its_contract<nlohmann_json>("nlohmann_json");
#endif
#ifdef LADING_TEST_RAPIDJSON
    keeps_its_contract<rapidjson_reader>("rapidjson_reader");
#endif
#ifdef LADING_TEST_SIMDJSON
    keeps_its_contract<simdjson_dom>("simdjson_dom");
#endif
}

namespace {
/// The string that a model reads, or the name of its code.
template <class J>
std::string text_by(std::string_view text) {
    auto const d = json_document::parse<J>(text);
    return d ? std::string(d.value().root().as_string().value_or("no string")) : std::string(name_of(d.error().kind()));
}
} // namespace

TEST_CASE("bytes that are no UTF-8 are U+FFFD in every model that ships", "[W55]") {
    std::string const in = "\"a\xff\xe2\x82z\"", out = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz";
    CHECK(text_by<strict_json>(in) == out);
    CHECK(text_by<exact_json>(in) == "json_utf8");
    CHECK(text_by<strict_json>(R"("\ud800x")") == "\xef\xbf\xbdx");
#ifdef LADING_TEST_BOOST_JSON
    CHECK(text_by<boost_json>(in) == out);
#endif
#ifdef LADING_TEST_NLOHMANN_JSON
    CHECK(text_by<nlohmann_json>(in) == out);
#endif
#ifdef LADING_TEST_RAPIDJSON
    CHECK(text_by<rapidjson_reader>(in) == out);
#endif
#ifdef LADING_TEST_SIMDJSON
    CHECK(text_by<simdjson_dom>(in) == out);
#endif
}

TEST_CASE("kit: each planted defect of a JSON model is found") {
    CHECK(is_found<skips_bom>("refuses what is not JSON"));
    CHECK(is_found<stops_at_nul>("refuses what is not JSON"));
    CHECK(is_found<forgives_a_comma>("refuses what is not JSON"));
    CHECK(is_found<forgives_comments>("refuses what is not JSON"));
    CHECK(is_found<ignores_what_follows>("refuses what is not JSON"));
    CHECK(is_found<replaces_bad_text>("reports what is there"));
    CHECK(is_found<accepts_lone_surrogates>("reports what is there"));
    CHECK(is_found<rounds_integers>("reports what is there"));
    CHECK(is_found<first_key_wins>("reports what is there"));
    CHECK(is_found<drops_empty>("reports what is there"));
    CHECK(is_found<has_its_own_code>("returns the code of the sink"));
    CHECK(is_found<does_not_stop>("stops when the sink says so"));
    CHECK(is_found<reads_too_far>("reads the view and no more"));
    CHECK(is_found<remembers>("keeps no state"));
    CHECK(is_found<is_shallow>("goes as deep as the sink allows, or says json_depth"));
    CHECK(is_found<refuses_an_escape>("accepts JSON"));
    CHECK(is_found<has_a_foreign_code>("refuses with a code of JSON"));
    CHECK(is_found<points_behind_the_text>("offset within the text"));
    CHECK(is_found<cuts_long_names>("equals the default reader"));
    CHECK(is_found<rounds_some_integers>("equals the default reader"));
    CHECK(is_found<has_a_small_buffer>("equals the default reader"));
    CHECK(is_found<ignores_late_garbage>("equals the default reader"));
    CHECK(is_found<ends_early>("equals the default reader"));
}

} // namespace json_test
