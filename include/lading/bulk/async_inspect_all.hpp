// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `async_inspect_all`: every image of an index, side by side.

#include "../driver/asio.hpp"
#include "each.hpp"
#include "inspect_all.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace lading {

namespace detail {

/// The body of the composed operation.
template <class Client, class Each>
class inspect_all_body {
  public:
    inspect_all_body(Client& registry, reference const& ref, each_options o, Each each)
        : state_(std::make_unique<state>(registry, ref, std::move(o), std::move(each))) {}

    /// The start.
    template <class Self>
    void operator()(Self& self) {
        auto& s = *state_;
        s.registry.async_inspect(s.ref, s.walk.of_top(), std::move(self));
    }
    /// The document itself.
    template <class Self>
    void operator()(Self& self, result<inspection> top) {
        state_->top.emplace(state_->walk.took(std::move(top)));
        go_on(self);
    }
    /// A level is over.
    template <class Self>
    void operator()(Self& self, each_summary level) {
        if (level.cancelled) state_->top.emplace(error(errc::cancelled));
        go_on(self);
    }

  private:
    struct state {
        state(Client& c, reference const& r, each_options o, Each e)
            : registry(c), ref(r), bounds(o.in_flight, o.ordered), walk(std::move(o.inspect), c.options().bounds),
              each(std::move(e)) {}
        Client& registry;
        reference ref;
        in_flight_bounds bounds;
        index_walk walk;
        Each each;
        std::vector<descriptor> level;
        std::optional<result<inspection>> top;
    };

    template <class Self>
    void go_on(Self& self) {
        auto* const s = state_.get();
        if (*s->top) s->level = s->walk.next_level();
        if (!*s->top || s->level.empty()) return finish(self);
        if (was_cancelled(self)) return s->top.emplace(error(errc::cancelled)), finish(self);
        for_each_in_flight<result<inspection>>(
            s->registry.transport().get_executor(), s->level, s->bounds,
            [s](descriptor const& entry, auto done) {
                s->registry.async_inspect(s->ref.with_digest(entry.digest), s->walk.of(entry), std::move(done));
            },
            [s](std::size_t, descriptor const& entry, result<inspection> r) {
                s->each(entry, s->walk.took(std::move(r)));
                return true;
            },
            std::move(self));
    }
    template <class Self>
    void finish(Self& self) {
        auto top = std::move(*state_->top);
        state_.reset(); // before the handler: what `each` holds is over with the operation
        self.complete(std::move(top));
    }

    std::unique_ptr<state> state_;
};

} // namespace detail

/// `inspect_all`, with at most `each_options::in_flight` entries of a level at once; `each` is called one at a time, on a
/// thread of the client's executor, in the order of the entries if that is asked for. Completion signature:
/// `void(result<inspection>)`. Client and what `each` refers to outlive the operation. Cancelling through the handler's slot,
/// which `each` may do, ends it with `errc::cancelled`, and so does an exception of `each`; the entries under way are told
/// of, no more are begun.
template <class Client, class Each, class CompletionToken>
auto async_inspect_all(Client& registry, reference const& ref, each_options options, Each each, CompletionToken&& token) {
    return async_run_body<inspection>(registry.transport(), std::forward<CompletionToken>(token),
                                      detail::inspect_all_body<Client, Each>(registry, ref, std::move(options), std::move(each)));
}

} // namespace lading
