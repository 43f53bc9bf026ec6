// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `basic_client<Policies>`: the face of the library. It knows no backend; `lading.hpp` gives the default ones.

#include "../auth/authorize.hpp"
#include "../detail/chrono.hpp"
#include "../detail/stop_token.hpp"
#include "../driver/blocking.hpp"
#include "../endpoint/network_options.hpp"
#include "../legacy/v1_inspect.hpp"
#include "../middleware/cache.hpp"
#include "../middleware/decode.hpp"
#include "../middleware/fallback.hpp"
#include "../middleware/observe.hpp"
#include "../middleware/redirect.hpp"
#include "../middleware/retry.hpp"
#include "../operation/blob.hpp"
#include "../operation/config.hpp"
#include "../operation/inspect.hpp"
#include "../operation/manifest.hpp"
#include "../operation/ping.hpp"
#include "../operation/tags.hpp"
#include "../store/blob_sink.hpp"
#include "client_options.hpp"
#include "policies.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace lading {

namespace detail {
/// Explains a call that the transport cannot serve.
template <class Result, class... Args>
Result only_asynchronous() {
    static_assert(always_false<Result, Args...>,
                  "[lading] client: this transport is asynchronous; call async_inspect, async_manifest and so on");
    return error(errc::invalid_argument);
}
template <class... Args>
void only_blocking() {
    static_assert(always_false<Args...>,
                  "[lading] client: this transport blocks; call inspect, manifest and so on, or use an asynchronous one");
}

/// The transport of a client that was not given one: told the rules and limits where it can be.
template <class T>
T make_transport(client_options const& o) {
    if constexpr (std::is_constructible_v<T, network_options, limits>)
        return T(network_options(o.rules.tls()), o.bounds);
    else
        return T();
}

template <class Client>
class inspect_beside_tags; // bulk/inspect_beside_tags.hpp

/// The v1 form of an operation.
template <class Op>
struct v1_form {
    using type = no_operation;
};
template <class P>
struct v1_form<inspect_operation<P>> {
    using type = std::conditional_t<P::fallback::speaks_v1, v1_inspect_operation<P>, no_operation>;
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
/// caches of the library do; `oci_layout` and the doubles of `testing/` take one call at a time.
///
/// A blocking call takes a `std::stop_token` last: soon after it is stopped the call ends with `cancelled`, be it
/// connecting, waiting for an answer, in a body or between two tries. (Not while a credential helper runs.)
///
/// Platform defaults: an index is resolved for the platform that the program was compiled for, unless told otherwise;
/// the record says so.
template <class Policies>
class basic_client : immovable {
    static_assert(detail::check_policies<Policies>::ok);
    template <class>
    friend class detail::inspect_beside_tags;

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
        : options_(std::move(o)), transport_(detail::make_transport<transport_type>(options_)),
          credentials_(std::move(c)), clock_(std::move(k)), cache_(std::move(a)) {}
    explicit basic_client(transport_type t, client_options o = {}, credentials_type c = credentials_type(),
                          clock_type k = clock_type(), cache_type a = cache_type())
        : options_(std::move(o)), transport_(std::move(t)), credentials_(std::move(c)), clock_(std::move(k)),
          cache_(std::move(a)) {}

    // ---- blocking -----------------------------------------------------------------------------------------------

    /// What is this image? Requests and errors: `inspect_operation`.
    result<inspection> inspect(reference const& ref, inspect_options o = {}, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<inspect_operation<Policies>>(call_to(ref), stop, ref, in_order(std::move(o)));
    }
    /// One document: exact bytes, descriptor, decoded view. An index stays an index.
    result<manifest_type> manifest(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<manifest_operation<Policies>>(call_to(ref), stop, ref);
    }
    /// The same document as bytes, whatever they are: size and digest are checked, the form is not looked at.
    result<manifest_bytes> raw_manifest(reference const& ref, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<raw_manifest_operation<Policies>>(call_to(ref), stop, ref);
    }
    /// The image config, decoded and as exact bytes. `config_not_image` for artifacts.
    result<config_document> config(reference const& ref, platform_choice choice = platform_choice::host(), stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<config_operation<Policies>>(call_to(ref), stop, ref, choice);
    }
    /// Every tag, in the server's order, within the limits. What came before a failure is kept: see `tag_list`.
    result<tag_list> tags(repository const& name, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<tags_operation<Policies>>(call_to(name, false), stop);
    }
    /// One blob, streamed into `out` and committed when size and digest hold.
    result<descriptor> blob(repository const& name, descriptor const& what, blob_sink& out, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<blob_operation<Policies>>(call_for_blob(name), stop, what, &out);
    }
    result<descriptor> blob(reference const& ref, descriptor const& what, blob_sink& out, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return blob(ref.repository(), what, out, std::move(stop));
    }
    /// Does the host of this repository speak v2? No other call needs this one first.
    result<void> ping(repository const& name, stop_token stop = {})
        requires sync_transport<transport_type>
    {
        return wait<ping_operation<Policies>>(call_to(name, false), stop);
    }

