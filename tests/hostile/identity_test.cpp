// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#c17: credentials stay with their origin. Two or three listeners on the loopback, TLS, each
// journalling what it is asked; each row with its positive twin.
#include "origin_world.hpp"

#include <map>

namespace identity_test {

using namespace lading;
using test::alice, test::config_path, test::place;
using world = test::origin_world;

TEST_CASE("connections are not shared by those who would have made others", "[C17]") {
    SECTION("verification off for one host, on for another, in one transport") {
        testing::certificate_authority const unknown;
        for (bool const trusted : {false, true}) { // true: the twin
            INFO(trusted);
            place shared(true, trusted ? "c.test" : "sub.a.test", trusted ? test::authority() : unknown);
            world w;
            auto off = w.network.tls.everywhere;
            w.network.tls.with_host(shared.authority_of("a.test"), off.with_verify(false));
            asio_sync_transport transport(w.network);
            auto const get = [&](std::string const& host) {
                limits const l;
                response_body body(1000, l);
                auto const r = transport.exchange(request("GET", shared.at(host) + "/v2/"), body);
                return r ? errc::ok : r.error().kind();
            };
            auto const checked = trusted ? errc::ok : errc::tls_cert_untrusted;
            CHECK(get("a.test") == errc::ok);
            CHECK(get("c.test") == checked);
            CHECK(get("a.test") == errc::ok);
            CHECK(get("c.test") == checked);
            // The first may keep its own connection; the second never has it.
            std::map<std::size_t, std::string> hosts;
            for (auto const& q : shared.requests()) {
                auto const host = std::string(q.headers.find("Host").value_or(""));
                CHECK(hosts.try_emplace(q.connection, host).first->second == host);
            }
            CHECK(hosts.size() == (trusted ? 2 : 1));
            CHECK(shared.requests().size() == (trusted ? 4 : 2));
        }
    }
    SECTION("verification off, then on, for one host, in two transports") {
        world w;
        testing::certificate_authority const unknown;
        place impostor(true, "a.test", unknown);
        test::serve_image(impostor);
        auto get = [&](asio_sync_transport& t) {
            limits const l;
            response_body body(1000, l);
            auto const r = t.exchange(request("GET", impostor.at("a.test") + "/v2/"), body);
            return r ? errc::ok : r.error().kind();
        };
        auto off = w.network;
        off.tls.everywhere.verify = false;
        asio_sync_transport careless(off), careful(w.network);
        CHECK(get(careless) == errc::ok);
        CHECK(get(careful) == errc::tls_cert_untrusted);
        CHECK(get(careless) == errc::ok);
        CHECK(impostor.requests().size() == 2);
    }
    SECTION("alice, then bob, by one client: what is said on a connection is said anew with each request") {
        struct by_repository {
            result<std::optional<credential>> lookup(credential_query const& q) {
                return std::optional(q.repository == "r" ? alice : credential("bob", "bob-CANARY"));
            }
        };
        world w;
        auto const bob = basic_authorization(credential("bob", "bob-CANARY"));
        w.a.otherwise([&](place::request const& q) {
            auto const mine = q.target.starts_with("/v2/r/") ? basic_authorization(alice) : bob;
            if (q.headers.find("Authorization") != mine) return test::refused("Basic realm=\"x\"");
            return place::canned(200, test::schema2());
        });
        auto const at = w.a.authority_of("a.test");
        test::hostile_client registry{asio_sync_transport(w.network), w.options.with_retry(retry_rules(1)), by_repository()};
        for (auto const* name : {"r", "bobs", "r", "bobs"})
            CHECK(registry.manifest(reference::parse(at + "/" + name + ":1").value()).has_value());
        for (auto const& q : w.a.requests()) {
            auto const sent = q.headers.find("Authorization");
            if (sent) CHECK(*sent == (q.target.starts_with("/v2/r/") ? basic_authorization(alice) : bob));
        }
        CHECK(w.a.requests().size() == 5); // V23: one was refused, the first
    }
    SECTION("alice, then bob, by two clients") {
        world w;
        w.basic(w.a);
        CHECK(w.inspect().code == errc::ok);
        w.secret = credential("bob", "wrong");
        CHECK(w.inspect().code == errc::auth_denied);
    }
    SECTION("with and without a certificate: a redirect does not ride the connection that showed one") {
        world w;
        auto const mine = test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
        test::temporary_file cert(mine.cert_pem), key(mine.key_pem);
        w.network.tls.everywhere.with_client_certificate(cert.path(), key.path());
        test::serve_image(w.a);
        w.a.on("/v2/r/manifests/1", test::redirect(w.b.at("b.test") + "/x"));
        w.b.on("/x", test::redirect(w.a.at("a.test") + "/y"));
        w.a.on("/y", place::canned(200, test::schema2()));
        w.inspect();
        std::string shown;
        for (auto const& q : w.a.requests()) shown += q.target + '=' + q.client_name + ' ';
        CHECK(shown.find("/v2/r/manifests/1=" + test::client_name) != std::string::npos);
        CHECK(shown.find("/y= ") != std::string::npos);
        w.nothing_at(w.b);
    }
}

TEST_CASE("identity: a proxy", "[C18][W12]") {
    auto const login = "proxy:" + test::proxy_password;
    auto const wanted = "Basic " + detail::base64_encode(login);
    SECTION("credentials inside CONNECT, nothing of the tunnel outside") {
        world w;
        test::proxy proxy(wanted);
        w.network.with_proxy(proxy_rules().with_https(proxy.url(login)));
        w.basic(w.a);
        w.a.on(config_path, test::redirect(w.b.at("b.test") + "/blob"));
        w.b.on("/blob", place::canned(200, test::config_bytes));
        CHECK(w.inspect().code == errc::ok);
        CHECK(proxy.journal().find("CONNECT " + w.a.authority_of("a.test")) != std::string::npos);
        CHECK(proxy.journal().find("CONNECT " + w.b.authority_of("b.test")) != std::string::npos);
        CHECK(proxy.journal().find("\r\nAuthorization") == std::string::npos);
        for (auto* p : {&w.a, &w.b}) CHECK(p->journal().find("roxy-") == std::string::npos);
        w.nothing_at(w.b);
    }
    SECTION("407: an error of its own, whatever the proxy says") {
        world w;
        test::proxy proxy(wanted);
        w.network.with_proxy(proxy_rules().with_https(proxy.url("proxy:bad-" + test::proxy_password)));
        w.basic(w.a);
        auto const got = w.inspect();
        CHECK(got.code == errc::proxy_failed);
        CHECK(w.a.connections() == 0);
    }
    SECTION("200 with a body or headers of a registry") {
        for (auto const* answer :
             {"HTTP/1.1 200 OK\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nok",
              "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "nonsense\r\n\r\n",
              "HTTP/1.1 302 Found\r\nLocation: https://b.test/\r\n\r\n"}) {
            world w;
            test::proxy proxy({}, answer);
            w.network.with_proxy(proxy_rules().with_https(proxy.url()));
            w.basic(w.a);
            auto const code = w.inspect().code;
            CHECK((code == errc::proxy_failed || code == errc::tls_handshake_failed));
            CHECK(!test::has_canary(proxy.journal()));
            CHECK(w.a.journal().empty());
        }
    }
    SECTION("twin: headers in a good 200 are not the registry's") {
        world w;
        test::proxy proxy({}, "HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:0\r\nSet-Cookie: a=b\r\n\r\n");
        w.network.with_proxy(proxy_rules().with_https(proxy.url()));
        w.basic(w.a);
        auto const got = w.inspect();
        CHECK(got.code == errc::ok);
        CHECK(got.text.empty());
    }
    SECTION("http through a forwarding proxy: its credentials beside the request, and not to the registry") {
        world w;
        place plain(false);
        test::serve_image(plain);
        test::proxy proxy(wanted);
        w.network.with_proxy(proxy_rules().with_http(proxy.url(login)));
        w.options.with_plaintext(plain.authority_of("a.test")).with_retry(retry_rules(1));
        test::hostile_client registry{asio_sync_transport(w.network), w.options, fixed_credentials()};
        CHECK(registry.manifest(reference::parse(plain.authority_of("a.test") + "/r:1").value()).has_value());
        CHECK(proxy.journal().find("GET " + plain.at("a.test") + "/v2/r/manifests/1") != std::string::npos);
        CHECK(proxy.journal().find("\r\nAuthorization") == std::string::npos);
        CHECK(plain.journal().find("roxy-") == std::string::npos);
        w.network.with_proxy(proxy_rules().with_http(proxy.url("proxy:bad-" + test::proxy_password)));
        auto const asked = plain.requests().size();
        test::hostile_client locked_out{asio_sync_transport(w.network), w.options, fixed_credentials()};
        auto const got = locked_out.manifest(reference::parse(plain.authority_of("a.test") + "/r:1").value());
        CHECK(got.error() == errc::proxy_failed);
        CHECK(!test::has_canary(got.error().message()));
        CHECK(plain.requests().size() == asked);
    }
    SECTION("where no proxy is used its login goes nowhere") {
        world w;
        place plain(false);
        test::serve_image(plain);
        w.network.with_proxy(proxy_rules().with_http("http://" + login + "@127.0.0.1:1").with_exception("a.test"));
        w.options.with_plaintext(plain.authority_of("a.test"));
        test::hostile_client registry{asio_sync_transport(w.network), w.options, fixed_credentials()};
        CHECK(registry.manifest(reference::parse(plain.authority_of("a.test") + "/r:1").value()).has_value());
        CHECK(plain.journal().find("roxy-") == std::string::npos);
    }
    SECTION("one that cannot be used says nothing of the host: no plaintext, which might go past it") {
        for (auto const& [proxy, expected] : {std::pair(std::string("http://127.0.0.1:1"), errc::proxy_failed),
                                              std::pair(std::string("http://no-such-host.invalid:1"), errc::proxy_failed),
                                              std::pair(std::string("socks5://127.0.0.1:1"), errc::config_invalid)}) {
            INFO(proxy);
            place plain(false);
            test::serve_image(plain);
            auto const name = plain.authority_of("a.test");
            test::hostile_client registry{
                asio_sync_transport(network_options(world().network).with_proxy(proxy_rules().with_https(proxy))),
                client_options().with_plaintext_fallback(name).with_retry(retry_rules(1)), fixed_credentials()};
            auto const got = registry.manifest(reference::parse(name + "/r:1").value());
            REQUIRE(!got);
            CHECK(got.error() == expected);
            CHECK(!got.error().facts().plaintext);
            CHECK(got.error().facts().stop() == (expected == errc::config_invalid));
            if (expected == errc::proxy_failed) CHECK(got.error().detail().context.find(proxy.substr(7)) == 0);
            CHECK(plain.connections() == 0);
        }
    }
    SECTION("exceptions go straight") {
        world w;
        test::proxy proxy;
        w.network.with_proxy(proxy_rules().with_https(proxy.url()).with_exception("a.test"));
        w.basic(w.a);
        CHECK(w.inspect().code == errc::ok);
        CHECK(proxy.journal().empty());
    }
}

TEST_CASE("secrets in what servers say are not repeated", "[C19]") {
    world w;
    w.basic(w.a);
    auto const body = R"({"errors":[{"code":"DENIED","message":"no","detail":null}]})";
    w.a.on(config_path, test::redirect(w.b.at("b.test") + "/blob?X-Amz-Signature=" + test::bearer + "&token=" + test::bearer));
    w.b.on("/blob", place::canned(403, body, "application/json"));
    auto const got = w.inspect();
    CHECK(got.code == errc::denied);
    CHECK(got.text.find("X-Amz-Signature=***") != std::string::npos);
}

TEST_CASE("refusals without end", "[C20]") {
    world w;
    int n = 0;
    w.a.otherwise([&](place::request const& q) -> place::canned {
        if (q.target.starts_with("/token")) return test::json(R"({"token":"t)" + std::to_string(n) + "\"}");
        ++n;
        return test::refused("Bearer realm=\"/token" + std::to_string(n) + "\",service=\"s\",scope=\"repository:r" +
                             std::to_string(n) + ":pull\"");
    });
    CHECK(w.inspect().code == errc::auth_denied);
    CHECK(w.a.count("/v2/") <= 3);
    CHECK(w.a.count("/token") <= 2);
}

