// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `basic_client<Policies>`: the face of the library. It knows no backend; `lading.hpp` gives the default ones.

#include "blob/sink.hpp"
#include "layer/authorize.hpp"
#include "layer/redirect.hpp"
#include "operation/blob.hpp"
#include "operation/config.hpp"
#include "operation/inspect.hpp"
#include "operation/manifest.hpp"
#include "operation/ping.hpp"
#include "operation/tags.hpp"
#include "policy/clock.hpp"
#include "policy/credentials.hpp"
#include "policy/hash.hpp"
#include "policy/json.hpp"
#include "policy/transport.hpp"
#include "run/blocking.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What a client does unless a call says otherwise. Every setter returns the object, so that options read as one line.
struct client_options {
    client_options() = default;
    /// Use http, not https, for this host (`host` or `host:port` as in references). Nothing else implies it.
    client_options& with_plaintext(std::string host) { return plaintext_hosts.push_back(std::move(host)), *this; }
    /// A token service on this origin ("https://auth.example.com") may be sent credentials.
    client_options& with_trusted_realm(std::string o) { return auth.trusted_realms.push_back(std::move(o)), *this; }
    /// Credentials may be sent over plain http to hosts other than this machine.
    client_options& with_secrets_over_http(bool yes = true) { return auth.secrets_over_http = yes, *this; }
    /// Every call must be over after this long; zero for no limit.
    client_options& with_timeout(std::chrono::milliseconds t) { return timeout = t, *this; }
    client_options& with_user_agent(std::string text) { return user_agent = std::move(text), *this; }
    client_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    std::vector<std::string> plaintext_hosts;
    auth_rules auth;
    std::chrono::milliseconds timeout{60'000};
    std::string user_agent = "lading/" LADING_VERSION_STRING;
    limits bounds;
};

namespace detail {
/// The policies are checked one sentence each, before anything else of the client is instantiated.
template <class P>
struct check_policies {
    static constexpr bool ok = check_transport<typename P::transport>::ok && check_json<typename P::json>::ok &&
                               check_hash<typename P::hash>::ok && check_clock<typename P::clock>::ok &&
                               check_credentials<typename P::credentials>::ok;
};
} // namespace detail

/// Policies of `core.hpp`: everything that needs no library besides Boost's headers. Derive from it and add
/// `transport`, `json` and `hash`.
struct core_policies {
    using clock = steady_clock_policy;
    using credentials = no_credentials;
    using manifests = default_manifests;
};

/// A registry client.
///
/// Every call verifies what it returns; the exact bytes are beside every decoded document. A client with a blocking
/// transport has the plain names, one with an asynchronous transport the `async_` names with any completion token
/// (signature `void(result<T>)`); a transport may model both. The client owns the connections, the tokens and the
/// limits; it cannot be moved, and it outlives the operations it started. One call at a time for a blocking client;
/// an asynchronous client may have many in flight when its executor runs on one thread or is a strand.
///
/// Platform defaults: an index is resolved for the platform that the program was compiled for, unless told otherwise;
/// the record says so.
template <class Policies>
class basic_client : pinned {
    static_assert(detail::check_policies<Policies>::ok);

  public:
    using policies = Policies;
    using transport_type = typename Policies::transport;
    using credentials_type = typename Policies::credentials;
    using clock_type = typename Policies::clock;
    using manifest_type = basic_manifest<typename Policies::manifests>;

    basic_client()
        requires std::default_initializable<transport_type> && std::default_initializable<credentials_type>
    = default;
    explicit basic_client(client_options o)
        requires std::default_initializable<transport_type> && std::default_initializable<credentials_type>
        : options_(std::move(o)) {}
    explicit basic_client(transport_type t, client_options o = {}, credentials_type c = {}, clock_type k = {})
        : options_(std::move(o)), transport_(std::move(t)), credentials_(std::move(c)), clock_(std::move(k)) {}

    // ---- blocking -----------------------------------------------------------------------------------------------

