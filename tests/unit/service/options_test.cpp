// SPDX-License-Identifier: BSL-1.0
// The manners of a registry: those of the distribution spec, those of docker-registry 2.8, and what some registries do otherwise.
#include "catch.hpp"

#include <lading/service/answer.hpp>
#include <lading/testing/registry_repositories.hpp>

#include <string>
#include <vector>

namespace options_test {

using namespace lading;
using service::personality;
using service::quirks;

namespace {

std::string const oci = "application/vnd.oci.image.manifest.v1+json", index_type = "application/vnd.oci.image.index.v1+json";

struct taken final : body_sink {
    result<sink_action> begin(response const&, std::optional<std::uint64_t> n) override { return length = n.value_or(0), sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const> piece) override {
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
    std::string bytes;
    std::uint64_t length = 0;
};

struct got {
    int status = 0;
    header_map headers;
    std::string body;
    std::uint64_t announced = 0;
    std::string field(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
    bool says(std::string_view code) const { return body.find('"' + std::string(code) + '"') != body.npos; }
};

struct world {
    testing::registry_store store;
    testing::detail::registry_repositories repositories{store};
    service::upload_sessions sessions;
    service::options how;

    explicit world(personality p = personality::spec, quirks q = {}) : how(service::options().with_personality(p).with_writes().with_removal().with_quirks(std::move(q))) {}

