// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_files`: the files of an image on disk, by name: a folder, or a tar archive, compressed or not. POSIX.

#include "../detail/chrono.hpp"
#include "../detail/stop_token.hpp"
#include "../limits.hpp"
#include "../unpack/decompressor.hpp"
#include "part_file.hpp"
#include "tar_index.hpp"
#include "unnamed_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// When work has to be over, and who may end it before that; without both it may take as long as it takes.
struct time_limit {
    std::optional<std::chrono::steady_clock::time_point> end;
    stop_token stop;

    /// Errors: `cancelled`, `timeout`, in `doing`.
    result<void> check(std::string_view doing, std::string const& path) const {
        bool const stopped = stop.stop_requested();
        if (!stopped && !(end && *end <= std::chrono::steady_clock::now())) return success();
        return error(stopped ? errc::cancelled : errc::timeout).with_context(std::string(doing) + ' ' + path);
    }
};

/// A part of a file. Reads advance.
class file_part {
  public:
    file_part(std::shared_ptr<regular_file const> file, std::uint64_t from, std::uint64_t size)
        : file_(std::move(file)), at_(from), left_(size) {}
    /// Bytes that are left.
    std::uint64_t size() const noexcept { return left_; }
    /// Which bytes of this machine they are, whatever they are called.
    auto id() const noexcept { return std::pair(file_->id(), at_); }
    /// Up to `n` bytes; 0 at the end, or when the file is shorter than it was.
    std::size_t read(char* out, std::size_t n) {
        auto const got = file_->read(at_, out, static_cast<std::size_t>(std::min<std::uint64_t>(n, left_)));
        at_ += got, left_ -= got;
        return got;
    }

  private:
    std::shared_ptr<regular_file const> file_;
    std::uint64_t at_, left_;
};

/// How far symbolic links in a folder may lead.
enum class links : std::uint8_t {
    inside,  ///< to files below the folder
    anywhere ///< for files whose digest is known beforehand: some builders keep them elsewhere
};

