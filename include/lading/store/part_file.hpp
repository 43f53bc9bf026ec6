// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `part_file`: a file under way to its name, that a later run can go on with. POSIX.

#include "../result.hpp"
#include "blob_sink.hpp"
#include "file_error.hpp"
#include "regular_file.hpp"

#if !defined(_WIN32)

#include <sys/file.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// What is on the disk before a file has its name.
enum class durability : std::uint8_t {
    none, ///< nothing is waited for: when the machine fails, less than was verified may be under the name
    file, ///< the bytes
    full  ///< the bytes, and then the name itself
};

namespace detail {

/// What is at a path, links not followed; `folder`, which errors call `where`, is what a relative one begins at. Error: `path_refused` when it
/// is no regular file, and nobody may put one there.
inline result<bool> has_regular_file(std::string const& path, int folder = AT_FDCWD, std::string const& where = {}) {
    struct stat about{};
    if (::fstatat(folder, path.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) return false; // what is wrong with the path shows when it is used
    if (S_ISREG(about.st_mode)) return true;
    return error(errc::path_refused)
        .with_context(where + path + (S_ISDIR(about.st_mode) ? " is a directory" : S_ISLNK(about.st_mode) ? " is a link"
                                                                                                          : " is no regular file"));
}

/// The permissions of a file that a program makes, as its user wants them.
inline ::mode_t usual_mode() {
    if (std::FILE* const status = std::fopen("/proc/self/status", "re")) { // asking the system changes it, for all threads
        unsigned mask = 0;
        bool found = false;
        for (char line[256]; !found && std::fgets(line, sizeof line, status);) found = std::sscanf(line, "Umask: %o", &mask) == 1;
        std::fclose(status);
        if (found) return 0666 & ~static_cast<::mode_t>(mask);
    }
    auto const mask = ::umask(077);
    ::umask(mask);
    return 0666 & ~mask;
}

/// A part is a regular file of this user with one name, is locked while it is open, and belongs to its owner only (0600). What
/// somebody else has put in its place (a link, a pipe, a folder) is `path_refused`, and nothing is read or written through it.
///
/// The steps: `open`; `resume` or `restart`; `write` in order; one of `commit`, `suspend` and `discard`. Errors of all:
/// `disk_full`, `sink_failed`, with the path and the system's reason. Its bytes are trusted by nobody: `resume` reads them so
/// that they can be hashed. Destroyed in between, it leaves the part as it is, as a killed program does.
///
/// Threads: one at a time. Two of one path, in one process or two, never write to one file: the second is `part_in_use`.
class part_file {
  public:
    /// What is less, in bytes, is not kept by `suspend`: it is sooner fetched again.
    static constexpr std::uint64_t worth_keeping = 64u << 10;

    part_file() = default;
    part_file(part_file const&) = delete;
    part_file& operator=(part_file const&) = delete;

    /// Opens or makes the part, and locks it. A relative path, and the name that `commit` is given, begin at `folder`, which must
    /// stay open, and which errors call `where`. Errors: `path_refused`, `part_in_use`.
    result<void> open(std::string part, int folder = AT_FDCWD, std::string where = {}) {
        path_ = std::move(part);
        folder_ = folder;
        where_ = std::move(where);
        at_ = 0;
        size_ = -1;
        for (int tries = 0; tries < 100; ++tries) {
            file_handle opened(::openat(folder_, path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
            if (!opened) {
                auto failure = file_error(where_ + path_, "cannot be opened");
                LADING_TRY_V(has_regular_file(path_, folder_, where_));
                return failure;
            }
            struct stat about{}, named{};
            if (::fstat(opened.get(), &about) != 0) return file_error(where_ + path_, "cannot be looked at");
            if (!S_ISREG(about.st_mode)) return refused(" is no regular file");
            if (about.st_uid != ::geteuid()) return refused(" is another user's");
            if (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
                if (errno == EINTR) continue;
                if (errno == EWOULDBLOCK) return error(errc::part_in_use).with_context(where_ + path_);
                return file_error(where_ + path_, "cannot be locked");
            }
            // Who had the lock before may have given this file its name, or removed it: then it is no part any more.
            if (::fstatat(folder_, path_.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 || named.st_ino != about.st_ino || named.st_dev != about.st_dev) continue;
            if (named.st_nlink != 1) return refused(" has a second name");
            ::fchmod(opened.get(), 0600);
            file_ = std::move(opened);
            return success();
        }
        return error(errc::part_in_use).with_context(where_ + path_);
    }
    bool is_open() const noexcept { return static_cast<bool>(file_); }
    /// The bytes that it has now, which `resume` would read.
    std::uint64_t held() const noexcept {
        struct stat about{};
        return file_ && ::fstat(file_.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
    }

    /// Calls `each` with the bytes that are there, in order; their number. `size` is what the whole will have, -1 if nobody knows.
    /// What is longer is emptied, and so are bytes that have no room on the disk where no size bounds them: they are nobody's
    /// (`truncate` makes any number of them). Room for the whole is reserved: `disk_full` when there is none.
    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) {
        size_ = size;
        auto const there = held();
        if (size < 0 ? there > room() : there > static_cast<std::uint64_t>(size)) return empty();
        constexpr std::size_t piece = 128u << 10;
        auto const buffer = std::make_unique<std::byte[]>(static_cast<std::size_t>(std::min<std::uint64_t>(there, piece)));
        for (at_ = 0; at_ < there;) {
            auto const n = ::pread(file_.get(), buffer.get(), static_cast<std::size_t>(std::min<std::uint64_t>(there - at_, piece)),
                                   static_cast<off_t>(at_));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return file_error(where_ + path_, "cannot be read");
            if (n == 0) break;
            at_ += static_cast<std::uint64_t>(n);
            if (!each({buffer.get(), static_cast<std::size_t>(n)})) return error(errc::cancelled);
        }
        LADING_TRY_V(reserve());
        return at_;
    }
    /// Empties it.
    result<void> restart() {
        if (at_ == 0 && held() == 0) return success();
        LADING_TRY_V(empty());
        return success();
    }
    result<void> write(std::span<std::byte const> piece) {
        while (!piece.empty()) {
            auto const n = ::pwrite(file_.get(), piece.data(), piece.size(), static_cast<off_t>(at_));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return no_room_or(file_error(where_ + path_, "cannot be written"));
            at_ += static_cast<std::uint64_t>(n);
            piece = piece.subspan(static_cast<std::size_t>(n));
        }
        return success();
    }
    /// How many bytes it has.
    std::uint64_t at() const noexcept { return at_; }
    /// Writes over bytes that it has.
    result<void> rewrite(std::uint64_t at, std::span<std::byte const> piece) {
        auto const end = std::exchange(at_, at);
        auto done = write(piece);
        at_ = end;
        return done;
    }
    /// Forgets the bytes from `at` on.
    result<void> cut(std::uint64_t at) {
        if (::ftruncate(file_.get(), static_cast<off_t>(at)) != 0) return file_error(where_ + path_, "cannot be cut");
        at_ = at;
        return success();
    }

    /// Gives it its name, in the same folder or at least on the same file system; what has that name is replaced, or with `keep`
    /// left: `file_exists`. A link or a folder of that name is `path_refused`. What fails leaves the part, or the file under its name.
    result<void> commit(std::string const& name, durability how, ::mode_t mode, bool keep = false) {
        auto named = give_name(name, how, mode, keep);
        if (!named) suspend();
        return named;
    }
    /// Leaves the part for a later run, if it is worth it.
    void suspend() noexcept {
        if (!file_) return;
        if (at_ < worth_keeping) return discard();
        if (size_ >= 0 && ::ftruncate(file_.get(), static_cast<off_t>(at_)) != 0) errno = 0; // frees what was reserved, or does not
        file_ = {};
    }
    /// Leaves it as it is.
    void leave() noexcept { file_ = {}; }
    void discard() noexcept {
        if (!file_) return;
        ::unlinkat(folder_, path_.c_str(), 0); // before the lock is gone
        file_ = {};
    }

  private:
    error refused(char const* why) const { return error(errc::path_refused).with_context(where_ + path_ + why); }
    error no_room_or(error e) const {
        if (e != errc::disk_full || size_ < 0) return e;
        return std::move(e).with_values("room for " + std::to_string(static_cast<std::uint64_t>(size_) - at_) + " bytes more", "less");
    }
    /// What it takes on the disk, in bytes.
    std::uint64_t room() const noexcept {
        struct stat about{};
        return ::fstat(file_.get(), &about) == 0 ? static_cast<std::uint64_t>(about.st_blocks) * 512 : 0;
    }
    result<std::uint64_t> empty() {
        at_ = 0;
        if (::ftruncate(file_.get(), 0) != 0) return file_error(where_ + path_, "cannot be emptied");
        LADING_TRY_V(reserve());
        return at_;
    }

    /// Room for the bytes to come, where that can be had at once; the file does not get longer by it, so that its length stays the
    /// number of its bytes. More than the disk has free is refused when it is much, and else tried.
    result<void> reserve() {
#if defined(FALLOC_FL_KEEP_SIZE)
        constexpr std::int64_t worth_it = 1 << 20, much = 1 << 30;
        struct statvfs disk{};
        if (size_ <= worth_it || ::fstatvfs(file_.get(), &disk) != 0 || disk.f_frsize == 0) return success();
        auto const has = std::max<std::int64_t>(static_cast<std::int64_t>(at_), static_cast<std::int64_t>(room()));
        if (has >= size_) return success();
        if (static_cast<std::uint64_t>(size_ - has) / disk.f_frsize >= disk.f_bavail) {
            if (size_ <= much) return success();
            return error(errc::disk_full)
                .with_context(where_ + path_)
                .with_values("room for " + std::to_string(size_ - has) + " bytes more",
                             std::to_string(disk.f_bavail) + " blocks of " + std::to_string(disk.f_frsize) + " bytes");
        }
        if (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_)) == 0) return success();
        if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) return no_room_or(file_error(where_ + path_, "cannot be made so large"));
#endif
        return success(); // not on this file system
    }

    result<void> give_name(std::string const& name, durability how, ::mode_t mode, bool keep) {
        ::fchmod(file_.get(), mode);
        if (how != durability::none && ::fsync(file_.get()) != 0 && errno != EINVAL) // EINVAL: not on this file system
            return no_room_or(file_error(where_ + path_, "cannot be written"));
        LADING_TRY(bool const there, has_regular_file(name, folder_, where_));
        if (there && keep) return error(errc::file_exists).with_context(where_ + name);
        if (keep ? !rename_to_new(name) : ::renameat(folder_, path_.c_str(), folder_, name.c_str()) != 0) {
            if (keep && errno == EEXIST) return error(errc::file_exists).with_context(where_ + name);
            return file_error(where_ + name, "cannot be given to what was written");
        }
        file_ = {}; // whatever has the name of the part from now on is another's
        if (how != durability::full) return success();
        auto const slash = name.rfind('/');
        auto const folder = slash == name.npos ? std::string(".") : name.substr(0, slash + 1);
        file_handle const opened(::openat(folder_, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened || (::fsync(opened.get()) != 0 && errno != EINVAL)) return file_error(where_ + folder, "cannot be written");
        return success();
    }
    /// Renames, unless the name is taken.
    bool rename_to_new(std::string const& name) const {
#if defined(RENAME_NOREPLACE)
        if (::renameat2(folder_, path_.c_str(), folder_, name.c_str(), RENAME_NOREPLACE) == 0) return true;
        if (errno != EINVAL && errno != ENOSYS) return false;
#endif
        return ::linkat(folder_, path_.c_str(), folder_, name.c_str(), 0) == 0 && ::unlinkat(folder_, path_.c_str(), 0) == 0;
    }

    std::string path_, where_;
    int folder_ = AT_FDCWD;
    file_handle file_;
    std::int64_t size_ = -1; ///< of the whole, if known
    std::uint64_t at_ = 0;   ///< bytes that hold
};

} // namespace detail

} // namespace lading

#endif
