// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#c01 (C14 is of uploads): credentials stay with their origin. Two or three listeners on the loopback,
// TLS, each journalling what it is asked; each row with its positive twin.
#include "origin_world.hpp"

namespace origin_test {

using namespace lading;
using test::alice, test::config_path, test::place;
using world = test::origin_world;

TEST_CASE("a blob redirected to another host, port, sub- or super-domain", "[C01][C02][C03]") {
    for (auto const* to : {"b.test", "a.test", "cdn.a.test", "test"}) {
        INFO(to);
        world w;
        w.basic(w.a);
        w.a.on(config_path, test::redirect(w.b.at(to) + "/blob?X-Sig=1"));
        w.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(w.inspect().code == errc::ok);
        CHECK(w.b.count("/blob?X-Sig=1") == 1);
        w.nothing_at(w.b);
    }
    SECTION("twin: a redirect within the origin keeps the credentials") {
        world w;
        w.basic(w.a);
        w.a.on("/v2/r/manifests/1", test::redirect("/v2/r/manifests/moved"));
        w.a.on("/v2/r/manifests/moved", place::canned(200, test::schema2()));
        CHECK(w.inspect().code == errc::ok);
    }
}

TEST_CASE("a redirect to http", "[C04]") {
    world w;
    place plain(false);
    w.basic(w.a);
    w.a.on("/v2/r/manifests/1", test::redirect(plain.at("a.test") + "/x"));
    CHECK(w.inspect().code == errc::redirect_downgrade);
    CHECK(plain.connections() == 0);
}

TEST_CASE("A to B and back", "[C05]") {
    world w;
    w.basic(w.a);
    w.a.on(config_path, test::redirect(w.b.at("b.test") + "/x"));
    w.b.on("/x", test::redirect(w.a.at("a.test") + "/back"));
    w.a.on("/back", test::refused("Basic realm=\"x\""));
    CHECK(w.inspect().code == errc::auth_denied); // the 401 of the last hop is final
    w.nothing_at(w.b);
    for (auto const& q : w.a.requests())
        if (q.target == "/back") CHECK(!q.headers.find("Authorization"));
    CHECK(w.a.count("/back") == 1);
}

TEST_CASE("the target of a redirect wants credentials", "[C06]") {
    world w;
    w.basic(w.a);
    w.a.on(config_path, test::redirect(w.b.at("b.test") + "/blob"));
    w.b.on("/blob", test::refused("Bearer realm=\"" + w.b.at("b.test") + "/token\",service=\"s\""));
    CHECK(w.inspect().code == errc::auth_denied);
    CHECK(w.b.count("/token") == 0);
    w.nothing_at(w.b);
    SECTION("nor would a login change that") {
        world open;
        open.secret = {};
        test::serve_image(open.a);
        open.a.on(config_path, test::redirect(open.b.at("b.test") + "/blob"));
        open.b.on("/blob", test::refused("Basic realm=\"x\""));
        CHECK(open.inspect().code == errc::auth_denied);
    }
    SECTION("A's cached token is untouched") {
        world cached;
        cached.tokens(cached.a, "/token");
        cached.a.on(config_path, test::redirect(cached.b.at("b.test") + "/blob"));
        cached.b.on("/blob", test::refused("Bearer realm=\"" + cached.b.at("b.test") + "/token\",service=\"s\""));
        auto const at = cached.a.authority_of("a.test");
        test::hostile_client registry{asio_sync_transport(cached.network), client_options().with_retry(retry_rules(1)), fixed_credentials(alice, at)};
        auto const ref = reference::parse(at + "/r:1").value();
        CHECK(registry.inspect(ref).error() == errc::auth_denied);
        CHECK(registry.manifest(ref).has_value());
        CHECK(cached.a.count("/token") == 1);
        CHECK(cached.b.count("/token") == 0);
        cached.nothing_at(cached.b);
    }
    SECTION("twin: B has it for everybody") {
        world twin;
        twin.basic(twin.a);
        twin.a.on(config_path, test::redirect(twin.b.at("b.test") + "/blob"));
        twin.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(twin.inspect().code == errc::ok);
    }
}

TEST_CASE("a realm on another host", "[C07]") {
    for (auto const* realm_host : {"b.test", "sub.a.test", "test", "a.test"}) { // a.test: on another port
        INFO(realm_host);
        world w;
        w.tokens(w.a, w.b.at(realm_host) + "/token");
        auto const untold = [&] { // asked anonymously, and told nothing
            CHECK(!test::has_canary(w.b.journal()));
            CHECK(w.b.journal().find("uthorization") == std::string::npos);
            CHECK(w.b.journal().find("account") == std::string::npos);
        };
        CHECK(w.inspect().code == errc::auth_realm_refused); // W29: it gives no token, and that is about trust
        CHECK(w.b.requests().size() == 1);
        untold();
        w.secret = credential::identity(test::refresh_token);
        CHECK(w.inspect().code == errc::auth_realm_refused);
        CHECK(w.b.requests().size() == 2);
        untold();
        test::serve_image(w.a, {"Bearer realm=\"" + w.b.at(realm_host) + "/token\",service=\"s\"", "Bearer anonymous"});
        test::serve_image(w.b);
        CHECK(w.inspect().code == errc::ok); // a public image
        untold();
    }
    SECTION("twin: without a secret it may be asked") {
        world w;
        w.secret = {};
        test::serve_image(w.a, {"Bearer realm=\"" + w.b.at("b.test") + "/token\",service=\"s\"", "Bearer anonymous"});
        test::serve_image(w.b);
        CHECK(w.inspect().code == errc::ok);
        CHECK(w.b.count("/token") == 1);
    }
    SECTION("twin: one that the caller trusts") {
        world w;
        w.tokens(w.a, w.b.at("b.test") + "/token");
        test::serve_image(w.b);
        w.options.with_trusted_realm(w.b.at("b.test"));
        CHECK(w.inspect().code == errc::ok);
    }
    SECTION("twin: one on the registry itself, a loopback address too") {
        world w;
        w.tokens(w.a, w.a.at("a.test") + "/token");
        CHECK(w.inspect().code == errc::ok);
        world address;
        address.host = "127.0.0.1";
        address.network.inner_addresses = false;
        address.tokens(address.a, address.a.at("127.0.0.1") + "/token");
        CHECK(address.inspect().code == errc::ok);
    }
}

TEST_CASE("a realm on http for a registry on https", "[C08][W16]") {
    world w;
    place plain(false);
    for (auto const* realm_host : {"a.test", "b.test"}) {
        w.tokens(w.a, plain.at(realm_host) + "/token");
        CHECK(w.inspect().code == errc::auth_realm_refused);
        w.secret = {};
        w.is_public = true;
        CHECK(w.inspect().code == errc::auth_realm_refused); // not even anonymously
        w.is_public = false;
        w.secret = alice;
    }
    CHECK(plain.connections() == 0);
    SECTION("a registry inside a network may name one for those without a login") {
        world inside;
        inside.network.inner_addresses = false;
        inside.secret = {};
        test::serve_image(inside.a, {"Bearer realm=\"" + plain.at("b.test") + "/token\",service=\"s\"", "Bearer anonymous"});
        test::serve_image(plain);
        CHECK(inside.inspect().code == errc::ok);
        CHECK(plain.count("/token") == 1);
        inside.nothing_at(plain);
        inside.secret = alice;
        CHECK(inside.inspect().code == errc::auth_realm_refused);
        inside.options.with_trusted_realm(plain.at("b.test")); // which does not make it https
        auto const got = inside.inspect();
        CHECK(got.code == errc::auth_realm_refused);
        CHECK(got.text.find("is on http, where no credentials go") != std::string::npos);
        CHECK(plain.count("/token") == 1);
    }
}

TEST_CASE("addresses of the inside that a server names", "[C09]") {
    SECTION("literals, by realm and redirect") {
        for (auto const* target : {"https://169.254.169.254/t", "https://[fd00:ec2::254]/t", "https://127.0.0.1:1/t",
                                   "https://[::ffff:169.254.169.254]/t", "https://localhost.:1/t", "https://10.0.0.1/t",
                                   "https://192.168.1.1/t", "https://[::1]:1/t", "https://0.0.0.0/t"}) {
            INFO(target);
            world w;
            w.is_public = true;
            w.network.inner_addresses = false;
            w.secret = {};
            w.tokens(w.a, target);
            CHECK(w.inspect().code == errc::address_refused);
            w.a.on("/v2/r/manifests/1", test::redirect(target));
            CHECK(w.inspect().code == errc::address_refused);
        }
        for (auto const* target : {"https://0/t", "https://2130706433/t", "https://0x7f.1/t", "https://127.1/t"}) {
            INFO(target);
            world w;
            w.secret = {};
            w.tokens(w.a, target);
            CHECK(w.inspect().code == errc::auth_realm_refused); // no host at all
            w.a.on("/v2/r/manifests/1", test::redirect(target));
            CHECK(w.inspect().code == errc::redirect_invalid);
        }
    }
    SECTION("a name that resolves to one: the address that is dialled counts") {
        world w;
        w.is_public = true;
        w.network.inner_addresses = false;
        w.network.addresses.clear();
        w.network.with_address("a.test", "127.0.0.1").with_address("x.b.test", "169.254.169.254").with_address("b.test", "127.0.0.1");
        w.secret = {};
        for (auto const* name : {"x.b.test", "b.test"}) {
            w.tokens(w.a, w.b.at(name) + "/token");
            CHECK(w.inspect().code == errc::address_refused);
        }
        CHECK(w.b.connections() == 0);
    }
    SECTION("twin: a registry that is itself inside may name others there, but not the link's") {
        world w;
        w.host = "127.0.0.1";
        w.network.inner_addresses = false;
        test::serve_image(w.a);
        w.a.on(config_path, test::redirect(w.b.at("127.0.0.1") + "/blob"));
        w.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(w.inspect().code == errc::ok);
        world link;
        link.host = "127.0.0.1";
        link.network.inner_addresses = false;
        test::serve_image(link.a);
        link.a.on(config_path, test::redirect("https://169.254.169.254/x"));
        CHECK(link.inspect().code == errc::address_refused);
    }
    SECTION("twin: opted in") {
        world w;
        w.basic(w.a);
        w.a.on(config_path, test::redirect(w.b.at("b.test") + "/blob"));
        w.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(w.inspect().code == errc::ok);
    }
}

TEST_CASE("a registry whose name resolves to an inner address names others there", "[W10]") {
    SECTION("storage under another name, and on another port of its own") {
        for (auto const* name : {"b.test", "a.test", "cdn.a.test", "127.0.0.1", "localhost"}) {
            INFO(name);
            world w;
            w.network.inner_addresses = false;
            w.basic(w.a);
            w.a.on(config_path, test::redirect("https://" + w.b.authority_of(name) + "/blob"));
            w.b.on("/blob", place::canned(200, test::config_bytes));
            auto const got = w.inspect();
            // The test certificate has no entry for localhost: what counts is that it is asked.
            CHECK(got.code == (name == std::string("localhost") ? errc::tls_host_mismatch : errc::ok));
            w.nothing_at(w.b);
        }
    }
    SECTION("from http to https") {
        world w;
        w.network.inner_addresses = false;
        place plain(false);
        plain.otherwise([&](place::request const& q) { return test::redirect(w.b.at("a.test") + q.target); });
        test::serve_image(w.b);
        auto const name = plain.authority_of("a.test");
        test::hostile_client registry{asio_sync_transport(w.network), client_options().with_plaintext(name).with_retry(retry_rules(1)),
                                      fixed_credentials()};
        CHECK(registry.inspect(reference::parse(name + "/r:1").value()).has_value());
        CHECK(w.b.count("/v2/r/manifests/1") == 1);
    }
    SECTION("an anonymous token of a realm elsewhere, now and when the token has ended") {
        for (auto const* name : {"b.test", "a.test"}) {
            world w;
            w.network.inner_addresses = false;
            w.secret = {};
            test::serve_image(w.a, {"Bearer realm=\"" + w.b.at(name) + "/token\",service=\"s\"", "Bearer anonymous"});
            test::serve_image(w.b);
            CHECK(w.inspect().code == errc::ok);
            CHECK(w.b.count("/token") == 1);
        }
        world login;
        login.network.inner_addresses = false;
        login.tokens(login.a, login.b.at("b.test") + "/token");
        CHECK(login.inspect().code == errc::auth_realm_refused);
        login.nothing_at(login.b); // asked without the login, if at all
    }
    SECTION("but no link, and no metadata") {
        for (auto const* target : {"https://169.254.169.254/t", "https://[fd00:ec2::254]/t", "https://[fe80::1]/t", "https://x.b.test/t"}) {
            INFO(target);
            world w;
            w.network.inner_addresses = false;
            w.network.addresses.clear();
            w.network.with_address("a.test", "127.0.0.1").with_address("x.b.test", "169.254.169.254");
            w.secret = {};
            w.tokens(w.a, target);
            CHECK(w.inspect().code == errc::address_refused);
            w.a.on("/v2/r/manifests/1", test::redirect(target));
            CHECK(w.inspect().code == errc::address_refused);
        }
    }
    SECTION("a registry outside names nobody inside: not by a name, not by its own name, not by another's redirect") {
        for (auto const* name : {"b.test", "a.test", "127.0.0.1"}) {
            INFO(name);
            world w;
            w.is_public = true;
            w.network.inner_addresses = false;
            w.secret = {};
            test::serve_image(w.a);
            w.a.on(config_path, test::redirect("https://" + w.b.authority_of(name) + "/blob"));
            CHECK(w.inspect().code == errc::address_refused);
            w.tokens(w.a, w.b.at(name) + "/token");
            w.a.on("/v2/r/manifests/1", test::refused("Bearer realm=\"" + w.b.at(name) + "/token\",service=\"s\""));
            CHECK(w.inspect().code == errc::address_refused);
            CHECK(w.b.connections() == 0);
        }
        // B is inside and may be named by C, which is too; but A, which C names, seems to be outside, and what it names may not.
        world w;
        w.is_public = true;
        w.network.inner_addresses = false;
        w.secret = {};
        w.host = "c.test";
        test::serve_image(w.a);
        w.a.on(config_path, test::redirect(w.c.at("a.test") + "/there"));
        w.c.on("/there", test::redirect(w.b.at("b.test") + "/blob"));
        w.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(w.inspect().code == errc::address_refused);
        CHECK(w.c.count("/there") == 1);
        CHECK(w.b.connections() == 0);
    }
}

TEST_CASE("shapes of realms", "[C10]") {
    struct row {
        std::string realm;
        errc code;
    };
    for (auto const& r :
         {row{"file:///etc/passwd", errc::auth_realm_refused}, row{"ftp://b.test/", errc::auth_realm_refused},
          row{"", errc::auth_challenge_malformed}, row{"https://u:p@b.test/", errc::auth_realm_refused},
          row{"https://a.test/" + std::string(12'000, 'x') + "\\\"", errc::auth_realm_refused},
          row{"gopher:x", errc::auth_realm_refused}}) {
        INFO(r.realm.substr(0, 40));
        world w;
        w.tokens(w.a, r.realm);
        CHECK(w.inspect().code == r.code);
        CHECK(w.b.connections() == 0);
    }
    world lines; // a line break cannot be in a header: the head itself is refused
    lines.a.on("/v2/r/manifests/1",
               place::canned().with_raw("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"https://b.test\r\nX: y/\"\r\n"
                                        "Content-Length: 0\r\n\r\n"));
    auto const broken = lines.inspect().code;
    CHECK((broken == errc::auth_challenge_malformed || broken == errc::auth_realm_refused));
    CHECK(lines.b.connections() == 0);
    world huge;
    huge.tokens(huge.a, "https://a.test/" + std::string(64u << 10, 'x'));
    CHECK(huge.inspect().code == errc::http_header_too_large);
    SECTION("twin: a relative realm is on A") {
        world w;
        w.tokens(w.a, "/token");
        CHECK(w.inspect().code == errc::ok);
    }
}

TEST_CASE("the token service redirects, a GET and a POST", "[C11][H31]") {
    for (bool identity : {false, true})
        for (int status : {301, 302, 303, 307, 308}) {
            INFO(status << (identity ? " to a POST" : " to a GET"));
            world w;
            if (identity) w.secret = credential::identity(test::refresh_token);
            w.tokens(w.a, w.a.at("a.test") + "/token");
            w.a.on("/token", test::redirect(w.c.at("c.test") + "/t", status));
            CHECK(w.inspect().code == errc::auth_realm_refused);
            CHECK(w.c.connections() == 0);
        }
}

TEST_CASE("foreign layers are never asked for", "[C12][C13]") {
    world w;
    auto const layer = std::string(R"({"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","size":5,"digest":")") +
                       test::digest_of("layer") + R"(","urls":["https://b.test/l","file:///etc/passwd","http://10.0.0.1/"]})";
    auto const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":)" +
                          test::entry(media_types::docker_config, test::config_bytes) + ",\"layers\":[" + layer + "]}";
    w.basic(w.a);
    w.a.on("/v2/r/manifests/1", test::refused("Basic realm=\"x\""));
    w.a.on("/v2/r/manifests/1", place::canned(200, manifest));
    CHECK(w.inspect().code == errc::ok);
    w.options.with_retry(retry_rules(1));
    test::hostile_client registry{asio_sync_transport(w.network), w.options, fixed_credentials(w.secret)};
    memory_sink sink(100);
    auto const ref = reference::parse(w.a.authority_of("a.test") + "/r:1").value();
    lading::descriptor what("application/x", digest::parse(test::digest_of("layer")).value(), 5);
    what.urls = {w.b.at("b.test") + "/l"};
    CHECK(registry.blob(ref, what, sink).error() == errc::blob_unknown);
    CHECK(w.b.connections() == 0);
}

TEST_CASE("the next page on another origin", "[C15]") {
    for (auto const& to : {std::string("b.test"), std::string("a.test")}) {
        world w;
        w.basic(w.a);
        w.a.on("/v2/r/tags/list", test::json(R"({"tags":["1"]})").with_header("Link", "<" + w.b.at(to) + "/v2/r/tags/more>; rel=\"next\""));
        auto const got = w.inspect(true);
        CHECK(got.code == errc::ok); // a warning
        CHECK(got.text.find("page_cross_origin") != std::string::npos);
        CHECK(w.b.connections() == 0);
    }
    // W46: the list's own path is its place on the registry itself; the other origin hears nothing.
    for (auto const& to : {std::string("b.test"), std::string("a.test")}) {
        world w;
        w.basic(w.a);
        w.a.on("/v2/r/tags/list?n=1000", test::json(R"({"tags":["1"]})").with_header("Link", "<" + w.b.at(to) + "/v2/r/tags/list?last=1>; rel=\"next\""));
        w.a.on("/v2/r/tags/list?last=1", test::json(R"({"tags":["2"]})"));
        CHECK(w.inspect(true).text.empty());
        CHECK(w.a.count("/v2/r/tags/list?last=1") == 1);
        CHECK(w.b.connections() == 0);
    }
    world twin;
    twin.basic(twin.a);
    twin.a.on("/v2/r/tags/list", test::json(R"({"tags":["1"]})").with_header("Link", "</v2/r/tags/more>; rel=\"next\""));
    twin.a.on("/v2/r/tags/more", test::json(R"({"tags":["2"]})"));
    CHECK(twin.inspect(true).text.empty());
    CHECK(twin.a.count("/v2/r/tags/more") == 1);
}

TEST_CASE("a mirror without credentials", "[C16]") {
    for (auto const* challenge : {"Basic realm=\"x\"", "Bearer realm=\"/token\",service=\"s\""}) {
        world w;
        w.basic(w.a);
        w.b.otherwise([=](place::request const& q) {
            return q.target.starts_with("/token") ? place::canned(401) : test::refused(challenge);
        });
        w.options.with_mirror(w.a.authority_of("a.test"), mirror(w.b.authority_of("m.test")));
        CHECK(w.inspect().code == errc::ok);
        CHECK(w.b.connections() > 0);
        w.nothing_at(w.b);
    }
}

} // namespace origin_test
