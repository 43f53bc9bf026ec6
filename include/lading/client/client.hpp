// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `client`: the blocking client for those who replace no policy. An ordinary class; this header declares it and knows
/// nothing of sockets, TLS or operations. The bodies are in `lading.hpp`, or compiled once (see `LADING_FORM` in
/// `config.hpp`): then this header is all that a unit which makes calls needs.

#include "../config.hpp"
#include "../detail/pulls.hpp"
#include "../detail/stop_token.hpp"
#include "../document/basic_manifest.hpp"
#include "../document/config_document.hpp"
#include "../document/set.hpp"
#include "../endpoint/network_options.hpp"
#include "../http/body_source.hpp"
#include "../inspection.hpp"
#include "../operation/blob_options.hpp"
#include "../operation/inspect_options.hpp"
#include "../operation/manifest_push_options.hpp"
#include "../operation/push_options.hpp"
#include "../operation/removed.hpp"
#include "../operation/repository_list.hpp"
#include "../platform_choice.hpp"
#include "../policy/any_cache.hpp"
#include "../policy/any_credentials.hpp"
#include "../protocol/any_operation.hpp"
#include "../reference.hpp"
#include "../store/blob_sink.hpp"
#include "client_options.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lading {

class asio_sync_transport;

namespace detail {
class front; // impl/front.hpp
}

