// SPDX-License-Identifier: BSL-1.0
// How far an exchange may go, and through whom: the same answers from every transport over a network.
#include "catch.hpp"
#include "hostile/places.hpp"

#include <lading/net/asio_sync_transport.hpp>

#ifdef LADING_TEST_CURL
#include <lading/net/curl_transport.hpp>
#define LADING_TRANSPORTS lading::asio_sync_transport, lading::curl_transport
#else
#define LADING_TRANSPORTS lading::asio_sync_transport
#endif

#include <cstdlib>
#include <memory>
#include <string>

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

namespace reach_test {

using namespace lading;
using test::place;

namespace {

template <class T>
result<response> get(network_options const& network, std::string const& url, address_policy far = address_policy::anywhere) {
    T transport(network);
    request q("GET", url);
    q.address_policy = far;
    test::draining_sink out;
    return transport.exchange(q, out);
}
template <class T>
errc code(network_options const& network, std::string const& url, address_policy far) {
    auto const r = get<T>(network, url, far);
    return r ? errc::ok : r.error().kind();
}
network_options inner() {
    auto n = test::test_network();
    n.inner_addresses = false;
    return n;
}

/// A variable of the environment while a test runs.
struct variable {
    variable(char const* n, char const* v) : name(n) {
        if (char const* const old = std::getenv(n)) before = old;
        ::setenv(n, v, 1);
    }
    ~variable() { before.empty() ? ::unsetenv(name) : ::setenv(name, before.c_str(), 1); }
    char const* name;
    std::string before;
};

} // namespace

TEMPLATE_TEST_CASE("a transport says where its connection went", "[W10]", LADING_TRANSPORTS) {
    place p(false);
    p.on("/x", place::canned(200, "x"));
    TestType transport(inner());
    for (int n = 0; n < 2; ++n) { // a kept connection too
        request q("GET", p.at("a.test") + "/x");
        test::draining_sink out;
        auto const head = transport.exchange(q, out);
        REQUIRE(head);
        CHECK(head.value().peer == address_scope::inside);
    }
    CHECK(p.connections() == 1);
    test::proxy proxy;
    auto const through = get<TestType>(inner().with_proxy(proxy_rules().with_http(proxy.url())), p.at("a.test") + "/x");
    REQUIRE(through);
    CHECK(through.value().peer == std::nullopt); // a proxy does not say
}

TEMPLATE_TEST_CASE("what the environment says of proxies does not count", "[V02]", LADING_TRANSPORTS) {
    place p(false);
    p.on("/x", place::canned(200, "x"));
    variable const lower("no_proxy", "localhost 127.0.0.1 .a.test a.test,127.0.0.0/8"), upper("NO_PROXY", "*");
    test::proxy proxy;
    auto const network = inner().with_proxy(proxy_rules().with_http(proxy.url()));
    CHECK(get<TestType>(network, p.at("a.test") + "/x"));
    CHECK(proxy.journal().find("GET " + p.at("a.test") + "/x") == 0);
    variable const named("http_proxy", "http://127.0.0.1:1"), named_too("all_proxy", "http://127.0.0.1:1");
    CHECK(get<TestType>(inner(), p.at("a.test") + "/x"));
    // Straight, because our own rules say so: then the address is looked at.
    auto const except = network_options(network).with_proxy(proxy_rules().with_http(proxy.url()).with_exception("a.test"));
    CHECK(code<TestType>(except, p.at("a.test") + "/x", address_policy::outside) == errc::address_refused);
    CHECK(code<TestType>(network, p.at("a.test") + "/x", address_policy::outside) == errc::ok);
    CHECK(code<TestType>(except, p.at("a.test") + "/x", address_policy::inside) == errc::ok);
}

TEMPLATE_TEST_CASE("with a proxy an IPv6 literal is judged by its bytes", "[V03]", LADING_TRANSPORTS) {
    test::proxy proxy;
    auto const network = inner().with_proxy(proxy_rules().with_http(proxy.url()).with_https(proxy.url()));
    for (auto const* host : {"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[fd00:ec2::254]", "169.254.169.254", "[2002:a9fe:a9fe::1]"})
        for (auto far : {address_policy::inside, address_policy::outside})
            for (auto const* scheme : {"http://", "https://"}) {
                INFO(scheme << host);
                CHECK(code<TestType>(network, std::string(scheme) + host + ":9/", far) == errc::address_refused);
            }
    for (auto const* host : {"[fd00::5]", "[::ffff:10.0.0.1]", "10.0.0.1", "[fec0::1]", "[64:ff9b:1::10.0.0.1]"}) {
        INFO(host);
        CHECK(code<TestType>(network, std::string("http://") + host + ":9/", address_policy::outside) == errc::address_refused);
    }
    // Loopback never goes through a proxy.
    for (auto const* host : {"[0:0:0:0:0:0:0:1]", "[::1]", "[::ffff:127.0.0.1]"})
        CHECK(code<TestType>(network, std::string("http://") + host + ":9/", address_policy::outside) == errc::address_refused);
    CHECK(proxy.journal().empty());
    CHECK(code<TestType>(network, "http://[ffff]/", address_policy::anywhere) == errc::url_invalid);
}

TEMPLATE_TEST_CASE("the login of a proxy goes to the proxy and to nobody else", "[W12]", LADING_TRANSPORTS) {
    place p(false);
    p.on("/x", place::canned(200, "x"));
    auto const login = "proxy:" + test::proxy_password;
    test::proxy proxy("Basic " + detail::base64_encode(login));
    CHECK(get<TestType>(inner().with_proxy(proxy_rules().with_http(proxy.url(login))), p.at("a.test") + "/x"));
    CHECK(proxy.journal().find("\r\nProxy-Authorization: Basic ") != std::string::npos);
    CHECK(p.journal().find("roxy-Auth") == std::string::npos);
    auto const refused = get<TestType>(inner().with_proxy(proxy_rules().with_http(proxy.url("proxy:no"))), p.at("a.test") + "/x");
    CHECK(refused.error() == errc::proxy_failed);
    CHECK(get<TestType>(inner().with_proxy(proxy_rules().with_http(proxy.url(login)).with_exception("*.test")), p.at("a.test") + "/x"));
    CHECK(p.journal().find("roxy-Auth") == std::string::npos);
}

TEMPLATE_TEST_CASE("nobody is asked for the passphrase of a client's key", "[V07]", LADING_TRANSPORTS) {
    place p;
    p.on("/x", place::canned(200, "x"));
    auto const leaf = test::authority().issue({"client"});
    auto const locked = [&] {
        std::unique_ptr<BIO, int (*)(BIO*)> in(BIO_new_mem_buf(leaf.key_pem.data(), static_cast<int>(leaf.key_pem.size())), BIO_free);
        std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
        std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
        unsigned char const pass[] = {'p', 'w', 'p', 'w'};
        REQUIRE(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), pass, 4, nullptr, nullptr) == 1);
        char* text = nullptr;
        auto const n = BIO_get_mem_data(out.get(), &text);
        return std::string(text, static_cast<std::size_t>(n));
    }();
    test::temporary_file const cert(leaf.cert_pem), key(locked), plain(leaf.key_pem);
    // What OpenSSL would read where there is no terminal.
    int ends[2], before = ::dup(0);
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "pwpw\n", 5) == 5);
    ::dup2(ends[0], 0);
    auto network = inner();
    network.tls.everywhere.with_client_certificate(cert.path(), key.path());
    CHECK(code<TestType>(network, p.at("a.test") + "/x", address_policy::anywhere) == errc::tls_config_invalid);
    ::dup2(before, 0);
    char left[8];
    CHECK(::read(ends[0], left, sizeof left) == 5);
    for (int fd : {ends[0], ends[1], before}) ::close(fd);
    network.tls.everywhere.with_client_certificate(cert.path(), plain.path());
    CHECK(code<TestType>(network, p.at("a.test") + "/x", address_policy::anywhere) == errc::ok);
}

