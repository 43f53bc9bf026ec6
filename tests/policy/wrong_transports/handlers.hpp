// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Asynchronous models that are wrong about the handler.

#include "model.hpp"

#include <lading/net/asio_transport.hpp>

#include <utility>

namespace wrong_transports {

/// The same for asynchronous models.
struct async_base {
    async_base(asio::any_io_executor e, network_options n, limits l) : inner(std::move(e), std::move(n), std::move(l)) {}
    auto get_executor() { return inner.get_executor(); }
    asio_transport inner;
};
struct calls_inside {
    calls_inside(asio::any_io_executor e, network_options n, limits l) : executor(std::move(e)), inner(std::move(n), std::move(l)) {}
    auto get_executor() { return executor; }
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler handler) {
        handler(inner.exchange(q, out));
    }
    asio::any_io_executor executor;
    asio_sync_transport inner;
};
struct calls_twice : async_base {
    using async_base::async_base;
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler handler) {
        inner.async_exchange(q, out, [handler](result<response> r) mutable {
            handler(r);
            handler(std::move(r));
        });
    }
};
struct never_calls_for_bad_urls : async_base {
    using async_base::async_base;
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler handler) {
        if (url::parse(q.url)) inner.async_exchange(q, out, std::move(handler));
    }
};
struct is_not_cancelled : async_base {
    using async_base::async_base;
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler handler) {
        inner.async_exchange(q, out, [handler](result<response> r) mutable { handler(std::move(r)); }); // the slot is lost
    }
};

} // namespace wrong_transports
