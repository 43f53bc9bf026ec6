// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#fallback: what each error allows next by default, over a scripted transport.
#include "catch.hpp"
#include "documents.hpp"

#include <lading/legacy/legacy_client.hpp>

namespace modern_fallback_test {

using namespace lading;

namespace {

struct v1_policies : test::policies {
    using fallback = modern_fallback_with_v1;
};

using answer = testing::scripted_answer;

answer coded(int status, std::string const& code) {
    return {status, R"({"errors":[{"code":")" + code + R"(","message":"x"}]})"};
}
error transport_failure(errc code, bool plaintext) {
    fallback_facts f;
    f.over_tls = f.next_endpoint = true;
    f.plaintext = plaintext;
    return error(code).with_facts(f);
}

struct world {
    testing::script s;
    registry_rules rules;

    world() {
        for (auto base : {"https://m.example", "https://r.example", "http://r.example", "http://m.example"}) serve(base);
    }
    void serve(std::string const& base) {
        s.on(base + "/v2/x/manifests/1", {200, test::schema2()});
        s.on(base + "/v2/x/blobs/" + test::digest_of(test::config_bytes), {200, test::config_bytes});
    }
    void set(std::string const& base, answer a, std::string const& path = "/v2/x/manifests/1") {
        s.answers[base + path].clear();
        s.on(base + path, std::move(a));
    }
    template <class Client = test::client>
    result<inspection> inspect() {
        Client registry(testing::scripted_transport(s),
                        client_options().with_rules(rules).with_retry(retry_rules(1)));
        return registry.inspect(reference::parse("r.example/x:1").value());
    }
    /// Hosts asked for the manifest, in order; an answer without words is asked for again with an `Accept` line a type.
    std::string asked() const {
        std::string out;
        for (auto const& q : s.journal)
            if (q.headers.all("Accept").size() <= 1 && (q.url.find("/manifests/") != q.url.npos || q.url.find("/v1/") != q.url.npos))
                out.append(out.empty() ? "" : " ").append(q.url.substr(0, q.url.find('/', 8))).append(q.url.find("/v1/") != q.url.npos ? "/v1" : "");
        return out;
    }
};

std::string const mirror_base = "https://m.example", home = "https://r.example", plain = "http://r.example";

} // namespace

TEST_CASE("http only when nothing answered over TLS, and only for a host named for it", "[spec-2.7][row-1]") {
    for (auto code : {errc::connection_refused, errc::tls_handshake_failed, errc::connection_reset}) {
        world allowed;
        allowed.rules.host("r.example").with_plaintext(plaintext::allowed);
        allowed.set(home, transport_failure(code, true));
        CHECK(allowed.inspect().has_value());
        CHECK(allowed.asked() == home + ' ' + plain);

        world never; // C22
        never.set(home, transport_failure(code, true));
        CHECK(never.inspect().error() == code);
        CHECK(never.asked() == home);

        world unchecked; // no certificate check is no consent to plaintext
        unchecked.rules.host("r.example").with_tls(tls_options().with_verify(false));
        unchecked.set(home, transport_failure(code, true));
        CHECK(unchecked.inspect().error() == code);
        CHECK(unchecked.asked() == home);
    }
    world certificate;
    certificate.rules.host("r.example").with_plaintext(plaintext::allowed);
    certificate.set(home, transport_failure(errc::tls_cert_untrusted, false));
    CHECK(certificate.inspect().error() == errc::tls_cert_untrusted);
    CHECK(certificate.asked() == home);
}

TEST_CASE("an answer over TLS rules plaintext out for that host", "[spec-2.7][row-2]") {
    for (int status : {401, 403, 404, 429, 500, 400, 304}) {
        INFO(status);
        world w;
        w.rules.host("r.example").with_plaintext(plaintext::allowed);
        w.set(home, {status});
        CHECK(!w.inspect().has_value());
        CHECK(w.asked() == home);
    }
    // The first answer counts, also when a later request of the same call gets none.
    auto const config = "/v2/x/blobs/" + test::digest_of(test::config_bytes);
    auto const lost = transport_failure(errc::connection_reset, true);
    for (int way = 0; way < 3; ++way) {
        INFO(way);
        world w;
        w.rules.host("r.example").with_plaintext(plaintext::allowed);
        if (way == 0) w.set(home, lost, config);
        if (way == 1) {
            w.set(home, {307, "", {{"Location", "https://cdn.example/x"}}});
            w.s.on("https://cdn.example/x", lost);
        }
        if (way == 2) {
            w.set(home, {401, "", {{"WWW-Authenticate", R"(Bearer realm="/token",service="s")"}}});
            w.s.on(home + "/token?service=s&scope=repository%3Ax%3Apull", lost);
        }
        CHECK(w.inspect().error() == errc::connection_reset);
        CHECK(w.asked().find(plain) == std::string::npos);
    }
    world mirrors; // also when the mirror is the same host under another name of the repository
    mirrors.rules.host("m.example").with_plaintext(plaintext::allowed);
    mirrors.rules.with_mirror("r.example", mirror("m.example"));
    mirrors.set(mirror_base, {404});
    CHECK(mirrors.inspect().has_value());
    CHECK(mirrors.asked() == mirror_base + ' ' + home);
}

TEST_CASE("what the caller ends is over", "[spec-2.7][row-3]") {
    for (auto code : {errc::cancelled, errc::sink_failed, errc::out_of_memory}) {
        world w;
        w.rules.with_mirror("r.example", mirror("m.example")).host("m.example").with_plaintext(plaintext::allowed);
        w.set(mirror_base, error(code));
        CHECK(w.inspect().error() == code);
        CHECK(w.asked() == mirror_base);
    }
}

TEST_CASE("a mirror has half of the time; the time of the whole call is the caller's") {
    world w;
    w.rules.with_mirror("r.example", mirror("m.example"));
    w.set(mirror_base, error(errc::timeout)); // its share is over
    CHECK(w.inspect().has_value());
    REQUIRE(w.s.journal.size() > 1);
    CHECK(*w.s.journal[0].deadline - std::chrono::steady_clock::time_point() == std::chrono::seconds(30));
    CHECK(*w.s.journal[1].deadline - std::chrono::steady_clock::time_point() == std::chrono::seconds(60));

    world both;
    both.rules.with_mirror("r.example", mirror("m.example"));
    both.set(mirror_base, error(errc::timeout));
    both.set(home, error(errc::timeout));
    auto const got = both.inspect();
    CHECK(got.error() == errc::timeout);
    REQUIRE(got.error().detail().attempts.size() == 2);
    CHECK(got.error().detail().attempts[0].code == make_error_code(errc::too_slow));
}

TEST_CASE("whatever a mirror says the next is asked; what the origin says is the answer", "[spec-2.7][row-4][row-5][row-6][row-7][row-8]") {
    struct row {
        char const* name;
        answer what;
        errc code;
    };
    row const rows[] = {
        {"401", {401}, errc::auth_required},
        {"DENIED", coded(403, "DENIED"), errc::denied},
        {"NAME_UNKNOWN", coded(404, "NAME_UNKNOWN"), errc::name_unknown},
        {"MANIFEST_UNKNOWN", coded(404, "MANIFEST_UNKNOWN"), errc::manifest_unknown},
        {"404", {404}, errc::not_found},
        {"429", {429}, errc::rate_limited},
        {"500", {500}, errc::server_error},
        {"503", {503}, errc::server_error},
        {"400", {400}, errc::registry_error},
        {"HTML", {200, "<html>"}, errc::not_a_registry},
        {"304", {304}, errc::http_unexpected_status},
        {"unreachable", transport_failure(errc::connection_refused, true), errc::connection_refused},
        {"certificate", transport_failure(errc::tls_cert_untrusted, false), errc::tls_cert_untrusted},
    };
    for (auto const& r : rows) {
        INFO(r.name);
        world w;
        w.rules.with_mirror("r.example", mirror("m.example"));
        w.set(mirror_base, r.what);
        CHECK(w.inspect().has_value());
        CHECK(w.asked() == mirror_base + ' ' + home);

        world both;
        both.rules.with_mirror("r.example", mirror("m.example"));
        both.set(mirror_base, {404});
        both.set(home, r.what);
        auto const got = both.inspect();
        REQUIRE(!got.has_value());
        CHECK(got.error().kind() == r.code);
        CHECK(both.asked() == mirror_base + ' ' + home);
        REQUIRE(got.error().detail().attempts.size() == 2);
        CHECK(got.error().detail().attempts[0].is_mirror);
        CHECK(got.error().detail().attempts[0].http_status == 404);
        CHECK(!got.error().detail().attempts[1].is_mirror);
        CHECK(got.error().message().find("tried https://m.example (mirror): not_found") != std::string::npos);
    }
}

TEST_CASE("content that is wrong at a mirror is asked for at the origin, never over plaintext") {
    auto const bytes = test::schema2();
    auto const digest = test::digest_of(bytes);
    world w;
    w.rules.with_mirror("r.example", mirror("m.example")).host("m.example").with_plaintext(plaintext::allowed);
    auto const path = "/v2/x/manifests/" + digest;
    w.set(mirror_base, {200, test::schema2("{}")}, path);
    w.set(home, {200, bytes}, path);
    test::client registry(testing::scripted_transport(w.s), client_options().with_rules(w.rules));
    auto const got = registry.inspect(reference::parse("r.example/x@" + digest).value());
    CHECK(got.has_value());
    CHECK(got.value().source == "https://r.example:443");
    CHECK(w.asked() == mirror_base + ' ' + home);

    w.set(home, {200, test::schema2("{}")}, path);
    w.rules.host("r.example").with_plaintext(plaintext::allowed);
    test::client again(testing::scripted_transport(w.s), client_options().with_rules(w.rules));
    w.s.journal.clear();
    CHECK(again.inspect(reference::parse("r.example/x@" + digest).value()).error() == errc::digest_mismatch);
    CHECK(w.asked() == mirror_base + ' ' + home);
}

TEST_CASE("v1: compiled in, asked for, and only where nothing said v2") {
    auto const ask = [](answer a, bool rules, bool plain_too = false) {
        world w;
        w.rules.with_v1(rules).with_mirror("r.example", mirror("m.example"));
        if (plain_too) w.rules.host("r.example").with_plaintext(plaintext::allowed);
        w.set(mirror_base, {404});
        w.set(home, std::move(a));
        CHECK(!w.inspect<legacy_client<v1_policies>>().has_value());
        return w.asked();
    };
    auto const both = mirror_base + ' ' + home;
    CHECK(ask({404}, true) == both + " https://r.example/v1");
    CHECK(ask({401}, true) == both + " https://r.example/v1");
    CHECK(ask({404}, true, true) == both + " https://r.example/v1"); // not http: it answered over TLS
    CHECK(ask({404}, false) == both);
    CHECK(ask({403}, true) == both);
    CHECK(ask({500}, true) == both);
    CHECK(ask({404, "", {{"Docker-Distribution-Api-Version", "registry/2.0"}}}, true) == both);

    world w; // not compiled in: not asked
    w.rules.with_v1();
    w.set(home, {404});
    CHECK(w.inspect().error() == errc::not_found);
    CHECK(w.asked() == home);
}

TEST_CASE("the error reported is the origin's, the one with an answer before the one without") {
    world w;
    w.rules.host("r.example").with_plaintext(plaintext::allowed);
    w.set(home, transport_failure(errc::tls_handshake_failed, true));
    w.set(plain, coded(404, "MANIFEST_UNKNOWN"));
    auto got = w.inspect();
    CHECK(got.error() == errc::manifest_unknown);
    CHECK(got.error().detail().attempts.size() == 2);

    world refused;
    refused.rules.host("r.example").with_plaintext(plaintext::allowed);
    refused.set(home, transport_failure(errc::tls_handshake_failed, true));
    refused.set(plain, transport_failure(errc::connection_refused, false));
    CHECK(refused.inspect().error() == errc::tls_handshake_failed);

    world blocked;
    blocked.rules.with_registry(registry_entry("r.example").with_blocked());
    CHECK(blocked.inspect().error() == errc::registry_blocked);
    CHECK(blocked.s.journal.empty());
}

TEST_CASE("each endpoint has its own credentials", "[C16]") {
    struct by_host {
        result<std::optional<credential>> lookup(credential_query const& q) {
            if (q.host == "r.example") return std::optional(credential("alice", "pw-CANARY"));
            return std::optional<credential>();
        }
    };
    world w;
    w.rules.with_mirror("r.example", mirror("m.example"));
    answer const asks(401, "", {{"WWW-Authenticate", R"(Basic realm="x")"}});
    w.set(mirror_base, asks);
    w.set(home, asks);
    w.s.on(home + "/v2/x/manifests/1", {200, test::schema2()});
    test::client registry(testing::scripted_transport(w.s), client_options().with_rules(w.rules), by_host());
    CHECK(registry.inspect(reference::parse("r.example/x:1").value()).has_value());
    for (auto const& q : w.s.journal)
        if (q.url.starts_with(mirror_base)) CHECK(!q.headers.find("Authorization"));
}

} // namespace modern_fallback_test
