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

#include "../driver/asio.hpp"
#include "../middleware/call.hpp"
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

/// The body of a composed operation over an asynchronous transport. It and the context of the client must outlive it.
template <class Context, class Transport>
class inspect_beside_tags {
    using policies = typename Context::policies;
    using image_call = call<inspect_operation<policies>, Context, reference, inspect_options>;
    using tags_call = call<tags_operation<policies>, Context>;
    enum class part : std::uint8_t { image,
                                     tags };

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
    inspect_beside_tags(Context& context, Transport& transport, reference const& ref, inspect_options o)
        : state_(std::make_unique<state>(context, transport, ref, std::move(o.with_tags(false)))) {}

    /// The start.
    template <class Self>
    void operator()(Self& self) {
        auto* const s = state_.get();
        for_each_in_flight<outcome>(
            s->transport.get_executor(), s->parts, in_flight_bounds(s->parts.size(), false),
            [s](part p, auto done) { s->begin(p, std::move(done)); },
            [s](std::size_t, part, outcome o) { return s->take(o.value()); }, std::move(self));
    }
    /// Both are over.
    template <class Self>
    void operator()(Self& self, each_summary) {
        auto& s = *state_;
        if (!s.failure && !(s.image && s.tags)) s.failure.emplace(errc::cancelled);
        if (s.failure) return finish(self);
        auto const served = s.whole->place();
        if (served.base_url == s.first().base_url && served.name == s.first().name) return (*this)(self, std::move(*s.tags));
        if (was_cancelled(self)) return s.failure.emplace(errc::cancelled), finish(self);
        s.ask_tags_of(served, std::move(self));
    }
    /// These are the tags.
    template <class Self>
    void operator()(Self& self, result<tag_list> listed) {
        state_->failure = take_tags<policies>(state_->image->assume_value(), std::move(listed));
        finish(self);
    }

  private:
    struct state {
        state(Context& c, Transport& t, reference const& r, inspect_options o)
            : context(c), transport(t), plan(c.plan(r)), whole(std::make_shared<image_call>(c, plan, r, std::move(o))) {}

        template <class Done>
        void begin(part p, Done done) {
            if (p == part::image) return async_run(transport, whole, std::move(done)), void();
            if (plan.places && !plan.places.assume_value().empty()) return ask_tags_of(first(), std::move(done));
            async_run(transport, std::make_shared<tags_call>(context, plan), std::move(done));
        }
        template <class Done>
        void ask_tags_of(endpoint place, Done done) {
            call_plan<> there(plan.talk, std::vector<endpoint>{std::move(place)});
            async_run(transport, std::make_shared<tags_call>(context, std::move(there)), std::move(done));
        }
        endpoint const& first() const { return plan.places.assume_value().front(); }

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

        Context& context;
        Transport& transport;
        call_plan<> plan;
        std::shared_ptr<image_call> whole; ///< knows the place that has served the image
        std::array<part, 2> parts{part::image, part::tags};
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
