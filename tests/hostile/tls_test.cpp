// SPDX-License-Identifier: BSL-1.0
// doc/threats.md#t01: whom TLS lets in, over real handshakes on the loopback. What a hostile server does during and
// after a handshake is done here with OpenSSL's own calls; certificates that no authority should sign are forged.
#include "catch.hpp"
#include "places.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tls_test {

using namespace lading;
using namespace std::chrono_literals;
using test::place;

namespace {

// ---- certificates ------------------------------------------------------------------------------------------------

using key_ptr = std::shared_ptr<EVP_PKEY>;
using certificate_ptr = std::shared_ptr<X509>;

key_ptr ec_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }
key_ptr rsa_key(unsigned bits) { return {EVP_RSA_gen(bits), EVP_PKEY_free}; }

struct identity {
    key_ptr key;
    certificate_ptr certificate;
};
struct forged {
    char const* name = "leaf";
    char const* san = "DNS:a.test";
    char const* constraints = "critical,CA:FALSE";
    char const* usage = "serverAuth"; ///< null for none
    char const* names = nullptr;      ///< name constraints
    EVP_MD const* hash = EVP_sha256();
    long from = -3600, until = 86'400;
};

identity forge(forged const& what, identity const* issuer, key_ptr key = ec_key()) {
    identity out{std::move(key), {X509_new(), X509_free}};
    X509* const c = out.certificate.get();
    static long serial = 1000;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c), what.from);
    X509_gmtime_adj(X509_getm_notAfter(c), what.until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               reinterpret_cast<unsigned char const*>(what.name), -1, -1, 0);
    X509* const by = issuer ? issuer->certificate.get() : c;
    X509_set_issuer_name(c, X509_get_subject_name(by));
    X509_set_pubkey(c, out.key.get());
    auto extend = [&](int nid, char const* value) {
        if (!value) return;
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, by, c, nullptr, nullptr, 0);
        X509_EXTENSION* const e = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
        REQUIRE(e);
        X509_add_ext(c, e, -1);
        X509_EXTENSION_free(e);
    };
    extend(NID_basic_constraints, what.constraints);
    extend(NID_subject_alt_name, what.san);
    extend(NID_ext_key_usage, what.usage);
    extend(NID_name_constraints, what.names);
    REQUIRE(X509_sign(c, (issuer ? issuer->key : out.key).get(), what.hash) > 0);
    return out;
}
identity const& root() {
    static identity const one = forge({.name = "root", .san = nullptr, .constraints = "critical,CA:TRUE", .usage = nullptr}, nullptr);
    return one;
}
std::string pem(identity const& i) {
    BIO* const b = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(b, i.certificate.get());
    char* data = nullptr;
    auto const n = BIO_get_mem_data(b, &data);
    std::string out(data, static_cast<std::size_t>(n));
    BIO_free(b);
    return out;
}

// ---- a server that does what it is told to a connection ------------------------------------------------------------

