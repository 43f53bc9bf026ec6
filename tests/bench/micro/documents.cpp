// SPDX-License-Identifier: BSL-1.0
// From bytes to typed documents: what an inspection does with what it has fetched.
#include "documents.hpp"
#include "allocations.hpp"

#include <lading/lading.hpp>

namespace {

using json = lading::strict_json;

template <class T>
void decode(benchmark::State& state, std::string const& text) {
    auto const document = lading::json_document::parse<json>(text).value();
    bench::measure(state, text.size(), [&] {
        auto const value = lading::decode<T>(document.root());
        if (!value) state.SkipWithError("not decoded");
        benchmark::DoNotOptimize(&value);
    });
}

/// Size, digest, JSON, type, fields: the whole way of a manifest.
void open(benchmark::State& state, std::string const& text) {
    lading::response const head;
    bench::measure(state, text.size(), [&] {
        auto const opened = lading::parse_and_verify_manifest<lading::default_policies>(text, head, {}, lading::limits());
        if (!opened) state.SkipWithError("not opened");
        benchmark::DoNotOptimize(&opened);
    });
}

/// From a decoded schema1 document to config and history.
void convert(benchmark::State& state, std::string const& text) {
    auto const payload = lading::schema1_payload<json>(text).value();
    auto const document = lading::json_document::parse<json>(payload).value();
    auto const schema1 = lading::decode<lading::schema1>(document.root()).value();
    bench::measure(state, text.size(), [&] {
        auto const chain = lading::check_schema1<json>(schema1, lading::limits(), lading::schema1_rules::modern);
        auto const converted = lading::convert_schema1<json>(schema1, chain.value());
        if (!converted) state.SkipWithError("not converted");
        benchmark::DoNotOptimize(&converted);
    });
}

void all(benchmark::State& state, void (*run)(benchmark::State&, std::string const&), std::string bench::image_texts::* text) {
    run(state, bench::image(static_cast<int>(state.range(0))).*text);
}
using texts = bench::image_texts;
BENCHMARK_CAPTURE(all, decode_manifest, &decode<lading::schema2>, &texts::manifest)->Arg(5)->Arg(50)->ArgName("layers")->Name("decode/manifest");
BENCHMARK_CAPTURE(all, decode_config, &decode<lading::image_config>, &texts::config)->Arg(5)->Arg(50)->ArgName("layers")->Name("decode/config");
BENCHMARK_CAPTURE(all, open_schema2, &open, &texts::manifest)->Arg(5)->Arg(50)->ArgName("layers")->Name("open/schema2");
BENCHMARK_CAPTURE(all, open_schema1, &open, &texts::schema1)->Arg(5)->Arg(50)->ArgName("layers")->Name("open/schema1");
BENCHMARK_CAPTURE(all, convert_schema1, &convert, &texts::schema1)->Arg(5)->Arg(50)->ArgName("layers")->Name("convert/schema1");

} // namespace
