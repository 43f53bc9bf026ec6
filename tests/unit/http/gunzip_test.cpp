// SPDX-License-Identifier: BSL-1.0
// Our own gzip reader, against zlib.
#include "catch.hpp"
#include "zlib_gzip.hpp"

#include <lading/http/content_encoding.hpp>
#include <lading/http/gunzip.hpp>

#include <random>

namespace gunzip_test {

using namespace lading;

namespace {

struct text_sink final : body_sink {
    std::string text;
    std::size_t enough = SIZE_MAX, largest = 0;
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> piece) override {
        largest = std::max(largest, piece.size());
        text.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return text.size() >= enough ? sink_action::stop : sink_action::proceed;
    }
};
std::optional<std::string> read(std::string_view text) {
    text_sink out;
    auto const r = gunzip(text, out);
    if (r) return std::move(out.text);
    CHECK(r.assume_error() == errc::http_content_encoding);
    return std::nullopt;
}

std::string noise(std::size_t n, unsigned seed, int symbols) {
    std::mt19937 random(seed);
    std::string out(n, '\0');
    for (auto& c : out) c = static_cast<char>(random() % static_cast<unsigned>(symbols));
    return out;
}

} // namespace

TEST_CASE("gzip of every kind of block is read as zlib reads it", "[W48]") {
    std::vector<std::string> texts = {"", "a", std::string(1000, 'a'), std::string(300'000, 'x'), noise(200'000, 1, 256), noise(100'000, 2, 4)};
    std::string words;
    for (int i = 0; i < 20'000; ++i) words += R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":)" + std::to_string(i * 7919) + "},";
    texts.push_back(words);
    texts.push_back(noise(40'000, 3, 256) + noise(40'000, 3, 256)); // references from as far as they go
    texts.push_back(noise(32'768, 4, 256) + noise(32'768, 4, 256) + noise(32'768, 4, 256));
    for (auto const& text : texts)
        for (int const level : {0, 1, 6, 9})
            for (int const strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FILTERED}) {
                auto const got = read(test::zlib_gzip(text, level, strategy));
                REQUIRE(got);
                CHECK((*got == text));
            }
    CHECK(read(test::zlib_gzip("ab") + test::zlib_gzip("") + test::zlib_gzip("cd")) == "abcd");
    CHECK(read("") == "");
    using namespace std::string_literals;
    auto const plain = test::zlib_gzip("ab");
    CHECK(read("\x1f\x8b\x08\x1c\0\0\0\0\0\3"s + "\2\0xy"s + "name\0"s + "comment\0"s + plain.substr(10)) == "ab"); // every field but the checksum of the head
}

TEST_CASE("gzip that is cut or changed is refused, as zlib refuses it", "[W48]") {
    auto const text = noise(300, 5, 12) + std::string(40, 'a') + noise(300, 6, 12);
    for (int const strategy : {Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY}) {
        auto const whole = test::zlib_gzip(text, 9, strategy);
        for (std::size_t n = 1; n < whole.size(); ++n) CHECK_FALSE(read(whole.substr(0, n)));
        for (std::size_t i = 0; i < whole.size() * 8; ++i) {
            auto changed = whole;
            changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
            CHECK((read(changed) == test::zlib_gunzip(changed, 1 << 20)));
        }
        CHECK_FALSE(read(whole + "x"));
        CHECK_FALSE(read(whole + std::string(1, '\0')));
    }
    auto const stored = test::zlib_gzip(text, 0);
    for (std::size_t i = 0; i < stored.size() * 8; ++i) {
        auto changed = stored;
        changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << i % 8));
        CHECK((read(changed) == test::zlib_gunzip(changed, 1 << 20)));
    }
    // Blocks of noise behind a good head: whatever the first error is, both see one.
    for (unsigned seed = 0; seed < 3000; ++seed) {
        auto const bytes = test::zlib_gzip("").substr(0, 10) + static_cast<char>(seed % 8) + noise(seed % 200, seed, 256);
        CHECK((read(bytes) == test::zlib_gunzip(bytes, 1 << 20)));
    }
}

TEST_CASE("what comes out is bounded by the sink, in memory too", "[W48]") {
    auto const bomb = test::zlib_gzip(std::string(50 << 20, '\0'), 9);
    CHECK(bomb.size() < 100'000);
    text_sink out;
    out.enough = 200'000;
    auto const r = gunzip(bomb, out);
    REQUIRE(r);
    CHECK(r.value() == sink_action::stop);
    CHECK(out.text.size() < 300'000);
    CHECK(out.largest <= 64u << 10);
}

TEST_CASE("which encodings are none", "[W48]") {
    auto const of = [](std::vector<char const*> lines) {
        header_map h;
        for (auto const* l : lines) h.add("content-encoding", l);
        return content_coding_of(h);
    };
    using enum content_coding;
    CHECK(of({}) == identity);
    for (auto const* none : {"", "identity", "none", "utf-8", "UTF-8", "aws-chunked", "identity, none", ","}) CHECK(of({none}) == identity);
    for (auto const* packed : {"gzip", "GZip", "x-gzip", "aws-chunked,gzip", "gzip , identity"}) CHECK(of({packed}) == gzip);
    for (auto const* odd : {"br", "deflate", "zstd", "gzip, gzip", "gzip, br", "br, gzip", "compress", "gz", "gzip;q=1"}) CHECK(of({odd}) == other);
    CHECK(of({"none", "gzip"}) == gzip);
    CHECK(of({"gzip", "gzip"}) == other);
}

} // namespace gunzip_test