std::string const good_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class tls_listener {
  public:
    /// `serve` gets each accepted connection with TLS prepared but not begun.
    tls_listener(identity const& leaf, std::vector<identity> const& chain, std::function<void(SSL*)> serve,
                 std::function<void(SSL_CTX*)> configure = {})
        : serve_(std::move(serve)), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
          acceptor_(io_, {asio::ip::make_address("127.0.0.1"), 0}) {
        std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to the socket itself, and a client may have gone
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_use_certificate(context_.get(), leaf.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), leaf.key.get());
        for (auto const& c : chain) SSL_CTX_add1_chain_cert(context_.get(), c.certificate.get());
        if (configure) configure(context_.get());
        port_ = acceptor_.local_endpoint().port();
        thread_ = std::thread([this] { run(); });
    }
    ~tls_listener() {
        stop_ = true;
        asio::io_context wake;
        asio::error_code ignored;
        asio::ip::tcp::socket(wake).connect(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port_), ignored);
        thread_.join();
    }
    std::string url(std::string const& host = "a.test") const { return "https://" + host + ':' + std::to_string(port_) + '/'; }
    bool stopping() const { return stop_; }

  private:
    void run() {
        for (;;) {
            asio::error_code ec;
            asio::ip::tcp::socket peer(io_);
            acceptor_.accept(peer, ec);
            if (stop_) return;
            if (ec) continue;
            timeval const limit{5, 0};
            ::setsockopt(peer.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            std::unique_ptr<SSL, void (*)(SSL*)> const ssl(SSL_new(context_.get()), SSL_free);
            SSL_set_fd(ssl.get(), peer.native_handle());
            serve_(ssl.get());
        }
    }

    std::function<void(SSL*)> serve_;
    std::shared_ptr<SSL_CTX> context_;
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

/// Application bytes that a server got to read.
std::atomic<std::size_t> application_bytes;

/// An honest server: handshake, one request, the answer.
void honest(SSL* s) {
    if (SSL_accept(s) != 1) return;
    char buffer[4096];
    int const n = SSL_read(s, buffer, sizeof buffer);
    if (n <= 0) return;
    application_bytes += static_cast<std::size_t>(n);
    SSL_write(s, good_answer.data(), static_cast<int>(good_answer.size()));
    SSL_shutdown(s);
}

errc get(asio_sync_transport& t, std::string const& url, std::chrono::milliseconds* took = nullptr) {
    limits const l;
    response_body body(4u << 20, l);
    auto const begun = std::chrono::steady_clock::now();
    auto const r = t.exchange(request("GET", url), body);
    if (took) *took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    if (r) return r.value().status == 200 ? errc::ok : errc::http_unexpected_status;
    CHECK(r.error().facts().next_endpoint);
    return r.error().kind();
}
network_options trusting(std::string const& ca) {
    auto tls = tls_options().with_ca_pem(ca);
    tls.system_roots = false;
    network_options n(tls);
    for (auto const* h : {"a.test", "b.test", "foo.a.test", "x.foo.a.test", "a.b.test"}) n.with_address(h, "127.0.0.1");
    return n.with_inner_addresses();
}
errc get(std::string const& url, limits l = {}, std::chrono::milliseconds* took = nullptr) {
    asio_sync_transport t(trusting(pem(root())), l);
    return get(t, url, took);
}
/// What becomes of an honest server with such a certificate.
errc with(forged const& what, std::string const& host = "a.test") {
    tls_listener server(forge(what, &root()), {}, honest);
    application_bytes = 0;
    auto const code = get(server.url(host));
    if (code != errc::ok) CHECK(application_bytes == 0);
    return code;
}

} // namespace

TEST_CASE("self-signed, of an unknown authority, expired, not yet valid", "[T01]") {
    CHECK(with({}) == errc::ok); // the twin
    application_bytes = 0;
    tls_listener self(forge({}, nullptr), {}, honest);
    CHECK(get(self.url()) == errc::tls_cert_untrusted);
    identity const other = forge({.name = "other", .san = nullptr, .constraints = "critical,CA:TRUE", .usage = nullptr}, nullptr);
    tls_listener unknown(forge({}, &other), {other}, honest);
    CHECK(get(unknown.url()) == errc::tls_cert_untrusted);
    CHECK(application_bytes == 0);
    auto careless = trusting(pem(root()));
    careless.tls.everywhere.verify = false;
    asio_sync_transport unchecked(careless);
    CHECK(get(unchecked, self.url()) == errc::ok); // asked for by name
    limits const l;
    response_body body(1000, l);
    asio_sync_transport missing(tls_options().with_ca_file("/nonexistent.pem"));
    CHECK(missing.exchange(request("GET", self.url("127.0.0.1")), body).error() == errc::tls_config_invalid);
    CHECK(with({.from = -7200, .until = -3600}) == errc::tls_cert_untrusted);
    CHECK(with({.from = 3600, .until = 7200}) == errc::tls_cert_untrusted);
}

