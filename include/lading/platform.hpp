// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "result.hpp"

#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Where an image runs, as a document spells it.
struct platform {
    platform() = default;
    platform(std::string o, std::string a, std::string v = {})
        : os(std::move(o)), architecture(std::move(a)), variant(std::move(v)) {}

    std::string os;
    std::string architecture;
    std::string variant;
    std::string os_version;
    std::vector<std::string> os_features;
    std::vector<std::string> features;

    friend bool operator==(platform const&, platform const&) = default;
};

} // namespace lading
