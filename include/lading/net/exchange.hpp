// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `exchange`: one HTTP exchange of `asio_transport`: a place in the pool, resolve, connect, handshake, write, read. Each
/// stage names the next.

#include "../http/address.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "body_pieces.hpp"
#include "exchange_plan.hpp"
#include "http1_reader.hpp"
#include "name_lookups.hpp"
#include "new_connection.hpp"
#include "transport_failure.hpp"
#include "transport_state.hpp"
#include "trust.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/ip/address.hpp>
#include <asio/post.hpp>
#include <asio/ssl/error.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading::detail {

/// Lives as long as something is awaited for it. All its members but `start`, `cancel`, `on_place`, `on_looked_up` and
/// `on_deadline`, which any thread may call, are used on its own executor only, which runs one
/// handler at a time: a strand, unless there is one thread.
class exchange : public pool_waiter, public lookup_waiter, public deadlines::entry, public std::enable_shared_from_this<exchange> {
  public:
    exchange(std::shared_ptr<transport_state> t, request const& q, body_sink& out)
        : transport_(std::move(t)), query_(q), sink_(out), serial_(transport_->serial()),
          pace_(transport_->bounds), sent_pace_(transport_->bounds) {}
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;
    virtual ~exchange() { transport_->times->clear(*this); }

    void start() {
        asio::dispatch(serial_, [self = shared_from_this()] {
            self->begin();
            self->starting_ = false;
        });
    }
    /// Ends the exchange with `cancelled`, soon.
    void cancel() {
        asio::post(serial_, [self = shared_from_this()] { self->stop(errc::cancelled); });
    }
    void on_deadline() override {
        asio::post(serial_, [self = shared_from_this()] {
            if (deadlines::clock::now() >= self->until_) self->stop(self->late_);
        });
    }
    void on_looked_up(std::shared_ptr<lookup_waiter> self, asio::error_code ec, addresses found) override {
        auto const executor = serial_; // the handler may run at once, and let this go
        asio::post(executor, [me = std::static_pointer_cast<exchange>(std::move(self)), ec, f = std::move(found)]() mutable {
            me->on_resolved(ec, std::move(f));
        });
    }
    void on_place(pool_place place) override {
        asio::post(serial_, [self = shared_from_this(), p = std::move(place)]() mutable {
            self->turn_.reset();
            if (self->stage_ == stage::waiting) self->take(std::move(p));
        });
    }

  protected:
    /// Called once, on that executor, and not inside `start`.
    virtual void complete(result<response> outcome) = 0;

    std::shared_ptr<transport_state> const transport_;

  private:
    /// What is awaited, as far as it matters to one who has to end it.
    enum class stage : std::uint8_t { waiting,
                                      resolving,
                                      dialling,
                                      connected,
                                      over };
    using member = void (exchange::*)(asio::error_code, std::size_t);

    /// A handler that goes on with a member, unless the exchange was stopped meanwhile. `awaited` is true until then.
    auto then(member next, bool exchange::* awaited = nullptr) {
        if (awaited) this->*awaited = true;
        return asio::bind_executor(serial_, [self = shared_from_this(), next, awaited](asio::error_code ec, std::size_t n = 0) {
            if (awaited) self.get()->*awaited = false;
            if (self->outcome_) return self->let_go();
            if (self->stopped_ != errc::ok) return self->end(error(self->stopped_));
            ((*self).*next)(ec, n);
        });
    }

    void begin() {
        if (auto prepared = prepare(); !prepared) return end(std::move(prepared).assume_error());
        if (auto place = transport_->pool->acquire(plan_.key, shared_from_this())) return take(std::move(*place));
        if (query_.deadline) limit_until(*query_.deadline, errc::timeout);
        wait_for_turn();
    }
    /// Keeps the exchange, and the event loop, while it waits for what only other exchanges or threads can give.
    void wait_for_turn() {
        turn_ = std::make_unique<asio::steady_timer>(transport_->executor, deadlines::time_point::max());
        turn_->async_wait(asio::bind_executor(serial_, [self = shared_from_this()](asio::error_code const&) {}));
    }
    result<void> prepare() {
        LADING_TRY_V(plan_.make(query_, transport_->network));
        if (query_.deadline && *query_.deadline <= deadlines::clock::now()) return error(errc::timeout);
        return success();
    }

