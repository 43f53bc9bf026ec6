// SPDX-License-Identifier: BSL-1.0
// What a sink may rely on, of the one transport that reaches no host and so is not given to the kit: `store_transport`.

#include "catch.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/image_on_disk.hpp>
#include <lading/testing/check_transport.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace layout_test {

using namespace lading;
namespace fs = std::filesystem;
using sink = testing::detail::recording_sink;

namespace {

std::string const layer = testing::detail::patterned(300'000);
std::string const manifest = R"({"schemaVersion":2,"layers":[]})";

std::string digest_of(std::string const& bytes) { return constant_digest_of(bytes).str(); }

/// An image in a folder, and the same as an archive.
struct image {
    image() {
        char name[] = "/tmp/lading-layout-XXXXXX";
        path = ::mkdtemp(name);
        fs::create_directories(path / "image/blobs/sha256");
        for (auto const& bytes : {layer, manifest}) std::ofstream(path / "image/blobs/sha256" / constant_digest_of(bytes).hex(), std::ios::binary) << bytes;
        std::ofstream(path / "image/index.json") << R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":)"
                                                 << manifest.size() << R"(,"digest":")" << digest_of(manifest)
                                                 << R"(","annotations":{"org.opencontainers.image.ref.name":"latest"}}]})";
        REQUIRE(std::system(("tar -C '" + (path / "image").string() + "' -cf '" + archive() + "' .").c_str()) == 0);
    }
    ~image() { fs::remove_all(path); }
    std::string folder() const { return (path / "image").string(); }
    std::string archive() const { return (path / "image.tar").string(); }
    fs::path path;
};

/// What is asked for, and the answer.
struct exchange {
    std::string path;
    int status;
    std::string body; ///< empty: not compared
};
std::vector<exchange> const exchanges = {{"/v2/", 200, ""},
                                         {"/v2/x/tags/list", 200, R"({"name":"x","tags":["latest"]})"},
                                         {"/v2/x/manifests/latest", 200, manifest},
                                         {"/v2/x/manifests/" + digest_of(manifest), 200, manifest},
                                         {"/v2/x/blobs/" + digest_of(layer), 200, layer},
                                         {"/v2/x/manifests/nope", 404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"nope"}}]})"
                                                                       "\n"},
                                         {"/v2/x/blobs/" + digest_of("nope"), 404, R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown to registry","detail":")" + digest_of("nope") + "\"}]}\n"}};

request asking(exchange const& x, char const* method = "GET") { return request(method, "https://layout.invalid" + x.path); }

/// The whole answer.
void gives_all(store_transport<image_on_disk>& files, exchange const& x) {
    sink s;
    auto const r = files.exchange(asking(x), s);
    REQUIRE(r);
    CHECK(r.assume_value().status == x.status);
    CHECK(r.assume_value().url.ends_with(x.path));
    CHECK((s.begins == 1 && !s.wrote_before_begin));
    CHECK(s.head.status == x.status); // begin is given the head
    CHECK(s.head.headers.find("Content-Type") == r.assume_value().headers.find("Content-Type"));
    CHECK(s.length == s.total);
    CHECK(s.head.headers.find("Content-Length") == std::to_string(s.total));
    CHECK(s.largest <= 256u << 10);
    if (!x.body.empty()) CHECK(s.body == x.body);
}

} // namespace

TEST_CASE("store_transport: a sink may count, stop and fail, whatever it is given") {
    image const on_disk;
    for (auto const& where : {on_disk.folder(), on_disk.archive()}) {
        auto opened = image_on_disk::open(where);
        REQUIRE(opened);
        store_transport<image_on_disk> files(std::move(opened).value());
        for (auto const& x : exchanges) {
            INFO(where << ' ' << x.path);
            gives_all(files, x);
            for (bool const in_write : {false, true}) { // a sink that stops is given no more, and that is a success
                sink s;
                if (in_write) s.stop_after = 1;
                else s.stop_begin = true;
                auto const r = files.exchange(asking(x), s);
                REQUIRE(r);
                CHECK(r.assume_value().status == x.status);
                CHECK(s.pieces == (in_write ? 1u : 0u));
                gives_all(files, x);
            }
            for (bool const in_write : {false, true}) { // the error of a sink is the exchange's, and it is given no more
                sink s;
                if (in_write) s.fail_after = 1;
                else s.fail_begin = true;
                auto const r = files.exchange(asking(x), s);
                REQUIRE_FALSE(r);
                CHECK(r.assume_error() == errc::sink_failed);
                CHECK(r.assume_error().detail().context.find("kit") != std::string::npos);
                CHECK(s.pieces == (in_write ? 1u : 0u));
                gives_all(files, x);
            }
            sink head; // is told of a body and given none
            auto const h = files.exchange(asking(x, "HEAD"), head);
            REQUIRE(h);
            CHECK(h.assume_value().status == x.status);
            CHECK((head.begins == 1 && head.pieces == 0 && head.length > 0u));
            auto dependent = asking(x); // is not begun
            dependent.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
            sink never;
            auto const r = files.exchange(dependent, never);
            REQUIRE_FALSE(r);
            CHECK(r.assume_error() == errc::timeout);
            CHECK(never.begins == 0);
        }
    }
}

TEST_CASE("store_transport: a deadline that passes within a body ends it") {
    struct slow final : body_sink {
        std::size_t pieces = 0;
        result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
        result<sink_action> write(std::span<std::byte const>) override {
            ++pieces;
            while (std::chrono::steady_clock::now() < until) {}
            return sink_action::proceed;
        }
        std::chrono::steady_clock::time_point until;
    } s;
    image const on_disk;
    auto opened = image_on_disk::open(on_disk.folder());
    REQUIRE(opened);
    auto q = request("GET", "https://layout.invalid/v2/x/blobs/" + digest_of(layer));
    q.deadline = s.until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    auto const r = store_transport<image_on_disk&>(opened.value()).exchange(q, s);
    REQUIRE_FALSE(r);
    CHECK(r.assume_error() == errc::timeout);
    CHECK(s.pieces <= 1); // none, if it passed before
}

} // namespace layout_test
