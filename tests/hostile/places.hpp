// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Listeners for the tests of who may see what: origins with names of their own on the loopback, TLS by one test
/// authority, every byte journalled; and a proxy that journals what it is asked.

#include <lading/lading.hpp>
#include <lading/testing/certificates.hpp>
#include <lading/testing/http_server.hpp>

#include "documents.hpp"

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/streambuf.hpp>
#include <asio/write.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace test {

/// Every name that a test host has; all are at 127.0.0.1.
inline std::vector<std::string> const host_names = {"a.test", "b.test", "c.test", "sub.a.test", "cdn.a.test", "test",
                                                    "x.b.test", "m.test"};

inline lading::testing::certificate_authority const& authority() {
    static lading::testing::certificate_authority const one;
    return one;
}

/// What alice knows. Each has one spelling that must never be seen where it does not belong.
inline std::string const user = "alice", password = "pw-CANARY-7f3a", refresh_token = "ref-CANARY-55d1",
                         bearer = "tok-CANARY-91bc", proxy_password = "prx-CANARY-0c0c", client_name = "cert-CANARY-4a4a";

/// True when a text holds a secret in any form in which it could have been sent.
inline bool has_canary(std::string const& text) {
    static std::vector<std::string> const forms = [] {
        std::vector<std::string> out = {"CANARY"};
        for (auto const& login : {user + ':' + password, "proxy:" + proxy_password, password, refresh_token, bearer})
            out.push_back(lading::detail::base64_encode(login).substr(0, login.size() * 4 / 3 - 3));
        return out;
    }();
    for (auto const& f : forms)
        if (text.find(f) != text.npos) return true;
    return false;
}

/// One listener with all host names. Answers by path (with query first), else by a function, else 404.
class place : private lading::testing::http_handler {
  public:
    using canned = lading::testing::canned;
    using request = lading::testing::exchange;

    /// With a certificate for every name, or for one name only and then by the authority given.
    explicit place(bool tls = true, std::string const& only_name = {},
                   lading::testing::certificate_authority const& by = authority())
        : server_(*this), tls_(tls) {
        if (tls) {
            static auto const all = authority().issue(host_names, {"127.0.0.1"});
            auto const leaf = only_name.empty() ? all : by.issue({only_name});
            server_.use_tls(leaf.cert_pem, leaf.key_pem);
            server_.ask_client_certificate();
        }
        server_.start();
    }

    /// "https://host:port".
    std::string at(std::string const& host) const { return (tls_ ? "https://" : "http://") + authority_of(host); }
    std::string authority_of(std::string const& host) const { return host + ':' + std::to_string(server_.port()); }
    std::uint16_t port() const { return server_.port(); }

    place& on(std::string path, canned c) {
        std::lock_guard const lock(mutex_);
        answers_[std::move(path)].push_back(std::move(c));
        return *this;
    }
    /// What was said of a path holds no longer.
    void forget(std::string const& path) {
        std::lock_guard const lock(mutex_);
        answers_.erase(path);
    }
    place& otherwise(std::function<canned(request const&)> f) {
        std::lock_guard const lock(mutex_);
        otherwise_ = std::move(f);
        return *this;
    }
    /// Every byte that came, then the names of the certificates that were shown.
    std::string journal() const {
        std::lock_guard const lock(mutex_);
        std::string out = bytes_;
        for (auto const& q : requests_) out += "\nclient: " + q.client_name;
        return out;
    }
    std::vector<request> requests() const {
        std::lock_guard const lock(mutex_);
        return requests_;
    }
    /// Requests whose target begins so.
    std::size_t count(std::string const& prefix) const {
        std::size_t n = 0;
        for (auto const& q : requests()) n += q.target.starts_with(prefix);
        return n;
    }
    std::size_t connections() const { return server_.connections(); }

