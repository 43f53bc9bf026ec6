// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `asio_transport`: HTTP/1.1 over standalone Asio and OpenSSL, asynchronous.

#include "../endpoint/network_options.hpp"
#include "../http/address.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "connection.hpp"
#include "http1_reader.hpp"
#include "http1_request.hpp"
#include "proxy.hpp"
#include "transport_failure.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/compose.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// What the exchanges of one transport share.
struct transport_state {
    transport_state(asio::any_io_executor e, network_options n, limits l)
        : executor(std::move(e)), network(std::move(n)), bounds(std::move(l)) {}

    /// A TLS context and what it was made of.
    struct made_context {
        tls_options const* options;
        bool with_certificate;
        std::shared_ptr<asio::ssl::context> context;
    };

    asio::any_io_executor executor;
    network_options network;
    limits bounds;
    std::vector<made_context> contexts; ///< each made for the first https request that needs it, not before
    std::vector<std::unique_ptr<connection>> idle;

    result<std::shared_ptr<asio::ssl::context>> context_for(tls_options const& o, bool with_certificate) {
        for (auto const& c : contexts)
            if (c.options == &o && c.with_certificate == with_certificate) return c.context;
        LADING_TRY(auto made, make_tls_context(o, with_certificate));
        contexts.push_back({&o, with_certificate, made});
        return made;
    }

    /// An idle connection to the origin that is still good; drops those that are not.
    std::unique_ptr<connection> take(std::string const& key) {
        auto const now = std::chrono::steady_clock::now();
        std::unique_ptr<connection> found;
        std::erase_if(idle, [&](auto& c) {
            if (now - c->idle_since > bounds.pooled) return true;
            if (found || c->key != key) return false;
            if (c->quiet()) found = std::move(c);
            return true;
        });
        return found;
    }
    void keep(std::unique_ptr<connection> c) {
        auto const of_origin =
            std::count_if(idle.begin(), idle.end(), [&](auto const& other) { return other->key == c->key; });
        if (of_origin >= 8) return;
        c->idle_since = std::chrono::steady_clock::now();
        idle.push_back(std::move(c));
    }
};

/// Takes the body of a proxy's answer, which is nobody's.
struct discarding_sink final : body_sink {
    result<flow> begin(response const&, std::optional<std::uint64_t>) override { return flow::more; }
    result<flow> write(std::span<std::byte const>) override { return flow::stop; }
};

/// One exchange. Held by the composed operation and, weakly, by its timer.
struct exchange_state : std::enable_shared_from_this<exchange_state> {
    exchange_state(std::shared_ptr<transport_state> t, request const& q, body_sink& out)
        : transport(std::move(t)), query(q), sink(out), resolver(transport->executor), timer(transport->executor),
          pace(transport->bounds), buffer(std::size_t(16) << 10) {}

    std::shared_ptr<transport_state> transport;
    request const& query;
    body_sink& sink;
    std::optional<url> target;
    std::string key;
    std::string text; ///< of the request
    std::optional<proxy_address> proxy;
    std::string tunnel_text;    ///< of the CONNECT, while there is a tunnel to be made
    std::string tunnel_url;     ///< of the proxy; the reader keeps a reference to it
    discarding_sink tunnel_body;
    std::unique_ptr<connection> link;
    std::vector<asio::ip::tcp::endpoint> addresses;
    std::size_t next_address = 0;
    asio::ip::tcp::resolver resolver;
    asio::steady_timer timer;
    std::optional<http1_reader> reader;
    pace_watch pace;
    std::vector<char> buffer;
    errc expired = errc::ok;    ///< the limit that ran out
    unsigned timer_round = 0;   ///< tells the timer's last round from those before
    bool reused = false;
    bool may_reuse = true;
    bool written = false;

    /// From now on the exchange must go on within `d`, or fail with `what`; the deadline of the request counts too.
    void limit(std::chrono::milliseconds d, errc what) {
        auto until = std::chrono::steady_clock::now() + d;
        if (query.deadline && *query.deadline < until) until = *query.deadline, what = errc::timeout;
        timer.expires_at(until);
        timer.async_wait([self = weak_from_this(), round = ++timer_round, what](asio::error_code const& ec) {
            auto const s = self.lock();
            if (ec || !s || s->timer_round != round) return;
            s->expired = what;
            s->resolver.cancel();
            asio::error_code ignored;
            if (s->link) s->link->socket.close(ignored);
        });
    }
    void quiet_timer() {
        ++timer_round;
        timer.cancel();
    }

    error complete(error e) const {
        exchange_progress p;
        p.target = target;
        p.started = reader && reader->started();
        p.status = reader && reader->has_head() ? reader->status() : 0;
        return complete_failure(std::move(e), query, p);
    }
};

