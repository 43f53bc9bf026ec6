// SPDX-License-Identifier: BSL-1.0
// Our own gzip reader: what it reads, zlib reads, and the other way round.
#include "target.hpp"

#include "zlib_gzip.hpp"

#include <lading/http/gunzip.hpp>

#include <algorithm>
#include <memory>

using namespace lading;
using fuzz::must;

namespace {

constexpr std::size_t most = 1u << 20;

struct bounded_sink final : body_sink {
    std::string text;
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> piece) override {
        must(!piece.empty() && piece.size() <= (64u << 10), "pieces are bounded");
        text.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return text.size() > most ? sink_action::stop : sink_action::proceed;
    }
};

/// The same text as zlib packs it in other ways.
std::vector<std::string> packed() {
    std::string words;
    for (int i = 0; i < 200; ++i) words += "{\"size\":" + std::to_string(i * 7919) + "},";
    std::vector<std::string> out;
    for (int const level : {0, 1, 9})
        for (int const strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) out.push_back(test::zlib_gzip(words, level, strategy));
    out.push_back(test::zlib_gzip("a") + test::zlib_gzip(""));
    return out;
}

void compare(std::string_view text) {
    bounded_sink ours;
    auto const r = gunzip(text, ours);
    auto const theirs = test::zlib_gunzip(text, most);
    if (!r) {
        fuzz::check_error(r.assume_error());
        must(!theirs, "what zlib reads we read", text);
    } else if (r.assume_value() == sink_action::stop) {
        must(ours.text.size() <= most + (64u << 10), "a sink that has enough gets no more");
    } else {
        must(theirs && *theirs == ours.text, "what we read zlib reads", text, ours.text);
    }
}

} // namespace

FUZZ_TARGET(gunzip, "http", packed()) {
    compare(input);
    // Past the checksums, which hide all else: the blocks under a head, and an end that fits what comes out of them.
    std::string const head = test::zlib_gzip("").substr(0, 10);
    bounded_sink sink;
    std::string bytes = head + std::string(input);
    (void)gunzip(bytes, sink);
    auto const crc = crc32(0, reinterpret_cast<Bytef const*>(sink.text.data()), static_cast<uInt>(sink.text.size()));
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(crc >> 8 * i);
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(sink.text.size() >> 8 * i);
    compare(bytes);
}