  private:
    void received(std::string_view bytes) override {
        std::lock_guard const lock(mutex_);
        bytes_ += bytes;
    }
    canned handle(request q) override {
        std::lock_guard const lock(mutex_);
        requests_.push_back(q);
        for (auto const& path : {q.target, q.target.substr(0, q.target.find('?'))})
            if (auto const known = answers_.find(path); known != answers_.end()) {
                auto out = known->second.front();
                if (known->second.size() > 1) known->second.erase(known->second.begin());
                return out;
            }
        return otherwise_ ? otherwise_(q) : canned(404);
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::vector<canned>> answers_;
    std::function<canned(request const&)> otherwise_;
    std::string bytes_;
    std::vector<request> requests_;
    lading::testing::http_server server_; // last: its thread ends before what it serves
    bool tls_;
};

/// Takes any body.
struct draining_sink final : lading::body_sink {
    lading::result<lading::sink_action> begin(lading::response const&, std::optional<std::uint64_t>) override { return lading::sink_action::proceed; }
    lading::result<lading::sink_action> write(std::span<std::byte const>) override { return lading::sink_action::proceed; }
};

/// How a place that is a registry protects itself.
struct registry_rules {
    std::string challenge; ///< of a refusal; empty for an open registry
    std::string wanted;    ///< the `Authorization` that is let in
};

inline lading::testing::canned json(std::string body) {
    return lading::testing::canned(200, std::move(body), "application/json");
}
inline lading::testing::canned refused(std::string const& challenge) {
    return lading::testing::canned(401).with_header("WWW-Authenticate", challenge);
}
inline lading::testing::canned redirect(std::string const& to, int status = 307) {
    return lading::testing::canned(status).with_header("Location", to);
}

/// Makes a place a registry that has one image, r:1, and a token service at /token.
inline void serve_image(place& p, registry_rules const& rules = {}) {
    auto const config = "/v2/r/blobs/" + digest_of(config_bytes);
    p.otherwise([=](place::request const& q) -> place::canned {
        auto const sent = std::string(q.headers.find("Authorization").value_or(""));
        if (q.target.starts_with("/token")) {
            bool const login = sent == lading::basic_authorization(lading::credential(user, password));
            bool const form = q.method == "POST" && q.body.find(refresh_token) != q.body.npos;
            if (!sent.empty() && !login) return place::canned(401);
            return json(R"({"token":")" + (login || form ? bearer : std::string("anonymous")) + "\"}");
        }
        if (!rules.wanted.empty() && sent != rules.wanted) return refused(rules.challenge);
        if (q.target == "/v2/r/manifests/1")
            return place::canned(200, schema2(), std::string(lading::media_types::docker_manifest));
        if (q.target == config) return place::canned(200, config_bytes);
        if (q.target.starts_with("/v2/r/tags/list")) return json(R"({"name":"r","tags":["1"]})");
        return place::canned(404);
    });
}

/// A file that goes away with the object.
class temporary_file {
  public:
    explicit temporary_file(std::string const& text) {
        char name[] = "/tmp/lading-test-XXXXXX";
        int const fd = ::mkstemp(name);
        if (fd >= 0) {
            (void)!::write(fd, text.data(), text.size());
            ::close(fd);
        }
        path_ = name;
    }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    ~temporary_file() { ::unlink(path_.c_str()); }
    std::string const& path() const { return path_; }

  private:
    std::string path_;
};

