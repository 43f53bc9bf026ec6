// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The asynchronous driver: runs any operation over any asynchronous transport, with any completion token (callback,
/// `asio::use_future`, `asio::use_awaitable`, `asio::deferred`, ...).

#include "../error_groups.hpp"
#include "../policy/transport.hpp"
#include "../protocol/step.hpp"
#include "any_handler.hpp"

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/compose.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <utility>

namespace lading {

namespace detail {

/// The body of the composed operation. The operation itself is on the heap because it is pinned and this is moved.
template <class Op, class Transport>
class run_loop {
  public:
    using value_type = typename Op::value_type;

    run_loop(Transport& t, std::shared_ptr<Op> op) : transport_(&t), state_(std::make_unique<state>(t, std::move(op))) {}

    template <class Self>
    void operator()(Self& self) { // the start, and the continuation after a post
        if (state_->outcome) return finish(self);
        advance(self, state_->op->start(), true);
    }
    template <class Self>
    void operator()(Self& self, result<response> answer) {
        if (!answer && answer.assume_error() == errc::cancelled) {
            state_->outcome.emplace(std::move(answer).assume_error());
            return finish(self);
        }
        advance(self, state_->op->on_response(std::move(answer)), false);
    }
    template <class Self>
    void operator()(Self& self, asio::error_code waited) {
        if (waited) {
            state_->outcome.emplace(error(errc::cancelled));
            return finish(self);
        }
        advance(self, state_->op->on_delay(), false);
    }

  private:
    struct state {
        state(Transport& t, std::shared_ptr<Op> o) : op(std::move(o)), timer(t.get_executor()) {}
        std::shared_ptr<Op> op;
        asio::steady_timer timer;
        request query; ///< outlives its exchange
        std::optional<done<value_type>> outcome;
    };

    template <class Self>
    void advance(Self& self, step<value_type> next, bool inside_initiation) {
        auto& s = *state_;
        if (!std::holds_alternative<done<value_type>>(next) && was_cancelled(self)) {
            s.outcome.emplace(error(errc::cancelled));
            return finish(self);
        }
        if (auto* x = std::get_if<need_exchange>(&next)) {
            s.query = std::move(x->query);
            auto& transport = *transport_;
            auto& sink = *x->sink;
            transport.async_exchange(s.query, sink, std::move(self));
        } else if (auto* d = std::get_if<need_delay>(&next)) {
            s.timer.expires_after(d->duration);
            s.timer.async_wait(std::move(self));
        } else {
            s.outcome.emplace(std::get<done<value_type>>(std::move(next)));
            if (!inside_initiation) return finish(self);
            auto const executor = transport_->get_executor();
            asio::post(executor, std::move(self)); // a handler never runs inside its initiating call
        }
    }
    template <class Self>
    void finish(Self& self) {
        auto outcome = std::move(*state_->outcome);
        state_.reset(); // before the handler: it may start the next operation with what this one held
        self.complete(std::move(outcome.value()));
    }

    Transport* transport_;
    std::unique_ptr<state> state_;
};

/// An operation, and the one that sees to what it leaves when it is given up. That one takes no signal: the call is over already, but for it.
template <class Transport, class Op, class MakeEnd>
class run_to_end {
  public:
    using value_type = typename Op::value_type;

    run_to_end(Transport& t, std::unique_ptr<Op> op, MakeEnd make_end) : transport_(&t), op_(std::move(op)), make_end_(std::move(make_end)) {}

    template <class Self>
    void operator()(Self& self);
    template <class Self>
    void operator()(Self& self, result<value_type> outcome);

  private:
    Transport* transport_;
    std::unique_ptr<Op> op_;
    MakeEnd make_end_;
};

} // namespace detail

/// Calls `begin(handler, args...)` when the token wants it, with a handler for `result<T>`.
template <class T, class CompletionToken, class Begin, class... Args>
auto async_begin(CompletionToken&& token, Begin begin, Args&&... args) {
    return asio::async_initiate<CompletionToken, void(result<T>)>(std::move(begin), token, std::forward<Args>(args)...);
}

/// Runs `body`, that of a composed operation (`body(self)`, then what it waited for), over a transport. Completion
/// signature: `void(result<T>)`.
template <class T, async_transport Transport, class CompletionToken, class Body>
auto async_run_body(Transport& transport, CompletionToken&& token, Body body) {
    return async_begin<T>(
        std::forward<CompletionToken>(token),
        [&transport](auto handler, Body b) {
            auto const executor = transport.get_executor();
            detail::any_handler<T> any(std::move(handler), executor);
            asio::async_compose<detail::any_handler<T>, void(result<T>)>(std::move(b), any, executor);
        },
        std::move(body));
}

/// Runs `op` to its end. Completion signature: `void(result<T>)`. The transport must outlive the operation. Cancelling
/// through the handler's slot ends it with `errc::cancelled`. A caller may keep a share in the operation, and ask it when it
/// is over what its value does not tell.
template <operation Op, async_transport Transport, class CompletionToken>
auto async_run(Transport& transport, std::shared_ptr<Op> op, CompletionToken&& token) {
    return async_run_body<typename Op::value_type>(transport, std::forward<CompletionToken>(token),
                                                   detail::run_loop<Op, Transport>(transport, std::move(op)));
}
template <operation Op, async_transport Transport, class CompletionToken>
auto async_run(Transport& transport, std::unique_ptr<Op> op, CompletionToken&& token) {
    return async_run(transport, std::shared_ptr<Op>(std::move(op)), std::forward<CompletionToken>(token));
}

/// Runs `op` to its end; when it was cancelled, or its time was over, then what `make_end` makes, an operation without a value or null.
template <class Op, async_transport Transport, class MakeEnd, class CompletionToken>
auto async_run_to_end(Transport& transport, std::unique_ptr<Op> op, MakeEnd make_end, CompletionToken&& token) {
    return async_run_body<typename Op::value_type>(transport, std::forward<CompletionToken>(token),
                                                   detail::run_to_end<Transport, Op, MakeEnd>(transport, std::move(op), std::move(make_end)));
}

namespace detail {
template <class Transport, class Op, class MakeEnd>
template <class Self>
void run_to_end<Transport, Op, MakeEnd>::operator()(Self& self) {
    auto& transport = *transport_;
    async_run(transport, std::move(op_), std::move(self));
}
template <class Transport, class Op, class MakeEnd>
template <class Self>
void run_to_end<Transport, Op, MakeEnd>::operator()(Self& self, result<value_type> outcome) {
    auto end = !outcome && is_given_up(outcome.assume_error()) ? make_end_() : nullptr;
    if (!end) return self.complete(std::move(outcome));
    auto& transport = *transport_;
    auto const executor = asio::get_associated_executor(self, transport.get_executor());
    auto over = [self = std::move(self), outcome = std::move(outcome)](result<void> const&) mutable { self.complete(std::move(outcome)); };
    async_run(transport, std::move(end), asio::bind_executor(executor, std::move(over)));
}
} // namespace detail

} // namespace lading
