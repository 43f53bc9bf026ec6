// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `client_context`: what the calls of a client share.

#include "../auth/session.hpp"
#include "../protocol/accept_notes.hpp"
#include "../protocol/call_plan.hpp"
#include "../protocol/step.hpp"
#include "client_options.hpp"

#include <string>
#include <utility>

namespace lading {

/// Owned by the client; middleware refers to it. `P` names the policies. Threads: the options are only read, session and
/// notes are thread-safe, the rest is as its policy says.
template <class P>
struct client_context : immovable {
    using policies = P;

    client_context(client_options o, typename P::credentials c, typename P::clock k, typename P::cache a)
        : options(std::move(o)), credentials(std::move(c)), clock(std::move(k)), cache(std::move(a)) {}

    client_options options;
    typename P::credentials credentials;
    typename P::clock clock;
    typename P::cache cache;
    auth_session session;
    accept_notes accepts;
    upload_notes uploads;

    /// A call about one image.
    auto plan(reference const& ref) {
        auto const own = rules_for(ref, options.rules);
        return plan_within(options.timeout, "with_timeout", ref.repository(), ref.has_digest(), own ? *own : options.rules);
    }
    /// A call about a repository.
    auto plan(repository const& name) { return plan_within(options.timeout, "with_timeout", name, false, options.rules); }
    /// A call for a blob.
    auto plan_for_blob(repository const& name) {
        return plan_within(options.blob_timeout, "with_blob_timeout", name, true, options.rules);
    }

    /// Calls that write, to the registry itself and never to a mirror: something small, and a blob.
    auto plan_to_write(repository const& name) { return without_mirrors(plan(name)); }
    auto plan_to_push(repository const& name) { return without_mirrors(plan_for_blob(name)); }
    /// Its calls are going to write there.
    void will_write(repository const& name) {
        auto plan = plan_to_write(name);
        if (!plan.places) return; // as the calls will say
        for (auto const& place : plan.places.assume_value()) {
            plan.talk.move_to(place.base_url, place.name);
            uploads.will_write(plan.talk.repository_key());
        }
    }
    /// The end of an upload that was given up.
    auto plan_to_cancel(repository const& name) {
        auto out = without_mirrors(plan_for_blob(name));
        out.talk.deadline = clock.now() + std::chrono::seconds(2);
        return out;
    }

  private:
    template <class Plan>
    static Plan without_mirrors(Plan p) {
        if (p.places) std::erase_if(p.places.assume_value(), [](auto const& place) { return place.is_mirror; });
        return p;
    }
    auto plan_within(std::chrono::milliseconds limit, char const* option, repository const& name, bool by_digest,
                     registry_rules const& rules) {
        call_context talk({}, name, options.bounds);
        talk.user_agent = options.user_agent;
        talk.tries = options.retry.tries;
        talk.small_limit = options.timeout;
        talk.accepts = &accepts;
        talk.uploads = &uploads;
        if (limit.count() > 0) {
            talk.deadline = clock.now() + limit;
            talk.time_limit = detail::limit_text(limit, std::string("client_options::").append(option));
        }
        auto places = P::fallback::endpoints(name, rules, by_digest);
        using place = typename decltype(places)::value_type::value_type;
        return call_plan<place>(std::move(talk), std::move(places));
    }
};

} // namespace lading
