// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `archive_staging`: where what will be one file or one folder is gathered until it is whole: `<path>.part/`. POSIX.

#include "../limits.hpp"
#include "../platform_choice.hpp"
#include "../unpack/decompressor.hpp"
#include "layout_folder.hpp"
#include "part_file.hpp"
#include "remove_folder.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// What an archive of an OCI layout can be read by.
enum class archive_form : std::uint8_t {
    oci,   ///< what reads OCI archives
    hybrid ///< `docker load` and `podman load` too: a `manifest.json` in the archive names its images for them
};

/// How an archive, or an image in one folder, is read and written.
struct archive_options {
    archive_options() = default;

    archive_options& with_form(archive_form f) { return form = f, *this; }
    /// A file or folder that is there is replaced, at the end; else it is `archive_exists`.
    archive_options& with_overwrite(bool on = true) { return overwrite = on, *this; }
    archive_options& with_limits(limits l) { return bounds = std::move(l), *this; }
    archive_options& with_durability(durability d) { return durable = d, *this; }
    /// The time of every member, in seconds since 1970 (SOURCE_DATE_EPOCH); 0 unless it is said.
    archive_options& with_time(std::uint64_t seconds) { return time = seconds, *this; }
    /// Which image of an index is meant where only one can be written.
    archive_options& with_platform(platform_choice p) { return platform = std::move(p), *this; }
    /// Undoes this compression, of whole archives and of layers: `with_decompression(zlib_gzip::model())`.
    archive_options& with_decompression(decompression d) { return decompressions.push_back(d), *this; }

    /// What `docker save` writes can be read by Docker before 1.10, too: a folder for each layer, and `repositories`.
    archive_options& with_legacy(bool on = true) { return legacy = on, *this; }

    archive_form form = archive_form::oci;
    bool overwrite = false;
    bool legacy = false;
    durability durable = durability::file;
    std::uint64_t time = 0;
    limits bounds;
    platform_choice platform = platform_choice::host();
    std::vector<decompression> decompressions;
};

namespace detail {

/// The folder `<path>.part`, of this user, locked by a file in it, which also takes the bytes of an archive. The folder of a run
/// that was killed is resumed; `remove` deletes it.
///
/// Threads: one at a time. Two of one path: the second is `part_in_use`.
class archive_staging {
  public:
    static constexpr char const* lock_name = ".archive.part";

    /// Errors: `invalid_argument` (a path that names no file), `archive_exists` (it is there, and is not to be replaced),
    /// `path_refused` (it, or the folder, is a link or something else, or another user's), `disk_full`, `sink_failed`.
    static result<archive_staging> open(std::string path, bool overwrite) {
        if (path.empty() || path.ends_with('/')) return error(errc::invalid_argument).with_context("a path that names no file: \"" + path + '"');
        LADING_TRY(bool const there, has_regular_file(path));
        if (there && !overwrite) return error(errc::archive_exists).with_context(path);
        return make(std::move(path), overwrite);
    }
    /// The same without a look at what is at the path.
    static result<archive_staging> make(std::string path, bool overwrite) {
        archive_staging out(std::move(path), overwrite);
        auto const& folder = out.folder_;
        out.made_ = ::mkdir(folder.c_str(), 0700) == 0;
        if (!out.made_ && errno != EEXIST) return file_error(folder, "cannot be made");
        struct stat about{};
        if (::lstat(folder.c_str(), &about) != 0) return file_error(folder, "cannot be looked at");
        if (!S_ISDIR(about.st_mode)) return error(errc::path_refused).with_context(folder + " is no folder");
        if (about.st_uid != ::geteuid()) return error(errc::path_refused).with_context(folder + " is another user's");
        return out;
    }

    std::string const& path() const noexcept { return path_; }
    std::string const& folder() const noexcept { return folder_; }
    /// Whether there was none before.
    bool is_new() const noexcept { return made_; }

    /// Keeps others out, until `remove`, `commit` or the end. Errors: `part_in_use`, those of `part_file::open`.
    result<void> lock() { return file_->is_open() ? result<void>(success()) : file_->open(folder_ + '/' + lock_name); }
    /// Where the bytes of the archive go.
    part_file& file() noexcept { return *file_; }
    /// Gives the bytes the name of the archive. Errors: `archive_exists`, those of `part_file::commit`.
    result<void> commit(durability how) {
        auto named = file_->commit(path_, how, usual_mode(), !overwrite_);
        if (!named && named.assume_error() == errc::file_exists) return error(errc::archive_exists).with_context(path_);
        return named;
    }
    /// Gives the folder itself the name; a folder that has it is replaced if it is empty, or was to be. Errors: `archive_exists`,
    /// `disk_full`, `sink_failed`.
    result<void> give_name(durability how) {
        auto const mode = usual_mode();
        ::chmod(folder_.c_str(), mode | (mode & 0444) >> 2);
        if (how != durability::none) {
            LADING_TRY_V(sync(folder_));
        }
        bool exchanged = false;
        if (std::rename(folder_.c_str(), path_.c_str()) != 0) {
            bool const taken = errno == ENOTEMPTY || errno == EEXIST;
            if (taken && !overwrite_) return error(errc::archive_exists).with_context(path_);
            if (!taken || !exchange()) return file_error(path_, "cannot be given to what was written");
            exchanged = true;
        }
        ::unlink((path_ + '/' + lock_name).c_str());
        file_ = std::make_unique<part_file>(); // unlocked; what has the folder's name now is another's
        if (exchanged) remove_folder(folder_.c_str()); // what was there before
        return how == durability::full ? sync(path_.substr(0, path_.find_last_of('/') + 1) + '.') : result<void>(success());
    }
    /// Takes the folder and all in it away, unless another has locked it since `commit`, whose it is then. What cannot be removed stays: nobody
    /// is misled by it.
    void remove() noexcept {
#if LADING_HAS_EXCEPTIONS
        try {
            if (!lock()) return;
        } catch (...) {
            return;
        }
#else
        if (!lock()) return;
#endif
        // What says that it is a layout goes last: one that is killed meanwhile leaves a layout that lacks things, which the next run can go on with.
        if (file_handle const folder{::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)})
            empty_folder(folder.get(), [](std::string_view name) { return name != lock_name && name != layout_folder::version_file; });
        remove_folder(folder_.c_str());
        file_->leave(); // unlocks, last of all
    }

  private:
    archive_staging(std::string path, bool overwrite)
        : path_(std::move(path)), folder_(path_ + ".part"), overwrite_(overwrite), file_(std::make_unique<part_file>()) {}

    static result<void> sync(std::string const& folder) {
        file_handle const opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened || (::fsync(opened.get()) != 0 && errno != EINVAL)) return file_error(folder, "cannot be written");
        return success();
    }
    /// Both folders change their names.
    bool exchange() const {
#if defined(RENAME_EXCHANGE)
        if (::renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) return true;
        if (errno != EINVAL && errno != ENOSYS) return false;
#endif
        auto const aside = folder_ + ".old"; // for a moment there is none of that name
        return std::rename(path_.c_str(), aside.c_str()) == 0 && std::rename(folder_.c_str(), path_.c_str()) == 0 && std::rename(aside.c_str(), folder_.c_str()) == 0;
    }

    std::string path_, folder_;
    bool overwrite_, made_ = false;
    std::unique_ptr<part_file> file_;
};

} // namespace detail

} // namespace lading
