// SPDX-License-Identifier: BSL-1.0
// The decision table of Docker 1.10 (doc/protocol.md#docker-1-10): every kind of error at every stage, in every
// position, over a scripted transport, and the observed sequences as golden journals.
#include "catch.hpp"
#include "documents.hpp"

#include <lading/legacy/docker_1_10_fallback.hpp>
#include <lading/legacy/legacy_client.hpp>

namespace docker_1_10_fallback_test {

using namespace lading;

namespace {

struct old_policies : test::policies {
    using fallback = docker_1_10_fallback;
};

std::string const secure = "https://r.example", plain = "http://r.example";
std::string const id(64, 'a');

using answer = testing::scripted_answer;

answer coded(int status, std::string const& code, bool own_words) {
    auto const usual = std::string(default_message(code));
    return {status, R"({"errors":[{"code":")" + code + R"(","message":")" + usual + "\"" +
                        (own_words ? R"(,"detail":{"x":1})" : "") + "}]}"};
}

/// A registry at one base URL: pings answered, everything else as told.
struct world {
    testing::script s;
    registry_rules rules;
    bool header = true;
    std::string target = "1";

    world() {
        rules.with_v1().host("r.example").with_plaintext(plaintext::allowed);
    }
    void serve(std::string const& base) {
        s.on(base + "/v2/", header ? answer(200, "{}", {{"Docker-Distribution-Api-Version", "registry/2.0"}})
                                   : answer(200, "{}"));
        s.on(base + "/v1/_ping", {200, "{}"});
        s.on(base + "/v2/x/tags/list?n=1000", {200, R"({"tags":["1"]})"});
        s.on(base + "/v2/x/manifests/" + target, {200, test::schema2()});
        s.on(base + "/v2/x/blobs/" + test::digest_of(test::config_bytes), {200, test::config_bytes});
        s.on(base + "/v1/repositories/x/images", coded(404, "NAME_UNKNOWN", true));
    }
    void both() { serve(secure), serve(plain); }
    /// Replaces what was to be answered.
    void set(std::string const& url, answer a) {
        s.answers[url].clear();
        s.on(url, std::move(a));
    }

    result<inspection> inspect(std::string const& ref = "r.example/x:1") {
        legacy_client<old_policies> registry(testing::scripted_transport(s),
                                             client_options().with_rules(rules).with_retry(retry_rules(1)));
        return registry.inspect(reference::parse(ref).value());
    }

