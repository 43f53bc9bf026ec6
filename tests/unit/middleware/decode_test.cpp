// SPDX-License-Identifier: BSL-1.0
// Documents that come encoded although identity was asked for.
#include "catch.hpp"
#include "documents.hpp"
#include "zlib_gzip.hpp"

#include <lading/store/memory_cache.hpp>

namespace decode_test {

using namespace lading;

namespace {

std::string const base = "https://r.test/v2/x/";
auto const ref = reference::parse("r.test/x:1").value();

testing::scripted_answer encoded(std::string body, char const* coding = "gzip", int status = 200) {
    return {status, std::move(body), {{"Content-Encoding", coding}}};
}
testing::scripted_answer zipped(std::string_view body, int status = 200) { return encoded(test::zlib_gzip(body), "gzip", status); }

struct world {
    testing::script s;
    client_options options = client_options().with_retry(retry_rules(1));
    template <class F>
    auto with(F f) {
        test::client registry(testing::scripted_transport(s), options);
        return f(registry);
    }
    errc manifest(testing::scripted_answer a) {
        s.on(base + "manifests/1", std::move(a));
        return with([](auto& r) {
            auto const got = r.manifest(ref);
            return got ? errc::ok : got.error().kind();
        });
    }
};

} // namespace

TEST_CASE("documents in gzip are decoded before they are counted, hashed and read", "[W48]") {
    for (std::size_t const piece : {0u, 1u, 7u}) {
        world w;
        w.s.piece = piece;
        auto const pinned = ref.with_digest(digest::parse(test::digest_of(test::schema2())).value());
        w.s.on(base + "manifests/1", zipped(test::schema2()));
        w.s.on(base + "manifests/" + test::digest_of(test::schema2()), zipped(test::schema2()));
        w.s.on(base + "blobs/" + test::digest_of(test::config_bytes), zipped(test::config_bytes));
        w.s.on(base + "tags/list?n=1000", zipped(R"({"name":"x","tags":["1","2"]})"));
        w.with([&](auto& registry) {
            auto const r = registry.inspect(ref, inspect_options().with_tags().with_platform(platform_choice::any()));
            REQUIRE(r);
            CHECK(r.value().manifest_bytes == test::schema2());
            CHECK(r.value().config_bytes == test::config_bytes);
            CHECK(r.value().tags.values == std::vector<std::string>{"1", "2"});
            REQUIRE_FALSE(r.value().warnings.empty());
            CHECK(r.value().warnings[0].code == warning_code::body_was_encoded);
            CHECK(registry.manifest(pinned).has_value());
            return 0;
        });
        for (auto const& q : w.s.journal) CHECK_FALSE(q.headers.find("Accept-Encoding"));
    }
}

TEST_CASE("a token in gzip, and an error that is", "[W48]") {
    world w;
    w.s.on(base + "manifests/1", {401, "", {{"WWW-Authenticate", R"(Bearer realm="https://r.test/token",service="s")"}}});
    w.s.on(base + "manifests/1", {200, test::schema2()});
    w.s.on("https://r.test/token?service=s&scope=repository%3Ax%3Apull", zipped(R"({"token":"abc"})"));
    CHECK(w.with([](auto& r) { return r.manifest(ref).has_value(); }));
    CHECK(w.s.journal.back().headers.find("Authorization") == "Bearer abc");

    auto const refusal = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"gone"}]})";
    for (auto const& [answer, says] : {std::pair{zipped(refusal, 404), true}, std::pair{encoded("no gzip", "gzip", 404), false},
                                       std::pair{encoded(test::zlib_gzip(refusal).substr(0, 30), "gzip", 404), false}, std::pair{encoded(refusal, "br", 404), false}}) {
        world one;
        one.s.on(base + "manifests/1", answer);
        auto const e = one.with([](auto& r) { return r.manifest(ref).error(); });
        CHECK(e.http_status() == 404); // the status is worth more than a text that cannot be read
        CHECK((e.message().find("gone") != std::string::npos) == says);
    }
}

TEST_CASE("what is no encoding is none; what is not undone is refused", "[W48]") {
    for (auto const* none : {"none", "utf-8", "aws-chunked", "identity", ""}) CHECK(world().manifest(encoded(test::schema2(), none)) == errc::ok);
    for (auto const* other : {"br", "deflate", "zstd", "gzip, gzip"}) {
        CHECK(world().manifest(encoded(test::schema2(), other)) == errc::http_content_encoding);
        world w;
        w.s.on(base + "manifests/1", encoded(test::schema2(), other));
        auto const e = w.with([](auto& r) { return r.manifest(ref).error(); });
        CHECK(e.detail().actual == other);
    }
    auto const packed = test::zlib_gzip(test::schema2());
    world w;
    w.s.on(base + "manifests/1", encoded(packed.substr(0, packed.size() - 1)));
    auto const e = w.with([](auto& r) { return r.manifest(ref).error(); });
    CHECK(e == errc::http_content_encoding);
    CHECK(e.facts().next_endpoint);
    CHECK(e.http_status() == 200);
    CHECK(world().manifest(encoded(test::schema2())) == errc::http_content_encoding); // called so and none
    auto changed = packed;
    changed[changed.size() - 6] = static_cast<char>(changed[changed.size() - 6] ^ 1);
    CHECK(world().manifest(encoded(changed)) == errc::http_content_encoding);
    world pinned; // the digest is of the decoded bytes
    pinned.s.on(base + "manifests/" + test::digest_of(packed), encoded(packed));
    CHECK(pinned.with([&](auto& r) { return r.manifest(ref.with_digest(digest::parse(test::digest_of(packed)).value())).error(); }) == errc::digest_mismatch);
}

TEST_CASE("the limit of a document is that of its decoded bytes, and the encoded ones are bounded too", "[W48]") {
    world w;
    w.options.bounds.manifest_bytes = w.options.bounds.config_bytes = w.options.bounds.tag_page_bytes = 2000;
    CHECK(w.manifest(zipped(test::schema2() + std::string(2001 - test::schema2().size(), ' '))) == errc::body_too_large);
    world fits;
    fits.options = w.options;
    CHECK(fits.manifest(zipped(test::schema2() + std::string(2000 - test::schema2().size(), ' '))) == errc::ok);
    world bomb;
    bomb.options = w.options;
    CHECK(bomb.manifest(zipped(std::string(10 << 20, ' '))) == errc::body_too_large);
    world padding; // members of nothing, without end
    padding.options = w.options;
    std::string nothing;
    for (int i = 0; i < 200; ++i) nothing += test::zlib_gzip("");
    CHECK(padding.manifest(encoded(nothing)) == errc::body_too_large);
}

TEST_CASE("an encoded blob is refused, an error about it is read", "[W48]") {
    std::string const bytes = "a layer";
    auto const url = base + "blobs/" + test::digest_of(bytes);
    lading::descriptor const what("a/b", digest::parse(test::digest_of(bytes)).value(), static_cast<std::int64_t>(bytes.size()));
    auto fetch = [&](testing::scripted_answer a) {
        world w;
        w.s.on(url, std::move(a));
        memory_sink out(1000);
        auto r = w.with([&](auto& registry) { return registry.blob(ref, what, out); });
        CHECK(out.bytes() == (r ? bytes : ""));
        return r ? error(errc::ok) : r.error();
    };
    CHECK(fetch(zipped(bytes)) == errc::http_content_encoding);
    CHECK(fetch(encoded(bytes)) == errc::http_content_encoding);
    CHECK(fetch(encoded(bytes, "none")) == errc::ok);
    auto const gone = fetch(zipped(R"({"errors":[{"code":"BLOB_UNKNOWN","message":"gone"}]})", 404));
    CHECK(gone == errc::blob_unknown);
    CHECK(gone.message().find("gone") != std::string::npos);
}

TEST_CASE("a cache keeps the decoded bytes", "[W48]") {
    testing::script s;
    memory_cache kept;
    auto const wanted = digest::parse(test::digest_of(test::schema2())).value();
    auto const url = base + "manifests/" + wanted.str();
    s.on(url, zipped(test::schema2()));
    for (int i = 0; i < 2; ++i) {
        test::cached_client registry(testing::scripted_transport(s), client_options(), {}, {}, kept);
        CHECK(registry.manifest(ref.with_digest(wanted)).has_value());
    }
    CHECK(s.journal.size() == 1);
    CHECK(kept.find(wanted) == test::schema2());
}

} // namespace decode_test
