// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `curl_transport`: the blocking transport over libcurl (7.80 or newer): HTTP/2, and whatever TLS it was built with.
/// Opt in; needs libcurl at link time.

#include "../endpoint/network_options.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "curl_exchange.hpp"
#include "curl_handles.hpp"
#include "no_broken_pipe.hpp"
#include "spares.hpp"

#include <memory>
#include <utility>

namespace lading {

/// Models `sync_transport`, for any number of threads at once: each that is inside `exchange` has libcurl handles and
/// connections of its own, and what was used last is used next. `request::stop` ends an exchange at once, with `cancelled`
/// (a name that is being resolved is left to libcurl 7.87 and newer; an older one waits for it). SIGPIPE is blocked for the
/// thread during an exchange, the sink's part of it too. Errors and facts are those of `asio_transport`; what differs: TLS and its check of certificates are those of the libcurl at hand (a common name may count where a
/// certificate has no other name), a failing handshake is a `connect_timeout` or `tls_handshake_failed`, HTTP/2 is spoken
/// where the server offers it, and a malformed chunked body is `http_malformed` without a place. `curl_global_init` is
/// called by the first object; a program that starts threads before calls it itself.
class curl_transport {
  public:
    explicit curl_transport(network_options network = {}, limits bounds = {})
        : state_(std::make_unique<state>(std::move(network), std::move(bounds))) {
        detail::curl_is_ready();
    }

    result<response> exchange(request const& q, body_sink& out) {
        auto one = state_->idle.take([] { return std::make_unique<detail::curl_handles>(); });
        if (!one->multi || !one->easy) return error(errc::out_of_memory).with_context("libcurl");
        detail::no_broken_pipe const masked;
        auto answer = detail::curl_exchange(one->easy.get(), state_->network, state_->bounds, q, out).run(one->multi.get());
        state_->idle.give(std::move(one));
        return answer;
    }

  private:
    struct state {
        state(network_options n, limits l) : network(std::move(n)), bounds(std::move(l)) {}
        network_options const network;
        limits const bounds;
        detail::spares<detail::curl_handles> idle;
    };

    std::unique_ptr<state> state_;
};

} // namespace lading
