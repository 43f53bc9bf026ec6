// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../schema1.hpp"
#include "fields.hpp"

LADING_REFLECT(lading::schema1_layer, blob_sum);
LADING_REFLECT(lading::schema1_history, v1_compatibility);
LADING_REFLECT(lading::schema1, schema_version, name, tag, architecture, fs_layers, history);

namespace lading {

template <>
struct document_rules<schema1_layer> : default_rules {
    static constexpr std::array<std::string_view, 1> required{"blob_sum"};
};

template <>
struct document_rules<schema1_history> : default_rules {
    static constexpr std::array<std::string_view, 1> required{"v1_compatibility"};
};

template <>
struct document_rules<schema1> : default_rules {
    static constexpr std::array<std::string_view, 3> required{"schema_version", "fs_layers", "history"};
};

} // namespace lading
