// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What an operation says: what it needs next, or that it is done.
///
/// An operation is an object that does no I/O:
///     using value_type = T;
///     step<T> start();                              called once, first
///     step<T> on_response(result<response> answer); after `need_exchange`, when the body is in the sink
///     step<T> on_delay();                           after `need_delay`; `operation_base` has it for those that never ask for one
/// What was shown to the registry is known beside an answer, to an operation that takes an `auth_note const&` too, second.
/// A driver (`driver/`) carries steps out over any transport. Operations are pinned: they cannot be copied or moved,
/// because the sink of a step points into them. Not thread-safe; one driver at a time.

#include "../detail/chrono.hpp"
#include "../detail/dependent.hpp"
#include "../http/auth_note.hpp"
#include "../http/message.hpp"
#include "routing.hpp"

#include <concepts>
#include <memory>
#include <utility>
#include <variant>

namespace lading {

/// Send `query`, stream the body of the answer into `sink`, then call `on_response`. A driver needs no `routing`.
struct need_exchange {
    need_exchange(request q, body_sink& s, lading::routing r = {}) : query(std::move(q)), sink(&s), routing(std::move(r)) {}
    request query;
    body_sink* sink;
    lading::routing routing;
};

/// Wait, then call `on_delay`.
struct need_delay {
    explicit need_delay(std::chrono::milliseconds d) : duration(d) {}
    std::chrono::milliseconds duration;
};

/// The operation is over. A failure is a step as it is: a handler returns an `error`, and `LADING_TRY` returns from it.
template <class T>
class done {
  public:
    explicit done(result<T> v) : value_(std::make_unique<result<T>>(std::move(v))) {}
    done(error e) : done(result<T>(std::move(e))) {}
    done(BOOST_OUTCOME_V2_NAMESPACE::failure_type<error> f) : done(result<T>(std::move(f))) {}
    result<T>& value() const noexcept { return *value_; }

  private:
    std::unique_ptr<result<T>> value_; ///< not in here: a step passes every layer, and a record is large
};

template <class T>
using step = std::variant<need_exchange, need_delay, done<T>>;

/// Makes a type immovable.
struct immovable {
    immovable() = default;
    immovable(immovable const&) = delete;
    immovable& operator=(immovable const&) = delete;
};

/// What operations share that never ask for a delay: `T` is the value. `P` is what they depend on, so that nothing is
/// instantiated before they are.
template <class T, class P>
class operation_base : immovable {
  public:
    using value_type = T;
    detail::dependent<lading::step<T>, P> on_delay() { return error(errc::invalid_argument); }
};

template <class Op>
concept operation = requires(Op& op, result<response> answer) {
    typename Op::value_type;
    { op.start() } -> std::same_as<step<typename Op::value_type>>;
    { op.on_response(std::move(answer)) } -> std::same_as<step<typename Op::value_type>>;
    { op.on_delay() } -> std::same_as<step<typename Op::value_type>>;
};

namespace detail {
/// Tells an operation of an answer, and of what was shown for it if that concerns it.
template <class Op>
auto respond(Op& op, result<response> answer, auth_note const& shown) {
    if constexpr (requires { op.on_response(std::move(answer), shown); }) return op.on_response(std::move(answer), shown);
    else return op.on_response(std::move(answer));
}
} // namespace detail

} // namespace lading