TEMPLATE_TEST_CASE("programs that are started do not inherit connections", "[V08]", LADING_TRANSPORTS) {
    place p(false);
    p.on("/x", place::canned(200, "x"));
    TestType transport(inner());
    request q("GET", p.at("a.test") + "/x");
    test::draining_sink out;
    REQUIRE(transport.exchange(q, out)); // and is kept
    int found = 0;
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in to{};
        socklen_t n = sizeof to;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&to), &n) != 0 || ntohs(to.sin_port) != p.port()) continue;
        ++found;
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(found == 1);
}

TEMPLATE_TEST_CASE("the authority of a registry counts for the hosts that it names", "[W13]", LADING_TRANSPORTS) {
    testing::certificate_authority const own;
    place p(true, "b.test", own);
    p.on("/x", place::canned(200, "x"));
    auto network = inner();
    network.tls.with_host("a.test:5000", tls_options().with_ca_pem(own.cert_pem()).with_client_certificate("/none.cert", "/none.key"));
    network.tls.with_host("c.test", tls_options().with_verify(false));
    auto const named = [&](std::string const& by) {
        TestType transport(network);
        request q("GET", p.at("b.test") + "/x");
        q.address_policy = by.empty() ? address_policy::anywhere : address_policy::inside;
        q.named_by = by;
        test::draining_sink out;
        auto const r = transport.exchange(q, out);
        return r ? errc::ok : r.error().kind();
    };
    CHECK(named("a.test:5000") == errc::ok); // and its client certificate is not even looked for
    CHECK(named("") == errc::tls_cert_untrusted);
    CHECK(named("a.test") == errc::tls_cert_untrusted);
    CHECK(named("c.test") == errc::tls_cert_untrusted); // what is not checked for one is checked for others
    network.tls.with_host("b.test", tls_options().with_verify(false));
    CHECK(named("b.test") == errc::ok); // but for its own other ports
    SECTION("a connection of the one is not the other's") {
        auto both = inner();
        both.tls.with_host("a.test:5000", tls_options().with_ca_pem(own.cert_pem()));
        TestType transport(both);
        for (auto const& [by, expected] : {std::pair("a.test:5000", errc::ok), std::pair("m.test", errc::tls_cert_untrusted), std::pair("a.test:5000", errc::ok)}) {
            request q("GET", p.at("b.test") + "/x");
            q.address_policy = address_policy::inside;
            q.named_by = by;
            test::draining_sink out;
            auto const r = transport.exchange(q, out);
            CHECK((r ? errc::ok : r.error().kind()) == expected);
        }
    }
}

} // namespace reach_test
