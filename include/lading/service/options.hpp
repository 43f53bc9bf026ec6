// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `service::options`: how a registry answers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lading::service {

/// Whether a registry keeps what it is sent.
enum class writes : unsigned char { refused,
                                    taken };

/// Whose manners it has where the distribution spec leaves a choice, or is not followed.
enum class personality : unsigned char {
    spec,        ///< the OCI distribution spec 1.1, whole: referrers, one-request uploads, removal of tags, pages
    registry_2_8 ///< docker-registry 2.8, row by row
};

/// What some registries do otherwise, each for itself. A value; all are off.
struct quirks {
    bool repositories_first = false;     ///< nothing is pushed to a repository that is not there: 404 NAME_UNKNOWN
    int chunk_status = 202;              ///< of a chunk that was taken
    std::size_t least_chunk = 0;         ///< bytes; said as `OCI-Chunk-Min-Length`, and a smaller one is refused with 416
    std::size_t most_chunk = 0;          ///< bytes of a PATCH; a larger one is refused with 416 and a text; 0: any number
    std::size_t most_body = 0;           ///< bytes of any request; a larger one is refused with 413 and a page; 0: any number
    std::size_t most_chunks = SIZE_MAX;  ///< PATCH requests of a session; 0: chunks are not taken
    bool first_range_for_ever = false;   ///< `Range` tells of the first chunk only
    bool range_below_zero = false;       ///< `Range` of an empty session is "0--1"
    bool wants_length = false;           ///< bodies without `Content-Length` are refused with 411
    bool wants_media_type = false;       ///< an OCI manifest without `mediaType` is refused: UNSUPPORTED
    bool plain_places = false;           ///< the places of sessions are said with http, whatever was asked
    bool short_session_path = false;     ///< sessions are at /v2/NAME/blobs/upload/ID
    std::string sessions_at;             ///< the path that places of sessions begin with, as "/uploads/"; empty: the usual one
    int mount_status = 0;                ///< that mounts are refused with
    bool mount_needs_from = false;       ///< a mount that does not say from where is refused with 400
    std::vector<std::string> types;      ///< that manifests, configs and layers may have; others are refused with 415; empty: any
    bool hides_absence = false;          ///< HEAD of a manifest that is not there is 403
    bool keeps_sessions = false;         ///< a session cannot be ended: 403
    bool ends_are_unknown = false;       ///< the request that ends an upload is 404 BLOB_UPLOAD_UNKNOWN, and the blob is there
    bool last_scope_only = false;        ///< a token is good for the last of the scopes that it was asked for with
    bool fixed_tags = false;             ///< a tag leads to one manifest for ever: 409
};

/// A value. Every setter returns the object.
struct options {
    options() = default;

    options& with_personality(personality p) { return like = p, *this; }
    options& with_writes(writes w = writes::taken) { return writing = w, *this; }
    /// Manifests, tags and blobs may be removed.
    options& with_removal(bool on = true) { return removal = on, *this; }
    /// At most so many entries a page; 0: as many as are asked for.
    options& with_page(std::size_t entries) { return page = entries, *this; }
    /// The places of uploads are said without their origin; `registry_2_8` says it unless told, `spec` does not.
    options& with_relative_places(bool on = true) { return relative = on ? 1 : 0, *this; }
    /// Whether the lists of `registry_2_8` have pages, too.
    options& with_tag_pages(bool on = true) { return tag_pages = on, *this; }
    options& with_quirks(quirks q) { return odd = std::move(q), *this; }

    bool is_2_8() const noexcept { return like == personality::registry_2_8; }
    bool says_origin() const noexcept { return relative < 0 ? is_2_8() : relative == 0; }
    bool has_tag_pages() const noexcept { return tag_pages || !is_2_8(); }

    personality like = personality::spec;
    writes writing = writes::refused;
    bool removal = false;
    bool checks_manifests = true; ///< a manifest is of a known form, and what it lists is there
    std::size_t page = 0;
    std::size_t manifest_bytes = 4u << 20; ///< the largest manifest
    int relative = -1;
    bool tag_pages = false;
    quirks odd;
};

} // namespace lading::service
