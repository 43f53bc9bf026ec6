// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `listed_contents`: what a document lists, whatever kind of document it is.

#include "../detail/base64.hpp"
#include "../json/strict_json.hpp"
#include "decode.hpp"
#include "parse_and_verify.hpp"
#include "reflect/manifest_list.hpp"
#include "reflect/oci.hpp"
#include "reflect/schema1.hpp"
#include "reflect/schema2.hpp"
#include "schema1/schema1_payload.hpp"
#include "shape.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// What a document is, and what has to be there before it.
struct listed_contents {
    enum class kind : std::uint8_t { index,
                                     image,
                                     schema1,
                                     other };

    kind is = kind::other;
    std::string media_type;              ///< as the document says it; empty where nothing tells
    std::vector<descriptor> entries;     ///< of an index: documents, or what may be one
    std::optional<descriptor> config;
    std::vector<descriptor> layers;      ///< and the `blobs` of withdrawn artifact manifests
    std::vector<warning> warnings;
};

namespace detail {

/// A `data` that is no base64 says nothing to a reader of documents; where it would be used it is wrong.
inline bool data_is_readable(json_view object, descriptor const& read) {
    auto const data = object.find("data");
    auto const text = data ? data->as_string() : std::nullopt;
    return !text || text->empty() || !read.data.bytes.empty();
}

inline result<void> check_data(json_view document, listed_contents const& got) {
    auto const wrong = [](descriptor const& d) {
        return error(errc::digest_mismatch).with_context("the `data` of the descriptor is no base64").with_values(d.digest.str(), {});
    };
    if (auto const config = document.find("config"); config && got.config && !data_is_readable(*config, *got.config)) return wrong(*got.config);
    std::size_t i = 0;
    descriptor const* bad = nullptr;
    if (auto const layers = document.find("layers"))
        layers->each_element([&](json_view v) {
            if (i < got.layers.size() && !bad && !data_is_readable(v, got.layers[i])) bad = &got.layers[i];
            ++i;
        });
    if (bad) return wrong(*bad);
    return success();
}

/// Of a document of a type that nobody knows: what looks like lists of descriptors is taken for that.
inline void look_for_descriptors(json_view document, listed_contents& out, limits const& l) {
    auto const one = [&](json_view v) -> std::optional<descriptor> {
        auto read = decode<descriptor>(v, errc::manifest_schema, l, &out.warnings);
        if (!read) return std::nullopt;
        return std::move(read).assume_value();
    };
    auto const all = [&](char const* name, std::vector<descriptor>& to) {
        if (auto const list = document.find(name))
            list->each_element([&](json_view v) {
                if (auto d = one(v)) to.push_back(std::move(*d));
            });
    };
    if (auto const config = document.find("config")) out.config = one(*config);
    all("layers", out.layers);
    all("blobs", out.layers);
    all("manifests", out.entries);
}

template <class Document>
result<Document> decode_listed(json_view v, std::vector<warning>& odd, limits const& l) {
    return decode<Document>(v, errc::manifest_schema, l, &odd);
}

} // namespace detail

/// Looks into a document. `announced` is the media type by its descriptor; empty where nobody has said one.
///
/// Errors: `media_type_mismatch` when the document is of another type than announced, `manifest_limit` above
/// `limits::copied_entries`; of documents of a known type also those of `decode_shape` and `decode`. A document of another type may be
/// anything. Linear in the size. Thread-safe.
inline result<listed_contents> contents_of(std::string_view bytes, std::string_view announced, limits const& bounds) {
    auto json = bounds.json;
    json.repeated_keys = true;
    listed_contents out;
    bool const known = is_known_manifest_type(announced);
    auto parsed = json_document::parse<strict_json>(bytes, json);
    if (!parsed && known) return std::move(parsed).assume_error();
    if (!parsed) return out;
    auto const root = parsed.assume_value().root();
    auto decided = decide_shape(root);
    if (!decided && (known || (announced.empty() && !(decided.assume_error() == errc::media_type_unknown))))
        return std::move(decided).assume_error();
    if (!decided) return out;
    auto const& shape = decided.assume_value();

    auto type = shape.says_type ? shape.media_type : in_family_of(announced, shape.media_type);
    out.media_type = type;
    if (!announced.empty() && (known || is_known_manifest_type(type))) {
        LADING_TRY_V(detail::check_announced(announced, type, "the descriptor of the document"));
    }
    auto l = bounds;
    l.descriptors = std::min(l.descriptors, l.copied_entries);
    auto const image = [&](auto document) {
        out.is = listed_contents::kind::image;
        out.config = std::move(document.config);
        out.layers = std::move(document.layers);
    };
    auto const index = [&](auto document) {
        out.is = listed_contents::kind::index;
        out.entries = std::move(document.manifests);
    };
    if (type == media_types::oci_index) {
        LADING_TRY(auto document, detail::decode_listed<oci_index>(root, out.warnings, l));
        index(std::move(document));
    } else if (type == media_types::docker_list) {
        LADING_TRY(auto document, detail::decode_listed<manifest_list>(root, out.warnings, l));
        index(std::move(document));
    } else if (type == media_types::oci_manifest) {
        LADING_TRY(auto document, detail::decode_listed<oci_image>(root, out.warnings, l));
        image(std::move(document));
    } else if (type == media_types::docker_manifest) {
        LADING_TRY(auto document, detail::decode_listed<schema2>(root, out.warnings, l));
        image(std::move(document));
    } else if (is_schema1_type(type)) {
        out.is = listed_contents::kind::schema1;
        LADING_TRY(auto const payload, schema1_payload<strict_json>(bytes, bounds));
        LADING_TRY(auto const inner, json_document::parse<strict_json>(payload, json));
        LADING_TRY(auto const document, detail::decode_listed<schema1>(inner.root(), out.warnings, l));
        for (auto const& layer : document.fs_layers)
            out.layers.emplace_back(std::string(media_types::docker_layer), layer.blob_sum, descriptor::unknown_size);
    } else {
        detail::look_for_descriptors(root, out, l);
    }
    LADING_TRY_V(detail::check_data(root, out));
    if (out.layers.size() + out.entries.size() > bounds.copied_entries)
        return error(errc::manifest_limit)
            .with_values("at most " + std::to_string(bounds.copied_entries) + " (limits::copied_entries)",
                         std::to_string(out.layers.size() + out.entries.size()));
    return out;
}

/// A content of this type is a layer or a config, also where an index lists it among its documents.
constexpr bool is_known_blob_type(std::string_view type) noexcept {
    return type.starts_with("application/vnd.oci.image.layer.") || type.starts_with("application/vnd.docker.image.rootfs.") ||
           type == media_types::oci_config || type == media_types::docker_config || type == media_types::oci_empty;
}

/// True for what its maker keeps elsewhere, or does not want to be handed on.
inline bool is_external(descriptor const& d) {
    return !d.urls.empty() || d.media_type.find(".nondistributable.") != std::string::npos || d.media_type == media_types::docker_layer_foreign;
}

} // namespace lading
