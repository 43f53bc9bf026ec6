// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `any_operation<T>`: an operation of whatever kind whose value is a `T`.

#include "step.hpp"

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace lading {

/// Owns an operation, and is one: `start()`, then `on_response` or `on_delay` as the steps say (see `protocol/step.hpp`).
/// It does no I/O and never blocks, so that any event loop can drive it; `run` and `async_run` drive it, too. One virtual
/// call a step. It can be moved, also between two steps: what the steps point to stays where it is.
///
/// What made it (a client) must outlive it. Threads: one at a time.
template <class T>
class any_operation {
  public:
    using value_type = T;

    template <class Op>
        requires(!std::same_as<Op, any_operation>) && std::same_as<typename Op::value_type, T>
    explicit any_operation(std::unique_ptr<Op> op) : model_(std::make_unique<model<Op>>(std::move(op))) {}

    /// Called once, first.
    step<T> start() { return model_->start(); }
    /// After `need_exchange`: the head of the answer, when the body is in the sink, or why there is none.
    step<T> on_response(result<response> answer) { return model_->on_response(std::move(answer)); }
    /// After `need_delay`, when the time is over.
    step<T> on_delay() { return model_->on_delay(); }

  private:
    struct steps {
        virtual ~steps() = default;
        virtual step<T> start() = 0;
        virtual step<T> on_response(result<response> answer) = 0;
        virtual step<T> on_delay() = 0;
    };
    template <class Op>
    struct model final : steps {
        explicit model(std::unique_ptr<Op> o) : op(std::move(o)) {}
        step<T> start() override { return op->start(); }
        step<T> on_response(result<response> answer) override { return op->on_response(std::move(answer)); }
        step<T> on_delay() override { return op->on_delay(); }
        std::unique_ptr<Op> op;
    };

    std::unique_ptr<steps> model_;
};

} // namespace lading
