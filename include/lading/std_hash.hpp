// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `std::hash` of references, repositories and digests, for unordered containers. Equal values have equal hashes within one run of
/// a program; nothing else is promised.

#include "reference.hpp"

#include <cstddef>
#include <functional>

template <>
struct std::hash<lading::reference> {
    std::size_t operator()(lading::reference const& r) const { return std::hash<std::string>()(r.str()); }
};

template <>
struct std::hash<lading::repository> {
    std::size_t operator()(lading::repository const& r) const { return std::hash<std::string>()(r.str()); }
};

template <>
struct std::hash<lading::digest> {
    std::size_t operator()(lading::digest const& d) const { return std::hash<std::string>()(d.str()); }
};
