// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `atomic_file`: a file that appears under its name whole or not at all.

#include "chrono.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#if defined(_WIN32)
#include <process.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace lading::detail {

/// Written under a name of its own in the same folder, then renamed. Two writers of one path never write to one file,
/// and no link that somebody has put there is followed: not at the name of its own, which must be new, and not at the
/// path, which is replaced. What fails leaves `errno` and nothing on disk. Not synchronised; several may have one path.
class atomic_file {
  public:
    atomic_file() = default;
    atomic_file(atomic_file const&) = delete;
    atomic_file& operator=(atomic_file const&) = delete;
    ~atomic_file() { discard(); }

    /// Begins afresh.
    bool create(std::string const& path) {
        static std::atomic<unsigned long> number{0};
        discard();
        path_ = path;
        auto const now = static_cast<unsigned long long>(std::chrono::steady_clock::now().time_since_epoch().count());
        for (int tries = 0; tries < 8 && !file_; ++tries) { // a name that is taken is somebody's, whoever that is
            part_ = path + '.' + std::to_string(process()) + '.' + std::to_string(now) + '.' + std::to_string(++number) + ".part";
            file_ = open_new(part_.c_str());
            if (!file_ && errno != EEXIST) break;
        }
        return file_ != nullptr;
    }
    bool write(std::span<std::byte const> piece) {
        return file_ && std::fwrite(piece.data(), 1, piece.size(), file_) == piece.size();
    }
    /// Gives the file its name. `durable`: its bytes are on the disk before, so that no crash leaves a part of them there.
    bool commit(bool durable) {
        if (!file_) return errno = EBADF, false;
        bool good = std::fflush(file_) == 0;
#if !defined(_WIN32)
        good = good && (!durable || ::fsync(::fileno(file_)) == 0 || errno == EINVAL); // EINVAL: not on this file system
#else
        (void)durable;
#endif
        auto why = errno;
        if (std::fclose(std::exchange(file_, nullptr)) != 0 && good) good = false, why = errno;
        if (good && std::rename(part_.c_str(), path_.c_str()) == 0) return true;
        if (good) why = errno;
        std::remove(part_.c_str());
        errno = why;
        return false;
    }
    void discard() noexcept {
        if (!file_) return;
        std::fclose(std::exchange(file_, nullptr));
        std::remove(part_.c_str());
    }

    /// The name that the bytes are under until `commit`.
    std::string const& part() const noexcept { return part_; }

  private:
#if defined(_WIN32)
    static int process() { return ::_getpid(); }
    static std::FILE* open_new(char const* name) { return std::fopen(name, "wbx"); }
#else
    static long process() { return static_cast<long>(::getpid()); }
    static std::FILE* open_new(char const* name) {
        int const fd = ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0) return nullptr;
        auto* const file = ::fdopen(fd, "wb");
        if (!file) ::close(fd), std::remove(name);
        return file;
    }
#endif

    std::string path_, part_;
    std::FILE* file_ = nullptr;
};

} // namespace lading::detail
