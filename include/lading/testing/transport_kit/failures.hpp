// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit about what goes wrong: broken connections, nonsense, and time or size without end.

#include "probe.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace lading::testing::detail {

template <class P>
void losses(P& kit) {
    using ending = byte_answer::ending;
    for (auto const end : {ending::close, ending::reset}) {
        std::string const how = end == ending::close ? " closed" : " reset";
        kit.expect_failure("a lost connection is a failure", "before the head," + how, {"", end});
        kit.expect_failure("a lost connection is a failure", "inside the head," + how, {"HTTP/1.1 200 OK\r\nContent-Le", end});
        kit.expect_failure("a lost connection is a failure", "inside the body," + how, {std::string(ok_head) + "Content-Length: 10\r\n\r\nabc", end});
        kit.expect_failure("a lost connection is a failure", "inside a chunk," + how, {std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", end});
        kit.expect_failure("a lost connection is a failure", "before the last chunk," + how, {std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", end});
    }
    for (char const* bad : {"HTTP/1.1 2x0 OK\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
        kit.expect_failure("what is not HTTP is a failure", shown(bad), {bad, ending::close});
    std::uint16_t port = 0;
    {
        byte_server gone([](std::string const&) { return byte_answer(); });
        port = gone.port();
    }
    auto t = kit.make();
    recording_sink sink;
    request const q("GET", "http://127.0.0.1:" + std::to_string(port) + "/x");
    auto const r = exchange_with(t, kit.loop, q, sink);
    kit.require(!r && r.assume_error() == errc::connection_refused, "says that nobody listens", said(r));
    if (!r) kit.require(r.assume_error().facts().next_endpoint && !r.assume_error().facts().answered, "facts of a failure", "nobody listens");
    auto const lost = kit.ask({std::string(ok_head) + "Content-Length: 10\r\n\r\nabc", ending::close});
    if (!lost.answer) kit.require(lost.answer.assume_error().facts().answered, "facts of a failure", "a body that broke off was an answer");
}

/// Silence at each point of an exchange, and bytes so slow that there is never silence.
template <class P>
void times_hold(P& kit) {
    using ending = byte_answer::ending;
    // A byte every other millisecond, for two seconds: never idle, never done.
    byte_answer drip(std::string(ok_head) + "Content-Length: 100000\r\n\r\n" + std::string(1000, 'x'), ending::hang, 1);
    drip.pause = std::chrono::milliseconds(2);
    auto no_head = kit.bounds, half_a_body = kit.bounds, brisk = kit.bounds;
    no_head.header = half_a_body.idle = std::chrono::milliseconds(300);
    brisk.pace = std::chrono::milliseconds(200);
    brisk.pace_bytes = 1000;
    struct time_case {
        char const* name;
        byte_answer answer;
        errc code;
        bool deadline; ///< this is what must end it
        limits const& bounds;
    };
    for (auto const& c : {time_case{"no head", {"", ending::hang}, errc::timeout, true, kit.bounds},
                          time_case{"a drip", drip, errc::timeout, true, kit.bounds},
                          time_case{"no head", {"", ending::hang}, errc::timeout_header, false, no_head},
                          time_case{"half a head", {"HTTP/1.1 200 OK\r\nX: ", ending::hang}, errc::timeout_header, false, no_head},
                          time_case{"half a body", {std::string(ok_head) + "Content-Length: 9\r\n\r\nabc", ending::hang}, errc::timeout_body, false, half_a_body},
                          time_case{"a drip", drip, errc::too_slow, false, brisk}}) {
        auto const* const rule = c.deadline ? "keeps to the deadline" : "gives up in time";
        byte_server server([&](std::string const&) { return c.answer; });
        auto const ask = [&] {
            auto t = kit.make(network_options(), c.bounds);
            request q("GET", "/x");
            if (c.deadline) q.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
            return kit.ask(t, server, {}, q);
        };
        auto o = ask();
        auto const in_time = [&] { return o.took < std::chrono::seconds(2); };
        if (!in_time() && o.took < byte_server::patience) o = ask(); // the server did not give up: the machine may have been busy
        kit.require(!o.answer && o.answer.assume_error() == c.code, rule, std::string(c.name) + ": " + said(o.answer));
        kit.require(in_time(), rule, std::string(c.name) + " took too long");
        if (!in_time()) return; // it would wait as long at each point
    }
    request dependent("GET", "/x");
    dependent.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    auto const o = kit.ask(answer_with(""), {}, dependent);
    kit.require(!o.answer && o.answer.assume_error() == errc::timeout && o.requests == 0, "keeps to the deadline", "one that is over: " + said(o.answer));
}

template <class P>
void sizes_hold(P& kit) {
    auto many = std::string(ok_head);
    for (int i = 0; i < 600; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
    kit.expect_failure("bounds the head", "600 lines", {many + "Content-Length: 0\r\n\r\n"});
    kit.expect_failure("bounds the head", "a line of 80000 bytes", {std::string(ok_head) + "X: " + std::string(80'000, 'x') + "\r\nContent-Length: 0\r\n\r\n"});
}

} // namespace lading::testing::detail