    /// What is this image? Requests and errors: `inspect_operation`.
    result<inspection> inspect(reference const& ref, inspect_options o = {})
        requires sync_transport<transport_type>
    {
        return wait<inspect_operation<Policies>>(ref.repository(), ref, std::move(o));
    }
    /// One document: exact bytes, descriptor, decoded view. An index stays an index.
    result<manifest_type> manifest(reference const& ref)
        requires sync_transport<transport_type>
    {
        return wait<manifest_operation<Policies>>(ref.repository(), ref);
    }
    /// The image config, decoded and as exact bytes. `config_not_image` for artifacts.
    result<config_document> config(reference const& ref, platform_choice choice = platform_choice::host())
        requires sync_transport<transport_type>
    {
        return wait<config_operation<Policies>>(ref.repository(), ref, std::move(choice));
    }
    /// Every tag, in the server's order, within the limits.
    result<tag_list> tags(repository const& name)
        requires sync_transport<transport_type>
    {
        return wait<tags_operation<Policies>>(name);
    }
    /// One blob, streamed into `out` and committed when size and digest hold.
    result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out)
        requires sync_transport<transport_type>
    {
        return wait<blob_operation<Policies>>(name, what, out);
    }
    result<descriptor> blob(reference const& ref, descriptor const& what, blob_sink& out)
        requires sync_transport<transport_type>
    {
        return blob(ref.repository(), what, out);
    }
    /// Does the host of this repository speak v2? No other call needs this one first.
    result<void> ping(repository const& name)
        requires sync_transport<transport_type>
    {
        return wait<ping_operation<Policies>>(name);
    }

    // ---- asynchronous: include <lading/run/asio.hpp> ----------------------------------------------------------------

    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, inspect_options o, Token&& token) {
        return launch<inspect_operation<Policies>>(std::forward<Token>(token), ref.repository(), ref, std::move(o));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, Token&& token) {
        return async_inspect(ref, inspect_options(), std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_manifest(reference const& ref, Token&& token) {
        return launch<manifest_operation<Policies>>(std::forward<Token>(token), ref.repository(), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_config(reference const& ref, platform_choice choice, Token&& token) {
        return launch<config_operation<Policies>>(std::forward<Token>(token), ref.repository(), ref,
                                                  std::move(choice));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_tags(repository const& name, Token&& token) {
        return launch<tags_operation<Policies>>(std::forward<Token>(token), name);
    }
    /// `out` outlives the operation.
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, Token&& token) {
        return launch<blob_operation<Policies>>(std::forward<Token>(token), name, what, out);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_ping(repository const& name, Token&& token) {
        return launch<ping_operation<Policies>>(std::forward<Token>(token), name);
    }

    client_options const& options() const noexcept { return options_; }
    transport_type& transport() noexcept { return transport_; }

  private:
    /// The operation with its layers around it.
    template <class Op>
    using layered = authorized<redirected<Op>, Policies>;

    template <class Op, class... Args>
    result<typename Op::value_type> wait(lading::repository const& name, Args&&... args) {
        auto const talk = conversation_with(name);
        layered<Op> op(talk, options_.auth, session_, clock_, credentials_, options_.bounds.redirects, talk,
                       std::forward<Args>(args)...);
        return run(op, transport_, clock_);
    }
    template <class Op, class Token, class... Args>
    auto launch(Token&& token, lading::repository const& name, Args&&... args) {
        auto const talk = conversation_with(name);
        auto op = std::make_unique<layered<Op>>(talk, options_.auth, session_, clock_, credentials_,
                                                options_.bounds.redirects, talk, std::forward<Args>(args)...);
        return async_run(transport_, std::move(op), std::forward<Token>(token));
    }

    conversation conversation_with(lading::repository const& name) {
        auto const& plain = options_.plaintext_hosts;
        bool const http = std::find(plain.begin(), plain.end(), name.host()) != plain.end();
        conversation talk((http ? "http://" : "https://") + registry_host(name), name, options_.bounds);
        talk.user_agent = options_.user_agent;
        if (options_.timeout.count() > 0) talk.deadline = clock_.now() + options_.timeout;
        return talk;
    }

    client_options options_;
    transport_type transport_;
    credentials_type credentials_;
    clock_type clock_;
    auth_session session_;
};

} // namespace lading
