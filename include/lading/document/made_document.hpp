// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `made_document`: a document that this library has written, and that nobody has yet.

#include "../descriptor.hpp"
#include "../hash/constexpr_sha2.hpp"
#include "encode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace lading {

/// Canonical bytes (`encode`) and what leads to them.
struct made_document {
    made_document(std::string b, descriptor d) : bytes(std::move(b)), self(std::move(d)) {}

    std::string bytes;
    descriptor self;
    /// What it was made of, where it is another document edited.
    std::optional<digest> before;

    /// False when an edit left everything as it was: the bytes are the old ones.
    bool is_new() const noexcept { return before != self.digest; }
};

namespace detail {

/// The document with its descriptor. Errors: those of `encode`.
template <class Document>
result<made_document> make_document(Document const& document) {
    LADING_TRY(auto bytes, encode(document));
    descriptor self(document.media_type, constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    if constexpr (requires { document.artifact_type; }) self.artifact_type = document.artifact_type;
    return made_document(std::move(bytes), std::move(self));
}

} // namespace detail

} // namespace lading
