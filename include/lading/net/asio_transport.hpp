// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `asio_transport`: HTTP/1.1 over standalone Asio and OpenSSL, asynchronous.

#include "../endpoint/network_options.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "exchange_for.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace lading {

/// Models `async_transport`: TLS 1.2 and newer with host verification, keep-alive, proxies, every bound of `limits`.
///
/// Connections are kept for `limits::pooled`, `limits::idle_connections` of them. At most `limits::connections` go to one
/// origin at once; further exchanges wait their turn in the order they came, until their own deadline. A new connection
/// resumes a TLS session of the same host and options if it can, and tries the addresses of a host side by side.
///
/// Any number of exchanges may be under way, started by any thread; the executor may be that of an `io_context` that
/// several threads run. An exchange runs one handler at a time (the sink is called there), its handler where the handler
/// belongs. The object may be moved and destroyed while exchanges are under way, not while another thread uses it.
///
/// Errors: codes of the groups "connecting" and "HTTP"; before an answer with the facts `next_endpoint` and, for https
/// without a certificate problem, `plaintext`. Cancellation through the handler's slot, of any type: `cancelled`, at once
/// even when a name is being resolved. Names are resolved in threads of their own (`name_lookups.hpp`), for which nothing
/// waits: neither another name nor the end of the event loop.
class asio_transport {
  public:
    using executor_type = asio::any_io_executor;
    /// How many threads run the executor. With `one` exchanges need no strands, whose making Asio (1.22) does not survive
    /// without memory.
    enum class threads : std::uint8_t { many,
                                        one };

    explicit asio_transport(executor_type executor, network_options network = {}, limits bounds = {}, threads t = threads::many)
        : state_(std::make_shared<detail::transport_state>(std::move(executor), std::move(network), std::move(bounds),
                                                           t == threads::one)) {}

    executor_type get_executor() const { return state_->executor; }

    /// One exchange; signature `void(result<response>)`. Request and sink outlive it.
    template <class CompletionToken>
    auto async_exchange(request const& q, body_sink& out, CompletionToken&& token) {
        auto initiate = [state = state_](auto&& handler, request const* query, body_sink* sink) {
            using handler_type = std::decay_t<decltype(handler)>;
            auto const one = std::make_shared<detail::exchange_for<handler_type>>(
                state, *query, *sink, std::forward<decltype(handler)>(handler));
            one->listen();
            one->start();
        };
        return asio::async_initiate<CompletionToken, void(result<response>)>(std::move(initiate), token, &q, &out);
    }

  private:
    std::shared_ptr<detail::transport_state> state_;
};

} // namespace lading
