// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `call`: an operation with all its middleware, from the outermost in:
/// observe, decode, retry, fallback, and at each endpoint authorize, redirect, cache.
///
/// Every middleware is made of the context that the calls of a client share, and of what its inner one takes.

#include "decode.hpp"
#include "fallback.hpp"
#include "observe.hpp"
#include "retry.hpp"

#include <memory>
#include <utility>

namespace lading {

template <class Op, class Context, class... Args>
using middleware_of = observe_middleware<decode_middleware<retry_middleware<fallback_middleware<Op, Context, Args...>, typename Context::policies::clock>>,
                                         typename Context::policies::clock>;

/// An operation itself, to be driven by hand or by a driver. The context must outlive it. See `fallback_middleware`.
template <class Op, class Context, class... Args>
class call : public middleware_of<Op, Context, Args...> {
  public:
    call(Context& context, call_plan<> plan, Args... args)
        : middleware_of<Op, Context, Args...>(context, std::move(plan), std::forward<Args>(args)...) {}

    /// The place that is asked, or has served the value.
    endpoint const& place() const { return this->inner().inner().inner().place(); }
};

/// A call on its own. Arguments are copied, but for those in `std::ref`.
template <class Op, class Context, class... Args>
std::unique_ptr<call<Op, Context, Args...>> make_call(Context& context, call_plan<> plan, Args... args) {
    return std::make_unique<call<Op, Context, Args...>>(context, std::move(plan), std::move(args)...);
}

} // namespace lading
