// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `repository_list`: what the catalog of a registry has.

#include "../error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lading {

/// The repositories that a registry lists.
struct repository_list {
    std::vector<std::string> values; ///< paths, in the registry's order
    std::vector<std::string> odd;    ///< what it lists that is no path of a repository, printable, at most 100
    bool complete = true;
    std::optional<error> failure;    ///< why it is not
};

} // namespace lading