    /// From now on the exchange must go on within `d`, or fail with `what`; the deadline of the request counts too.
    void limit(std::chrono::milliseconds d, errc what) {
        auto const until = deadlines::clock::now() + d;
        if (query_.deadline && *query_.deadline < until) return limit_until(*query_.deadline, errc::timeout);
        limit_until(until, what);
    }
    void limit_until(deadlines::time_point until, errc what) {
        until_ = until;
        late_ = what;
        transport_->times->set(shared_from_this(), until);
    }
    /// Ends the exchange with an error of its own side: at once, or as soon as what uses the connection has let go of it.
    void stop(errc why) {
        if (stage_ == stage::over || stopped_ != errc::ok) return;
        stopped_ = why;
        asio::error_code ignored;
        switch (stage_) {
        case stage::waiting:
            transport_->pool->withdraw(plan_.key, *this);
            turn_.reset();
            return end(error(why));
        case stage::resolving: // whatever the resolver is busy with, nobody waits for it
            turn_.reset();
            return end(error(why));
        case stage::dialling: return making_->dial.cancel();
        case stage::connected: place_.link->socket.close(ignored); return;
        case stage::over: return;
        }
    }

    // ---- a connection

    /// A kept connection if one is good, or a new one.
    void take(pool_place place) {
        place_ = std::move(place);
        while (place_.link && !place_.link->quiet()) place_.another();
        if (!place_.link) return open();
        reused_ = true;
        write();
    }
    void open() {
        reused_ = false;
        place_.link.reset();
        reader_.reset();
        making_ = std::make_unique<new_connection>(transport_->executor, serial_);
        limit(transport_->bounds.connect, errc::connect_timeout);
        auto const& dialled = plan_.proxy ? plan_.proxy->where : *plan_.target;
        std::string const host(transport_->network.address_of(dialled.host()));
        asio::error_code not_an_address;
        auto const bare = host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
        auto const address = asio::ip::make_address(bare, not_an_address);
        if (!not_an_address) return dial({{address, dialled.port()}});
        stage_ = stage::resolving;
        wait_for_turn();
        lookup what{host, dialled.port(), host, !plan_.proxy && query_.address_policy != address_policy::anywhere, transport_->network.resolver, {}};
        if (what.by_server && !query_.named_by.empty()) what.named_by = query_.named_by;
        what.who = std::static_pointer_cast<lookup_waiter>(shared_from_this());
        asio::use_service<name_lookups>(asio::query(transport_->executor, asio::execution::context)).start(std::move(what), transport_->bounds);
    }
    void on_resolved(asio::error_code ec, addresses found) {
        if (stage_ == stage::over) return; // stopped, and told so then
        turn_.reset();
        if (ec) return end(plan_.proxy ? proxy_error("the host name does not resolve") : error(errc::host_not_found).with_context(plan_.target->host()));
        dial(std::move(found));
    }

    /// Connects, to such of the addresses as the request may go to.
    void dial(addresses where) {
        if (query_.address_policy != address_policy::anywhere && !transport_->network.inner_addresses) {
            if (plan_.proxy) {
                if (!may_reach(query_.address_policy, scope_of_host(plan_.target->host()))) where.clear();
            } else {
                std::erase_if(where, [&](auto const& e) { return !may_reach(query_.address_policy, connection::scope(e.address())); });
            }
        }
        if (where.empty()) return end(error(errc::address_refused).with_context(plan_.target->host()));
        stage_ = stage::dialling;
        making_->dial.start(where, shared_from_this());
    }

