// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit about connections: kept ones, and TLS.

#include "../certificates.hpp"
#include "probe.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace lading::testing::detail {

template <class P>
void connections(P& kit) {
    std::size_t n = 0;
    byte_server server([&](std::string const& q) {
        auto a = answer_with(std::string(1, char('0' + n++ % 10)));
        if (q.starts_with("GET /last")) a.end = byte_answer::ending::close; // unannounced
        return a;
    });
    auto t = kit.make();
    for (int i = 0; i < 5; ++i) {
        auto const o = kit.ask(t, server);
        kit.require(o.answer && o.sink.body == std::string(1, char('0' + i)), "each answer to its request", std::to_string(i) + ": " + shown(o.sink.body));
    }
    kit.require(server.accepted() <= 1, "keeps the connection", std::to_string(server.accepted()) + " connections for 5 requests");
    kit.ask(t, server, {}, request("GET", "/last"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    auto const o = kit.ask(t, server);
    kit.require(bool(o.answer), "a connection that was closed meanwhile is no failure", said(o.answer));
}

template <class P>
void secure(P& kit) {
    certificate_authority ca;
    auto const good = ca.issue({"localhost"}, {"127.0.0.1"}), other = ca.issue({"other.example"});
    auto const answer = [](std::string const&) { return answer_with("ok"); };
    tls_options trusting;
    trusting.system_roots = false;
    tls_options stranger = trusting;
    trusting.ca_pem = ca.cert_pem();
    certificate_authority elsewhere("somebody else");
    stranger.ca_pem = elsewhere.cert_pem();
    struct tls_case {
        char const* name;
        issued_certificate const& shown;
        tls_options const& trust;
        errc code;
    };
    for (auto const& c : {tls_case{"a good certificate", good, trusting, errc::ok}, {"a stranger's certificate", good, stranger, errc::tls_cert_untrusted}, {"another host's certificate", other, trusting, errc::tls_host_mismatch}}) {
        byte_server server(answer, c.shown.cert_pem, c.shown.key_pem);
        auto t = kit.make(network_options(c.trust), kit.bounds);
        auto const o = kit.ask(t, server, {}, request("GET", "/x"), "https");
        if (c.code == errc::ok) {
            kit.require(o.answer && o.sink.body == "ok", "speaks TLS", std::string(c.name) + ": " + said(o.answer));
            continue;
        }
        kit.require(!o.answer && o.answer.assume_error() == c.code, "checks certificates", std::string(c.name) + ": " + said(o.answer));
        kit.require(o.request.empty(), "checks certificates", std::string(c.name) + ": a request was sent");
        if (!o.answer) kit.require(!o.answer.assume_error().facts().plaintext, "facts of a failure", std::string(c.name) + " allows plaintext");
    }
    byte_server plain(answer); // no TLS there, and no answer to a greeting of TLS
    auto hasty = kit.bounds;
    hasty.connect = hasty.handshake = std::chrono::milliseconds(150);
    auto t = kit.make(network_options(trusting), hasty);
    auto const o = kit.ask(t, plain, {}, request("GET", "/x"), "https");
    kit.require(!o.answer && o.request.find("GET ") == std::string::npos, "https never becomes http by itself", said(o.answer));
    // A body without a length must end with TLS's own closing message: anybody can cut a connection.
    byte_server cut([](std::string const&) { return byte_answer(std::string(ok_head) + "\r\nhalf", byte_answer::ending::reset); }, good.cert_pem, good.key_pem);
    auto u = kit.make(network_options(trusting), kit.bounds);
    auto const h = kit.ask(u, cut, {}, request("GET", "/x"), "https");
    kit.require(!h.answer, "a lost connection is a failure", "a cut TLS stream was a success");
}

} // namespace lading::testing::detail