/// An http proxy: CONNECT tunnels to 127.0.0.1 and forwarded requests, with credentials if it wants them.
class proxy {
  public:
    explicit proxy(std::string wanted = {}, std::string tunnel_answer = "HTTP/1.1 200 OK\r\n\r\n")
        : wanted_(std::move(wanted)), tunnel_answer_(std::move(tunnel_answer)),
          acceptor_(context_, {asio::ip::make_address("127.0.0.1"), 0}), port_(acceptor_.local_endpoint().port()),
          thread_([this] { serve(); }) {}
    ~proxy() {
        stop_ = true;
        asio::io_context wake;
        asio::error_code ignored;
        asio::ip::tcp::socket(wake).connect(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port_), ignored);
        thread_.join();
        for (auto& t : relays_) t.join();
    }
    std::string url(std::string const& login = {}) const {
        // Not "127.0.0.1": that would be a host which never is behind a proxy, were it the target.
        return "http://" + login + (login.empty() ? "" : "@") + "127.0.0.1:" + std::to_string(port_);
    }
    std::string journal() {
        std::lock_guard const lock(mutex_);
        return journal_;
    }

  private:
    using tcp = asio::ip::tcp;

    void serve() {
        for (;;) {
            asio::error_code ec;
            auto peer = std::make_shared<tcp::socket>(context_);
            acceptor_.accept(*peer, ec);
            if (stop_) return;
            if (!ec) relays_.emplace_back([this, peer] { one(*peer); });
        }
    }
    void one(tcp::socket& peer) {
        asio::error_code ec;
        asio::streambuf buffer;
        auto const n = asio::read_until(peer, buffer, "\r\n\r\n", ec);
        if (ec) return;
        std::string const head(asio::buffers_begin(buffer.data()), asio::buffers_begin(buffer.data()) + std::ptrdiff_t(n));
        {
            std::lock_guard const lock(mutex_);
            journal_ += head;
        }
        bool const connect = head.starts_with("CONNECT ");
        if (!wanted_.empty() && head.find("Proxy-Authorization: " + wanted_ + "\r\n") == head.npos) {
            asio::write(peer,
                        asio::buffer(std::string("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
                                                 "Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n\r\nno")),
                        ec);
            return;
        }
        auto const colon = head.find(':', connect ? 0 : head.find("://") + 3);
        auto const port = static_cast<unsigned short>(std::atoi(head.c_str() + colon + 1));
        tcp::socket server(context_);
        server.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port), ec);
        if (ec) {
            asio::write(peer, asio::buffer(std::string("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")), ec);
            return;
        }
        if (connect) {
            asio::write(peer, asio::buffer(tunnel_answer_), ec);
        } else {
            auto text = head; // origin form for the server
            auto const scheme = text.find("http://"), path = text.find('/', scheme + 7);
            text.erase(scheme, path - scheme);
            if (auto const own = text.find("Proxy-Authorization: "); own != text.npos) text.erase(own, text.find("\r\n", own) + 2 - own);
            asio::write(server, asio::buffer(text), ec);
        }
        std::thread back([&] { pump(server, peer); });
        pump(peer, server);
        back.join();
    }
    static void pump(tcp::socket& from, tcp::socket& to) {
        char bytes[4096];
        asio::error_code ec;
        for (;;) {
            auto const n = from.read_some(asio::buffer(bytes), ec);
            if (ec) break;
            asio::write(to, asio::buffer(bytes, n), ec);
            if (ec) break;
        }
        to.shutdown(tcp::socket::shutdown_both, ec);
        from.shutdown(tcp::socket::shutdown_both, ec);
    }

    std::string wanted_, tunnel_answer_;
    asio::io_context context_;
    tcp::acceptor acceptor_;
    unsigned short port_;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_;
    std::string journal_;
    std::list<std::thread> relays_;
    std::thread thread_;
};

/// A client of these places: trusts the test authority, knows the test hosts, and may go to loopback addresses.
struct hostile_policies : lading::default_policies {
    using credentials = any_credentials;
    using clock = any_steady_clock;
};
using hostile_client = client_of<hostile_policies>;

struct hostile_policies_async : lading::default_policies {
    using transport = lading::asio_transport;
    using credentials = lading::fixed_credentials;
};

/// The same, of registries that seem to be outside: what `a.test` answers came from a public address, whatever its real one.
struct public_transport {
    public_transport(lading::network_options n) : inner(std::move(n)) {}
    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        auto answer = inner.exchange(q, out);
        if (answer && lading::url::parse(q.url).value().host() == "a.test") answer.assume_value().peer = lading::address_scope::outside;
        return answer;
    }
    lading::asio_sync_transport inner;
};
struct public_policies : hostile_policies {
    using transport = public_transport;
};
using public_client = client_of<public_policies>;

inline lading::network_options test_network() {
    auto trust = lading::tls_options().with_ca_pem(authority().cert_pem());
    trust.system_roots = false; // reading them takes longer than all the rest
    lading::network_options n(trust);
    for (auto const& h : host_names) n.with_address(h, "127.0.0.1");
    return n.with_inner_addresses();
}

} // namespace test
