// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#fallback as a product: every kind of error at every stage, at a mirror and at the origin, with http
// and v1 allowed and not, over a scripted transport: who is asked for what, and which error is reported. Then golden
// journals, row by row.
#include "catch.hpp"
#include "documents.hpp"

#include <lading/legacy/legacy_client.hpp>

namespace modern_product_test {

using namespace lading;

namespace {

struct v1_policies : test::policies {
    using fallback = modern_fallback_with_v1;
};

using answer = testing::scripted_answer;

std::string const mirror_base = "https://m.example", home = "https://r.example", plain = "http://r.example";
std::string const config_path = "/v2/x/blobs/" + test::digest_of(test::config_bytes);

answer coded(int status, std::string const& code, bool own_words) {
    return {status, R"({"errors":[{"code":")" + code + R"(","message":")" +
                        (own_words ? "x" : std::string(default_message(code))) + "\"}]}"};
}
error unreachable(errc code, bool plaintext) {
    fallback_facts f;
    f.over_tls = f.next_endpoint = true;
    f.plaintext = plaintext;
    return error(code).with_facts(f);
}

struct world {
    testing::script s;
    registry_rules rules;
    std::string ref = "r.example/x:1", manifest = "/v2/x/manifests/1";

    world() {
        for (auto const& base : {mirror_base, home, plain}) {
            for (auto const& path : {std::string("1"), test::digest_of(test::schema2())})
                s.on(base + "/v2/x/manifests/" + path, {200, test::schema2()});
            s.on(base + config_path, {200, test::config_bytes});
        }
        s.on(home + "/v1/repositories/x/images", {410}); // told from all that v2 says
    }
    void by_digest() {
        auto const digest = test::digest_of(test::schema2());
        ref = "r.example/x@" + digest;
        manifest = "/v2/x/manifests/" + digest;
    }
    void set(std::string const& base, std::string const& path, answer a) {
        s.answers[base + path].clear();
        s.on(base + path, std::move(a));
    }
    result<inspection> inspect() {
        legacy_client<v1_policies> registry(testing::scripted_transport(s),
                                            client_options().with_rules(rules).with_retry(retry_rules(1)));
        return registry.inspect(reference::parse(ref).value());
    }
    /// m for the mirror, s for the origin over TLS, h over http; M for the manifest, B for the config, V for v1. An answer
    /// without words is asked for again with an `Accept` line a type, at the same place: that is left out.
    std::string journal() const {
        std::string out;
        for (auto const& q : s.journal) {
            if (q.headers.all("Accept").size() > 1) continue;
            out += out.empty() ? "" : " ";
            out += q.url.starts_with(mirror_base) ? 'm' : q.url.starts_with(home) ? 's'
                                                                                  : 'h';
            out += q.url.find("/v1/") != q.url.npos ? 'V' : q.url.find("/manifests/") != q.url.npos ? 'M'
                                                                                                    : 'B';
        }
        return out;
    }
};

/// What an error is by the table.
enum class row { unreachable,
                 own,
                 refused,
                 unknown,
                 busy,
                 content,
                 other };

struct kind {
    char const* name;
    answer what;
    row of;
    errc at_manifest, at_config;
};

std::vector<kind> kinds() {
    std::vector<kind> out;
    auto const add = [&](char const* name, answer a, row of, errc at_manifest, errc at_config) {
        out.push_back({name, std::move(a), of, at_manifest, at_config});
    };
    for (auto code : {errc::connection_refused, errc::connection_reset, errc::tls_handshake_failed})
        add("unreachable", unreachable(code, true), row::unreachable, code, code);
    for (auto code : {errc::tls_cert_untrusted, errc::tls_host_mismatch})
        add("certificate", unreachable(code, false), row::other, code, code);
    for (auto code : {errc::cancelled, errc::sink_failed, errc::out_of_memory}) add("own", error(code), row::own, code, code);
    // Whether a code stands alone or has words of its own does not matter.
    for (bool const words : {true, false}) {
        add("401", coded(401, "UNAUTHORIZED", words), row::refused, errc::auth_required, errc::auth_required);
        add("DENIED", coded(403, "DENIED", words), row::other, errc::denied, errc::denied);
        add("NAME_UNKNOWN", coded(404, "NAME_UNKNOWN", words), row::unknown, errc::name_unknown, errc::name_unknown);
        add("MANIFEST_UNKNOWN", coded(404, "MANIFEST_UNKNOWN", words), row::unknown, errc::manifest_unknown, errc::blob_unknown);
        add("TOOMANYREQUESTS", coded(429, "TOOMANYREQUESTS", words), row::busy, errc::rate_limited, errc::rate_limited);
    }
    add("401 unreadable", {401, "<html>"}, row::refused, errc::auth_required, errc::auth_required);
    add("403 unreadable", {403}, row::other, errc::denied, errc::denied);
    add("404 unreadable", {404, "<html>"}, row::unknown, errc::not_found, errc::blob_unknown);
    for (int status : {408, 500, 502, 503, 504, 501}) add("5xx", {status}, row::busy, errc::server_error, errc::server_error);
    add("400", {400}, row::other, errc::registry_error, errc::registry_error);
    add("304", {304}, row::other, errc::http_unexpected_status, errc::http_unexpected_status);
    return out;
}

enum class v1 { off,
                unconfirmed,
                confirmed };

} // namespace

