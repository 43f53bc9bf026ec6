// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What every rule of the transport kit works with: one exchange of the model with a server that answers as told, and
/// the list of findings.

#include "../../endpoint/network_options.hpp"
#include "../../limits.hpp"
#include "../../policy/transport.hpp"
#include "../byte_server.hpp"
#include "../finding.hpp"
#include "recording_sink.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lading::testing::detail {

/// One exchange of a blocking or an asynchronous model.
template <class T>
result<response> exchange_with(T& t, [[maybe_unused]] asio::io_context& loop, request const& q, body_sink& out) {
    if constexpr (sync_transport<T>) {
        return t.exchange(q, out);
    } else {
        auto const first = std::make_shared<std::optional<result<response>>>(); // outlives a handler that is called again
        t.async_exchange(q, out, [first](result<response> r) {
            if (!*first) first->emplace(std::move(r));
        });
        loop.restart();
        loop.run();
        if (!*first) return error(errc::cancelled).with_context("the handler was never called");
        return std::move(**first);
    }
}

/// The default maker of models: from options and limits, with an executor before them when asynchronous; a blocking one
/// that takes neither is made without, as a client makes it.
template <class T>
struct make_default {
    T operator()([[maybe_unused]] asio::any_io_executor executor, [[maybe_unused]] network_options n, [[maybe_unused]] limits l) const {
        constexpr bool told = sync_transport<T> ? std::is_constructible_v<T, network_options, limits>
                                                : std::is_constructible_v<T, asio::any_io_executor, network_options, limits>;
        constexpr bool bare = sync_transport<T> && std::is_default_constructible_v<T>;
        static_assert(told || bare, "[lading] transport kit: T is made neither from (network_options, limits), with an executor before "
                                    "them when asynchronous, nor from nothing: give check_transport a function that makes it");
        if constexpr (told && sync_transport<T>) return T(std::move(n), std::move(l));
        else if constexpr (told) return T(std::move(executor), std::move(n), std::move(l));
        else if constexpr (bare) return T();
    }
};

inline constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\n";

/// A complete answer with the body.
inline byte_answer answer_with(std::string_view body) {
    return byte_answer(std::string(ok_head) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}
inline std::string said(result<response> const& r) {
    return r ? "status " + std::to_string(r.assume_value().status) : std::string(name_of(r.assume_error().kind()));
}

/// What came of one exchange.
struct probe_outcome {
    result<response> answer;
    recording_sink sink;
    std::string request;       ///< as the server received it, the last of this exchange; empty for none
    std::size_t requests = 0;  ///< how many the server received for it
    std::chrono::steady_clock::duration took{};
};

template <class T, class Make>
class transport_probe {
  public:
    using transport_type = T;

    explicit transport_probe(Make maker) : make_(std::move(maker)) {
        bounds.connect = bounds.handshake = bounds.header = bounds.idle = 2 * byte_server::patience; // only the rules about time are to depend on them
    }

    T make() { return make(network_options(), bounds); }
    T make(network_options n, limits l) { return make_(loop.get_executor(), std::move(n), std::move(l)); }

    void require(bool holds, char const* rule, std::string what) {
        if (!holds) out.emplace_back(rule, std::move(what));
    }

    /// One exchange with a server that gives `a`.
    probe_outcome ask(byte_answer a, recording_sink sink = {}, request q = request("GET", "/x")) {
        byte_server server([&](std::string const&) { return a; });
        T t = make();
        return ask(t, server, std::move(sink), std::move(q));
    }
    /// One exchange with `server`; the URL of `q` is a path.
    probe_outcome ask(T& t, byte_server& server, recording_sink sink = {}, request q = request("GET", "/x"), std::string const& scheme = "http") {
        q.url = scheme + "://127.0.0.1:" + std::to_string(server.port()) + q.url;
        auto const before = server.requests().size();
        auto const began = std::chrono::steady_clock::now();
        auto answer = exchange_with(t, loop, q, sink);
        auto const took = std::chrono::steady_clock::now() - began;
        auto const seen = server.requests();
        return {std::move(answer), std::move(sink), seen.size() > before ? seen.back() : std::string(), seen.size() - before, took};
    }
    /// Must not be taken for a complete answer, nor asked for again: that is a choice of the retry layer.
    void expect_failure(char const* rule, std::string const& name, byte_answer a) {
        auto const o = ask(std::move(a));
        require(!o.answer, rule, name + " was a success");
        if (!o.answer) require(o.answer.assume_error().facts().next_endpoint, "facts of a failure", name + ": next_endpoint is not set");
        require(o.requests == 1, "sends a request once", name + ": " + std::to_string(o.requests) + " times");
    }

    limits bounds;
    asio::io_context loop{1};
    findings out;

  private:
    Make make_;
};

} // namespace lading::testing::detail