  public:
    /// The dialler's.
    void on_dialled(asio::error_code ec) {
        if (stopped_ != errc::ok) return end(error(stopped_));
        if (ec && plan_.proxy) return end(proxy_error(ec.message()));
        if (ec) {
            bool const refused = ec == asio::error::connection_refused;
            return end(error(refused ? errc::connection_refused : errc::connect_failed).with_context(ec.message()));
        }
        place_.link = std::make_unique<connection>(making_->dial.take());
        stage_ = stage::connected;
        if (plan_.target->scheme() == "http") return write();
        if (plan_.proxy) return ask_proxy();
        handshake();
    }

  private:
    // ---- the tunnel through a proxy

    void ask_proxy() {
        auto& m = *making_;
        m.tunnel_text = connect_text(*plan_.target, *plan_.proxy, query_.headers.find("User-Agent").value_or(""));
        m.tunnel_url = plan_.proxy->where.str();
        reader_.emplace(transport_->bounds, m.tunnel_body, m.tunnel_url, true);
        place_.link->async_write(m.tunnel_text, then(&exchange::on_proxy_asked));
    }
    void on_proxy_asked(asio::error_code ec, std::size_t) {
        if (ec) return end(proxy_error(ec.message()));
        place_.link->async_read(then(&exchange::on_proxy_read));
    }
    void on_proxy_read(asio::error_code ec, std::size_t n) {
        if (ec) return end(proxy_error(ec.message()));
        auto over = reader_->feed(place_.link->received(n));
        if (!over) return end(proxy_error(over.assume_error().summary()));
        if (!over.assume_value()) return place_.link->async_read(then(&exchange::on_proxy_read));
        auto const status = reader_->take_head().status;
        bool const clean = reader_->at_end();
        reader_.reset(); // nothing that a proxy says is an answer of the registry
        if (status != 200) return end(proxy_error("it answered " + std::to_string(status)));
        if (!clean) return end(proxy_error("it sent bytes before the tunnel was used"));
        handshake();
    }
    error proxy_error(std::string why) {
        reader_.reset();
        return error(errc::proxy_failed).with_context(plan_.proxy->where.authority() + ": " + std::move(why));
    }

    void handshake() {
        auto options = tls_for(transport_->network.tls, *plan_.target, query_.named_by, remarks_);
        if (!options) return end(std::move(options).assume_error());
        auto& o = options.assume_value();
        if (query_.address_policy != address_policy::anywhere) o.with_client_certificate({}, {});
        auto identity = transport_->contexts.find(o, query_.address_policy != address_policy::anywhere);
        if (!identity) return end(std::move(identity).assume_error());
        if (!place_.link->prepare_tls(std::move(identity).assume_value(), *plan_.target, o.verify))
            return end(no_memory_for_tls());
        limit(transport_->bounds.handshake, errc::tls_timeout);
        place_.link->async_handshake(then(&exchange::on_handshake));
    }
    void on_handshake(asio::error_code ec, std::size_t) {
        if (ec) {
            transport_->contexts.forget(place_.link->identity());
            return end(place_.link->handshake_error(ec));
        }
        place_.link->on_handshake();
        write();
    }

    // ---- the request and its answer

