// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The OCI documents: `oci_image` and `oci_index` (image-spec 1.1).

#include "../descriptor.hpp"
#include "../media_type.hpp"
#include "odd_entry.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// An OCI image manifest: one config, layers base first. Also the shape of artifacts.
struct oci_image {
    static constexpr std::array media_types{media_types::oci_manifest};

    /// A new image or artifact, which says its type.
    oci_image(descriptor c, std::vector<descriptor> l) : media_type(media_types.front()), config(std::move(c)), layers(std::move(l)) {}

    std::int64_t schema_version = 2;
    std::string media_type;    ///< empty in old documents
    std::string artifact_type; ///< empty when absent
    descriptor config;
    std::vector<descriptor> layers;
    std::optional<descriptor> subject;
    string_map annotations;

  private:
    friend struct detail::decode_access;
    oci_image() : config(detail::decode_access::make<descriptor>()) {}
};

/// An OCI index: images for several platforms, other indexes, attestations.
struct oci_index {
    static constexpr std::array media_types{media_types::oci_index};

    std::int64_t schema_version = 2;
    std::string media_type; ///< empty in old documents
    std::string artifact_type;
    std::vector<descriptor> manifests;
    std::optional<descriptor> subject;
    string_map annotations;
    std::vector<odd_entry> odd_entries; ///< entries of `manifests` that are not descriptors
};

} // namespace lading
