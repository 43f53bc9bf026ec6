// SPDX-License-Identifier: BSL-1.0

// The bodies of `async_client`: included by `lading.hpp`, or by `src.hpp` once.

namespace lading {

inline namespace LADING_FORM {

LADING_DEFINE async_client::async_client(executor_type executor, client_options o) {
    auto transport = asio_transport(std::move(executor), network_options(o.rules.tls()), o.bounds);
    front_ = std::make_shared<detail::front>(detail::front_transport(std::move(transport)), std::move(o));
}
LADING_DEFINE async_client::async_client(asio_transport t, client_options o)
    : front_(std::make_shared<detail::front>(detail::front_transport(std::move(t)), std::move(o))) {}

LADING_DEFINE async_client& async_client::with_login(std::string host, std::string user, std::string secret) {
    return front_->log_in(std::move(host), std::move(user), std::move(secret)), *this;
}
LADING_DEFINE async_client& async_client::with_stored_logins() { return front_->use_stored_logins(), *this; }
LADING_DEFINE async_client& async_client::with_credentials(any_credentials c) { return front_->use(std::move(c)), *this; }
LADING_DEFINE async_client& async_client::with_cache(any_cache c) { return front_->use(std::move(c)), *this; }
LADING_DEFINE async_client& async_client::with_network(network_options n) { return front_->use(std::move(n)), *this; }
LADING_DEFINE async_client& async_client::with_environment_proxies() { return front_->use(proxy_rules::from_environment()), *this; }

LADING_DEFINE void async_client::begin_inspect(detail::front& f, handler<inspection> done, reference const& ref, inspect_options o) {
    f.async_inspect(ref, std::move(o), std::move(done));
}
LADING_DEFINE void async_client::fail_inspect(handler<inspection> done, error why) {
    auto const where = done.get_executor();
    asio::post(where, [done = std::move(done), why = std::move(why)]() mutable { done(result<inspection>(std::move(why))); });
}
LADING_DEFINE void async_client::begin_manifest(detail::front& f, handler<manifest_type> done, reference const& ref) {
    f.async_manifest(ref, std::move(done));
}
LADING_DEFINE void async_client::begin_raw_manifest(detail::front& f, handler<manifest_bytes> done, reference const& ref) {
    f.async_raw_manifest(ref, std::move(done));
}
LADING_DEFINE void async_client::begin_resolve(detail::front& f, handler<descriptor> done, reference const& ref) {
    f.async_resolve(ref, std::move(done));
}
LADING_DEFINE void async_client::begin_config(detail::front& f, handler<config_document> done, reference const& ref, platform_choice choice) {
    f.async_config(ref, std::move(choice), std::move(done));
}
LADING_DEFINE void async_client::begin_tags(detail::front& f, handler<tag_list> done, repository const& name) {
    f.async_tags(name, std::move(done));
}
LADING_DEFINE void async_client::begin_blob(detail::front& f, handler<descriptor> done, repository const& name, descriptor const& what, blob_sink& out, blob_options o) {
    f.async_blob(name, what, out, std::move(o), std::move(done));
}
LADING_DEFINE void async_client::begin_blob_range(detail::front& f, handler<std::uint64_t> done, repository const& name, descriptor const& what,
                                                  std::uint64_t offset, std::uint64_t length, blob_sink& out) {
    f.async_blob_range(name, what, offset, length, out, std::move(done));
}
LADING_DEFINE void async_client::begin_push_blob(detail::front& f, handler<pushed_blob> done, repository const& name, descriptor const& what, body_source& from, push_options o) {
    f.async_push_blob(name, what, from, std::move(o), std::move(done));
}
LADING_DEFINE void async_client::begin_push_manifest(detail::front& f, handler<pushed_manifest> done, reference const& ref, std::string bytes, manifest_push_options o) {
    f.async_push_manifest(ref, std::move(bytes), std::move(o), std::move(done));
}
LADING_DEFINE void async_client::begin_remove(detail::front& f, handler<bool> done, repository const& name, removed kind, std::string which, remove_options o) {
    f.async_remove(name, kind, std::move(which), o, std::move(done));
}
LADING_DEFINE void async_client::begin_referrers(detail::front& f, handler<referrer_list> done, reference const& subject, referrers_options o) {
    f.async_referrers(subject, std::move(o), std::move(done));
}
LADING_DEFINE void async_client::begin_change_referrers(detail::front& f, handler<referrers_listing> done, repository const& name, referrers_change change) {
    f.async_change_referrers(name, std::move(change), std::move(done));
}
LADING_DEFINE void async_client::begin_catalog(detail::front& f, handler<repository_list> done, repository const& name) {
    f.async_catalog(name, std::move(done));
}
LADING_DEFINE void async_client::begin_ping(detail::front& f, handler<void> done, repository const& name) {
    f.async_ping(name, std::move(done));
}

LADING_DEFINE any_operation<inspection> async_client::start_inspect(reference const& ref, inspect_options o) {
    return front_->calls().start_inspect(ref, std::move(o));
}
LADING_DEFINE any_operation<async_client::manifest_type> async_client::start_manifest(reference const& ref) {
    return front_->calls().start_manifest(ref);
}
LADING_DEFINE any_operation<manifest_bytes> async_client::start_raw_manifest(reference const& ref) {
    return front_->calls().start_raw_manifest(ref);
}
LADING_DEFINE any_operation<descriptor> async_client::start_resolve(reference const& ref) { return front_->calls().start_resolve(ref); }
LADING_DEFINE any_operation<config_document> async_client::start_config(reference const& ref, platform_choice choice) {
    return front_->calls().start_config(ref, std::move(choice));
}
LADING_DEFINE any_operation<tag_list> async_client::start_tags(repository const& name) { return front_->calls().start_tags(name); }
LADING_DEFINE any_operation<descriptor> async_client::start_blob(repository const& name, descriptor const& what, blob_sink& out, blob_options o) {
    return front_->calls().start_blob(name, what, out, std::move(o));
}
LADING_DEFINE any_operation<std::uint64_t> async_client::start_blob_range(repository const& name, descriptor const& what, std::uint64_t offset,
                                                                          std::uint64_t length, blob_sink& out) {
    return front_->calls().start_blob_range(name, what, offset, length, out);
}
LADING_DEFINE any_operation<void> async_client::start_ping(repository const& name) { return front_->calls().start_ping(name); }

LADING_DEFINE void async_client::will_write_to(repository const& name) { front_->calls().will_write_to(name); }
LADING_DEFINE client_options const& async_client::options() const noexcept { return front_->options(); }
LADING_DEFINE async_client::executor_type async_client::get_executor() const { return front_->calls().transport().get_executor(); }
LADING_DEFINE asio_transport& async_client::transport() noexcept { return front_->calls().transport().asynchronous(); }

} // namespace LADING_FORM

} // namespace lading