    using fields = std::vector<std::pair<std::string, std::string>>;
    got ask(std::string method, std::string const& path, std::string body = {}, fields const& headers = {}, bool sized = true) {
        request q(std::move(method), "https://registry.invalid" + path);
        for (auto const& [name, value] : headers) q.headers.add(name, value);
        view_source whole(body);
        stream_source unsized([&](std::span<std::byte> into) { return whole.read(into); });
        q.source = sized ? static_cast<body_source*>(&whole) : &unsized;
        taken out;
        auto const head = service::answer(q, repositories, out, how, &sessions);
        if (!head) return {0, {}, std::string(name_of(head.error().kind())), 0};
        return {head.value().status, head.value().headers, out.bytes, out.length};
    }
    std::string begin(std::string const& query = {}) { return ask("POST", "/v2/a/b/blobs/uploads/" + query).field("Location"); }
    static std::string sha(std::string const& bytes) { return testing::sha256_digest(bytes); }
    static std::string finish(std::string const& place, std::string const& bytes) { return place + (place.find('?') == place.npos ? '?' : '&') + "digest=" + sha(bytes); }
    std::string push(std::string const& bytes, std::string const& name = "a/b") { return store.put_blob_in(name, bytes); }
    static std::string entry(std::string const& bytes, std::string const& type = "application/x") {
        return R"({"mediaType":")" + type + R"(","digest":")" + sha(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    }
    static std::string image(std::string const& layers = {}, std::string const& more = {}) {
        return R"({"schemaVersion":2,"mediaType":")" + oci + R"(","config":)" + entry("{}") + R"(,"layers":[)" + layers + "]" + more + "}";
    }
    got put(std::string const& ref, std::string const& bytes, fields headers = {}, std::string const& type = oci) {
        headers.emplace_back("Content-Type", type);
        return ask("PUT", "/v2/a/b/manifests/" + ref, bytes, headers);
    }
};

} // namespace

TEST_CASE("an upload in one request", "[service][SF17]") {
    world w;
    auto const done = w.ask("POST", "/v2/a/b/blobs/uploads/?digest=" + w.sha("bytes"), "bytes");
    CHECK(done.status == 201);
    CHECK(done.field("Location") == "/v2/a/b/blobs/" + w.sha("bytes"));
    CHECK(done.field("Docker-Content-Digest") == w.sha("bytes"));
    CHECK(w.ask("GET", "/v2/a/b/blobs/" + w.sha("bytes")).body == "bytes");
    CHECK(w.ask("POST", "/v2/a/b/blobs/uploads/?digest=" + w.sha("bytes"), "other").says("DIGEST_INVALID"));
    CHECK(w.ask("POST", "/v2/a/b/blobs/uploads/?digest=bad", "other").says("DIGEST_INVALID"));
    CHECK(w.sessions.open() == 0);
    world old(personality::registry_2_8);
    CHECK(old.ask("POST", "/v2/a/b/blobs/uploads/?digest=" + w.sha("bytes"), "bytes").status == 202);
    CHECK(old.ask("HEAD", "/v2/a/b/blobs/" + w.sha("bytes")).status == 404);
}

TEST_CASE("chunks go on where the session is", "[service][SF20][SF24][SF25]") {
    world w;
    auto const place = w.begin();
    auto const chunk = [&](std::string const& bytes, std::string const& range) { return w.ask("PATCH", place, bytes, {{"Content-Range", range}}); };
    CHECK(chunk("01234", "0-4").field("Range") == "0-4");
    for (auto const* wrong : {"0-4", "6-10", "4-8", "bytes 5-9/10", "5", "9-5", "5-"}) {
        auto const r = chunk("56789", wrong);
        INFO(wrong);
        CHECK(r.status == 416);
        CHECK(r.says("RANGE_INVALID"));
        CHECK(r.field("Range") == "0-4");
        CHECK(r.field("Location") == place);
    }
    CHECK(w.ask("GET", place).field("Range") == "0-4");
    CHECK(chunk("xyz", "5-9").says("SIZE_INVALID"));
    CHECK(w.ask("PUT", w.finish(place, "0123456789"), "56789", {{"Content-Range", "5-9"}}).status == 201);
    CHECK(w.ask("GET", place).says("BLOB_UPLOAD_UNKNOWN"));
}

TEST_CASE("a chunk without a length", "[service][SF19][SF22]") {
    world w;
    auto const place = w.begin();
    CHECK(w.ask("PATCH", place, "01234", {}, false).field("Range") == "0-4");
    CHECK(w.ask("PUT", w.finish(place, "0123456789"), "56789", {}, false).status == 201);
}

TEST_CASE("a body that breaks off leaves the session where it was read", "[service][SF28]") {
    for (auto const p : {personality::spec, personality::registry_2_8}) {
        world w(p);
        auto const place = w.begin();
        int pieces = 0;
        stream_source breaks([&](std::span<std::byte> into) -> result<std::size_t> {
            if (++pieces > 1) return error(errc::connection_reset);
            std::fill(into.begin(), into.begin() + 5, std::byte('x'));
            return std::size_t(5);
        });
        request q("PATCH", place.starts_with("http") ? place : "https://registry.invalid" + place);
        q.source = &breaks;
        taken out;
        CHECK(service::answer(q, w.repositories, out, w.how, &w.sessions).error() == errc::connection_reset);
        auto const target = place.starts_with("http") ? place.substr(place.find('/', 8)) : place;
        auto const told = w.ask("GET", target);
        if (p == personality::spec) CHECK(told.field("Range") == "0-4");
        else CHECK(told.says("BLOB_UPLOAD_INVALID"));
    }
}

TEST_CASE("other digests than sha256", "[service][SF35][SF42]") {
    auto const sha512 = [](std::string const& bytes) { return digest_of<openssl_hash>(bytes, digest_algorithm::sha512).value().str(); };
    world w;
    auto const done = w.ask("PUT", w.begin() + "?digest=" + sha512("bytes"), "bytes");
    CHECK(done.status == 201);
    CHECK(done.field("Docker-Content-Digest") == sha512("bytes"));
    CHECK(w.ask("GET", "/v2/a/b/blobs/" + sha512("bytes")).body == "bytes");
    w.push("{}");
    CHECK(w.put(sha512(w.image()), w.image()).field("Docker-Content-Digest") == sha512(w.image()));
    world old(personality::registry_2_8);
    auto const place = old.begin();
    auto const kept = old.ask("PUT", place.substr(place.find("/v2")) + "&digest=" + sha512("bytes"), "bytes");
    CHECK(kept.field("Docker-Content-Digest") == w.sha("bytes"));
    CHECK(old.ask("GET", "/v2/a/b/blobs/" + sha512("bytes")).field("Docker-Content-Digest") == w.sha("bytes"));
    CHECK(old.ask("GET", "/v2/a/b/blobs/" + w.sha("bytes")).body == "bytes");
}

TEST_CASE("an error that announces more than it says", "[service][SF04][SF10]") {
    world old(personality::registry_2_8), w;
    for (auto* const of : {&old, &w}) {
        of->push(std::string(120, 'x'));
        auto const path = "/v2/a/b/blobs/" + w.sha(std::string(120, 'x'));
        auto const beyond = of->ask("GET", path, {}, {{"Range", "bytes=120-"}});
        CHECK(beyond.status == 416);
        CHECK(beyond.body.size() == 33);
        CHECK(beyond.announced == (of == &old ? 120 : 33));
        CHECK(of->ask("GET", path, {}, {{"If-Match", "\"x\""}}).announced == (of == &old ? 120 : 0));
    }
}

TEST_CASE("referrers", "[service][SF54][SF55]") {
    world w;
    w.push("{}");
    auto const subject = w.image();
    auto const refers = [&](std::string const& type, std::string const& n) {
        return w.image({}, R"(,"artifactType":")" + type + R"(","subject":)" + w.entry(subject, oci) + R"(,"annotations":{"n":")" + n + R"("})");
    };
    CHECK(w.ask("GET", "/v2/a/b/referrers/" + w.sha(subject)).body == R"({"schemaVersion":2,"mediaType":")" + index_type + R"(","manifests":[]})");
    std::vector<std::string> all;
    for (auto const& text : {refers("x/one", "1"), refers("x/two", "2"), refers("x/one", "3")}) {
        auto const put = w.put(w.sha(text), text);
        CHECK(put.status == 201);
        CHECK(put.field("OCI-Subject") == w.sha(subject)); // which is not there yet
        all.push_back(w.sha(text));
    }
    CHECK(w.put("v1", subject).field("OCI-Subject").empty());
    std::sort(all.begin(), all.end());
    auto const list = w.ask("GET", "/v2/a/b/referrers/" + w.sha(subject));
    CHECK(list.status == 200);
    CHECK(list.field("Content-Type") == index_type);
    CHECK(list.field("OCI-Filters-Applied").empty());
    for (auto const& d : all) CHECK(list.says(d));
    CHECK(list.body.find(R"("artifactType":"x/two","annotations":{"n":"2"}})") != list.body.npos);
    auto const two = w.ask("GET", "/v2/a/b/referrers/" + w.sha(subject) + "?artifactType=x%2Ftwo");
    CHECK(two.field("OCI-Filters-Applied") == "artifactType");
    CHECK(two.body.find("x/one") == two.body.npos);
    CHECK(two.body.find("x/two") != two.body.npos);
    w.how.with_page(2);
    auto const first = w.ask("GET", "/v2/a/b/referrers/" + w.sha(subject));
    auto const link = first.field("Link");
    REQUIRE(link.starts_with("</v2/a/b/referrers/" + w.sha(subject) + "?last="));
    auto const second = w.ask("GET", link.substr(1, link.find('>') - 1));
    CHECK(first.says(all[0]));
    CHECK(first.says(all[1]));
    CHECK_FALSE(first.says(all[2]));
    CHECK(second.says(all[2]));
    CHECK(second.field("Link").empty());
    CHECK(w.ask("GET", "/v2/a/b/referrers/sha256:zz").status == 400);
    CHECK(w.ask("GET", "/v2/nobody/referrers/" + w.sha(subject)).status == 200);
    CHECK(w.ask("DELETE", "/v2/a/b/manifests/" + all[0]).status == 202);
    CHECK_FALSE(w.ask("GET", "/v2/a/b/referrers/" + w.sha(subject)).says(all[0]));
    world old(personality::registry_2_8);
    old.push("{}");
    CHECK(old.put("v1", refers("x/one", "1")).field("OCI-Subject").empty());
    auto const none = old.ask("GET", "/v2/a/b/referrers/" + w.sha(subject));
    CHECK(none.status == 404);
    CHECK(none.body == "404 page not found\n");
}

TEST_CASE("several tags at once, and tags under a condition", "[service][SF56][SF57][SF59]") {
    world w;
    w.push("{}"), w.push("l");
    auto const one = w.image(), two = w.image(w.entry("l"));
    auto const put = w.put(w.sha(one) + "?tag=x1&tag=x2&tag=-bad", one);
    CHECK(put.status == 201);
    CHECK(put.headers.all("OCI-Tag") == std::vector<std::string_view>{"x1", "x2"});
    CHECK(w.ask("GET", "/v2/a/b/manifests/x2").body == one);
    CHECK(w.put("x1", two, {{"If-None-Match", "*"}}).status == 412);
    CHECK(w.put("x1", two, {{"If-Match", '"' + w.sha(two) + '"'}}).status == 412);
    CHECK(w.put("x1", two, {{"If-Match", '"' + w.sha(one) + '"'}}).status == 201);
    CHECK(w.put("x3", two, {{"If-Match", "*"}}).status == 412);
    CHECK(w.put("x3", two, {{"If-None-Match", "*"}}).status == 201);
    CHECK(w.ask("DELETE", "/v2/a/b/manifests/x1").status == 202);
    CHECK(w.ask("DELETE", "/v2/a/b/manifests/x1").says("MANIFEST_UNKNOWN"));
    CHECK(w.ask("GET", "/v2/a/b/manifests/x3").body == two);
    world old(personality::registry_2_8);
    old.push("{}");
    CHECK(old.put(w.sha(one) + "?tag=x1", one).field("OCI-Tag").empty());
    CHECK(old.ask("GET", "/v2/a/b/manifests/x1", {}, {{"Accept", oci}}).status == 404);
    CHECK(old.put("v1", one).status == 201);
    CHECK(old.put("v1", one, {{"If-None-Match", "*"}}).status == 201);
    CHECK(old.ask("DELETE", "/v2/a/b/manifests/v1").says("DIGEST_INVALID"));
}

TEST_CASE("what must be there before, and what never is", "[service][SF43][SF52][SF53]") {
    world w;
    w.push("{}");
    CHECK(w.put("v1", w.image(w.entry("absent"))).says("MANIFEST_BLOB_UNKNOWN"));
    auto const foreign = R"({"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip","digest":")" + w.sha("f") + R"(","size":1})";
    CHECK(w.put("v1", w.image(foreign)).status == 201);
    world old(personality::registry_2_8);
    old.push("{}");
    CHECK(old.put("v1", w.image(foreign)).says("MANIFEST_BLOB_UNKNOWN"));
    auto const windows = R"({"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","urls":["https://x.invalid/"],"digest":")" + w.sha("f") + R"(","size":1})";
    CHECK(old.put("v1", w.image(windows)).status == 500);
}

TEST_CASE("names and paths that are none", "[service][SF70][SF71]") {
    world w, old(personality::registry_2_8);
    auto const name_of = [](std::string const& n) { return "/v2/" + n + "/tags/list"; };
    std::string const large(60, 'x');
    auto const long_name = large + '/' + large + '/' + large + '/' + large + '/' + large;
    CHECK(w.ask("GET", name_of(long_name)).status == 400);
    CHECK(old.ask("GET", name_of(long_name)).status == 500);
    for (auto const* bad : {"A", "a/.hidden", "a/b_", "a//b"}) {
        INFO(bad);
        CHECK(w.ask("GET", name_of(bad)).says("NAME_INVALID"));
        CHECK(w.ask("POST", std::string("/v2/") + bad + "/blobs/uploads/").says("NAME_INVALID"));
    }
    CHECK(old.ask("GET", name_of("a//b")).field("Location") == "/v2/a/b/tags/list");
    CHECK(old.ask("GET", "/v2/a/b/manifests/-bad").body == "404 page not found\n");
    CHECK(w.put("-bad", w.image()).says("TAG_INVALID"));
}

TEST_CASE("what is only read refuses to be written to", "[service][SF63][SF64]") {
    world w, old(personality::registry_2_8);
    for (auto* const of : {&w, &old}) {
        of->push("{}");
        of->put("v1", w.image());
        of->how.removal = false;
        for (auto const& path : {"/v2/a/b/manifests/v1", "/v2/a/b/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}) {
            auto const r = of->ask("DELETE", path);
            CHECK(r.status == 405);
            CHECK(r.says("UNSUPPORTED"));
        }
        of->how.writing = service::writes::refused;
        auto const r = of->ask("POST", "/v2/a/b/blobs/uploads/");
        CHECK(r.status == 405);
        CHECK(r.field("Allow") == "GET, HEAD");
        CHECK(r.field("Content-Type").starts_with(of == &old ? "text/plain" : "application/json"));
    }
}

TEST_CASE("lists page by page", "[service][SF65][SF66][SF67][SF68][SF69]") {
    world w, old(personality::registry_2_8);
    for (auto* const of : {&w, &old}) {
        for (auto const* name : {"a/b", "c/d", "e"}) of->push("{}", name), of->store.add_repository(name);
        for (auto const* tag : {"v2", "v1"}) of->put(tag, w.image());
        auto const first = of->ask("GET", "/v2/_catalog?n=2");
        CHECK(first.body == "{\"repositories\":[\"a/b\",\"c/d\"]}\n");
        CHECK(first.field("Link") == "</v2/_catalog?last=c%2Fd&n=2>; rel=\"next\"");
        CHECK(of->ask("GET", "/v2/_catalog?last=c%2Fd&n=2").field("Link").empty());
        CHECK(of->ask("GET", "/v2/_catalog?n=0").body == "{\"repositories\":[]}\n");
        CHECK(of->ask("GET", "/v2/_catalog?n=100000").says("PAGINATION_NUMBER_INVALID"));
        CHECK(of->ask("GET", "/v2/_catalog?n=abc").status == (of == &old ? 200 : 400));
        CHECK(of->ask("GET", "/v2/nobody/tags/list").says("NAME_UNKNOWN"));
        CHECK(of->ask("GET", "/v2/a/b/tags/list?n=1").field("Link").empty() == (of == &old));
        of->ask("DELETE", "/v2/a/b/manifests/" + w.sha(w.image()));
        auto const none = of->ask("GET", "/v2/a/b/tags/list").body;
        CHECK(none.find(of == &old ? R"("tags":null)" : R"("tags":[])") != none.npos);
    }
}

TEST_CASE("an upload whose end is not acknowledged is there", "[service][QK18]") {
    quirks q;
    q.ends_are_unknown = true;
    world w(personality::spec, q);
    CHECK(w.ask("PUT", w.finish(w.begin(), "x"), "x").says("BLOB_UPLOAD_UNKNOWN"));
    CHECK(w.ask("GET", "/v2/a/b/blobs/" + w.sha("x")).body == "x");
}

TEST_CASE("what registries do otherwise with repositories, mounts and tags", "[service][QK03][QK09][QK10][QK12]") {
    quirks q;
    q.repositories_first = true;
    world first(personality::spec, q);
    CHECK(first.ask("POST", "/v2/a/b/blobs/uploads/").says("NAME_UNKNOWN"));
    first.store.add_repository("a/b");
    CHECK(first.ask("POST", "/v2/a/b/blobs/uploads/").status == 202);

    q = {};
    q.mount_status = 403;
    CHECK(world(personality::spec, q).ask("POST", "/v2/a/b/blobs/uploads/?mount=" + world::sha("x") + "&from=c").status == 403);
    q = {};
    q.mount_needs_from = true;
    CHECK(world(personality::spec, q).ask("POST", "/v2/a/b/blobs/uploads/?mount=" + world::sha("x")).status == 400);

    q = {};
    q.hides_absence = true;
    q.keeps_sessions = true;
    q.fixed_tags = true;
    world w(personality::spec, q);
    w.push("{}"), w.push("l");
    CHECK(w.ask("HEAD", "/v2/a/b/manifests/v1").status == 403);
    CHECK(w.ask("GET", "/v2/a/b/manifests/v1").status == 404);
    CHECK(w.ask("DELETE", w.begin()).status == 403);
    CHECK(w.put("v1", w.image()).status == 201);
    CHECK(w.put("v1", w.image()).status == 201);
    CHECK(w.put("v1", w.image(w.entry("l"))).status == 409);
}

TEST_CASE("what registries do otherwise with chunks", "[service][QK04][QK06][QK07][QK08][QK14][QK17]") {
    quirks ecr;
    ecr.chunk_status = 201;
    ecr.least_chunk = 5;
    ecr.first_range_for_ever = true;
    world w(personality::spec, ecr);
    CHECK(w.ask("POST", "/v2/a/b/blobs/uploads/").field("OCI-Chunk-Min-Length") == "5");
    auto const place = w.begin();
    CHECK(w.ask("PATCH", place, "1234").status == 416);
    CHECK(w.ask("PATCH", place, "01234").status == 201);
    CHECK(w.ask("PATCH", place, "56789").field("Range") == "0-4");
    CHECK(w.ask("PUT", w.finish(place, "0123456789x"), "x").status == 201);

    quirks none;
    none.most_chunks = 0;
    world whole(personality::spec, none);
    CHECK(whole.ask("PATCH", whole.begin(), "x").status == 405);
    quirks one;
    one.most_chunks = 1;
    one.range_below_zero = true;
    world gitea(personality::spec, one);
    CHECK(gitea.ask("POST", "/v2/a/b/blobs/uploads/").field("Range") == "0--1");
    auto const at = gitea.begin();
    CHECK(gitea.ask("PATCH", at, "x").status == 202);
    CHECK(gitea.ask("PATCH", at, "x").status == 400);

    quirks small;
    small.most_chunk = 4;
    small.short_session_path = true;
    world ghcr(personality::spec, small);
    auto const there = ghcr.begin();
    CHECK(there.find("/blobs/upload/") != there.npos);
    CHECK(ghcr.ask("PATCH", there, "12345").status == 416);
    CHECK(ghcr.ask("PATCH", there, "1234").status == 202);
    CHECK(ghcr.ask("PUT", ghcr.finish(there, "1234"), "").status == 201);

    quirks acr;
    acr.wants_length = true;
    acr.most_body = 10;
    world azure(personality::spec, acr);
    CHECK(azure.ask("PATCH", azure.begin(), "x", {}, false).status == 411);
    CHECK(azure.ask("PUT", azure.finish(azure.begin(), std::string(11, 'x')), std::string(11, 'x')).status == 413);
    CHECK(azure.ask("PUT", azure.finish(azure.begin(), std::string(10, 'x')), std::string(10, 'x')).status == 201);
}

TEST_CASE("what registries do otherwise with places and types", "[service][QK05][QK06][QK15][QK16]") {
    quirks q;
    q.sessions_at = "/artifacts-uploads/";
    q.plain_places = true;
    world w(personality::spec, q);
    auto const place = w.begin();
    REQUIRE(place.starts_with("http://registry.invalid/artifacts-uploads/a/b/"));
    CHECK(w.ask("PUT", w.finish(place.substr(place.find("/artifacts")), "x"), "x").status == 201);
    CHECK(w.ask("GET", "/v2/a/b/blobs/" + w.sha("x")).body == "x");

    q = {};
    q.wants_media_type = true;
    q.types = {oci, "application/x"};
    world typed(personality::spec, q);
    typed.push("{}"), typed.push("l");
    CHECK(typed.put("v1", R"({"schemaVersion":2,"config":)" + w.entry("{}") + R"(,"layers":[]})").says("UNSUPPORTED"));
    CHECK(typed.put("v1", w.image(w.entry("l", "application/y"))).status == 415);
    CHECK(typed.put("v1", w.image(w.entry("l"))).status == 201);
}

} // namespace options_test
