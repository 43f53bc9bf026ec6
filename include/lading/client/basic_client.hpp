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
#include "../middleware/redirect.hpp"
#include "../middleware/retry.hpp"
#include "../middleware/observe.hpp"
#include "../operation/blob.hpp"
#include "../operation/config.hpp"
#include "../operation/inspect.hpp"
#include "../operation/manifest.hpp"
#include "../operation/ping.hpp"
#include "../operation/tags.hpp"
#include "../policy/cache.hpp"
#include "../policy/clock.hpp"
#include "../policy/credentials.hpp"
#include "../policy/fallback.hpp"
#include "../policy/hash.hpp"
#include "../policy/json.hpp"
#include "../policy/transport.hpp"
#include "../store/blob_sink.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace lading {

/// What a client does unless a call says otherwise. Every setter returns the object, so that options read as one line.
struct client_options {
    client_options() = default;
    /// Use http, not https, for this host (`host` or `host:port` as in references; a scheme or path in it makes calls end
    /// with `config_invalid`). Nothing else implies it.
    client_options& with_plaintext(std::string host) {
        return rules.host(host).with_plaintext(plaintext::only), *this;
    }
    /// Try https, and http when nothing answers over TLS, for this host.
    client_options& with_plaintext_fallback(std::string host) {
        return rules.host(host).with_plaintext(plaintext::allowed), *this;
    }
    /// Ask this place first for everything below a prefix ("docker.io", "quay.io/team"). May be given several times.
    client_options& with_mirror(std::string prefix, mirror m) {
        return rules.with_mirror(std::move(prefix), std::move(m)), *this;
    }
    /// Everything that is configured about registries; replaces what was said before.
    client_options& with_rules(registry_rules r) { return rules = std::move(r), *this; }
    /// How often a request is sent before its failure counts; `retry_rules(1)` for once.
    client_options& with_retry(retry_rules r) { return retry = r, *this; }
    /// A token service on this origin ("https://auth.example.com") may be sent credentials.
    client_options& with_trusted_realm(std::string o) { return auth.trusted_realms.push_back(std::move(o)), *this; }
    /// Credentials may be sent over plain http to hosts other than this machine.
    client_options& with_secrets_over_http(bool yes = true) { return auth.secrets_over_http = yes, *this; }
    /// Every call but `blob` must be over after this long; zero for no limit.
    client_options& with_timeout(std::chrono::milliseconds t) { return timeout = t, *this; }
    /// A whole `blob` must be there after this long; zero, which is the default, for no limit: a blob takes as long as its
    /// bytes do, and `limits::idle` and `limits::pace_bytes` end one that does not come.
    client_options& with_blob_timeout(std::chrono::milliseconds t) { return blob_timeout = t, *this; }
    client_options& with_user_agent(std::string text) { return user_agent = std::move(text), *this; }
    /// Is told of every exchange; outlives the client's operations.
    client_options& with_observer(exchange_observer& o) { return observer = &o, *this; }
    /// The bounds of operations and layers. A transport has its own: one that the client makes itself gets these, one
    /// that it is given keeps those it was made with.
    client_options& with_limits(limits l) { return bounds = std::move(l), *this; }

    registry_rules rules;
    auth_rules auth;
    retry_rules retry;
    exchange_observer* observer = nullptr;
    std::chrono::milliseconds timeout{60'000};
    std::chrono::milliseconds blob_timeout{0};
    std::string user_agent = "lading/" LADING_VERSION_STRING;
    limits bounds;
};

namespace detail {
/// The policies are checked one sentence each, before anything else of the client is instantiated.
template <class...>
inline constexpr bool always_false = false;

template <class P>
concept names_backends = requires {
    typename P::transport;
    typename P::json;
    typename P::hash;
};
template <class D>
struct check_reflected {
    static_assert(reflected<D>, "[lading] manifest_set: a document must be reflected: LADING_REFLECT(type, fields...)");
    static constexpr bool ok = true;
};
template <class Set>
struct check_documents {
    static_assert(always_false<Set>, "[lading] policies: P::manifests must be a lading::manifest_set<...>");
};
template <class... Ds>
struct check_documents<manifest_set<Ds...>> {
    static constexpr bool ok = (check_reflected<Ds>::ok && ...);
};
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

template <class P>
constexpr bool policies_hold() {
    if constexpr (names_backends<P>)
        return check_transport<typename P::transport>::ok && check_json<typename P::json>::ok &&
               check_hash<typename P::hash>::ok && check_clock<typename P::clock>::ok &&
               check_credentials<typename P::credentials>::ok && check_fallback<typename P::fallback>::ok &&
               check_cache<typename P::cache>::ok && check_documents<typename P::manifests>::ok;
    return false;
}
template <class P>
struct check_policies {
    static_assert(names_backends<P>, "[lading] policies: P needs `transport`, `json` and `hash`; derive it from "
                                     "lading::default_policies, or from lading::core_policies and name all three");
    static constexpr bool ok = policies_hold<P>();
};

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

/// Policies of `core.hpp`: everything that needs no library besides Boost's headers. Derive from it and add
/// `transport`, `json` and `hash`.
struct core_policies {
    using clock = steady_clock_policy;
    using credentials = no_credentials;
    using fallback = modern_fallback;
    using cache = no_cache;
    using manifests = default_manifests;
};

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