TEST_CASE("HTTP/1.1 is what is offered to speak over TLS", "[V14]") {
    std::string offered;
    auto const choose = [](SSL*, unsigned char const** out, unsigned char* size, unsigned char const* in, unsigned int n, void* said) {
        static_cast<std::string*>(said)->assign(reinterpret_cast<char const*>(in), n);
        *out = in + 1, *size = in[0];
        return SSL_TLSEXT_ERR_OK;
    };
    {
        tls_listener server(forge({}, &root()), {}, honest, [&](SSL_CTX* c) { SSL_CTX_set_alpn_select_cb(c, choose, &offered); });
        CHECK(get(server.url()) == errc::ok);
    }
    CHECK(offered == "\x08http/1.1");
    // A server that knows other protocols only is told so, and does not answer in one of them.
    tls_listener other(forge({}, &root()), {}, honest, [&](SSL_CTX* c) {
        SSL_CTX_set_alpn_select_cb(
            c, [](SSL*, unsigned char const**, unsigned char*, unsigned char const*, unsigned int, void*) { return SSL_TLSEXT_ERR_ALERT_FATAL; }, nullptr);
    });
    CHECK(get(other.url()) == errc::tls_handshake_failed);
}

TEST_CASE("a certificate for another host", "[T02]") {
    CHECK(with({.san = "DNS:b.test"}) == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:b.test,DNS:a.test"}) == errc::ok);
    CHECK(with({.san = "DNS:A.TEST"}) == errc::ok);
}

TEST_CASE("a common name is no name", "[T03]") {
    CHECK(with({.name = "a.test", .san = nullptr}) == errc::tls_host_mismatch);
    CHECK(with({.name = "a.test", .san = "DNS:b.test"}) == errc::tls_host_mismatch);
}

TEST_CASE("wildcards stand for one whole label", "[T04]") {
    CHECK(with({.san = "DNS:*.a.test"}, "foo.a.test") == errc::ok);
    CHECK(with({.san = "DNS:f*.a.test"}, "foo.a.test") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:*o.a.test"}, "foo.a.test") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:*.a.test"}, "x.foo.a.test") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:*.a.test"}, "a.test") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:*"}, "a.test") == errc::tls_host_mismatch);
}

TEST_CASE("an address is matched by an address entry only", "[T05]") {
    CHECK(with({.san = "IP:127.0.0.1"}, "127.0.0.1") == errc::ok);
    CHECK(with({.name = "127.0.0.1", .san = nullptr}, "127.0.0.1") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:127.0.0.1"}, "127.0.0.1") == errc::tls_host_mismatch);
    CHECK(with({.san = "DNS:*.0.0.1"}, "127.0.0.1") == errc::tls_host_mismatch);
    CHECK(with({.san = "IP:127.0.0.2"}, "127.0.0.1") == errc::tls_host_mismatch);
}

TEST_CASE("chains that must not be believed", "[T06]") {
    auto const authority = [](char const* constraints, char const* names = nullptr) {
        return forge({.name = "middle", .san = nullptr, .constraints = constraints, .usage = nullptr, .names = names}, &root());
    };
    auto const through = [](identity const& middle) {
        tls_listener server(forge({}, &middle), {middle}, honest);
        return get(server.url());
    };
    application_bytes = 0;
    CHECK(through(authority("critical,CA:FALSE")) == errc::tls_cert_untrusted);
    CHECK(through(authority("critical,CA:TRUE", "critical,permitted;DNS:b.test")) == errc::tls_cert_untrusted);
    CHECK(through(authority("critical,CA:TRUE", "critical,excluded;DNS:a.test")) == errc::tls_cert_untrusted);
    CHECK(application_bytes == 0);
    CHECK(through(authority("critical,CA:TRUE", "critical,permitted;DNS:a.test")) == errc::ok); // twin
    CHECK(with({.usage = "clientAuth"}) == errc::tls_cert_untrusted);
    CHECK(with({.usage = nullptr}) == errc::ok); // no restriction is none
    CHECK(with({.hash = EVP_sha1()}) == errc::tls_cert_untrusted);
    tls_listener weak(forge({}, &root(), rsa_key(1024)), {}, honest);
    auto const code = get(weak.url());
    CHECK((code == errc::tls_cert_untrusted || code == errc::tls_handshake_failed));
}

TEST_CASE("a server of TLS 1.0 and 1.1 only", "[T07]") {
    tls_listener old(forge({}, &root()), {}, honest, [](SSL_CTX* c) {
        SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
    });
    CHECK(get(old.url()) == errc::tls_handshake_failed);
    tls_listener twelve(forge({}, &root()), {}, honest, [](SSL_CTX* c) { SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION); });
    CHECK(get(twelve.url()) == errc::ok);
}

