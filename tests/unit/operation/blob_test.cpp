// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

#include <lading/store/file_sink.hpp>

#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace blob_test {

using namespace lading;

namespace {
lading::descriptor describe(std::string_view bytes) {
    return {"a/b", digest::parse(test::digest_of(bytes)).value(), static_cast<std::int64_t>(bytes.size())};
}
result<lading::descriptor> fetch(std::string_view wanted, testing::scripted_answer served, blob_sink& out,
                                 std::size_t piece = 0) {
    testing::script s;
    s.piece = piece;
    s.on("https://r.example/v2/x/blobs/" + test::digest_of(wanted), std::move(served));
    test::client registry{testing::scripted_transport(s)};
    return registry.blob(repository::parse("r.example/x").value(), describe(wanted), out);
}
} // namespace

TEST_CASE("every flip and every truncation of a blob is noticed, and nothing is committed", "[D06][D07][D08]") {
    std::string const bytes = "0123456789abcdef";
    memory_sink good(1000);
    CHECK(fetch(bytes, {200, bytes}, good, 3).has_value());
    CHECK(good.bytes() == bytes);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
        auto flipped = bytes;
        flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
        memory_sink out(1000);
        CHECK(fetch(bytes, {200, flipped}, out).error() == errc::digest_mismatch);
        CHECK(out.bytes().empty());
    }
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        memory_sink out(1000);
        CHECK(fetch(bytes, {200, bytes.substr(0, n)}, out).error() == errc::size_mismatch);
        CHECK(out.bytes().empty());
    }
    memory_sink out(1000);
    CHECK(fetch(bytes, {200, bytes + "x"}, out).error() == errc::size_mismatch);
    CHECK(fetch("", {200, ""}, out).has_value());
    CHECK(fetch(bytes, {404, R"({"errors":[{"code":"BLOB_UNKNOWN"}]})"}, out).error() == errc::blob_unknown);
    memory_sink small(4);
    CHECK(fetch(bytes, {200, bytes}, small).error() == errc::body_too_large);
}

TEST_CASE("a blob of unknown size is bounded", "[V22]") {
    std::string const bytes = "0123456789abcdef";
    auto what = describe(bytes);
    what.size = -1;
    auto fetch_unsized = [&](std::uint64_t most, testing::scripted_answer served) {
        testing::script s;
        s.piece = 3;
        s.on("https://r.example/v2/x/blobs/" + test::digest_of(bytes), std::move(served));
        limits bounds;
        bounds.blob_bytes = most;
        test::client registry{testing::scripted_transport(s), client_options().with_limits(bounds)};
        memory_sink out(1000);
        auto const r = registry.blob(repository::parse("r.example/x").value(), what, out);
        CHECK(out.bytes() == (r ? bytes : ""));
        return r ? errc::ok : r.error().kind();
    };
    CHECK(fetch_unsized(16, {200, bytes}) == errc::ok);
    CHECK(fetch_unsized(15, {200, bytes}) == errc::body_too_large);
    CHECK(fetch_unsized(15, {200, bytes + bytes}) == errc::body_too_large);
    for (std::size_t const n : {16u, 17u}) { // no length is announced
        memory_sink out(1000);
        limits bounds;
        bounds.blob_bytes = 16;
        verifying_body<test::policies> body(what, out, bounds);
        CHECK(body.begin(response(200), std::nullopt).has_value());
        std::vector<std::byte> const piece(n);
        auto const r = body.write(piece);
        CHECK((r ? errc::ok : r.error().kind()) == (n == 16 ? errc::ok : errc::body_too_large));
    }
    CHECK(limits().blob_bytes == std::uint64_t(10) << 30);
    memory_sink out(1000);
    CHECK(fetch(bytes, {200, bytes}, out).has_value()); // the limit is not for those whose size is known
}

TEST_CASE("a blob has no limit of time unless one is asked for", "[V16]") {
    std::string const bytes = "0123456789abcdef";
    auto const url = "https://r.example/v2/x/blobs/" + test::digest_of(bytes);
    auto const name = repository::parse("r.example/x").value();
    testing::script s;
    s.on(url, {200, bytes});
    memory_sink out(1000);
    test::client registry{testing::scripted_transport(s), client_options().with_timeout(std::chrono::seconds(1))};
    CHECK(registry.blob(name, describe(bytes), out).has_value());
    CHECK_FALSE(s.journal.at(0).deadline);
    CHECK_FALSE(registry.tags(name));
    CHECK(s.journal.at(1).deadline == testing::manual_clock().now() + std::chrono::seconds(1));

    testing::script dependent;
    dependent.on(url, {error(errc::timeout)});
    test::client hasty{testing::scripted_transport(dependent), client_options().with_blob_timeout(std::chrono::seconds(7))};
    auto const r = hasty.blob(name, describe(bytes), out);
    CHECK(dependent.journal.at(0).deadline == testing::manual_clock().now() + std::chrono::seconds(7));
    CHECK(r.error() == errc::timeout);
    CHECK(r.error().detail().expected == "at most 7000 ms (client_options::with_blob_timeout)");
}

TEST_CASE("a file appears under its name only when it is verified", "[D22]") {
    auto const path = "/tmp/lading-blob-" + std::to_string(getpid());
    std::string const bytes = "content";
    auto exists = [&](std::string const& p) { return std::ifstream(p).good(); };
    {
        file_sink out(path);
        CHECK(fetch(bytes, {200, "c0ntent"}, out).error() == errc::digest_mismatch);
        CHECK(!exists(path));
        CHECK(!exists(path + ".part"));
        CHECK(fetch(bytes, {200, bytes}, out).has_value());
        CHECK(exists(path));
        CHECK(!exists(path + ".part"));
    }
    std::remove(path.c_str());
    file_sink nowhere("/nonexistent/x");
    CHECK(fetch(bytes, {200, bytes}, nowhere).error() == errc::sink_failed);
}

TEST_CASE("fewer bytes of a blob than were asked for are not what was asked for", "[blob]") {
    std::string const bytes = "0123456789abcdef";
    auto const get = [&](testing::scripted_answer served, std::int64_t size, blob_sink& out) {
        testing::script s;
        s.on("https://r.example/v2/x/blobs/" + test::digest_of(bytes), std::move(served));
        test::client registry{testing::scripted_transport(s)};
        auto what = describe(bytes);
        what.size = size;
        return registry.blob_range(repository::parse("r.example/x").value(), what, 4, 8, out);
    };
    memory_sink out(1000);
    CHECK(get({206, "4567", {{"Content-Range", "bytes 4-7/16"}}}, 16, out).error() == errc::range_mismatch);
    CHECK(get({206, "4567", {{"Content-Range", "bytes 4-7/16"}}}, -1, out).error() == errc::range_mismatch); // more was to be had
    CHECK(get({200, "012345"}, 16, out).error() == errc::range_mismatch);
    CHECK(out.bytes().empty());
    CHECK(get({206, "4567", {{"Content-Range", "bytes 4-7/8"}}}, -1, out).value() == 4); // the end of the blob
    CHECK(get({206, "456789ab", {{"Content-Range", "bytes 4-11/16"}}}, 16, out).value() == 8);
    CHECK(out.bytes() == "456789ab");
}

} // namespace blob_test
