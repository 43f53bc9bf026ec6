// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit for asynchronous models: how the handler is called.

#include "probe.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lading::testing::detail {

/// What a handler saw. Held by the handler, which may be called again at any time.
struct handler_calls {
    int count = 0;
    bool inside = true; ///< of the initiating call
    bool called_inside = false;
    std::optional<result<response>> first;

    void operator()(result<response> r) {
        called_inside = called_inside || inside;
        if (++count == 1) first.emplace(std::move(r));
    }
};

/// Starts a GET; `seen` is told of the calls of its handler.
template <class T, class Slot>
void start(T& t, request const& q, body_sink& sink, Slot slot, std::shared_ptr<handler_calls> const& seen) {
    t.async_exchange(q, sink, asio::bind_cancellation_slot(slot, [seen](result<response> r) { (*seen)(std::move(r)); }));
    seen->inside = false;
}

template <class P>
void calls_once(P& kit) {
    byte_server server([](std::string const&) { return answer_with("ok"); });
    auto t = kit.make();
    recording_sink sink;
    request const q("GET", "http://127.0.0.1:" + std::to_string(server.port()) + "/x");
    request const unread("GET", "no URL"); // fails before any I/O
    for (auto const* r : {&q, &unread}) {
        auto const seen = std::make_shared<handler_calls>();
        asio::cancellation_signal signal;
        start(t, *r, sink, signal.slot(), seen);
        kit.loop.restart();
        kit.loop.run();
        auto const what = std::string(r == &q ? "a plain 200" : "a malformed URL");
        kit.require(seen->count == 1, "the handler is called once", what + ": " + std::to_string(seen->count) + " times");
        kit.require(!seen->called_inside, "the handler is called later", what + ": inside the initiating call");
    }
}

template <class P>
void cancels(P& kit) {
    std::optional<byte_server> server(std::in_place, [](std::string const&) { return byte_answer("", byte_answer::ending::hang); });
    auto t = kit.make(network_options(), limits());
    recording_sink sink;
    request const q("GET", "http://127.0.0.1:" + std::to_string(server->port()) + "/x");
    asio::cancellation_signal signal;
    auto const seen = std::make_shared<handler_calls>();
    start(t, q, sink, signal.slot(), seen);
    asio::steady_timer timer(kit.loop, std::chrono::milliseconds(100));
    timer.async_wait([&](asio::error_code) { signal.emit(asio::cancellation_type::all); });
    kit.loop.restart();
    auto const until = std::chrono::steady_clock::now() + byte_server::patience;
    while (seen->count == 0 && kit.loop.run_one_until(until) != 0) {}
    kit.require(seen->first && !*seen->first && seen->first->assume_error() == errc::cancelled, "can be cancelled",
                seen->first ? said(*seen->first) : "no answer");
    server.reset(); // ends what was not cancelled, before request and sink do
    kit.loop.run();
    kit.require(seen->count == 1, "the handler is called once", "a cancelled exchange: " + std::to_string(seen->count) + " times");
}

} // namespace lading::testing::detail
