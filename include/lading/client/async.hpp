// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the `async_` calls of `basic_client` need beside it: the driver over Asio, and the inspection that asks for the
/// tags at the same time. `lading.hpp` includes it.

#include "../bulk/inspect_beside_tags.hpp"
#include "../driver/asio.hpp"
#include "basic_client.hpp"

#include <memory>
#include <utility>

namespace lading::detail {

template <class Context>
    requires async_transport<typename Context::policies::transport>
struct async_calls<Context> {
    using transport = typename Context::policies::transport;
    using policies = typename Context::policies;

    template <class Op, class Token>
    static auto run(transport& over, std::unique_ptr<Op> op, Token&& token) {
        return async_run(over, std::move(op), std::forward<Token>(token));
    }
    /// `make_end` makes the operation that sees to what one leaves that was given up, or none.
    template <class Op, class MakeEnd, class Token>
    static auto push(transport& over, std::unique_ptr<Op> op, MakeEnd make_end, Token&& token) {
        return async_run_to_end(over, std::move(op), std::move(make_end), std::forward<Token>(token));
    }
    template <class Token>
    static auto inspect(Context& context, transport& over, reference const& ref, inspect_options o, Token&& token) {
        return async_begin<inspection>(
            std::forward<Token>(token),
            [&context, &over](auto handler, reference const& what, inspect_options how) {
                if (how.tags && !how.tags_first)
                    return async_run_body<inspection>(
                        over, std::move(handler), inspect_beside_tags<Context, transport>(context, over, what, std::move(how)));
                using whole = call<inspect_operation<policies>, Context, reference, inspect_options>;
                async_run(over, std::make_unique<whole>(context, context.plan(what), what, std::move(how)), std::move(handler));
            },
            ref, std::move(o));
    }
};

} // namespace lading::detail
