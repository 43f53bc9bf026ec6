// SPDX-License-Identifier: BSL-1.0
// The writing side of a registry that is a store: uploads and manifests, without a network.

#include "catch.hpp"

#include <lading/client/policies.hpp>
#include <lading/driver/blocking.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/push_manifest.hpp>
#include <lading/operation/upload.hpp>
#include <lading/policy/clock.hpp>
#include <lading/protocol/body.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/memory_store.hpp>

#include <string>

namespace writing_test {

using namespace lading;

namespace {

struct policies {
    using hash = openssl_hash;
    using json = strict_json;
    using manifests = default_manifests;
};
digest sha_of(std::string_view bytes) { return digest_of<openssl_hash>(bytes).value(); }
descriptor describe(std::string_view bytes) { return {"application/octet-stream", sha_of(bytes), static_cast<std::int64_t>(bytes.size())}; }
call_context talk() { return {"https://r.example", repository::parse("r.example/a/b").value()}; }

struct world {
    memory_store store;
    store_transport<memory_store&> registry{store};
    steady_clock_policy clock;

    result<pushed_blob> push(std::string const& bytes, descriptor what, push_options o = {}) {
        text_source from(bytes);
        upload_operation<policies> op(talk(), std::move(what), from, std::move(o));
        return run(op, registry, clock);
    }
    result<pushed_manifest> put(std::string const& name, std::string const& bytes) {
        push_manifest_operation<policies> op(talk(), reference::parse("r.example/a/b" + name).value(), bytes, {});
        return run(op, registry, clock);
    }
    response ask(std::string method, std::string const& path, std::string body = {}) {
        request q(std::move(method), "https://r.example" + path);
        q.body = std::move(body);
        response_body out(1 << 20, limits());
        return registry.exchange(q, out).value();
    }
};

std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]})";

} // namespace

TEST_CASE("an image is pushed into a store", "[service][SF13][SF18][SF41][SF42]") {
    world w;
    std::string const bytes(300'000, 'x');
    CHECK(w.push(bytes, describe(bytes)).value().way == push_way::sent);
    CHECK(w.push(bytes, describe(bytes)).value().way == push_way::existing);
    memory_sink out(1 << 20);
    REQUIRE(w.store.read(describe(bytes), out, {}));
    CHECK(out.bytes() == bytes);
    REQUIRE(w.put(":v1", manifest));
    CHECK(w.store.resolve("v1", {}).value().digest == sha_of(manifest));
    REQUIRE(w.put("@" + sha_of(manifest).str(), manifest));
}

TEST_CASE("what a store has need not be sent from another repository", "[service][SF38][SF39]") {
    world w;
    REQUIRE(w.push("bytes", describe("bytes")));
    CHECK(w.push("bytes", describe("bytes"), push_options().with_mount_from("c/d")).value().way == push_way::mounted);
    CHECK(w.push("others", describe("others"), push_options().with_mount_from("c/d")).value().way == push_way::sent);
}

TEST_CASE("bytes with another digest are not kept", "[service][SF29][SF30]") {
    world w;
    auto const named = "/v2/a/b/blobs/uploads/whole?digest=";
    CHECK(w.ask("PUT", named + sha_of("x").str(), "y").status == 400);
    CHECK(w.ask("PUT", named + std::string("sha256:zz"), "y").status == 400);
    CHECK(w.ask("PUT", "/v2/a/b/blobs/uploads/whole", "y").status == 400);
    CHECK_FALSE(w.store.has(describe("x"), {}).value());
    CHECK_FALSE(w.store.has(describe("y"), {}).value());
    CHECK(w.ask("PUT", "/v2/a/b/manifests/" + sha_of("other").str(), manifest).status == 400);
    CHECK(w.ask("PUT", "/v2/a/b/manifests/v1", std::string((4 << 20) + 1, ' ')).status == 413);
}

TEST_CASE("a source that fails leaves nothing", "[service]") {
    world w;
    auto what = describe("announced");
    auto const got = w.push("different", what);
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::source_changed);
    CHECK_FALSE(w.store.has(what, {}).value());
}

TEST_CASE("what is not done is refused as registries refuse", "[service][SF63]") {
    world w;
    CHECK(w.ask("PATCH", "/v2/a/b/blobs/uploads/whole", "x").status == 405);
    CHECK(w.ask("DELETE", "/v2/a/b/manifests/v1").status == 405);
    CHECK(w.ask("DELETE", "/v2/a/b/blobs/uploads/whole").status == 204);
}

} // namespace writing_test
