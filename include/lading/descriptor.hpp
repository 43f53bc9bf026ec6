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

/// Bytes that a document spells as base64, which is what a descriptor may carry of the blob that it names. Nobody has
/// verified them: who uses them checks size and digest first.
struct embedded_data {
    std::string bytes;
    friend bool operator==(embedded_data const&, embedded_data const&) = default;
};

/// A typed, sized, hashed pointer to bytes. Everything that is fetched is checked against one.
struct descriptor {
    static constexpr std::int64_t unknown_size = -1; ///< schema1 layers do not say their size

    descriptor(std::string type, lading::digest d, std::int64_t bytes)
        : media_type(std::move(type)), digest(std::move(d)), size(bytes) {}

    std::string media_type; ///< as written in the document
    lading::digest digest;
    std::int64_t size = 0; ///< in bytes, or `unknown_size`
    std::vector<std::string> urls;            ///< hints of other places; never followed by default
    string_map annotations;
    embedded_data data;                       ///< the blob itself; empty when absent or no base64
    std::optional<lading::platform> platform; ///< entries of an index
    std::string artifact_type;                ///< empty when absent

    friend bool operator==(descriptor const&, descriptor const&) = default;

  private:
    friend struct detail::decode_access;
    descriptor() : digest(detail::decode_access::make<lading::digest>()) {}
};

} // namespace lading
