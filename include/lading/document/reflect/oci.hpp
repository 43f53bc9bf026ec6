// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../oci.hpp"
#include "descriptor.hpp"

LADING_REFLECT(lading::oci_image, schema_version, media_type, artifact_type, config, layers, subject,
               annotations);
LADING_REFLECT(lading::oci_index, schema_version, media_type, artifact_type, manifests, subject,
               annotations);

namespace lading {

template <>
struct document_rules<oci_image> : default_rules {
    static constexpr std::array<std::string_view, 3> required{"schema_version", "config", "layers"};
};

template <>
struct document_rules<oci_index> : default_rules {
    static constexpr std::array<std::string_view, 2> required{"schema_version", "manifests"};
};

} // namespace lading
