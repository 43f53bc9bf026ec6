// SPDX-License-Identifier: BSL-1.0
// The client over real sockets: requests and connections counted in the server's own journal.
#include "catch.hpp"
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

namespace client_test {

using namespace lading;
using testing::access;
using testing::image_kind_to_serve;
using testing::registry_options;

namespace {

struct with_credentials : default_policies {
    using credentials = fixed_credentials;
};

inspect_options no_tags() {
    return inspect_options().with_platform(platform_choice::like(platform("linux", "amd64")));
}

struct counted {
    std::size_t requests;
    std::size_t connections;
    friend bool operator==(counted const&, counted const&) = default;
};
std::ostream& operator<<(std::ostream& o, counted const& c) {
    return o << c.requests << " requests on " << c.connections << " connections";
}

/// One inspect by a fresh client.
counted inspect(testing::registry& fake, std::string const& ref, inspect_options what, fixed_credentials secret = {}) {
    fake.clear_journal();
    basic_client<with_credentials> registry(asio_sync_transport(tls_options().with_ca_pem(fake.ca_pem())),
                                            client_options().with_plaintext(fake.ca_pem().empty() ? fake.host() : ""),
                                            secret);
    auto const r = registry.inspect(reference::parse(fake.host() + "/" + ref).value(), std::move(what));
    if (!r) UNSCOPED_INFO(r.error().message());
    REQUIRE(r.has_value());
    std::size_t last = 0, connections = 0;
    for (auto const& e : fake.journal())
        if (e.connection != last) ++connections, last = e.connection;
    return {fake.journal().size(), connections};
}

} // namespace

TEST_CASE("no request is made that the answer does not need, and one connection carries them all") {
    for (bool tls : {false, true}) {
        INFO(tls);
        testing::registry fake(registry_options().with_tls(tls));
        for (auto [name, kind, manifests] :
             {std::tuple{"s2", image_kind_to_serve::schema2, 1}, std::tuple{"oci", image_kind_to_serve::oci_image, 1},
              std::tuple{"list", image_kind_to_serve::manifest_list, 2}, std::tuple{"index", image_kind_to_serve::oci_index, 2}}) {
            INFO(name);
            auto const digest_text = fake.add_image(name, "1", kind);
            std::size_t const n = static_cast<std::size_t>(manifests) + 1; // and the config
            CHECK(inspect(fake, std::string(name) + ":1", no_tags()) == counted{n, 1});
            CHECK(inspect(fake, std::string(name) + ":1", no_tags().with_tags()) == counted{n + 1, 1});
            CHECK(inspect(fake, std::string(name) + "@" + digest_text, no_tags()) == counted{n, 1});
        }
        fake.add_image("s1", "1", image_kind_to_serve::schema1);
        CHECK(inspect(fake, "s1:1", no_tags()) == counted{1, 1});
    }
}

TEST_CASE("bearer costs one refused request and one token request, Basic one refused request") {
    for (bool secret : {false, true}) {
        testing::registry fake(registry_options().with_protection(access::bearer));
        fake.add_image("app", "1", image_kind_to_serve::schema2);
        auto const who = secret ? fixed_credentials(credential("user", "secret")) : fixed_credentials();
        CHECK(inspect(fake, "app:1", no_tags(), who) == counted{4, 1});
        CHECK(inspect(fake, "app:1", no_tags().with_tags(), who) == counted{5, 1});
    }
    testing::registry fake(registry_options().with_protection(access::basic));
    fake.add_image("app", "1", image_kind_to_serve::schema2);
    CHECK(inspect(fake, "app:1", no_tags(), fixed_credentials(credential("user", "secret"))) == counted{3, 1});
}

TEST_CASE("the same image in each kind gives the same record") {
    testing::registry fake;
    auto describe = [&](image_kind_to_serve kind) {
        fake.add_image("same", "1", kind);
        client registry{client_options().with_plaintext(fake.host())};
        auto const i = registry.inspect(reference::parse(fake.host() + "/same:1").value(), no_tags()).value();
        std::string out = i.image->created + i.image->author + i.image->architecture + i.image->os;
        for (auto const& e : i.image->config->env.value_or(std::vector<std::string>())) out += e;
        for (auto const& [k, v] : i.image->config->labels.value_or(string_map())) out += k + v;
        for (auto const& h : i.history) out += h.created_by;
        return out;
    };
    auto const expected = describe(image_kind_to_serve::oci_image);
    CHECK(expected.size() > 40);
    for (auto k : {image_kind_to_serve::schema1, image_kind_to_serve::schema2, image_kind_to_serve::manifest_list,
                   image_kind_to_serve::oci_index})
        CHECK(describe(k) == expected);
}

TEST_CASE("bad input: each failure has its own code and context, over real sockets") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind_to_serve::schema2);
    client registry{client_options().with_plaintext(fake.host()).with_plaintext("127.0.0.1:1")};
    auto fail = [&](std::string const& ref) {
        auto const parsed = reference::parse(ref);
        if (!parsed) return parsed.error();
        auto const r = registry.inspect(parsed.value(), no_tags());
        REQUIRE(!r.has_value());
        return r.error();
    };
    auto const base = fake.host() + "/";
    CHECK(fail("UPPER case").kind() == errc::ref_invalid);
    CHECK(fail("nohost.invalid/x").kind() == errc::host_not_found);
    auto const refused = fail("127.0.0.1:1/x");
    CHECK(refused.kind() == errc::connection_refused);
    CHECK(!refused.facts().answered);
    auto const missing = fail(base + "app:2");
    CHECK(missing.kind() == errc::manifest_unknown);
    CHECK(missing.http_status() == 404);
    CHECK(missing.facts().v2_confirmed);
    CHECK(!missing.facts().v1);
    CHECK(missing.detail().url == "http://" + base.substr(0, base.size() - 1) + "/v2/app/manifests/2");
    CHECK(fail(base + "nothing:1").kind() == errc::name_unknown);

    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_body("{\"schemaVersion\":2"));
    CHECK(fail(base + "app:1").kind() == errc::json_syntax);
    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_body("{}"));
    CHECK(fail(base + "app:1").kind() == errc::media_type_unknown);
    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_body(std::string((4u << 20) + 1, ' ')));
    auto const large = fail(base + "app:1");
    CHECK(large.kind() == errc::body_too_large);
    CHECK(large.detail().expected == "at most 4194304 bytes");
    fake.answer("GET", "/v2/app/manifests/1",
                testing::canned().with_raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"schema"));
    CHECK(fail(base + "app:1").kind() == errc::http_body_truncated);
    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_raw(""));
    CHECK(fail(base + "app:1").kind() == errc::connection_reset);

    testing::registry closed(registry_options().with_protection(access::basic));
    closed.add_image("app", "1", image_kind_to_serve::schema2);
    client anonymous{client_options().with_plaintext(closed.host())};
    auto const denied = anonymous.inspect(reference::parse(closed.host() + "/app:1").value());
    CHECK(denied.error() == errc::auth_required);
    CHECK(denied.error().http_status() == 401);

    testing::registry tls(registry_options().with_tls(true));
    tls.add_image("app", "1", image_kind_to_serve::schema2);
    client untrusting;
    auto const bad = untrusting.inspect(reference::parse(tls.host() + "/app:1").value());
    CHECK(bad.error() == errc::tls_cert_untrusted);
    CHECK(!bad.error().facts().plaintext);
    CHECK(tls.journal().empty());
}

