// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Removes a folder. POSIX.

#include "regular_file.hpp"

#include <dirent.h>

#include <memory>
#include <string_view>

namespace lading::detail {

inline bool all_names(std::string_view) noexcept { return true; }

/// Removes what is in an open folder, if `which` of its name: links themselves, not what they lead to. False when something of that
/// stays, with the reason in `errno`.
template <class Which = bool (*)(std::string_view) noexcept>
bool empty_folder(int folder, Which const& which = all_names, int depth = 16) noexcept {
    // A handle of its own: closedir closes what it reads from, and two that read would share a place.
    std::unique_ptr<DIR, int (*)(DIR*)> const list(::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
    if (!list || depth == 0) return false;
    bool good = true;
    while (auto const* const entry = ::readdir(list.get())) {
        std::string_view const name = entry->d_name;
        if (name == "." || name == ".." || !which(name) || ::unlinkat(folder, entry->d_name, 0) == 0) continue;
        file_handle const inner(::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        good = inner && empty_folder(inner.get(), all_names, depth - 1) && ::unlinkat(folder, entry->d_name, AT_REMOVEDIR) == 0 && good;
    }
    return good;
}
/// Removes a folder and what is in it; not one that a link leads to.
inline bool remove_folder(char const* path) noexcept {
    file_handle const folder(::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return folder && empty_folder(folder.get()) && ::rmdir(path) == 0;
}

} // namespace lading::detail
