// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

#include <lading/store/memory_cache.hpp>

namespace cache_test {

using namespace lading;

namespace {

std::string const base = "https://r.test/v2/x/";
std::string const image = test::oci();
std::string const index_of_image = test::index(test::entry(media_types::oci_manifest, image, test::on("linux", "amd64")));

std::string etag_of(std::string_view bytes) { return '"' + test::digest_of(bytes) + '"'; }
digest named(std::string_view bytes) { return digest::parse(test::digest_of(bytes)).value(); }

struct world {
    testing::script s;
    memory_cache kept;

    world() {
        s.on(base + "manifests/1", {200, index_of_image});
        s.on(base + "manifests/" + test::digest_of(index_of_image), {200, index_of_image});
        s.on(base + "manifests/" + test::digest_of(image), {200, image});
        s.on(base + "blobs/" + test::digest_of(test::config_bytes), {200, test::config_bytes});
        s.on(base + "tags/list?n=1000", {200, R"({"name":"x","tags":["1"]})"});
    }
    /// By a fresh client, which shares only the cache; how many requests that took.
    std::size_t inspect(std::string const& ref, inspect_options o = {}) {
        s.journal.clear();
        test::cached_client registry(testing::scripted_transport(s), client_options(), {}, {}, kept);
        auto const r = registry.inspect(reference::parse(ref).value(), o.with_platform(platform_choice::any()));
        if (!r) UNSCOPED_INFO(r.error().message());
        REQUIRE(r.has_value());
        CHECK(r.value().manifest_bytes == index_of_image);
        CHECK(r.value().chosen_bytes == image);
        CHECK(r.value().config_bytes == test::config_bytes);
        source = r.value().source;
        return s.journal.size();
    }
    std::string source;
};

} // namespace

TEST_CASE("a document by digest is fetched once; tags are asked for each time") {
    world w;
    CHECK(w.inspect("r.test/x:1") == 3);
    CHECK(w.source == "https://r.test:443");
    CHECK(w.inspect("r.test/x:1") == 1);
    CHECK(w.s.journal[0].url == base + "manifests/1");
    CHECK_FALSE(w.s.journal[0].headers.find("If-None-Match")); // its ETag was not its digest
    CHECK(w.inspect("r.test/x@" + test::digest_of(index_of_image)) == 0);
    CHECK(w.source.empty());
    CHECK(w.inspect("r.test/x@" + test::digest_of(index_of_image), inspect_options().with_tags()) == 1);
    CHECK(w.s.journal[0].url == base + "tags/list?n=1000");
}

TEST_CASE("a client makes its own cache when it is given none") {
    world w;
    test::cached_client registry{testing::scripted_transport(w.s)};
    for (auto const requests : {3u, 4u}) { // together
        CHECK(registry.inspect(reference::parse("r.test/x:1").value(), inspect_options().with_platform(platform_choice::any())));
        CHECK(w.s.journal.size() == requests);
    }
}

TEST_CASE("a poisoned entry is dropped and fetched anew, wherever it is", "[spec-5.8]") {
    for (auto const* bytes : {&index_of_image, &image, &test::config_bytes})
        for (auto const& poison : {std::string(), bytes->substr(1), *bytes + ' ', test::schema2()}) {
            world w;
            auto const by_digest = "r.test/x@" + test::digest_of(index_of_image);
            CHECK(w.inspect(by_digest) == 3);
            w.kept.store(named(*bytes), poison);
            CHECK(w.inspect(by_digest) == 1);
            CHECK(w.kept.find(named(*bytes)) == *bytes);
            CHECK(w.inspect(by_digest) == 0);
        }
}

TEST_CASE("what the registry sends is stored only under the digest of its bytes") {
    world w;
    auto const url = base + "manifests/" + test::digest_of(image);
    w.s.answers[url] = {{200, test::schema2()}};
    test::cached_client registry(testing::scripted_transport(w.s), client_options(), {}, {}, w.kept);
    auto const ref = reference::parse("r.test/x@" + test::digest_of(image)).value();
    CHECK(registry.manifest(ref).error() == errc::digest_mismatch);
    CHECK(w.kept.bytes() == 0);
    w.s.answers[url] = {{404, image}};
    CHECK(registry.manifest(ref).has_error());
    CHECK(w.kept.bytes() == 0);
    w.s.answers[url] = {{200, image}};
    CHECK(registry.manifest(ref).value().bytes == image);
    CHECK(w.kept.find(named(image)) == image);
}

TEST_CASE("a tag that is known is asked for on condition") {
    world w;
    w.s.piece = 7;
    w.s.answers[base + "manifests/1"] = {{200, index_of_image, {{"ETag", etag_of(index_of_image)}}}, {304}};
    CHECK(w.inspect("r.test/x:1") == 3);
    CHECK_FALSE(w.s.journal[0].headers.find("If-None-Match"));
    CHECK(w.inspect("r.test/x:1") == 1);
    CHECK(w.s.journal[0].headers.find("If-None-Match") == etag_of(index_of_image));
    CHECK(w.source == "https://r.test:443");

    // A document that is no longer what it was is not offered.
    w.kept.store(named(index_of_image), "poison");
    w.s.answers[base + "manifests/1"] = {{200, index_of_image, {{"ETag", etag_of(index_of_image)}}}};
    CHECK(w.inspect("r.test/x:1") == 1);
    CHECK_FALSE(w.s.journal[0].headers.find("If-None-Match"));

    // The tag moved: what it names now counts.
    w.s.answers[base + "manifests/1"] = {{200, image, {{"ETag", etag_of(image)}}}};
    test::cached_client registry(testing::scripted_transport(w.s), client_options(), {}, {}, w.kept);
    auto const ref = reference::parse("r.test/x:1").value();
    CHECK(registry.manifest(ref).value().bytes == image);
    CHECK(w.kept.tagged(base + "manifests/1") == named(image));

    // A 304 that answers no condition is no document.
    world other;
    other.s.answers[base + "manifests/1"] = {{304}};
    test::cached_client asking(testing::scripted_transport(other.s), client_options(), {}, {}, other.kept);
    CHECK(asking.manifest(ref).has_error());
}

TEST_CASE("a condition and a cached document are asked of the same place, through a token and a retry") {
    world w;
    w.s.answers[base + "manifests/1"] = {{200, index_of_image, {{"ETag", etag_of(index_of_image)}}},
                                         {401, "", {{"WWW-Authenticate", "Basic realm=\"r\""}}},
                                         {503},
                                         {304}};
    CHECK(w.inspect("r.test/x:1") == 3);
    w.s.journal.clear();
    test::cached_client registry(testing::scripted_transport(w.s), client_options(), fixed_credentials(credential("u", "p")), {}, w.kept);
    CHECK(registry.manifest(reference::parse("r.test/x:1").value()).value().bytes == index_of_image);
    REQUIRE(w.s.journal.size() == 3);
    for (auto const& q : w.s.journal) CHECK(q.headers.find("If-None-Match") == etag_of(index_of_image));
}

TEST_CASE("blobs that are streamed, and documents that are too large, are not kept") {
    world w;
    limits small;
    small.manifest_bytes = small.config_bytes = index_of_image.size();
    test::cached_client registry(testing::scripted_transport(w.s), client_options(), {}, {}, w.kept);
    memory_sink out(1000);
    descriptor const what("x/y", named(test::config_bytes), static_cast<std::int64_t>(test::config_bytes.size()));
    CHECK(registry.blob(repository::parse("r.test/x").value(), what, out));
    CHECK(w.kept.bytes() == 0);
}

TEST_CASE("memory_cache: a bound in bytes, the least recently used go first") {
    std::string const a(100, 'a'), b(100, 'b'), c(100, 'c');
    auto const size = 100 + named(a).str().size();
    memory_cache kept(2 * size + 10);
    kept.store(named(a), a);
    kept.store(named(b), b);
    kept.store(named(b), b); // again: counted once
    CHECK(kept.bytes() == 2 * size);
    CHECK(kept.find(named(a)) == a);
    kept.store(named(c), c);
    CHECK(kept.find(named(a)) == a);
    CHECK(kept.find(named(c)) == c);
    CHECK_FALSE(kept.find(named(b)));
    kept.store(named(b), std::string(1000, 'b'));
    CHECK_FALSE(kept.find(named(b)));
    CHECK(kept.bytes() == 2 * size);
    kept.drop(named(a));
    CHECK(kept.bytes() == size);
    kept.tag("u", named(a));
    CHECK(kept.tagged("u") == named(a));
    CHECK_FALSE(kept.tagged("v"));
    auto const copy = kept;
    kept.drop(named(c));
    CHECK(copy.bytes() == kept.bytes()); // one store
}

} // namespace cache_test
