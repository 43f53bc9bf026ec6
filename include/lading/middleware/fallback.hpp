// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The fallback middleware: runs an operation at one endpoint after the other until one answers or nothing may be tried.
/// What may be tried is the policy's; all failures are kept and reported.

#include "../auth/authorize.hpp"
#include "../policy/fallback.hpp"
#include "../protocol/step.hpp"
#include "cache.hpp"
#include "endpoint_turns.hpp"
#include "redirect.hpp"

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lading {

/// An operation at one endpoint.
template <class Op, class P>
using endpoint_stack = authorize_middleware<redirect_middleware<cache_middleware<Op, P>>, P>;

/// `Context` is the context that the calls of a client share (`client_context`), which must outlive it; `Args` is what `Op`
/// is made of beside its `call_context`, anew for each endpoint.
///
/// A list that a failure has cut short counts as that failure, and is the value if no other place has a whole one.
/// The error is that of the attempt which the policy names; with more than one attempt all are in
/// `error::detail().attempts`. `no_endpoint` when there was nothing to try.
template <class Op, class Context, class... Args>
class fallback_middleware : immovable {
    using policies = typename Context::policies;

    static constexpr bool can_be_partial = requires(typename Op::value_type& list) { list.failure->kind(); };

  public:
    using value_type = typename Op::value_type;

    fallback_middleware(Context& context, call_plan<> plan, Args... args)
        : context_(context), turns_(context.clock, std::move(plan)), args_(std::forward<Args>(args)...) {}

    step<value_type> start() { return open(); }
    step<value_type> on_response(lading::result<response> answer) {
        if (answer) turns_.note_answer();
        return take(inner_->on_response(std::move(answer)));
    }
    step<value_type> on_delay() { return take(inner_->on_delay()); }

    /// The place that is asked, or has served the value.
    endpoint const& place() const { return turns_.at(); }

  private:
    /// Begins at the place whose turn it is, or ends.
    step<value_type> open() {
        while (!turns_.over() && !turns_.admitted()) turns_.skip();
        if (turns_.over()) return conclude();
        std::apply([&](auto&... args) { inner_.emplace(context_, turns_.talk(), args...); }, args_);
        return take(inner_->start());
    }
    step<value_type> take(step<value_type> s) {
        auto* const over = std::get_if<done<value_type>>(&s);
        if (!over) return s;
        auto& value = over->value();
        if (!value) return failed(std::move(value).assume_error());
        if constexpr (can_be_partial)
            if (value.assume_value().failure) {
                error why = *value.assume_value().failure;
                if (!partial_) partial_.emplace(std::move(value).assume_value());
                return failed(std::move(why));
            }
        return s;
    }
    step<value_type> failed(error e) { return turns_.failed(turns_.judge(std::move(e))) ? open() : conclude(); }
    step<value_type> conclude() {
        if constexpr (can_be_partial)
            if (partial_ && *turns_.last_failure() != errc::cancelled) return done<value_type>(std::move(*partial_));
        return turns_.conclude();
    }

    Context& context_;
    endpoint_turns<typename policies::fallback, typename policies::clock> turns_;
    std::tuple<Args...> args_;
    std::optional<endpoint_stack<Op, policies>> inner_;
    std::optional<std::conditional_t<can_be_partial, value_type, bool>> partial_;
};

} // namespace lading