    void write() {
        stage_ = stage::connected;
        peer_ = place_.link->peer();
        reader_.emplace(transport_->bounds, sink_, query_.url, query_.method == "HEAD");
        sent_whole_ = !query_.source;
        if (query_.source) {
            if (!body_) body_ = std::make_unique<body_pieces>(*query_.source);
            if (auto begun = body_->begin(); !begun) return end(stale_ ? error(errc::connection_reset) : std::move(begun).assume_error());
        }
        asio::error_code ec;
        auto const n = place_.link->write_now(plan_.text, ec);
        if (n == plan_.text.size() || ec) return on_write(ec, n);
        limit(transport_->bounds.idle, errc::timeout_write);
        place_.link->async_write(std::string_view(plan_.text).substr(n), then(&exchange::on_write));
    }
    void on_write(asio::error_code ec, std::size_t) {
        // A peer may answer and close before it has read everything; what it said comes first.
        if (ec && reused_) return broken(ec);
        limit(transport_->bounds.header, errc::timeout_header);
        read();
        if (!body_ || ec) return;
        sending_ = true;
        if (body_->over()) return on_sent_whole();
        auto const expected = query_.headers.find("Expect");
        if (!expected || !iequal(*expected, "100-continue")) return send();
        patience_ = std::make_unique<asio::steady_timer>(transport_->executor, transport_->bounds.expect); // then it is sent all the same
        patience_->async_wait(asio::bind_executor(serial_, [self = shared_from_this()](asio::error_code) { self->send_expected(); }));
    }
    void read() { place_.link->async_read(then(&exchange::on_read, &exchange::reading_)); }

    void send_expected() {
        if (!patience_) return;
        patience_.reset();
        send();
    }
    /// Writes the next piece of the body, unless the source has to be waited for.
    void send() {
        if (!sending_ || writing_ || stage_ != stage::connected || outcome_ || stopped_ != errc::ok) return;
        bool const ready = body_->ready([weak = weak_from_this()] {
            if (auto const self = weak.lock()) asio::post(self->serial_, [self] { self->send(); });
        });
        if (!ready) return limit_until(query_.deadline.value_or(deadlines::time_point::max()), errc::timeout); // the peer is not to blame
        auto piece = body_->next();
        if (!piece) return end(std::move(piece).assume_error());
        piece_ = piece.assume_value();
        write_piece();
    }
    void write_piece() {
        limit(transport_->bounds.idle, errc::timeout_write);
        place_.link->async_write_some(piece_, then(&exchange::on_sent, &exchange::writing_));
    }
    void on_sent(asio::error_code ec, std::size_t n) {
        if (std::exchange(reopens_, false)) return open();
        if (n != 0) body_begun_ = true;
        if (!sending_) return; // the answer has come before the end
        if (ec) return sending_ = false, limit(transport_->bounds.header, errc::timeout_header); // what the peer said comes first
        piece_.remove_prefix(n);
        if (!piece_.empty() && !sent_pace_.keeps(n)) return end(sent_pace_.too_slow());
        if (!piece_.empty()) return write_piece();
        if (body_->over()) return on_sent_whole();
        send();
    }
    void on_sent_whole() {
        sending_ = false;
        sent_whole_ = true;
        limit(transport_->bounds.header, errc::timeout_header);
    }
    void on_read(asio::error_code ec, std::size_t n) {
        if (ec) {
            bool const truncated = ec == asio::ssl::error::stream_truncated;
            if ((ec != asio::error::eof && !truncated) || !reader_->started()) return broken(ec);
            auto ended = reader_->end(truncated);
            if (!ended) return end(std::move(ended).assume_error());
            return end(reader_->take_head());
        }
        bool const had_head = reader_->has_head();
        auto over = reader_->feed(place_.link->received(n));
        if (!over) return end(std::move(over).assume_error());
        if (over.assume_value()) {
            if (reader_->reusable() && sent_whole_ && !writing_) place_.keep();
            return end(reader_->take_head());
        }
        place_.link->fit_buffer(n);
        if (patience_ && reader_->informational() != 0) send_expected();
        if (had_head || reader_->has_head()) {
            sending_ = false; // an answer that comes early is the answer
            patience_.reset();
            if (!pace_.keeps(n)) return end(pace_.too_slow());
            limit(transport_->bounds.idle, errc::timeout_body);
        }
        read();
    }

