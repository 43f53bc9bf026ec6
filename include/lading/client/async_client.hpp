// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `async_client`: the asynchronous client for those who replace no policy. An ordinary class, as `client` is; of Asio this
/// header includes executors and completion tokens only.

#include "../driver/any_handler.hpp"
#include "client.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

class asio_transport;

inline namespace LADING_FORM {

/// A registry client over Asio and OpenSSL: `basic_client<async_policies>` whose credentials and cache are chosen at run
/// time. Every call takes any completion token (callback, `asio::use_future`, `asio::use_awaitable`, `asio::deferred`, ...);
/// signature `void(result<T>)`. Cancelling through the handler's slot ends a call with `cancelled`. Requests, errors and
/// the `with_` members: those of `client`.
///
/// Threads: calls may be started by any thread, several at once. The client must outlive what it started; it can be moved.
class async_client {
  public:
    using executor_type = asio::any_io_executor;
    using manifest_type = basic_manifest<default_manifests>;

    LADING_DECL explicit async_client(executor_type executor, client_options o = {});
    /// Over a transport that was made elsewhere.
    LADING_DECL explicit async_client(asio_transport t, client_options o = {});

    // ---- what it uses -------------------------------------------------------------------------------------------

    /// Log in at `host` (`host[:port]`, as in references) with a user name and a password or access token. Without a
    /// host: at every registry that asks for a login and has none of its own, mirrors among them; name the host unless
    /// this client talks to one registry. May be given for several hosts; comes before stored logins, and replaces
    /// `with_credentials`.
    LADING_DECL async_client& with_login(std::string host, std::string user, std::string secret);
    /// The logins that `docker login` and `podman login` have stored on this machine, and their helpers: the rules are those
    /// of `config_credentials`. Replaces `with_credentials`.
    LADING_DECL async_client& with_stored_logins();
    /// Any credentials policy. Replaces the logins above.
    LADING_DECL async_client& with_credentials(any_credentials c);
    /// Where verified documents are kept: any cache policy, as `memory_cache` and `directory_cache`.
    LADING_DECL async_client& with_cache(any_cache c);
    /// How hosts are reached. What `client_options` say of the TLS of single hosts is added. Replaces a given transport.
    LADING_DECL async_client& with_network(network_options n);
    /// The proxies that `https_proxy`, `http_proxy` and `no_proxy` name. Replaces a given transport.
    LADING_DECL async_client& with_environment_proxies();

    // ---- calls --------------------------------------------------------------------------------------------------

    /// With tags: they are asked for at the same time as the manifest.
    template <class Token>
    auto async_inspect(reference const& ref, inspect_options o, Token&& token) {
        return begin<inspection>(std::forward<Token>(token), [f = front_.get(), ref, o = std::move(o)](auto done) mutable {
            begin_inspect(*f, std::move(done), ref, std::move(o));
        });
    }
    template <class Token>
    auto async_inspect(reference const& ref, Token&& token) {
        return async_inspect(ref, inspect_options(), std::forward<Token>(token));
    }
    /// The same for a name, which is parsed first: errors are then also those of `reference::parse`.
    template <class Token>
    auto async_inspect(std::string_view name, inspect_options o, Token&& token) {
        return begin<inspection>(std::forward<Token>(token),
                                 [f = front_.get(), parsed = reference::parse(name), o = std::move(o)](auto done) mutable {
                                     if (parsed) begin_inspect(*f, std::move(done), parsed.assume_value(), std::move(o));
                                     else fail_inspect(std::move(done), std::move(parsed).assume_error());
                                 });
    }
    template <class Token>
    auto async_inspect(std::string_view name, Token&& token) {
        return async_inspect(name, inspect_options(), std::forward<Token>(token));
    }
    template <class Token>
    auto async_manifest(reference const& ref, Token&& token) {
        return begin<manifest_type>(std::forward<Token>(token), [f = front_.get(), ref](auto done) mutable {
            begin_manifest(*f, std::move(done), ref);
        });
    }
    template <class Token>
    auto async_raw_manifest(reference const& ref, Token&& token) {
        return begin<manifest_bytes>(std::forward<Token>(token), [f = front_.get(), ref](auto done) mutable {
            begin_raw_manifest(*f, std::move(done), ref);
        });
    }
    /// What a name leads to now, without its document.
    template <class Token>
    auto async_resolve(reference const& ref, Token&& token) {
        return begin<descriptor>(std::forward<Token>(token), [f = front_.get(), ref](auto done) mutable {
            begin_resolve(*f, std::move(done), ref);
        });
    }
    template <class Token>
    auto async_config(reference const& ref, platform_choice choice, Token&& token) {
        return begin<config_document>(std::forward<Token>(token), [f = front_.get(), ref, choice = std::move(choice)](auto done) mutable {
            begin_config(*f, std::move(done), ref, std::move(choice));
        });
    }
    template <class Token>
    auto async_tags(repository const& name, Token&& token) {
        return begin<tag_list>(std::forward<Token>(token), [f = front_.get(), name](auto done) mutable {
            begin_tags(*f, std::move(done), name);
        });
    }
    /// `out` must outlive the operation.
    template <class Token>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o, Token&& token) {
        return begin<descriptor>(std::forward<Token>(token), [f = front_.get(), name, what, &out, o = std::move(o)](auto done) mutable {
            begin_blob(*f, std::move(done), name, what, out, std::move(o));
        });
    }
    template <class Token>
    auto async_blob(repository const& name, descriptor const& what, blob_sink& out, Token&& token) {
        return async_blob(name, what, out, blob_options(), std::forward<Token>(token));
    }
    template <class Token>
    auto async_blob(reference const& ref, descriptor const& what, blob_sink& out, Token&& token) {
        return async_blob(ref.repository(), what, out, std::forward<Token>(token));
    }
    /// A part of a blob, **not verified**: see `client::blob_range`. `out` must outlive the operation.
    template <class Token>
    auto async_blob_range(repository const& name, descriptor const& what, std::uint64_t offset, std::uint64_t length, blob_sink& out,
                          Token&& token) {
        return begin<std::uint64_t>(std::forward<Token>(token), [f = front_.get(), name, what, offset, length, &out](auto done) mutable {
            begin_blob_range(*f, std::move(done), name, what, offset, length, out);
        });
    }
    /// `lading::async_pull`: `async_pull(ref, store, copy_options, token)`, of <lading/bulk/async_pull.hpp>.
    template <class Store, class... More>
    auto async_pull(reference const& ref, Store& to, More&&... more) {
        return detail::async_pulls<Store>::pull(*this, ref, to, std::forward<More>(more)...);
    }
    /// One blob into a repository: see `client::push_blob`. `from` must outlive the operation; it is read on the event loop, which waits for a
    /// slow disk.
    template <class Token>
    auto async_push_blob(repository const& name, descriptor const& what, body_source& from, push_options o, Token&& token) {
        return begin<pushed_blob>(std::forward<Token>(token), [f = front_.get(), name, what, &from, o = std::move(o)](auto done) mutable {
            begin_push_blob(*f, std::move(done), name, what, from, std::move(o));
        });
    }
    /// See `client::push_manifest`.
    template <class Token>
    auto async_push_manifest(reference const& ref, std::string bytes, manifest_push_options o, Token&& token) {
        return begin<pushed_manifest>(std::forward<Token>(token), [f = front_.get(), ref, b = std::move(bytes), o = std::move(o)](auto done) mutable {
            begin_push_manifest(*f, std::move(done), ref, std::move(b), std::move(o));
        });
    }
    /// `which`: a tag to remove a tag, else a digest. False: it was not there, where that is no failure.
    template <class Token>
    auto async_remove(repository const& name, removed kind, std::string which, remove_options o, Token&& token) {
        return begin<bool>(std::forward<Token>(token), [f = front_.get(), name, kind, w = std::move(which), o](auto done) mutable {
            begin_remove(*f, std::move(done), name, kind, std::move(w), o);
        });
    }
    /// See `client::referrers`.
    template <class Token>
    auto async_referrers(reference const& subject, referrers_options o, Token&& token) {
        return begin<referrer_list>(std::forward<Token>(token), [f = front_.get(), subject, o = std::move(o)](auto done) mutable {
            begin_referrers(*f, std::move(done), subject, std::move(o));
        });
    }
    /// See `client::change_referrers`.
    template <class Token>
    auto async_change_referrers(repository const& name, referrers_change change, Token&& token) {
        return begin<referrers_listing>(std::forward<Token>(token), [f = front_.get(), name, c = std::move(change)](auto done) mutable {
            begin_change_referrers(*f, std::move(done), name, std::move(c));
        });
    }
    /// See `client::catalog`.
    template <class Token>
    auto async_catalog(repository const& name, Token&& token) {
        return begin<repository_list>(std::forward<Token>(token), [f = front_.get(), name](auto done) mutable {
            begin_catalog(*f, std::move(done), name);
        });
    }
    template <class Token>
    auto async_ping(repository const& name, Token&& token) {
        return begin<void>(std::forward<Token>(token), [f = front_.get(), name](auto done) mutable {
            begin_ping(*f, std::move(done), name);
        });
    }

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

    /// What it reads in this repository is asked for with a token that allows writing, too: see `client::will_write_to`.
    LADING_DECL void will_write_to(repository const& name);

    LADING_DECL client_options const& options() const noexcept;
    LADING_DECL executor_type get_executor() const;
    /// To use it, include `<lading/net/asio_transport.hpp>`.
    LADING_DECL asio_transport& transport() noexcept;

    async_client(async_client&&) noexcept = default;
    async_client& operator=(async_client&&) noexcept = default;

  private:
    template <class T>
    using handler = detail::any_handler<T>;

    /// Calls `start` with the handler when the token wants it. What the handler is, the compiled part does not see.
    template <class T, class Token, class Start>
    auto begin(Token&& token, Start start) {
        return asio::async_initiate<Token, void(result<T>)>(
            [executor = get_executor()](auto h, Start s) { s(handler<T>(std::move(h), executor)); }, token, std::move(start));
    }
    LADING_DECL static void begin_inspect(detail::front& f, handler<inspection> done, reference const& ref, inspect_options o);
    LADING_DECL static void fail_inspect(handler<inspection> done, error why);
    LADING_DECL static void begin_manifest(detail::front& f, handler<manifest_type> done, reference const& ref);
    LADING_DECL static void begin_raw_manifest(detail::front& f, handler<manifest_bytes> done, reference const& ref);
    LADING_DECL static void begin_resolve(detail::front& f, handler<descriptor> done, reference const& ref);
    LADING_DECL static void begin_config(detail::front& f, handler<config_document> done, reference const& ref, platform_choice choice);
    LADING_DECL static void begin_tags(detail::front& f, handler<tag_list> done, repository const& name);
    LADING_DECL static void begin_blob(detail::front& f, handler<descriptor> done, repository const& name, descriptor const& what, blob_sink& out,
                                       blob_options o);
    LADING_DECL static void begin_blob_range(detail::front& f, handler<std::uint64_t> done, repository const& name, descriptor const& what,
                                             std::uint64_t offset, std::uint64_t length, blob_sink& out);
    LADING_DECL static void begin_push_blob(detail::front& f, handler<pushed_blob> done, repository const& name, descriptor const& what, body_source& from, push_options o);
    LADING_DECL static void begin_push_manifest(detail::front& f, handler<pushed_manifest> done, reference const& ref, std::string bytes, manifest_push_options o);
    LADING_DECL static void begin_remove(detail::front& f, handler<bool> done, repository const& name, removed kind, std::string which, remove_options o);
    LADING_DECL static void begin_referrers(detail::front& f, handler<referrer_list> done, reference const& subject, referrers_options o);
    LADING_DECL static void begin_change_referrers(detail::front& f, handler<referrers_listing> done, repository const& name, referrers_change change);
    LADING_DECL static void begin_catalog(detail::front& f, handler<repository_list> done, repository const& name);
    LADING_DECL static void begin_ping(detail::front& f, handler<void> done, repository const& name);

    std::shared_ptr<detail::front> front_;
};

} // namespace LADING_FORM

} // namespace lading
