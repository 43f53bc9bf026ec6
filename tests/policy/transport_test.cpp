// SPDX-License-Identifier: BSL-1.0
// The transport kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"

#include <lading/backend/asio_sync_transport.hpp>
#include <lading/testing/check_transport.hpp>

#ifdef LADING_TEST_CURL
#include <lading/backend/curl_transport.hpp>
#endif

#include <algorithm>
#include <string>
#include <utility>

using namespace lading;

namespace {

template <class T>
void keeps_its_contract(char const* name) {
    INFO(name);
    for (auto const& f : testing::check_transport<T>()) FAIL_CHECK(f.str());
}

} // namespace

TEST_CASE("kit: the transports that ship keep their contract") {
    keeps_its_contract<asio_transport>("asio_transport");
    keeps_its_contract<asio_sync_transport>("asio_sync_transport");
#ifdef LADING_TEST_CURL
    keeps_its_contract<curl_transport>("curl_transport");
#endif
}
namespace {

/// Over the model that is right, with one defect.
struct base {
    base(network_options n, limits l) : inner(std::move(n), std::move(l)) {}
    result<response> exchange(request const& q, body_sink& out) { return inner.exchange(q, out); }
    asio_sync_transport inner;
};
/// A sink between a transport and the caller's.
struct between : body_sink {
    explicit between(body_sink& s) : sink(s) {}
    result<flow> begin(response const& h, std::optional<std::uint64_t> n) override { return sink.begin(h, n); }
    result<flow> write(std::span<std::byte const> p) override { return sink.write(p); }
    body_sink& sink;
};

struct follows_redirects : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r || r.assume_value().status != 302) return r;
        request next = q;
        next.url = q.url.substr(0, q.url.rfind('/')) + "/x";
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
struct fails_on_404 : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (r && r.assume_value().status == 404) return error(errc::not_found);
        return r;
    }
};
struct takes_half_for_whole : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r && r.assume_error().kind() == errc::http_body_truncated) return response(200);
        return r;
    }
};
struct collects_first : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct all : between {
            using between::between;
            std::string body;
            result<flow> write(std::span<std::byte const> p) override {
                body.append(reinterpret_cast<char const*>(p.data()), p.size());
                return body.size() < 20'000'000 ? flow::more : flow::stop;
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
            result<flow> write(std::span<std::byte const> p) override {
                LADING_TRY(auto const f, sink.write(p));
                deaf_now = deaf_now || f == flow::stop;
                return deaf_now && ++after > 3 ? flow::stop : flow::more;
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
struct ignores_the_deadline : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.deadline.reset();
        return inner.exchange(q, out);
    }
};
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
struct says_nothing_of_next : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        auto r = inner.exchange(q, out);
        if (!r) return error(r.assume_error().kind());
        return r;
    }
};
struct begins_twice : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct twice : between {
            using between::between;
            result<flow> begin(response const& h, std::optional<std::uint64_t> n) override {
                LADING_TRY_V(sink.begin(h, n));
                return sink.begin(h, n);
            }
        } s(out);
        return inner.exchange(q, s);
    }
};
struct asks_for_gzip : base {
    using base::base;
    result<response> exchange(request q, body_sink& out) {
        q.headers.add("Accept-Encoding", "gzip");
        return inner.exchange(q, out);
    }
};

template <class T>
bool is_found(std::string_view rule) {
    auto const found = testing::check_transport<T>();
    for (auto const& f : found) UNSCOPED_INFO(f.str().substr(0, 200));
    return std::any_of(found.begin(), found.end(), [&](auto const& f) { return f.rule == rule; });
}

} // namespace

TEST_CASE("kit: each planted defect of a transport is found") {
    CHECK(is_found<follows_redirects>("follows no redirect"));
    CHECK(is_found<keeps_cookies>("adds nothing to a request"));
    CHECK(is_found<fails_on_404>("every status is an answer"));
    CHECK(is_found<takes_half_for_whole>("a lost connection is a failure"));
    CHECK(is_found<collects_first>("streams the body"));
    CHECK(is_found<does_not_stop>("stops when the sink has enough"));
    CHECK(is_found<loses_the_sinks_error>("returns the failure of the sink"));
    CHECK(is_found<joins_headers>("headers of one name are kept"));
    CHECK(is_found<ignores_the_deadline>("gives up in time"));
    CHECK(is_found<checks_no_certificate>("checks certificates"));
    CHECK(is_found<connects_each_time>("keeps the connection"));
    CHECK(is_found<falls_back_to_http>("https never becomes http by itself"));
    CHECK(is_found<says_nothing_of_next>("facts of a failure"));
    CHECK(is_found<begins_twice>("begin comes once and first"));
    CHECK(is_found<asks_for_gzip>("asks for no encoding"));
}
