// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `inspect_options`: what `inspect` is to find out.

#include "../descriptor.hpp"
#include "../document/schema1/schema1_rules.hpp"
#include "../platform_choice.hpp"

#include <optional>
#include <utility>

namespace lading {

/// What inspect is to find out.
struct inspect_options {
    inspect_options() = default;
    inspect_options& with_platform(platform_choice p) { return platform = std::move(p), *this; }
    inspect_options& with_tags(bool yes = true) { return tags = yes, *this; }
    /// List the tags before the manifest, and fail where that fails (as Docker 1.10 did).
    inspect_options& with_tags_first(bool yes = true) { return tags_first = yes, *this; }
    inspect_options& with_schema1(schema1_rules r) { return schema1 = r, *this; }
    /// What the document must be, beside what the reference says: its digest, size and type, as an index has them.
    inspect_options& with_expected(descriptor d) { return expected = std::move(d), *this; }

    platform_choice platform = platform_choice::host();
    bool tags = false;
    bool tags_first = false;
    schema1_rules schema1 = schema1_rules::modern; ///< `docker_1_10`: as Docker 1.10 read such documents
    std::optional<descriptor> expected;
};

} // namespace lading