    /// The journal in letters: s or h, then P for a ping of v2, p of v1, T tags, M manifest, B config,
    /// V a request to v1.
    std::string journal() const {
        std::string out;
        for (auto const& q : s.journal) {
            out += out.empty() ? "" : " ";
            out += q.url.starts_with("https:") ? 's' : 'h';
            if (q.url.ends_with("/v2/")) out += 'P';
            else if (q.url.ends_with("/_ping")) out += 'p';
            else if (q.url.find("/v1/") != q.url.npos) out += 'V';
            else if (q.url.find("/tags/") != q.url.npos) out += 'T';
            else if (q.url.find("/blobs/") != q.url.npos) out += 'B';
            else out += 'M';
        }
        return out;
    }
};

enum class verdict { v1_ok,
                     next,
                     stop };

/// What the caller gets of an error at each stage, when it is the one that is reported.
struct codes {
    codes(errc e) : tags(e), tag(e), digest(e), config(e) {}
    codes(errc at_tags, errc at_manifest, errc at_config) : tags(at_tags), tag(at_manifest), digest(at_manifest), config(at_config) {}
    codes(errc at_tags, errc at_tag, errc at_digest, errc at_config) : tags(at_tags), tag(at_tag), digest(at_digest), config(at_config) {}
    errc tags, tag, digest, config;
};

struct kind {
    char const* name;
    answer what;
    verdict at_tags, at_tag, at_digest;
    codes reported;
};

std::vector<kind> kinds() {
    using enum verdict;
    codes const missing(errc::not_found, errc::manifest_unknown, errc::blob_unknown);
    codes const nothing_said(errc::not_found, errc::not_found, errc::blob_unknown);
    std::vector<kind> out;
    for (auto const& [code, reported] : {std::pair{"UNAUTHORIZED", missing}, std::pair{"NAME_UNKNOWN", codes(errc::name_unknown)},
                                         std::pair{"MANIFEST_UNKNOWN", missing}}) {
        out.push_back({code, coded(404, code, true), v1_ok, v1_ok, next, reported});
        out.push_back({code, coded(404, code, false), next, next, next, reported});
    }
    out.push_back({"unreadable 401", {401, "<html>"}, v1_ok, v1_ok, next, errc::auth_required});
    out.push_back({"401 with details", {401, R"({"details":"no"})"}, v1_ok, v1_ok, next, errc::auth_required});
    out.push_back({"bare DENIED", coded(403, "DENIED", false), next, next, next, errc::denied});
    // A code that came later was UNKNOWN to Docker 1.10, whose sentence is another.
    out.push_back({"TOOMANYREQUESTS in its own words", coded(429, "TOOMANYREQUESTS", false), stop, stop, stop, errc::rate_limited});
    out.push_back({"bare TOOMANYREQUESTS", {429, R"({"errors":[{"code":"TOOMANYREQUESTS"}]})"}, next, next, next, errc::rate_limited});
    out.push_back({"UNAUTHORIZED with 401", coded(401, "UNAUTHORIZED", true), v1_ok, v1_ok, next, errc::auth_required});
    for (auto code : {"DENIED", "UNKNOWN", "TAG_INVALID", "UNSUPPORTED", "TOOMANYREQUESTS"})
        out.push_back({code, coded(403, code, true), stop, stop, stop, errc::denied});
    out.push_back({"404 with details", {404, R"({"details":"no"})"}, stop, stop, stop, missing});
    out.push_back({"empty list", {404, R"({"errors":[]})"}, next, next, next, nothing_said});
    out.push_back({"{}", {404, "{}"}, next, next, next, nothing_said});
    out.push_back({"HTML 404", {404, "<html>"}, next, next, next, nothing_said});
    out.push_back({"500", {500, coded(500, "NAME_UNKNOWN", true).body}, next, next, next, errc::server_error});
    out.push_back({"503", {503, ""}, next, next, next, errc::server_error});
    out.push_back({"reset", error(errc::connection_reset), next, next, next, errc::connection_reset});
    out.push_back({"TLS", error(errc::tls_cert_untrusted), next, next, next, errc::tls_cert_untrusted});
    out.push_back({"no credentials for Basic", {401, "", {{"WWW-Authenticate", R"(Basic realm="x")"}}}, next, next, next, errc::auth_required});
    out.push_back({"token service down", {401, "", {{"WWW-Authenticate", R"(Bearer realm="/token-503",service="s")"}}}, next, next, next, errc::auth_token_failed});
    out.push_back({"not JSON", {200, "{"}, next, next, next, {errc::json_syntax, errc::json_syntax, errc::digest_mismatch, errc::size_mismatch}});
    out.push_back({"304", {304, ""}, next, next, next, errc::http_unexpected_status});
    out.push_back({"cancelled", error(errc::cancelled), stop, stop, stop, errc::cancelled});
    out.push_back({"sink", error(errc::sink_failed), stop, stop, stop, errc::sink_failed});
    out.push_back({"the list's first element counts",
                   {404, R"({"errors":[{"code":"DENIED","message":"x"},{"code":"NAME_UNKNOWN","message":"x"}]})"},
                   stop,
                   stop,
                   stop,
                   errc::name_unknown});
    return out;
}

} // namespace

