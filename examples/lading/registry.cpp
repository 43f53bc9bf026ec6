// SPDX-License-Identifier: BSL-1.0
#include "registry.hpp"

#include "../inspect/parts.hpp"
#include "../inspect/place.hpp"

#include <lading/endpoint/short_names.hpp>

#include <utility>

lading::result<registry_and_name> registry_of(std::string const& name, registry_access const& args) {
    LADING_TRY(auto const place, place_of(name));
    if (place.on_disk) return lading::error(lading::errc::ref_invalid).with_context("a name in a registry is wanted, not an image on disk");
    LADING_TRY(auto rules, rules_for(args));
    LADING_TRY(auto const ref, lading::reference::parse(lading::expand_alias(place.name, rules)));
    LADING_TRY(auto p, parts_for({ref.repository()}, std::move(rules), args));
    static narrator out_loud("lading");
    if (args.verbose) p.options.with_observer(out_loud);
    lading::client registry(p.options);
    registry.with_network(std::move(p.network)).with_credentials(lading::config_credentials(std::move(p.logins)));
    return registry_and_name{std::move(registry), ref};
}
