// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Names of files in an image on disk, as text.

#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

/// The path without empty parts, `.` and `..` ("./a/../b" is "b"); nothing for one that leads out of where it begins, an
/// absolute one or an empty one.
inline std::optional<std::string> path_inside(std::string_view path) {
    if (path.starts_with('/') || path.find('\0') != path.npos) return std::nullopt;
    std::string out;
    while (!path.empty()) {
        auto const part = path.substr(0, path.find('/'));
        path.remove_prefix(part.size() == path.size() ? part.size() : part.size() + 1);
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            if (!out.empty()) out += '/';
            out += part;
        } else if (out.empty()) {
            return std::nullopt;
        } else {
            auto const up = out.rfind('/');
            out.erase(up == out.npos ? 0 : up);
        }
    }
    return out.empty() ? std::nullopt : std::optional(std::move(out));
}

/// What a symbolic link of this name, to `target`, stands for: relative to the folder it is in.
inline std::optional<std::string> link_inside(std::string_view name, std::string_view target) {
    if (target.starts_with('/')) return std::nullopt;
    auto const slash = name.rfind('/');
    return path_inside(std::string(name.substr(0, slash == name.npos ? 0 : slash + 1)).append(target));
}

} // namespace lading::detail
