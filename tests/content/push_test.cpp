// SPDX-License-Identifier: BSL-1.0
// Pushing over sockets, to a registry that takes uploads as docker-registry 2.8 does.

#include "catch.hpp"

#include <lading/bulk/add_tags.hpp>
#include <lading/bulk/copy.hpp>
#include <lading/bulk/push_artifact.hpp>
#include <lading/bulk/remove_with_referrers.hpp>
#include <lading/lading.hpp>
#include <lading/service/options.hpp>
#include <lading/store/file_source.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/registry_repository.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace push_test {

using namespace lading;
using strings = std::vector<std::string>;
using testing::canned;

namespace {

std::string sha_of(std::string_view bytes) { return testing::sha256_digest(bytes); }
descriptor describe(std::string_view bytes, std::string type = "application/octet-stream") {
    return {std::move(type), digest::parse(sha_of(bytes)).value(), static_cast<std::int64_t>(bytes.size())};
}
/// Requests as golden exchanges have them: what is different each time is left out.
strings lines(testing::registry const& r) {
    strings out;
    for (auto const& x : r.journal()) {
        auto target = x.target;
        if (auto const at = target.find("/uploads/"); at != target.npos && x.method != "POST") {
            auto const query = target.find("&digest=");
            target = target.substr(0, at) + "/uploads/U?S" + (query == target.npos ? "" : target.substr(query));
        }
        auto line = x.method + ' ' + target;
        if (auto const range = x.headers.find("Content-Range")) line.append(" [").append(*range).append("]");
        out.push_back(line + " < " + std::to_string(x.status));
    }
    return out;
}

struct world {
    explicit world(testing::registry_options o = testing::registry_options().with_writing().with_removal()) : server(std::move(o)) {}

    testing::registry server;
    client registry{client_options().with_plaintext(server.host())};
    std::string layer = std::string(300'000, 'l') + "ayer", config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";

    repository name(std::string const& path = "r") const { return repository::parse(server.host() + '/' + path).value(); }
    reference ref(std::string const& path) const { return reference::parse(server.host() + '/' + path).value(); }
    std::string manifest() const {
        return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" + sha_of(config) +
               R"(","size":)" + std::to_string(config.size()) + R"(},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" + sha_of(layer) + R"(","size":)" +
               std::to_string(layer.size()) + "}]}";
    }
    result<pushed_blob> push(std::string const& bytes, push_options o = {}, std::string const& path = "r") {
        text_source from(bytes);
        return registry.push_blob(name(path), describe(bytes), from, std::move(o));
    }
    void push_image() {
        REQUIRE(push(layer));
        REQUIRE(push(config));
        auto const put = registry.push_manifest(ref("r:v1"), manifest());
        INFO((put ? std::string() : put.error().message()));
        REQUIRE(put);
    }
    std::string head(std::string const& bytes, int status, std::string const& path = "r") const { return "HEAD /v2/" + path + "/blobs/" + sha_of(bytes) + " < " + std::to_string(status); }
    static std::string post() { return "POST /v2/r/blobs/uploads/ < 202"; }
    std::string put(std::string const& bytes, int status = 201) const { return "PUT /v2/r/blobs/uploads/U?S&digest=sha256%3A" + sha_of(bytes).substr(7) + " < " + std::to_string(status); }
};

} // namespace

TEST_CASE("a new image takes seven requests on one connection, and none again", "[push][G1][G2][PU01][PU70]") {
    world w;
    w.push_image();
    CHECK(lines(w.server) == strings{w.head(w.layer, 404), w.post(), w.put(w.layer), w.head(w.config, 404), w.post(), w.put(w.config), "PUT /v2/r/manifests/v1 < 201"});
    CHECK(w.server.connections() == 1);
    CHECK(w.server.open_uploads() == 0);
    CHECK(w.server.blob("r", sha_of(w.layer)) == w.layer);
    CHECK(w.server.tagged("r", "v1") == sha_of(w.manifest()));
    CHECK(w.registry.inspect(w.ref("r:v1")));

    w.server.clear_journal();
    CHECK(w.push(w.layer).value().way == push_way::existing);
    CHECK(lines(w.server) == strings{w.head(w.layer, 200)});
    w.server.clear_journal();
    CHECK(w.registry.push_manifest(w.ref("r:v1"), w.manifest(), manifest_push_options().with_skip_unchanged()).value().existed);
    CHECK(lines(w.server) == strings{"HEAD /v2/r/manifests/v1 < 200"});
}

TEST_CASE("a blob is taken from another repository of the registry, or sent where that has none", "[push][G3][G4][PU55][PU58]") {
    world w;
    w.push_image();
    w.server.clear_journal();
    CHECK(w.push(w.layer, push_options().with_mount_from("r"), "q").value().way == push_way::mounted);
    CHECK(lines(w.server) == strings{"POST /v2/q/blobs/uploads/?mount=sha256%3A" + sha_of(w.layer).substr(7) + "&from=r < 201"});
    CHECK(w.server.blob("q", sha_of(w.layer)));
    w.server.clear_journal();
    CHECK(w.push(w.layer, push_options().with_mount_from("nothing"), "p").value().way == push_way::sent);
    CHECK(lines(w.server).size() == 2);
    CHECK(w.server.blob("p", sha_of(w.layer)) == w.layer);
}

TEST_CASE("chunks over a socket", "[push][G5][PU34]") {
    world w;
    std::string const bytes(40 * (1 << 20), 'c');
    REQUIRE(w.push(bytes, push_options().with_chunks(16 << 20)));
    CHECK(lines(w.server) == strings{w.head(bytes, 404), w.post(), "PATCH /v2/r/blobs/uploads/U?S [0-16777215] < 202", "PATCH /v2/r/blobs/uploads/U?S [16777216-33554431] < 202",
                                     w.put(bytes).substr(0, w.put(bytes).size() - 6) + " [33554432-41943039] < 201"});
    CHECK(w.server.blob("r", sha_of(bytes)) == bytes);
}

TEST_CASE("a stream without an announced size or digest", "[push][PU68]") {
    world w;
    std::string const bytes(3'000'000, 's');
    std::size_t at = 0;
    stream_source from([&](std::span<std::byte> into) -> result<std::size_t> {
        auto const n = std::min(into.size(), bytes.size() - at);
        std::memcpy(into.data(), bytes.data() + at, n);
        at += n;
        return n;
    });
    auto const got = w.registry.push_stream(w.name(), from, push_options().with_chunks(1 << 20));
    REQUIRE(got);
    CHECK(got.value().what.digest.str() == sha_of(bytes));
    CHECK(w.server.blob("r", sha_of(bytes)) == bytes);
}

TEST_CASE("the places of uploads may be said without their origin", "[push][PU21][SF14]") {
    world w(testing::registry_options().with_writing().with_relative_uploads());
    w.push_image();
}

TEST_CASE("a registry that has forgotten a session gets a new one", "[push][PU40][SF27]") {
    world w;
    struct forgetful final : body_source {
        explicit forgetful(world& w, std::string const& b) : of(w), bytes(b) {}
        std::optional<std::uint64_t> size() const override { return bytes.size(); }
        result<void> begin() override {
            if (begun++ == 0) of.server.forget_uploads();
            return at = 0, success();
        }
        result<std::size_t> read(std::span<std::byte> into) override {
            auto const n = std::min(into.size(), bytes.size() - at);
            std::memcpy(into.data(), bytes.data() + at, n);
            at += n;
            return n;
        }
        world& of;
        std::string const& bytes;
        std::size_t at = 0;
        int begun = 0;
    } from(w, w.layer);
    REQUIRE(w.registry.push_blob(w.name(), describe(w.layer), from));
    CHECK(lines(w.server) == strings{w.head(w.layer, 404), w.post(), w.put(w.layer, 404), w.head(w.layer, 404), w.post(), w.put(w.layer)});
}

TEST_CASE("the answer of the closing request is lost: the blob is looked for", "[push][G7][PU41]") {
    world w;
    // The second connection of the test puts the blob, and the answer to the first is cut.
    std::string const bytes = "small";
    w.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "/v2/r/blobs/uploads/lost").with_times(1));
    w.server.answer("PUT", "/v2/r/blobs/uploads/lost", canned().without_answer());
    w.server.answer("HEAD", "/v2/r/blobs/" + sha_of(bytes), canned(404).with_times(1));
    w.server.put_blob(bytes);
    auto const got = w.push(bytes);
    REQUIRE(got);
    CHECK(got.value().way == push_way::sent);
    auto const said = lines(w.server);
    CHECK(said.size() == 4);
    CHECK(said.back() == w.head(bytes, 200));
}

