// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `config_document`: a verified image config, decoded and as exact bytes.

#include "../descriptor.hpp"
#include "config.hpp"

#include <string>
#include <utility>

namespace lading {

/// A verified image config.
struct config_document {
    config_document(std::string b, descriptor d, image_config c)
        : bytes(std::move(b)), self(std::move(d)), value(std::move(c)) {}
    std::string bytes;  ///< the exact blob; for schema1 the converted config
    descriptor self;    ///< for schema1 the manifest it was converted from
    image_config value;
};

} // namespace lading
