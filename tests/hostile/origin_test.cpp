// SPDX-License-Identifier: BSL-1.0
// hostile.md 2A, C01-C26: credentials stay with their origin. Two or three listeners on the loopback, TLS, each
// journalling what it is asked; each row with its positive twin.
#include "catch.hpp"
#include "places.hpp"

namespace origin_test {

using namespace lading;
using test::place;

namespace {

std::string const config_path = "/v2/r/blobs/" + test::digest_of(test::config_bytes);
credential const alice(test::user, test::password);

struct outcome {
    errc code = errc::ok;
    std::string text; ///< of the error, and what an observer was told
};

/// Alice asks A for r:1. Whatever happens, nothing of hers is in what she gets to read.
struct world : exchange_observer {
    place a, b, c;
    credential secret = alice;
    client_options options;
    network_options network = test::test_network();
    std::string host = "a.test";

    void on_exchange(exchange_record const& what) override { seen += what.method + ' ' + what.url + '\n'; }
    std::string seen;

    /// A wants Basic.
    void basic(place& p) {
        test::serve_image(p, {"Basic realm=\"x\"", basic_authorization(alice)});
    }
    /// A wants a bearer token of the realm.
    void tokens(place& p, std::string const& realm) {
        test::serve_image(p, {"Bearer realm=\"" + realm + "\",service=\"s\",scope=\"repository:r:pull\"",
                              "Bearer " + test::bearer});
    }
    outcome inspect(bool tags = false) {
        options.with_retry(retry_rules(1)).with_observer(*this);
        auto const at = a.authority_of(host);
        test::hostile_client registry{asio_sync_transport(network), options, fixed_credentials(secret, at)};
        auto const r = registry.inspect(reference::parse(at + "/r:1").value(), inspect_options().with_tags(tags));
        outcome out;
        if (!r) out = {r.error().kind(), r.error().message()};
        else for (auto const& w : r.value().warnings) out.text += w;
        INFO(out.text);
        CHECK(!test::has_canary(out.text + seen)); // U2
        return out;
    }
    void nothing_at(place& p) {
        INFO(p.journal());
        CHECK(!test::has_canary(p.journal()));
        CHECK(p.journal().find("uthorization") == std::string::npos);
    }
};

} // namespace

TEST_CASE("C01-C03: a blob redirected to another host, port, sub- or super-domain") {
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

TEST_CASE("C04: a redirect to http") {
    world w;
    place plain(false);
    w.basic(w.a);
    w.a.on("/v2/r/manifests/1", test::redirect(plain.at("a.test") + "/x"));
    CHECK(w.inspect().code == errc::redirect_downgrade);
    CHECK(plain.connections() == 0);
}

TEST_CASE("C05: A to B and back") {
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

TEST_CASE("C06: the target of a redirect wants credentials") {
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

TEST_CASE("C07: a realm on another host") {
    for (auto const* realm_host : {"b.test", "sub.a.test", "test", "a.test"}) { // a.test: on another port
        INFO(realm_host);
        world w;
        w.tokens(w.a, w.b.at(realm_host) + "/token");
        CHECK(w.inspect().code == errc::auth_realm_refused);
        CHECK(w.b.connections() == 0);
        w.secret = credential::identity(test::refresh_token);
        CHECK(w.inspect().code == errc::auth_realm_refused);
        CHECK(w.b.connections() == 0);
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

TEST_CASE("C08: a realm on http for a registry on https") {
    world w;
    place plain(false);
    for (auto const* realm_host : {"a.test", "b.test"}) {
        w.tokens(w.a, plain.at(realm_host) + "/token");
        CHECK(w.inspect().code == errc::auth_realm_refused);
        w.secret = {};
        CHECK(w.inspect().code == errc::auth_realm_refused); // not even anonymously
        w.secret = alice;
    }
    CHECK(plain.connections() == 0);
}

TEST_CASE("C09: addresses of the inside that a server names") {
    SECTION("literals, by realm and redirect") {
        for (auto const* target : {"https://169.254.169.254/t", "https://[fd00:ec2::254]/t", "https://127.0.0.1:1/t",
                                   "https://[::ffff:169.254.169.254]/t", "https://localhost.:1/t", "https://10.0.0.1/t",
                                   "https://192.168.1.1/t", "https://[::1]:1/t", "https://0.0.0.0/t"}) {
            INFO(target);
            world w;
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

TEST_CASE("C10: shapes of realms") {
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

TEST_CASE("C11, H31: the token service redirects, a GET and a POST") {
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

TEST_CASE("C12, C13: foreign layers are never asked for") {
    world w;
    auto const layer = std::string(R"({"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","size":5,"digest":")") +
                       test::digest_of("layer") + R"(","urls":["https://b.test/l","file:///etc/passwd","http://10.0.0.1/"]})";
    auto const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":)" +
                          test::descriptor(media_types::docker_config, test::config_bytes) + ",\"layers\":[" + layer + "]}";
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

TEST_CASE("C15: the next page on another origin") {
    for (auto const& to : {std::string("b.test"), std::string("a.test")}) {
        world w;
        w.basic(w.a);
        w.a.on("/v2/r/tags/list", test::json(R"({"tags":["1"]})").with_header("Link", "<" + w.b.at(to) + "/v2/r/tags/list?last=1>; rel=\"next\""));
        auto const got = w.inspect(true);
        CHECK(got.code == errc::ok); // a warning
        CHECK(got.text.find("page_cross_origin") != std::string::npos);
        CHECK(w.b.connections() == 0);
    }
    world twin;
    twin.basic(twin.a);
    twin.a.on("/v2/r/tags/list", test::json(R"({"tags":["1"]})").with_header("Link", "</v2/r/tags/more>; rel=\"next\""));
    twin.a.on("/v2/r/tags/more", test::json(R"({"tags":["2"]})"));
    CHECK(twin.inspect(true).text.empty());
    CHECK(twin.a.count("/v2/r/tags/more") == 1);
}

TEST_CASE("C16: a mirror without credentials") {
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

TEST_CASE("C17: connections are not shared by those who would have made others") {
    SECTION("verification off, then on") {
        world w;
        place impostor(true, "c.test"); // not a name of a.test
        test::serve_image(impostor);
        auto const url = impostor.at("a.test") + "/v2/";
        auto get = [&](asio_sync_transport& t) {
            limits const l;
            response_body body(1000, l);
            auto const r = t.exchange(request("GET", url), body);
            return r ? errc::ok : r.error().kind();
        };
        auto off = w.network;
        off.tls.everywhere.verify = false;
        asio_sync_transport careless(off), careful(w.network);
        CHECK(get(careless) == errc::ok);
        CHECK(get(careful) == errc::tls_host_mismatch);
        CHECK(get(careless) == errc::ok);
    }
    SECTION("alice, then bob") {
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

TEST_CASE("C18: a proxy") {
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
    SECTION("http through a forwarding proxy: no credentials beside the request") {
        world w;
        place plain(false);
        test::serve_image(plain);
        test::proxy proxy;
        w.network.with_proxy(proxy_rules().with_http(proxy.url(login)));
        w.options.with_plaintext(plain.authority_of("a.test")).with_retry(retry_rules(1));
        test::hostile_client registry{asio_sync_transport(w.network), w.options, fixed_credentials()};
        CHECK(registry.manifest(reference::parse(plain.authority_of("a.test") + "/r:1").value()).has_value());
        CHECK(proxy.journal().find("GET " + plain.at("a.test") + "/v2/r/manifests/1") != std::string::npos);
        CHECK(!test::has_canary(proxy.journal()));
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

TEST_CASE("C19: secrets in what servers say are not repeated") {
    world w;
    w.basic(w.a);
    auto const body = R"({"errors":[{"code":"DENIED","message":"no","detail":null}]})";
    w.a.on(config_path, test::redirect(w.b.at("b.test") + "/blob?X-Amz-Signature=" + test::bearer + "&token=" + test::bearer));
    w.b.on("/blob", place::canned(403, body, "application/json"));
    auto const got = w.inspect();
    CHECK(got.code == errc::denied);
    CHECK(got.text.find("X-Amz-Signature=***") != std::string::npos);
}

TEST_CASE("C20: refusals without end") {
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

TEST_CASE("C21: the weaker choice first; and nothing secret over plain http") {
    world w;
    w.a.otherwise([&](place::request const& q) -> place::canned {
        if (q.target.starts_with("/token")) return test::json(R"({"token":")" + test::bearer + "\"}");
        if (q.headers.find("Authorization") == std::string_view("Bearer " + test::bearer))
            return q.target.find("/blobs/") != q.target.npos ? place::canned(200, test::config_bytes)
                                                             : place::canned(200, test::schema2());
        return place::canned(401).with_header("WWW-Authenticate", "Basic realm=\"a\"")
            .with_header("WWW-Authenticate", "Bearer realm=\"/token\",service=\"s\"");
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

TEST_CASE("C22: no TLS at A") {
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

TEST_CASE("C23: one normal form of a name, or none") {
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

TEST_CASE("C24: a greedy scope") {
    world w;
    test::serve_image(w.a, {"Bearer realm=\"/token\",service=\"s\",scope=\"repository:other/repo:pull,push registry:catalog:*\"",
                            "Bearer " + test::bearer});
    CHECK(w.inspect().code == errc::ok);
    for (auto const& q : w.a.requests())
        if (q.target.starts_with("/token"))
            CHECK(q.target == "/token?service=s&scope=repository%3Ar%3Apull&account=alice");
}

TEST_CASE("C25: cookies") {
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

TEST_CASE("C26: a redirect with user information") {
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

} // namespace origin_test
