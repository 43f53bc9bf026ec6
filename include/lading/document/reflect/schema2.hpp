// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../schema2.hpp"
#include "descriptor.hpp"

LADING_REFLECT(lading::schema2, schema_version, media_type, config, layers);

template <>
struct lading::document_rules<lading::schema2> : default_rules {
    static constexpr std::array<std::string_view, 3> required{"schema_version", "config", "layers"};
};