TEST_CASE("every error at every stage, in every position", "[spec-2.5.2][spec-2.5.3]") {
    auto const digest = test::digest_of(test::schema2());
    std::string const tags = "/v2/x/tags/list?n=1000", config = "/v2/x/blobs/" + test::digest_of(test::config_bytes);
    struct stage {
        char const* name;
        std::string path, ref;
        verdict kind::* expected;
        errc codes::* reported;
        char const* asks; ///< of one v2 endpoint up to here
    };
    stage const stages[] = {
        {"tags", tags, "r.example/x:1", &kind::at_tags, &codes::tags, "T"},
        {"manifest by tag", "/v2/x/manifests/1", "r.example/x:1", &kind::at_tag, &codes::tag, "T M"},
        {"manifest by digest", "/v2/x/manifests/" + digest, "r.example/x@" + digest, &kind::at_digest, &codes::digest, "T M"},
        {"config", config, "r.example/x:1", &kind::at_digest, &codes::config, "T M B"},
    };
    int checked = 0;
    for (auto const& k : kinds())
        for (auto const& at : stages)
            for (bool const header : {true, false})
                for (int position = 0; position < 3; ++position) {
                    INFO(k.name << " at " << at.name << (header ? ", v2 header, " : ", no header, ") << position);
                    world w;
                    w.header = header;
                    if (at.ref.find('@') != at.ref.npos) w.target = digest;
                    // 0: another v2 endpoint comes next; 1: only v1 is left; 2: nothing is left
                    if (position != 0) w.rules.host("r.example").with_plaintext(plaintext::never);
                    if (position == 2) w.rules.with_v1(false);
                    w.both();
                    w.set(secure + "/v1/repositories/x/images", {410}); // told from all that v2 says
                    w.set(secure + "/token-503?service=s&scope=repository%3Ax%3Apull", {503});
                    w.set(secure + at.path, k.what);
                    auto const got = w.inspect(at.ref);

                    bool const unknown_blob = at.path == config && !k.what.failure && k.what.head.status == 404; // whatever its body
                    auto const what = unknown_blob ? verdict::next : k.*at.expected;
                    bool const listed = std::string(at.asks) != "T"; // a listed tag confirms v2
                    bool const confirmed = what == verdict::next && (header || listed);
                    auto with = [&](std::string scheme, std::string letters) {
                        std::string out;
                        for (char c : letters)
                            out += c == ' ' ? std::string(" ") : scheme + c;
                        return out;
                    };
                    std::string const ping = header ? "P" : "P p";
                    std::string expected = with("s", ping + " P " + at.asks);
                    // The 401 of a token service that is down costs a token request, which is no letter of the table.
                    if (std::string(k.name) == "token service down") expected += " sM";
                    // Which error it is: its own, unless another endpoint answers or fails after it.
                    auto reported = k.reported.*at.reported;
                    std::size_t attempts = 0; // are listed when there is more than one
                    if (what != verdict::stop && position == 0) {
                        // all is well over plain http
                        expected += ' ' + with("h", ping + " P T M B");
                        reported = errc::ok;
                    } else if (what != verdict::stop && position == 1) {
                        expected += ' ' + with("s", ping);
                        // v1 by digest is refused without a request, in the session already pinged, and does not take the
                        // place of an error that says more
                        bool const by_digest = at.ref.find('@') != at.ref.npos;
                        if (!confirmed) expected += ' ' + with("s", ping) + (by_digest ? "" : " sV");
                        if (!confirmed && !by_digest) reported = errc::registry_error;
                        if (!confirmed) attempts = 2;
                    }
                    CHECK(w.journal() == expected);
                    CHECK(name_of(got ? errc::ok : got.error().kind()) == name_of(reported));
                    if (!got) {
                        auto const& all = got.error().detail().attempts;
                        REQUIRE(all.size() == attempts);
                        if (attempts) {
                            CHECK(all[0].code == make_error_code(k.reported.*at.reported));
                            CHECK(all[0].endpoint == secure);
                            CHECK(all[1].endpoint == secure + "/v1");
                        }
                        bool const from_v1 = reported == errc::registry_error;
                        CHECK((got.error().detail().url.find("/v1/") != std::string::npos) == from_v1);
                    }
                    ++checked;
                }
    CHECK(checked == int(kinds().size()) * 4 * 2 * 3);
}

