// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_folder`: the folder of an OCI layout: its files read and written through handles of their folders, so that no
/// link that somebody puts there is followed. POSIX.

#include "../detail/chrono.hpp"
#include "../detail/stop_token.hpp"
#include "../digest.hpp"
#include "../limits.hpp"
#include "../result.hpp"
#include "part_file.hpp"
#include "regular_file.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace lading {

namespace detail {

/// Identifies a file and its state: another file, or the same one after a change, compares unequal.
struct file_identity {
    dev_t device = 0;
    ino_t number = 0;
    off_t size = -1;
    std::int64_t changed = 0; ///< in nanoseconds
    friend bool operator==(file_identity const&, file_identity const&) = default;
    static std::optional<file_identity> of(int folder, char const* name) {
        struct stat s{};
        if (::fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
        return file_identity{s.st_dev, s.st_ino, s.st_size, std::int64_t{s.st_ctim.tv_sec} * 1'000'000'000 + s.st_ctim.tv_nsec};
    }
};

/// How the folder of a layout is used.
struct folder_options {
    std::string shared_blobs;        ///< the folder that blobs are in, unless empty, in the place of "blobs"
    bool follow_blob_links = false;  ///< links in the place of blobs and of folders of blobs are followed
    durability durable = durability::file;
};

class layout_folder {
  public:
    static constexpr char const* version_file = "oci-layout";
    static constexpr char const* index_file = "index.json";
    static constexpr char const* lock_file = ".lading.lock";

    /// Opens the folder. Errors: `layout_invalid` (there is none), `path_refused` ("blobs" is a link or no folder).
    static result<layout_folder> open(std::string path, folder_options const& o) {
        layout_folder out(std::move(path), o);
        out.root_ = file_handle(::open(out.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!out.root_) return out.bad(std::strerror(errno));
        LADING_TRY(out.blobs_, out.open_blobs());
        return out;
    }

    std::string const& path() const noexcept { return path_; }
    int root() const noexcept { return root_.get(); }
    file_handle const& root_handle() const noexcept { return root_; }
    folder_options const& options() const noexcept { return options_; }
    /// Of the folder, with a slash behind it.
    std::string blobs_name(digest_algorithm a) const {
        return (options_.shared_blobs.empty() ? path_ + "/blobs" : options_.shared_blobs) + '/' + std::string(name_of(a)) + '/';
    }
    std::string blob_name(digest const& d) const { return blobs_name(d.algorithm()) + d.hex(); }
    error bad(std::string_view why) const { return error(errc::layout_invalid).with_context(path_ + ": " + std::string(why)); }

    /// A file beside the blobs, as a whole; nothing where there is none. Errors: `path_refused` (a link, or no regular file),
    /// `layout_invalid` (it cannot be read, or is more than `most` bytes).
    result<std::optional<std::string>> read(char const* name, std::size_t most) const {
        file_handle opened(::openat(root_.get(), name, regular_file::flags | O_NOFOLLOW));
        if (!opened && errno == ENOENT) return std::optional<std::string>();
        auto file = regular_file::from(std::move(opened));
        if (!file) return unreadable(path_ + '/' + name);
        if (file->size() > most)
            return error(errc::layout_invalid)
                .with_context(path_ + '/' + name)
                .with_values("at most " + std::to_string(most) + " bytes", std::to_string(file->size()));
        std::string out(static_cast<std::size_t>(file->size()), '\0');
        std::size_t have = 0;
        while (auto const n = file->read(have, out.data() + have, out.size() - have)) have += n;
        if (have != out.size()) return bad(std::string(name) + " ends early");
        return std::optional(std::move(out));
    }

    /// The file of a blob; nothing where there is none. Errors: `path_refused`, `layout_invalid`.
    result<std::optional<regular_file>> blob(digest const& d) const {
        LADING_TRY(auto const folder, blobs_of(d.algorithm()));
        if (!folder) return std::optional<regular_file>();
        file_handle opened(::openat(folder.get(), d.hex().c_str(), regular_file::flags | no_link()));
        if (!opened && errno == ENOENT) return std::optional<regular_file>();
        auto file = regular_file::from(std::move(opened));
        if (!file) return unreadable(blob_name(d));
        return file;
    }
    /// Makes a blob young, if that may be done, so that it is no garbage while something that needs it is written.
    void touch(digest const& d) const {
        auto const folder = blobs_of(d.algorithm());
        if (folder && folder.assume_value() && ::utimensat(folder.assume_value().get(), d.hex().c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0) errno = 0;
    }
    /// The folder of the blobs of an algorithm; no handle where there is none. Errors: `path_refused`, `layout_invalid`.
    result<file_handle> blobs_of(digest_algorithm a) const {
        file_handle late;
        LADING_TRY(int const all, all_blobs(late));
        if (all < 0) return file_handle();
        file_handle out(::openat(all, std::string(name_of(a)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link()));
        if (!out && errno != ENOENT) return unreadable(blobs_name(a));
        return out;
    }
    /// The same, made if there is none. Errors: those of `file_error`.
    result<file_handle> made_blobs_of(digest_algorithm a) const {
        LADING_TRY(auto out, blobs_of(a));
        if (out) return out;
        file_handle late;
        LADING_TRY_V(make_all_blobs());
        LADING_TRY(int const all, all_blobs(late));
        if (::mkdirat(all, std::string(name_of(a)).c_str(), 0777) != 0 && errno != EEXIST)
            return file_error(blobs_name(a), "cannot be written");
        if (options_.durable == durability::full) {
            LADING_TRY_V(sync(all, blobs_name(a)));
        }
        return blobs_of(a);
    }
    /// Makes the folder of blobs if there is none. Errors: those of `file_error`.
    result<void> make_blobs() {
        LADING_TRY_V(make_all_blobs());
        if (!blobs_) {
            LADING_TRY(blobs_, open_blobs());
        }
        return success();
    }

    /// Replaces a file beside the blobs. Errors: those of `file_error`.
    result<void> replace(char const* name, std::string_view bytes) const {
        return replace_with(name, [&](auto const& to) { return to(bytes); });
    }
    /// The same with what `write(to)` passes to `to` in pieces: it gives false as soon as `to` does.
    template <class Write>
    result<void> replace_with(char const* name, Write const& write) const {
        auto const how = options_.durable == durability::none ? durability::none : durability::full;
        if (how != durability::none) { // first the names that it leads to
            file_handle late;
            if (auto const all = all_blobs(late); all && all.assume_value() >= 0) {
                LADING_TRY_V(sync(all.assume_value(), path_ + "/blobs"));
            }
            for (auto const a : {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512})
                if (auto const folder = blobs_of(a); folder && folder.assume_value()) {
                    LADING_TRY_V(sync(folder.assume_value().get(), blobs_name(a)));
                }
        }
        part_file file; // what a killed program has left of it is written over
        LADING_TRY_V(file.open('.' + std::string(name) + ".part", root_.get(), path_ + '/'));
        auto done = file.restart();
        auto const to = [&](std::string_view piece) {
            if (done) done = file.write(std::as_bytes(std::span(piece)));
            return done.has_value();
        };
        if (done) write(to);
        if (!done) return file.discard(), std::move(done);
        return file.commit(name, how, usual_mode());
    }

    /// Waits for the lock, which is held until the handle is closed. Errors: `layout_locked` after `most`, `cancelled`, `path_refused`.
    result<file_handle> lock(std::chrono::milliseconds most, stop_token const& stop = {}) const {
        auto const until = std::chrono::steady_clock::now() + most;
        file_handle out(::openat(root_.get(), lock_file, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
        struct stat about{};
        if (!out || ::fstat(out.get(), &about) != 0) return file_error(path_ + '/' + lock_file, "cannot be written");
        if (!S_ISREG(about.st_mode)) return error(errc::path_refused).with_context(path_ + '/' + lock_file + " is no regular file");
        for (std::chrono::milliseconds pause{1}; ::flock(out.get(), LOCK_EX | LOCK_NB) != 0; pause = std::min(2 * pause, std::chrono::milliseconds(16))) {
            if (errno != EWOULDBLOCK && errno != EINTR) return file_error(path_ + '/' + lock_file, "cannot be written");
            if (stop.stop_requested()) return error(errc::cancelled);
            if (std::chrono::steady_clock::now() >= until)
                return error(errc::layout_locked).with_context(path_).with_values(limit_text(most, "layout_options::lock_wait"), "more");
            std::this_thread::sleep_for(pause);
        }
        return out;
    }

  private:
    layout_folder(std::string path, folder_options const& o) : path_(std::move(path)), options_(o) {}

    int no_link() const noexcept { return options_.follow_blob_links ? 0 : O_NOFOLLOW; }
    /// Of what was opened to be read.
    static error unreadable(std::string const& path) {
        auto const why = errno;
        bool const odd = why == ELOOP || why == EMLINK || why == EINVAL || why == ENXIO || why == ENOTDIR || why == EISDIR;
        return error(odd ? errc::path_refused : errc::layout_invalid)
            .with_context(path + ": " + (odd ? "a link, or no regular file or folder" : std::strerror(why)));
    }
    static result<void> sync(int folder, std::string const& where) {
        if (::fsync(folder) != 0 && errno != EINVAL) return file_error(where, "cannot be written"); // EINVAL: not on this file system
        return success();
    }
    /// The folder of all blobs, that of `late` where it has been made since this was opened; -1 where there is none.
    result<int> all_blobs(file_handle& late) const {
        if (blobs_) return blobs_.get();
        LADING_TRY(late, open_blobs());
        return late.get();
    }
    result<void> make_all_blobs() const {
        if (!blobs_ && ::mkdirat(root_.get(), "blobs", 0777) != 0 && errno != EEXIST) return file_error(path_ + "/blobs", "cannot be written");
        return success();
    }
    /// No handle where there is none.
    result<file_handle> open_blobs() const {
        auto const shared = !options_.shared_blobs.empty();
        file_handle out(shared ? ::open(options_.shared_blobs.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                               : ::openat(root_.get(), "blobs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (out || (errno == ENOENT && !shared)) return out;
        return unreadable(shared ? options_.shared_blobs : path_ + "/blobs");
    }

    std::string path_;
    folder_options options_;
    file_handle root_, blobs_;
};

} // namespace detail
} // namespace lading
