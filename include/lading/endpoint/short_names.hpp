// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Short names: what a user may type for a longer name, by the aliases of the configuration.

#include "registry_rules.hpp"

#include <string>
#include <string_view>

namespace lading {

/// The text of a reference with its name replaced, where the name without tag and digest is an alias exactly; any other
/// text as it is.
inline std::string expand_alias(std::string_view text, registry_rules const& rules) {
    auto name = text.substr(0, text.find('@'));
    if (auto const colon = name.rfind(':'); colon != name.npos && name.find('/', colon) == name.npos)
        name = name.substr(0, colon);
    for (auto const& [alias, meant] : rules.aliases)
        if (alias == name) return meant + std::string(text.substr(name.size()));
    return std::string(text);
}

} // namespace lading
