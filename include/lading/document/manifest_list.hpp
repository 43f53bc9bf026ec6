// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `manifest_list`: Docker's multi-platform document (doc/protocol.md#lists).

#include "../descriptor.hpp"
#include "../media_type.hpp"
#include "odd_entry.hpp"

#include <array>
#include <string>
#include <vector>

namespace lading {

/// One entry a platform; an entry may be a schema2 or a schema1 image.
struct manifest_list {
    static constexpr std::array media_types{media_types::docker_list};

    std::int64_t schema_version = 2;
    std::string media_type;
    std::vector<descriptor> manifests;
    std::vector<odd_entry> odd_entries; ///< entries of `manifests` that are not descriptors
};

} // namespace lading