TEST_CASE("the observed sequences", "[spec-2.5.5]") {
    auto const run = [](bool header, std::string const& path, answer a, std::string const& ref = "r.example/x:1") {
        world w;
        w.header = header;
        if (ref.find('@') != ref.npos) w.target = ref.substr(ref.find('@') + 1);
        w.both();
        w.set(secure + path, a);
        w.set(plain + path, a);
        auto const got = w.inspect(ref);
        auto const from_v1 = !got && got.error().detail().url.find("/v1/") != std::string::npos;
        return std::pair(w.journal(), got ? "ok" : (from_v1 ? "v1: " : "") + std::string(name_of(got.error().kind())));
    };
    std::string const tags = "/v2/x/tags/list?n=1000", tag = "/v2/x/manifests/1";
    using golden = std::pair<std::string, std::string>;
    // tags 404 NAME_UNKNOWN with detail: v1 answers, and its answer is final
    CHECK(run(true, tags, coded(404, "NAME_UNKNOWN", true)) == golden("sP sP sT hP hP hT sP sP sV", "v1: name_unknown"));
    // the same without detail: v2 is confirmed, v1 is pinged and skipped
    CHECK(run(true, tags, coded(404, "NAME_UNKNOWN", false)) == golden("sP sP sT hP hP hT sP hP", "name_unknown"));
    // without detail and without header: v1 is tried
    CHECK(run(false, tags, coded(404, "NAME_UNKNOWN", false)) ==
          golden("sP sp sP sT hP hp hP hT sP sp sP sp sV", "v1: name_unknown"));
    // DENIED with detail: at once
    CHECK(run(true, tags, coded(403, "DENIED", true)) == golden("sP sP sT", "denied"));
    CHECK(run(true, tags, coded(403, "DENIED", false)) == golden("sP sP sT hP hP hT sP hP", "denied"));
    // 500
    CHECK(run(true, tags, {500}) == golden("sP sP sT hP hP hT sP hP", "server_error"));
    CHECK(run(false, tags, {500}) == golden("sP sp sP sT hP hp hP hT sP sp sP sp sV", "v1: name_unknown"));
    // the manifest
    CHECK(run(true, tag, coded(404, "MANIFEST_UNKNOWN", true)) ==
          golden("sP sP sT sM hP hP hT hM sP sP sV", "v1: name_unknown"));
    CHECK(run(true, tag, coded(404, "MANIFEST_UNKNOWN", false)) ==
          golden("sP sP sT sM hP hP hT hM sP hP", "manifest_unknown"));
    // by digest, any 401 or 404: never v1, for the tag list has confirmed v2, whatever the ping said
    auto const digest = test::digest_of(test::schema2());
    for (auto const& [a, code] : std::vector<std::pair<answer, std::string>>{
             {coded(404, "MANIFEST_UNKNOWN", true), "manifest_unknown"},
             {coded(404, "MANIFEST_UNKNOWN", false), "manifest_unknown"},
             {coded(404, "NAME_UNKNOWN", true), "name_unknown"},
             {coded(404, "NAME_UNKNOWN", false), "name_unknown"},
             {{404, "<html>"}, "not_found"},
             {{404, R"({"errors":[]})"}, "not_found"},
             {coded(401, "UNAUTHORIZED", true), "auth_required"},
             {coded(401, "UNAUTHORIZED", false), "auth_required"},
             {{401, "<html>"}, "auth_required"},
             {{401, R"({"details":"no"})"}, "auth_required"},
             {{401, "", {{"WWW-Authenticate", R"(Basic realm="x")"}}}, "auth_required"},
         }) {
        INFO(a.head.status << ' ' << a.body);
        CHECK(run(true, "/v2/x/manifests/" + digest, a, "r.example/x@" + digest) ==
              golden("sP sP sT sM hP hP hT hM sP hP", code));
        CHECK(run(false, "/v2/x/manifests/" + digest, a, "r.example/x@" + digest) ==
              golden("sP sp sP sT sM hP hp hP hT hM sP sp hP hp", code));
    }
    // wrong bytes over TLS: all of it again over plaintext
    CHECK(run(true, "/v2/x/manifests/" + digest, {200, test::schema2("{}")}, "r.example/x@" + digest) ==
          golden("sP sP sT sM hP hP hT hM sP hP", "digest_mismatch"));
}

