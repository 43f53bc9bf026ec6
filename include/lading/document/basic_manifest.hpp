// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `basic_manifest` and `manifest_bytes`: a fetched document, decoded and not.

#include "../descriptor.hpp"
#include "../warning.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace lading {

/// A fetched document: the bytes as received, what they are, and the decoded view.
template <class Set>
struct basic_manifest {
    /// The document is any of the set, or the variant.
    template <class Document = typename Set::variant>
        requires std::is_constructible_v<typename Set::variant, Document>
    basic_manifest(std::string b, descriptor d, Document&& v) : bytes(std::move(b)), self(std::move(d)), document(std::forward<Document>(v)) {}

    std::string bytes; ///< exactly what was received
    descriptor self;   ///< media type, digest (the requested one, else sha256) and size in bytes
    typename Set::variant document;
    std::vector<warning> warnings; ///< what was odd in the document and in the answer
};

/// A fetched document that nobody has looked into: the bytes as received, of the right size and digest.
struct manifest_bytes {
    manifest_bytes(std::string b, descriptor d) : bytes(std::move(b)), self(std::move(d)) {}

    std::string bytes;
    descriptor self; ///< the media type is what the document says, else what the answer or the index says of it, else
                     ///< application/octet-stream; the digest is the requested one, else sha256
    std::vector<warning> warnings;
};

} // namespace lading
