// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The retry layer: sends a safe request again when that may help (doc/protocol.md#retries, doc/threats.md#x01).
///
/// GET and HEAD only, after a status that may pass (`is_passing_status`) and after a connection that ended early, as
/// `retry_schedule` says; not where the operation goes on by itself (`routing::goes_on`). When it gives up the last answer goes
/// on to the operation, whose error carries the status and the registry's wish.

#include "../protocol/retry_schedule.hpp"
#include "../protocol/step.hpp"

#include <optional>
#include <utility>

namespace lading {

/// `Clock` models the clock policy. The context of the client must outlive the operation.
template <class Op, class Clock>
class retry_middleware : immovable {
    template <class T>
    using result = detail::dependent<lading::result<T>, Op>;

  public:
    using value_type = typename Op::value_type;

    template <class Context, class... Args>
    explicit retry_middleware(Context& context, Args&&... args)
        : schedule_(context.options.retry, context.clock), inner_(context, std::forward<Args>(args)...) {}

    step<value_type> start() { return take(inner_.start()); }
    step<value_type> on_delay() {
        if (!waiting_) return take(inner_.on_delay());
        waiting_ = false;
        return *pending_;
    }
    step<value_type> on_response(result<response> answer) {
        if (auto const wait = wait_after(answer)) {
            waiting_ = true;
            return need_delay(*wait);
        }
        return take(inner_.on_response(std::move(answer)));
    }
    Op const& inner() const noexcept { return inner_; }

  private:
    step<value_type> take(step<value_type> s) {
        if (auto* x = std::get_if<need_exchange>(&s)) {
            pending_.reset();
            if (!x->routing.goes_on && (x->query.method == "GET" || x->query.method == "HEAD")) pending_ = *x;
            schedule_.begin();
        }
        return s;
    }

    /// How long to wait before the same request is sent again, or nothing when it is not.
    std::optional<std::chrono::milliseconds> wait_after(result<response> const& answer) {
        if (!pending_) return std::nullopt;
        auto const& end = pending_->query.deadline;
        if (answer) return schedule_.after(answer.assume_value(), end);
        return is_lost_connection(answer.assume_error().kind()) ? schedule_.next(end) : std::nullopt;
    }

    retry_schedule<Clock> schedule_;
    Op inner_;
    std::optional<need_exchange> pending_;
    bool waiting_ = false;
};

} // namespace lading
