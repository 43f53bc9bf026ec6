// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `referrers_options` and `referrer_list`: which of the manifests that refer to another one are asked for, and which there are.
/// `referrers_change`: how the list of a registry changes that does not make one itself.

#include "../descriptor.hpp"
#include "../error.hpp"
#include "../warning.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Which referrers. Every setter returns the object.
struct referrers_options {
    referrers_options() = default;

    /// Only those of this artifact type.
    referrers_options& with_artifact_type(std::string type) { return artifact_type = std::move(type), *this; }
    /// Get each of them, and keep those that do refer to the subject: a list is only a claim. What is said of them is then what their own
    /// bytes say. One request more for each.
    referrers_options& with_verification(bool yes = true) { return verify = yes, *this; }
    /// Get those of which the list does not say the artifact type; the type of their config stands in for one that they do not have.
    referrers_options& with_missing_types(bool yes = true) { return missing_types = yes, *this; }

    std::string artifact_type;
    bool verify = false;
    bool missing_types = false;
};

/// Who has listed the referrers of a subject.
enum class referrers_by : std::uint8_t {
    api, ///< the registry (`/v2/<name>/referrers/<digest>`)
    tag  ///< those who pushed them, in an index with the tag `sha256-<hex>` ("referrers tag schema")
};

/// What refers to a manifest.
struct referrer_list {
    explicit referrer_list(digest s) : subject(std::move(s)) {}

    digest subject;
    std::vector<descriptor> values; ///< each once, in the registry's order, with artifact type and annotations as they are listed
    referrers_by by = referrers_by::api;
    std::optional<descriptor> index; ///< by tag: the one that was read; nothing where the tag leads to none
    std::vector<digest> unrelated;   ///< listed, and known not to refer to the subject: by verification alone
    bool complete = true;
    std::optional<error> failure;   ///< why it is not
    std::vector<warning> warnings;
};

/// What is to be added to the list of a subject's referrers, and taken from it.
struct referrers_change {
    explicit referrers_change(digest s) : subject(std::move(s)) {}
    referrers_change& with_added(descriptor d) { return added.push_back(std::move(d)), *this; }
    referrers_change& with_removed(digest d) { return removed.push_back(std::move(d)), *this; }

    digest subject;
    std::vector<descriptor> added; ///< with artifact type and annotations: see `referring_of`
    std::vector<digest> removed;
};

/// How the list stands after a change.
enum class referrers_listing : std::uint8_t {
    none,       ///< there is nothing to list
    registry,   ///< the registry has a list of its own
    as_it_was,  ///< the tag had all of it already
    changed,    ///< the tag leads to a changed index
    removed,    ///< the list is empty, and the tag has been removed
    left        ///< it has not been changed, as the caller wished
};

} // namespace lading
