// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `referring`: a manifest as what refers to another one.

#include "../descriptor.hpp"

#include <optional>
#include <utility>

namespace lading {

/// A manifest as a referrer.
struct referring {
    explicit referring(descriptor e) : entry(std::move(e)) {}

    std::optional<descriptor> subject; ///< what it refers to
    descriptor entry;                  ///< it, as lists describe it: with its artifact type, else that of its config, and its annotations
};

} // namespace lading
