// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blocking_calls`: the calls of a client that return when they are over, and what all its calls share.

#include "../detail/stop_token.hpp"
#include "../driver/blocking.hpp"
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
#include "../store/blob_sink.hpp"
#include "client_context.hpp"
#include "client_options.hpp"
#include "make_transport.hpp"
#include "policies.hpp"

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
} // namespace detail

/// The base of `basic_client`, which says what holds for all calls.
template <class Policies>
class blocking_calls : immovable {
    using transport_type = typename Policies::transport;
    using credentials_type = typename Policies::credentials;
    using clock_type = typename Policies::clock;
    using cache_type = typename Policies::cache;
    using manifest_type = basic_manifest<typename Policies::manifests>;

  public:
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
    /// The blob as the registry itself, no mirror, has it in this repository, with its size if the registry says that: one HEAD.
    result<std::optional<descriptor>> find_blob(repository const& name, descriptor const& what, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<find_blob_operation<Policies>>(context_.plan_to_write(name), stop, what);
    }
    /// Whether it has it.
    result<bool> has_blob(repository const& name, descriptor const& what, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        LADING_TRY(auto const found, find_blob(name, what, std::move(stop)));
        return found.has_value();
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

    client_options const& options() const noexcept { return context_.options; }
    transport_type& transport() noexcept { return transport_; }

  protected:
    /// The transport is made as the options say.
    blocking_calls(client_options o, credentials_type c, clock_type k, cache_type a)
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)),
          transport_(detail::make_transport<transport_type>(context_.options)) {}
    blocking_calls(transport_type t, client_options o, credentials_type c, clock_type k, cache_type a)
        : context_(std::move(o), std::move(c), std::move(k), std::move(a)), transport_(std::move(t)) {}

    /// What the places that are asked for a blob have in common.
    auto transfer(descriptor const& what, blob_sink& out, blob_options o, stop_token stop = {}) {
        return std::make_shared<blob_transfer<Policies>>(what, out, std::move(o), context_.options.bounds, context_.options.retry,
                                                         context_.clock, std::move(stop));
    }

    client_context<Policies> context_;
    transport_type transport_;

  private:
    result<pushed_blob> upload(repository const& name, std::optional<descriptor> what, body_source& from, push_options o, stop_token stop)
        requires sync_transport<transport_type>
    {
        auto const place = std::make_shared<std::string>();
        auto out = wait<upload_operation<Policies>>(context_.plan_to_push(name), stop, std::move(what), std::ref(from), std::move(o), place);
        if (!out && is_given_up(out.assume_error()) && !place->empty())
            (void)wait<cancel_upload_operation<Policies>>(context_.plan_to_cancel(name), stop_token(), *place);
        return out;
    }
    template <class Op, class... Args>
    result<typename Op::value_type> wait(call_plan<> plan, stop_token const& stop, Args... args) {
        auto const op = make_call<Op>(context_, std::move(plan), std::move(args)...);
        return run(*op, transport_, context_.clock, stop);
    }
};

} // namespace lading
