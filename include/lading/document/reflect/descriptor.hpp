// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../descriptor.hpp"
#include "fields.hpp"

LADING_REFLECT(lading::platform, architecture, os, os_version, os_features, variant, features);
LADING_REFLECT(lading::descriptor, media_type, digest, size, urls, annotations, data, platform, artifact_type);

namespace lading {

template <>
struct document_rules<platform> : default_rules {
    static constexpr std::array<std::string_view, 2> required{"os", "architecture"};
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> renamed{
        {{"os_version", "os.version"}, {"os_features", "os.features"}}};
};

template <>
struct document_rules<descriptor> : default_rules {
    static constexpr std::array<std::string_view, 3> required{"media_type", "digest", "size"};
};

} // namespace lading