TEST_CASE("a session that fails is ended", "[push][PU51][PU65]") {
    world w;
    auto other = w.layer;
    other.back() = 'x';
    text_source from(other);
    auto const got = w.registry.push_blob(w.name(), describe(w.layer), from);
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::source_changed);
    CHECK(w.server.open_uploads() == 0);
    CHECK_FALSE(w.server.blob("r", sha_of(w.layer)));
    CHECK_FALSE(w.server.blob("r", sha_of(other)));
}

TEST_CASE("an upload that is stopped is ended at the registry", "[push][PU51][GX33]") {
    world w;
    stop_source stop;
    std::string const bytes(std::size_t(64) << 20, 'x');
    std::size_t at = 0;
    stream_source from([&](std::span<std::byte> into) -> result<std::size_t> {
        if (at > (std::size_t(1) << 20)) stop.request_stop();
        std::memset(into.data(), 'x', into.size());
        at += into.size();
        return into.size();
    });
    auto const got = w.registry.push_blob(w.name(), describe(bytes), from, {}, stop.get_token());
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::cancelled);
    CHECK(w.server.open_uploads() == 0);
    CHECK(lines(w.server).back().starts_with("DELETE "));
}

TEST_CASE("uploads with a token: one for reading and writing, and one to remove", "[push][G9][PU46][PU56][SF60][DL07][GX29]") {
    world w(testing::registry_options().with_writing().with_removal().with_protection(testing::access::bearer).with_account("me", "secret"));
    w.registry.with_login(w.server.host(), "me", "secret");
    w.push_image();
    auto const tokens = [&] {
        strings out;
        for (auto const& x : w.server.journal())
            if (x.target.starts_with("/token")) out.push_back(x.target.substr(x.target.find("scope=")));
        return out;
    };
    CHECK(tokens() == strings{"scope=repository%3Ar%3Apull%2Cpush&account=me"});
    w.server.clear_journal();
    REQUIRE(w.push(w.layer, push_options().with_mount_from("r"), "q").value().way == push_way::mounted);
    CHECK(tokens() == strings{"scope=repository%3Aq%3Apull%2Cpush&scope=repository%3Ar%3Apull&account=me"});
    w.server.clear_journal();
    CHECK(w.registry.remove_manifest(w.ref("r@" + sha_of(w.manifest())), remove_options().with_listing(false)).value());
    CHECK(tokens() == strings{"scope=repository%3Ar%3Adelete&account=me"});
    SECTION("a copy takes one for its destination, at its first question there") {
        w.server.clear_journal();
        memory_store from;
        auto const empty = describe("{}", "application/vnd.oci.empty.v1+json");
        auto const text = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
                          empty.digest.str() + R"(","size":2,"data":"e30="},"layers":[]})";
        auto const top = describe(text, "application/vnd.oci.image.manifest.v1+json");
        REQUIRE(from.put_document(top, text));
        REQUIRE(from.tag("v1", top));
        client fresh(client_options().with_plaintext(w.server.host()));
        fresh.with_login(w.server.host(), "me", "secret");
        registry_repository<client> to(fresh, w.name("p"));
        REQUIRE(copy(from, "v1", to, "v1"));
        CHECK(tokens() == strings{"scope=repository%3Ap%3Apull%2Cpush&account=me"});
        CHECK(lines(w.server).size() == 2 + 5); // HEAD, HEAD, POST, PUT, PUT; and a refusal, and the token
        w.server.clear_journal();
        REQUIRE(fresh.raw_manifest(w.ref("p:v1")));
        CHECK(lines(w.server) == strings{"GET /v2/p/manifests/v1 < 200"});
        w.server.clear_journal();
        client nobody(client_options().with_plaintext(w.server.host())); // who may only pull, and need not more
        registry_repository<client> there(nobody, w.name("p"));
        auto const again = copy(from, "v1", there, "v1");
        REQUIRE(again);
        CHECK(again.value().fetched.contents == 0);
        CHECK(tokens() == strings{"scope=repository%3Ap%3Apull%2Cpush"});
    }
    SECTION("a token that ends in the middle is fetched anew, and the bytes are sent again") {
        w.server.clear_journal();
        std::string const bytes(2'000'000, 'n');
        int begun = 0;
        struct revoking final : body_source {
            revoking(world& w, std::string const& b, int& n) : of(w), text(b), begun(n) {}
            std::optional<std::uint64_t> size() const override { return text.size(); }
            result<void> begin() override {
                if (begun++ == 0) of.server.revoke_tokens();
                return at = 0, success();
            }
            result<std::size_t> read(std::span<std::byte> into) override {
                auto const n = std::min(into.size(), text.size() - at);
                std::memcpy(into.data(), text.data() + at, n);
                at += n;
                return n;
            }
            world& of;
            std::string const& text;
            int& begun;
            std::size_t at = 0;
        } from(w, bytes, begun);
        REQUIRE(w.registry.push_blob(w.name(), describe(bytes), from));
        CHECK(begun == 2);
        CHECK(w.server.blob("r", sha_of(bytes)) == bytes);
    }
}