    // A client whose transport is asynchronous only says so.
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
    auto ping(A const&...) {
        return detail::only_asynchronous<result<void>, A...>();
    }

    // ---- asynchronous: include <lading/client/async.hpp> -------------------------------------------------------------

    /// With tags: they are asked for at the same time as the manifest, where the fallback policy sets no order.
    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, inspect_options o, Token&& token) {
        return async_begin<inspection>(
            std::forward<Token>(token), [this](auto handler, reference const& what, inspect_options how) {
                if constexpr (!in_strict_order)
                    if (how.tags && !how.tags_first)
                        return async_run_body<inspection>(transport_, std::move(handler),
                                                          detail::inspect_beside_tags<basic_client>(*this, what, std::move(how)));
                launch<inspect_operation<Policies>>(std::move(handler), call_to(what), what,
                                                    in_order(std::move(how)));
            },
            ref, std::move(o));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_inspect(reference const& ref, Token&& token) {
        return async_inspect(ref, inspect_options(), std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_manifest(reference const& ref, Token&& token) {
        return launch<manifest_operation<Policies>>(std::forward<Token>(token), call_to(ref), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_raw_manifest(reference const& ref, Token&& token) {
        return launch<raw_manifest_operation<Policies>>(std::forward<Token>(token), call_to(ref), ref);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_config(reference const& ref, platform_choice choice, Token&& token) {
        return launch<config_operation<Policies>>(std::forward<Token>(token), call_to(ref), ref,
                                                  choice);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_tags(repository const& name, Token&& token) {
        return launch<tags_operation<Policies>>(std::forward<Token>(token), call_to(name, false));
    }
    /// `out` outlives the operation.
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, Token&& token) {
        return launch<blob_operation<Policies>>(std::forward<Token>(token), call_for_blob(name), what, &out);
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_blob(reference const& ref, descriptor const& what, blob_sink& out, Token&& token) {
        return async_blob(ref.repository(), what, out, std::forward<Token>(token));
    }
    template <class Token>
        requires async_transport<transport_type>
    auto async_ping(repository const& name, Token&& token) {
        return launch<ping_operation<Policies>>(std::forward<Token>(token), call_to(name, false));
    }

    // A client whose transport blocks says so.
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
    auto async_ping(A const&...) {
        return detail::only_blocking<A...>();
    }

    // ---- by hand ------------------------------------------------------------------------------------------------------

    // A whole call, with logins, redirects, retries and mirrors, as an object that does no I/O: a `std::unique_ptr` to an
    // `operation`, to be driven on any event loop and over any transport (see protocol/step.hpp). The client must outlive
    // it. The time limit of the call begins here. Values, errors and requests are those of the calls above.

    auto start_inspect(reference const& ref, inspect_options o = {}) {
        return layered<inspect_operation<Policies>>(call_to(ref), ref, in_order(std::move(o)));
    }
    auto start_manifest(reference const& ref) { return layered<manifest_operation<Policies>>(call_to(ref), ref); }
    auto start_raw_manifest(reference const& ref) { return layered<raw_manifest_operation<Policies>>(call_to(ref), ref); }
    auto start_config(reference const& ref, platform_choice choice = platform_choice::host()) {
        return layered<config_operation<Policies>>(call_to(ref), ref, choice);
    }
    auto start_tags(repository const& name) { return layered<tags_operation<Policies>>(call_to(name, false)); }
    /// `out` must outlive the operation.
    auto start_blob(repository const& name, descriptor const& what, blob_sink& out) {
        return layered<blob_operation<Policies>>(call_for_blob(name), what, &out);
    }
    auto start_ping(repository const& name) { return layered<ping_operation<Policies>>(call_to(name, false)); }

    client_options const& options() const noexcept { return options_; }
    transport_type& transport() noexcept { return transport_; }

  private:
    /// One endpoint's part of a call.
    template <class Op>
    using endpoint_stack = authorize_middleware<redirect_middleware<cache_middleware<Op, Policies>>, Policies>;
    template <class Op>
    struct v1_endpoint_stack {
        using form = typename detail::v1_form<Op>::type;
        static constexpr bool none = std::is_same_v<form, detail::no_operation>;
        using type = std::conditional_t<none, form, endpoint_stack<form>>;
    };

    /// The places that one call may ask, in turn, and how it talks.
    struct call {
        explicit call(call_context c) : talk(std::move(c)) {}
        call_context talk;
        std::vector<endpoint> places;
        error if_none{errc::no_endpoint};
        endpoint* asked = nullptr; ///< becomes the place whose turn it is; outlives the call
    };
    call call_to(lading::repository const& name, bool by_digest) {
        return call_within(options_.timeout, "with_timeout", name, by_digest, options_.rules);
    }
    call call_to(reference const& ref) {
        auto const own = rules_for(ref, options_.rules);
        return call_within(options_.timeout, "with_timeout", ref.repository(), ref.has_digest(), own ? *own : options_.rules);
    }
    call call_for_blob(lading::repository const& name) {
        return call_within(options_.blob_timeout, "with_blob_timeout", name, true, options_.rules);
    }
    call call_within(std::chrono::milliseconds limit, char const* option, lading::repository const& name, bool by_digest,
                     registry_rules const& rules) {
        call out{call_context({}, name, options_.bounds)};
        out.talk.user_agent = options_.user_agent;
        if constexpr (!Policies::fallback::pings) out.talk.accepts = &accepts_; // who pings asks just what the original asked
        if (limit.count() > 0) {
            out.talk.deadline = clock_.now() + limit;
            out.talk.time_limit = detail::limit_text(limit, std::string("client_options::").append(option));
        }
        auto listed = Policies::fallback::endpoints(name, rules, by_digest);
        if (listed) out.places = std::move(listed).assume_value();
        else out.if_none = std::move(listed).assume_error();
        return out;
    }

    /// The operation with its layers: watch(decode(retry(fallback(authorize(redirect(cache(op))))))).
    template <class Op, class... Args>
    auto layered(call c, Args const&... args) {
        auto make = [this, asked = c.asked, args...](auto& slot, call_context const& talk) {
            if (asked) asked->base_url = talk.base_url, asked->name = talk.name;
            slot.emplace(talk, options_.auth, session_, clock_, credentials_, options_.bounds.redirects, cache_,
                         std::max(options_.bounds.manifest_bytes, options_.bounds.config_bytes), talk, unwrap(args)...);
        };
        using in_turn = fallback_middleware<endpoint_stack<Op>, typename v1_endpoint_stack<Op>::type, typename Policies::fallback,
                                      clock_type, decltype(make)>;
        auto const& l = options_.bounds;
        auto const most_encoded = std::max({l.manifest_bytes, l.config_bytes, l.tag_page_bytes});
        return std::make_unique<observe_middleware<decode_middleware<retry_middleware<in_turn, clock_type>>, clock_type>>(
            options_.observer, clock_, most_encoded, options_.retry, clock_, clock_, std::move(c.places), std::move(c.if_none),
            std::move(c.talk), std::move(make));
    }
    template <class Op, class... Args>
    result<typename Op::value_type> wait(call c, stop_token const& stop, Args const&... args) {
        auto const op = layered<Op>(std::move(c), args...);
        return run(*op, transport_, clock_, stop);
    }
    template <class Op, class Token, class... Args>
    auto launch(Token&& token, call c, Args const&... args) {
        return async_run(transport_, layered<Op>(std::move(c), args...), std::forward<Token>(token));
    }

    /// Arguments are copied into the maker of operations; a sink is kept by reference.
    template <class T>
    static T const& unwrap(T const& value) {
        return value;
    }
    static blob_sink& unwrap(blob_sink* sink) { return *sink; }

    /// What may be asked depends on what was answered, so that nothing is asked side by side.
    static constexpr bool in_strict_order =
        Policies::fallback::tags_first || Policies::fallback::pings || Policies::fallback::speaks_v1;

    static inspect_options in_order(inspect_options o) {
        if constexpr (Policies::fallback::tags_first) o.with_tags_first();
        return o;
    }

    client_options options_;
    transport_type transport_;
    credentials_type credentials_;
    clock_type clock_;
    cache_type cache_;
    auth_session session_;
    accept_notes accepts_;
};

} // namespace lading
