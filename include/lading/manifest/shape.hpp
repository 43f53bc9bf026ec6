// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a document is, decided from its bytes alone (hostile.md section 5, rule 5). Headers may only agree.

#include "../json/document.hpp"
#include "../media_type.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace lading {

/// The parts of a document that decide its type. Views into the JSON document.
struct manifest_shape {
    std::string_view media_type;        ///< what the document is; never empty once decided
    std::string_view artifact_type;     ///< empty when absent
    std::string_view config_media_type; ///< empty when there is no config
};

/// The media types whose meaning is known, whatever the manifest set speaks.
inline constexpr std::array known_manifest_types{media_types::oci_manifest,         media_types::docker_manifest,
                                                 media_types::oci_index,            media_types::docker_list,
                                                 media_types::docker_schema1_signed, media_types::docker_schema1};

constexpr bool is_known_manifest_type(std::string_view type) noexcept {
    for (auto k : known_manifest_types)
        if (k == type) return true;
    return false;
}
constexpr bool is_schema1_type(std::string_view type) noexcept {
    return type == media_types::docker_schema1 || type == media_types::docker_schema1_signed;
}
constexpr bool is_index_type(std::string_view type) noexcept {
    return type == media_types::oci_index || type == media_types::docker_list;
}

/// Decides. Errors, all final: `media_type_unknown` (not an object, nothing tells), `manifest_ambiguous` (keys of two
/// types), `media_type_mismatch` (the version contradicts the type), `manifest_schema` (a wrong type in a deciding
/// field). Linear in the number of top-level members.
inline result<manifest_shape> decide_shape(json_view root) {
    if (!root.is_object()) return error(errc::media_type_unknown).with_context("the document is not a JSON object");
    auto has = [&](std::string_view key) { return root.find(key).has_value(); };
    auto text = [&](json_view object, std::string_view key) -> result<std::string_view> {
        auto const v = object.find(key);
        if (!v || v->is_null()) return std::string_view();
        if (auto const t = v->as_string()) return *t;
        return error(errc::manifest_schema).with_context(std::string(key) + " is not a string");
    };
    auto ambiguous = [](std::string_view type) {
        return error(errc::manifest_ambiguous).with_context("a document of type " + std::string(type) +
                                                            " has keys of another type");
    };

    manifest_shape shape;
    LADING_TRY(shape.media_type, text(root, "mediaType"));
    LADING_TRY(shape.artifact_type, text(root, "artifactType"));
    if (auto const config = root.find("config"); config && config->is_object()) {
        LADING_TRY(shape.config_media_type, text(*config, "mediaType"));
    }

    std::optional<std::int64_t> version;
    if (auto const v = root.find("schemaVersion")) {
        version = v->as_int();
        if (!version) return error(errc::manifest_schema).with_context("schemaVersion is not an integer");
    }

    bool const image_keys = has("config") || has("layers"), index_keys = has("manifests"),
               schema1_keys = has("fsLayers") || has("history");

    if (version == 1) {
        if (image_keys || index_keys) return ambiguous("schema1");
        if (!shape.media_type.empty() && !is_schema1_type(shape.media_type))
            return error(errc::media_type_mismatch).with_values("a schema1 type", std::string(shape.media_type));
        shape.media_type = has("signatures") ? media_types::docker_schema1_signed : media_types::docker_schema1;
        return shape;
    }
    if (is_schema1_type(shape.media_type))
        return error(errc::media_type_mismatch).with_context("schemaVersion is not 1 in a schema1 document");

    if (shape.media_type.empty()) {
        if (version != 2) return error(errc::media_type_unknown).with_context("neither schemaVersion nor mediaType tells");
        if (schema1_keys || (image_keys && index_keys)) {
            if (!image_keys && !index_keys)
                return error(errc::media_type_unknown).with_context("schemaVersion 2 with the keys of schema1");
            return ambiguous("OCI");
        }
        if (index_keys) shape.media_type = media_types::oci_index;
        else if (has("config") && has("layers")) shape.media_type = media_types::oci_manifest;
        else return error(errc::media_type_unknown).with_context("neither config and layers nor manifests");
        return shape;
    }
    if (!is_known_manifest_type(shape.media_type)) return shape;
    if (version != 2) return error(errc::manifest_schema).with_context("schemaVersion is not 2");
    if (is_index_type(shape.media_type) ? image_keys || schema1_keys : index_keys || schema1_keys)
        return ambiguous(shape.media_type);
    return shape;
}

} // namespace lading
