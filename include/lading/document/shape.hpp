// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a document is, decided from its bytes. A header has a say only where a document does not say its type: then
/// there are two types of one shape (`in_family_of`).

#include "../detail/text.hpp"
#include "../fault.hpp"
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
    bool says_type = false;             ///< the document has a `mediaType`, or needs none (schema1)
};

/// The media types whose meaning is known, whatever the manifest set speaks.
inline constexpr std::array known_manifest_types{media_types::oci_manifest, media_types::docker_manifest,
                                                 media_types::oci_index, media_types::docker_list,
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

namespace detail {

/// The shape of a document, or why it has none.
struct decided_shape {
    manifest_shape shape;
    fault wrong; ///< its path is the key or the media type that it is about
};

constexpr decided_shape shape_of(json_view root) {
    decided_shape out;
    auto refuse = [&](errc code, std::string_view about, std::string_view why) {
        out.wrong = fault(code, why);
        out.wrong.under(about);
        return out;
    };
    if (!root.is_object()) return refuse(errc::media_type_unknown, {}, "the document is not a JSON object");
    auto has = [&](std::string_view key) {
        auto const v = root.find(key);
        return v && !v->is_null();
    };
    auto take = [&](json_view object, std::string_view key, std::string_view& to) {
        auto const v = object.find(key);
        if (!v || v->is_null()) return true;
        if (v->is_repeated()) return refuse(errc::json_duplicate_key, key, "is there twice"), false;
        if (auto const t = v->as_string()) return to = *t, true;
        return refuse(errc::manifest_schema, key, "is not a string"), false;
    };
    auto ambiguous = [&](std::string_view type) {
        return refuse(errc::manifest_ambiguous, type, "with keys of another type");
    };

    for (std::string_view const key : {"config", "layers", "manifests", "fsLayers", "history"})
        if (auto const v = root.find(key); v && v->is_repeated()) return refuse(errc::json_duplicate_key, key, "is there twice");

    auto& shape = out.shape;
    if (!take(root, "mediaType", shape.media_type) || !take(root, "artifactType", shape.artifact_type)) return out;
    shape.says_type = !shape.media_type.empty();
    if (auto const config = root.find("config"); config && config->is_object())
        if (!take(*config, "mediaType", shape.config_media_type)) return out;

    std::optional<std::int64_t> version;
    if (auto const v = root.find("schemaVersion"); v && !v->is_null()) {
        if (v->is_repeated()) return refuse(errc::json_duplicate_key, "schemaVersion", "is there twice");
        version = v->as_int();
        if (!version) return refuse(errc::manifest_schema, "schemaVersion", "is not an integer");
    }

    bool const image_keys = has("config") || has("layers"), index_keys = has("manifests"),
               schema1_keys = has("fsLayers") || has("history");

    if (version == 1) {
        if (image_keys || index_keys) return ambiguous("schema1");
        if (!shape.media_type.empty() && !is_schema1_type(shape.media_type))
            return refuse(errc::media_type_mismatch, shape.media_type, "is not a schema1 type");
        shape.says_type = true;
        shape.media_type = has("signatures") ? media_types::docker_schema1_signed : media_types::docker_schema1;
        return out;
    }
    if (is_schema1_type(shape.media_type))
        return refuse(errc::media_type_mismatch, "schemaVersion", "is not 1 in a schema1 document");

    if (shape.media_type.empty()) {
        if (version != 2) return refuse(errc::media_type_unknown, {}, "neither schemaVersion nor mediaType tells");
        if (schema1_keys || (image_keys && index_keys)) {
            if (!image_keys && !index_keys)
                return refuse(errc::media_type_unknown, {}, "schemaVersion 2 with the keys of schema1");
            return ambiguous("OCI");
        }
        if (index_keys) shape.media_type = media_types::oci_index;
        else if (has("config")) shape.media_type = media_types::oci_manifest;
        else return refuse(errc::media_type_unknown, {}, "neither config nor manifests");
        return out;
    }
    if (!is_known_manifest_type(shape.media_type)) return out;
    if (version != 2) return refuse(errc::manifest_schema, "schemaVersion", "is not 2");
    if (is_index_type(shape.media_type) ? image_keys || schema1_keys : index_keys || schema1_keys)
        return ambiguous(shape.media_type);
    return out;
}

} // namespace detail

/// The known type of the shape of `type` that `announced` is, or `type` itself: of an image without `mediaType` nobody
/// but who hands it out knows whether it is Docker's or OCI's.
constexpr std::string_view in_family_of(std::string_view announced, std::string_view type) noexcept {
    for (auto const k : known_manifest_types)
        if (k == announced && !is_schema1_type(k) && is_index_type(k) == is_index_type(type)) return k;
    return type;
}

/// Decides; a key whose value is null tells nothing. Errors, all final: `media_type_unknown` (not an object, nothing
/// tells), `manifest_ambiguous` (keys of two types), `media_type_mismatch` (the version contradicts the type),
/// `manifest_schema` (a wrong type in a deciding field), `json_duplicate_key` (one that is there twice). Linear in the
/// number of top-level members.
inline result<manifest_shape> decide_shape(json_view root) {
    auto const decided = detail::shape_of(root);
    if (decided.wrong) return from(decided.wrong);
    return decided.shape;
}

} // namespace lading