inline namespace LADING_FORM {

/// A registry client over Asio and OpenSSL: `basic_client<default_policies>` whose credentials and cache are chosen at run
/// time. Every call verifies what it returns; the exact bytes are beside every decoded document.
///
/// A call that takes a name in place of a `reference` or `repository` parses it first; its errors are then also those of
/// `parse`. A blocking call takes a `stop_token` last: soon after it is stopped the call ends with `cancelled`.
///
/// The `with_` members say what the client is to use. They begin it anew, without its connections and tokens, and must
/// not be called while another call is under way, nor after `start_` while that operation lives.
///
/// Threads: several may be in calls of one client at once. A client can be moved, while no call is under way.
class client {
  public:
    using manifest_type = basic_manifest<default_manifests>;

    LADING_DECL client();
    LADING_DECL explicit client(client_options o);
    /// Over a transport that was made elsewhere.
    LADING_DECL explicit client(asio_sync_transport t, client_options o = {});

    // ---- what it uses -------------------------------------------------------------------------------------------

    /// Log in at `host` (`host[:port]`, as in references) with a user name and a password or access token. May be given for
    /// several hosts; comes before stored logins, and replaces `with_credentials`. With a text that is no host, calls end
    /// with `config_invalid`.
    LADING_DECL client& with_login(std::string host, std::string user, std::string secret);
    /// The logins that `docker login` and `podman login` have stored on this machine, and their helpers: the rules are those
    /// of `config_credentials`. Replaces `with_credentials`.
    LADING_DECL client& with_stored_logins();
    /// Any credentials policy. Replaces the logins above.
    LADING_DECL client& with_credentials(any_credentials c);
    /// Where verified documents are kept: any cache policy, as `memory_cache` and `directory_cache`.
    LADING_DECL client& with_cache(any_cache c);
    /// How hosts are reached. What `client_options` say of the TLS of single hosts is added. Replaces a given transport.
    LADING_DECL client& with_network(network_options n);
    /// The proxies that `https_proxy`, `http_proxy` and `no_proxy` name. Replaces a given transport.
    LADING_DECL client& with_environment_proxies();

    // ---- calls --------------------------------------------------------------------------------------------------

    /// What is this image? Requests and errors: `inspect_operation`.
    LADING_DECL result<inspection> inspect(reference const& ref, inspect_options o = {}, stop_token stop = {});
    LADING_DECL result<inspection> inspect(std::string_view name, inspect_options o = {}, stop_token stop = {});
    /// One document: exact bytes, descriptor, decoded view. An index stays an index.
    LADING_DECL result<manifest_type> manifest(reference const& ref, stop_token stop = {});
    LADING_DECL result<manifest_type> manifest(std::string_view name, stop_token stop = {});
    /// The same document as bytes, whatever they are: size and digest are checked, the form is not looked at.
    LADING_DECL result<manifest_bytes> raw_manifest(reference const& ref, stop_token stop = {});
    LADING_DECL result<manifest_bytes> raw_manifest(std::string_view name, stop_token stop = {});
    /// What a name leads to now, without its document: one HEAD where the registry answers it. Requests: `resolve_operation`.
    LADING_DECL result<descriptor> resolve(reference const& ref, stop_token stop = {});
    LADING_DECL result<descriptor> resolve(std::string_view name, stop_token stop = {});
    /// The image config, decoded and as exact bytes. `config_not_image` for artifacts.
    LADING_DECL result<config_document> config(reference const& ref, platform_choice choice = platform_choice::host(),
                                               stop_token stop = {});
    LADING_DECL result<config_document> config(std::string_view name, platform_choice choice = platform_choice::host(),
                                               stop_token stop = {});
    /// Every tag, in the server's order, within the limits. What came before a failure is kept: see `tag_list`.
    LADING_DECL result<tag_list> tags(repository const& name, stop_token stop = {});
    LADING_DECL result<tag_list> tags(std::string_view name, stop_token stop = {});
    /// One blob, streamed into `out` and committed when size and digest hold. Requests and errors: `blob_operation`.
    LADING_DECL result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out, stop_token stop = {});
    LADING_DECL result<descriptor> blob(reference const& ref, descriptor const& what, blob_sink& out, stop_token stop = {});
    /// The same with options: progress, resuming, tries.
    LADING_DECL result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o, stop_token stop = {});
    /// A part of a blob, **not verified**: a digest is of the whole. Up to `length` bytes from `offset` on go to `out`, which is
    /// committed when they have come; the value is their number, less at the end of the blob. Requests and errors:
    /// `blob_range_operation`.
    LADING_DECL result<std::uint64_t> blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                 std::uint64_t length, blob_sink& out, stop_token stop = {});
    /// Copies what a name or reference leads to into a store: `pull(ref, store)`, `pull(ref, store, copy_options, stop_token)`, or with the name in the
    /// store third. What it does is said at `lading::pull`, in <lading/bulk/pull.hpp>, which is to be included for it.
    template <class Name, class Store, class... More>
    auto pull(Name const& ref, Store& to, More&&... more) {
        return detail::pulls<Store>::pull(*this, ref, to, std::forward<More>(more)...);
    }
    // Writing goes to the registry itself, never to a mirror.

    /// Says that this client is going to write to a repository: what it reads there before is asked for with a token that allows both, so that one
    /// is fetched where it would be two. A login that may only read is good for that all the same. Makes no request; the calls that push say it
    /// by themselves, and so do `copy` and the others of bulk/, of the store that they write to. Threads: any.
    LADING_DECL void will_write_to(repository const& name);
    /// One blob into a repository. Bytes that are not those of the descriptor are never complete there. Requests and errors:
    /// `upload_operation`. When an upload is stopped the registry is asked to forget it, which takes two seconds at most; not every registry does
    /// (doc/protocol.md#ended-uploads).
    LADING_DECL result<pushed_blob> push_blob(repository const& name, descriptor const& what, body_source& from, push_options o = {}, stop_token stop = {});
    /// The same for bytes whose digest is known at their end, as those of a `stream_source`: the value has it. In chunks.
    LADING_DECL result<pushed_blob> push_stream(repository const& name, body_source& from, push_options o = {}, stop_token stop = {});
    /// A manifest under a tag, or under its digest alone. What it lists has to be there. Requests and errors: `push_manifest_operation`.
    LADING_DECL result<pushed_manifest> push_manifest(reference const& ref, std::string bytes, manifest_push_options o = {}, stop_token stop = {});
    /// Removes the manifest with the digest of the reference, and with it every tag that leads to it. False: it was not there, where
    /// that is no failure. By tag only with `remove_options::with_resolution`: one HEAD more. Requests and errors: `remove_operation`.
    LADING_DECL result<bool> remove_manifest(reference const& ref, remove_options o = {}, stop_token stop = {});
    /// Removes a tag alone, where the registry does that.
    LADING_DECL result<bool> remove_tag(reference const& ref, remove_options o = {}, stop_token stop = {});
    /// Removes a blob from a repository. What lists it is not looked for.
    LADING_DECL result<bool> remove_blob(repository const& name, digest const& d, remove_options o = {}, stop_token stop = {});
    /// What the name leads to at the registry itself, no mirror, if it leads anywhere: one HEAD. Errors: those of `resolve`.
    LADING_DECL result<std::optional<descriptor>> find(reference const& ref, stop_token stop = {});
    /// Whether it does.
    LADING_DECL result<bool> exists(reference const& ref, stop_token stop = {});
    /// The blob as the registry itself, no mirror, has it in this repository, with its size if the registry says that: one HEAD.
    LADING_DECL result<std::optional<descriptor>> find_blob(repository const& name, descriptor const& what, stop_token stop = {});
    /// Whether it has it.
    LADING_DECL result<bool> has_blob(repository const& name, descriptor const& what, stop_token stop = {});
    /// What refers to a manifest, as its subject: signatures, attestations, bills of materials. By tag: to what that leads to. The registry
    /// itself is asked, no mirror: the API of registries that have it, the referrers tag of others. Requests and errors: `referrers_operation`.
    LADING_DECL result<referrer_list> referrers(reference const& subject, referrers_options o = {}, stop_token stop = {});
    LADING_DECL result<referrer_list> referrers(std::string_view name, referrers_options o = {}, stop_token stop = {});
    /// Changes the list of a subject's referrers where the registry does not make one; `push_manifest` and `remove_manifest` do that
    /// by themselves. Requests and errors: `referrers_tag_operation`.
    LADING_DECL result<referrers_listing> change_referrers(repository const& name, referrers_change change, stop_token stop = {});
    /// The repositories of the registry that this one is of. Many registries do not list them.
    LADING_DECL result<repository_list> catalog(repository const& name, stop_token stop = {});

    /// Does the host of this repository speak v2? No other call needs this one first.
    LADING_DECL result<void> ping(repository const& name, stop_token stop = {});
    LADING_DECL result<void> ping(std::string_view name, stop_token stop = {});

    // ---- calls driven by hand -----------------------------------------------------------------------------------

    // The same calls whole, with logins, redirects, retries and mirrors, as operations for an event loop of any kind:
    // nothing is sent, nothing waits until they are driven. The client must outlive them, and so must a sink.
    LADING_DECL any_operation<inspection> start_inspect(reference const& ref, inspect_options o = {});
    LADING_DECL any_operation<manifest_type> start_manifest(reference const& ref);
    LADING_DECL any_operation<manifest_bytes> start_raw_manifest(reference const& ref);
    LADING_DECL any_operation<descriptor> start_resolve(reference const& ref);
    LADING_DECL any_operation<config_document> start_config(reference const& ref, platform_choice choice = platform_choice::host());
    LADING_DECL any_operation<tag_list> start_tags(repository const& name);
    LADING_DECL any_operation<descriptor> start_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o = {});
    LADING_DECL any_operation<std::uint64_t> start_blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                              std::uint64_t length, blob_sink& out);
    LADING_DECL any_operation<void> start_ping(repository const& name);

    LADING_DECL client_options const& options() const noexcept;
    /// To use it, include `<lading/net/asio_sync_transport.hpp>`.
    LADING_DECL asio_sync_transport& transport() noexcept;

    client(client&&) noexcept = default;
    client& operator=(client&&) noexcept = default;

  private:
    std::shared_ptr<detail::front> front_; // never shared: a pointer that can destroy what is declared only
};

} // namespace LADING_FORM

} // namespace lading
