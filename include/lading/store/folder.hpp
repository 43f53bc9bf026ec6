// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Lists a folder, bounded. POSIX; `<filesystem>` would cost every unit two and a half times an empty one.

#include "../result.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#if !defined(_WIN32)
#include <dirent.h>
#endif

namespace lading::detail {

/// The names in a folder, sorted; nothing when there is no such folder. Errors: `code` with the path, for a folder that
/// cannot be read or has more than 4096 entries.
inline result<std::optional<std::vector<std::string>>> list_folder(std::string const& path, errc code) {
#if defined(_WIN32)
    return error(code).with_context(path + ": folders are read on POSIX systems only");
#else
    errno = 0;
    std::unique_ptr<DIR, int (*)(DIR*)> const folder(::opendir(path.c_str()), &::closedir);
    if (!folder) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::vector<std::string>>();
        return error(code).with_context(path + ": " + std::strerror(errno));
    }
    std::vector<std::string> out;
    while (auto const* entry = ::readdir(folder.get())) {
        out.emplace_back(entry->d_name);
        if (out.size() > 4096) return error(code).with_context(path).with_values("at most 4096 files", "more");
    }
    std::sort(out.begin(), out.end());
    return std::optional(std::move(out));
#endif
}

} // namespace lading::detail
