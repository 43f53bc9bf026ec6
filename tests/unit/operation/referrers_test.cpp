// SPDX-License-Identifier: BSL-1.0
// What refers to a manifest, listed and written, without a network.

#include "catch.hpp"
#include "conversation.hpp"
#include "cpu_time.hpp"

#include <lading/auth/auth_rules.hpp>
#include <lading/client/policies.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/push_manifest.hpp>
#include <lading/operation/referrers.hpp>
#include <lading/operation/remove.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace referrers_test {

using namespace lading;
using strings = std::vector<std::string>;
using fields = std::vector<std::pair<std::string, std::string>>;

namespace {

struct policies {
    using hash = openssl_hash;
    using json = strict_json;
    using manifests = default_manifests;
};

digest sha_of(std::string_view bytes) { return digest_of<openssl_hash>(bytes).value(); }
std::string const image_type(media_types::oci_manifest), index_type(media_types::oci_index);
std::string const empty = R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="})";

// The golden vectors: an artifact, a signature of it, and the index that lists that.
std::string const v2 = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example+type","config":)" + empty +
                       R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6,"annotations":{"org.opencontainers.image.title":"hello.txt"}}],"annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})";
std::string const v3 = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.sig","config":)" + empty + R"(,"layers":[)" + empty +
                       R"(],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8","size":580},"annotations":{"a":"\u003c\u0026\u003e","org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})";
std::string const v5 = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
std::string const subject = "sha256:e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8";
std::string const tag = "sha256-e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8";

/// A referrer of the subject, one of many.
std::string referrer(std::string const& name, std::string const& type = "application/vnd.example.sig", std::string const& of = subject) {
    return R"({"schemaVersion":2,"mediaType":")" + image_type + R"(","artifactType":")" + type + R"(","config":)" + empty + R"(,"layers":[)" + empty + R"(],"subject":{"mediaType":")" + image_type +
           R"(","digest":")" + of + R"(","size":580},"annotations":{"name":")" + name + "\"}}";
}
std::string entry(std::string const& bytes, std::string const& more = "") {
    return R"({"mediaType":")" + image_type + R"(","digest":")" + sha_of(bytes).str() + R"(","size":)" + std::to_string(bytes.size()) + more + "}";
}
std::string typed(std::string const& bytes, std::string const& type) { return entry(bytes, R"(,"artifactType":")" + type + '"'); }
std::string index_of(strings const& entries) {
    std::string out = v5.substr(0, v5.size() - 2);
    for (std::size_t i = 0; i < entries.size(); ++i) out += (i ? "," : "") + entries[i];
    return out + "]}";
}
referring look(std::string const& bytes, std::string const& type = image_type) { return referring_of<strict_json>(bytes, descriptor(type, sha_of(bytes), 0)); }

/// A registry that keeps manifests, as simple as can be.
struct registry {
    struct kept {
        std::string type, bytes;
    };
    std::map<std::string, kept> manifests;        ///< by tag and by digest
    bool api = false, heeds_conditions = false, removes_tags = false;
    std::function<void(request const&, registry&)> before, after;
    strings said;

    void put(std::string const& name, std::string const& bytes, std::string const& type = image_type) {
        manifests[sha_of(bytes).str()] = manifests[name] = {type, bytes};
    }
    std::string at(std::string const& name) { return manifests.count(name) ? manifests[name].bytes : std::string(); }
    result<response> exchange(request const& q, body_sink& out) {
        static std::string const to = "https://r.example/v2/a/b/";
        REQUIRE(q.url.starts_with(to));
        auto const path = q.url.substr(to.size());
        said.push_back(q.method + ' ' + path);
        if (before) before(q, *this);
        auto answer = of(q, path);
        answer.head.url = q.url;
        if (after) after(q, *this);
        LADING_TRY(auto const go, out.begin(answer.head, answer.body.size()));
        if (go == sink_action::proceed && !answer.body.empty() && q.method != "HEAD") {
            LADING_TRY_V(out.write(std::as_bytes(std::span(answer.body))));
        }
        return answer.head;
    }

  private:
    static testing::scripted_answer missing() { return {404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"}; }
    testing::scripted_answer of(request const& q, std::string const& path) {
        if (path.starts_with("referrers/")) {
            if (!api) return {404, "404 page not found\n", {{"Content-Type", "text/plain; charset=utf-8"}}};
            strings entries;
            for (auto const& [name, m] : manifests) {
                auto const r = look(m.bytes, m.type);
                if (name.find(':') != name.npos && r.subject && "referrers/" + r.subject->digest.str() == path) entries.push_back(typed(m.bytes, r.entry.artifact_type));
            }
            return {200, index_of(entries), {{"Content-Type", index_type}}};
        }
        auto const name = path.substr(path.find('/') + 1);
        auto const found = manifests.find(name);
        if (q.method == "GET" || q.method == "HEAD") {
            if (found == manifests.end()) return missing();
            auto const d = sha_of(found->second.bytes).str();
            return {200, found->second.bytes, {{"Content-Type", found->second.type}, {"Docker-Content-Digest", d}, {"ETag", '"' + d + '"'}}};
        }
        if (q.method == "DELETE") {
            if (found == manifests.end()) return missing();
            if (name.find(':') == name.npos && !removes_tags) return {400, R"({"errors":[{"code":"DIGEST_INVALID","message":"x"}]})"};
            if (auto const only = q.headers.find("If-Match"); heeds_conditions && only && only != '"' + sha_of(found->second.bytes).str() + '"') return {412};
            manifests.erase(found);
            return {202};
        }
        std::string bytes;
        REQUIRE(q.source->begin());
        std::array<std::byte, 4096> piece;
        for (std::size_t n = 0; (n = q.source->read(piece).value()) != 0;) bytes.append(reinterpret_cast<char const*>(piece.data()), n);
        if (heeds_conditions) {
            auto const only = q.headers.find("If-Match");
            bool const same = found != manifests.end() && only == '"' + sha_of(found->second.bytes).str() + '"';
            if ((only && !same) || (q.headers.find("If-None-Match") && found != manifests.end())) return {412};
        }
        put(name, bytes, std::string(q.headers.find("Content-Type").value_or("")));
        auto const r = look(bytes);
        fields answer{{"Docker-Content-Digest", sha_of(bytes).str()}};
        if (api && r.subject) answer.emplace_back("OCI-Subject", r.subject->digest.str());
        return {201, "", answer};
    }
};

struct world {
    registry there;
    upload_notes notes;
    limits bounds;
    testing::manual_clock clock;

    call_context context() {
        call_context c("https://r.example", repository::parse("r.example/a/b").value(), bounds);
        c.uploads = &notes;
        return c;
    }
    result<pushed_manifest> push(std::string const& bytes, manifest_push_options o = {}) {
        push_manifest_operation<policies> op(context(), reference::parse("r.example/a/b@" + sha_of(bytes).str()).value(), bytes, std::move(o));
        return run(op, there, clock);
    }
    result<referrers_listing> change(referrers_change c) {
        referrers_tag_operation<policies> op(context(), std::move(c), false);
        return run(op, there, clock);
    }
    result<referrers_listing> add(std::string const& bytes) { return change(referrers_change(digest::parse(subject).value()).with_added(look(bytes).entry)); }
    result<bool> remove(std::string const& bytes) {
        remove_operation<policies> op(context(), removed::manifest, sha_of(bytes).str());
        return run(op, there, clock);
    }
    template <class Transport>
    result<referrer_list> list(Transport& t, referrers_options o = {}, std::string const& of = "@" + subject) {
        referrers_operation<policies> op(context(), reference::parse("r.example/a/b" + of).value(), std::move(o));
        return run(op, t, clock);
    }
    result<referrer_list> list(referrers_options o = {}) { return list(there, std::move(o)); }
};

template <class R>
errc code_of(R const& r) {
    return r ? errc::ok : r.assume_error().kind();
}
strings digests_in(referrer_list const& l) {
    strings out;
    for (auto const& d : l.values) out.push_back(d.digest.str());
    return out;
}
/// What a registry with the API answers.
struct pages : test::conversation {
    pages& page(strings const& entries, fields more = {}) {
        more.emplace_back("Content-Type", index_type);
        answers(200, more, index_of(entries));
        return *this;
    }
};
std::string const r1 = referrer("1"), r2 = referrer("2", "application/vnd.example.sbom"), r3 = referrer("3");
std::string sha(std::string const& bytes) { return sha_of(bytes).str(); }

} // namespace

TEST_CASE("a list as long as anybody likes is changed in a time that grows as it does", "[referrers][RF22][HX18]") {
    strings entries;
    for (int i = 0; i < 16'000; ++i) entries.push_back(R"({"mediaType":"a/b","digest":")" + sha(std::to_string(i)) + R"(","size":1})");
    auto const grown = test::growth(2000, [&](std::size_t n) {
        world w;
        w.bounds.manifest_bytes = w.bounds.json.bytes = 16u << 20;
        w.bounds.json.nodes = 1'000'000;
        w.bounds.descriptors = 100'000;
        w.there.put(tag, index_of(strings(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(n))), index_type);
        REQUIRE(w.add(r1));
        CHECK(w.list(referrers_options()).value().values.size() == w.bounds.referrers);
    });
    CHECK(grown < test::linear);
}

// ---- reading

TEST_CASE("the registry lists referrers", "[referrers][RF01][RF02][RF05][GX22]") {
    world w;
    pages all;
    all.page({typed(r1, "application/vnd.example.sig"), typed(r2, "application/vnd.example.sbom")});
    auto const got = w.list(all);
    REQUIRE(got);
    CHECK(all.said() == strings{"GET /v2/a/b/referrers/" + subject});
    CHECK(all.journal[0].headers.find("Accept") == index_type);
    CHECK(digests_in(got.value()) == strings{sha(r1), sha(r2)});
    CHECK(got.value().values[1].artifact_type == "application/vnd.example.sbom");
    CHECK(got.value().by == referrers_by::api);
    CHECK(got.value().subject.str() == subject);
    CHECK(got.value().complete);
    CHECK(w.notes.has_referrers("https://r.example a/b") == true);

    // The filter is sent, and applied here whether or not the registry says that it has been.
    for (bool const applied : {false, true}) {
        pages one;
        one.page({typed(r1, "application/vnd.example.sig"), typed(r2, "application/vnd.example.sbom"), entry(r3)}, applied ? fields{{"OCI-Filters-Applied", "artifactType"}} : fields{});
        auto const some = w.list(one, referrers_options().with_artifact_type("application/vnd.example.sig"));
        REQUIRE(some);
        CHECK(one.said() == strings{"GET /v2/a/b/referrers/" + subject + "?artifactType=application%2Fvnd.example.sig"});
        CHECK(digests_in(some.value()) == strings{sha(r1)});
    }
}

TEST_CASE("where the registry lists none, the tag does", "[referrers][RF03][RF08][GX23]") {
    struct absence {
        int status;
        std::string type, body;
    };
    for (auto const& a : {absence{404, "text/plain", "404 page not found\n"}, {405, "", ""}, {501, "", ""}, {400, "application/json", R"({"errors":[{"code":"UNSUPPORTED"}]})"}, //
                          {200, "text/html", "<html>"},
                          {200, "application/json", index_of({})},
                          {200, index_type, R"({"schemaVersion":2})"}}) {
        world w;
        test::conversation talk;
        talk.answers(a.status, {{"Content-Type", a.type}}, a.body).answers(200, {{"Content-Type", index_type}}, index_of({typed(r1, "x/y")}));
        auto const got = w.list(talk);
        INFO(a.status << ' ' << a.type);
        REQUIRE(got);
        CHECK(talk.said() == strings{"GET /v2/a/b/referrers/" + subject, "GET /v2/a/b/manifests/" + tag});
        CHECK(got.value().by == referrers_by::tag);
        CHECK(digests_in(got.value()) == strings{sha(r1)});
        // It is remembered for the repository.
        test::conversation again;
        again.answers(404, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})");
        auto const none = w.list(again);
        REQUIRE(none);
        CHECK(again.said() == strings{"GET /v2/a/b/manifests/" + tag});
        CHECK(none.value().values.empty());
        CHECK(none.value().warnings.empty());
    }
    // A repository that is not there says nothing of one that will be.
    world w;
    test::conversation talk;
    talk.answers(404, {}, R"({"errors":[{"code":"NAME_UNKNOWN"}]})").answers(404, {}, R"({"errors":[{"code":"NAME_UNKNOWN"}]})");
    CHECK(w.list(talk).value().values.empty());
    CHECK_FALSE(w.notes.has_referrers("https://r.example a/b"));
}

TEST_CASE("a refusal or a failure is no sign that the registry lists none", "[referrers][RF04]") {
    for (int const status : {401, 403, 429, 500, 503}) {
        world w;
        test::conversation talk;
        talk.answers(status);
        CHECK(code_of(w.list(talk)) != errc::ok);
        CHECK(talk.over());
        CHECK_FALSE(w.notes.has_referrers("https://r.example a/b"));
    }
}

TEST_CASE("pages are followed on the registry's own origin, within bounds", "[referrers][RF06][HX16]") {
    auto const to = [](std::string const& n) { return fields{{"Link", "</v2/a/b/referrers/" + subject + "?next=" + n + ">; rel=\"next\""}}; };
    {
        world w;
        pages p;
        p.page({entry(r1), entry(r2)}, to("2")).page({entry(r2), entry(r3)});
        auto const got = w.list(p);
        REQUIRE(got);
        CHECK(p.said()[1] == "GET /v2/a/b/referrers/" + subject + "?next=2");
        CHECK(digests_in(got.value()) == strings{sha(r1), sha(r2), sha(r3)}); // once each
        CHECK(got.value().complete);
    }
    auto const cut = [&](fields second, limits bounds, std::size_t at_most = 2) {
        world w;
        w.bounds = bounds;
        pages p;
        p.page({entry(r1)}, to("2"));
        for (std::size_t i = 1; i < at_most; ++i) p.page({entry(r2)}, second);
        auto const got = w.list(p);
        REQUIRE(got);
        CHECK_FALSE(got.value().complete);
        CHECK(p.over());
        CHECK(digests_in(got.value()).front() == sha(r1)); // what came before is kept
        return got.value().failure ? got.value().failure->kind() : errc::ok;
    };
    CHECK(cut(to("2"), {}) == errc::page_loop);
    CHECK(cut({{"Link", "<https://evil.example/next>; rel=\"next\""}}, {}) == errc::page_cross_origin);
    CHECK(cut({{"Link", "<file:///etc/passwd>; rel=\"next\""}}, {}) != errc::ok);
    limits two_pages;
    two_pages.referrer_pages = 2;
    CHECK(cut(to("3"), two_pages) == errc::page_limit);
    limits one;
    one.referrers = 1;
    CHECK(cut(to("3"), one) == errc::ok); // full
    // Pages that bring nothing new end it, too.
    world w;
    pages p;
    p.page({entry(r1)}, to("2")).page({entry(r1)}, to("3")).page({entry(r1)}, to("4")).page({entry(r1)}, to("5"));
    CHECK(w.list(p).value().failure->kind() == errc::page_loop);
}

TEST_CASE("the tag of the referrers of any digest", "[referrers][RF07]") {
    CHECK(referrers_tag(digest::parse("sha256:" + std::string(64, 'a')).value()) == "sha256-" + std::string(64, 'a'));
    CHECK(referrers_tag(digest::parse("sha512:" + std::string(128, 'a')).value()) == "sha512-" + std::string(64, 'a'));
    CHECK(detail::referrers_tag("test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overall+truncation",
                                "alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsAndLotsOfCharactersToExcerciseEncodedTruncation") ==
          "test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsAndLot");
}

TEST_CASE("what the tag leads to and is no list is ignored with a warning", "[referrers][RF09][HX19]") {
    auto const read = [](std::string const& bytes, std::string const& type, limits bounds = {}) {
        world w;
        w.bounds = bounds;
        w.there.put(tag, bytes, type);
        auto const got = w.list();
        REQUIRE(got);
        CHECK(got.value().values.empty());
        REQUIRE(got.value().warnings.size() == 1);
        return got.value().warnings[0].code;
    };
    CHECK(read(v2, image_type) == warning_code::referrers_ignored);
    auto with_subject = index_of({entry(r1)});
    with_subject.insert(with_subject.size() - 1, R"(,"subject":)" + entry(v2));
    CHECK(read(with_subject, index_type) == warning_code::referrers_ignored);
    limits small;
    small.manifest_bytes = 500;
    CHECK(read(index_of({entry(r1), entry(r2), entry(r3)}), index_type, small) == warning_code::referrers_ignored);
    CHECK(read("{", index_type) == warning_code::referrers_ignored);
}

TEST_CASE("a list is a claim, which can be looked into", "[referrers][D20][RF10][RF11][HX17]") {
    world w;
    auto const liar = referrer("liar", "x/y", sha("another"));
    auto const typeless = R"({"schemaVersion":2,"mediaType":")" + image_type + R"(","config":{"mediaType":"application/vnd.config","digest":")" + sha("{}") + R"(","size":2},"layers":[],"subject":)" + entry(v2) + "}";
    for (auto const& m : {r1, liar, typeless}) w.there.put(sha(m), m);
    w.there.put(tag, index_of({typed(r1, "a/lie"), entry(liar), entry(r3), entry(typeless)}), index_type);
    CHECK(w.list().value().values.size() == 4);
    auto const checked = w.list(referrers_options().with_verification());
    REQUIRE(checked);
    CHECK(digests_in(checked.value()) == strings{sha(r1), sha(typeless)});
    CHECK(checked.value().values[0].artifact_type == "application/vnd.example.sig");
    CHECK(checked.value().values[0].annotations.at("name") == "1");
    CHECK(checked.value().warnings.size() == 2); // the liar, and the one that is not there
    REQUIRE(checked.value().unrelated.size() == 1);
    CHECK(checked.value().unrelated[0].str() == sha(liar));
    REQUIRE(checked.value().index);
    CHECK(checked.value().index->digest.str() == sha(index_of({typed(r1, "a/lie"), entry(liar), entry(r3), entry(typeless)})));
    auto const filled = w.list(referrers_options().with_missing_types());
    REQUIRE(filled);
    CHECK(filled.value().values.size() == 4);
    CHECK(filled.value().values[0].artifact_type == "a/lie"); // not looked into
    CHECK(filled.value().values[3].artifact_type == "application/vnd.config");
    CHECK(w.list(referrers_options().with_missing_types().with_artifact_type("application/vnd.config")).value().values.size() == 1);
}

TEST_CASE("the referrers of a tag are those of what it leads to", "[referrers][RF12]") {
    world w;
    w.there.put("v1", index_of({entry(r1)}), index_type);
    auto const of_index = referrer("of the index", "x/y", sha(index_of({entry(r1)})));
    w.there.api = true;
    w.there.put(sha(of_index), of_index);
    auto const got = w.list(w.there, {}, ":v1");
    REQUIRE(got);
    CHECK(w.there.said == strings{"HEAD manifests/v1", "GET referrers/" + sha(index_of({entry(r1)}))});
    CHECK(digests_in(got.value()) == strings{sha(of_index)});
    CHECK(code_of(w.list(w.there, {}, ":absent")) == errc::manifest_unknown);
}

TEST_CASE("what a list has beside digests is ignored", "[referrers][HX18]") {
    world w;
    w.there.put(tag, index_of({entry(r1, R"(,"urls":["http://evil.example/"],"data":"e30=")")}), index_type);
    auto const got = w.list();
    REQUIRE(got.value().values.size() == 1);
    CHECK(got.value().values[0].urls.empty());
    CHECK(got.value().values[0].data.bytes.empty());
}

// ---- writing

TEST_CASE("a registry that has taken note of the subject lists it", "[referrers][RF20][GX21][HX20]") {
    world w;
    w.there.api = true;
    auto const got = w.push(v3);
    REQUIRE(got);
    CHECK(w.there.said == strings{"PUT manifests/" + sha(v3)});
    CHECK(got.value().subject->str() == subject);
    CHECK(got.value().listing == referrers_listing::registry);
    CHECK(w.notes.has_referrers("https://r.example a/b") == true);
}

TEST_CASE("the first referrer where the registry lists none", "[referrers][RF21][RF23][RF32][GX20][V4]") {
    world w;
    REQUIRE(sha(v2) == subject);
    REQUIRE(sha(v3) == "sha256:e53766ce68e86da5377601cf782913994021151bc1e8a6df69bc7c60fff0b8f8");
    auto const got = w.push(v3);
    REQUIRE(got);
    CHECK(w.there.said == strings{"PUT manifests/" + sha(v3), "GET referrers/" + subject, "GET manifests/" + tag, "PUT manifests/" + tag, "GET manifests/" + tag});
    CHECK(got.value().listing == referrers_listing::changed);
    CHECK(w.there.at(tag).size() == 384);
    CHECK(sha(w.there.at(tag)) == "sha256:f50e3472d1cab9885b366899647922934173d61bff267c7b84c15fb2d1d2e269");
    // The next one asks only for the tag; one that is listed already is not written.
    w.there.said.clear();
    REQUIRE(w.push(r1));
    CHECK(w.there.said == strings{"PUT manifests/" + sha(r1), "GET manifests/" + tag, "PUT manifests/" + tag, "GET manifests/" + tag});
    w.there.said.clear();
    CHECK(w.push(v3).value().listing == referrers_listing::as_it_was);
    CHECK(w.there.said == strings{"PUT manifests/" + sha(v3), "GET manifests/" + tag});
    CHECK(digests_in(w.list().value()) == strings{sha(v3), sha(r1)});
}

TEST_CASE("a registry that lists referrers and does not say so is asked once", "[referrers][RF21]") {
    world w;
    w.there.api = true;
    test::conversation talk;
    talk.answers(201, {{"Docker-Content-Digest", sha(v3)}}).answers(200, {{"Content-Type", index_type}}, index_of({entry(v3)}));
    push_manifest_operation<policies> op(w.context(), reference::parse("r.example/a/b@" + sha(v3)).value(), v3, {});
    auto const got = run(op, talk, w.clock);
    REQUIRE(got);
    CHECK(talk.over());
    CHECK(got.value().listing == referrers_listing::registry);
    // A failure of that request is no answer.
    test::conversation failing;
    failing.answers(201, {{"Docker-Content-Digest", sha(v3)}}).answers(503);
    world other;
    push_manifest_operation<policies> again(other.context(), reference::parse("r.example/a/b@" + sha(v3)).value(), v3, {});
    auto const failed = run(again, failing, w.clock);
    REQUIRE(code_of(failed) == errc::server_error);
    CHECK(failed.error().detail().context.find("the manifest is there") != std::string::npos);
}

TEST_CASE("a registry that names another subject has not listed it", "[referrers][RF22]") {
    world w;
    test::conversation talk;
    talk.answers(201, {{"OCI-Subject", sha("another")}}).answers(404, {}, "x").answers(404, {}, "x").answers(201).answers(200, {{"Content-Type", index_type}}, index_of({entry(v3)}));
    push_manifest_operation<policies> op(w.context(), reference::parse("r.example/a/b@" + sha(v3)).value(), v3, {});
    auto const got = run(op, talk, w.clock);
    REQUIRE(got);
    CHECK(talk.over());
    CHECK(got.value().listing == referrers_listing::changed);
    REQUIRE(got.value().warnings.size() == 1);
    CHECK(got.value().warnings[0].code == warning_code::subject_differs);
}

TEST_CASE("the entry is what the manifest says of itself", "[referrers][RF23][RF30]") {
    auto const without_type = R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.config"},"annotations":{"token":"s3cret","b":"2"}})";
    CHECK(look(without_type).entry.artifact_type == "application/vnd.config");
    CHECK(look(without_type).entry.annotations == string_map{{"b", "2"}, {"token", "s3cret"}}); // they are public with the manifest
    CHECK(look(R"({"schemaVersion":2,"manifests":[]})", index_type).entry.artifact_type.empty());
    CHECK(look(R"({"schemaVersion":2,"artifactType":"x/y","manifests":[]})", index_type).entry.artifact_type == "x/y");
    CHECK_FALSE(look(R"({"subject":"sha256:x"})").subject);
    CHECK_FALSE(look("[").subject);
}

TEST_CASE("a tag that leads to something else is not overwritten", "[referrers][RF24][HX19]") {
    for (auto const& [bytes, type] : {std::pair(v2, image_type), {R"({"schemaVersion":2,"mediaType":")" + index_type + R"(","manifests":[],"subject":)" + entry(v2) + '}', index_type}}) {
        world w;
        w.there.put(tag, bytes, type);
        auto const got = w.push(r1);
        REQUIRE(code_of(got) == errc::media_type_mismatch);
        CHECK(got.error().detail().context.find(tag) != std::string::npos);
        CHECK(got.error().detail().context.find("the manifest is there: " + sha(r1)) != std::string::npos);
        CHECK(w.there.at(tag) == bytes);
        CHECK(w.there.at(sha(r1)) == r1);
    }
}

TEST_CASE("entries stay in their order, with what others have written into them", "[referrers][RF25][RF26]") {
    world w;
    auto const old = index_of({entry(r2, R"(,"annotations":{"z":"1","a":"2"},"x-other":{"deep":[1,2]})"), typed(r3, "x/y")});
    auto with_more = old;
    with_more.insert(with_more.size() - 1, R"(,"annotations":{"k":"v"},"x-top":7)");
    w.there.put(tag, with_more, index_type);
    REQUIRE(w.add(r1));
    auto const now = w.there.at(tag);
    CHECK(now.find(R"("x-other":{"deep":[1,2]})") != now.npos);
    CHECK(now.find(R"("x-top":7)") != now.npos);
    CHECK(now.find(R"("annotations":{"k":"v"})") != now.npos);
    CHECK(now.find(sha(r2)) < now.find(sha(r3)));
    CHECK(now.find(sha(r3)) < now.find(sha(r1)));
    CHECK(w.there.at(sha(with_more)) == with_more); // the old index is left
}

TEST_CASE("a writer who read before us does not lose our entry", "[referrers][RF27]") {
    world w;
    w.there.put(tag, index_of({entry(r2)}), index_type);
    int writes = 0;
    w.there.after = [&](request const& q, registry& r) {
        if (q.method == "PUT" && writes++ < 3) r.put(tag, index_of({entry(r2), entry(r3)}), index_type); // of what was there before
    };
    auto const got = w.add(r1);
    REQUIRE(got);
    CHECK(got.value() == referrers_listing::changed);
    CHECK(writes == 4);
    CHECK(digests_in(w.list().value()) == strings{sha(r2), sha(r3), sha(r1)});
    // An entry that was there and has gone is another's: it comes back as well.
    world other;
    other.there.put(tag, index_of({entry(r2)}), index_type);
    bool once = true;
    other.there.after = [&](request const& q, registry& r) {
        if (q.method == "PUT" && std::exchange(once, false)) r.put(tag, index_of({entry(r1)}), index_type);
    };
    REQUIRE(other.add(r1));
    CHECK(digests_in(other.list().value()) == strings{sha(r1), sha(r2)});
}

TEST_CASE("what stays lost is named, after five times and pauses", "[referrers][RF27]") {
    world w;
    w.there.put(tag, index_of({entry(r2)}), index_type);
    int writes = 0;
    w.there.after = [&](request const& q, registry& r) {
        if (q.method == "PUT" && q.url.ends_with(tag)) ++writes, r.put(tag, index_of({entry(r2)}), index_type);
    };
    auto const before = w.clock.now();
    auto const got = w.push(r1);
    REQUIRE(code_of(got) == errc::precondition_failed);
    CHECK(got.error().detail().available == strings{sha(r1)});
    CHECK(writes == 6); // and five times again
    auto const waited = w.clock.now() - before;
    CHECK(waited >= std::chrono::milliseconds(5 * 50));
    CHECK(waited <= std::chrono::milliseconds(5 * 500 + 6 * 1000)); // and each time before it was looked for
    CHECK(w.there.at(sha(r1)) == r1);
    // While others get on it goes on for longer.
    world busy;
    int n = 0;
    busy.there.after = [&](request const& q, registry& r) {
        if (q.method != "PUT") return;
        strings entries;
        ++n;
        for (int i = 0; i < n; ++i) entries.push_back(entry(referrer("other " + std::to_string(i))));
        if (n < 20) r.put(tag, index_of(entries), index_type);
    };
    REQUIRE(busy.add(r1));
    CHECK(n == 20);
    CHECK(busy.list().value().values.size() == 20);
}

TEST_CASE("a conditional request is sent for registries that heed it", "[referrers][RF28]") {
    world w;
    w.there.heeds_conditions = true;
    strings conditions;
    bool once = true;
    w.there.before = [&](request const& q, registry& r) {
        if (q.method != "PUT") return;
        conditions.emplace_back(q.headers.find("If-Match") ? "match " + std::string(*q.headers.find("If-Match")) : std::string(q.headers.find("If-None-Match").value_or("")));
        if (std::exchange(once, false)) r.put(tag, index_of({entry(r2)}), index_type); // somebody is faster
    };
    REQUIRE(w.add(r1));
    CHECK(conditions == strings{"*", "match \"" + sha(index_of({entry(r2)})) + '"'});
    CHECK(digests_in(w.list().value()) == strings{sha(r2), sha(r1)});
}

TEST_CASE("many referrers of one subject are listed at once", "[referrers][RF29]") {
    world w;
    referrers_change all(digest::parse(subject).value());
    for (auto const& m : {r1, r2, r3}) {
        auto const got = w.push(m, manifest_push_options().with_listing(false));
        REQUIRE(got);
        CHECK(got.value().listing == referrers_listing::left);
        all.with_added(got.value().referrer->entry);
    }
    w.there.said.clear();
    CHECK(w.change(std::move(all)).value() == referrers_listing::changed);
    CHECK(w.there.said == strings{"GET manifests/" + tag, "PUT manifests/" + tag, "GET manifests/" + tag});
    CHECK(digests_in(w.list().value()) == strings{sha(r1), sha(r2), sha(r3)});
}

TEST_CASE("a list that would be too long is left as it is", "[referrers][HX18]") {
    world w;
    w.bounds.manifest_bytes = 2000;
    auto const old = index_of({entry(r2, R"(,"annotations":{"k":")" + std::string(1600, 'x') + "\"}")});
    REQUIRE(old.size() < 2000);
    w.there.put(tag, old, index_type);
    auto const got = w.push(r1);
    REQUIRE(code_of(got) == errc::manifest_limit);
    CHECK(w.there.at(tag) == old);
    CHECK(w.there.at(sha(r1)) == r1);
}

TEST_CASE("writers within one client take turns", "[referrers][RF23]") {
    world w;
    auto const turn = w.notes.take_turn("https://r.example a/b " + tag);
    referrers_tag_operation<policies> op(w.context(), referrers_change(digest::parse(subject).value()).with_added(look(r1).entry), false);
    CHECK(std::holds_alternative<need_delay>(op.start()));
    CHECK(std::holds_alternative<need_delay>(op.on_delay()));
}

// ---- removing

TEST_CASE("a referrer is removed, then taken from the list", "[referrers][DL09][RF31][GX27]") {
    world w;
    for (auto const& m : {r1, r2}) w.there.put(sha(m), m);
    w.there.put(tag, index_of({entry(r1), entry(r2)}), index_type);
    REQUIRE(w.remove(r1).value());
    CHECK(w.there.said == strings{"GET manifests/" + sha(r1), "DELETE manifests/" + sha(r1), "GET manifests/" + tag, "PUT manifests/" + tag});
    CHECK(w.there.at(tag) == index_of({entry(r2)}));
    // The last one: an empty index, where tags are not removed, or nothing.
    REQUIRE(w.remove(r2).value());
    CHECK(w.there.at(tag) == v5);
    world removing;
    removing.there.removes_tags = true;
    removing.there.put(sha(r1), r1);
    removing.there.put(tag, index_of({entry(r1)}), index_type);
    REQUIRE(removing.remove(r1).value());
    CHECK(removing.there.said.back() == "DELETE manifests/" + tag);
    CHECK(removing.there.at(tag).empty());
    // Another has written into the list meanwhile.
    world racing;
    racing.there.removes_tags = racing.there.heeds_conditions = true;
    racing.there.put(sha(r1), r1);
    racing.there.put(tag, index_of({entry(r1)}), index_type);
    racing.there.before = [once = true](request const& q, registry& there) mutable {
        if (q.method == "DELETE" && q.url.ends_with(tag) && std::exchange(once, false)) there.put(tag, index_of({entry(r1), entry(r2)}), index_type);
    };
    REQUIRE(racing.remove(r1).value());
    CHECK(racing.there.at(tag) == index_of({entry(r2)}));
}

TEST_CASE("what is not needed for a removal is not asked for", "[referrers][DL09][DL10]") {
    world listed;
    listed.there.put(sha(r1), r1);
    listed.notes.note_referrers("https://r.example a/b", true);
    REQUIRE(listed.remove(r1).value());
    CHECK(listed.there.said == strings{"DELETE manifests/" + sha(r1)});
    // A subject goes, the tag of its referrers stays.
    world w;
    w.there.put(sha(v2), v2);
    w.there.put(tag, index_of({entry(r1)}), index_type);
    REQUIRE(w.remove(v2).value());
    CHECK(w.there.said == strings{"GET manifests/" + sha(v2), "DELETE manifests/" + sha(v2)});
    CHECK(w.there.at(tag) == index_of({entry(r1)}));
    CHECK(code_of(w.remove(v2)) == errc::manifest_unknown);
    // Who may not read may remove.
    test::conversation talk;
    talk.answers(403).answers(202);
    world other;
    remove_operation<policies> op(other.context(), removed::manifest, sha(r1));
    CHECK(run(op, talk, w.clock).value());
    CHECK(talk.over());
}

} // namespace referrers_test
