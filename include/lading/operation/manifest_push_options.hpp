// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `manifest_push_options` and `pushed_manifest`: how a manifest is put, and what came of it.

#include "../descriptor.hpp"
#include "../document/referring.hpp"
#include "../warning.hpp"
#include "referrers_options.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// How a manifest is put. Every setter returns the object.
struct manifest_push_options {
    manifest_push_options() = default;

    /// One more tag for it.
    manifest_push_options& with_tag(std::string tag) { return tags.push_back(std::move(tag)), *this; }
    /// Its type, where its bytes do not tell.
    manifest_push_options& with_media_type(std::string type) { return media_type = std::move(type), *this; }
    /// Ask first what the tag leads to; nothing is put where that is these bytes already.
    manifest_push_options& with_skip_unchanged(bool yes = true) { return skip_unchanged = yes, *this; }
    /// `tag_exists` where the tag leads elsewhere. Another client may be faster: most registries do not hold anybody to it.
    manifest_push_options& with_no_clobber(bool yes = true) { return no_clobber = yes, *this; }
    /// Ask afterwards whether the tag leads to it.
    manifest_push_options& with_verification(bool yes = true) { return verify = yes, *this; }
    /// Off: where it has a subject, and the registry does not list its referrers itself, the caller sees to their list: `change_referrers`, with
    /// `pushed_manifest::referrer`. So many referrers of one subject are listed at once.
    manifest_push_options& with_listing(bool on) { return listing = on, *this; }
    /// How often what may pass is tried, the first time included; else as `client_options::with_retry` says.
    manifest_push_options& with_tries(unsigned n) { return tries = n, *this; }

    std::vector<std::string> tags;
    std::string media_type;
    bool skip_unchanged = false;
    bool no_clobber = false;
    bool verify = false;
    bool listing = true;
    unsigned tries = 0; ///< 0: those of `retry_rules`
};

/// A manifest that is in the repository.
struct pushed_manifest {
    explicit pushed_manifest(descriptor d) : self(std::move(d)) {}
    descriptor self;
    std::vector<std::string> names; ///< tags that lead to it, or its digest
    bool existed = false;           ///< a name led to it already, and was not put
    std::optional<digest> subject;  ///< that the registry has taken note of (`OCI-Subject`)
    std::optional<lading::referring> referrer; ///< what it is in the list of its subject's referrers; nothing where it has no subject
    referrers_listing listing = referrers_listing::none; ///< how that list stands
    std::vector<warning> warnings;
};

} // namespace lading
