// SPDX-License-Identifier: BSL-1.0
// JSON readers side by side: our strict one, and the models over other libraries, as events only and into documents; and
// those libraries' own way to make their own documents.
#include "allocations.hpp"
#include "documents.hpp"

#include <lading/json/document.hpp>
#include <lading/json/strict_json.hpp>

#ifdef LADING_BENCH_BOOST_JSON
#include <lading/json/readers/boost_json.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#endif
#ifdef LADING_BENCH_NLOHMANN_JSON
#include <lading/json/readers/nlohmann_json.hpp>
#endif
#ifdef LADING_BENCH_RAPIDJSON
#include <lading/json/readers/rapidjson_reader.hpp>

#include <rapidjson/document.h>
#endif
#ifdef LADING_BENCH_SIMDJSON
#include <lading/json/readers/simdjson_dom.hpp>
#endif

#include <functional>
#include <string_view>

namespace {

/// Uses every event and keeps nothing.
struct counting_sink {
    std::size_t sum = 0;
    lading::errc take(std::size_t n) { return sum += n, lading::errc::ok; }
    lading::errc on_null() { return take(1); }
    lading::errc on_bool(bool b) { return take(b); }
    lading::errc on_int(std::int64_t i) { return take(static_cast<std::size_t>(i)); }
    lading::errc on_uint(std::uint64_t u) { return take(u); }
    lading::errc on_number(std::string_view t) { return take(t.size()); }
    lading::errc on_string(std::string_view t) { return take(t.size()); }
    lading::errc on_key(std::string_view t) { return take(t.size()); }
    lading::errc begin_object() { return take(1); }
    lading::errc end_object() { return take(1); }
    lading::errc begin_array() { return take(1); }
    lading::errc end_array() { return take(1); }
};

template <class Json>
void events(benchmark::State& state, std::string_view text) {
    bench::measure(state, text.size(), [&] {
        counting_sink sink;
        auto const status = Json::read(text, sink);
        if (!status) state.SkipWithError("not read");
        benchmark::DoNotOptimize(sink.sum);
    });
}
template <class Json>
void document(benchmark::State& state, std::string_view text) {
    bench::measure(state, text.size(), [&] {
        auto const read = lading::json_document::parse<Json>(text);
        if (!read) state.SkipWithError("not read");
        benchmark::DoNotOptimize(&read);
    });
}

using reader = std::function<void(benchmark::State&, std::string_view)>;

void add(std::string const& name, reader const& run) {
    struct named {
        char const* name;
        std::string const& text;
    };
    for (auto const& [what, text] : {named{"manifest5", bench::image(5).manifest}, named{"config5", bench::image(5).config},
                                     named{"indented5", bench::image(5).indented}, named{"manifest50", bench::image(50).manifest}, named{"config50", bench::image(50).config}})
        benchmark::RegisterBenchmark(("json/" + name + '/' + what).c_str(),
                                     [run, &text = text](benchmark::State& state) { run(state, text); });
}
template <class Json>
void add_model(std::string const& name) {
    add("events/" + name, events<Json>);
    add("document/" + name, document<Json>);
}
/// `parse(text)` gives the library's own document, or throws.
template <class Parse>
void add_native(std::string const& name, Parse parse) {
    add("own_document/" + name, [parse](benchmark::State& state, std::string_view text) {
        bench::measure(state, text.size(), [&] {
            auto const read = parse(text);
            benchmark::DoNotOptimize(&read);
        });
    });
}

[[maybe_unused]] bool const registered = [] {
    add_model<lading::strict_json>("strict");
#ifdef LADING_BENCH_BOOST_JSON
    add_model<lading::boost_json>("boost");
    add_native("boost", [](std::string_view text) { return boost::json::parse({text.data(), text.size()}); });
    add("own_document/boost_monotonic", [](benchmark::State& state, std::string_view text) { // its fastest way
        bench::measure(state, text.size(), [&] {
            boost::json::monotonic_resource memory(64u << 10);
            auto const read = boost::json::parse({text.data(), text.size()}, &memory);
            benchmark::DoNotOptimize(&read);
        });
    });
#endif
#ifdef LADING_BENCH_NLOHMANN_JSON
    add_model<lading::nlohmann_json>("nlohmann");
    add_native("nlohmann", [](std::string_view text) { return nlohmann::json::parse(text); });
#endif
#ifdef LADING_BENCH_RAPIDJSON
    add_model<lading::rapidjson_reader>("rapidjson");
    add_native("rapidjson", [](std::string_view text) {
        rapidjson::Document read;
        read.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
        return read;
    });
#endif
#ifdef LADING_BENCH_SIMDJSON
    add_model<lading::simdjson_dom>("simdjson");
#endif
    return true;
}();

} // namespace
