// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Wrong about what is sent: the request as it is, once, with nothing added.

#include "model.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>

namespace wrong_transports {

template <int status>
struct follows_redirects : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r || r.assume_value().status != status) return r;
        request next = q;
        next.url = r.assume_value().headers.find("Location").value_or("");
        return inner.exchange(next, out);
    }
};
struct keeps_cookies : base {
    using base::base;
    std::string cookie;
    result<response> exchange(request q, body_sink& out) {
        if (!cookie.empty()) q.headers.add("Cookie", cookie);
        auto r = inner.exchange(q, out);
        if (r) cookie = r.assume_value().headers.find("Set-Cookie").value_or(cookie);
        return r;
    }
};
struct adds_a_header : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.headers.add("Pragma", "no-cache");
        return inner.exchange(q, out);
    }
};
struct adds_a_second_agent : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.headers.add("User-Agent", "mine/1");
        return inner.exchange(q, out);
    }
};
struct drops_a_header : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.headers.erase("Accept");
        return inner.exchange(q, out);
    }
};
template <bool kept_only>
struct tries_again : base {
    using base::base;
    bool kept = false;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        bool const again = !r && q.method == "POST" && r.assume_error().facts().retry && (kept || !kept_only);
        kept = r.has_value();
        return again ? inner.exchange(q, out) : std::move(r);
    }
};
struct asks_for_gzip : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.headers.add("Accept-Encoding", "gzip");
        return inner.exchange(q, out);
    }
};
struct answers_a_challenge : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r || r.assume_value().status != 401) return r;
        q.headers.add("Authorization", "Basic eDp5");
        return inner.exchange(q, out);
    }
};
struct decodes_the_target : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        if (auto const at = q.url.find("%2F"); at != q.url.npos) q.url.replace(at, 3, "/");
        return inner.exchange(q, out);
    }
};
struct asks_by_another_name : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        if (auto const at = q.url.find("127.0.0.1"); at != q.url.npos) q.url.replace(at, 9, "localhost");
        return inner.exchange(q, out);
    }
};
struct drops_the_body : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.body.clear();
        return inner.exchange(q, out);
    }
};
struct drops_the_source : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.source = nullptr;
        return inner.exchange(q, out);
    }
};
struct collects_the_source : base { // as one that knows texts only
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        if (!q.source) return inner.exchange(q, out);
        LADING_TRY_V(q.source->begin());
        std::string piece(100'000, '\0');
        for (;;) {
            LADING_TRY(auto const n, q.source->read(std::as_writable_bytes(std::span(piece))));
            if (n == 0) break;
            q.body.append(piece, 0, n);
        }
        q.source = nullptr;
        return inner.exchange(q, out);
    }
};
struct says_that_all_was_sent : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r) r.assume_value().sent_whole = true;
        return r;
    }
};
struct takes_a_failed_source_for_a_short_one : base {
    using base::base;
    struct patient final : body_source {
        explicit patient(body_source& f) : from(f) {}
        std::optional<std::uint64_t> size() const override { return std::nullopt; }
        result<void> begin() override { return from.begin(); }
        result<std::size_t> read(std::span<std::byte> into) override {
            auto n = from.read(into);
            return n ? std::move(n) : std::size_t{0};
        }
        body_source& from;
    };
    result<response> exchange(request q, body_sink& out) {
        if (!q.source || q.source->size()) return inner.exchange(q, out);
        patient all(*q.source);
        q.source = &all;
        return inner.exchange(q, out);
    }
};
struct sends_a_source_again : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        return !r && q.source && r.assume_error() == errc::connection_reset ? inner.exchange(q, out) : std::move(r);
    }
};
struct mends_headers : base { // the caller is not told that something was odd
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        header_map mended;
        for (auto const& [name, value] : q.headers) mended.add(name, value.substr(0, value.find_first_of("\r\n")));
        q.headers = std::move(mended);
        return inner.exchange(q, out);
    }
};

} // namespace wrong_transports
