// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What is behind `client` and `async_client`: one `basic_client` for both, whose credentials, cache and transport are
/// chosen at run time.

#include "../client/async.hpp"
#include "../client/default_policies.hpp"
#include "../config_files/config_credentials.hpp"
#include "../policy/any_cache.hpp"
#include "../policy/any_credentials.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace lading::detail {

/// Blocking or asynchronous, as it was made; only that way may be used.
class front_transport {
  public:
    explicit front_transport(asio_sync_transport t) : blocking_(std::move(t)) {}
    explicit front_transport(asio_transport t) : asynchronous_(std::move(t)) {}

    result<response> exchange(request const& q, body_sink& out) { return blocking_->exchange(q, out); }
    asio_transport::executor_type get_executor() const { return asynchronous_->get_executor(); }
    template <class CompletionToken>
    auto async_exchange(request const& q, body_sink& out, CompletionToken&& token) {
        return asynchronous_->async_exchange(q, out, std::forward<CompletionToken>(token));
    }

    /// The same kind over another network.
    front_transport over(network_options n, limits const& bounds) const {
        if (asynchronous_) return front_transport(asio_transport(get_executor(), std::move(n), bounds));
        return front_transport(asio_sync_transport(std::move(n), bounds));
    }
    asio_sync_transport& blocking() noexcept { return *blocking_; }
    asio_transport& asynchronous() noexcept { return *asynchronous_; }

  private:
    std::optional<asio_sync_transport> blocking_;
    std::optional<asio_transport> asynchronous_;
};

struct front_policies : default_policies {
    using transport = front_transport;
    using credentials = any_credentials;
    using cache = any_cache;
};

/// A template, so that a part of it is compiled only where it is used.
template <class Policies>
class basic_front {
  public:
    using client_type = basic_client<Policies>;

    basic_front(front_transport t, client_options o) { begin(std::move(t), std::move(o)); }

    client_type& calls() noexcept { return *calls_; }

    void log_in(std::string host, std::string user, std::string secret) {
        if (host.empty()) host = " "; // no host: an error at each look-up, and not a login for every registry
        logins_.with_login(credential(std::move(user), std::move(secret)), std::move(host));
        use_logins();
    }
    void use_stored_logins() {
        stored_ = true;
        use_logins();
    }
    void use(any_credentials c) {
        credentials_ = std::move(c);
        begin_again();
    }
    void use(any_cache c) {
        cache_ = std::move(c);
        begin_again();
    }
    void use(network_options n) {
        auto tls = options().rules.tls(std::move(n.tls.everywhere));
        tls.hosts.insert(tls.hosts.end(), n.tls.hosts.begin(), n.tls.hosts.end());
        tls.others = std::move(n.tls.others);
        n.tls = std::move(tls);
        network_ = n;
        begin(calls_->transport().over(std::move(n), options().bounds), options());
    }
    void use(proxy_rules p) {
        auto n = network_ ? *network_ : network_options();
        use(std::move(n.with_proxy(std::move(p))));
    }

    client_options const& options() const noexcept { return calls_->options(); }

    // An asynchronous call returns what its token says: a type that is looked for where the call is written. Through
    // these it is not, and so the call is compiled only where it is made.
    template <class... Args>
    void async_inspect(Args&&... args) {
        calls_->async_inspect(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_manifest(Args&&... args) {
        calls_->async_manifest(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_raw_manifest(Args&&... args) {
        calls_->async_raw_manifest(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_resolve(Args&&... args) {
        calls_->async_resolve(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_config(Args&&... args) {
        calls_->async_config(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_tags(Args&&... args) {
        calls_->async_tags(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_blob(Args&&... args) {
        calls_->async_blob(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_blob_range(Args&&... args) {
        calls_->async_blob_range(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_push_blob(Args&&... args) {
        calls_->async_push_blob(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_push_manifest(Args&&... args) {
        calls_->async_push_manifest(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_remove(Args&&... args) {
        calls_->async_remove(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_referrers(Args&&... args) {
        calls_->async_referrers(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_change_referrers(Args&&... args) {
        calls_->async_change_referrers(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_catalog(Args&&... args) {
        calls_->async_catalog(std::forward<Args>(args)...);
    }
    template <class... Args>
    void async_ping(Args&&... args) {
        calls_->async_ping(std::forward<Args>(args)...);
    }

  private:
    /// The logins that were given, and those that are stored where they are wanted.
    void use_logins() {
        auto known = logins_;
        if (!stored_) known.with_text("{}"); // in place of any file
        use(any_credentials(config_credentials(std::move(known))));
    }
    void begin(front_transport t, client_options o) {
        calls_ = std::make_unique<client_type>(std::move(t), std::move(o), credentials_, steady_clock_policy(), cache_);
    }
    void begin_again() {
        auto t = std::move(calls_->transport());
        begin(std::move(t), options());
    }

    std::unique_ptr<client_type> calls_;
    config_credentials_options logins_;
    bool stored_ = false;
    any_credentials credentials_;
    any_cache cache_;
    std::optional<network_options> network_;
};

/// What `client.hpp` and `async_client.hpp` declare.
class front : public basic_front<front_policies> {
  public:
    using basic_front::basic_front;
};

} // namespace lading::detail