TEST_CASE("the weaker choice first; and nothing secret over plain http", "[C21]") {
    world w;
    w.a.otherwise([&](place::request const& q) -> place::canned {
        if (q.target.starts_with("/token")) return test::json(R"({"token":")" + test::bearer + "\"}");
        if (q.headers.find("Authorization") == std::string_view("Bearer " + test::bearer))
            return q.target.find("/blobs/") != q.target.npos ? place::canned(200, test::config_bytes)
                                                             : place::canned(200, test::schema2());
        return place::canned(401).with_header("WWW-Authenticate", "Basic realm=\"a\"").with_header("WWW-Authenticate", "Bearer realm=\"/token\",service=\"s\"");
    });
    CHECK(w.inspect().code == errc::ok);
    for (auto const& q : w.a.requests())
        if (q.target.starts_with("/v2/")) CHECK(q.headers.find("Authorization").value_or("Bearer").starts_with("Bearer"));

    for (auto const* challenge : {"Basic realm=\"a\"", "Bearer realm=\"/token\",service=\"s\""}) {
        place plain(false);
        plain.otherwise([&](place::request const&) { return test::refused(challenge); });
        auto const at = plain.authority_of("a.test");
        auto ask = [&](bool consent) {
            test::hostile_client registry{asio_sync_transport(w.network),
                                          client_options().with_plaintext(at).with_secrets_over_http(consent).with_retry(retry_rules(1)),
                                          fixed_credentials(alice, at)};
            return registry.manifest(reference::parse(at + "/r:1").value()).error().kind();
        };
        CHECK(ask(false) == errc::plaintext_credentials_refused);
        CHECK(!test::has_canary(plain.journal()));
        CHECK(ask(true) == errc::auth_denied); // twin: with consent they are sent, and here refused
        CHECK(plain.journal().find(basic_authorization(alice)) != std::string::npos);
    }
}

