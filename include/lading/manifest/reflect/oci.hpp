// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../oci.hpp"
#include "descriptor.hpp"

BOOST_HANA_ADAPT_STRUCT(lading::oci_image, schema_version, media_type, artifact_type, config, layers, subject,
                        annotations);
BOOST_HANA_ADAPT_STRUCT(lading::oci_index, schema_version, media_type, artifact_type, manifests, subject,
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
