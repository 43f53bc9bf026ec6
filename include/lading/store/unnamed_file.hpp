// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `unnamed_file`: room on disk that nobody else sees and that is gone with the program. POSIX.

#include "regular_file.hpp"

#include <cstdlib>
#include <span>
#include <string>

namespace lading::detail {

/// A new file without a name in `TMPDIR`, else `/var/tmp`, else `/tmp`. Nothing, with the reason in `errno`, when none can be made.
inline file_handle unnamed_file() {
    auto const* const named = std::getenv("TMPDIR");
    for (std::string const folder : {named ? named : "", "/var/tmp", "/tmp"}) {
        if (folder.empty()) continue;
#ifdef O_TMPFILE
        if (file_handle made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600)); made) return made;
#endif
        auto name = folder + "/lading-XXXXXX"; // not every file system can do it at once
        file_handle made(::mkostemp(name.data(), O_CLOEXEC));
        if (!made) continue;
        ::unlink(name.c_str());
        return made;
    }
    return {};
}

/// Writes all of it, or leaves `errno`.
inline bool write_all(file_handle const& to, std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
        auto const n = ::write(to.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

} // namespace lading::detail