/// The composed operation: resolve, connect, handshake, write, read; each stage names the next.
class exchange_loop {
  public:
    exchange_loop(std::shared_ptr<transport_state> t, request const& q, body_sink& out)
        : s_(std::make_shared<exchange_state>(std::move(t), q, out)) {}

    template <class Self>
    void operator()(Self& self) {
        if (auto started = begin(); !started) {
            outcome_.emplace(std::move(started).assume_error());
            return post(self);
        }
        open(self);
    }
    /// After a post (the outcome is there), a connect, a handshake, a write.
    template <class Self>
    void operator()(Self& self, asio::error_code ec, std::size_t n = 0) {
        (void)n;
        // A signal that came while the handler of a wait was on its way reached no one else.
        if (!ec && stage_ != stage::done && self.get_cancellation_state().cancelled() != asio::cancellation_type::none) ec = asio::error::operation_aborted;
        switch (stage_) {
        case stage::connect: return on_connect(self, ec);
        case stage::ask_proxy: return on_proxy_asked(self, ec);
        case stage::read_proxy: return on_proxy_read(self, ec, n);
        case stage::handshake: return on_handshake(self, ec);
        case stage::write: return on_write(self, ec);
        case stage::read: return on_read(self, ec, n);
        case stage::done: return finish(self);
        }
    }
    template <class Self>
    void operator()(Self& self, asio::error_code ec, asio::ip::tcp::resolver::results_type found) {
        if (!ec && self.get_cancellation_state().cancelled() != asio::cancellation_type::none) ec = asio::error::operation_aborted;
        if (ec) return fail(self, ec, error(errc::host_not_found).with_context(s_->target->host()));
        for (auto const& entry : found) s_->addresses.push_back(entry.endpoint());
        if (s_->addresses.size() > 16) s_->addresses.resize(16);
        dial(self);
    }

  private:
    enum class stage : std::uint8_t { connect, ask_proxy, read_proxy, handshake, write, read, done };

    result<void> begin() {
        auto& s = *s_;
        LADING_TRY(auto parsed, url::parse(s.query.url));
        s.target = std::move(parsed);
        // A connection is kept for requests that would have made the same one: origin, proxy, who named the host (and
        // with it whether a client certificate was shown).
        s.key = s.target->origin().str() + ' ' + std::to_string(int(s.query.reach));
        auto const via = s.transport->network.proxy.find(s.target->scheme(), s.target->host(), s.target->port());
        if (!via.empty()) {
            LADING_TRY(s.proxy, parse_proxy(via));
            s.key += ' ' + s.proxy->where.authority();
        }
        LADING_TRY(s.text, http1_request_text(s.query, *s.target, s.proxy && s.target->scheme() == "http"));
        if (s.query.deadline && *s.query.deadline <= std::chrono::steady_clock::now()) return error(errc::timeout);
        return success();
    }

    /// A kept connection, or a new one.
    template <class Self>
    void open(Self& self) {
        auto& s = *s_;
        s.reader.reset();
        s.written = false;
        s.link = s.may_reuse ? s.transport->take(s.key) : nullptr;
        if ((s.reused = s.link != nullptr)) return write(self);
        s.limit(s.transport->bounds.connect, errc::connect_timeout);
        s.addresses.clear();
        s.next_address = 0;
        auto const& dialled = s.proxy ? s.proxy->where : *s.target;
        auto host = dialled.host();
        for (auto const& [name, address] : s.transport->network.addresses)
            if (name == host) host = address;
        asio::error_code not_an_address;
        auto const bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
        auto const address = asio::ip::make_address(bare, not_an_address);
        if (!not_an_address) {
            s.addresses.emplace_back(address, dialled.port());
            return dial(self);
        }
        auto& resolver = s.resolver;
        auto const port = std::to_string(dialled.port());
        resolver.async_resolve(host, port, std::move(self));
    }

    /// Connects, to such of the addresses as the request may go to.
    template <class Self>
    void dial(Self& self) {
        auto& s = *s_;
        if (s.query.reach != reach::anywhere && !s.transport->network.inner_addresses) {
            if (s.proxy) {
                if (!may_reach(scope_of_host(s.target->host()))) s.addresses.clear();
            } else {
                std::erase_if(s.addresses, [&](auto const& e) { return !may_reach(scope(e.address())); });
            }
            if (s.addresses.empty())
                return fail(self, asio::error_code(), error(errc::address_refused).with_context(s.target->host()));
        }
        connect(self);
    }
    bool may_reach(address_scope where) const noexcept {
        return where == address_scope::outside || (s_->query.reach == reach::inside && where == address_scope::inside);
    }
    static address_scope scope(asio::ip::address const& a) {
        if (a.is_v4()) return scope_of(a.to_v4().to_bytes());
        return scope_of(a.to_v6().to_bytes());
    }