TEST_CASE("a body that ends with the stream needs the stream's closing message", "[T08]") {
    for (bool clean : {true, false}) {
        tls_listener server(forge({}, &root()), {}, [=](SSL* s) {
            if (SSL_accept(s) != 1) return;
            char buffer[4096];
            SSL_read(s, buffer, sizeof buffer);
            constexpr char text[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody";
            SSL_write(s, text, sizeof text - 1);
            if (clean) SSL_shutdown(s);
        });
        CHECK(get(server.url()) == (clean ? errc::ok : errc::tls_truncated));
    }
}

TEST_CASE("tls: HTTP/2", "[T09]") {
    tls_listener preface(forge({}, &root()), {}, [](SSL* s) {
        if (SSL_accept(s) != 1) return;
        constexpr char settings[] = "\0\0\0\4\0\0\0\0\0";
        SSL_write(s, settings, sizeof settings - 1);
        char buffer[4096];
        SSL_read(s, buffer, sizeof buffer);
        SSL_shutdown(s);
    });
    CHECK(get(preface.url()) == errc::http_malformed);
    // HTTP/1.1 alone is offered: a server that chooses h2 all the same breaks the protocol.
    std::atomic<int> asked = 0;
    tls_listener chooser(forge({}, &root()), {}, honest, [&](SSL_CTX* c) {
        SSL_CTX_set_alpn_select_cb(c, [](SSL*, unsigned char const** out, unsigned char* n, unsigned char const*, unsigned, void* count) {
            ++*static_cast<std::atomic<int>*>(count);
            *out = reinterpret_cast<unsigned char const*>("h2");
            *n = 2;
            return SSL_TLSEXT_ERR_OK; }, &asked);
    });
    CHECK(get(chooser.url()) == errc::tls_handshake_failed);
    CHECK(asked == 1);
}

TEST_CASE("servers that stall or overdo the handshake", "[T10]") {
    limits l;
    l.handshake = 300ms;
    std::chrono::milliseconds took{0};
    auto wait_for_close = [](SSL* s) {
        char c;
        pollfd p{SSL_get_fd(s), POLLIN, 0};
        while (::poll(&p, 1, 3000) > 0 && ::recv(p.fd, &c, 1, 0) > 0) {}
    };
    tls_listener silent(forge({}, &root()), {}, wait_for_close);
    CHECK(get(silent.url(), l, &took) == errc::tls_timeout);
    CHECK(took < 5s);
    tls_listener half(forge({}, &root()), {}, [&](SSL* s) {
        constexpr char record[] = "\x16\x03\x03\x40\x00\x02\x00\x3f"; // a server hello that never comes
        ::send(SSL_get_fd(s), record, sizeof record - 1, MSG_NOSIGNAL);
        wait_for_close(s);
    });
    CHECK(get(half.url(), l, &took) == errc::tls_timeout);
    CHECK(took < 5s);
    CHECK(limits().handshake <= 10s);

    std::vector<identity> const many(400, root()); // over 100 KiB
    tls_listener heavy(forge({}, &root()), many, honest);
    CHECK(get(heavy.url()) == errc::tls_handshake_failed);

    tls_listener updates(forge({}, &root()), {}, [](SSL* s) {
        if (SSL_accept(s) != 1) return;
        char buffer[4096];
        SSL_read(s, buffer, sizeof buffer);
        std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n";
        SSL_write(s, head.data(), static_cast<int>(head.size()));
        for (int i = 0; i < 200; ++i) {
            SSL_key_update(s, SSL_KEY_UPDATE_NOT_REQUESTED);
            if (SSL_write(s, "x", 1) <= 0) return;
        }
        SSL_shutdown(s);
    });
    CHECK(get(updates.url(), {}, &took) == errc::ok);
    CHECK(took < 30s);
}

TEST_CASE("from a good certificate to a bad one", "[T11]") {
    place a;
    test::serve_image(a);
    auto const follow = [&](std::string const& to) {
        a.on("/v2/r/manifests/1", test::redirect(to + "/x"));
        test::hostile_client registry{asio_sync_transport(test::test_network()), client_options().with_retry(retry_rules(1)),
                                      fixed_credentials(credential(test::user, test::password))};
        auto const got = registry.manifest(reference::parse(a.authority_of("a.test") + "/r:1").value());
        return got ? errc::ok : got.error().kind();
    };
    SECTION("of an authority that nobody knows") {
        testing::certificate_authority const unknown;
        place impostor(true, "b.test", unknown);
        CHECK(follow(impostor.at("b.test")) == errc::tls_cert_untrusted);
        CHECK(impostor.requests().empty());
        CHECK(impostor.journal().empty());
    }
    SECTION("of another host") {
        place impostor(true, "c.test");
        CHECK(follow(impostor.at("b.test")) == errc::tls_host_mismatch);
        CHECK(impostor.requests().empty());
        CHECK(impostor.journal().empty());
    }
    SECTION("twin: to a good one") {
        place b(true, "b.test");
        b.on("/x", place::canned(200, test::schema2()));
        CHECK(follow(b.at("b.test")) == errc::ok);
        CHECK(b.journal().find("uthorization") == std::string::npos);
    }
}

TEST_CASE("a session is resumed with the same host and trust, and never with others", "[T12]") {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        INFO(version);
        std::vector<int> resumed;
        auto const serve = [&](SSL* s) {
            if (SSL_accept(s) != 1) return;
            resumed.push_back(SSL_session_reused(s));
            char buffer[4096];
            SSL_read(s, buffer, sizeof buffer);
            std::string const text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
            SSL_write(s, text.data(), static_cast<int>(text.size()));
            SSL_shutdown(s);
        };
        // One key for all tickets: the server would resume whatever it is offered.
        tls_listener server(forge({.san = "DNS:a.test,DNS:b.test"}, &root()), {}, serve, [&](SSL_CTX* c) {
            SSL_CTX_set_min_proto_version(c, version);
            SSL_CTX_set_max_proto_version(c, version);
        });
        auto careless = trusting(pem(root()));
        careless.tls.everywhere.verify = false;
        asio_sync_transport off(careless), on(trusting(pem(root())));
        for (auto* t : {&off, &on, &off, &on})
            for (auto const* host : {"a.test", "b.test", "a.test"}) CHECK(get(*t, server.url(host)) == errc::ok);
        CHECK(resumed == std::vector<int>{0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1});

        // Where a server named the host no client certificate is shown, and no session of one that was shown one is used.
        resumed.clear();
        limits const l;
        response_body body(1000, l);
        request named("GET", server.url("a.test"));
        for (auto by : {address_policy::anywhere, address_policy::outside, address_policy::outside}) {
            named.address_policy = by;
            CHECK(on.exchange(named, body).has_value());
        }
        CHECK(resumed == std::vector<int>{1, 0, 1});
    }
}

