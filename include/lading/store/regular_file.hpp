// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `regular_file`: a file that others may have put there, opened to be read. POSIX.

#if !defined(_WIN32)

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace lading::detail {

/// A descriptor that is closed at the end. Movable.
class file_handle {
  public:
    file_handle() = default;
    explicit file_handle(int fd) noexcept : fd_(fd) {}
    file_handle(file_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    file_handle& operator=(file_handle&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
    ~file_handle() {
        if (fd_ >= 0) ::close(fd_);
    }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }

  private:
    int fd_ = -1;
};

/// Read by position, so that several readers may share it. Never a pipe, a device or a folder: opening does not wait for
/// anybody, and no read does.
class regular_file {
  public:
    /// How a file is opened that may turn out to be a pipe.
    static constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

    /// The file at a path, links followed; nothing when there is none, with the reason in `errno` (`EINVAL`: not regular).
    static std::optional<regular_file> open(char const* path) { return from(file_handle(::open(path, flags))); }
    /// Takes a handle, if it is of a regular file.
    static std::optional<regular_file> from(file_handle opened) {
        struct stat about{};
        if (!opened || ::fstat(opened.get(), &about) != 0) return std::nullopt;
        if (!S_ISREG(about.st_mode)) return errno = EINVAL, std::nullopt;
        regular_file out;
        out.size_ = static_cast<std::uint64_t>(about.st_size);
        out.id_ = {static_cast<std::uint64_t>(about.st_dev), static_cast<std::uint64_t>(about.st_ino)};
        out.handle_ = std::move(opened);
        return out;
    }

    /// In bytes, when it was opened.
    std::uint64_t size() const noexcept { return size_; }
    /// Device and inode: which file it is, whatever it is called.
    std::pair<std::uint64_t, std::uint64_t> const& id() const noexcept { return id_; }
    /// Up to `n` bytes from a position; 0 at the end and on failure.
    std::size_t read(std::uint64_t at, char* out, std::size_t n) const {
        for (;;) {
            auto const got = ::pread(handle_.get(), out, std::min<std::size_t>(n, 1u << 30), static_cast<off_t>(at));
            if (got >= 0) return static_cast<std::size_t>(got);
            if (errno != EINTR) return 0;
        }
    }

  private:
    regular_file() = default;

    file_handle handle_;
    std::uint64_t size_ = 0;
    std::pair<std::uint64_t, std::uint64_t> id_;
};

} // namespace lading::detail

#endif