namespace {
/// Gives bytes, and calls `then` each time that it has given this many.
struct watched_source final : body_source {
    watched_source(std::string const& b, std::size_t n, std::function<void()> f) : text(b), when(n), then(std::move(f)) {}
    std::optional<std::uint64_t> size() const override { return text.size(); }
    result<void> begin() override { return at = 0, success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        auto const n = std::min(into.size(), text.size() - at);
        std::memcpy(into.data(), text.data() + at, n);
        if (at < when && at + n >= when) then();
        at += n;
        return n;
    }
    std::string const& text;
    std::size_t when, at = 0;
    std::function<void()> then;
};
auto const with_tokens = [] { return testing::registry_options().with_writing().with_removal().with_protection(testing::access::bearer).with_account("me", "secret"); };
} // namespace

TEST_CASE("a token that ends between chunks is fetched anew, and the registry is asked how far it has come", "[push][PU46][GX30]") {
    world w(with_tokens());
    w.registry.with_login(w.server.host(), "me", "secret");
    std::string const bytes(5 << 19, 'n');
    watched_source from(bytes, 3 << 19, [&] { w.server.revoke_tokens(); });
    REQUIRE(w.registry.push_blob(w.name(), describe(bytes), from, push_options().with_chunks(1 << 20)));
    auto said = lines(w.server);
    auto const refused = std::find(said.begin(), said.end(), "PATCH /v2/r/blobs/uploads/U?S [1048576-2097151] < 401");
    REQUIRE(said.end() - refused == 5);
    CHECK(refused[1].starts_with("GET /token?"));
    CHECK(refused[2] == "GET /v2/r/blobs/uploads/U?S < 204");
    CHECK(refused[3] == "PATCH /v2/r/blobs/uploads/U?S [1048576-2097151] < 202");
    CHECK(w.server.blob("r", sha_of(bytes)) == bytes);
}

TEST_CASE("a token that ends while a whole blob is sent: it is looked for, and sent in a new session", "[push][PU46]") {
    world w(with_tokens());
    w.registry.with_login(w.server.host(), "me", "secret");
    REQUIRE(w.push("first"));
    w.server.revoke_tokens();
    w.server.answer("HEAD", "/v2/r/blobs/" + sha_of(w.layer), canned(404).with_times(1)); // whoever asks
    w.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "/v2/r/blobs/uploads/early").with_times(1));
    w.server.clear_journal();
    REQUIRE(w.push(w.layer));
    auto const said = lines(w.server);
    REQUIRE(said.size() == 8);
    CHECK(said[2].ends_with("< 401")); // PUT
    CHECK(said[3].starts_with("GET /token?"));
    CHECK(said[4] == w.head(w.layer, 404));
    CHECK(said[5].starts_with("DELETE "));
    CHECK(strings(said.begin() + 6, said.end()) == strings{w.post(), w.put(w.layer)});
}

TEST_CASE("a challenge for another repository gets no token for that", "[push][PU102]") {
    world w(with_tokens());
    w.registry.with_login(w.server.host(), "me", "secret");
    for (auto const* scope : {"repository:other:pull,push", "registry:catalog:*", "repository:r:pull,push repository:other:pull"})
        for (auto const* more : {"", ",error=\"insufficient_scope\""}) {
            auto const challenge = "Bearer realm=\"" + w.server.url() + "/token\",service=\"registry.test\",scope=\"" + scope + '"' + more;
            w.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "/v2/r/blobs/uploads/greedy"));
            w.server.answer("PUT", "/v2/r/blobs/uploads/greedy", canned(401).with_header("WWW-Authenticate", challenge));
            auto const got = w.push(w.layer);
            INFO(challenge << ": " << got.error().message());
            CHECK(is_auth(got.error()));
        }
    for (auto const& x : w.server.journal())
        if (x.target.starts_with("/token")) {
            CHECK(x.target.find("other") == std::string::npos);
            CHECK(x.target.find("catalog") == std::string::npos);
        }
}

TEST_CASE("manifests, tags and blobs are removed", "[push][DL01][DL02][DL03][DL11][DL12][SF59][SF61][SF62][GX24][GX26]") {
    world w;
    w.push_image();
    REQUIRE(w.registry.push_manifest(w.ref("r:v2"), w.manifest()));
    auto const tag = w.registry.remove_tag(w.ref("r:v1"));
    REQUIRE_FALSE(tag);
    CHECK(tag.error() == errc::unsupported_by_registry);
    CHECK(w.registry.exists(w.ref("r:v1")).value());
    auto const d = w.registry.resolve(w.ref("r:v1")).value().digest;
    CHECK(w.registry.remove_manifest(w.ref("r@" + d.str())).value());
    CHECK_FALSE(w.registry.exists(w.ref("r:v1")).value());
    CHECK_FALSE(w.registry.exists(w.ref("r:v2")).value());
    CHECK(w.registry.remove_manifest(w.ref("r@" + d.str())).error() == errc::manifest_unknown);
    CHECK_FALSE(w.registry.remove_manifest(w.ref("r@" + d.str()), true).value());
    CHECK(w.registry.remove_blob(w.name(), describe(w.layer).digest).value());
    CHECK_FALSE(w.server.blob("r", sha_of(w.layer)));
    CHECK(w.registry.remove_manifest(w.ref("r:v1")).error() == errc::invalid_argument);
}

TEST_CASE("a registry that is read only says so", "[push][DL06][SF63][SF64]") {
    world w{testing::registry_options()};
    CHECK(w.push(w.layer).error() == errc::unsupported_by_registry);
    CHECK(w.registry.push_manifest(w.ref("r:v1"), w.manifest()).error() == errc::unsupported_by_registry);
    CHECK(w.registry.remove_tag(w.ref("r:v1")).error() == errc::unsupported_by_registry);
}

