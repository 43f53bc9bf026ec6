// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the transport policy: a model that speaks HTTP to a host is asked for what `policy/transport.hpp` promises,
/// against a server on this machine that answers in every way a peer may.

#include "../backend/constexpr_sha2.hpp"
#include "../detail/text.hpp"
#include "../endpoint/network_options.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "byte_server.hpp"
#include "certificates.hpp"
#include "finding.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

namespace detail {

/// Keeps what a sink was told; stops or fails where it is told to.
struct recording_sink final : body_sink {
    recording_sink() = default;
    result<flow> begin(response const& h, std::optional<std::uint64_t> n) override {
        ++begins;
        wrote_before_begin = wrote_before_begin || pieces > 0;
        head = h;
        length = n;
        if (fail_begin) return error(errc::sink_failed).with_context("kit");
        return stop_begin ? flow::stop : flow::more;
    }
    result<flow> write(std::span<std::byte const> piece) override {
        wrote_before_begin = wrote_before_begin || begins == 0;
        ++pieces;
        largest = std::max(largest, piece.size());
        total += piece.size();
        if (body.size() < (1u << 20)) body.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        after_stop += stopped ? 1 : 0;
        if (fail_after && total >= *fail_after) return error(errc::sink_failed).with_context("kit");
        stopped = stop_after && total >= *stop_after;
        return stopped ? flow::stop : flow::more;
    }

    int begins = 0;
    std::size_t pieces = 0, largest = 0, total = 0, after_stop = 0;
    response head;
    std::optional<std::uint64_t> length;
    std::string body; ///< the first MiB
    bool wrote_before_begin = false, stopped = false;
    bool stop_begin = false, fail_begin = false;
    std::optional<std::size_t> stop_after, fail_after;
};

/// One exchange of a blocking or an asynchronous model.
template <class T>
result<response> exchange_with(T& t, asio::io_context& loop, request const& q, body_sink& out) {
    if constexpr (sync_transport<T>) {
        (void)loop;
        return t.exchange(q, out);
    } else {
        std::optional<result<response>> answer;
        t.async_exchange(q, out, [&](result<response> r) { answer.emplace(std::move(r)); });
        loop.restart();
        loop.run();
        if (!answer) return error(errc::cancelled).with_context("the handler was never called");
        return std::move(*answer);
    }
}

/// The default maker of models: from options and limits, with an executor before them when asynchronous.
template <class T>
struct make_default {
    T operator()([[maybe_unused]] asio::any_io_executor executor, network_options n, limits l) const {
        if constexpr (sync_transport<T>) return T(std::move(n), std::move(l));
        else return T(std::move(executor), std::move(n), std::move(l));
    }
};

template <class T, class Make>
class transport_kit {
    using ending = byte_answer::ending;
    static constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\n";

  public:
    explicit transport_kit(Make make) : make_(std::move(make)) {
        bounds_.connect = bounds_.handshake = std::chrono::seconds(5);
        bounds_.header = bounds_.idle = std::chrono::milliseconds(300);
    }

    findings run() {
        answers();
        sends_as_is();
        adds_nothing();
        bodies();
        stops();
        losses();
        limits_hold();
        connections();
        secure();
        if constexpr (!sync_transport<T>) cancels();
        return std::move(out_);
    }

  private:
    struct outcome {
        result<response> answer;
        recording_sink sink;
        std::string request; ///< as the server received it
        std::chrono::steady_clock::duration took{};
    };

    void require(bool holds, char const* rule, std::string what) {
        if (!holds) out_.emplace_back(rule, std::move(what));
    }
    static std::string shown(std::string_view text) { return lading::detail::printable(text, 200); }
    static std::string said(result<response> const& r) {
        return r ? "status " + std::to_string(r.assume_value().status) : std::string(name_of(r.assume_error().kind()));
    }

    /// One exchange with a server that gives `a`.
    outcome ask(byte_answer a, recording_sink sink = {}, request q = request("GET", "/x")) {
        byte_server server([&](std::string const&) { return a; });
        T t = make_(loop_.get_executor(), network_options(), bounds_);
        return ask(t, server, std::move(sink), std::move(q));
    }
    outcome ask(T& t, byte_server& server, recording_sink sink = {}, request q = request("GET", "/x"), std::string const& scheme = "http",
                std::string const& host = "127.0.0.1") {
        q.url = scheme + "://" + host + ':' + std::to_string(server.port()) + q.url;
        auto const began = std::chrono::steady_clock::now();
        auto answer = exchange_with(t, loop_, q, sink);
        auto const took = std::chrono::steady_clock::now() - began;
        auto const seen = server.requests();
        return {std::move(answer), std::move(sink), seen.empty() ? std::string() : seen.back(), took};
    }
    void expect_body(char const* rule, std::string const& name, byte_answer a, std::string_view body) {
        auto const o = ask(std::move(a));
        require(o.answer && o.sink.body == body && o.sink.begins == 1, rule,
                name + ": " + said(o.answer) + ", body " + shown(o.sink.body));
    }
    /// Must not be taken for a complete answer.
    void expect_failure(char const* rule, std::string const& name, byte_answer a) {
        auto const o = ask(std::move(a));
        require(!o.answer, rule, name + " was a success");
        if (!o.answer) require(o.answer.assume_error().facts().next_endpoint, "facts of a failure", name + ": next_endpoint is not set");
    }