TEST_CASE("over TLS too, where the second answer may have been read already", "[H07]") {
    std::atomic<int> connections = 0;
    tls_listener server(forge({}, &root()), {}, [&](SSL* s) {
        if (SSL_accept(s) != 1) return;
        ++connections;
        char buffer[4096];
        int corked = 1; // both answers in one packet
        for (SSL_read(s, buffer, sizeof buffer);;) {
            ::setsockopt(SSL_get_fd(s), IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
            for (auto const* body : {"good", "evil"}) {
                auto const text = std::string("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n") + body;
                SSL_write(s, text.data(), static_cast<int>(text.size()));
            }
            corked = 0;
            ::setsockopt(SSL_get_fd(s), IPPROTO_TCP, TCP_CORK, &corked, sizeof corked);
            if (SSL_read(s, buffer, sizeof buffer) <= 0) return;
        }
    });
    asio_sync_transport t(trusting(pem(root())));
    limits const l;
    for (int i = 1; i <= 3; ++i) {
        response_body body(1000, l);
        CHECK(t.exchange(request("GET", server.url()), body).has_value());
        CHECK(body.text() == "good");
        CHECK(connections == i);
    }
}

TEST_CASE("the certificate for A is not shown to B", "[T13]") {
    auto const mine = test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
    test::temporary_file const cert(mine.cert_pem), key(mine.key_pem);
    place a, b;
    test::serve_image(a);
    test::serve_image(b);
    auto network = test::test_network();
    auto for_a = network.tls.everywhere;
    network.tls.with_host(a.authority_of("a.test"), for_a.with_client_certificate(cert.path(), key.path()));
    test::hostile_client registry{asio_sync_transport(network), client_options()};
    for (auto* p : {&a, &b}) CHECK(registry.manifest(reference::parse(p->authority_of("a.test") + "/r:1").value()).has_value());
    CHECK(a.requests().at(0).client_name == test::client_name);
    CHECK(b.requests().at(0).client_name.empty());

    test::temporary_file const other(test::authority().issue({"x"}).key_pem);
    auto bad = test::test_network();
    bad.tls.everywhere.with_client_certificate(cert.path(), other.path());
    asio_sync_transport t(bad);
    limits const l;
    response_body body(1000, l);
    CHECK(t.exchange(request("GET", a.at("a.test") + "/"), body).error() == errc::tls_config_invalid);
}

TEST_CASE("renegotiation and late requests for a certificate", "[T14]") {
    auto const mine = test::authority().issue({}, {}, testing::certificate_options().with_common_name(test::client_name));
    test::temporary_file const cert(mine.cert_pem), key(mine.key_pem);
    for (bool old : {true, false}) {
        std::atomic<bool> granted = false;
        tls_listener server(forge({}, &root()), {}, [&](SSL* s) {
            if (SSL_accept(s) != 1) return;
            char buffer[4096];
            SSL_read(s, buffer, sizeof buffer);
            SSL_set_verify(s, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
            int asked = old ? SSL_renegotiate(s) : SSL_verify_client_post_handshake(s);
            if (asked == 1) asked = SSL_do_handshake(s);
            if (asked == 1 && old) asked = SSL_read(s, buffer, sizeof buffer) > 0;
            X509* const shown = SSL_get1_peer_certificate(s);
            granted = shown != nullptr;
            X509_free(shown);
            SSL_write(s, good_answer.data(), static_cast<int>(good_answer.size()));
            SSL_shutdown(s); }, [&](SSL_CTX* c) { if (old) SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION); });
        auto network = trusting(pem(root()));
        network.tls.everywhere.with_client_certificate(cert.path(), key.path());
        limits l;
        l.header = 2s;
        asio_sync_transport t(network, l);
        auto const code = get(t, server.url());
        INFO(name_of(code));
        CHECK((code == errc::ok || code == errc::connection_reset || code == errc::timeout_header ||
               code == errc::http_body_truncated));
        CHECK(!granted);
    }
}

} // namespace tls_test