TEST_CASE("the loop of the original", "[spec-2.4][spec-3.1][spec-10.12][spec-2.5.4]") {
    SECTION("1: an endpoint out of reach ends it all") {
        world w;
        w.both();
        w.set(secure + "/v2/", error(errc::connection_refused));
        w.set(secure + "/v1/_ping", error(errc::connection_refused));
        CHECK(w.inspect().error() == errc::connection_refused);
        CHECK(w.journal() == "sP sp");
    }
    SECTION("any answer to the ping of v1 will do") {
        world w;
        w.both();
        w.set(secure + "/v2/", {404});
        w.set(secure + "/v1/_ping", {500});
        CHECK(w.inspect().has_value());
        CHECK(w.journal() == "sP sp sP sT sM sB");
    }
    SECTION("2: the ping inside the fetch fails: next") {
        world w;
        w.both();
        w.s.answers[secure + "/v2/"].clear();
        w.s.on(secure + "/v2/", {200, "", {{"Docker-Distribution-Api-Version", "registry/2.0"}}});
        w.s.on(secure + "/v2/", error(errc::connection_reset));
        CHECK(w.inspect().has_value());
        CHECK(w.journal() == "sP sP hP hP hT hM hB");
    }
    SECTION("the confirmation sticks: an endpoint that confirmed v2 blocks v1, whatever a later one says") {
        world w;
        w.both();
        w.set(secure + "/v2/x/tags/list?n=1000", coded(404, "NAME_UNKNOWN", false));
        w.set(plain + "/v2/x/tags/list?n=1000", coded(404, "NAME_UNKNOWN", true));
        CHECK(w.inspect().error() == errc::name_unknown);
        CHECK(w.journal() == "sP sP sT hP hP hT sP hP");
    }
    SECTION("all attempts are kept, the last one is reported") {
        world w;
        w.both();
        w.set(secure + "/v2/x/tags/list?n=1000", coded(403, "DENIED", false));
        w.set(plain + "/v2/x/tags/list?n=1000", {500});
        auto const got = w.inspect();
        CHECK(got.error() == errc::server_error);
        REQUIRE(got.error().detail().attempts.size() == 2);
        CHECK(got.error().detail().attempts[0].code == make_error_code(errc::denied));
        CHECK(got.error().detail().attempts[1].endpoint == plain);
    }
    SECTION("v1 not supported does not hide an earlier error") {
        world w;
        auto const digest = test::digest_of(test::schema2());
        w.header = false;
        w.target = digest;
        w.both();
        w.set(secure + "/v2/x/tags/list?n=1000", {500});
        w.set(plain + "/v2/x/tags/list?n=1000", {500});
        CHECK(w.inspect("r.example/x@" + digest).error() == errc::server_error);
    }
    SECTION("docker.io: its v1 is taken for granted") {
        world w;
        w.serve("https://registry-1.docker.io");
        w.set("https://registry-1.docker.io/v2/library/x/tags/list?n=1000", coded(404, "NAME_UNKNOWN", true));
        w.set("https://index.docker.io/v1/repositories/library/x/images", {404});
        CHECK(w.inspect("x:1").error() == errc::name_unknown);
        CHECK(w.s.journal.back().url == "https://index.docker.io/v1/repositories/library/x/images");
    }
}

} // namespace docker_1_10_fallback_test