TEST_CASE("identity: no TLS at A", "[C22]") {
    world w;
    place plain(false);
    test::serve_image(plain);
    auto const at = plain.authority_of("a.test");
    auto ask = [&](client_options o, bool verify = true) {
        auto network = w.network;
        network.tls.everywhere.verify = verify;
        test::hostile_client registry{asio_sync_transport(network), o.with_retry(retry_rules(1)), fixed_credentials(alice, at)};
        auto const r = registry.manifest(reference::parse(at + "/r:1").value());
        return r ? errc::ok : r.error().kind();
    };
    CHECK(ask(client_options()) == errc::tls_handshake_failed);
    CHECK(ask(client_options(), false) == errc::tls_handshake_failed); // no check of certificates is no consent
    CHECK(ask(client_options().with_plaintext("a.test")) == errc::tls_handshake_failed); // another port
    CHECK(plain.requests().empty()); // it saw the beginning of TLS, and no HTTP
    CHECK(plain.journal().find("HTTP") == std::string::npos);
    CHECK(ask(client_options().with_plaintext_fallback(at)) == errc::ok); // twin: allowed by name
    CHECK(!test::has_canary(plain.journal()));
}

TEST_CASE("one normal form of a name, or none", "[C23]") {
    for (auto const* text : {"A.TEST", "a.test", "a.test:443"}) {
        auto const u = url::parse("https://" + std::string(text) + "/").value();
        CHECK(u.origin() == origin("https", "a.test", 443));
    }
    CHECK(url::parse("https://a.test./").value().origin() == origin("https", "a.test", 443));
    for (auto const* text : {"https://a.test\\@b.test/", "https://a.test@b.test/", "https://\xef\xbd\x81.test/",
                             "https://xn--\xc3\xa9.test/", "https://a.test:443:1/", "https://a.test:/", "https:///"})
        CHECK(url::parse(text).error() == errc::url_invalid);
    for (auto const* text : {"a.test\\@b.test/r", "a.test@b.test/r", "\xef\xbd\x81.test/r", "a.test./r"})
        CHECK(!reference::parse(text).has_value());
    // Credentials are looked up by the normal form.
    CHECK(credential_key(reference::parse("A.TEST/r").value().repository()) == "a.test");
}

