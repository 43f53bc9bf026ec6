// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Reads configuration files: whole, bounded, and a missing one is not an error.

#include "../result.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace lading::detail {

/// The bytes of a file, or nothing when there is none. Errors: `code` with the path and the reason, for a file that
/// cannot be read or is larger than `limit` bytes.
inline result<std::optional<std::string>> read_file(std::string const& path, errc code, std::size_t limit = 1u << 20) {
    errno = 0;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
        return error(code).with_context(path + ": " + std::strerror(errno));
    }
    std::string out;
    char piece[4096];
    while (auto const n = std::fread(piece, 1, sizeof piece, file.get())) {
        out.append(piece, n);
        if (out.size() > limit)
            return error(code).with_context(path).with_values("at most " + std::to_string(limit) + " bytes", "more");
    }
    if (std::ferror(file.get())) return error(code).with_context(path + ": cannot be read");
    return std::optional(std::move(out));
}

} // namespace lading::detail
