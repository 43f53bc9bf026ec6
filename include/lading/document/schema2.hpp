// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `schema2`: Docker's image manifest of version 2, schema 2 (doc/protocol.md#image).

#include "../descriptor.hpp"
#include "../media_type.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// A Docker image: one config, layers base first.
struct schema2 {
    static constexpr std::array media_types{media_types::docker_manifest};

    /// A new image, which says its type.
    schema2(descriptor c, std::vector<descriptor> l) : media_type(media_types.front()), config(std::move(c)), layers(std::move(l)) {}

    std::int64_t schema_version = 2;
    std::string media_type;
    descriptor config;
    std::vector<descriptor> layers;

  private:
    friend struct detail::decode_access;
    schema2() : config(detail::decode_access::make<descriptor>()) {}
};

} // namespace lading
