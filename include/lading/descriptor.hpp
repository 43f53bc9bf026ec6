// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `descriptor`: what a document says of another one: its type, digest and size.

#include "digest.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Annotations and labels, sorted by key.
using string_map = std::map<std::string, std::string, std::less<>>;

struct descriptor {
    static constexpr std::int64_t unknown_size = -1; ///< schema1 layers do not say their size

    descriptor(std::string type, lading::digest d, std::int64_t bytes)
        : media_type(std::move(type)), digest(std::move(d)), size(bytes) {}

    std::string media_type; ///< as written in the document
    lading::digest digest;
    std::int64_t size; ///< in bytes, or `unknown_size`
    string_map annotations;
    std::string artifact_type;     ///< empty when absent
    std::vector<std::string> urls; ///< hints of other places; never followed by default

    friend bool operator==(descriptor const&, descriptor const&) = default;
};

} // namespace lading
