// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a failed exchange allows next: the same facts from every transport over a network.

#include "../error_groups.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"
#include "../result.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace lading::detail {

/// How far an exchange came.
struct exchange_progress {
    std::optional<url> target; ///< nothing when the URL could not be read
    bool started = false;      ///< a byte of an answer came
    int status = 0;            ///< of a complete head; 0 for none
    bool proxied = false;      ///< through a proxy, which may be what failed
};

/// Watches that a body keeps the pace of `limits`; a peer that drips a byte now and then never lets the idle limit run out.
class pace_watch {
  public:
    explicit pace_watch(limits const& l) : window_(l.pace), least_(l.pace_bytes) {}
    /// False when `n` bytes more are too few for the time that has passed.
    bool keeps(std::size_t n, std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now()) {
        bytes_ += n;
        if (began_ == std::chrono::steady_clock::time_point()) began_ = now;
        if (now - began_ < window_) return true;
        bool const enough = bytes_ >= least_;
        began_ = now;
        bytes_ = 0;
        return enough;
    }
    error too_slow() const {
        return error(errc::too_slow)
            .with_values("at least " + std::to_string(least_) + " bytes in " + std::to_string(window_.count()) +
                             " ms (limits::pace_bytes, limits::pace)",
                         "fewer");
    }

  private:
    std::chrono::milliseconds window_;
    std::size_t least_;
    std::size_t bytes_ = 0;
    std::chrono::steady_clock::time_point began_{};
};

inline fallback_facts transport_facts(errc code, exchange_progress const& p) {
    fallback_facts f;
    if (is_callers_own(code) || code == errc::url_invalid) return f; // another endpoint would not help
    f.over_tls = p.target && p.target->scheme() == "https";
    f.answered = p.status != 0;
    f.next_endpoint = true;
    bool const certificate = code == errc::tls_cert_untrusted || code == errc::tls_host_mismatch;
    bool const before_the_host = code == errc::host_not_found || code == errc::address_refused || code == errc::proxy_failed;
    // Through a proxy only a handshake tells something of the host; and plaintext might go past the proxy.
    bool const of_the_host = !p.proxied || code == errc::tls_handshake_failed || code == errc::tls_timeout;
    f.plaintext = f.over_tls && !f.answered && !p.started && !certificate && !before_the_host && of_the_host;
    f.retry = code == errc::connection_reset || code == errc::connect_timeout || code == errc::tls_timeout ||
              code == errc::timeout_header || code == errc::timeout_body || code == errc::timeout_write ||
              code == errc::http_body_truncated || code == errc::tls_truncated;
    return f;
}

/// The limit that is behind a `timeout_*` and the like, with its name. Empty for other codes.
inline std::string limit_behind(errc code, limits const& l) {
    switch (code) {
    case errc::connect_timeout: return limit_text(l.connect, "limits::connect");
    case errc::tls_timeout: return limit_text(l.handshake, "limits::handshake");
    case errc::timeout_header: return limit_text(l.header, "limits::header");
    case errc::timeout_body:
    case errc::timeout_write: return limit_text(l.idle, "limits::idle");
    default: return {};
    }
}

/// The error of a failed exchange with its limit, its facts, its URL and the status that came.
inline error complete_failure(error e, request const& q, limits const& l, exchange_progress const& p) {
    auto const code = e.kind();
    if (auto most = limit_behind(code, l); !most.empty() && e.detail().expected.empty()) e = std::move(e).with_values(std::move(most), "more");
    if (e.facts() == fallback_facts{}) e.with_facts(transport_facts(code, p));
    if (e.detail().url.empty()) e.with_url(p.target ? p.target->safe() : safe_url(q.url));
    if (p.status != 0 && e.http_status() == 0) e.with_status(p.status);
    return e;
}

} // namespace lading::detail