TEST_CASE("a greedy scope", "[C24]") {
    world w;
    test::serve_image(w.a, {"Bearer realm=\"/token\",service=\"s\",scope=\"repository:other/repo:pull,push registry:catalog:*\"",
                            "Bearer " + test::bearer});
    CHECK(w.inspect().code == errc::ok);
    for (auto const& q : w.a.requests())
        if (q.target.starts_with("/token"))
            CHECK(q.target == "/token?service=s&scope=repository%3Ar%3Apull&account=alice");
}

TEST_CASE("identity: cookies", "[C25]") {
    world w;
    w.a.otherwise([&](place::request const& q) -> place::canned {
        if (q.target.find("/blobs/") != q.target.npos) return test::redirect(w.b.at("b.test") + "/blob").with_header("Set-Cookie", "a=1");
        return place::canned(200, test::schema2()).with_header("Set-Cookie", "a=1; Domain=test; Path=/");
    });
    w.b.on("/blob", place::canned(200, test::config_bytes).with_header("Set-Cookie", "b=2"));
    CHECK(w.inspect().code == errc::ok);
    CHECK(w.inspect().code == errc::ok);
    CHECK((w.a.journal() + w.b.journal()).find("ookie") == std::string::npos);
}

TEST_CASE("a redirect with user information", "[C26]") {
    world w;
    w.basic(w.a);
    w.a.on(config_path, test::redirect("https://x:y@" + w.b.authority_of("b.test") + "/"));
    CHECK(w.inspect().code == errc::url_invalid);
    CHECK(w.b.connections() == 0);
    for (auto const& q : w.a.requests()) // not turned into an Authorization of its own
        CHECK(q.headers.find("Authorization").value_or(basic_authorization(alice)) == basic_authorization(alice));
    world twin; // an "@" in a path names nobody
    twin.basic(twin.a);
    twin.a.on(config_path, test::redirect(twin.b.at("b.test") + "/x:y@z"));
    twin.b.on("/x:y@z", place::canned(200, test::config_bytes));
    CHECK(twin.inspect().code == errc::ok);
    twin.nothing_at(twin.b);
}

} // namespace identity_test
