// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `directory_cache`: documents as files in a folder, shared by programs and by runs. POSIX.

#include "../detail/atomic_file.hpp"
#include "../policy/cache.hpp"

#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#if !defined(_WIN32)
#include "regular_file.hpp"
#endif

namespace lading {

/// Models the cache policy, contents only: a document is the file `<folder>/<algorithm>/<hex>`.
///
/// A file appears whole or not at all: it is written under a name of its own and renamed. The cache layer hashes what is
/// read, and a file that is not what its name says is removed. What is no regular file (a pipe, which would be waited for)
/// is absent. The folder is made, for its owner only, when something is stored; it grows until somebody deletes files,
/// which may be done at any time. A folder that cannot be written or read is a cache that has nothing. Thread-safe, also
/// between processes.
class directory_cache {
  public:
    /// `limit` in bytes: a larger file is taken for absent.
    explicit directory_cache(std::string folder, std::size_t limit = 4u << 20) : folder_(std::move(folder)), limit_(limit) {}

    std::optional<std::string> find(digest const& d) {
#if defined(_WIN32)
        (void)d;
#else
        auto const file = detail::regular_file::open(path_of(d).c_str());
        if (!file || file->size() > limit_) return std::nullopt;
        std::string out(static_cast<std::size_t>(file->size()), '\0');
        std::size_t size = 0;
        while (auto const n = file->read(size, out.data() + size, out.size() - size)) size += n;
        if (size == out.size()) return out;
#endif
        return std::nullopt;
    }
    void store(digest const& d, std::string_view bytes) {
#if defined(_WIN32)
        (void)d, (void)bytes;
#else
        ::mkdir(folder_.c_str(), 0700);
        ::mkdir(folder_of(d).c_str(), 0700);
        detail::atomic_file file;
        // What a crash cuts short is no answer: it is hashed when it is read. So nothing waits for the disk.
        if (file.create(path_of(d)) && file.write(std::as_bytes(std::span(bytes)))) file.commit(false);
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