TEST_CASE("every error at every stage, at a mirror and at the origin, with and without http and v1", "[spec-2.7]") {
    int checked = 0;
    for (auto const& k : kinds())
        for (int stage = 0; stage < 3; ++stage) // the manifest by tag, by digest, the config
            for (int place = 0; place < 3; ++place) // the mirror; the origin alone; the origin after a mirror
                for (bool const http : {false, true})
                    for (auto const old : {v1::off, v1::unconfirmed, v1::confirmed}) {
                        INFO(k.name << ' ' << k.what.head.status << ", stage " << stage << ", place " << place << ", http " << http
                                    << ", v1 " << int(old));
                        world w;
                        if (stage == 1) w.by_digest();
                        if (place != 1) w.rules.with_mirror("r.example", mirror("m.example"));
                        if (http) w.rules.host("r.example").with_plaintext(plaintext::allowed);
                        w.rules.with_v1(old != v1::off);
                        auto what = k.what;
                        if (old == v1::confirmed && !what.failure)
                            what.head.headers.add("Docker-Distribution-Api-Version", "registry/2.0");
                        if (place == 2) w.set(mirror_base, w.manifest, {404});
                        w.set(place == 0 ? mirror_base : home, stage == 2 ? config_path : w.manifest, what);
                        auto const got = w.inspect();

                        std::string expected = place == 2 ? "mM " : "";
                        expected += place == 0 ? "mM" : "sM";
                        if (stage == 2) expected += place == 0 ? " mB" : " sB";
                        auto reported = stage == 2 ? k.at_config : k.at_manifest;
                        if (place == 0 && k.of != row::own) {
                            expected += " sM sB";
                            reported = errc::ok;
                        } else if (place != 0 && k.of == row::unreachable && http && stage != 2) {
                            // Nothing was answered over TLS. With the config something was.
                            expected += " hM hB";
                            reported = errc::ok;
                        } else if (place != 0 && (k.of == row::refused || k.of == row::unknown) && old == v1::unconfirmed && stage != 2) {
                            // By digest v1 has no answer, and is not asked; where it is, what it says is the origin's last word.
                            if (stage == 0) expected += " sV", reported = errc::registry_error;
                        }
                        CHECK(w.journal() == expected);
                        CHECK(name_of(got ? errc::ok : got.error().kind()) == name_of(reported));
                        ++checked;
                    }
    CHECK(checked == int(kinds().size()) * 3 * 3 * 2 * 3);
}