TEST_CASE("a manifest whose contents are not there leaves no tag", "[push][PU74][SF43][GX31]") {
    world w;
    REQUIRE(w.push(w.config));
    auto const got = w.registry.push_manifest(w.ref("r:v1"), w.manifest());
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::manifest_blob_unknown);
    CHECK(got.error().detail().available == strings{sha_of(w.layer)});
    CHECK(w.server.tagged("r", "v1").empty());
}

TEST_CASE("the repositories of the registry are listed by pages", "[push][DL14][SF67][GX28]") {
    world w;
    for (auto const* path : {"a/b", "c/d", "e"}) REQUIRE(w.push("x", {}, path));
    auto o = client_options().with_plaintext(w.server.host());
    limits l;
    l.page_size = 2;
    client two(o.with_limits(l));
    w.server.clear_journal();
    CHECK(two.catalog(w.name()).value().values == strings{"a/b", "c/d", "e"});
    CHECK(lines(w.server) == strings{"GET /v2/_catalog?n=2 < 200", "GET /v2/_catalog?last=c%2Fd&n=2 < 200"});
}

TEST_CASE("not one byte of an upload goes to a host that an answer names", "[push][C14][PU22][PU90]") {
    world a, b;
    std::string const bytes(2'000'000, 'b');
    // The same machine by another name is another origin.
    a.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "http://localhost:" + std::to_string(b.server.port()) + "/v2/r/blobs/uploads/x"));
    auto const got = a.push(bytes);
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::upload_location_cross_origin);
    CHECK(b.server.connections() == 0);
}

// ---- copies to a registry

namespace {
using store = registry_repository<client>;
static_assert(content_store<store>);

strings sorted_blobs(strings said) {
    std::sort(said.begin(), said.end());
    return said;
}
} // namespace

TEST_CASE("an image is copied from memory to a registry, and again by one request", "[push][copy][CP06][CP07][G2][CP25][PU07]") {
    world w;
    memory_store from;
    for (auto const& bytes : {w.layer, w.config}) {
        auto out = from.writer(describe(bytes)).value();
        REQUIRE(out->begin());
        REQUIRE(out->write(std::as_bytes(std::span(bytes))));
        REQUIRE(out->commit());
    }
    auto const top = describe(w.manifest(), "application/vnd.oci.image.manifest.v1+json");
    REQUIRE(from.put_document(top, w.manifest()));
    REQUIRE(from.tag("v1", top));
    store to(w.registry, w.name());
    auto const first = copy(from, "v1", to, "v1", copy_options().with_lanes(1));
    INFO((first ? std::string() : first.error().message()));
    REQUIRE(first);
    CHECK(w.server.tagged("r", "v1") == top.digest.str());
    CHECK(w.server.blob("r", sha_of(w.layer)) == w.layer);
    auto const said = lines(w.server);
    CHECK(said.size() == 7); // a small config is sent without the question whether it is there
    CHECK(said.front() == "HEAD /v2/r/manifests/v1 < 404");
    CHECK(said.back() == "PUT /v2/r/manifests/v1 < 201");

    w.server.clear_journal();
    auto const again = copy(from, "v1", to, "v1");
    REQUIRE(again);
    CHECK(again.value().fetched.contents == 0);
    CHECK(lines(w.server) == strings{"HEAD /v2/r/manifests/v1 < 200"});
}

TEST_CASE("a manifest goes without what is only claimed to refer to it", "[remove][DL10][D20][HX19]") {
    for (bool const by_list : {true, false}) {
        world w; // which removes no tags alone
        w.push_image();
        auto old = w.manifest();
        old.insert(old.size() - 1, R"(,"annotations":{"old":"yes"})");
        REQUIRE(w.registry.push_manifest(w.ref("r:old"), old));
        auto const image = R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + sha_of(w.manifest()) + R"(","size":)" + std::to_string(w.manifest().size()) + '}';
        auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + image + "]}";
        REQUIRE(w.registry.push_manifest(w.ref("r:stable"), index));
        // Who may push and not remove:
        auto const list = referrers_tag(digest::parse(sha_of(old)).value());
        REQUIRE(w.registry.push_manifest(w.ref("r:" + list), by_list ? index : w.manifest()));
        auto const got = remove_with_referrers(w.registry, w.ref("r@" + sha_of(old)));
        REQUIRE(got);
        CHECK(got.value().removed.size() == 1);
        CHECK(got.value().complete() != by_list);
        CHECK(w.server.tagged("r", "v1") == sha_of(w.manifest()));
        CHECK(w.server.tagged("r", "stable") == sha_of(index));
        CHECK(w.registry.exists(w.ref("r@" + sha_of(w.manifest()))).value());
        CHECK_FALSE(w.registry.exists(w.ref("r@" + sha_of(old))).value());
    }
}

TEST_CASE("of an index that a registry has its images are asked for, and what is absent is copied", "[copy][CP03][CP07]") {
    world w;
    w.push_image();
    auto other = w.manifest();
    other.insert(other.size() - 1, R"(,"annotations":{"n":"2"})");
    REQUIRE(w.registry.push_manifest(w.ref("r:other"), other));
    auto const entry = [](std::string const& image, std::string const& arch) {
        return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + sha_of(image) + R"(","size":)" + std::to_string(image.size()) + R"(,"platform":{"os":"linux","architecture":")" + arch + R"("}})";
    };
    auto const index = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + entry(w.manifest(), "amd64") + ',' + entry(other, "arm64") + "]}";
    REQUIRE(w.registry.push_manifest(w.ref("r:index"), index));
    store from(w.registry, w.name("r")), to(w.registry, w.name("q"));
    auto const go = [&] {
        w.server.clear_journal();
        auto const got = copy(from, "index", to, "v1", copy_options().with_lanes(1));
        INFO((got ? std::string() : got.error().message()));
        REQUIRE(got);
        return got.value().fetched.contents;
    };
    go();
    REQUIRE(w.registry.remove_manifest(w.ref("q@" + sha_of(other)))); // as if it had never come
    CHECK(go() == 1);
    CHECK(w.registry.exists(w.ref("q@" + sha_of(other))).value());
    CHECK(go() == 0);
    CHECK(lines(w.server) == strings{"HEAD /v2/q/manifests/v1 < 200", "HEAD /v2/r/manifests/index < 200", // `from` has the index
                                     "HEAD /v2/q/manifests/" + sha_of(w.manifest()) + " < 200", "HEAD /v2/q/manifests/" + sha_of(other) + " < 200"});
}

