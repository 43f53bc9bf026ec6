// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The transport policy: one HTTP exchange.
///
/// Requirements, blocking (`sync_transport`):
///  1. `t.exchange(request const&, body_sink&)` is valid;
///  2. it returns exactly `lading::result<lading::response>`.
/// Requirements, async (`async_transport`):
///  1. `t.get_executor()` returns an Asio executor;
///  2. `t.async_exchange(request const&, body_sink&, handler)` calls `handler(result<response>)` once, never inside
///     the initiating call; request and sink outlive it.
///
/// Semantics: sends the request as it is, follows no redirect, adds no credentials, decodes no content encoding (what is encoded is passed on as it came),
/// stores no cookie. Streams the body of the final answer into the sink in order, until it says `sink_action::stop`, which is
/// success. `response::url` is the URL that was asked: pages and errors need it. A status of 400 or more is an answer, not a
/// failure. A failure carries `fallback_facts` (answered, over_tls, plaintext, next_endpoint, retry). One exchange at a time
/// per object unless the model says otherwise.
///
/// A `request::source` is begun and then read to its end, as fast as the connection takes it; its failure is that of the exchange, and the
/// request is not complete then. An answer that comes before the end is the answer: nothing more is sent, `response::sent_whole` is false,
/// and the connection is not used again. What was sent whole is never sent twice.
///
/// Three things only the transport can see to. `request::deadline`: the exchange ends by then, with `timeout`; no one else
/// interrupts it. `request::address_policy`: where a server named the host, an address that it leads to inside the network is refused
/// with `address_refused` before it is dialled (doc/threats.md#c09); a model that does not look lets a registry send
/// its client to what only the inside can reach. `request::stop` (blocking): once it is requested the exchange ends
/// soon, with `cancelled`; a model that does not look ends a stopped call only between two exchanges.
///
/// Exemplar:
///     struct canned {
///         lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
///             lading::response head(200);
///             head.url = q.url;
///             LADING_TRY(auto const wanted, out.begin(head, 2));
///             if (wanted == lading::sink_action::proceed) {
///                 LADING_TRY_V(out.write(std::as_bytes(std::span("{}", 2))));
///             }
///             return head;
///         }
///     };
///
/// Models: `asio_sync_transport`, `asio_transport`, `curl_transport`, `store_transport`, `testing::scripted_transport`
/// (testing/).

#include "../http/message.hpp"

#include <concepts>

namespace lading {

namespace detail {
template <class T>
concept has_exchange = requires(T& t, request const& q, body_sink& out) { t.exchange(q, out); };
template <class T>
concept exchange_returns_result = requires(T& t, request const& q, body_sink& out) {
    { t.exchange(q, out) } -> std::same_as<result<response>>;
};
struct exchange_handler_archetype {
    void operator()(result<response>&&) {}
};
template <class T>
concept has_executor = requires(T& t) { t.get_executor(); };
template <class T>
concept has_async_exchange = requires(T& t, request const& q, body_sink& out, exchange_handler_archetype h) {
    t.async_exchange(q, out, std::move(h));
};
} // namespace detail

/// A blocking transport.
template <class T>
concept sync_transport = detail::has_exchange<T> && detail::exchange_returns_result<T>;

/// An asynchronous transport.
template <class T>
concept async_transport = detail::has_executor<T> && detail::has_async_exchange<T>;

/// Explains at compile time why `T` is no transport.
template <class T>
struct check_transport {
    static constexpr bool is_async = detail::has_async_exchange<T>;
    static_assert(detail::has_exchange<T> || is_async,
                  "[lading] transport policy: T needs `lading::result<lading::response> exchange(lading::request "
                  "const&, lading::body_sink&)` (blocking) or `async_exchange(request const&, body_sink&, handler)`");
    static_assert(!detail::has_exchange<T> || detail::exchange_returns_result<T>,
                  "[lading] transport policy: T::exchange must return exactly lading::result<lading::response>");
    static_assert(!is_async || detail::has_executor<T>,
                  "[lading] transport policy: an asynchronous T needs `get_executor()`");
    static constexpr bool ok = true;
};

} // namespace lading
