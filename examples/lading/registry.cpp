// SPDX-License-Identifier: BSL-1.0
#include "registry.hpp"

#include "../inspect/parts.hpp"
#include "../inspect/place.hpp"

#include <lading/endpoint/short_names.hpp>

#include <string_view>
#include <utility>

namespace {

/// HOST:PORT of this machine or by its IPv4 address, which would be an image docker.io/library/HOST with a tag.
bool is_local_host(std::string_view name) {
    auto const colon = name.find(':');
    if (colon == name.npos || colon + 1 == name.size() || name.find_first_not_of("0123456789", colon + 1) != name.npos) return false;
    auto const host = name.substr(0, colon);
    return host == "localhost" || (host.find('.') != host.npos && host.find_first_not_of("0123456789.") == host.npos);
}

lading::result<lading::reference> reference_of(std::string const& name, lading::registry_rules const& rules) {
    LADING_TRY(auto const place, place_of(name));
    if (place.on_disk) return lading::error(lading::errc::ref_invalid).with_context("a name in a registry is wanted, not an image on disk; of that: lading inspect, lading copy");
    if (is_local_host(place.name))
        return lading::error(lading::errc::ref_invalid).with_context(place.name + " is a host: HOST/NAME is wanted; its repositories: lading catalog " + place.name);
    return lading::reference::parse(lading::expand_alias(place.name, rules));
}

lading::result<lading::client> client_for(lading::repository const& name, lading::registry_rules rules, registry_access const& args) {
    LADING_TRY(auto p, parts_for({name}, std::move(rules), args));
    static narrator out_loud("lading");
    if (args.verbose) p.options.with_observer(out_loud);
    lading::client registry(p.options);
    registry.with_network(std::move(p.network)).with_credentials(lading::config_credentials(std::move(p.logins)));
    return registry;
}

bool same_login(std::optional<lading::credential> const& a, std::optional<lading::credential> const& b) {
    if (!a || !b) return !a && !b;
    return a->username == b->username && a->password == b->password && a->identity_token == b->identity_token && a->registry_token == b->registry_token;
}
/// Of what the two sides of a copy may say differently.
bool same_access(registry_access const& a, registry_access const& b) {
    return a.plain_http == b.plain_http && a.http_allowed == b.http_allowed && a.authfile == b.authfile && a.cert_dir == b.cert_dir && a.tls == b.tls &&
           same_login(a.secret, b.secret);
}

} // namespace

one_login::one_login(registry_access const& args) : given_(args.secret.has_value()) {
    if (!given_) return;
    if (auto rules = rules_for(args)) rules_ = std::move(rules).assume_value();
}
void one_login::add(place const& where) {
    if (!given_ || where.on_disk) return;
    if (auto const ref = lading::reference::parse(lading::expand_alias(where.name, rules_))) hosts_.emplace(ref.assume_value().repository().host());
}
lading::result<void> one_login::check(char const* instead) const {
    if (hosts_.size() < 2) return lading::success();
    std::string all;
    for (auto const& host : hosts_) all += (all.empty() ? "" : ", ") + host;
    return lading::error(lading::errc::invalid_argument).with_context(std::string("a login is for one registry, and no other is to see it: ") + instead).with_values("one registry", all);
}

lading::result<registry_and_name> registry_of(std::string const& name, registry_access const& args) {
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, reference_of(name, rules));
    LADING_TRY(auto registry, client_for(ref.repository(), std::move(rules), args));
    return registry_and_name{std::move(registry), ref};
}

lading::result<registries::registry_and_reference> registries::find(std::string const& name, registry_access const& args) {
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, reference_of(name, rules));
    std::string const host(ref.repository().host());
    std::lock_guard const lock(mutex_);
    for (auto const& k : all_)
        if (k->host == host && same_access(k->args, args)) return registry_and_reference{k->registry, ref};
    LADING_TRY(auto registry, client_for(ref.repository(), std::move(rules), args));
    all_.push_back(std::make_unique<known>(known{host, args, std::move(registry)}));
    return registry_and_reference{all_.back()->registry, ref};
}