    void answers() {
        auto const o = ask({std::string(ok_head) + "Content-Type: text/plain\r\ncOnTeNt-LeNgTh: 5\r\nX-Twice: 1\r\nX-TWICE: 2\r\n\r\nhello"});
        require(bool(o.answer), "answers", "a plain 200: " + said(o.answer));
        if (!o.answer) return;
        auto const& head = o.answer.assume_value();
        require(head.status == 200 && o.sink.body == "hello", "answers", "200 with hello: " + said(o.answer) + ' ' + shown(o.sink.body));
        require(head.headers.find("content-type") == "text/plain", "headers have no case", "Content-Type is not found");
        require(head.headers.all("x-twice").size() == 2, "headers of one name are kept", "X-Twice");
        require(o.sink.begins == 1 && !o.sink.wrote_before_begin, "begin comes once and first", std::to_string(o.sink.begins) + " times");
        require(o.sink.length == 5u, "begin is told the length", "Content-Length in mixed case");
        require(o.sink.head.status == 200 && o.sink.head.headers.find("x-twice").has_value(), "begin is given the head", said(o.answer));
        require(head.url.ends_with("/x"), "the answer names its URL", shown(head.url));
        for (int const status : {201, 400, 401, 403, 404, 429, 500, 503}) {
            auto const e = ask({"HTTP/1.1 " + std::to_string(status) + " X\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 3\r\n\r\nwhy"});
            require(e.answer && e.answer.assume_value().status == status && e.sink.body == "why", "every status is an answer",
                    std::to_string(status) + ": " + said(e.answer));
        }
    }
    void sends_as_is() {
        request q("POST", "/a%2Fb/c?x=1&y=%20");
        q.headers.add("Accept", "one, two");
        q.headers.add("X-Own", "as it is");
        q.body = "grant=1&x=%26";
        auto const o = ask({std::string(ok_head) + "Content-Length: 0\r\n\r\n"}, {}, q);
        require(o.request.starts_with("POST /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\n"), "sends method and target as they are", shown(o.request));
        auto const has = [&](std::string_view line) { return lading::detail::lower(o.request).find(lading::detail::lower(line)) != std::string::npos; };
        require(has("\r\nHost: 127.0.0.1:"), "sends Host", shown(o.request));
        require(has("\r\nAccept: one, two\r\n") && has("\r\nX-Own: as it is\r\n"), "sends the headers as they are", shown(o.request));
        require(has("\r\nContent-Length: 13\r\n") && o.request.ends_with("\r\n\r\ngrant=1&x=%26"), "sends the body with its length", shown(o.request));
        require(!has("\r\nTransfer-Encoding:") && !has("\r\nExpect:") && !has("\r\nContent-Type:"), "adds nothing to a request", shown(o.request));
        for (char const* bad : {"a\r\nX-Evil: 1", "a\nb"}) {
            request evil("GET", "/x");
            evil.headers.add("X-Own", bad);
            byte_server server([](std::string const&) { return byte_answer(std::string(ok_head) + "Content-Length: 0\r\n\r\n"); });
            T t = make_(loop_.get_executor(), network_options(), bounds_);
            auto const e = ask(t, server, {}, evil);
            require(!e.answer && lading::detail::lower(e.request).find("\nx-evil") == std::string::npos, "refuses line breaks in a header", shown(bad));
        }
    }
    void adds_nothing() {
        byte_server server([&](std::string const& q) {
            if (q.starts_with("GET /moved")) return byte_answer("HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
            if (q.starts_with("GET /auth")) return byte_answer("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
            return byte_answer(std::string(ok_head) + "Content-Length: 0\r\n\r\n");
        });
        T t = make_(loop_.get_executor(), network_options(), bounds_);
        auto const moved = ask(t, server, {}, request("GET", "/moved"));
        require(moved.answer && moved.answer.assume_value().status == 302 && moved.request.starts_with("GET /moved"), "follows no redirect", said(moved.answer));
        auto const auth = ask(t, server, {}, request("GET", "/auth"));
        require(auth.answer && auth.answer.assume_value().status == 401, "answers no challenge", said(auth.answer));
        auto const after = ask(t, server);
        auto const sent = lading::detail::lower(after.request);
        for (char const* name : {"\r\ncookie:", "\r\nauthorization:", "\r\nreferer:", "\r\nrange:"})
            require(sent.find(name) == sent.npos, "adds nothing to a request", shown(name));
        require(sent.find("gzip") == sent.npos && sent.find("deflate") == sent.npos, "asks for no encoding", shown(sent));
        auto const coded = ask({std::string(ok_head) + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"});
        require(!coded.answer ? coded.answer.assume_error() == errc::http_content_encoding : coded.sink.body == "abcd", "decodes no content encoding", said(coded.answer));
    }
    void bodies() {
        std::string const text = "the quick brown fox";
        auto const with_length = std::string(ok_head) + "Content-Length: 19\r\n\r\n" + text;
        expect_body("streams the body", "in pieces of one byte", {with_length, ending::keep, 1}, text);
        expect_body("streams the body", "in pieces of seven bytes", {with_length, ending::keep, 7}, text);
        std::string chunked = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
        for (char const c : text) chunked += std::string("1;x=y\r\n") + c + "\r\n";
        expect_body("streams the body", "in chunks of one byte", {chunked + "0\r\n\r\n"}, text);
        expect_body("streams the body", "in chunks, by one byte, with a trailer", {chunked + "0\r\nX-T: 1\r\n\r\n", ending::keep, 1}, text);
        expect_body("streams the body", "to the end of the connection", {std::string(ok_head) + "\r\n" + text, ending::close}, text);
        expect_body("streams the body", "empty", {std::string(ok_head) + "Content-Length: 0\r\n\r\n"}, "");
        expect_body("skips informational answers", "100 and 103", {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + with_length}, text);
        auto const none = ask({"HTTP/1.1 204 None\r\n\r\n"});
        require(none.answer && none.sink.total == 0 && none.sink.begins == 1, "some answers have no body", "204: " + said(none.answer));
        auto const head = ask({std::string(ok_head) + "Content-Length: 1000\r\n\r\n"}, {}, request("HEAD", "/x"));
        require(head.answer && head.sink.total == 0 && head.sink.begins == 1 && head.sink.length == 1000u, "some answers have no body", "HEAD: " + said(head.answer));

        std::string large = std::string(ok_head) + "Content-Length: " + std::to_string(8 << 20) + "\r\n\r\n";
        large.append(8 << 20, 'x');
        auto const o = ask({std::move(large)});
        require(o.answer && o.sink.total == 8 << 20, "streams the body", "8 MiB: " + said(o.answer) + ", " + std::to_string(o.sink.total));
        require(o.sink.largest <= 1 << 20, "streams the body", "8 MiB came in a piece of " + std::to_string(o.sink.largest));
    }
    void stops() {
        byte_answer forever(std::string(ok_head) + "\r\n" + std::string(4096, 'x'), ending::close);
        forever.endless = 4096;
        byte_server server([&](std::string const& q) {
            return q.starts_with("GET /forever") ? forever : byte_answer(std::string(ok_head) + "Content-Length: 2\r\n\r\nok");
        });
        T t = make_(loop_.get_executor(), network_options(), bounds_);
        for (int n = 0; n < 2; ++n) {
            recording_sink s;
            if (n == 0) s.stop_begin = true;
            else s.stop_after = 10'000;
            auto const o = ask(t, server, s, request("GET", "/forever"));
            auto const where = std::string(n == 0 ? "in begin" : "in write");
            require(o.answer && o.answer.assume_value().status == 200, "stops when the sink has enough", where + ": " + said(o.answer));
            require(o.sink.after_stop == 0 && (n == 1 || o.sink.pieces == 0), "stops when the sink has enough", where + ": it was given more");
            recording_sink bad;
            if (n == 0) bad.fail_begin = true;
            else bad.fail_after = 10'000;
            auto const f = ask(t, server, bad, request("GET", "/forever"));
            require(!f.answer && f.answer.assume_error() == errc::sink_failed && f.answer.assume_error().detail().context.find("kit") != std::string::npos,
                    "returns the failure of the sink", where + ": " + said(f.answer));
            auto const after = ask(t, server);
            require(after.answer && after.sink.body == "ok", "goes on after a stop", where + ": " + said(after.answer));
        }
    }
    void losses() {
        for (auto const end : {ending::close, ending::reset}) {
            std::string const how = end == ending::close ? " closed" : " reset";
            expect_failure("a lost connection is a failure", "before the head," + how, {"", end});
            expect_failure("a lost connection is a failure", "inside the head," + how, {"HTTP/1.1 200 OK\r\nContent-Le", end});
            expect_failure("a lost connection is a failure", "inside the body," + how, {std::string(ok_head) + "Content-Length: 10\r\n\r\nabc", end});
            expect_failure("a lost connection is a failure", "inside a chunk," + how, {std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", end});
            expect_failure("a lost connection is a failure", "before the last chunk," + how, {std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", end});
        }
        for (char const* bad : {"HTTP/1.1 2x0 OK\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
            expect_failure("what is not HTTP is a failure", shown(bad), {bad, ending::close});
        std::uint16_t port = 0;
        {
            byte_server gone([](std::string const&) { return byte_answer(); });
            port = gone.port();
        }
        T t = make_(loop_.get_executor(), network_options(), bounds_);
        recording_sink sink;
        request const q("GET", "http://127.0.0.1:" + std::to_string(port) + "/x");
        auto const r = exchange_with(t, loop_, q, sink);
        require(!r && r.assume_error() == errc::connection_refused, "says that nobody listens", said(r));
        if (!r) require(r.assume_error().facts().next_endpoint && !r.assume_error().facts().answered, "facts of a failure", "nobody listens");
        auto const lost = ask({std::string(ok_head) + "Content-Length: 10\r\n\r\nabc", ending::close});
        if (!lost.answer) require(lost.answer.assume_error().facts().answered, "facts of a failure", "a body that broke off was an answer");
    }
    void limits_hold() {
        auto timed = [&](char const* name, byte_answer a, errc code, bool deadline) {
            request q("GET", "/x");
            if (deadline) q.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
            auto const o = ask(std::move(a), {}, q);
            require(!o.answer && o.answer.assume_error() == code, "gives up in time", std::string(name) + ": " + said(o.answer));
            require(o.took < std::chrono::seconds(2), "gives up in time", std::string(name) + " took too long");
        };
        timed("no head", {"", ending::hang}, errc::timeout_header, false);
        timed("half a head", {"HTTP/1.1 200 OK\r\nX: ", ending::hang}, errc::timeout_header, false);
        timed("half a body", {std::string(ok_head) + "Content-Length: 9\r\n\r\nabc", ending::hang}, errc::timeout_body, false);
        timed("the deadline", {"", ending::hang}, errc::timeout, true);
        request late("GET", "/x");
        late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
        auto const o = ask({std::string(ok_head) + "Content-Length: 0\r\n\r\n"}, {}, late);
        require(!o.answer && o.answer.assume_error() == errc::timeout && o.request.empty(), "gives up in time", "a deadline that is over: " + said(o.answer));
        // A byte now and then: never idle, never done.
        auto const patient = bounds_;
        bounds_.pace = std::chrono::milliseconds(200);
        bounds_.pace_bytes = 1000;
        byte_answer drip(std::string(ok_head) + "Content-Length: 1000\r\n\r\n" + std::string(100, 'x'), ending::hang, 1);
        drip.pause = std::chrono::milliseconds(2);
        timed("a drip", drip, errc::too_slow, false);
        bounds_ = patient;
        auto many = std::string(ok_head);
        for (int i = 0; i < 400; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
        expect_failure("bounds the head", "400 lines", {many + "Content-Length: 0\r\n\r\n"});
        expect_failure("bounds the head", "a line of 40000 bytes", {std::string(ok_head) + "X: " + std::string(40'000, 'x') + "\r\nContent-Length: 0\r\n\r\n"});
    }
    void connections() {
        std::size_t n = 0;
        byte_server server([&](std::string const& q) {
            auto a = byte_answer(std::string(ok_head) + "Content-Length: 1\r\n\r\n" + char('0' + n++ % 10));
            if (q.starts_with("GET /last")) a.end = ending::close; // unannounced
            return a;
        });
        T t = make_(loop_.get_executor(), network_options(), bounds_);
        for (int i = 0; i < 5; ++i) {
            auto const o = ask(t, server);
            require(o.answer && o.sink.body == std::string(1, char('0' + i)), "each answer to its request", std::to_string(i) + ": " + shown(o.sink.body));
        }
        require(server.accepted() <= 1, "keeps the connection", std::to_string(server.accepted()) + " connections for 5 requests");
        ask(t, server, {}, request("GET", "/last"));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        auto const o = ask(t, server);
        require(bool(o.answer), "a connection that was closed meanwhile is no failure", said(o.answer));
    }
    void secure() {
        certificate_authority ca;
        auto const good = ca.issue({"localhost"}, {"127.0.0.1"}), other = ca.issue({"other.example"});
        auto const answer = [](std::string const&) { return byte_answer(std::string(ok_head) + "Content-Length: 2\r\n\r\nok"); };
        tls_options trusting;
        trusting.system_roots = false;
        tls_options stranger = trusting;
        trusting.ca_pem = ca.cert_pem();
        certificate_authority elsewhere("somebody else");
        stranger.ca_pem = elsewhere.cert_pem();
        struct tls_case {
            char const* name;
            issued_certificate const& shown;
            tls_options const& trust;
            errc code;
        };
        for (auto const& c : {tls_case{"a good certificate", good, trusting, errc::ok}, {"a stranger's certificate", good, stranger, errc::tls_cert_untrusted},
                              {"another host's certificate", other, trusting, errc::tls_host_mismatch}}) {
            byte_server server(answer, c.shown.cert_pem, c.shown.key_pem);
            T t = make_(loop_.get_executor(), network_options(c.trust), bounds_);
            auto const o = ask(t, server, {}, request("GET", "/x"), "https");
            if (c.code == errc::ok) {
                require(o.answer && o.sink.body == "ok", "speaks TLS", std::string(c.name) + ": " + said(o.answer));
                continue;
            }
            require(!o.answer && o.answer.assume_error() == c.code, "checks certificates", std::string(c.name) + ": " + said(o.answer));
            require(o.request.empty(), "checks certificates", std::string(c.name) + ": a request was sent");
            if (!o.answer) require(!o.answer.assume_error().facts().plaintext, "facts of a failure", std::string(c.name) + " allows plaintext");
        }
        byte_server plain(answer); // no TLS there, and no answer to a greeting of TLS
        auto hasty = bounds_;
        hasty.connect = hasty.handshake = std::chrono::milliseconds(150);
        T t = make_(loop_.get_executor(), network_options(trusting), hasty);
        auto const o = ask(t, plain, {}, request("GET", "/x"), "https");
        require(!o.answer && o.request.find("GET ") == std::string::npos, "https never becomes http by itself", said(o.answer));
        // A body without a length must end with TLS's own closing message: anybody can cut a connection.
        byte_server cut([](std::string const&) { return byte_answer(std::string(ok_head) + "\r\nhalf", ending::reset); }, good.cert_pem, good.key_pem);
        T u = make_(loop_.get_executor(), network_options(trusting), bounds_);
        auto const h = ask(u, cut, {}, request("GET", "/x"), "https");
        require(!h.answer, "a lost connection is a failure", "a cut TLS stream was a success");
    }
    void cancels() {
        byte_server server([](std::string const&) { return byte_answer("", ending::hang); });
        T t = make_(loop_.get_executor(), network_options(), limits());
        recording_sink sink;
        request const q("GET", "http://127.0.0.1:" + std::to_string(server.port()) + "/x");
        asio::cancellation_signal signal;
        std::optional<result<response>> answer;
        bool inside = true;
        t.async_exchange(q, sink, asio::bind_cancellation_slot(signal.slot(), [&](result<response> r) {
                             require(!inside, "the handler is called later", "inside the initiating call");
                             answer.emplace(std::move(r));
                         }));
        inside = false;
        asio::steady_timer timer(loop_, std::chrono::milliseconds(100));
        timer.async_wait([&](asio::error_code) { signal.emit(asio::cancellation_type::all); });
        auto const began = std::chrono::steady_clock::now();
        loop_.restart();
        loop_.run_for(std::chrono::seconds(3));
        require(answer && !*answer && answer->assume_error() == errc::cancelled, "can be cancelled", answer ? said(*answer) : "no answer");
        require(std::chrono::steady_clock::now() - began < std::chrono::seconds(1), "can be cancelled", "took too long");
    }

    Make make_;
    limits bounds_;
    asio::io_context loop_{1};
    findings out_;
};

} // namespace detail

/// Checks a transport, blocking or asynchronous. `make(executor, network_options, limits)` makes one; a blocking one may
/// ignore the executor. Three seconds or so; starts servers on 127.0.0.1. Not for transports that reach no host.
template <class T, class Make = detail::make_default<T>>
findings check_transport(Make make = {}) {
    static_assert(lading::check_transport<T>::ok);
    if constexpr (sync_transport<T> || async_transport<T>) return detail::transport_kit<T, Make>(std::move(make)).run();
    else return {};
}

} // namespace lading::testing
