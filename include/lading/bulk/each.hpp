// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `async_inspect_each`: inspects every reference of a range, many at once, in bounded memory.

#include "../operation/inspect.hpp"
#include "in_flight.hpp"

#include <asio/async_result.hpp>

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace lading {

/// How a range is inspected.
struct each_options {
    each_options() = default;
    /// What is to be found out of each.
    each_options& with_inspect(inspect_options o) { return inspect = std::move(o), *this; }
    /// At most so many at once; 0 means 1.
    each_options& with_in_flight(std::size_t n) { return in_flight = n, *this; }
    /// Tell in the order of the range, not of completion. Fewer than twice `in_flight` that were early wait for their turn.
    each_options& with_order(bool yes = true) { return ordered = yes, *this; }

    inspect_options inspect;
    std::size_t in_flight = 64;
    bool ordered = false;
};

/// Inspects every reference of a range, at most `each_options::in_flight` at once, begun in the order of the range, and
/// tells of each by `each(std::size_t index, element const&, result<inspection>)`, one call at a time, on a thread of the
/// client's executor. Completion signature: `void(each_summary)`.
///
/// An element of the range is a `reference`, or converts to `result<reference>`: one that holds an error is told of with
/// that. The range is read as it is needed and may be of one pass (a file); reading it must not block. Memory: what
/// `in_flight` inspections need, however long the range is. A failure stops no other; its errors are those of `inspect`.
///
/// The client is asynchronous; client and range outlive the operation. Cancelling through the handler's slot, which
/// `each` may do, ends those under way with `errc::cancelled` and begins no more; so does an exception of `each`, which
/// then leaves the `run` of the executor. Requests: those of `inspect`, each. All platforms of an index at once:
/// `async_inspect_all`.
template <class Client, class Range, class Each, class CompletionToken>
auto async_inspect_each(Client& registry, Range& range, each_options options, Each each, CompletionToken&& token) {
    using element = std::iter_value_t<decltype(std::begin(range))>;
    static_assert(std::is_convertible_v<element, result<reference>>,
                  "[lading] async_inspect_each: the elements must be lading::reference or convert to "
                  "lading::result<lading::reference>");
    return asio::async_initiate<CompletionToken, void(each_summary)>(
        [&registry, &range]<class Handler>(Handler handler, each_options o, Each e) {
            detail::for_each_in_flight<result<inspection>>(
                registry.transport().get_executor(), range, detail::in_flight_bounds(o.in_flight, o.ordered),
                [&registry, what = std::move(o.inspect)](element const& one, auto done) {
                    result<reference> ref = one;
                    if (!ref) return std::move(done)(result<inspection>(std::move(ref).assume_error()));
                    registry.async_inspect(ref.assume_value(), what, std::move(done));
                },
                [e = std::move(e)](std::size_t index, element const& one, result<inspection>&& outcome) mutable {
                    e(index, one, std::move(outcome));
                    return true;
                },
                std::move(handler));
        },
        token, std::move(options), std::move(each));
}

} // namespace lading
