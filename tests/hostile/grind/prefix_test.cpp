// SPDX-License-Identifier: BSL-1.0
// Golden exchanges cut behind every byte, with every ending, and in every two and three pieces.
#include "../../support/goldens.hpp"

#include "../../support/catch.hpp"

#include <set>

namespace prefix_test {

using namespace lading;
using test::ending;

namespace {

/// With a sanitizer every second cut is made: each byte is the end with two of the four endings.
constexpr std::size_t part = test::share > 1 ? 2 : 1;

/// The codes that a cut answer may come to: by its ending and whether the head was complete.
bool fits(errc e, ending how, bool has_head) {
    if (e == errc::resume_exhausted) return has_head; // a part of a blob came, and there is one try
    switch (how) {
    case ending::quiet: return e == (has_head ? errc::timeout_body : errc::timeout_header);
    case ending::reset: return e == errc::connection_reset;
    case ending::eof: // of a body without a length only its digest or its size tell that it is not whole
        return has_head ? e == errc::http_body_truncated || e == errc::size_mismatch : e == errc::connection_reset;
    case ending::tls_truncation: return has_head ? e == errc::http_body_truncated || e == errc::tls_truncated : e == errc::connection_reset;
    }
    return false;
}

constexpr std::string_view last_chunk = "\r\n0\r\n\r\n";

std::string told(test::golden const& g, std::size_t exchange, std::size_t n, test::verdict const& got) {
    return g.name + ", exchange " + std::to_string(exchange) + ", byte " + std::to_string(n) + ": " + std::string(name_of(got.failure)) + ' ' + got.value;
}

} // namespace

TEST_CASE("exchanges cut behind every byte, with four endings, are never complete", "[G3]") {
    auto sessions = test::golden_sessions();
    auto const exchanges = test::golden_exchanges(sessions);
    std::size_t runs = 0, bytes = 0;
    for (auto const& x : exchanges) {
        auto& g = sessions[x.session];
        auto const whole = g.run();
        INFO(g.name);
        REQUIRE(whole.failure == g.comes_to);
        std::size_t const head = x.answer.bytes.find("\r\n\r\n", x.answer.bytes.rfind("HTTP/1.")) + 4;
        bool const to_the_end = x.answer.end == ending::eof;
        bytes += x.answer.bytes.size();
        for (auto const how : {ending::quiet, ending::eof, ending::reset, ending::tls_truncation})
            for (std::size_t n = 0; n < x.answer.bytes.size() + (to_the_end && how != ending::eof); ++n) {
                if ((n + static_cast<std::size_t>(how)) % part) continue;
                g.world.rewind();
                g.world.at = x.at, g.world.cut = n, g.world.how = how;
                auto const got = g.run();
                ++runs;
                // A blob whose bytes have all come is whole by its digest, though the last chunk says so no more.
                bool const verified = got == whole && whole.value == test::long_layer && n + last_chunk.size() >= x.answer.bytes.size();
                if (g.world.urls.size() > x.at + 1 || (!verified && (got == whole || !fits(got.failure, how, n >= head)))) FAIL(told(g, x.at, n, got));
            }
        g.world.rewind();
        REQUIRE(g.run() == whole);
        g.world.rewind();
    }
    CHECK(runs >= 160'000 / part);
    WARN(exchanges.size() << " exchanges, " << bytes << " bytes, " << runs << " runs: none taken for complete, none without end");
}

TEST_CASE("exchanges read in every two pieces, and byte by byte, are the same", "[K05]") {
    auto sessions = test::golden_sessions();
    std::size_t runs = 0;
    for (auto const& x : test::golden_exchanges(sessions)) {
        auto& g = sessions[x.session];
        auto const whole = g.run();
        auto const size = x.answer.bytes.size();
        auto same = [&](std::vector<std::size_t> pieces) {
            g.world.rewind();
            g.world.at = x.at, g.world.pieces = std::move(pieces);
            auto const got = g.run();
            ++runs;
            if (!(got == whole)) FAIL(told(g, x.at, g.world.pieces.front(), got));
        };
        for (std::size_t n = 1; n < size; n += part) same({n});
        std::vector<std::size_t> each;
        for (std::size_t n = 1; n < size; ++n) each.push_back(n);
        same(each);
        g.world.rewind();
    }
    WARN(runs << " runs in pieces, each the same as whole");
}

namespace {

/// Everything that a reader hands on, as text.
struct recording final : body_sink {
    std::string text;
    result<sink_action> begin(response const& head, std::optional<std::uint64_t> length) override {
        text = std::to_string(head.status) + ' ' + (length ? std::to_string(*length) : "-") + '\n';
        for (auto const& [n, v] : head.headers) text.append(n).append(": ").append(v).append("\n");
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> p) override {
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        return sink_action::proceed;
    }
};

} // namespace

TEST_CASE("heads of up to 300 bytes read in every three pieces are the same", "[K05]") {
    auto sessions = test::golden_sessions();
    limits const bounds;
    std::string const url = "https://r.test/";
    std::set<std::string> heads;
    for (auto const& x : test::golden_exchanges(sessions))
        if (auto const& b = x.answer.bytes; b.starts_with("HTTP/1.1 ") && b.find("\r\n\r\n") < 296) heads.insert(b.substr(0, b.find("\r\n\r\n") + 4));
    std::size_t runs = 0;
    auto read = [&](std::string_view head, std::size_t i, std::size_t j, recording& out) {
        detail::http1_reader reader(bounds, out, url, true);
        for (auto const piece : {head.substr(0, i), head.substr(i, j - i), head.substr(j)})
            if (!reader.feed(piece)) return false;
        return reader.has_head() || !head.starts_with("HTTP/1.1 2");
    };
    for (auto const& head : heads) {
        recording whole;
        REQUIRE(read(head, 0, 0, whole));
        for (std::size_t i = 0; i < head.size(); ++i)
            for (std::size_t j = i + i % test::share; j < head.size(); j += test::share, ++runs)
                if (recording got; !read(head, i, j, got) || got.text != whole.text) FAIL("split at " << i << " and " << j << ":\n"
                                                                                                      << head);
    }
    WARN(heads.size() << " heads, " << runs << " runs in three pieces, each the same as whole");
}

} // namespace prefix_test