TEST_CASE("between two repositories of one registry blobs are mounted", "[push][copy][G3][CP06][CP13]") {
    world w;
    w.push_image();
    w.server.clear_journal();
    store from(w.registry, w.name("r")), to(w.registry, w.name("q"));
    auto const got = copy(from, "v1", to, "v1", copy_options().with_lanes(1));
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    auto const mount = [&](std::string const& bytes) { return "POST /v2/q/blobs/uploads/?mount=sha256%3A" + sha_of(bytes).substr(7) + "&from=r < 201"; };
    auto const said = lines(w.server);
    REQUIRE(said.size() == 5);
    CHECK(said[0] == "HEAD /v2/q/manifests/v1 < 404");
    CHECK(said[1] == "GET /v2/r/manifests/v1 < 200");
    CHECK(sorted_blobs({said[2], said[3]}) == sorted_blobs({mount(w.layer), mount(w.config)}));
    CHECK(said[4] == "PUT /v2/q/manifests/v1 < 201");
    CHECK(got.value().mounted.contents == 2);
    CHECK(got.value().existing.contents == 0);
    store third(w.registry, w.name("third"));
    auto const plan = plan_copy(from, "v1", third, "v1");
    REQUIRE(plan);
    CHECK(std::count_if(plan.value().entries.begin(), plan.value().entries.end(), [](auto const& e) { return e.step == copy_step::mount; }) == 2);
    CHECK(plan.value().to_fetch.contents == 1); // the manifest
    CHECK_FALSE(w.registry.exists(w.ref("third:v1")).value());
    auto const again = plan_copy(from, "v1", to, "v1"); // which a copy would find up to date
    REQUIRE(again);
    CHECK(again.value().to_fetch.contents == 0);
    CHECK(again.value().existing.contents == 3);

    client other{client_options().with_plaintext(w.server.host())}; // another login, perhaps
    store elsewhere(other, w.name("p"));
    w.server.clear_journal();
    REQUIRE(copy(from, "v1", elsewhere, "v1"));
    for (auto const& line : lines(w.server)) CHECK(line.find("mount=") == std::string::npos);
}

TEST_CASE("from one registry to another the bytes pass through, verified", "[push][copy][CP11][PU67]") {
    world a, b;
    a.layer = std::string(8 << 20, 'z') + "end";
    a.push_image();
    client& reads = a.registry;
    store from(reads, a.name()), to(b.registry, b.name());
    SECTION("whole") {
        auto const got = copy(from, "v1", to, "v1");
        INFO((got ? std::string() : got.error().message()));
        REQUIRE(got);
        CHECK(b.server.blob("r", sha_of(a.layer)) == a.layer);
        CHECK(b.server.tagged("r", "v1") == sha_of(a.manifest()));
        CHECK(b.server.open_uploads() == 0);
        CHECK(b.registry.inspect(b.ref("r:v1")));
    }
    SECTION("a source that was cut, and cannot go on, begins again; then the whole is hashed") {
        a.server.set_blob_faults(testing::blob_faults().with_ranges(testing::range_manners::ignored));
        auto const size = std::to_string(a.layer.size());
        a.server.answer("GET", "/v2/r/blobs/" + sha_of(a.layer),
                        canned(200, a.layer.substr(0, 4 << 20), "application/octet-stream").with_header("Content-Length", size).with_cut().with_times(1));
        auto const got = copy(from, "v1", to, "v1");
        INFO((got ? std::string() : got.error().message()));
        REQUIRE(got);
        CHECK(b.server.blob("r", sha_of(a.layer)) == a.layer);
        CHECK(b.server.open_uploads() == 0);
    }
    SECTION("a source that gives other bytes never completes an upload, and leaves no tag") {
        auto other = a.layer;
        other[100] = 'y';
        a.server.answer("GET", "/v2/r/blobs/" + sha_of(a.layer), canned(200, other, "application/octet-stream"));
        auto const got = copy(from, "v1", to, "v1");
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::digest_mismatch);
        CHECK_FALSE(b.server.blob("r", sha_of(a.layer)));
        CHECK_FALSE(b.server.blob("r", sha_of(other)));
        CHECK(b.server.tagged("r", "v1").empty());
        CHECK(b.server.open_uploads() == 0);
    }
    SECTION("a destination that refuses ends it") {
        b.server.answer("POST", "/v2/r/blobs/uploads/", testing::registry_error(403, "DENIED", "no"));
        auto const got = copy(from, "v1", to, "v1");
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::denied);
        CHECK(b.server.tagged("r", "v1").empty());
    }
    SECTION("a session that is lost costs the source a second reading") {
        b.server.answer("PUT", "/v2/r/blobs/uploads/lost", testing::registry_error(404, "BLOB_UPLOAD_UNKNOWN", "x"));
        b.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "/v2/r/blobs/uploads/lost").with_times(1));
        auto const got = copy(from, "v1", to, "v1", copy_options().with_lanes(1));
        INFO((got ? std::string() : got.error().message()));
        REQUIRE(got);
        CHECK(b.server.blob("r", sha_of(a.layer)) == a.layer);
    }
}

