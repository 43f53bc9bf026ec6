// SPDX-License-Identifier: BSL-1.0
// Manifests that are put, and what is removed and listed, without a network.

#include "catch.hpp"
#include "conversation.hpp"

#include <lading/auth/auth_rules.hpp>
#include <lading/client/policies.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/catalog.hpp>
#include <lading/operation/push_manifest.hpp>
#include <lading/operation/remove.hpp>

#include <string>
#include <vector>

namespace push_manifest_test {

using namespace lading;
using strings = std::vector<std::string>;
using fields = std::vector<std::pair<std::string, std::string>>;

namespace {

struct policies {
    using hash = openssl_hash;
    using json = strict_json;
    using manifests = default_manifests;
};

std::string sha_of(std::string_view bytes) { return digest_of<openssl_hash>(bytes).value().str(); }
std::string const text = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]})";
std::string coded(std::string const& code, std::string const& message = "x", std::string const& detail = "null") {
    return R"({"errors":[{"code":")" + code + R"(","message":")" + message + R"(","detail":)" + detail + "}]}";
}

struct world {
    test::conversation talk;
    manifest_push_options options;
    upload_notes notes;
    std::string bytes = text;
    testing::manual_clock clock;

    result<pushed_manifest> put(std::string const& name = "r.example/a/b:v1") {
        call_context c("https://r.example", repository::parse("r.example/a/b").value());
        c.uploads = &notes;
        push_manifest_operation<policies> op(std::move(c), reference::parse(name).value(), bytes, options);
        auto out = lading::run(op, talk, clock);
        INFO((out ? std::string() : out.error().message()));
        CHECK(talk.over());
        return out;
    }
    fields kept() const { return {{"Docker-Content-Digest", sha_of(bytes)}}; }
};
std::string const to = "/v2/a/b/manifests/";
errc code_of(result<pushed_manifest> const& r) { return r ? errc::ok : r.assume_error().kind(); }
errc after(int status, std::string body) {
    world w;
    w.talk.answers(status, {}, std::move(body));
    return code_of(w.put());
}

} // namespace

TEST_CASE("what was pulled is put byte for byte, however it is written", "[push][D21][SF50]") {
    auto const spaced = [](std::string t, std::string const& with) {
        for (auto at = t.find(','); at != t.npos; at = t.find(',', at + 1 + with.size())) t.insert(at + 1, with);
        return t;
    };
    for (auto const& odd : {text + "\n", "  " + text, spaced(text, "\r\n\t "), spaced(text, " "), R"({"layers":[],"z":1e3,"config":)" + text.substr(text.find("{\"mediaType"), text.rfind("},") - text.find("{\"mediaType") + 1) + R"(,"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2,"\u00e9\/":"\u0041\ud83d\ude00"})",
                            text.substr(0, text.size() - 1) + R"(,"unknown":{"a":[null,true,-0.50]}})"}) {
        INFO(odd);
        world w;
        w.bytes = odd;
        w.talk.answers(201, w.kept());
        auto const got = w.put();
        REQUIRE(got);
        CHECK(w.talk.journal[0].body == odd);
        CHECK(w.talk.journal[0].headers.find("Content-Length").value_or(std::to_string(odd.size())) == std::to_string(odd.size()));
        CHECK(got.value().self.digest.str() == sha_of(odd));
    }
}

TEST_CASE("a manifest is put as it is, with the type that its bytes have", "[push][PU71][PU73][G1]") {
    world w;
    w.talk.answers(201, w.kept());
    auto const got = w.put();
    REQUIRE(got);
    CHECK(w.talk.said() == strings{"PUT " + to + "v1"});
    CHECK(w.talk.journal[0].body == text);
    CHECK(w.talk.journal[0].headers.find("Content-Type") == "application/vnd.oci.image.manifest.v1+json");
    CHECK(got.value().self.digest.str() == sha_of(text));
    CHECK(got.value().self.size == static_cast<std::int64_t>(text.size()));
    CHECK(got.value().names == strings{"v1"});
}

TEST_CASE("by its digest, which the bytes have to have", "[push][PU70]") {
    world w;
    w.talk.answers(201, w.kept());
    REQUIRE(w.put("r.example/a/b@" + sha_of(text)));
    CHECK(w.talk.said() == strings{"PUT " + to + sha_of(text)});
    world other;
    CHECK(code_of(other.put("r.example/a/b@" + sha_of("x"))) == errc::digest_mismatch);
    CHECK(other.talk.said().empty());
}

