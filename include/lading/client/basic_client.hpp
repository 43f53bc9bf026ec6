// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `basic_client<Policies>`: the face of the library. It knows no backend; `lading.hpp` gives the default ones.

// First, so that the sentence about a policy that does not hold has few lines above it.
#include "../policy/transport.hpp"
#include "policies.hpp"

#include "../detail/pulls.hpp"
#include "../middleware/call.hpp"
#include "../operation/blob.hpp"
#include "../operation/blob_range.hpp"
#include "../operation/cancel_upload.hpp"
#include "../operation/catalog.hpp"
#include "../operation/config.hpp"
#include "../operation/find_blob.hpp"
#include "../operation/inspect.hpp"
#include "../operation/manifest.hpp"
#include "../operation/ping.hpp"
#include "../operation/push_manifest.hpp"
#include "../operation/referrers.hpp"
#include "../operation/remove.hpp"
#include "../operation/resolve.hpp"
#include "../operation/tags.hpp"
#include "../operation/upload.hpp"
#include "../protocol/any_operation.hpp"
#include "../store/blob_sink.hpp"
#include "blocking_calls.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace lading {

namespace detail {
/// Explains a call that the transport cannot serve.
template <class... Args>
void only_blocking() {
    static_assert(always_false<Args...>,
                  "[lading] client: this transport blocks; call inspect, manifest and so on, or use an asynchronous one");
}

/// How the `async_` calls are carried out.
template <class Context>
struct async_calls {
    static_assert(always_false<Context>, "[lading] client: the async_ calls need <lading/client/async.hpp>");
};
} // namespace detail

/// A registry client.
///
/// Every call verifies what it returns; the exact bytes are beside every decoded document. A client with a blocking
/// transport has the plain names, one with an asynchronous transport the `async_` names with any completion token
/// (signature `void(result<T>)`); a transport may model both. The client owns the connections, the tokens and the
/// limits; it cannot be moved, and it outlives the operations it started.
///
/// Threads: what the calls of a client share is its session (thread-safe), its options (only read), its observer and its
/// policies. Several threads may be in calls of one client at once, blocking or not, where transport, clock, credentials
/// and cache allow that: `asio_sync_transport`, `curl_transport`, `asio_transport`, `steady_clock_policy`, the credentials and
/// caches of the library do; `store_transport` and the doubles of `testing/` take one call at a time.
///
/// A blocking call takes a `std::stop_token` last: soon after it is stopped the call ends with `cancelled`, be it
/// connecting, waiting for an answer, in a body or between two tries. (Not while a credential helper runs.)
///
/// Platform defaults: an index is resolved for the platform that the program was compiled for, unless told otherwise;
/// the record says so.
template <class Policies>
class basic_client : public blocking_calls<std::conditional_t<detail::policies_hold<Policies>(), Policies, void>> {
    static_assert(check_fallback<typename Policies::fallback>::ok);

    using base = blocking_calls<Policies>;
    using base::context_;
    using base::transfer;
    using base::transport_;

  public:
    using policies = Policies;
    using transport_type = typename Policies::transport;
    using credentials_type = typename Policies::credentials;
    using clock_type = typename Policies::clock;
    using cache_type = typename Policies::cache;
    using manifest_type = basic_manifest<typename Policies::manifests>;

    basic_client()
        requires std::default_initializable<transport_type> && std::default_initializable<credentials_type> &&
                 std::default_initializable<cache_type>
        : basic_client(client_options()) {}
    explicit basic_client(client_options o, credentials_type c = credentials_type(), clock_type k = clock_type(),
                          cache_type a = cache_type())
        requires std::default_initializable<transport_type>
        : base(std::move(o), std::move(c), std::move(k), std::move(a)) {}
    explicit basic_client(transport_type t, client_options o = {}, credentials_type c = credentials_type(),
                          clock_type k = clock_type(), cache_type a = cache_type())
        : base(std::move(t), std::move(o), std::move(c), std::move(k), std::move(a)) {}

    // ---- blocking: those of `blocking_calls`, and

    /// Copies what a name or reference leads to into a store: `pull(ref, store)`, `pull(ref, store, copy_options, stop_token)`, or with the name in the
    /// store third. What it does is said at `lading::pull`, in <lading/bulk/pull.hpp>, which is to be included for it.
    template <class Name, class Store, class... More>
        requires sync_transport<transport_type>
    auto pull(Name const& ref, Store& to, More&&... more) {
        return detail::pulls<Store>::pull(*this, ref, to, std::forward<More>(more)...);
    }