TEST_CASE("the writer of a registry sends what is written to it", "[push][store]") {
    world w;
    store to(w.registry, w.name());
    SECTION("committed") {
        auto out = to.writer(describe(w.layer)).value();
        REQUIRE(out->begin());
        REQUIRE(out->write(std::as_bytes(std::span(w.layer).first(1000))));
        REQUIRE(out->begin()); // afresh
        for (std::size_t at = 0; at < w.layer.size(); at += 70'000) REQUIRE(out->write(std::as_bytes(std::span(w.layer).subspan(at, std::min<std::size_t>(70'000, w.layer.size() - at)))));
        REQUIRE(out->commit());
        CHECK(w.server.blob("r", sha_of(w.layer)) == w.layer);
        CHECK(to.has(describe(w.layer)).value());
    }
    SECTION("discarded") {
        auto out = to.writer(describe(w.layer)).value();
        REQUIRE(out->begin());
        REQUIRE(out->write(std::as_bytes(std::span(w.layer).first(280'000)))); // more than is held in between: what takes them has begun
        out->discard();
        CHECK_FALSE(w.server.blob("r", sha_of(w.layer)));
        CHECK(w.server.open_uploads() == 0);
    }
    SECTION("refused") {
        w.server.answer("POST", "/v2/r/blobs/uploads/", testing::registry_error(403, "DENIED", "no"));
        auto out = to.writer(describe(w.layer)).value();
        REQUIRE(out->begin());
        (void)out->write(std::as_bytes(std::span(w.layer)));
        auto const committed = out->commit();
        REQUIRE_FALSE(committed);
        CHECK(committed.error() == errc::denied);
    }
}

TEST_CASE("an index is put after its images, and its tag last", "[push][copy][PU70][GX18]") {
    world w, from;
    auto const top = from.server.add_image("r", "v1", testing::image_kind_to_serve::oci_index);
    store source(from.registry, from.name()), to(w.registry, w.name());
    auto const got = copy(source, "v1", to, "v1", copy_options().with_lanes(1));
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    CHECK(w.server.tagged("r", "v1") == top);
    auto const said = lines(w.server);
    CHECK(said.front() == "HEAD /v2/r/manifests/v1 < 404");
    CHECK(said.back() == "PUT /v2/r/manifests/v1 < 201");
    auto const is_put = [](std::string const& line) { return line.starts_with("PUT /v2/r/manifests/"); };
    auto const first = std::find_if(said.begin(), said.end(), is_put);
    CHECK(std::all_of(first, said.end(), is_put));
    CHECK(std::all_of(first, said.end() - 1, [](std::string const& line) { return line.find("sha256:") != std::string::npos; }));
    CHECK(w.registry.inspect(w.ref("r:v1")));
}

TEST_CASE("a file that changes while it is sent is never complete at the registry", "[push][PU65][PU66]") {
    world w;
    auto const path = std::string("/tmp/lading-push-") + std::to_string(w.server.port());
    auto const write = [&](std::string const& bytes) {
        std::FILE* const f = std::fopen(path.c_str(), "wb");
        std::fwrite(bytes.data(), 1, bytes.size(), f);
        std::fclose(f);
    };
    write(w.layer);
    auto from = file_source::open(path).value();
    auto const what = describe<openssl_hash>(from).value();
    CHECK(what.digest.str() == sha_of(w.layer));
    SECTION("it does not") { CHECK(w.registry.push_blob(w.name(), what, from)); }
    SECTION("shorter, longer, other bytes") {
        auto const other = GENERATE(0, 1, 2);
        write(other == 0 ? w.layer.substr(1) : other == 1 ? w.layer + "x"
                                                          : std::string(w.layer.size(), 'x'));
        auto const got = w.registry.push_blob(w.name(), what, from);
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::source_changed);
        CHECK(w.server.open_uploads() == 0);
    }
    std::remove(path.c_str());
}

TEST_CASE("a blob that another place serves is there", "[push][PU04]") {
    world w;
    testing::registry elsewhere;
    elsewhere.put_blob(w.layer);
    w.server.redirect_blobs(elsewhere.url());
    CHECK(w.push(w.layer).value().way == push_way::existing);
}

TEST_CASE("a name that nobody may ask for is not one that leads nowhere", "[push][DL12][DL13]") {
    world w;
    w.push_image();
    w.server.answer("HEAD", "/v2/r/manifests/v1", canned(403));
    CHECK(w.registry.exists(w.ref("r:v1")).error() == errc::denied);
    w.server.answer("HEAD", "/v2/r/manifests/v1", canned(200)); // without a digest: it is fetched and hashed
    CHECK(w.registry.find(w.ref("r:v1")).value()->digest.str() == sha_of(w.manifest()));
}

TEST_CASE("a registry that lied about what it has gets it, once", "[push][copy][PU74][PU98][GX31]") {
    world w, from;
    from.push_image();
    store source(from.registry, from.name()), to(w.registry, w.name());
    w.server.answer("HEAD", "/v2/r/blobs/" + sha_of(w.layer), canned(200).with_header("Content-Length", std::to_string(w.layer.size())));
    auto const got = copy(source, "v1", to, "v1", copy_options().with_lanes(1));
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    CHECK(w.server.blob("r", sha_of(w.layer)) == w.layer);
    CHECK(w.server.tagged("r", "v1") == sha_of(w.manifest()));
    auto const said = lines(w.server);
    CHECK(std::count(said.begin(), said.end(), "PUT /v2/r/manifests/v1 < 400") == 1);
    SECTION("and no more than once") {
        world other;
        store there(other.registry, other.name());
        auto const refusal = R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x","detail":")" + sha_of(w.layer) + "\"}]}";
        other.server.answer("PUT", "/v2/r/manifests/v1", canned(400, refusal, "application/json"));
        auto const failed = copy(source, "v1", there, "v1");
        REQUIRE_FALSE(failed);
        CHECK(failed.error() == errc::manifest_blob_unknown);
        CHECK(other.server.tagged("r", "v1").empty());
    }
}

TEST_CASE("a registry that says of every blob that it has taken it from elsewhere gets it after all", "[push][copy][HX13][PU74]") {
    world w;
    w.push_image();
    auto const mount = [&](std::string const& bytes) { return "/v2/q/blobs/uploads/?mount=sha256%3A" + sha_of(bytes).substr(7) + "&from=r"; };
    for (auto const& bytes : {w.layer, w.config}) w.server.answer("POST", mount(bytes), canned(201).with_header("Docker-Content-Digest", sha_of(bytes)));
    w.server.clear_journal();
    store from(w.registry, w.name("r")), to(w.registry, w.name("q"));
    auto const got = copy(from, "v1", to, "v1", copy_options().with_lanes(1));
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    CHECK(w.server.blob("q", sha_of(w.layer)) == w.layer);
    CHECK(w.server.blob("q", sha_of(w.config)) == w.config);
    CHECK(w.server.tagged("q", "v1") == sha_of(w.manifest()));
    auto said = lines(w.server);
    auto const refused = std::find(said.begin(), said.end(), "PUT /v2/q/manifests/v1 < 400");
    REQUIRE(refused != said.end());
    for (auto at = refused; at != said.end(); ++at) { // nothing is taken on its word again
        CHECK(at->find("mount=") == std::string::npos);
        CHECK_FALSE(at->starts_with("HEAD /v2/q/blobs/"));
    }
    CHECK(std::count_if(said.begin(), said.end(), [](auto const& l) { return l.starts_with("PUT /v2/q/manifests/"); }) == 2);
}

TEST_CASE("an allowed host gets the bytes over TLS, and no credentials", "[push][PU22][C14]") {
    world a(testing::registry_options().with_writing().with_protection(testing::access::basic).with_account("me", "canary-secret"));
    testing::registry b(testing::registry_options().with_writing().with_tls());
    client registry{client_options().with_plaintext(a.server.host())};
    network_options n;
    n.tls.everywhere.with_ca_pem(b.ca_pem());
    registry.with_login(a.server.host(), "me", "canary-secret").with_network(n);
    auto const there = "localhost:" + std::to_string(b.port());
    b.answer("PUT", "/up", canned(201).with_header("Docker-Content-Digest", sha_of(a.layer)));
    a.server.answer("POST", "/v2/r/blobs/uploads/", canned(202).with_header("Location", "https://" + there + "/up?sig=1"));
    text_source from(a.layer);
    auto const refused = registry.push_blob(a.name(), describe(a.layer), from);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::upload_location_cross_origin);
    CHECK(b.journal().empty());
    auto const got = registry.push_blob(a.name(), describe(a.layer), from, push_options().with_upload_host(there));
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    auto const asked = b.journal();
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].body == a.layer);
    for (auto const& [name, value] : asked[0].headers) {
        CHECK_FALSE(iequal(name, "Authorization"));
        CHECK(value.find("canary") == std::string_view::npos);
    }
}