TEST_CASE("a manifest over the limit is never sent", "[push][PU72]") {
    world w;
    w.bytes += std::string(std::size_t(4) << 20, ' ');
    CHECK(code_of(w.put()) == errc::manifest_limit);
    CHECK(w.talk.said().empty());
}

TEST_CASE("what the registry says that it got has to be what was sent: manifests", "[push][PU73][PU97]") {
    world other;
    other.talk.answers(201, {{"Docker-Content-Digest", sha_of("other")}});
    CHECK(code_of(other.put()) == errc::digest_mismatch);
    world absent;
    absent.talk.answers(201);
    CHECK(absent.put());
    for (int const status : {200, 202}) {
        world named;
        named.talk.answers(status, named.kept());
        CHECK(named.put());
        world not_named;
        not_named.talk.answers(status);
        CHECK(code_of(not_named.put()) == errc::upload_protocol);
    }
}

TEST_CASE("contents that the registry lacks are named, whatever the status", "[push][PU74][AM05]") {
    auto const d = "sha256:" + std::string(64, 'a');
    for (int const status : {400, 404, 500}) {
        for (auto const& detail : {'"' + d + '"', R"({"digest":")" + d + "\"}"}) {
            world w;
            w.talk.answers(status, {}, coded("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", detail));
            auto const got = w.put();
            REQUIRE(code_of(got) == errc::manifest_blob_unknown);
            CHECK(got.error().detail().available == strings{d});
        }
    }
}

TEST_CASE("a manifest that is refused is not put otherwise", "[push][PU75][AM04][AM16]") {
    CHECK(after(400, coded("MANIFEST_INVALID")) == errc::manifest_rejected);
    CHECK(after(400, coded("TAG_INVALID")) == errc::manifest_rejected);
    CHECK(after(415, "") == errc::manifest_rejected);
    CHECK(after(422, coded("MANIFEST_INVALID")) == errc::manifest_rejected);
    CHECK(after(501, "") == errc::manifest_rejected);
    CHECK(after(403, coded("DENIED")) == errc::denied);
    CHECK(after(405, coded("UNSUPPORTED")) == errc::unsupported_by_registry);
    world w;
    w.talk.answers(400, {}, coded("MANIFEST_INVALID"));
    CHECK(w.put().error().detail().context.find("vnd.oci.image.config") != std::string::npos);
}

TEST_CASE("a manifest that is too large for the registry is said to be", "[push][PU76]") {
    CHECK(after(413, "") == errc::upload_too_large);
    CHECK(after(400, coded("MANIFEST_INVALID", "manifest invalid", R"("http: request body too large")")) == errc::upload_too_large);
}

TEST_CASE("a manifest whose fate is not known is looked for first", "[push][PU77][X05]") {
    auto const digest_url = "HEAD " + to + sha_of(text), tag_url = "HEAD " + to + "v1";
    for (bool const lost : {false, true}) {
        world w;
        if (lost) w.talk.answers(testing::scripted_answer(error(errc::connection_reset).with_facts([] {
            fallback_facts f;
            f.retry = f.next_endpoint = true;
            return f;
        }())));
        else w.talk.answers(502);
        w.talk.answers(200, w.kept()).answers(200, w.kept());
        REQUIRE(w.put());
        CHECK(w.talk.said() == strings{"PUT " + to + "v1", digest_url, tag_url});
    }
    SECTION("it is not there: once more") {
        world w;
        w.talk.answers(502).answers(404).answers(201);
        REQUIRE(w.put());
        CHECK(w.talk.said() == strings{"PUT " + to + "v1", digest_url, "PUT " + to + "v1"});
    }
    SECTION("the tag leads elsewhere: once more") {
        world w;
        w.talk.answers(503).answers(200, w.kept()).answers(200, {{"Docker-Content-Digest", sha_of("old")}}).answers(201);
        CHECK(w.put());
    }
    SECTION("and five times at most") {
        world w;
        for (int i = 0; i < 5; ++i) w.talk.answers(500).answers(404);
        CHECK(code_of(w.put()) == errc::server_error);
    }
}

