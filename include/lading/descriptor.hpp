// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `descriptor`: what a document says of another one: its type, digest and size.

#include "digest.hpp"
#include "platform.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Annotations and labels, sorted by key.
using string_map = std::map<std::string, std::string, std::less<>>;

/// A typed, sized, hashed pointer to bytes. Everything that is fetched is checked against one.
struct descriptor {
    static constexpr std::int64_t unknown_size = -1; ///< schema1 layers do not say their size

    descriptor(std::string type, lading::digest d, std::int64_t bytes)
        : media_type(std::move(type)), digest(std::move(d)), size(bytes) {}

    std::string media_type; ///< as written in the document
    lading::digest digest;
    std::int64_t size = 0; ///< in bytes, or `unknown_size`
    string_map annotations;
    std::string artifact_type;                ///< empty when absent
    std::vector<std::string> urls;            ///< hints of other places; never followed by default
    std::optional<lading::platform> platform; ///< entries of an index

    friend bool operator==(descriptor const&, descriptor const&) = default;

  private:
    friend struct detail::decode_access;
    descriptor() : digest(detail::decode_access::make<lading::digest>()) {}
};

} // namespace lading
