// SPDX-License-Identifier: BSL-1.0
// What answers over a limit cost: the most memory held at once, and the bytes read past the limit.
#include "../../support/goldens.hpp"
#include "heap.hpp"

#include "../../support/catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>

#include <cstdio>
#include <string>

namespace memory_test {

using namespace lading;
using test::ending;
using test::stream_answer;

namespace {

constexpr std::size_t MiB = 1u << 20, KiB = 1u << 10;
constexpr std::size_t whole_limit = 16 * MiB; ///< of memory, whatever is sent
constexpr std::size_t past_limit = 16 * KiB;  ///< one buffer

enum class call : std::uint8_t { inspect,
                                 manifest,
                                 tags,
                                 blob };

/// One answer that is too much, and what it must come to.
struct row {
    std::string id, what;
    call how;
    std::string url; ///< below the repository, or absolute
    stream_answer answer;
    errc wanted;
    std::size_t limit;         ///< bytes of the answer that may have to be read: head, and what is bounded
    std::size_t body_limit = 0; ///< of the body: four times as much memory at most; 0 for no such bound
};

std::string repeated(std::string_view what, std::size_t size) {
    std::string out;
    out.reserve(size + what.size());
    while (out.size() < size) out += what;
    return out;
}
stream_answer endless(std::string head, std::string const& piece) { return {std::move(head) + piece, ending::quiet, piece.size()}; }

std::string const until_closed = "HTTP/1.1 200 OK\r\n\r\n";
std::string const in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
std::string const spaces(4 * KiB, ' ');
std::string const chunk = "1000\r\n" + spaces + "\r\n";

std::string many_layers(std::size_t n) {
    std::string out = R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_manifest) + R"(","config":)" + test::entry(media_types::oci_config, "{}") + R"(,"layers":[)";
    auto const layer = R"({"mediaType":"a/b","digest":")" + test::digest_of("x") + R"(","size":1})";
    for (std::size_t i = 0; i < n; ++i) out.append(i ? "," : "").append(layer);
    return out + "]}";
}
std::string names(std::size_t n) {
    std::string out = "{";
    for (std::size_t i = 0; i < n; ++i) out += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return out + "}";
}

std::vector<row> rows() {
    std::string const m = "/manifests/1", t = "/tags/list?n=1000", layer = "/blobs/" + test::digest_of(test::long_layer);
    constexpr std::size_t head = 256 * KiB, doc = 4 * MiB, some = 200;
    auto sized = [](std::string const& body) { return stream_answer(test::answer("200 OK", "", body)); };
    auto padded = [&](std::size_t n) { return sized(test::schema2() + std::string(n - test::schema2().size(), ' ')); };
    std::string const lines = repeated("X-Header: 0123456789\r\n", 6 * KiB);
    std::string many_names = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 5000; ++i) many_names += "N" + std::to_string(i) + ": v\r\n";
    std::string const early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
    auto const config = "/blobs/" + test::digest_of(test::config_bytes);
    std::string const token = "https://r.test/token?service=s&scope=repository%3Ateam%2Fapp%3Apull";
    return {
        {"L01", "a manifest of exactly 4 MiB", call::manifest, m, padded(doc), errc::ok, doc + some, doc},
        {"L02", "a length of 4 MiB and one, announced", call::manifest, m, endless("HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n", spaces), errc::body_too_large, 0, doc},
        {"L02", "a manifest of 4 MiB and one, unannounced", call::manifest, m, {until_closed + test::schema2() + std::string(doc + 1 - test::schema2().size(), ' '), ending::eof}, errc::body_too_large, doc + some, doc},
        {"L03", "a manifest in chunks without end", call::manifest, m, endless(in_chunks, chunk), errc::body_too_large, doc + doc / 512 + some, doc},
        {"L04", "a token without end", call::manifest, token, endless(until_closed + "{\"token\":\"", spaces), errc::auth_token_too_large, 256 * KiB + some, 256 * KiB},
        {"L05", "an error body without end", call::manifest, m, endless("HTTP/1.1 500 No\r\n\r\n", spaces), errc::server_error, 64 * KiB + some, 64 * KiB},
        {"L05", "an error list without end", call::manifest, m, endless("HTTP/1.1 404 No\r\n\r\n{\"errors\":[", R"({"code":"A","message":"m"},)"), errc::not_found, 64 * KiB + some},
        {"L06", "a page of tags without end", call::tags, t, endless(until_closed + "{\"tags\":[", spaces), errc::body_too_large, limits().tag_page_bytes + some, MiB},
        {"L06", "a page of the most tags", call::tags, t, sized("{\"tags\":[" + repeated("\"a\",", doc - 20) + "\"a\"]}"), errc::ok, doc + some, limits().tags * 16}, // a million strings, in a vector that grew
        {"L06", "a page of 99,990 tags", call::tags, t, sized("{\"tags\":[" + repeated("\"v1.2.3-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",", 99'989 * 41) + "\"a\"]}"), errc::ok, doc + some, doc},
        {"L07", "a config without end", call::inspect, config, endless(until_closed + test::config_bytes, spaces), errc::size_mismatch, some + 4 * KiB},
        {"L08", "a layer without end", call::blob, layer, endless(until_closed + test::long_layer, spaces), errc::size_mismatch, some + test::long_layer.size()},
        {"L09", "a descriptor of 2^63 - 1 bytes", call::manifest, m, sized(R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_manifest) + R"(","config":{"mediaType":"a/b","digest":")" + test::digest_of("x") + R"(","size":9223372036854775807},"layers":[]})"), errc::ok, KiB},
        {"L10", "a length of 2^62", call::manifest, m, {"HTTP/1.1 200 OK\r\nContent-Length: 4611686018427387904\r\n\r\n0123456789", ending::eof}, errc::body_too_large, some},
        {"L17", "14,000 layers", call::manifest, m, sized(many_layers(14'000)), errc::ok, doc + some, doc},
        {"L17", "60,000 entries in 4 MiB", call::manifest, m, sized(R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_index) + R"(","manifests":[)" + repeated("{},", 180'000) + "{}]}"), errc::manifest_limit, doc + some, doc},
        {"W42", "20,000 odd entries", call::manifest, m, sized(R"({"schemaVersion":2,"mediaType":")" + std::string(media_types::oci_index) + R"(","manifests":[)" + repeated("{\"a\":0},", 19'998 * 8) + "{}]}"), errc::ok, doc + some, doc},
        {"W55", "4 MiB that are no UTF-8", call::manifest, m, sized("{\"a\":\"" + std::string(doc - 8, '\xff') + "\"}"), errc::json_utf8, doc + some, doc},
        {"H05", "early hints without end", call::manifest, m, endless("", early), errc::http_too_many_informational, 6 * early.size()},
        {"H20", "chunk extensions without end", call::manifest, m, endless(in_chunks, "1;" + std::string(4000, 'e') + "\r\n \r\n"), errc::http_malformed, 17 * KiB},
        {"H20", "one chunk extension without end", call::manifest, m, endless(in_chunks + "1;", std::string(4000, 'e')), errc::http_malformed, 17 * KiB},
        {"H21", "4 MiB in chunks of a byte", call::manifest, m, {in_chunks + repeated("1\r\n \r\n", 6 * (doc - 600)) + [] { char n[9]; std::snprintf(n, sizeof n, "%zx", test::schema2().size()); return std::string(n); }() + "\r\n" + test::schema2() + "\r\n0\r\n\r\n"}, errc::ok, 6 * doc, doc},
        {"H22", "trailers without end", call::manifest, m, endless(in_chunks + "0\r\n", "X-Trailer: 0123456789\r\n"), errc::http_header_too_large, 9 * KiB},
        {"H23", "a head without end", call::manifest, m, endless("HTTP/1.1 200 OK\r\n", lines), errc::http_header_too_large, head},
        {"H23", "one line without end", call::manifest, m, endless("HTTP/1.1 200 OK\r\nX: ", std::string(KiB, 'x')), errc::http_header_too_large, head},
        {"H24", "5000 names", call::manifest, m, {many_names + "\r\n"}, errc::http_too_many_headers, head},
        {"H28", "an encoded body without end", call::manifest, m, endless("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", std::string(4 * KiB, '\0')), errc::http_content_encoding, some},
        {"J01", "4 MiB of [", call::manifest, m, sized(std::string(doc, '[')), errc::json_depth, doc + some, doc},
        {"J02", "4 MiB of [],", call::manifest, m, sized("[" + repeated("[],", doc - 8) + "[]]"), errc::json_limit, doc + some, doc},
        {"J02", "4 MiB of {},", call::manifest, m, sized("[" + repeated("{},", doc - 8) + "{}]"), errc::json_limit, doc + some, doc},
        {"J02", "4 MiB of one string", call::manifest, m, sized("{\"a\":\"" + std::string(doc - 8, 's') + "\"}"), errc::media_type_unknown, doc + some, doc},
        {"J02", "4 MiB of escapes", call::manifest, m, sized("{\"a\":\"" + repeated("\\u0041", doc - 16) + "\"}"), errc::media_type_unknown, doc + some, doc},
        {"J09", "10,000 names", call::manifest, m, sized(names(10'000)), errc::media_type_unknown, doc, doc},
        {"J09", "100,000 names of one object", call::manifest, m, sized(names(100'000)), errc::json_limit, doc, doc},
        {"J13", "an error of 60 KiB", call::manifest, m, {test::answer("404 No", "", R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":")" + std::string(60 * KiB, 'm') + R"("}]})")}, errc::manifest_unknown, 64 * KiB},
    };
}

errc run(test::stream_client& c, call how) {
    static auto const ref = reference::parse("r.test/team/app:1").value();
    auto code = [](auto const& r) { return r ? errc::ok : r.error().kind(); };
    switch (how) {
    case call::inspect: return code(c.inspect(ref, inspect_options().with_platform(platform_choice::any())));
    case call::manifest: return code(c.manifest(ref));
    case call::tags: return code(c.tags(ref.repository()));
    case call::blob: {
        memory_sink sink(1 << 20);
        return code(c.blob(ref, test::layer_descriptor(test::long_layer), sink));
    }
    }
    return errc::ok;
}

} // namespace

TEST_CASE("the memory that an answer takes, and the bytes read past a limit", "[G8][G9][L01][L02][L03][L04][L05][L06][L07][L08][L09][L10][L17][H20][H21][H22][H23][H24][J01][J02][J09][J13]") {
    std::size_t most = 0, furthest = 0;
    std::printf("%-5s%-44s%-28s%10s%10s\n", "row", "what", "comes to", "peak KiB", "past, B");
    for (auto const& r : rows()) {
        INFO(r.id << ' ' << r.what);
        test::byte_world world;
        world.urls.reserve(8);
        if (r.url.starts_with("https://r.test/token")) world.on(test::at + "/manifests/1", test::answer("401 No", "WWW-Authenticate: Bearer realm=\"https://r.test/token\",service=\"s\"\r\n", ""));
        if (r.how == call::inspect) world.on(test::at + "/manifests/1", test::answer("200 OK", "", test::schema2()));
        world.on(r.url.starts_with("https:") ? r.url : test::at + r.url, r.answer);
        errc got = errc::ok;
        std::size_t peak = 0;
        {
            heap::watch const w;
            test::stream_client c(test::byte_stream_transport(world), client_options().with_retry(retry_rules(1)));
            got = run(c, r.how);
            peak = static_cast<std::size_t>(heap::watch::now().peak);
        }
        std::size_t const past = world.read > r.limit ? world.read - r.limit : 0;
        std::printf("%-5s%-44s%-28s%10zu%10zu\n", r.id.c_str(), r.what.c_str(), std::string(name_of(got)).c_str(), peak / KiB, past);
        CHECK(got == r.wanted);
        CHECK(peak <= std::max(whole_limit, 4 * r.body_limit));
        CHECK((r.body_limit == 0 || peak <= std::max(4 * r.body_limit, MiB)));
        CHECK(past <= past_limit);
        most = std::max(most, peak);
        furthest = std::max(furthest, past);
    }
    std::printf("%-77s%10zu%10zu\n", "the most", most / KiB, furthest);
}

TEST_CASE("the memory of a listing without end", "[G8][P02]") {
    // Pages of new tags, each naming another page.
    test::byte_world world;
    std::string tags;
    for (int i = 0; i < 1000; ++i) tags += (i ? ",\"" : "\"") + std::string(100, 'a') + std::to_string(i) + '"';
    world.urls.reserve(20'000);
    constexpr std::size_t pages = 700; // 1000 tags of 100 bytes each: 64 MiB are over after some 650
    for (std::size_t i = 0; i < pages; ++i)
        world.on(test::at + "/tags/list?n=1000" + (i ? "&last=" + std::to_string(i) : ""),
                 test::answer("200 OK", "Link: </v2/team/app/tags/list?n=1000&last=" + std::to_string(i + 1) + ">; rel=\"next\"\r\n", R"({"tags":[)" + tags + "]}"));
    heap::watch const w;
    test::stream_client c(test::byte_stream_transport(world), client_options().with_retry(retry_rules(1)));
    auto const r = c.tags(repository::parse("r.test/team/app").value());
    auto const peak = static_cast<std::size_t>(heap::watch::now().peak);
    std::printf("P02  tags of 64 MiB: %s, %zu requests, peak %zu KiB\n", std::string(r ? name_of(r.value().state) : name_of(r.error().kind())).c_str(), world.urls.size(), peak / KiB);
    CHECK(world.urls.size() < pages);
    CHECK(peak <= 3 * 64 * MiB); // a listing is data that was asked for: its text, and what a string costs
}

TEST_CASE("the memory that an answer takes over a socket", "[G8][L03][L06][H22]") {
    for (auto const& [target, answer, wanted] : {std::tuple("/v2/r/manifests/1", endless(in_chunks, chunk), errc::body_too_large),
                                                 std::tuple("/v2/r/tags/list?n=1000", endless(until_closed + "{\"tags\":[", spaces), errc::body_too_large),
                                                 std::tuple("/v2/r/manifests/1", endless(in_chunks + "0\r\n", "X-Trailer: 0123456789\r\n"), errc::http_header_too_large)}) {
        testing::byte_answer bytes(answer.bytes, testing::byte_answer::ending::close);
        bytes.endless = answer.endless;
        testing::byte_server server([&](std::string const&) { return bytes; });
        auto const host = "127.0.0.1:" + std::to_string(server.port());
        bool const tags = std::string_view(target).ends_with("1000");
        std::size_t peak = 0;
        {
            heap::watch const w;
            client c(client_options().with_plaintext(host).with_retry(retry_rules(1)));
            auto const ref = reference::parse(host + "/r:1").value();
            if (tags) CHECK(c.tags(ref.repository()).error() == wanted);
            else CHECK(c.manifest(ref).error() == wanted);
            peak = static_cast<std::size_t>(heap::watch::now().peak);
        }
        std::printf("over a socket: %-30s peak %zu KiB\n", std::string(name_of(wanted)).c_str(), peak / KiB);
        CHECK(peak <= whole_limit);
    }
}

} // namespace memory_test
