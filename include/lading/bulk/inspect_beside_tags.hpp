// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `inspect_beside_tags`: one inspection, and the tags of the repository asked for at the same time.
///
/// What comes out is what `inspect_operation` gives when it asks for the tags last: those of the place that served the
/// manifest. They are asked of the first place, which is the one unless it fails; then that list is worth nothing, and the
/// place that did serve is asked. (One thing differs: the list of a mirror that is too slow is a remark, and does not send
/// the whole inspection to the next place.) An inspection that fails ends the listing, and a listing that meets the end of the call
/// ends the inspection. Requests: those of both; where the registry wants a token that is not known yet, both are refused
/// once, and one fetches it for both.

#include "../endpoint/endpoints.hpp"
#include "../operation/inspect.hpp"
#include "../operation/tags.hpp"
#include "in_flight.hpp"

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace lading::detail {

/// The body of a composed operation over an asynchronous `Client`, which outlives it.
template <class Client>
class inspect_beside_tags {
    using policies = typename Client::policies;
    enum class part : std::uint8_t { image, tags };

    /// Of one part.
    class outcome {
      public:
        outcome(result<inspection> r) : value_(std::move(r)) {}
        outcome(result<tag_list> r) : value_(std::move(r)) {}
        outcome(error e) : value_(result<tag_list>(std::move(e))) {} ///< it was not even begun
        explicit operator bool() const {
            return std::visit([](auto const& r) { return r.has_value(); }, value_);
        }
        std::variant<result<inspection>, result<tag_list>>& value() noexcept { return value_; }

      private:
        std::variant<result<inspection>, result<tag_list>> value_;
    };

  public:
    inspect_beside_tags(Client& registry, reference const& ref, inspect_options o)
        : state_(std::make_unique<state>(registry, ref, std::move(o.with_tags(false)))) {}

    /// The start.
    template <class Self>
    void operator()(Self& self) {
        auto* const s = state_.get();
        for_each_in_flight<outcome>(
            s->registry.transport().get_executor(), s->parts, in_flight_bounds(s->parts.size(), false),
            [s](part p, auto done) { s->begin(p, std::move(done)); },
            [s](std::size_t, part, outcome o) { return s->take(o.value()); }, std::move(self));
    }
    /// Both are over.
    template <class Self>
    void operator()(Self& self, each_summary) {
        auto& s = *state_;
        if (!s.failure && !(s.image && s.tags)) s.failure.emplace(errc::cancelled);
        if (s.failure) return finish(self);
        if (s.served(s.call.places.front())) return (*this)(self, std::move(*s.tags));
        if (was_cancelled(self)) return s.failure.emplace(errc::cancelled), finish(self);
        auto again = std::move(s.call);
        std::erase_if(again.places, [&s](endpoint const& e) { return !s.served(e); });
        s.registry.template launch<tags_operation<policies>>(std::move(self), std::move(again));
    }
    /// These are the tags.
    template <class Self>
    void operator()(Self& self, result<tag_list> listed) {
        state_->failure = take_tags<policies>(state_->image->assume_value(), std::move(listed));
        finish(self);
    }

  private:
    struct state {
        state(Client& c, reference const& r, inspect_options o)
            : registry(c), ref(r), options(std::move(o)), call(c.call_to(r)) {}

        template <class Done>
        void begin(part p, Done done) {
            auto here = call;
            if (p == part::tags && !here.places.empty()) here.places.erase(here.places.begin() + 1, here.places.end());
            if (p == part::tags) return registry.template launch<tags_operation<policies>>(std::move(done), std::move(here));
            here.asked = &asked;
            registry.template launch<inspect_operation<policies>>(std::move(done), std::move(here), ref, options);
        }
        bool served(endpoint const& e) const { return e.base_url == asked.base_url && e.name == asked.name; }

        /// False when the other part is of no use any more.
        bool take(result<inspection>& r) {
            if (!r && !failure) failure = r.assume_error();
            image.emplace(std::move(r));
            return image->has_value();
        }
        bool take(result<tag_list>& r) {
            auto const* const why = failure_of(r);
            bool const over = ends_call(why);
            if (over && !failure) failure = *why;
            tags.emplace(std::move(r));
            return !over;
        }
        bool take(std::variant<result<inspection>, result<tag_list>>& r) {
            return std::visit([this](auto& value) { return this->take(value); }, r);
        }

        Client& registry;
        reference ref;
        inspect_options options;
        typename Client::call call;
        std::array<part, 2> parts{part::image, part::tags};
        endpoint asked{{}, ref.repository()}; ///< the place that the inspection asked last
        std::optional<result<inspection>> image;
        std::optional<result<tag_list>> tags;
        std::optional<error> failure; ///< of all
    };

    template <class Self>
    void finish(Self& self) {
        auto& s = *state_;
        auto record = s.failure ? result<inspection>(std::move(*s.failure)) : std::move(*s.image);
        state_.reset(); // before the handler: it may start the next operation with what this one held
        self.complete(std::move(record));
    }

    std::unique_ptr<state> state_;
};

} // namespace lading::detail