    template <class Self>
    void connect(Self& self) {
        auto& s = *s_;
        stage_ = stage::connect;
        s.link = std::make_unique<connection>(s.transport->executor, s.key);
        auto& socket = s.link->socket;
        auto const where = s.addresses[s.next_address++];
        socket.async_connect(where, std::move(self));
    }
    template <class Self>
    void on_connect(Self& self, asio::error_code ec) {
        auto& s = *s_;
        if (ec) {
            if (s.expired == errc::ok && ec != asio::error::operation_aborted && s.next_address < s.addresses.size())
                return connect(self);
            bool const refused = ec == asio::error::connection_refused;
            return fail(self, ec,
                        error(refused ? errc::connection_refused : errc::connect_failed).with_context(ec.message()));
        }
        asio::error_code ignored;
        s.link->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        if (s.target->scheme() == "http") return write(self);
        if (s.proxy) return ask_proxy(self);
        handshake(self);
    }

    // ---- the tunnel through a proxy

    template <class Self>
    void ask_proxy(Self& self) {
        auto& s = *s_;
        stage_ = stage::ask_proxy;
        s.tunnel_text = connect_text(*s.target, *s.proxy, s.query.headers.find("User-Agent").value_or(""));
        s.tunnel_url = s.proxy->where.str();
        s.reader.emplace(s.transport->bounds, s.tunnel_body, s.tunnel_url, true);
        auto& link = *s.link;
        auto const bytes = asio::buffer(s.tunnel_text);
        link.async_write(bytes, std::move(self));
    }
    template <class Self>
    void on_proxy_asked(Self& self, asio::error_code ec) {
        if (ec) return fail(self, ec, proxy_error(ec.message()));
        stage_ = stage::read_proxy;
        read_some(self);
    }
    template <class Self>
    void on_proxy_read(Self& self, asio::error_code ec, std::size_t n) {
        auto& s = *s_;
        if (ec) return fail(self, ec, proxy_error(ec.message()));
        auto over = s.reader->feed({s.buffer.data(), n});
        if (!over) return fail(self, {}, proxy_error(over.assume_error().summary()));
        if (!over.assume_value()) return read_some(self);
        auto const status = s.reader->take_head().status;
        bool const clean = s.reader->at_end();
        s.reader.reset(); // nothing that a proxy says is an answer of the registry
        if (status != 200) return fail(self, {}, proxy_error("it answered " + std::to_string(status)));
        if (!clean) return fail(self, {}, proxy_error("it sent bytes before the tunnel was used"));
        handshake(self);
    }
    error proxy_error(std::string why) {
        s_->reader.reset();
        return error(errc::proxy_failed).with_context(s_->proxy->where.authority() + ": " + std::move(why));
    }

    template <class Self>
    void handshake(Self& self) {
        auto& s = *s_;
        auto const& options = s.transport->network.tls.find(s.target->authority());
        auto context = s.transport->context_for(options, s.query.reach == reach::anywhere);
        if (!context) return end(self, std::move(context).assume_error());
        if (!s.link->prepare_tls(std::move(context).assume_value(), s.target->host(), options.verify))
            return end(self, error(errc::tls_handshake_failed).with_context("TLS could not be prepared"));
        stage_ = stage::handshake;
        s.limit(s.transport->bounds.handshake, errc::tls_timeout);
        auto& tls = *s.link->tls;
        tls.async_handshake(asio::ssl::stream_base::client, std::move(self));
    }
    template <class Self>
    void on_handshake(Self& self, asio::error_code ec) {
        if (ec) return fail(self, ec, s_->link->handshake_error(ec));
        write(self);
    }

    template <class Self>
    void write(Self& self) {
        auto& s = *s_;
        stage_ = stage::write;
        s.reader.emplace(s.transport->bounds, s.sink, s.query.url, s.query.method == "HEAD");
        s.limit(s.transport->bounds.idle, errc::timeout_write);
        auto& link = *s.link;
        auto const bytes = asio::buffer(s.text);
        link.async_write(bytes, std::move(self));
    }
    template <class Self>
    void on_write(Self& self, asio::error_code ec) {
        // A peer may answer and close before it has read everything; what it said comes first.
        if (ec && (s_->expired != errc::ok || ec == asio::error::operation_aborted || s_->reused))
            return broken(self, ec, errc::connection_reset);
        s_->limit(s_->transport->bounds.header, errc::timeout_header);
        read(self);
    }