TEST_CASE("a tag that may not move is told from one that is there already", "[push][PU78][AM11]") {
    std::string const refusals[] = {coded("TAG_INVALID", "cannot be overwritten because the repository is immutable"), coded("DENIED", "tag is immutable"), coded("X", "already exists")};
    for (auto const& refusal : refusals) {
        world other;
        other.talk.answers(400, {}, refusal).answers(200, {{"Docker-Content-Digest", sha_of("old")}});
        auto const got = other.put();
        REQUIRE(code_of(got) == errc::tag_immutable);
        CHECK(got.error().detail().actual == sha_of("old"));
        world same;
        same.talk.answers(400, {}, refusal).answers(200, same.kept());
        CHECK(same.put().value().existed);
    }
    for (int const status : {409, 412}) {
        world w;
        w.talk.answers(status).answers(200, {{"Docker-Content-Digest", sha_of("old")}});
        CHECK(code_of(w.put()) == errc::tag_immutable);
    }
}

TEST_CASE("a tag that leads to it already is not put", "[push][PU79][G2][GX34]") {
    world w;
    w.options.with_skip_unchanged();
    w.talk.answers(200, w.kept());
    auto const got = w.put();
    REQUIRE(got);
    CHECK(got.value().existed);
    CHECK(w.talk.said() == strings{"HEAD " + to + "v1"});
    for (auto const& there : {fields{}, fields{{"Docker-Content-Digest", sha_of("old")}}}) {
        world other;
        other.options.with_skip_unchanged();
        other.talk.answers(200, there).answers(201);
        CHECK_FALSE(other.put().value().existed);
    }
    world absent;
    absent.options.with_skip_unchanged();
    absent.talk.answers(404).answers(201);
    CHECK(absent.put());
}

TEST_CASE("several tags, one request each unless the registry is known to take them at once", "[push][PU80][PU104][AM15][GX19]") {
    world w;
    w.options.with_tag("v2").with_tag("v3");
    SECTION("unknown") {
        w.talk.answers(201).answers(201).answers(201);
        REQUIRE(w.put());
        CHECK(w.talk.said() == strings{"PUT " + to + "v1", "PUT " + to + "v2", "PUT " + to + "v3"});
    }
    SECTION("known; one that is not named is put by itself, one that is not ours is ignored") {
        w.notes.change("https://r.example", [](auto& n) { n.names_tags = true; });
        w.talk.answers(201, {{"OCI-Tag", "v1, v3"}, {"OCI-Tag", "evil"}}).answers(201);
        auto const got = w.put();
        REQUIRE(got);
        CHECK(w.talk.said() == strings{"PUT " + to + sha_of(text) + "?tag=v1&tag=v2&tag=v3", "PUT " + to + "v2"});
        CHECK(got.value().names.size() == 3);
    }
    SECTION("by digest, which is no tag") {
        w.notes.change("https://r.example", [](auto& n) { n.names_tags = true; });
        w.talk.answers(201, {{"OCI-Tag", "v2,v3"}});
        auto const got = w.put("r.example/a/b@" + sha_of(text));
        REQUIRE(got);
        CHECK(w.talk.said() == strings{"PUT " + to + sha_of(text) + "?tag=v2&tag=v3"});
        CHECK(got.value().names.size() == 3);
    }
    SECTION("answered before the manifest was sent") {
        w.notes.change("https://r.example", [](auto& n) { n.names_tags = true; });
        w.talk.answers(testing::scripted_answer(201, {}, {{"OCI-Tag", "v1,v2,v3"}}).after(5)).answers(201).answers(201).answers(201);
        CHECK(w.put());
    }
    SECTION("refused") {
        w.notes.change("https://r.example", [](auto& n) { n.names_tags = true; });
        w.talk.answers(414).answers(201).answers(201).answers(201);
        CHECK(w.put());
    }
}

TEST_CASE("a tag that is there is left alone where that is asked", "[push][PU81]") {
    world w;
    w.options.with_no_clobber();
    w.talk.answers(200, {{"Docker-Content-Digest", sha_of("old")}});
    CHECK(code_of(w.put()) == errc::tag_exists);
    world absent;
    absent.options.with_no_clobber();
    absent.talk.answers(404).answers(201);
    REQUIRE(absent.put());
    CHECK(absent.talk.journal[1].headers.find("If-None-Match") == "*");
    world raced;
    raced.options.with_no_clobber();
    raced.talk.answers(404).answers(412).answers(200, {{"Docker-Content-Digest", sha_of("old")}});
    CHECK(code_of(raced.put()) == errc::tag_exists);
}

