// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../descriptor.hpp"
#include "fields.hpp"

LADING_REFLECT(lading::platform, os, architecture, variant, os_version, os_features, features);
LADING_REFLECT(lading::descriptor, media_type, digest, size, annotations, artifact_type, urls, platform);

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
