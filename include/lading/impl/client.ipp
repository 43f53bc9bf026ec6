// SPDX-License-Identifier: BSL-1.0

// The bodies of `client`: included by `lading.hpp`, or by `src.hpp` once.

namespace lading {

inline namespace LADING_FORM {

LADING_DEFINE client::client() : client(client_options()) {}
LADING_DEFINE client::client(client_options o) {
    auto transport = asio_sync_transport(network_options(o.rules.tls()), o.bounds);
    front_ = std::make_shared<detail::front>(detail::front_transport(std::move(transport)), std::move(o));
}
LADING_DEFINE client::client(asio_sync_transport t, client_options o)
    : front_(std::make_shared<detail::front>(detail::front_transport(std::move(t)), std::move(o))) {}

LADING_DEFINE client& client::with_login(std::string host, std::string user, std::string secret) {
    return front_->log_in(std::move(host), std::move(user), std::move(secret)), *this;
}
LADING_DEFINE client& client::with_stored_logins() { return front_->use_stored_logins(), *this; }
LADING_DEFINE client& client::with_credentials(any_credentials c) { return front_->use(std::move(c)), *this; }
LADING_DEFINE client& client::with_cache(any_cache c) { return front_->use(std::move(c)), *this; }
LADING_DEFINE client& client::with_network(network_options n) { return front_->use(std::move(n)), *this; }
LADING_DEFINE client& client::with_environment_proxies() { return front_->use(proxy_rules::from_environment()), *this; }

LADING_DEFINE result<inspection> client::inspect(reference const& ref, inspect_options o, stop_token stop) {
    return front_->calls().inspect(ref, std::move(o), std::move(stop));
}
LADING_DEFINE result<inspection> client::inspect(std::string_view name, inspect_options o, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return inspect(parsed, std::move(o), std::move(stop));
}
LADING_DEFINE result<client::manifest_type> client::manifest(reference const& ref, stop_token stop) {
    return front_->calls().manifest(ref, std::move(stop));
}
LADING_DEFINE result<client::manifest_type> client::manifest(std::string_view name, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return manifest(parsed, std::move(stop));
}
LADING_DEFINE result<manifest_bytes> client::raw_manifest(reference const& ref, stop_token stop) {
    return front_->calls().raw_manifest(ref, std::move(stop));
}
LADING_DEFINE result<manifest_bytes> client::raw_manifest(std::string_view name, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return raw_manifest(parsed, std::move(stop));
}
LADING_DEFINE result<descriptor> client::resolve(reference const& ref, stop_token stop) {
    return front_->calls().resolve(ref, std::move(stop));
}
LADING_DEFINE result<descriptor> client::resolve(std::string_view name, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return resolve(parsed, std::move(stop));
}
LADING_DEFINE result<config_document> client::config(reference const& ref, platform_choice choice, stop_token stop) {
    return front_->calls().config(ref, std::move(choice), std::move(stop));
}
LADING_DEFINE result<config_document> client::config(std::string_view name, platform_choice choice, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return config(parsed, std::move(choice), std::move(stop));
}
LADING_DEFINE result<tag_list> client::tags(repository const& name, stop_token stop) {
    return front_->calls().tags(name, std::move(stop));
}
LADING_DEFINE result<tag_list> client::tags(std::string_view text, stop_token stop) {
    LADING_TRY(auto const parsed, repository::parse(text));
    return tags(parsed, std::move(stop));
}
LADING_DEFINE result<descriptor> client::blob(repository const& name, descriptor const& what, blob_sink& out, stop_token stop) {
    return front_->calls().blob(name, what, out, std::move(stop));
}
LADING_DEFINE result<descriptor> client::blob(reference const& ref, descriptor const& what, blob_sink& out, stop_token stop) {
    return front_->calls().blob(ref, what, out, std::move(stop));
}
LADING_DEFINE result<descriptor> client::blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o, stop_token stop) {
    return front_->calls().blob(name, what, out, std::move(o), std::move(stop));
}
LADING_DEFINE result<std::uint64_t> client::blob_range(repository const& name, descriptor const& what, std::uint64_t offset, std::uint64_t length,
                                                       blob_sink& out, stop_token stop) {
    return front_->calls().blob_range(name, what, offset, length, out, std::move(stop));
}
LADING_DEFINE result<pushed_blob> client::push_blob(repository const& name, descriptor const& what, body_source& from, push_options o, stop_token stop) {
    return front_->calls().push_blob(name, what, from, std::move(o), std::move(stop));
}
LADING_DEFINE result<pushed_blob> client::push_stream(repository const& name, body_source& from, push_options o, stop_token stop) {
    return front_->calls().push_stream(name, from, std::move(o), std::move(stop));
}
LADING_DEFINE result<pushed_manifest> client::push_manifest(reference const& ref, std::string bytes, manifest_push_options o, stop_token stop) {
    return front_->calls().push_manifest(ref, std::move(bytes), std::move(o), std::move(stop));
}
LADING_DEFINE result<bool> client::remove_manifest(reference const& ref, remove_options o, stop_token stop) {
    return front_->calls().remove_manifest(ref, o, std::move(stop));
}
LADING_DEFINE result<bool> client::remove_tag(reference const& ref, remove_options o, stop_token stop) {
    return front_->calls().remove_tag(ref, o, std::move(stop));
}
LADING_DEFINE result<bool> client::remove_blob(repository const& name, digest const& d, remove_options o, stop_token stop) {
    return front_->calls().remove_blob(name, d, o, std::move(stop));
}
LADING_DEFINE result<std::optional<descriptor>> client::find(reference const& ref, stop_token stop) { return front_->calls().find(ref, std::move(stop)); }
LADING_DEFINE result<bool> client::exists(reference const& ref, stop_token stop) { return front_->calls().exists(ref, std::move(stop)); }
LADING_DEFINE void client::will_write_to(repository const& name) { front_->calls().will_write_to(name); }
LADING_DEFINE result<std::optional<descriptor>> client::find_blob(repository const& name, descriptor const& what, stop_token stop) {
    return front_->calls().find_blob(name, what, std::move(stop));
}
LADING_DEFINE result<bool> client::has_blob(repository const& name, descriptor const& what, stop_token stop) {
    return front_->calls().has_blob(name, what, std::move(stop));
}
LADING_DEFINE result<referrer_list> client::referrers(reference const& subject, referrers_options o, stop_token stop) {
    return front_->calls().referrers(subject, std::move(o), std::move(stop));
}
LADING_DEFINE result<referrer_list> client::referrers(std::string_view name, referrers_options o, stop_token stop) {
    LADING_TRY(auto const parsed, reference::parse(name));
    return referrers(parsed, std::move(o), std::move(stop));
}
LADING_DEFINE result<referrers_listing> client::change_referrers(repository const& name, referrers_change change, stop_token stop) {
    return front_->calls().change_referrers(name, std::move(change), std::move(stop));
}
LADING_DEFINE result<repository_list> client::catalog(repository const& name, stop_token stop) {
    return front_->calls().catalog(name, std::move(stop));
}
LADING_DEFINE result<void> client::ping(repository const& name, stop_token stop) {
    return front_->calls().ping(name, std::move(stop));
}
LADING_DEFINE result<void> client::ping(std::string_view text, stop_token stop) {
    LADING_TRY(auto const parsed, repository::parse(text));
    return ping(parsed, std::move(stop));
}

LADING_DEFINE any_operation<inspection> client::start_inspect(reference const& ref, inspect_options o) {
    return front_->calls().start_inspect(ref, std::move(o));
}
LADING_DEFINE any_operation<client::manifest_type> client::start_manifest(reference const& ref) {
    return front_->calls().start_manifest(ref);
}
LADING_DEFINE any_operation<manifest_bytes> client::start_raw_manifest(reference const& ref) {
    return front_->calls().start_raw_manifest(ref);
}
LADING_DEFINE any_operation<descriptor> client::start_resolve(reference const& ref) { return front_->calls().start_resolve(ref); }
LADING_DEFINE any_operation<config_document> client::start_config(reference const& ref, platform_choice choice) {
    return front_->calls().start_config(ref, std::move(choice));
}
LADING_DEFINE any_operation<tag_list> client::start_tags(repository const& name) { return front_->calls().start_tags(name); }
LADING_DEFINE any_operation<descriptor> client::start_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o) {
    return front_->calls().start_blob(name, what, out, std::move(o));
}
LADING_DEFINE any_operation<std::uint64_t> client::start_blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                                    std::uint64_t length, blob_sink& out) {
    return front_->calls().start_blob_range(name, what, offset, length, out);
}
LADING_DEFINE any_operation<void> client::start_ping(repository const& name) { return front_->calls().start_ping(name); }

LADING_DEFINE client_options const& client::options() const noexcept { return front_->options(); }
LADING_DEFINE asio_sync_transport& client::transport() noexcept { return front_->calls().transport().blocking(); }

} // namespace LADING_FORM

} // namespace lading