TEST_CASE("golden journals, row by row", "[spec-2.7]") {
    struct setup {
        bool mirror = false, http = false, v1 = false, header = false, digest = false;
    };
    auto const run = [](setup o, std::string const& base, answer a, bool at_config = false) {
        world w;
        if (o.digest) w.by_digest();
        if (o.mirror) w.rules.with_mirror("r.example", mirror("m.example")).host("m.example").with_plaintext(plaintext::allowed);
        if (o.http) w.rules.host("r.example").with_plaintext(plaintext::allowed);
        w.rules.with_v1(o.v1);
        if (o.header && !a.failure) a.head.headers.add("Docker-Distribution-Api-Version", "registry/2.0");
        w.set(base, at_config ? config_path : w.manifest, std::move(a));
        auto const got = w.inspect();
        return std::pair(w.journal(), std::string(name_of(got ? errc::ok : got.error().kind())));
    };
    using golden = std::pair<std::string, std::string>;
    answer const gone = unreachable(errc::connection_refused, true), wrong(200, test::schema2("{}"));
    SECTION("row 1: a transport failure before any answer") {
        CHECK(run({.http = true}, home, gone) == golden("sM hM hB", "ok"));
        CHECK(run({}, home, gone) == golden("sM", "connection_refused"));
        CHECK(run({.http = true, .v1 = true}, home, gone) == golden("sM hM hB", "ok"));
    }
    SECTION("row 2: an answer over TLS: never plaintext") {
        for (int status : {304, 400, 401, 403, 404, 429, 500}) CHECK(run({.http = true}, home, {status}).first == "sM");
        CHECK(run({.http = true}, home, gone, true) == golden("sM sB", "connection_refused"));
    }
    SECTION("row 3: cancelled, out of time") {
        CHECK(run({.mirror = true, .http = true, .v1 = true}, mirror_base, error(errc::cancelled)) == golden("mM", "cancelled"));
        CHECK(run({.http = true, .v1 = true}, home, error(errc::timeout)) == golden("sM", "timeout"));
    }
    SECTION("row 4: 401, DENIED") {
        CHECK(run({}, home, {401}) == golden("sM", "auth_required"));
        CHECK(run({.mirror = true}, mirror_base, {401}) == golden("mM sM sB", "ok"));
        CHECK(run({.mirror = true}, mirror_base, coded(403, "DENIED", true)) == golden("mM sM sB", "ok"));
        CHECK(run({.v1 = true}, home, {401}) == golden("sM sV", "registry_error"));
        CHECK(run({.v1 = true, .header = true}, home, {401}) == golden("sM", "auth_required"));
        CHECK(run({.v1 = true}, home, coded(403, "DENIED", true)) == golden("sM", "denied"));
    }
    SECTION("row 5: NAME_UNKNOWN, MANIFEST_UNKNOWN, 404") {
        for (auto const& [a, code] : {std::pair{coded(404, "NAME_UNKNOWN", true), "name_unknown"},
                                      std::pair{coded(404, "MANIFEST_UNKNOWN", false), "manifest_unknown"},
                                      std::pair{answer(404, "<html>"), "not_found"}}) {
            CHECK(run({.http = true}, home, a) == golden("sM", code));
            CHECK(run({.mirror = true}, mirror_base, a) == golden("mM sM sB", "ok"));
            CHECK(run({.v1 = true}, home, a) == golden("sM sV", "registry_error"));
            CHECK(run({.v1 = true, .header = true}, home, a) == golden("sM", code));
            CHECK(run({.v1 = true, .digest = true}, home, a) == golden("sM", code));
        }
        CHECK(run({.v1 = true}, home, {404}, true) == golden("sM sB", "blob_unknown")); // not after a manifest of v2
    }
    SECTION("row 6: 5xx, 429") {
        for (int status : {429, 500, 503}) {
            auto const code = status == 429 ? "rate_limited" : "server_error";
            CHECK(run({.http = true, .v1 = true}, home, {status}) == golden("sM", code));
            CHECK(run({.mirror = true}, mirror_base, {status}) == golden("mM sM sB", "ok"));
            CHECK(run({.mirror = true}, mirror_base, {status}, true) == golden("mM mB sM sB", "ok"));
        }
    }
    SECTION("row 7: content that is not what it should be") {
        CHECK(run({.http = true, .v1 = true, .digest = true}, home, wrong) == golden("sM", "digest_mismatch"));
        CHECK(run({.mirror = true, .http = true, .v1 = true, .digest = true}, mirror_base, wrong) == golden("mM sM sB", "ok"));
        CHECK(run({.http = true, .v1 = true}, home, {200, "{"}) == golden("sM", "json_syntax"));
        CHECK(run({.http = true, .v1 = true}, home, {200, "{}"}, true) == golden("sM sB", "size_mismatch"));
    }
    SECTION("row 8: a bare code or words of its own") {
        for (auto const* code : {"UNAUTHORIZED", "DENIED", "NAME_UNKNOWN", "MANIFEST_UNKNOWN", "TAG_INVALID"})
            for (int status : {401, 403, 404})
                for (setup const& o : {setup{}, setup{.v1 = true}, setup{.v1 = true, .header = true}, setup{.mirror = true}})
                    CHECK(run(o, home, coded(status, code, true)) == run(o, home, coded(status, code, false)));
    }
}

} // namespace modern_product_test