    /// The connection failed. One that was kept may have been closed meanwhile, so a request that can be repeated
    /// takes a fresh one, once (doc/threats.md#h33).
    void broken(asio::error_code ec) {
        // Of a request whose body is added to what is there (POST, PATCH, a part of a whole) nobody knows how much has come.
        bool const adds = query_.method != "PUT" || query_.headers.find("Content-Range");
        bool const repeatable = query_.method == "GET" || query_.method == "HEAD" || (!sent_whole_ && !(adds && body_begun_));
        if (reused_ && repeatable && !reader_->started()) {
            sending_ = false;
            stale_ = true;
            patience_.reset();
            if (!writing_) return open();
            asio::error_code ignored;
            reopens_ = true; // when the connection is let go of
            return place_.link->socket.close(ignored), void();
        }
        end(error(errc::connection_reset).with_context(ec.message()));
    }

    /// What is awaited of the connection refers to it: it is closed, and has its end when all has come back.
    void let_go() {
        if (reading_ || writing_) return;
        auto over = std::move(*outcome_);
        outcome_.reset();
        end(std::move(over));
    }

    void end(result<response> outcome) {
        if (stage_ == stage::over) return;
        if (starting_) // a handler never runs inside its initiating call
            return asio::post(serial_, [self = shared_from_this(), o = std::move(outcome)]() mutable { self->end(std::move(o)); });
        patience_.reset();
        if (reading_ || writing_) {
            asio::error_code ignored;
            outcome_.emplace(std::move(outcome));
            return place_.link->socket.close(ignored), void();
        }
        // A forwarded request has its answer from the proxy, which means itself here.
        if (outcome && plan_.proxy && plan_.target->scheme() == "http" && outcome.assume_value().status == 407)
            outcome = proxy_error("it answered 407");
        stage_ = stage::over;
        transport_->times->clear(*this);
        if (!outcome) outcome = explained(std::move(outcome).assume_error());
        if (outcome) {
            if (!plan_.proxy) outcome.assume_value().peer = peer_;
            outcome.assume_value().sent_whole = sent_whole_;
            outcome.assume_value().warnings = std::move(remarks_);
        }
        place_.end(); // the connection is closed or kept before the handler runs
        reader_.reset();
        complete(std::move(outcome));
    }
    error explained(error e) const {
        bool const has_head = reader_ && reader_->has_head();
        return plan_.explained(std::move(e), query_, transport_->bounds, reader_ && reader_->started(), has_head ? reader_->status() : 0);
    }

    request const& query_;
    body_sink& sink_;
    asio::any_io_executor const serial_; ///< runs one handler at a time
    stage stage_ = stage::waiting;
    bool starting_ = true;
    errc stopped_ = errc::ok; ///< why the exchange was ended from outside
    errc late_ = errc::timeout;
    deadlines::time_point until_{};
    exchange_plan plan_;
    std::unique_ptr<asio::steady_timer> turn_; ///< waits for a place, or for addresses
    std::unique_ptr<new_connection> making_;   ///< never reset, because losing attempts refer to it
    pool_place place_;
    bool reused_ = false;
    std::optional<address_scope> peer_; ///< where the connection goes
    std::vector<warning> remarks_;
    std::optional<http1_reader> reader_;
    pace_watch pace_;
    std::unique_ptr<body_pieces> body_;            ///< of a request with a source
    std::string_view piece_;                       ///< of it, that is being written
    pace_watch sent_pace_;
    std::unique_ptr<asio::steady_timer> patience_; ///< waits for the peer to want the body
    bool sending_ = false;                         ///< more of the body is to be sent
    bool sent_whole_ = true;
    bool body_begun_ = false; ///< a byte of it has been written, to this connection or the one before
    bool stale_ = false;                           ///< a kept connection had been closed
    bool reopens_ = false;                         ///< a new one follows
    bool reading_ = false, writing_ = false;       ///< what is awaited of the connection
    std::optional<result<response>> outcome_;      ///< that is told when nothing is awaited any more
};

} // namespace lading::detail
