// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/client/basic_client.hpp>
#include <lading/endpoint/endpoints.hpp>
#include <lading/legacy/docker_1_10_fallback.hpp>

namespace endpoints_test {

using namespace lading;

namespace {

bool is_v1(endpoint const&) { return false; }
bool is_v1(legacy_endpoint const& e) { return e.version == api_version::v1; }

/// "https://r.example x", a line an endpoint; mirrors begin with "mirror ", v1 with "v1 ".
template <class F>
std::string list(std::string_view name, registry_rules const& rules, bool by_digest = false) {
    auto const found = F::endpoints(repository::parse(name).value(), rules, by_digest);
    if (!found) return std::string(name_of(found.error().kind()));
    std::string out;
    for (auto const& e : found.value())
        out.append(out.empty() ? "" : "\n")
            .append(e.is_mirror ? "mirror " : "")
            .append(is_v1(e) ? "v1 " : "")
            .append(e.base_url)
            .append(" ")
            .append(e.name.path());
    return out;
}
constexpr auto modern = [](std::string_view name, registry_rules const& rules = {}, bool by_digest = false) {
    return list<modern_fallback>(name, rules, by_digest);
};
constexpr auto old = [](std::string_view name, registry_rules const& rules = {}) {
    return list<docker_1_10_fallback>(name, rules);
};

std::vector<std::string> resolve(std::string const& host) {
    if (host == "inside.example") return {"93.184.216.34", "42.42.7.7"};
    if (host == "outside.example") return {"93.184.216.34"};
    if (host == "localhost") return {"127.0.0.1"};
    return {};
}

} // namespace

TEST_CASE("the endpoints of the original", "[spec-2.1]") {
    registry_rules const v1 = registry_rules().with_v1();
    SECTION("docker.io") {
        CHECK(old("debian", v1) == "https://registry-1.docker.io library/debian\nv1 https://index.docker.io library/debian");
        auto rules = v1;
        rules.with_mirror("docker.io", mirror("m1.example")).with_registry(registry_entry("other.example"));
        rules.registries[0].with_mirror(mirror("http://m2.example:5000"));
        CHECK(old("debian", rules) == "mirror https://m1.example library/debian\n"
                                      "mirror http://m2.example:5000 library/debian\n"
                                      "https://registry-1.docker.io library/debian\n"
                                      "v1 https://index.docker.io library/debian");
    }
    SECTION("another, secure") { CHECK(old("r.example/a/b", v1) == "https://r.example a/b\nv1 https://r.example a/b"); }
    SECTION("another, insecure") {
        auto rules = v1;
        rules.host("r.example").with_plaintext(plaintext::allowed);
        CHECK(old("r.example/a", rules) == "https://r.example a\nhttp://r.example a\nv1 https://r.example a\nv1 http://r.example a");
    }
    SECTION("v2 only") {
        registry_rules rules;
        rules.host("r.example").with_plaintext(plaintext::allowed);
        CHECK(old("r.example/a", rules) == "https://r.example a\nhttp://r.example a");
        CHECK(old("debian") == "https://registry-1.docker.io library/debian");
    }
    SECTION("mirrors are for docker.io only") {
        auto rules = registry_rules().with_mirror("r.example", mirror("m.example"));
        CHECK(old("r.example/a", rules) == "https://r.example a");
    }
}

TEST_CASE("which hosts are insecure", "[spec-2.2]") {
    registry_rules none;
    none.resolve = resolve;
    for (auto host : {"localhost", "localhost:5000", "127.0.0.1", "127.9.9.9:80"}) {
        INFO(host);
        CHECK(is_insecure_host(host, none));
        CHECK(is_insecure_host(host, registry_rules())); // whoever resolves
    }
    CHECK(!is_insecure_host("example.com", none));
    CHECK(!is_insecure_host("docker.io", none));

    auto named = none;
    named.host("example.com").with_plaintext(plaintext::allowed);
    CHECK(is_insecure_host("example.com", named));
    CHECK(!is_insecure_host("example.com:5000", named));
    named.host("127.0.0.1:5000"); // an entry decides before any address
    CHECK(!is_insecure_host("127.0.0.1:5000", named));

    auto network = none;
    network.insecure_networks = {"42.42.0.0/16"};
    CHECK(is_insecure_host("inside.example", network)); // any address counts
    CHECK(is_insecure_host("inside.example:5000", network));
    CHECK(!is_insecure_host("outside.example", network));
    CHECK(is_insecure_host("42.42.1.1:5000", network)); // resolution fails, an IP literal
    CHECK(!is_insecure_host("unknown.example", network)); // resolution fails, a name
    CHECK(!is_insecure_host("docker.io", network));
    network.insecure_networks = {"0.0.0.0/0"};
    CHECK(is_insecure_host("outside.example", network));
    CHECK(!is_insecure_host("unknown.example", network));
    for (auto bad : {"42.42.0.0/33", "42.42.0.0/x", "42.42.0.0/", "junk", ""}) {
        network.insecure_networks = {bad};
        CHECK(!is_insecure_host("42.42.1.1", network));
    }
}

TEST_CASE("plaintext is for hosts that are named, and not implied by anything", "[spec-2.7]") {
    registry_rules rules;
    CHECK(modern("localhost:5000/a", rules) == "https://localhost:5000 a");
    rules.host("r.example").with_tls(tls_options().with_verify(false));
    CHECK(modern("r.example/a", rules) == "https://r.example a"); // no certificate check is not plaintext
    rules.host("r.example").with_plaintext(plaintext::allowed);
    CHECK(modern("r.example/a", rules) == "https://r.example a\nhttp://r.example a");
    rules.host("r.example").with_plaintext(plaintext::only);
    CHECK(modern("r.example/a", rules) == "http://r.example a");
    CHECK(modern("r.example:5000/a", rules) == "https://r.example:5000 a");
    CHECK(rules.tls().find("r.example").verify == false);
    CHECK(rules.tls().find("r.example:5000").verify == true);
    CHECK(registry_rules().tls().find("x").verify == true);
}

TEST_CASE("mirrors: any host, in order, the origin last") {
    registry_rules rules;
    rules.with_registry(registry_entry("docker.io")
                            .with_mirror(mirror("m1.example:5000"))
                            .with_mirror(mirror("m2.example/hub"))
                            .with_mirror(mirror("digests.example", mirror_use::digest_only))
                            .with_mirror(mirror("tags.example", mirror_use::tag_only)));
    rules.host("m1.example:5000").with_plaintext(plaintext::only);
    CHECK(modern("debian", rules) == "mirror http://m1.example:5000 library/debian\n"
                                     "mirror https://m2.example hub/library/debian\n"
                                     "mirror https://tags.example library/debian\n"
                                     "https://registry-1.docker.io library/debian");
    CHECK(modern("debian", rules, true) == "mirror http://m1.example:5000 library/debian\n"
                                           "mirror https://m2.example hub/library/debian\n"
                                           "mirror https://digests.example library/debian\n"
                                           "https://registry-1.docker.io library/debian");
    CHECK(modern("quay.io/a/b", rules) == "https://quay.io a/b");
}

TEST_CASE("names in rules: capitals are small letters, what no host can be called is refused") {
    CHECK(modern("localhost:5000/x", client_options().with_plaintext("LocalHost:5000").rules) == "http://localhost:5000 x");
    CHECK(modern("r.example/x", registry_rules().with_host(host_rules("R.Example").with_plaintext(plaintext::only))) == "http://r.example x");
    for (auto const* name : {"http://r.example", "r.example/team"})
        CHECK(modern("r.example/x", client_options().with_plaintext(name).rules) == "config_invalid");
    for (auto const* prefix : {"https://r.example", "r.example//team"})
        CHECK(modern("r.example/x", registry_rules().with_mirror(prefix, mirror("m.example"))) == "config_invalid");
    CHECK(modern("r.example/x", registry_rules().with_mirror("r.example", mirror("https://m.example"))) == "config_invalid");
    CHECK(modern("r.example/x", registry_rules().with_mirror("r.example", mirror("a.example")).with_mirror("r.example", mirror("b.example"))) ==
          "mirror https://a.example x\nmirror https://b.example x\nhttps://r.example x");
}

TEST_CASE("the longest prefix counts, on whole components") {
    registry_rules rules;
    rules.with_mirror("r.example", mirror("host.example"))
        .with_mirror("r.example/team", mirror("team.example/x"))
        .with_mirror("r.example/team/app", mirror("app.example"))
        .with_mirror("*.wild.example", mirror("wild-mirror.example"))
        .with_registry(registry_entry("old.example").with_location("new.example/moved"))
        .with_registry(registry_entry("bad.example/evil").with_blocked())
        .with_registry(registry_entry("odd.example").with_location("nohost"));
    CHECK(modern("r.example/a", rules) == "mirror https://host.example a\nhttps://r.example a");
    CHECK(modern("r.example/team/b", rules) == "mirror https://team.example x/b\nhttps://r.example team/b");
    CHECK(modern("r.example/teams/b", rules) == "mirror https://host.example teams/b\nhttps://r.example teams/b");
    CHECK(modern("a.wild.example/b", rules) == "mirror https://wild-mirror.example b\nhttps://a.wild.example b");
    CHECK(modern("wild.example/b", rules) == "https://wild.example b");
    CHECK(modern("old.example/a", rules) == "https://new.example moved/a");
    CHECK(modern("bad.example/evil/a", rules) == "registry_blocked");
    CHECK(modern("bad.example/good", rules) == "https://bad.example good");
    CHECK(modern("odd.example/a", rules) == "config_invalid");
}

TEST_CASE("v1 is offered only where it is asked for, for the origin only") {
    registry_rules rules;
    rules.with_v1().with_mirror("r.example", mirror("m.example")).host("r.example").with_plaintext(plaintext::allowed);
    auto const v2 = "mirror https://m.example a\nhttps://r.example a\nhttp://r.example a";
    CHECK(modern("r.example/a", rules) == v2); // which speaks v2 only
    CHECK(list<modern_fallback_with_v1>("r.example/a", rules) == std::string(v2) + "\nv1 https://r.example a\nv1 http://r.example a");
    rules.with_v1(false);
    CHECK(list<modern_fallback_with_v1>("r.example/a", rules) == v2);
    CHECK(list<modern_fallback_with_v1>("debian", registry_rules().with_v1()) ==
          "https://registry-1.docker.io library/debian\nv1 https://index.docker.io library/debian");
}

} // namespace endpoints_test
