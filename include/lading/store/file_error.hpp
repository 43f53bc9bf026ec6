// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a failed call on a file or folder comes to, and `make_folders`. POSIX.

#include "../result.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#if !defined(_WIN32)

#include <sys/stat.h>

namespace lading::detail {

/// A failed call, by `errno`: `disk_full` where there is no room, `path_refused` where a link or something of another kind is
/// in the way, else `sink_failed`. `what` says what could not be done ("cannot be opened").
inline error file_error(std::string const& path, char const* what, int why = errno) {
    bool const full = why == ENOSPC || why == EDQUOT || why == EFBIG;
    bool const in_the_way = why == ELOOP || why == EMLINK || why == EISDIR || why == ENOTDIR || why == ENXIO;
    auto const code = full ? errc::disk_full : in_the_way ? errc::path_refused
                                                          : errc::sink_failed;
    return error(code).with_context(path + ' ' + what + ": " + std::strerror(why));
}

/// Makes a folder, and those that it is in, unless they are there. Errors: those of `file_error`.
inline result<void> make_folders(std::string const& path) {
    for (std::size_t end = 0; end != path.npos;) {
        end = path.find('/', end + 1);
        auto const part = path.substr(0, end);
        struct stat about{};
        if (::mkdir(part.c_str(), 0777) == 0) continue;
        auto const why = errno;
        if (::stat(part.c_str(), &about) != 0) return file_error(part, "cannot be made", why);
        if (!S_ISDIR(about.st_mode)) return file_error(part, "cannot be made", ENOTDIR);
    }
    return success();
}

} // namespace lading::detail

#endif
