// SPDX-License-Identifier: BSL-1.0
// The transport kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"

#include <lading/backend/asio_sync_transport.hpp>
#include <lading/testing/check_transport.hpp>

#ifdef LADING_TEST_CURL
#include <lading/backend/curl_transport.hpp>
#endif

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace transport_test {

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
/// The body may take any time.
struct has_a_deadline_for_the_head : base {
    has_a_deadline_for_the_head(network_options n, limits l) : base(n, l), network(std::move(n)), bounds(std::move(l)) {}
    result<response> exchange(request q, body_sink& out) {
        if (!q.deadline || *q.deadline <= std::chrono::steady_clock::now()) return inner.exchange(q, out);
        auto bound = bounds;
        bound.header = std::chrono::ceil<std::chrono::milliseconds>(*q.deadline - std::chrono::steady_clock::now());
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
struct garbles_what_is_large : base {
    using base::base;
    result<response> exchange(request const& q, body_sink& out) {
        struct garbler : between {
            using between::between;
            std::size_t seen = 0;
            result<flow> write(std::span<std::byte const> p) override {
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
            result<flow> begin(response const& h, std::optional<std::uint64_t> n) override {
                return sink.begin(h, n && *n > 1'000'000 ? std::nullopt : n);
            }
        } s(out);
        return inner.exchange(q, s);
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

/// A planted defect: the kit over `T` must find `rule`.
struct planted {
    template <class T>
    static planted in(char const* name, std::string_view rule) {
        return {name, rule, [] { return testing::check_transport<T>(); }};
    }
    char const* name;
    std::string_view rule;
    testing::findings (*run)();
};
#define PLANTED(rule, ...) planted::in<__VA_ARGS__>(#__VA_ARGS__, rule)

/// The kit waits more than it works: four at a time.
void each_is_found(std::vector<planted> const& all) {
    std::vector<testing::findings> found(all.size());
    std::atomic<std::size_t> next{0};
    auto const work = [&] {
        for (std::size_t i; (i = next++) < all.size();) found[i] = all[i].run();
    };
    std::vector<std::future<void>> workers;
    for (int n = 0; n < 4; ++n) workers.push_back(std::async(std::launch::async, work));
    for (auto& w : workers) w.get();
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (auto const& f : found[i]) UNSCOPED_INFO(f.str().substr(0, 200));
        INFO(all[i].name << " must be found: " << all[i].rule);
        CHECK(std::any_of(found[i].begin(), found[i].end(), [&](auto const& f) { return f.rule == all[i].rule; }));
    }
}

} // namespace

TEST_CASE("kit: each planted defect of a transport is found") {
    each_is_found({
        PLANTED("follows no redirect", follows_redirects<302>),
        PLANTED("follows no redirect", follows_redirects<307>),
        PLANTED("adds nothing to a request", keeps_cookies),
        PLANTED("every status is an answer", fails_on_404),
        PLANTED("a lost connection is a failure", takes_half_for_whole),
        PLANTED("streams the body", collects_first),
        PLANTED("stops when the sink has enough", does_not_stop),
        PLANTED("returns the failure of the sink", loses_the_sinks_error),
        PLANTED("headers of one name are kept", joins_headers),
        PLANTED("keeps to the deadline", ignores_the_deadline),
        PLANTED("keeps to the deadline", has_a_deadline_for_the_head),
        PLANTED("keeps to the deadline", has_no_clock),
        PLANTED("gives up in time", has_only_deadlines),
        PLANTED("streams the body", garbles_what_is_large),
        PLANTED("every header is kept, in order", keeps_five_headers),
        PLANTED("begin is told the length", loses_large_lengths),
        PLANTED("adds nothing to a request", adds_a_header),
        PLANTED("adds nothing to a request", adds_a_second_agent),
        PLANTED("sends the headers as they are", drops_a_header),
        PLANTED("sends a request once", tries_again<false>),
        PLANTED("sends a request once", tries_again<true>),
        PLANTED("checks certificates", checks_no_certificate),
        PLANTED("keeps the connection", connects_each_time),
        PLANTED("https never becomes http by itself", falls_back_to_http),
        PLANTED("facts of a failure", says_nothing_of_next),
        PLANTED("begin comes once and first", begins_twice),
        PLANTED("asks for no encoding", asks_for_gzip),
    });
}
TEST_CASE("kit: each planted defect of an asynchronous transport is found") {
    each_is_found({
        PLANTED("the handler is called later", calls_inside),
        PLANTED("the handler is called once", calls_twice),
        PLANTED("the handler is called once", never_calls_for_bad_urls),
        PLANTED("can be cancelled", is_not_cancelled),
    });
}
namespace {

/// Takes neither options nor limits: made as a client makes it.
struct bare {
    result<response> exchange(request const& q, body_sink& out) { return inner.exchange(q, out); }
    asio_sync_transport inner;
};

} // namespace

TEST_CASE("kit: a transport that is made from nothing needs no maker") {
    auto made = testing::detail::make_default<bare>()({}, network_options(), limits());
    testing::detail::recording_sink sink;
    CHECK_FALSE(made.exchange(request("GET", "no URL"), sink));
}

} // namespace transport_test