    template <class Self>
    void read(Self& self) {
        stage_ = stage::read;
        read_some(self);
    }
    template <class Self>
    void read_some(Self& self) {
        auto& s = *s_;
        auto& link = *s.link;
        auto const into = asio::buffer(s.buffer);
        link.async_read(into, std::move(self));
    }
    template <class Self>
    void on_read(Self& self, asio::error_code ec, std::size_t n) {
        auto& s = *s_;
        if (ec) {
            bool const truncated = ec == asio::ssl::error::stream_truncated;
            bool const closed = ec == asio::error::eof || truncated;
            if (!closed || s.expired != errc::ok) return broken(self, ec, errc::connection_reset);
            if (!s.reader->started()) return broken(self, ec, errc::connection_reset);
            auto ended = s.reader->end(truncated);
            if (!ended) return end(self, std::move(ended).assume_error());
            return end(self, s.reader->take_head());
        }
        bool const had_head = s.reader->has_head();
        auto over = s.reader->feed({s.buffer.data(), n});
        if (!over) return end(self, std::move(over).assume_error());
        if (over.assume_value()) {
            if (s.reader->reusable()) s.transport->keep(std::move(s.link));
            return end(self, s.reader->take_head());
        }
        if (had_head || s.reader->has_head()) {
            if (!s.pace.keeps(n)) return end(self, s.pace.too_slow());
            s.limit(s.transport->bounds.idle, errc::timeout_body);
        }
        read(self);
    }

    /// The connection failed. One that was kept may have been closed meanwhile, so a request that can be repeated
    /// takes a fresh one, once (hostile.md H33).
    template <class Self>
    void broken(Self& self, asio::error_code ec, errc otherwise) {
        auto& s = *s_;
        bool const repeatable = s.query.method == "GET" || s.query.method == "HEAD";
        if (s.reused && repeatable && !s.reader->started() && s.expired == errc::ok &&
            ec != asio::error::operation_aborted) {
            s.may_reuse = false;
            return open(self);
        }
        fail(self, ec, error(otherwise).with_context(ec.message()));
    }
    /// `e`, unless a limit ran out or the operation was cancelled.
    template <class Self>
    void fail(Self& self, asio::error_code ec, error e) {
        if (s_->expired != errc::ok) return end(self, error(s_->expired));
        if (ec == asio::error::operation_aborted) return end(self, error(errc::cancelled));
        end(self, std::move(e));
    }
    template <class Self>
    void end(Self& self, result<response> r) {
        outcome_.emplace(std::move(r));
        finish(self);
    }
    template <class Self>
    void post(Self& self) { // a handler never runs inside its initiating call
        stage_ = stage::done;
        auto const executor = s_->transport->executor;
        asio::post(executor, [self = std::move(self)]() mutable { self(asio::error_code()); });
    }
    template <class Self>
    void finish(Self& self) {
        s_->quiet_timer();
        auto outcome = std::move(*outcome_);
        if (!outcome) outcome = s_->complete(std::move(outcome).assume_error());
        s_.reset(); // the connection is closed or kept before the handler runs
        self.complete(std::move(outcome));
    }

    std::shared_ptr<exchange_state> s_;
    std::optional<result<response>> outcome_;
    stage stage_ = stage::connect;
};

} // namespace detail

/// Models `async_transport`: TLS 1.2 and newer with host verification, keep-alive, proxies, every bound of `limits`.
///
/// One idle connection or more an origin is kept for `limits::pooled`. Any number of exchanges may be under way when
/// the executor runs on one thread or is a strand; the object may be moved and destroyed while they are. Errors: codes
/// of the groups "connecting" and "HTTP"; before an answer with the facts `next_endpoint` and, for https without a
/// certificate problem, `plaintext`. Cancellation through the handler's slot: `cancelled`.
class asio_transport {
  public:
    using executor_type = asio::any_io_executor;

    explicit asio_transport(executor_type executor, network_options network = {}, limits bounds = {})
        : state_(std::make_shared<detail::transport_state>(std::move(executor), std::move(network), std::move(bounds))) {}

    executor_type get_executor() const { return state_->executor; }

    /// One exchange; signature `void(result<response>)`. Request and sink outlive it.
    template <class CompletionToken>
    auto async_exchange(request const& q, body_sink& out, CompletionToken&& token) {
        return asio::async_compose<CompletionToken, void(result<response>)>(detail::exchange_loop(state_, q, out),
                                                                            token, state_->executor);
    }

  private:
    std::shared_ptr<detail::transport_state> state_;
};

} // namespace lading
