// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Wrong about what goes wrong: broken connections, nonsense, and time or size without end.

#include "model.hpp"

#include <chrono>
#include <string_view>
#include <utility>

namespace wrong_transports {

struct takes_half_for_whole : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r && r.assume_error().kind() == errc::http_body_truncated) return response(200);
        return r;
    }
};
struct ignores_the_deadline : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.deadline.reset();
        return inner.exchange(q, out);
    }
};
/// A deadline becomes a limit of the head, and the body may take any time. The limit is generous: a head that is late on a busy
/// machine must not hide the defect.
struct limits_only_the_head : base {
    limits_only_the_head(network_options n, limits l) : base(n, l), network(std::move(n)), bounds(std::move(l)) {}
    result<response> exchange(request q, body_sink& out) {
        constexpr auto generous = std::chrono::seconds(1);
        if (!q.deadline || *q.deadline + generous <= std::chrono::steady_clock::now()) return inner.exchange(q, out);
        auto bound = bounds;
        bound.header = generous;
        q.deadline.reset();
        auto r = asio_sync_transport(network, bound).exchange(q, out);
        if (!r && r.assume_error().kind() == errc::timeout_header) return error(errc::timeout);
        return r;
    }
    network_options network;
    limits bounds;
};
struct has_only_deadlines : base {
    static limits patient(limits l) {
        l.header = l.idle = l.pace = std::chrono::hours(1);
        return l;
    }
    has_only_deadlines(network_options n, limits l) : base(std::move(n), patient(std::move(l))) {}
};
struct has_no_clock : has_only_deadlines {
    using has_only_deadlines::has_only_deadlines;
    result<response> exchange(request q, body_sink& out) {
        q.deadline.reset();
        return inner.exchange(q, out);
    }
};
struct says_nothing_of_next : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r) return error(r.assume_error().kind());
        return r;
    }
};
struct takes_anything_for_an_answer : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r && name_of(r.assume_error().kind()).starts_with("http_")) return response(200);
        return r;
    }
};
struct calls_everything_a_reset : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r && r.assume_error() == errc::connection_refused) return error(errc::connection_reset).with_facts(r.assume_error().facts());
        return r;
    }
};
struct takes_any_head : base {
    static limits generous(limits l) {
        l.header_bytes = l.header_line = 16u << 20;
        l.header_lines = 100'000;
        return l;
    }
    takes_any_head(network_options n, limits l) : base(std::move(n), generous(std::move(l))) {}
};

} // namespace wrong_transports
