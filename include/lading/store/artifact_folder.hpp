// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `artifact_folder`: a folder that the files of an artifact are written to, under names that the artifact gives. POSIX.

#include "../hash/openssl_hash.hpp"
#include "file_error.hpp"
#include "file_title.hpp"
#include "named_part.hpp"
#include "pass_verified.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// No link is followed below the folder itself: every part of a name is opened by itself, and must be a folder, or at its end a
/// regular file or nothing. Names are those that `check_titles` allows. Threads: any call by several at once.
class artifact_folder {
  public:
    /// Opens a folder, or makes it and those that it is in. Errors: `path_refused`, `sink_failed`, `disk_full`.
    static result<artifact_folder> open(std::string path) {
        LADING_TRY_V(detail::make_folders(path));
        detail::file_handle root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!root) return detail::file_error(path, "cannot be opened");
        return artifact_folder(std::move(path), std::move(root));
    }

    std::string const& path() const noexcept { return path_; }

    /// Is this content under this name? Errors: `file_exists` when something else is, unless it may be overwritten; `path_refused` for a link, a
    /// folder or a device there, or on the way; `cancelled`.
    result<bool> has(std::string_view title, descriptor const& what, bool overwrite, stop_token const& stop = {}) const {
        LADING_TRY(auto const place, find(title, false));
        if (!place.folder) return false;
        LADING_TRY(bool const there, detail::has_regular_file(place.name, place.folder.get(), where(title)));
        if (!there) return false;
        auto const file = detail::regular_file::from(
            detail::file_handle(::openat(place.folder.get(), place.name.c_str(), detail::regular_file::flags | O_NOFOLLOW)));
        if (file && (what.size < 0 || file->size() == static_cast<std::uint64_t>(what.size))) {
            null_sink nothing;
            auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file->read(at, to.data(), to.size()); };
            auto const same = detail::pass_verified<openssl_hash>(what, file->size(), {}, from, nothing, stop);
            if (same) return true;
            if (same.assume_error() == errc::cancelled) return same.assume_error();
        }
        if (overwrite) return false;
        return error(errc::file_exists).with_context(path_ + '/' + std::string(title));
    }

    /// Where the file is written: beside it as `<name>.part`, which a later run goes on with, until it is whole. Folders on the way are
    /// made. Errors: `path_refused`; those of `file_sink`, also from its own calls.
    result<std::unique_ptr<blob_sink>> writer(std::string_view title, bool overwrite, durability how = durability::file) const {
        LADING_TRY(auto place, find(title, true));
        return std::unique_ptr<blob_sink>(std::make_unique<sink>(std::move(place), where(title), detail::part_naming{how, !overwrite}));
    }
    /// Passes a file of the folder on, verified. Errors: `sink_failed` (it is gone), `size_mismatch`, `digest_mismatch`, those of the sink.
    result<void> read(std::string_view title, descriptor const& what, blob_sink& out, stop_token const& stop = {}) const {
        LADING_TRY(auto const place, find(title, false));
        auto const file = detail::regular_file::from(
            detail::file_handle(place.folder ? ::openat(place.folder.get(), place.name.c_str(), detail::regular_file::flags | O_NOFOLLOW) : -1));
        if (!file) return error(errc::sink_failed).with_context(path_ + '/' + std::string(title) + " cannot be read again");
        auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file->read(at, to.data(), to.size()); };
        return detail::pass_verified<openssl_hash>(what, file->size(), path_ + '/' + std::string(title), from, out, stop);
    }

  private:
    /// The folder that a file is in, and its name there.
    struct spot {
        detail::file_handle folder; ///< none where there is no such folder
        std::string name;
    };

    class sink final : public blob_sink {
      public:
        sink(spot p, std::string where, detail::part_naming how)
            : folder_(std::move(p.folder)), part_(p.name, p.name + ".part", how, folder_.get(), std::move(where)) {}
        result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override { return part_.resume(size, each); }
        result<void> begin() override { return part_.begin(); }
        result<void> write(std::span<std::byte const> piece) override { return part_.write(piece); }
        result<void> commit() override { return part_.commit(); }
        void discard() noexcept override { part_.discard(); }
        void suspend() noexcept override { part_.suspend(); }

      private:
        detail::file_handle folder_;
        detail::named_part part_;
    };

    artifact_folder(std::string path, detail::file_handle root) : path_(std::move(path)), root_(std::move(root)) {}

    /// What errors say before the last part of a name.
    std::string where(std::string_view title) const {
        auto const slash = title.rfind('/');
        return path_ + '/' + std::string(title.substr(0, slash == title.npos ? 0 : slash + 1));
    }
    result<spot> find(std::string_view title, bool make) const {
        if (auto const why = detail::wrong_with_title(title); !why.empty())
            return error(errc::path_refused).with_context(detail::printable(title, 160).append(" ").append(why));
        spot out;
        out.folder = detail::file_handle(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
        if (!out.folder) return detail::file_error(path_, "cannot be opened");
        for (std::size_t at = 0;;) {
            auto const slash = title.find('/', at);
            out.name = title.substr(at, slash - at);
            if (slash == title.npos) return out;
            if (make && ::mkdirat(out.folder.get(), out.name.c_str(), 0777) != 0 && errno != EEXIST)
                return detail::file_error(path_ + '/' + std::string(title.substr(0, slash)), "cannot be made");
            detail::file_handle next(::openat(out.folder.get(), out.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next && errno == ENOENT && !make) return spot();
            if (!next && (errno == ELOOP || errno == ENOTDIR || errno == EMLINK))
                return error(errc::path_refused).with_context(path_ + '/' + std::string(title.substr(0, slash)) + " is no folder, or a link to one");
            if (!next) return detail::file_error(path_ + '/' + std::string(title.substr(0, slash)), "cannot be opened");
            out.folder = std::move(next);
            at = slash + 1;
        }
    }

    std::string path_;
    detail::file_handle root_;
};

} // namespace lading