TEST_CASE("an asynchronous upload that is cancelled is ended at the registry before its handler is called", "[push][async][PU51][GX33]") {
    world w;
    asio::io_context context;
    async_client registry(context.get_executor(), client_options().with_plaintext(w.server.host()));
    asio::cancellation_signal stop;
    std::string const bytes(std::size_t(64) << 20, 'x');
    watched_source from(bytes, 1 << 20, [&] { asio::post(context, [&] { stop.emit(asio::cancellation_type::terminal); }); });
    std::optional<result<pushed_blob>> got;
    std::size_t open = 99;
    registry.async_push_blob(w.name(), describe(bytes), from, {}, asio::bind_cancellation_slot(stop.slot(), [&](result<pushed_blob> r) {
                                 open = w.server.open_uploads();
                                 got.emplace(std::move(r));
                             }));
    context.run();
    REQUIRE(got);
    REQUIRE_FALSE(*got);
    CHECK(got->error() == errc::cancelled);
    CHECK(open == 0);
    CHECK(lines(w.server).back().starts_with("DELETE "));
    CHECK_FALSE(w.server.blob("r", sha_of(bytes)));
}

TEST_CASE("the asynchronous client pushes, tags, lists and removes", "[push][async]") {
    world w;
    asio::io_context context;
    async_client registry(context.get_executor(), client_options().with_plaintext(w.server.host()));
    auto const finish = [&](auto start) {
        start();
        context.run();
        context.restart();
    };
    text_source layer(w.layer), config(w.config);
    std::optional<result<pushed_blob>> blob;
    std::optional<result<pushed_manifest>> manifest;
    std::optional<result<repository_list>> names;
    std::optional<result<bool>> removed_it;
    for (auto* from : {&layer, &config}) {
        auto const what = describe(from == &layer ? w.layer : w.config);
        finish([&] { registry.async_push_blob(w.name(), what, *from, {}, [&](result<pushed_blob> r) { blob.emplace(std::move(r)); }); });
        REQUIRE(*blob);
    }
    finish([&] { registry.async_push_manifest(w.ref("r:v1"), w.manifest(), {}, [&](result<pushed_manifest> r) { manifest.emplace(std::move(r)); }); });
    REQUIRE(*manifest);
    CHECK(w.server.tagged("r", "v1") == manifest->value().self.digest.str());
    finish([&] { registry.async_catalog(w.name(), [&](result<repository_list> r) { names.emplace(std::move(r)); }); });
    CHECK(names->value().values == strings{"r"});
    finish([&] { registry.async_remove(w.name(), removed::manifest, sha_of(w.manifest()), false, [&](result<bool> r) { removed_it.emplace(std::move(r)); }); });
    CHECK(removed_it->value());
    CHECK(w.server.tagged("r", "v1").empty());
}

TEST_CASE("artifact: what is pushed, request by request, and pulled again", "[push][AF01][AF16]") {
    world w;
    packed_artifact files;
    files.add_bytes("hello\n", "hello.txt", std::string(media_types::oci_layer)).value();
    registry_repository to(w.registry, w.name());
    auto const dated = [](std::string type) { return pack_options().with_artifact_type(std::move(type)).with_time(1'704'164'645); };
    auto const done = push_artifact(files, to, "v2", dated("application/vnd.example+type"), copy_options().with_lanes(1)).value();
    CHECK(done.top.digest.hex() == "e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8"); // V2
    std::string const hello = "hello\n", empty = "{}";
    auto const pushed = lines(w.server);
    CHECK(pushed == strings{"HEAD /v2/r/manifests/v2 < 404", w.head(empty, 404), w.post(), w.put(empty), w.head(hello, 404), w.post(), w.put(hello), "PUT /v2/r/manifests/v2 < 201"});
    push_artifact(files, to, "v2", dated("application/vnd.example+type")).value();
    CHECK(lines(w.server).size() == pushed.size() + 1); // one question
    CHECK(w.registry.raw_manifest(w.ref("r:v2")).value().bytes == files.manifest()->bytes);

    packed_artifact signature;
    auto const attached = attach_artifact(signature, to, "v2", dated("application/vnd.example.sig").with_annotation("a", "<&>")).value();
    CHECK(attached.top.digest.hex() == "e53766ce68e86da5377601cf782913994021151bc1e8a6df69bc7c60fff0b8f8"); // V3
    auto const about = w.registry.referrers(w.ref("r:v2")).value();
    REQUIRE(about.values.size() == 1);
    CHECK(about.values[0].digest == attached.top.digest);
}

TEST_CASE("tags: one more takes two requests, several one each, and the bytes are the same", "[push][CP12]") {
    world w;
    w.push_image();
    auto const before = lines(w.server).size();
    registry_repository repository(w.registry, w.name());
    add_tags(repository, "v1", {"v2"}).value();
    auto all = lines(w.server);
    CHECK(strings(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()) == strings{"GET /v2/r/manifests/v1 < 200", "PUT /v2/r/manifests/v2 < 201"});
    add_tags(repository, "v1", {"v3", "v4", "v5"}).value();
    CHECK(lines(w.server).size() == all.size() + 4);
    for (auto const* tag : {"v2", "v3", "v4", "v5"}) CHECK(w.registry.raw_manifest(w.ref(std::string("r:") + tag)).value().bytes == w.manifest());
}

TEST_CASE("the asynchronous client attaches and lists, whoever makes the list", "[referrers][async][RF02][RF21][GX20][GX21][GX27]") {
    bool const api = GENERATE(false, true);
    world w(testing::registry_options().with_writing().with_removal().with_personality(api ? service::personality::spec : service::personality::registry_2_8));
    w.push_image();
    REQUIRE(w.push("{}"));
    asio::io_context context;
    async_client registry(context.get_executor(), client_options().with_plaintext(w.server.host()));
    auto const finish = [&](auto start) {
        start();
        context.run();
        context.restart();
    };
    auto const subject = sha_of(w.manifest());
    std::string const empty = R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":")" + sha_of("{}") + R"(","size":2})";
    auto const proof = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"a/sig","config":)" + empty + R"(,"layers":[)" + empty +
                       R"(],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" + subject + R"(","size":)" + std::to_string(w.manifest().size()) + "}}";
    std::optional<result<pushed_manifest>> pushed;
    std::optional<result<referrer_list>> listed;
    std::optional<result<referrers_listing>> changed;
    finish([&] { registry.async_push_manifest(w.ref("r@" + sha_of(proof)), proof, {}, [&](result<pushed_manifest> r) { pushed.emplace(std::move(r)); }); });
    REQUIRE(*pushed);
    CHECK(pushed->value().listing == (api ? referrers_listing::registry : referrers_listing::changed));
    auto const list = [&] {
        finish([&] { registry.async_referrers(w.ref("r:v1"), referrers_options().with_artifact_type("a/sig"), [&](result<referrer_list> r) { listed.emplace(std::move(r)); }); });
        return listed->value();
    };
    REQUIRE(list().values.size() == 1);
    CHECK(list().values[0].digest.str() == sha_of(proof));
    CHECK(list().by == (api ? referrers_by::api : referrers_by::tag));
    finish([&] { registry.async_change_referrers(w.name(), referrers_change(digest::parse(subject).value()).with_added(pushed->value().referrer->entry),
                                                 [&](result<referrers_listing> r) { changed.emplace(std::move(r)); }); });
    CHECK(changed->value() == (api ? referrers_listing::registry : referrers_listing::as_it_was));
    REQUIRE(w.registry.remove_manifest(w.ref("r@" + sha_of(proof))).value());
    CHECK(list().values.empty());
}

