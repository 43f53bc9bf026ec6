// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `directory_cache`: documents as files in a folder, shared by programs and by runs. POSIX.

#include "../policy/cache.hpp"
#include "read_file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#if !defined(_WIN32)
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace lading {

/// Models the cache policy, contents only: a document is the file `<folder>/<algorithm>/<hex>`.
///
/// A file appears whole or not at all: it is written under a name of its own and renamed. The cache layer hashes what is
/// read, and a file that is not what its name says is removed. The folder is made, for its owner only, when something is
/// stored; it grows until somebody deletes files, which may be done at any time. A folder that cannot be written or read
/// is a cache that has nothing. Thread-safe, also between processes.
class directory_cache {
  public:
    /// `limit` in bytes: a larger file is taken for absent.
    explicit directory_cache(std::string folder, std::size_t limit = 4u << 20) : folder_(std::move(folder)), limit_(limit) {}

    std::optional<std::string> find(digest const& d) {
        auto bytes = detail::read_file(path_of(d), errc::config_invalid, limit_);
        return bytes ? std::move(bytes).assume_value() : std::nullopt;
    }
    void store(digest const& d, std::string_view bytes) {
#if defined(_WIN32)
        (void)d, (void)bytes;
#else
        static std::atomic<unsigned long> number{0};
        ::mkdir(folder_.c_str(), 0700);
        ::mkdir(folder_of(d).c_str(), 0700);
        auto const path = path_of(d);
        auto const part = path + '.' + std::to_string(::getpid()) + '.' + std::to_string(++number) + ".part";
        auto* const file = std::fopen(part.c_str(), "wbx"); // follows no link that somebody may have put there
        if (!file) return;
        bool const written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
        bool const closed = std::fclose(file) == 0;
        if (!written || !closed || std::rename(part.c_str(), path.c_str()) != 0) std::remove(part.c_str());
#endif
    }
    void drop(digest const& d) { std::remove(path_of(d).c_str()); }

    std::string const& folder() const noexcept { return folder_; }

  private:
    std::string folder_of(digest const& d) const { return folder_ + '/' + std::string(name_of(d.algorithm())); }
    std::string path_of(digest const& d) const { return folder_of(d) + '/' + d.hex(); }

    std::string folder_;
    std::size_t limit_;
};

} // namespace lading