TEST_CASE("a deadline ends a call") {
    testing::registry fake;
    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_delay(std::chrono::seconds(20)));
    client registry{client_options().with_plaintext(fake.host()).with_timeout(std::chrono::milliseconds(200))};
    auto const begin = std::chrono::steady_clock::now();
    auto const r = registry.inspect(reference::parse(fake.host() + "/app:1").value());
    CHECK(r.error() == errc::timeout);
    CHECK(r.error().facts().stop());
    CHECK(r.error().detail().expected == "at most 200 ms (client_options::with_timeout)");
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(15));
}

TEST_CASE("an error of time names the limit, its value and its option", "[V16]") {
    testing::registry fake;
    fake.answer("GET", "/v2/app/manifests/1", testing::canned().with_delay(std::chrono::seconds(20)));
    limits bounds;
    bounds.header = std::chrono::milliseconds(50);
    client registry{client_options().with_plaintext(fake.host()).with_retry(retry_rules(1)).with_limits(bounds)};
    auto const r = registry.inspect(reference::parse(fake.host() + "/app:1").value());
    CHECK(r.error() == errc::timeout_header);
    CHECK(r.error().detail().expected == "at most 50 ms (limits::header)");
    using detail::limit_behind;
    bounds = limits();
    CHECK(limit_behind(errc::connect_timeout, bounds) == "at most 30000 ms (limits::connect)");
    CHECK(limit_behind(errc::tls_timeout, bounds) == "at most 10000 ms (limits::handshake)");
    CHECK(limit_behind(errc::timeout_body, bounds) == "at most 30000 ms (limits::idle)");
    CHECK(limit_behind(errc::timeout_write, bounds) == "at most 30000 ms (limits::idle)");
    CHECK(limit_behind(errc::connection_reset, bounds).empty());
}

TEST_CASE("ping tells a registry from another server") {
    testing::registry fake;
    client registry{client_options().with_plaintext(fake.host())};
    auto const name = repository::parse(fake.host() + "/x").value();
    CHECK(registry.ping(name).has_value());
    fake.answer("GET", "/v2/", testing::canned(404).with_body("<html>"));
    auto const r = registry.ping(name);
    CHECK(r.error() == errc::not_a_registry);
}

} // namespace client_test
