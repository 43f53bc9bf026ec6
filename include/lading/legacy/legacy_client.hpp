// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `legacy_client<Policies>`: inspects images of registries that speak v1, the protocol before v2, or as Docker 1.10 did.
/// Nothing else of the library speaks v1.

#include "../client/client_context.hpp"
#include "../client/make_transport.hpp"
#include "../client/policies.hpp"
#include "../driver/blocking.hpp"
#include "legacy_call.hpp"

#include <concepts>
#include <memory>
#include <utility>

namespace lading {

/// `Policies` are those of a `basic_client`, but for `fallback`, a `legacy_fallback_policy`: `modern_fallback_with_v1` or
/// `docker_1_10_fallback`. v1 is asked only where `registry_rules::with_v1` allows it. The client must outlive the operations
/// it started; threads as `basic_client`.
template <class Policies>
class legacy_client : immovable {
    static_assert(detail::policies_hold<Policies>() && check_legacy_fallback<typename Policies::fallback>::ok);

  public:
    using policies = Policies;
    using transport_type = typename Policies::transport;
    using credentials_type = typename Policies::credentials;
    using clock_type = typename Policies::clock;
    using cache_type = typename Policies::cache;

    explicit legacy_client(client_options o = {}, credentials_type c = credentials_type(), clock_type k = clock_type(),
                           cache_type a = cache_type())
        requires std::default_initializable<transport_type>
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)),
          transport_(detail::make_transport<transport_type>(context_.options)) {}
    explicit legacy_client(transport_type t, client_options o = {}, credentials_type c = credentials_type(),
                           clock_type k = clock_type(), cache_type a = cache_type())
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)), transport_(std::move(t)) {}

    /// What is this image? Requests and errors: `inspect_operation` and `v1_inspect_operation`, and the pings of the policy.
    result<inspection> inspect(reference const& ref, inspect_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        auto const op = start_inspect(ref, std::move(o));
        return run(*op, transport_, context_.clock, stop);
    }
    /// The same as an operation, to be driven by hand or by `async_run`.
    std::unique_ptr<legacy_call<client_context<Policies>>> start_inspect(reference const& ref, inspect_options o = {}) {
        if constexpr (Policies::fallback::tags_first) o.with_tags_first();
        return std::make_unique<legacy_call<client_context<Policies>>>(context_, context_.plan(ref), ref, std::move(o));
    }

    client_options const& options() const noexcept { return context_.options; }
    transport_type& transport() noexcept { return transport_; }

  private:
    client_context<Policies> context_;
    transport_type transport_;
};

} // namespace lading
