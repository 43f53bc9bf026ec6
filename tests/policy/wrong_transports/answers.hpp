// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Wrong about what is received: heads, bodies, and a sink that has enough.

#include "model.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace wrong_transports {

struct fails_on_404 : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r && r.assume_value().status == 404) return error(errc::not_found);
        return r;
    }
};
struct collects_first : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct all : between {
            using between::between;
            std::string body;
            result<sink_action> write(std::span<std::byte const> p) override {
                body.append(reinterpret_cast<char const*>(p.data()), p.size());
                return body.size() < 20'000'000 ? sink_action::proceed : sink_action::stop;
            }
        } whole(out);
        LADING_TRY(auto head, inner.exchange(q, whole));
        if (!whole.body.empty()) {
            LADING_TRY_V(out.write(std::as_bytes(std::span(whole.body))));
        }
        return head;
    }
};
struct does_not_stop : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct deaf : between {
            using between::between;
            std::size_t after = 0;
            bool deaf_now = false;
            result<sink_action> write(std::span<std::byte const> p) override {
                LADING_TRY(auto const f, sink.write(p));
                deaf_now = deaf_now || f == sink_action::stop;
                return deaf_now && ++after > 3 ? sink_action::stop : sink_action::proceed;
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct loses_the_sinks_error : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r && r.assume_error().kind() == errc::sink_failed) return error(errc::connection_reset);
        return r;
    }
};
struct joins_headers : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r) r.assume_value().headers.set("X-Twice", "1, 2");
        return r;
    }
};
struct garbles_what_is_large : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct garbler : between {
            using between::between;
            std::size_t seen = 0;
            result<sink_action> write(std::span<std::byte const> p) override {
                seen += p.size();
                return seen < 100'000 ? sink.write(p) : sink.write(std::vector<std::byte>(p.size(), std::byte('z')));
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct keeps_five_headers : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r) return r;
        header_map kept;
        for (auto const& [name, value] : r.assume_value().headers)
            if (kept.size() < 5) kept.add(name, value);
        r.assume_value().headers = std::move(kept);
        return r;
    }
};
struct loses_large_lengths : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct loser : between {
            using between::between;
            result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override {
                return sink.begin(h, n && *n > 1'000'000 ? std::nullopt : n);
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct begins_twice : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct twice : between {
            using between::between;
            result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override {
                LADING_TRY_V(sink.begin(h, n));
                return sink.begin(h, n);
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct swallows_short_bodies : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct swallower : between {
            using between::between;
            result<sink_action> write(std::span<std::byte const> p) override { return p.size() < 10 ? sink_action::proceed : sink.write(p); }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct names_headers_its_way : base { // as variables of an environment are named
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r) return r;
        header_map named;
        for (auto const& [name, value] : r.assume_value().headers) {
            std::string other(name);
            std::replace(other.begin(), other.end(), '-', '_');
            named.add(other, value);
        }
        r.assume_value().headers = std::move(named);
        return r;
    }
};
struct begins_without_the_head : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct beheader : between {
            using between::between;
            result<sink_action> begin(response const&, std::optional<std::uint64_t> n) override { return sink.begin(response(200), n); }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct forgets_the_url : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r) r.assume_value().url.clear();
        return r;
    }
};
struct begins_with_the_first_piece : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct dependent : between {
            using between::between;
            std::optional<response> head;
            std::optional<std::uint64_t> length;
            result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override { return head = h, length = n, sink_action::proceed; }
            result<sink_action> write(std::span<std::byte const> p) override {
                if (head) {
                    LADING_TRY_V(sink.begin(*std::exchange(head, std::nullopt), length));
                }
                return sink.write(p);
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct is_spoilt_by_a_stop : base {
    using base::base;
    bool spoilt = false;
    result<response> exchange(request const& q, body_sink& out) {
        struct watcher : between {
            using between::between;
            bool stopped = false;
            result<sink_action> write(std::span<std::byte const> p) override {
                auto const f = sink.write(p);
                stopped = !f || f.assume_value() == sink_action::stop;
                return f;
            }
        } s(out);
        if (spoilt) return error(errc::connection_reset);
        auto r = inner.exchange(q, s);
        spoilt = s.stopped;
        return r;
    }
};
struct decodes_an_encoding : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct decoder final : body_sink {
            explicit decoder(body_sink& s) : sink(s) {}
            body_sink& sink;
            bool encoded = false;
            result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override {
                encoded = h.headers.find("Content-Encoding") == "gzip";
                return sink.begin(h, n);
            }
            result<sink_action> write(std::span<std::byte const> p) override { return sink.write(encoded ? std::as_bytes(std::span("decoded", 7)) : p); }
        } s(out);
        return inner.exchange(q, s);
    }
};

} // namespace wrong_transports