TEST_CASE("what a tag leads to is removed where that is said", "[remove][DL04][GX26][DL05]") {
    world w;
    w.push_image();
    w.server.clear_journal();
    CHECK(w.registry.remove_manifest(w.ref("r:v1")).error() == errc::invalid_argument);
    REQUIRE(w.registry.remove_manifest(w.ref("r:v1"), remove_options().with_resolution()).value());
    CHECK(lines(w.server) == strings{"HEAD /v2/r/manifests/v1 < 200", "DELETE /v2/r/manifests/" + sha_of(w.manifest()) + " < 202"});
    CHECK(w.registry.remove_manifest(w.ref("r:v1"), remove_options().with_resolution()).error() == errc::manifest_unknown);
    CHECK_FALSE(w.registry.remove_manifest(w.ref("r:v1"), remove_options(true).with_resolution()).value());
}

TEST_CASE("a registry that does not acknowledge the end of an upload is asked for the blob", "[push][QK18][PU40]") {
    service::quirks q;
    q.ends_are_unknown = true;
    world w(testing::registry_options().with_writing().with_quirks(q));
    REQUIRE(w.push(w.layer));
    CHECK(lines(w.server) == strings{w.head(w.layer, 404), w.post(), w.put(w.layer, 404), w.head(w.layer, 200)});
}

TEST_CASE("a token service that heeds one scope of two costs the mount, and no more", "[push][QK01][QK11][PU59]") {
    service::quirks q;
    q.last_scope_only = true;
    world w(with_tokens().with_quirks(q));
    w.registry.with_login(w.server.host(), "me", "secret");
    w.push_image();
    auto const got = w.push(w.layer, push_options().with_mount_from("r"), "q");
    INFO((got ? std::string() : got.error().message()));
    REQUIRE(got);
    CHECK(got.value().way == push_way::sent);
    CHECK(w.server.blob("q", sha_of(w.layer)) == w.layer);
}

TEST_CASE("copy: what a registry says beside the contents stays where it is", "[push][CP24][CP15]") {
    world w;
    w.push_image();
    auto const type = "application/vnd.oci.image.manifest.v1+json";
    w.server.answer("GET", "/v2/r/manifests/v1",
                    canned(200, w.manifest(), std::string(type) + "; charset=utf-8").with_header("X-Label", "mine").with_header("Last-Modified", "Sat, 01 Jan 2000 00:00:00 GMT"));
    registry_repository<client> from(w.registry, w.name()), to(w.registry, w.name("q"));
    w.server.clear_journal();
    REQUIRE(copy(from, "v1", to, "v1"));
    auto const journal = w.server.journal();
    auto const& put = journal.back();
    CHECK(put.method == "PUT");
    CHECK(put.headers.find("Content-Type") == type);
    for (auto const& x : journal) CHECK_FALSE(x.headers.find("X-Label"));
    CHECK(w.server.tagged("q", "v1") == sha_of(w.manifest()));
}

TEST_CASE("copy: no more requests than are needed", "[push][CP32][CP15]") {
    world w;
    w.push_image();
    registry_repository<client> from(w.registry, w.name()), to(w.registry, w.name("other/path"));
    w.server.clear_journal();
    REQUIRE(copy(from, "v1", to, "v1"));
    CHECK(w.server.journal().size() <= 3 * 2 + 3 * 1 + 10);
    for (auto const& x : w.server.journal())
        if (x.method == "PUT" && x.target.find("/manifests/") != std::string::npos) CHECK(x.headers.find("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
    // What is there by its digest, or was what the name led to, is not looked for.
    w.server.clear_journal();
    auto const other = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
                       sha_of(w.manifest()) + R"(","size":)" + std::to_string(w.manifest().size()) + "}]}";
    REQUIRE(w.registry.push_manifest(w.ref("r:v1"), other));
    w.server.clear_journal();
    REQUIRE(copy(from, "v1", to, "v1"));
    CHECK(lines(w.server) == strings{"HEAD /v2/other/path/manifests/v1 < 200", "HEAD /v2/r/manifests/v1 < 200", "GET /v2/r/manifests/v1 < 200", "HEAD /v2/other/path/manifests/" + sha_of(other) + " < 404",
                                     "PUT /v2/other/path/manifests/v1 < 201"});
}

} // namespace push_test
