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

  private:
    auto plan_within(std::chrono::milliseconds limit, char const* option, repository const& name, bool by_digest,
                     registry_rules const& rules) {
        call_context talk({}, name, options.bounds);
        talk.user_agent = options.user_agent;
        talk.accepts = &accepts;
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
