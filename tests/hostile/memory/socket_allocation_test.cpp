// SPDX-License-Identifier: BSL-1.0
// Every allocation of clients over sockets fails in turn, of operator new, of Asio and of OpenSSL.
#include "short_of_memory.hpp"

#include <lading/client/async.hpp>
#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/certificates.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <optional>

namespace socket_allocation_test {

using namespace lading;

namespace {

/// An image served byte by byte, over TLS with a certificate.
struct image_server {
    testing::certificate_authority authority;
    testing::issued_certificate leaf = authority.issue({}, {"127.0.0.1"});
    bool tls;
    std::optional<testing::byte_server> server;
    std::string host;

    explicit image_server(bool t) : tls(t) {}
    std::uint16_t start() {
        auto answer = [](std::string const& q) -> testing::byte_answer {
            if (q.starts_with("GET /v2/r/manifests/1 ")) return {test::typed(media_types::docker_manifest, test::schema2())};
            if (q.starts_with("GET /v2/r/blobs/" + test::digest_of(test::config_bytes))) return {test::chunked(test::config_bytes, 90)};
            return {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"};
        };
        if (tls) server.emplace(answer, leaf.cert_pem, leaf.key_pem);
        else server.emplace(answer);
        return server->port();
    }
    void stop() { server.reset(); }
    void connect(std::uint16_t port) { host = "127.0.0.1:" + std::to_string(port); }

    network_options network() const {
        auto trust = tls_options().with_ca_pem(authority.cert_pem());
        trust.system_roots = false;
        return network_options(trust);
    }
    client_options options() const {
        client_options o;
        o.with_retry(retry_rules(1));
        return tls ? o : o.with_plaintext(host);
    }
    reference ref() const { return reference::parse(host + "/r:1").value(); }
};

test::verdict told(result<inspection> const& r) { return r ? test::verdict(r.value().manifest_bytes + r.value().config_bytes) : test::verdict(r.error()); }

/// A client with the loop that it runs on.
struct looping {
    explicit looping(image_server const& s) : client(asio_transport(context.get_executor(), s.network(), {}, asio_transport::threads::one), s.options()) {}
    asio::io_context context;
    async_client client;

    test::verdict inspect(reference const& ref) {
        std::optional<test::verdict> out;
        client.async_inspect(ref, inspect_options().with_platform(platform_choice::any()), [&](result<inspection> r) { out.emplace(told(r)); });
        context.restart();
        context.run();
        return std::move(out.value());
    }
};

test::verdict const whole_image(test::schema2() + test::config_bytes);

/// The runs of one kind of client, which `make` makes and `call` uses.
template <class Make, class Call>
void exhaust(std::string const& name, Make const& make, Call const& call) {
    for (bool const tls : {false, true}) {
        image_server server(tls);
        std::size_t const stride = tls ? 5 * test::share : heap::every; // a TLS session allocates some 2300 times
        auto const s = heap::exhaust(
            [&](std::size_t n, bool ever_after) {
                return test::run_short_of_memory(n, ever_after, whole_image, [&] { return make(server); }, [&](auto& c) { return call(server, c); }, [] {});
            },
            stride, [&] { return server.start(); }, [&] { server.stop(); },
            [&](std::uint16_t port) {
                server.connect(port);
                call(server, *make(server)); // makes what is made once a process
            });
        test::report(name + (tls ? ", TLS" : ", TCP"), s);
    }
}

} // namespace

TEST_CASE("every allocation of clients over sockets fails in turn", "[K02]") {
    exhaust(
        "blocking", [](image_server const& s) { return std::make_unique<client>(asio_sync_transport(s.network()), s.options()); },
        [](image_server const& s, client& c) { return told(c.inspect(s.ref(), inspect_options().with_platform(platform_choice::any()))); });
    exhaust(
        "asynchronous", [](image_server const& s) { return std::make_unique<looping>(s); }, [](image_server const& s, looping& c) { return c.inspect(s.ref()); });
}

} // namespace socket_allocation_test
