// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../manifest_list.hpp"
#include "descriptor.hpp"

LADING_REFLECT(lading::manifest_list, schema_version, media_type, manifests);

template <>
struct lading::document_rules<lading::manifest_list> : default_rules {
    static constexpr std::array<std::string_view, 2> required{"schema_version", "manifests"};
};