TEST_CASE("a registry that notes a subject says so, and its warnings are passed on", "[push][PU82][PU83][GX21]") {
    auto const d = "sha256:" + std::string(64, 'b');
    world w;
    w.talk.answers(201, {{"OCI-Subject", d}, {"Warning", R"(299 - "soon \"gone")"}});
    auto const got = w.put();
    REQUIRE(got);
    CHECK(got.value().subject->str() == d);
    CHECK(got.value().warnings.size() == 1);
}

namespace {
struct removing {
    test::conversation talk;
    testing::manual_clock clock;
    result<bool> run(removed kind, std::string which, bool missing_is_fine = false) {
        call_context c("https://r.example", repository::parse("r.example/a/b").value());
        remove_operation<policies> op(std::move(c), kind, std::move(which), remove_options(missing_is_fine).with_listing(false));
        auto out = lading::run(op, talk, clock);
        CHECK(talk.over());
        return out;
    }
    errc code(removed kind, std::string which) {
        auto const r = run(kind, std::move(which));
        return r ? errc::ok : r.error().kind();
    }
};
std::string const sha = "sha256:" + std::string(64, 'a');
} // namespace

TEST_CASE("what is no tag and no digest leads to no other repository: nobody is asked", "[push][remove][PU80][DL01][DL02][DL11]") {
    for (std::string const words : {"../../prod/manifests/v1", "v1/../../x", "v1?a=b", "v1#a", "v1&tag=v2", "..", "", "v 1", "sha256:..", "%2e%2e"}) {
        INFO(words);
        for (auto const kind : {removed::manifest, removed::tag, removed::blob}) CHECK(removing().code(kind, words) == errc::ref_invalid);
        world w;
        w.options.with_tag(words);
        CHECK(code_of(w.put()) == errc::ref_invalid);
    }
    CHECK(removing().code(removed::manifest, "v1") == errc::ref_invalid);
    CHECK(removing().code(removed::blob, "v1") == errc::ref_invalid);
    CHECK(removing().code(removed::tag, sha) == errc::ref_invalid);
}

TEST_CASE("manifests, tags and blobs are removed by one request", "[remove][DL01][DL02][DL11][GX25]") {
    for (int const status : {200, 202, 204}) {
        removing m, t, b;
        m.talk.answers(status), t.talk.answers(status), b.talk.answers(status);
        CHECK(m.run(removed::manifest, sha).value());
        CHECK(t.run(removed::tag, "v1").value());
        CHECK(b.run(removed::blob, sha).value());
        CHECK(m.talk.said() == strings{"DELETE " + to + sha});
        CHECK(t.talk.said() == strings{"DELETE " + to + "v1"});
        CHECK(b.talk.said() == strings{"DELETE /v2/a/b/blobs/" + sha});
    }
}

TEST_CASE("a registry that does not remove is not outwitted", "[remove][DL03][DL06][GX24][AM10][QK13]") {
    for (auto const& [status, body] : {std::pair(400, coded("DIGEST_INVALID")), {400, coded("UNSUPPORTED")}, {400, coded("TAG_INVALID")}, {405, coded("UNSUPPORTED")}, {405, std::string("Method not allowed\n")}, {501, std::string()}}) {
        removing r;
        r.talk.answers(status, {}, body);
        CHECK(r.code(removed::tag, "v1") == errc::unsupported_by_registry);
        CHECK(r.talk.said().size() == 1);
    }
}

TEST_CASE("what is not there is an error, unless that is fine", "[remove][DL05]") {
    removing m, b, n, fine;
    m.talk.answers(404, {}, coded("MANIFEST_UNKNOWN"));
    CHECK(m.code(removed::manifest, sha) == errc::manifest_unknown);
    b.talk.answers(404, {}, coded("BLOB_UNKNOWN"));
    CHECK(b.code(removed::blob, sha) == errc::blob_unknown);
    n.talk.answers(404, {}, coded("NAME_UNKNOWN"));
    CHECK(n.code(removed::tag, "v1") == errc::name_unknown);
    fine.talk.answers(404, {}, coded("MANIFEST_UNKNOWN"));
    CHECK_FALSE(fine.run(removed::manifest, sha, true).value());
}

TEST_CASE("a removal whose fate is not known is looked for", "[remove][DL08]") {
    for (bool const lost : {false, true}) {
        removing gone, there;
        for (auto* r : {&gone, &there}) {
            if (lost) r->talk.answers(testing::scripted_answer(error(errc::connection_reset)));
            else r->talk.answers(502);
        }
        gone.talk.answers(404);
        CHECK(gone.run(removed::manifest, sha).value());
        there.talk.answers(200).answers(202);
        CHECK(there.run(removed::manifest, sha).value());
        CHECK(there.talk.said() == strings{"DELETE " + to + sha, "HEAD " + to + sha, "DELETE " + to + sha});
    }
}

TEST_CASE("the right to remove is asked for as the registry names it", "[remove][DL07][HX23]") {
    call_context c("https://r.example", repository::parse("r.example/a/b").value());
    remove_operation<policies> op(std::move(c), removed::tag, "v1");
    auto const first = op.start();
    auto const& how = std::get<need_exchange>(first).routing;
    CHECK(how.scope == "repository:a/b:delete");
    CHECK(how.asks_as_told);
    CHECK(detail::scope_as_told("repository:a/b:push", how.scope) == "repository:a/b:push");
    CHECK(detail::scope_as_told("repository:a/b:pull,push,delete,*", how.scope) == "repository:a/b:pull,push,delete,*");
    for (auto const* other : {"repository:a/c:delete", "repository:a/b:delete repository:c/d:push", "registry:catalog:*", "repository:a/b:admin", ""}) CHECK(detail::scope_as_told(other, how.scope).empty());
}

namespace {
struct listing {
    test::conversation talk;
    testing::manual_clock clock;
    limits bounds;
    result<repository_list> run() {
        call_context c("https://r.example", repository::parse("r.example/a/b").value(), bounds);
        catalog_operation<policies> op(std::move(c));
        auto out = lading::run(op, talk, clock);
        CHECK(talk.over());
        return out;
    }
};
std::string const page_one = R"({"repositories":["a/b","c/d"]})";
fields link(std::string const& target) { return {{"Link", "<" + target + ">; rel=\"next\""}}; }
} // namespace

TEST_CASE("the repositories of a registry, page by page", "[catalog][DL14][DL15][GX28]") {
    listing l;
    l.talk.answers(200, link("/v2/_catalog?last=c%2Fd&n=2"), page_one).answers(200, {}, R"({"repositories":["e"]})");
    auto const got = l.run();
    REQUIRE(got);
    CHECK(got.value().values == strings{"a/b", "c/d", "e"});
    CHECK(got.value().complete);
    CHECK(l.talk.said() == strings{"GET /v2/_catalog?n=1000", "GET /v2/_catalog?last=c%2Fd&n=2"});
    call_context c("https://r.example", repository::parse("r.example/a/b").value());
    catalog_operation<policies> op(std::move(c));
    auto const first = op.start();
    CHECK(std::get<need_exchange>(first).routing.scope == "registry:catalog:*");
}

TEST_CASE("a page size that is refused is made smaller, then left out", "[catalog][DL14]") {
    listing l;
    l.talk.answers(400, {}, coded("PAGINATION_NUMBER_INVALID")).answers(400).answers(200, {}, page_one);
    REQUIRE(l.run());
    CHECK(l.talk.said() == strings{"GET /v2/_catalog?n=1000", "GET /v2/_catalog?n=100", "GET /v2/_catalog"});
}

TEST_CASE("a registry that lists no repositories is said to be one", "[catalog][DL14]") {
    for (int const status : {404, 405}) {
        listing l;
        l.talk.answers(status);
        CHECK(l.run().error() == errc::unsupported_by_registry);
    }
    listing denied;
    denied.talk.answers(403, {}, coded("DENIED"));
    CHECK(denied.run().error() == errc::denied);
}

TEST_CASE("names that are none are shown and cannot be used", "[catalog][DL16][HX25]") {
    listing l;
    l.talk.answers(200, {}, R"({"repositories":["a/b","UPPER","../x","\u001b[31m",7]})");
    auto const got = l.run();
    CHECK(got.value().values == strings{"a/b"});
    CHECK(got.value().odd.size() == 4);
    for (auto const& shown : got.value().odd) CHECK(shown.find('\x1b') == std::string::npos);
}

TEST_CASE("pages that do not end, or leave the registry, end", "[catalog][P01][P02][HX25]") {
    listing loop;
    loop.talk.answers(200, link("/v2/_catalog?n=1000"), page_one);
    CHECK(*loop.run().value().failure == errc::page_loop);
    listing barren;
    for (int i = 0; i < 4; ++i) barren.talk.answers(200, link("/v2/_catalog?last=" + std::to_string(i)), i ? R"({"repositories":[]})" : page_one);
    CHECK(*barren.run().value().failure == errc::page_loop);
    listing far;
    far.talk.answers(200, link("https://b.test/v2/_catalog"), page_one);
    auto const got = far.run();
    CHECK(*got.value().failure == errc::page_cross_origin);
    CHECK_FALSE(got.value().complete);
    listing file;
    file.talk.answers(200, link("file:///etc/passwd"), page_one);
    CHECK(file.run().value().failure);
}

} // namespace push_manifest_test
