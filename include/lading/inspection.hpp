// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `inspection`: the record that the main job returns (doc/protocol.md#output). Every byte it was made from has been
/// verified.

#include "descriptor.hpp"
#include "document/config.hpp"
#include "document/odd_entry.hpp"
#include "error.hpp"
#include "reference.hpp"
#include "warning.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What the top-level document is.
enum class image_kind : std::uint8_t {
    image,    ///< schema2 or OCI image
    index,    ///< OCI index or Docker manifest list
    artifact, ///< an OCI image manifest whose config is not an image config
    schema1,
    v1,     ///< the image JSON of a v1 registry, which has no manifests and no digests
    unknown ///< a document of a type the manifest set does not know
};

constexpr std::string_view name_of(image_kind k) noexcept {
    switch (k) {
    case image_kind::image: return "image";
    case image_kind::index: return "index";
    case image_kind::artifact: return "artifact";
    case image_kind::schema1: return "schema1";
    case image_kind::v1: return "v1";
    case image_kind::unknown: break;
    }
    return "unknown";
}

/// One layer, and how it was made.
struct layer {
    explicit layer(descriptor d) : blob(std::move(d)) {}
    descriptor blob;                      ///< size is `descriptor::unknown_size` for schema1
    std::optional<history_entry> history; ///< the entry that made it, when the counts of the config agree
};

/// What became of the tag list.
enum class tags_state : std::uint8_t {
    not_requested,
    complete,
    truncated, ///< at a limit, or because of a failure after some had come: see `why`
    refused,   ///< the registry will not list them: see `why`
    failed     ///< it could not be listed for another reason: see `why`
};

constexpr std::string_view name_of(tags_state s) noexcept {
    switch (s) {
    case tags_state::not_requested: return "not_requested";
    case tags_state::complete: return "complete";
    case tags_state::truncated: return "truncated";
    case tags_state::refused: return "refused";
    case tags_state::failed: break;
    }
    return "failed";
}

/// The tags of a repository, in the server's order.
struct tag_list {
    tags_state state = tags_state::not_requested;
    std::vector<std::string> values;
    std::string why;              ///< why they are not all here, in words
    std::optional<error> failure; ///< the same for programs; none at `limits::tags` and `limits::tags_bytes`
};

/// The record. Optional parts are absent where the kind has none: an artifact has no `image`, an image no `platforms`.
struct inspection {
    inspection(lading::reference requested_, descriptor resolved_)
        : requested(requested_), resolved(std::move(resolved_)) {}

    /// What it is called when it is printed: its repository; of an image on disk `source`, where the caller has put its place there.
    std::string name() const { return source.empty() || source.find("://") != source.npos ? requested.repository().str() : source; }

    lading::reference requested; ///< repository, tag and digest as asked
    image_kind kind = image_kind::unknown;

    descriptor resolved;              ///< the top-level document; the digest is the requested one when there was one
                                      ///< (of v1 the image JSON: its digest is ours, no registry knows it)
    std::optional<descriptor> chosen; ///< the child of an index that the rest of the record describes
    std::string manifest_bytes;       ///< the exact bytes of the top-level document
    std::string chosen_bytes;         ///< the exact bytes of the chosen child; empty when there is none

    std::string platform_wanted;         ///< the choice that was asked for, "host (linux/amd64)"; empty for no index
    std::vector<descriptor> platforms;   ///< every image or index that an index offers
    std::vector<odd_entry> odd_entries;  ///< what an index lists and is no descriptor
    std::vector<descriptor> attestations; ///< entries for unknown/unknown; their subject is in the annotations

    std::optional<descriptor> config;
    std::string config_bytes;          ///< the exact config blob; for schema1 and v1 the converted config
    std::optional<image_config> image; ///< decoded config; absent for artifacts and unknown documents

    std::vector<layer> layers; ///< base first
    std::vector<history_entry> history; ///< base first, empty layers included
    std::int64_t total_size = 0; ///< of the layers in bytes; `descriptor::unknown_size` when one is unknown

    string_map annotations; ///< of the document that was chosen, or of the top level
    std::optional<descriptor> subject;
    std::string artifact_type;
    std::string embedded_tag; ///< the tag inside a schema1 manifest

    tag_list tags;
    std::vector<warning> warnings;       ///< what was odd, in the order it was met
    std::string source; ///< the origin that served the top-level document, "https://mirror.example:443"; empty: a cache. Of an
                        ///< image on disk whatever the caller puts there
};

} // namespace lading
