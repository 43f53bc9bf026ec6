// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What was odd, and was read all the same: `warning_code`, `warning`.

#include "config.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

// One row a code: name, sentence. The sentence is the documentation of the enumerator.
#define LADING_WARNING_TABLE(X)                                                                               \
    X(tags_not_listed, "the tags cannot be listed")                                                           \
    X(tags_truncated, "the tag list is not complete")                                                         \
    X(digest_header_differs, "the registry announces a digest that the bytes do not have")                    \
    X(body_was_encoded, "the response was gzip-encoded although identity was requested")                      \
    X(platform_differs, "the image is not for the requested platform")                                        \
    X(missing_layers, "the image has no list of layers; it is treated as empty")                              \
    X(missing_manifests, "the index has no list of manifests; it is treated as empty")                        \
    X(missing_list, "a document lacks a list; it is treated as empty")                                        \
    X(odd_entries, "some entries of the index are not descriptors or lack a platform; they are never chosen") \
    X(content_type_ignored, "the Content-Type of the response is ignored")                                    \
    X(media_type_assumed, "the document does not state its type; the index or the Content-Type decides")      \
    X(document_unreadable, "the document cannot be decoded as its type; its bytes are intact")                \
    X(missing_rootfs, "the image config has no rootfs")                                                       \
    X(history_mismatch, "the history of the config does not match the number of layers")                      \
    X(schema1_tag_differs, "the schema1 manifest names another tag")                                          \
    X(schema1_architecture_differs, "the schema1 manifest and its history name different architectures")      \
    X(login_unavailable, "a configured login could not be obtained")                                          \
    X(v1_endpoint_skipped, "an endpoint that a v1 index names was not used")                                  \
    X(v1_no_digest, "a v1 registry has no digests")                                                           \
    X(certificate_skipped, "a certificate file cannot be read")                                               \
    X(config_key_unknown, "a configuration file has an unknown key")                                          \
    X(upload_location_rewritten, "the registry sends an upload to another scheme or port of its own host")    \
    X(upload_range_ignored, "what the registry says it has of an upload cannot be read")                      \
    X(registry_warning, "the registry warns")                                                                 \
    X(referrers_ignored, "what should list the referrers is no such list; it is ignored")                     \
    X(referrer_dropped, "a manifest that is listed as a referrer is none, or is not there")                   \
    X(subject_differs, "the registry has taken note of another subject than the manifest has")                \
    X(name_completed, "the image has a longer name than it was asked for by")                                 \
    X(config_name_differs, "an archive calls a config by another name than its digest")

/// Every remark in a record has one of these codes. A code keeps its name and its meaning from version to version.
enum class warning_code : std::uint8_t {
#define X(name, text) name,
    LADING_WARNING_TABLE(X)
#undef X
};

/// The name of a code as it is spelled in the program and in JSON ("missing_rootfs").
constexpr std::string_view name_of(warning_code code) noexcept {
    switch (code) {
#define X(name, text) \
    case warning_code::name: return #name;
        LADING_WARNING_TABLE(X)
#undef X
    }
    return "unknown";
}

/// The sentence of a code.
constexpr std::string_view sentence_of(warning_code code) noexcept {
    switch (code) {
#define X(name, text) \
    case warning_code::name: return text;
        LADING_WARNING_TABLE(X)
#undef X
    }
    return "unknown";
}

/// Something odd that did not keep a document from being read, or a part of the answer from being given.
struct warning {
    warning(warning_code c, std::string t) : code(c), text(std::move(t)) {}
    warning_code code;
    std::string text; ///< one printable line for people
    friend bool operator==(warning const&, warning const&) = default;
};

} // namespace lading