    // ---- asynchronous: include <lading/client/async.hpp> -------------------------------------------------------------

    /// With tags: they are asked for at the same time as the manifest, unless they are to come first.
    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, inspect_options o, Token&& token) {
        return detail::async_calls<client_context<Policies>>::inspect(context_, transport_, ref, std::move(o),
                                                                      std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, Token&& token) {
        return async_inspect(ref, inspect_options(), std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_manifest(reference const& ref, Token&& token) {
        return launch<manifest_operation<Policies>>(std::forward<Token>(token), context_.plan(ref), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_raw_manifest(reference const& ref, Token&& token) {
        return launch<raw_manifest_operation<Policies>>(std::forward<Token>(token), context_.plan(ref), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_resolve(reference const& ref, Token&& token) {
        return launch<resolve_operation<Policies>>(std::forward<Token>(token), context_.plan(ref), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_config(reference const& ref, platform_choice choice, Token&& token) {
        return launch<config_operation<Policies>>(std::forward<Token>(token), context_.plan(ref), ref,
                                                  choice);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_tags(repository const& name, Token&& token) {
        return launch<tags_operation<Policies>>(std::forward<Token>(token), context_.plan(name));
    }
    /// `out` outlives the operation.
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o, Token&& token) {
        return launch<blob_operation<Policies>>(std::forward<Token>(token), context_.plan_for_blob(name),
                                                transfer(what, out, std::move(o)));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, Token&& token) {
        return async_blob(name, what, out, blob_options(), std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(reference const& ref, descriptor const& what, blob_sink& out, Token&& token) {
        return async_blob(ref.repository(), what, out, std::forward<Token>(token));
    }
    /// **Not verified.** `out` outlives the operation.
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob_range(repository const& name, descriptor const& what, std::uint64_t offset, std::uint64_t length, blob_sink& out,
                          Token&& token) {
        return launch<blob_range_operation<Policies>>(std::forward<Token>(token), context_.plan_for_blob(name), what, offset, length,
                                                      std::ref(out));
    }
    /// The same on an event loop: `async_pull(ref, store, copy_options, token)`, of <lading/bulk/async_pull.hpp>.
    template <class Store, class... More>
        requires async_transport<transport_type>
    auto async_pull(reference const& ref, Store& to, More&&... more) {
        return detail::async_pulls<Store>::pull(*this, ref, to, std::forward<More>(more)...);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_ping(repository const& name, Token&& token) {
        return launch<ping_operation<Policies>>(std::forward<Token>(token), context_.plan(name));
    }

    /// `from` outlives the operation; what it reads is read on the event loop. One that is cancelled is over when its session is ended at the
    /// registry, which takes two seconds at most.
    template <class Token>
        requires async_transport<transport_type>
    auto async_push_blob(repository const& name, descriptor const& what, body_source& from, push_options o, Token&& token) {
        auto const place = std::make_shared<std::string>();
        auto op = make_call<upload_operation<Policies>>(context_, context_.plan_to_push(name), std::optional(what), std::ref(from), std::move(o), place);
        auto end = [this, name, place] { return place->empty() ? nullptr : make_call<cancel_upload_operation<Policies>>(context_, context_.plan_to_cancel(name), *place); };
        return detail::async_calls<client_context<Policies>>::push(transport_, std::move(op), std::move(end), std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_push_manifest(reference const& ref, std::string bytes, manifest_push_options o, Token&& token) {
        return launch<push_manifest_operation<Policies>>(std::forward<Token>(token), context_.plan_to_write(ref.repository()), ref, std::move(bytes), std::move(o));
    }
    /// `which`: a tag, or a digest.
    template <class Token>
        requires async_transport<transport_type>
    auto async_remove(repository const& name, removed kind, std::string which, remove_options o, Token&& token) {
        return launch<remove_operation<Policies>>(std::forward<Token>(token), context_.plan_to_write(name), kind, std::move(which), o);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_referrers(reference const& subject, referrers_options o, Token&& token) {
        return launch<referrers_operation<Policies>>(std::forward<Token>(token), context_.plan_to_write(subject.repository()), subject, std::move(o));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_change_referrers(repository const& name, referrers_change change, Token&& token) {
        return launch<referrers_tag_operation<Policies>>(std::forward<Token>(token), context_.plan_to_write(name), std::move(change));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_catalog(repository const& name, Token&& token) {
        return launch<catalog_operation<Policies>>(std::forward<Token>(token), context_.plan_to_write(name));
    }

    // A client whose transport blocks says so.
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_push_blob(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_push_manifest(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_inspect(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_manifest(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_raw_manifest(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_resolve(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_config(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_tags(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_blob(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_blob_range(A const&...) {
        return detail::only_blocking<A...>();
    }
    template <class... A>
        requires(!async_transport<transport_type>)
    auto async_ping(A const&...) {
        return detail::only_blocking<A...>();
    }

    // ---- driven by hand -----------------------------------------------------------------------------------------

    // A whole call, with logins, redirects, retries and mirrors, as an `operation` that does no I/O, to be driven on any
    // event loop and over any transport (see protocol/step.hpp). The client must outlive it, and so must a sink. The time
    // limit of the call begins here. Values, errors and requests are those of the calls above.

    any_operation<inspection> start_inspect(reference const& ref, inspect_options o = {}) {
        return any_operation<inspection>(make_call<inspect_operation<Policies>>(context_, context_.plan(ref), ref, std::move(o)));
    }
    any_operation<manifest_type> start_manifest(reference const& ref) {
        return any_operation<manifest_type>(make_call<manifest_operation<Policies>>(context_, context_.plan(ref), ref));
    }
    any_operation<manifest_bytes> start_raw_manifest(reference const& ref) {
        return any_operation<manifest_bytes>(make_call<raw_manifest_operation<Policies>>(context_, context_.plan(ref), ref));
    }
    any_operation<descriptor> start_resolve(reference const& ref) {
        return any_operation<descriptor>(make_call<resolve_operation<Policies>>(context_, context_.plan(ref), ref));
    }
    any_operation<config_document> start_config(reference const& ref, platform_choice choice = platform_choice::host()) {
        return any_operation<config_document>(make_call<config_operation<Policies>>(context_, context_.plan(ref), ref, choice));
    }
    any_operation<tag_list> start_tags(repository const& name) {
        return any_operation<tag_list>(make_call<tags_operation<Policies>>(context_, context_.plan(name)));
    }
    /// The sink is ended when the operation is over or destroyed, whichever is first for it.
    any_operation<descriptor> start_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o = {}) {
        return any_operation<descriptor>(
            make_call<blob_operation<Policies>>(context_, context_.plan_for_blob(name), transfer(what, out, std::move(o))));
    }
    any_operation<std::uint64_t> start_blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                  std::uint64_t length, blob_sink& out) {
        return any_operation<std::uint64_t>(
            make_call<blob_range_operation<Policies>>(context_, context_.plan_for_blob(name), what, offset, length, std::ref(out)));
    }
    any_operation<pushed_blob> start_push_blob(repository const& name, descriptor const& what, body_source& from, push_options o = {}) {
        return any_operation<pushed_blob>(make_call<upload_operation<Policies>>(context_, context_.plan_to_push(name), std::optional(what), std::ref(from), std::move(o)));
    }
    any_operation<pushed_manifest> start_push_manifest(reference const& ref, std::string bytes, manifest_push_options o = {}) {
        return any_operation<pushed_manifest>(make_call<push_manifest_operation<Policies>>(context_, context_.plan_to_write(ref.repository()), ref, std::move(bytes), std::move(o)));
    }
    any_operation<referrer_list> start_referrers(reference const& subject, referrers_options o = {}) {
        return any_operation<referrer_list>(make_call<referrers_operation<Policies>>(context_, context_.plan_to_write(subject.repository()), subject, std::move(o)));
    }
    any_operation<void> start_ping(repository const& name) {
        return any_operation<void>(make_call<ping_operation<Policies>>(context_, context_.plan(name)));
    }

  private:
    template <class Op, class Token, class... Args>
    auto launch(Token&& token, call_plan<> plan, Args... args) {
        return detail::async_calls<client_context<Policies>>::run(transport_, make_call<Op>(context_, std::move(plan), std::move(args)...),
                                                                  std::forward<Token>(token));
    }
};

} // namespace lading
