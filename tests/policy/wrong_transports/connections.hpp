// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Wrong about connections: kept ones, and TLS.

#include "model.hpp"

#include <span>
#include <string>
#include <utility>

namespace wrong_transports {

struct checks_no_certificate : base {
    checks_no_certificate(network_options n, limits l) : base((n.tls.everywhere.verify = false, n), l) {}
};
struct connects_each_time {
    connects_each_time(network_options n, limits l) : network(std::move(n)), bounds(std::move(l)) {}
    result<response> exchange(request const& q, body_sink& out) { return asio_sync_transport(network, bounds).exchange(q, out); }
    network_options network;
    limits bounds;
};
struct falls_back_to_http : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r || !r.assume_error().facts().plaintext) return r;
        request plain = q;
        plain.url.erase(4, 1);
        return inner.exchange(plain, out);
    }
};
struct gives_the_answer_before : base {
    using base::base;
    std::string before;
    result<response> exchange(request const& q, body_sink& out) {
        struct changer : between {
            changer(body_sink& s, std::string& b) : between(s), before(b) {}
            std::string& before;
            result<sink_action> write(std::span<std::byte const> p) override {
                auto const was = std::exchange(before, std::string(reinterpret_cast<char const*>(p.data()), p.size()));
                return sink.write(was.size() == p.size() ? std::as_bytes(std::span(was)) : p);
            }
        } s(out, before);
        return inner.exchange(q, s);
    }
};
/// The server closes behind the answer to /last; this one does not look.
struct trusts_a_kept_connection : base {
    using base::base;
    bool closed = false;
    result<response> exchange(request const& q, body_sink& out) {
        if (std::exchange(closed, q.url.ends_with("/last"))) return error(errc::connection_reset);
        return inner.exchange(q, out);
    }
};
struct knows_no_tls : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        if (q.url.starts_with("https")) return error(errc::tls_handshake_failed);
        return inner.exchange(q, out);
    }
};

} // namespace wrong_transports