class image_files {
  public:
    /// Opens a folder or an archive; a compressed one is undone into a file without a name, of `limits::archive_bytes` at
    /// most. Errors: `layout_invalid` (nothing there; neither a folder nor an archive; a too large one, or one that gets larger than honest
    /// bytes can; nothing in `known` for its compression), `archive_invalid` (a damaged one, or one that can be read in two ways), `disk_full`,
    /// `timeout`, `cancelled`.
    static result<image_files> open(std::string path, std::vector<decompression> const& known, limits const& bounds, time_limit const& until) {
        image_files out(std::move(path));
        out.folder_ = file_handle(::open(out.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (out.folder_) return out;
        auto file = regular_file::open(out.path_.c_str());
        if (!file) return out.bad(errno == EINVAL ? "neither a folder nor a regular file" : std::strerror(errno));
        char head[8] = {};
        auto const start = std::string_view(head, file->read(0, head, sizeof head));
        if (auto const* const packed = compression_of(start, known_compressions)) {
            auto const* const undo = compression_of(start, known);
            if (!undo)
                return out.bad("the archive is compressed with " + std::string(packed->name) + ", which this program was built without: " +
                               std::string(packed->command) + " it first");
            auto const most = most_decompressed(file->size(), *packed, bounds.archive_bytes);
            LADING_TRY(file, out.unpack(std::move(*file), *undo, most, until));
        }
        auto index = tar_index::of(*file);
        if (!index) {
            auto const& why = index.assume_error();
            return error(why.kind()).with_context(out.path_ + ": " + why.detail().context);
        }
        out.index_ = std::move(index).assume_value();
        out.archive_ = std::make_shared<regular_file const>(std::move(*file));
        return out;
    }

    std::string const& path() const noexcept { return path_; }

    /// The file of this name ("blobs/sha256/..."), or nothing. Names come from documents. Errors: `layout_invalid` for one
    /// that leads out of the image, is no regular file or may not be read.
    result<std::optional<file_part>> find(std::string_view name, links far = links::inside) const {
        auto const inside = path_inside(name);
        if (!inside) return bad(std::string(name) + " leads out of the image");
        if (archive_) {
            auto const* const m = index_.find(*inside);
            return m ? std::optional<file_part>(std::in_place, archive_, m->from, m->size) : std::nullopt;
        }
        LADING_TRY(auto opened, far == links::anywhere ? open_at(*inside) : open_inside(*inside));
        auto file = opened ? regular_file::from(std::move(*opened)) : std::nullopt;
        if (!file) return opened ? result<std::optional<file_part>>(bad(*inside + " is no regular file")) : std::optional<file_part>();
        auto const size = file->size();
        return std::optional<file_part>(std::in_place, std::make_shared<regular_file const>(std::move(*file)), 0, size);
    }

    /// A small file as a whole. Errors: those of `find`; `body_too_large` when it is larger than `limit` bytes, `layout_invalid` when it ends early.
    result<std::optional<std::string>> read(std::string_view name, std::size_t limit, links far = links::inside) const {
        LADING_TRY(auto part, find(name, far));
        if (!part) return std::optional<std::string>();
        if (part->size() > limit)
            return error(errc::body_too_large)
                .with_context(path_ + ": " + printable(name, 160))
                .with_values("at most " + std::to_string(limit) + " bytes", std::to_string(part->size()));
        std::string out(static_cast<std::size_t>(part->size()), '\0');
        std::size_t have = 0;
        while (auto const n = part->read(out.data() + have, out.size() - have)) have += n;
        if (have != out.size()) return bad(std::string(name) + " ends early");
        return std::optional(std::move(out));
    }

  private:
    explicit image_files(std::string path) : path_(std::move(path)) {}

    error bad(std::string_view why) const { return error(errc::layout_invalid).with_context(path_ + ": " + printable(why, 300)); }
    error unreadable(std::string const& name) const { return bad(name + ": " + std::strerror(errno)); }
    static bool is_missing() { return errno == ENOENT || errno == ENOTDIR; }

    result<std::optional<file_handle>> open_at(std::string const& name) const {
        file_handle out(::openat(folder_.get(), name.c_str(), regular_file::flags));
        if (!out && !is_missing()) return unreadable(name);
        return out ? std::optional(std::move(out)) : std::nullopt;
    }
    /// Link by link: no step follows one by itself, so that what is opened is below the folder whoever changes it meanwhile.
    result<std::optional<file_handle>> open_inside(std::string name) const {
        for (int hops = 0; hops < 16; ++hops) {
            file_handle at(::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            std::optional<std::string> link;
            for (std::size_t from = 0; from < name.size() && !link;) {
                auto const end = std::min(name.find('/', from), name.size());
                auto const part = name.substr(from, end - from);
                bool const last = end == name.size();
                file_handle next(::openat(at.get(), part.c_str(), regular_file::flags | O_NOFOLLOW | (last ? 0 : O_DIRECTORY)));
                if (!next) {
                    auto const why = errno;
                    char target[4096];
                    auto const n = ::readlinkat(at.get(), part.c_str(), target, sizeof target);
                    errno = why;
                    if (n < 0 && is_missing()) return std::optional<file_handle>();
                    if (n < 0) return unreadable(name);
                    auto const inside = link_inside(name.substr(0, end), {target, static_cast<std::size_t>(n)});
                    if (!inside) return bad(name + " is a link that leads out of the folder");
                    link = *inside + name.substr(end);
                }
                at = std::move(next);
                from = last ? end : end + 1;
            }
            if (!link) return std::optional(std::move(at));
            name = std::move(*link);
        }
        return bad(name + " is a link in a circle");
    }

    /// Not the last room on the disk is taken: it is looked at every 16 MiB.
    result<void> has_room(file_handle const& to, std::uint64_t size, std::uint64_t before) const {
        constexpr std::uint64_t step = 16u << 20;
        struct statvfs disk{};
        if (size / step == before / step || ::fstatvfs(to.get(), &disk) != 0) return success();
        auto const left = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
        if (left >= 2 * step) return success();
        return error(errc::disk_full).with_context(path_ + " cannot be decompressed").with_values("room for " + std::to_string(2 * step) + " bytes more", std::to_string(left));
    }
    result<regular_file> unpack(regular_file packed, decompression const& by, std::uint64_t limit, time_limit const& until) const {
        auto const undo = by.make();
        auto to = unnamed_file();
        if (!undo || !to) return bad(std::string("no room to decompress it: ") + std::strerror(undo ? errno : ENOMEM));
        std::vector<char> piece(256u << 10);
        std::vector<std::byte> plain(1u << 20);
        std::uint64_t from = 0, size = 0;
        for (std::size_t got = 1; got != 0; from += got) {
            got = packed.read(from, piece.data(), piece.size());
            auto in = std::as_bytes(std::span(piece).first(got));
            for (;;) {
                LADING_TRY_V(until.check("decompressing", path_));
                auto const n = undo->read(in, plain);
                if (!n) return bad(n.assume_error().detail().context);
                if (n.assume_value() == 0) break;
                size += n.assume_value();
                if (size > limit)
                    return error(errc::layout_invalid).with_context(path_ + ": decompressed").with_values("at most " + std::to_string(limit) + " bytes", "more");
                LADING_TRY_V(has_room(to, size, size - n.assume_value()));
                if (!write_all(to, std::span(plain).first(n.assume_value()))) return file_error(path_, "cannot be decompressed");
            }
        }
        if (!undo->complete()) return bad("the archive ends early");
        auto out = regular_file::from(std::move(to));
        if (!out) return bad(std::strerror(errno));
        return std::move(*out);
    }

    std::string path_;
    file_handle folder_;
    tar_index index_;
    std::shared_ptr<regular_file const> archive_;
};

} // namespace lading::detail
