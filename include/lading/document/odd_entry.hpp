// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `odd_entry`: what stands in the list of an index and is no descriptor.

#include <cstddef>
#include <string>
#include <utility>

namespace lading {

/// Shown, and never chosen: without a digest that can be verified and a size there is nothing to fetch by it.
struct odd_entry {
    odd_entry(std::size_t at, std::string json, std::string reason)
        : position(at), text(std::move(json)), why(std::move(reason)) {}

    std::size_t position; ///< in the list of the document, from 0
    std::string text;     ///< the entry as one line of JSON, cut after `limits::odd_entry_bytes`
    std::string why;      ///< what keeps it from being a descriptor; one printable line
    friend bool operator==(odd_entry const&, odd_entry const&) = default;
};

} // namespace lading
