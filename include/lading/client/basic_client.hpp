// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `basic_client<Policies>`: the face of the library. It knows no backend; `lading.hpp` gives the default ones.

#include "../detail/pulls.hpp"
#include "../detail/stop_token.hpp"
#include "../driver/blocking.hpp"
#include "../middleware/call.hpp"
#include "../operation/blob.hpp"
#include "../operation/blob_range.hpp"
#include "../operation/cancel_upload.hpp"
#include "../operation/catalog.hpp"
#include "../operation/config.hpp"
#include "../operation/has_blob.hpp"
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
#include "client_context.hpp"
#include "client_options.hpp"
#include "make_transport.hpp"
#include "policies.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lading {

namespace detail {
/// Explains a call that the transport cannot serve.
template <class Result, class... Args>
Result only_asynchronous() {
    static_assert(always_false<Result, Args...>,
                  "[lading] client: this transport has no blocking exchange(); with an asynchronous one call async_inspect, async_manifest and so on");
    return error(errc::invalid_argument);
}
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
class basic_client : immovable {
    static_assert(detail::policies_hold<Policies>() && check_fallback<typename Policies::fallback>::ok);

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
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)),
          transport_(detail::make_transport<transport_type>(context_.options)) {}
    explicit basic_client(transport_type t, client_options o = {}, credentials_type c = credentials_type(),
                          clock_type k = clock_type(), cache_type a = cache_type())
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)), transport_(std::move(t)) {}

    // ---- blocking -----------------------------------------------------------------------------------------------

    /// What is this image? Requests and errors: `inspect_operation`.
    result<inspection> inspect(reference const& ref, inspect_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<inspect_operation<Policies>>(context_.plan(ref), stop, ref, std::move(o));
    }
    /// One document: exact bytes, descriptor, decoded view. An index stays an index.
    result<manifest_type> manifest(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<manifest_operation<Policies>>(context_.plan(ref), stop, ref);
    }
    /// The same document as bytes, whatever they are: size and digest are checked, the form is not looked at.
    result<manifest_bytes> raw_manifest(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<raw_manifest_operation<Policies>>(context_.plan(ref), stop, ref);
    }
    /// What a name leads to now, without its document: one HEAD where the registry answers it. Requests: `resolve_operation`.
    result<descriptor> resolve(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<resolve_operation<Policies>>(context_.plan(ref), stop, ref);
    }
    /// The image config, decoded and as exact bytes. `config_not_image` for artifacts.
    result<config_document> config(reference const& ref, platform_choice choice = platform_choice::host(), stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<config_operation<Policies>>(context_.plan(ref), stop, ref, std::move(choice));
    }
    /// Every tag, in the server's order, within the limits. What came before a failure is kept: see `tag_list`.
    result<tag_list> tags(repository const& name, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<tags_operation<Policies>>(context_.plan(name), stop);
    }
    /// One blob, streamed into `out` and committed when size and digest hold.
    result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        auto plan = o.urls.empty() ? context_.plan_for_blob(name) : context_.plan_to_push(name);
        return wait<blob_operation<Policies>>(std::move(plan), stop, transfer(what, out, std::move(o), stop));
    }
    result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return blob(name, what, out, blob_options(), std::move(stop));
    }
    result<descriptor> blob(reference const& ref, descriptor const& what, blob_sink& out, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return blob(ref.repository(), what, out, std::move(stop));
    }
    /// A part of a blob, **not verified**: a digest is of the whole. Up to `length` bytes from `offset` on go to `out`, which is
    /// committed when they have come; the value is their number, less at the end of the blob.
    result<std::uint64_t> blob_range(repository const& name, descriptor const& what, std::uint64_t offset, std::uint64_t length,
                                     blob_sink& out, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<blob_range_operation<Policies>>(context_.plan_for_blob(name), stop, what, offset, length, std::ref(out));
    }
    /// Copies what a name or reference leads to into a store: `pull(ref, store)`, `pull(ref, store, copy_options, stop_token)`, or with the name in the
    /// store third. What it does is said at `lading::pull`, in <lading/bulk/pull.hpp>, which is to be included for it.
    template <class Name, class Store, class... More>
        requires sync_transport<transport_type>
    auto pull(Name const& ref, Store& to, More&&... more) {
        return detail::pulls<Store>::pull(*this, ref, to, std::forward<More>(more)...);
    }
    /// Does the host of this repository speak v2? No other call needs this one first.
    result<void> ping(repository const& name, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<ping_operation<Policies>>(context_.plan(name), stop);
    }

    // Writing goes to the registry itself, never to a mirror.

    /// Says that this client is going to write to a repository: what it reads there before is asked for with a token that allows both, so that one
    /// is fetched where it would be two. A login that may only read is good for that all the same. Makes no request; the calls that push say it
    /// by themselves, and so do `copy` and the others of bulk/, of the store that they write to. Threads: any.
    void will_write_to(repository const& name) { context_.will_write(name); }
    /// One blob into a repository. Bytes that are not those of the descriptor are never complete there. Requests and errors:
    /// `upload_operation`; an upload that is stopped is ended at the registry, which takes two seconds at most.
    result<pushed_blob> push_blob(repository const& name, descriptor const& what, body_source& from, push_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return upload(name, what, from, std::move(o), std::move(stop));
    }
    /// The same for bytes whose digest is known at their end: the value has it. In chunks.
    result<pushed_blob> push_stream(repository const& name, body_source& from, push_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return upload(name, std::nullopt, from, std::move(o), std::move(stop));
    }
    /// A manifest under a tag, or under its digest alone. What it lists has to be there. Requests and errors: `push_manifest_operation`.
    result<pushed_manifest> push_manifest(reference const& ref, std::string bytes, manifest_push_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<push_manifest_operation<Policies>>(context_.plan_to_write(ref.repository()), stop, ref, std::move(bytes), std::move(o));
    }
    /// Removes the manifest with the digest of the reference, and with it every tag that leads to it. False: it was not there, where
    /// that is no failure. By tag only with `remove_options::with_resolution`: one HEAD more. Requests and errors: `remove_operation`.
    result<bool> remove_manifest(reference const& ref, remove_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        auto which = ref.digest();
        if (!which && !o.resolution) return error(errc::invalid_argument).with_context("a manifest is removed by its digest: " + ref.str());
        if (!which) {
            LADING_TRY(auto found, find(ref, stop));
            if (!found && o.missing_is_fine) return false;
            if (!found) return error(errc::manifest_unknown).with_context(std::string(ref.effective_tag()));
            which = std::move(found->digest);
            o.listing = false;
        }
        return wait<remove_operation<Policies>>(context_.plan_to_write(ref.repository()), stop, removed::manifest, which->str(), o);
    }
    /// Removes a tag alone, where the registry does that.
    result<bool> remove_tag(reference const& ref, remove_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<remove_operation<Policies>>(context_.plan_to_write(ref.repository()), stop, removed::tag, std::string(ref.effective_tag()), o);
    }
    /// Removes a blob from a repository. What lists it is not looked for.
    result<bool> remove_blob(repository const& name, digest const& d, remove_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<remove_operation<Policies>>(context_.plan_to_write(name), stop, removed::blob, d.str(), o);
    }
    /// What the name leads to at the registry itself, no mirror, if it leads anywhere: one HEAD. Errors: those of `resolve`.
    result<std::optional<descriptor>> find(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        auto found = wait<resolve_operation<Policies>>(context_.plan_to_write(ref.repository()), stop, ref, true);
        if (found) return std::optional<descriptor>(std::move(found).assume_value());
        if (is_not_found(found.assume_error())) return std::optional<descriptor>();
        return std::move(found).assume_error();
    }
    /// Whether it does.
    result<bool> exists(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        LADING_TRY(auto const found, find(ref, std::move(stop)));
        return found.has_value();
    }
    /// Whether the registry itself, no mirror, has the blob in this repository: one HEAD.
    result<bool> has_blob(repository const& name, descriptor const& what, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<has_blob_operation<Policies>>(context_.plan_to_write(name), stop, what);
    }
    /// What refers to a manifest, as its subject: signatures, attestations, bills of materials. By tag: to what that leads to. The registry
    /// itself is asked, no mirror: the API of registries that have it, the referrers tag of others. Requests and errors: `referrers_operation`.
    result<referrer_list> referrers(reference const& subject, referrers_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<referrers_operation<Policies>>(context_.plan_to_write(subject.repository()), stop, subject, std::move(o));
    }
    /// Changes the list of a subject's referrers where the registry does not make one; `push_manifest` and `remove_manifest` do that
    /// by themselves. Requests and errors: `referrers_tag_operation`.
    result<referrers_listing> change_referrers(repository const& name, referrers_change change, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<referrers_tag_operation<Policies>>(context_.plan_to_write(name), stop, std::move(change));
    }
    /// The repositories of the registry that this one is of. Many registries do not list them.
    result<repository_list> catalog(repository const& name, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<catalog_operation<Policies>>(context_.plan_to_write(name), stop);
    }

    // A client whose transport is asynchronous only says so.
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto push_blob(A const&...) {
        return detail::only_asynchronous<result<pushed_blob>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto push_manifest(A const&...) {
        return detail::only_asynchronous<result<pushed_manifest>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto inspect(A const&...) {
        return detail::only_asynchronous<result<inspection>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto manifest(A const&...) {
        return detail::only_asynchronous<result<manifest_type>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto raw_manifest(A const&...) {
        return detail::only_asynchronous<result<manifest_bytes>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto resolve(A const&...) {
        return detail::only_asynchronous<result<descriptor>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto config(A const&...) {
        return detail::only_asynchronous<result<config_document>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto tags(A const&...) {
        return detail::only_asynchronous<result<tag_list>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto blob(A const&...) {
        return detail::only_asynchronous<result<descriptor>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto blob_range(A const&...) {
        return detail::only_asynchronous<result<std::uint64_t>, A...>();
    }
    template <class... A>
        requires(!sync_transport<transport_type>)
    auto ping(A const&...) {
        return detail::only_asynchronous<result<void>, A...>();
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
        auto op = layered<upload_operation<Policies>>(context_.plan_to_push(name), std::optional(what), std::ref(from), std::move(o), place);
        auto end = [this, name, place] { return place->empty() ? nullptr : layered<cancel_upload_operation<Policies>>(context_.plan_to_cancel(name), *place); };
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
        return any_operation<inspection>(layered<inspect_operation<Policies>>(context_.plan(ref), ref, std::move(o)));
    }
    any_operation<manifest_type> start_manifest(reference const& ref) {
        return any_operation<manifest_type>(layered<manifest_operation<Policies>>(context_.plan(ref), ref));
    }
    any_operation<manifest_bytes> start_raw_manifest(reference const& ref) {
        return any_operation<manifest_bytes>(layered<raw_manifest_operation<Policies>>(context_.plan(ref), ref));
    }
    any_operation<descriptor> start_resolve(reference const& ref) {
        return any_operation<descriptor>(layered<resolve_operation<Policies>>(context_.plan(ref), ref));
    }
    any_operation<config_document> start_config(reference const& ref, platform_choice choice = platform_choice::host()) {
        return any_operation<config_document>(layered<config_operation<Policies>>(context_.plan(ref), ref, choice));
    }
    any_operation<tag_list> start_tags(repository const& name) {
        return any_operation<tag_list>(layered<tags_operation<Policies>>(context_.plan(name)));
    }
    /// The sink is ended when the operation is over or destroyed, whichever is first for it.
    any_operation<descriptor> start_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o = {}) {
        return any_operation<descriptor>(
            layered<blob_operation<Policies>>(context_.plan_for_blob(name), transfer(what, out, std::move(o))));
    }
    any_operation<std::uint64_t> start_blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                  std::uint64_t length, blob_sink& out) {
        return any_operation<std::uint64_t>(
            layered<blob_range_operation<Policies>>(context_.plan_for_blob(name), what, offset, length, std::ref(out)));
    }
    any_operation<pushed_blob> start_push_blob(repository const& name, descriptor const& what, body_source& from, push_options o = {}) {
        return any_operation<pushed_blob>(layered<upload_operation<Policies>>(context_.plan_to_push(name), std::optional(what), std::ref(from), std::move(o)));
    }
    any_operation<pushed_manifest> start_push_manifest(reference const& ref, std::string bytes, manifest_push_options o = {}) {
        return any_operation<pushed_manifest>(layered<push_manifest_operation<Policies>>(context_.plan_to_write(ref.repository()), ref, std::move(bytes), std::move(o)));
    }
    any_operation<referrer_list> start_referrers(reference const& subject, referrers_options o = {}) {
        return any_operation<referrer_list>(layered<referrers_operation<Policies>>(context_.plan_to_write(subject.repository()), subject, std::move(o)));
    }
    any_operation<void> start_ping(repository const& name) {
        return any_operation<void>(layered<ping_operation<Policies>>(context_.plan(name)));
    }

    client_options const& options() const noexcept { return context_.options; }
    transport_type& transport() noexcept { return transport_; }

  private:
    /// What the places that are asked for a blob have in common.
    auto transfer(descriptor const& what, blob_sink& out, blob_options o, stop_token stop = {}) {
        return std::make_shared<blob_transfer<Policies>>(what, out, std::move(o), context_.options.bounds, context_.options.retry,
                                                         context_.clock, std::move(stop));
    }
    result<pushed_blob> upload(repository const& name, std::optional<descriptor> what, body_source& from, push_options o, stop_token stop)
        requires sync_transport<transport_type>
    {
        auto const place = std::make_shared<std::string>();
        auto out = wait<upload_operation<Policies>>(context_.plan_to_push(name), stop, std::move(what), std::ref(from), std::move(o), place);
        if (!out && is_given_up(out.assume_error()) && !place->empty())
            (void)wait<cancel_upload_operation<Policies>>(context_.plan_to_cancel(name), stop_token(), *place);
        return out;
    }
    /// The operation with its middleware. Arguments are copied, but for those in `std::ref`.
    template <class Op, class... Args>
    auto layered(call_plan<> plan, Args... args) {
        return std::make_unique<call<Op, client_context<Policies>, Args...>>(context_, std::move(plan), std::move(args)...);
    }
    template <class Op, class... Args>
    result<typename Op::value_type> wait(call_plan<> plan, stop_token const& stop, Args... args) {
        auto const op = layered<Op>(std::move(plan), std::move(args)...);
        return run(*op, transport_, context_.clock, stop);
    }
    template <class Op, class Token, class... Args>
    auto launch(Token&& token, call_plan<> plan, Args... args) {
        return detail::async_calls<client_context<Policies>>::run(transport_, layered<Op>(std::move(plan), std::move(args)...),
                                                                  std::forward<Token>(token));
    }

    client_context<Policies> context_;
    transport_type transport_;
};

} // namespace lading
