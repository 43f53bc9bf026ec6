// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/store/memory_store.hpp>

#include <span>
#include <string>
#include <string_view>

namespace memory_store_test {
namespace {

static_assert(lading::check_content_store<lading::memory_store>::ok);

lading::descriptor described(std::string_view bytes) {
    return lading::descriptor({}, lading::constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
}

TEST_CASE("memory_store: what was written can be read", "[store]") {
    lading::memory_store store;
    auto const blob = described("layer");
    CHECK_FALSE(store.has(blob).value());
    auto out = store.writer(blob);
    REQUIRE(out);
    REQUIRE(out.value()->begin());
    REQUIRE(out.value()->write(std::as_bytes(std::span(std::string_view("layer")))));
    CHECK_FALSE(store.has(blob).value());
    REQUIRE(out.value()->commit());
    CHECK(store.has(blob).value());

    lading::memory_sink back(16);
    REQUIRE(store.read(blob, back));
    CHECK(back.bytes() == "layer");
    lading::memory_sink small(2);
    CHECK(store.read(blob, small).error() == lading::errc::body_too_large);
    CHECK(store.read(described("none"), back).error() == lading::errc::blob_unknown);
}

TEST_CASE("memory_store: a blob that has no room says what the limit is called", "[store]") {
    lading::memory_store store(4);
    auto const blob = described("layer");
    auto out = store.writer(blob);
    REQUIRE(out);
    REQUIRE(out.value()->begin());
    auto const full = out.value()->write(std::as_bytes(std::span(std::string_view("layer"))));
    REQUIRE_FALSE(full);
    CHECK(full.error() == lading::errc::body_too_large);
    CHECK(full.error().message().find("at most 4 bytes (memory_store(limit))") != std::string::npos);
    CHECK(full.error().message().find(blob.digest.str()) != std::string::npos);
    out.value()->discard();
}

TEST_CASE("memory_store: a name leads to one document", "[store]") {
    lading::memory_store store;
    CHECK(store.resolve("").error() == lading::errc::manifest_unknown);
    auto const a = described("a"), b = described("b");
    REQUIRE(store.put_document(a, "a"));
    REQUIRE(store.tag("v1", a));
    CHECK(store.resolve("").value().digest == a.digest);
    REQUIRE(store.put_document(b, "b"));
    REQUIRE(store.tag("v1", b));
    REQUIRE(store.tag("v2", a));
    CHECK(store.resolve("v1").value().digest == b.digest);
    CHECK(store.resolve(b.digest.str()).value().digest == b.digest);
    CHECK(store.resolve("").error() == lading::errc::tag_ambiguous);
    CHECK(store.document(b).value() == "b");
    CHECK(store.names().value() == std::vector<std::string>{"v1", "v2"});
}

} // namespace
} // namespace memory_store_test
