// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `folder_source`: a folder as one archive, the same bytes for the same files. POSIX.

#if !defined(_WIN32)

#include "../detail/text.hpp"
#include "../detail/utf8.hpp"
#include "../http/body_source.hpp"
#include "../unpack/compressor.hpp"
#include "file_error.hpp"
#include "regular_file.hpp"
#include "tar_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lading {

/// How a folder is packed.
struct folder_options {
    folder_options() = default;

    /// Else the archive is not compressed: `zlib_gzip_writer::model()`.
    folder_options& with_compression(compressor_model c) { return by = c, *this; }
    /// The time of every file, in seconds since 1970.
    folder_options& with_time(std::uint64_t seconds) { return time = seconds, *this; }

    std::optional<compressor_model> by;
    std::uint64_t time = 0;
};

/// A tar archive of a folder and all below it, made anew each time that it is read. Everything is in it under the folder's name, in the order of
/// the names' bytes; owners, times, and permissions but for "may be executed" are left out. Symbolic links stay links and are not followed, a file with
/// several names is there once. Files that are read must not change meanwhile: `source_changed`.
class folder_source final : public body_source {
  public:
    /// Lists the folder. `name` is that of the folder in the archive. Errors: `invalid_argument` with the reason (no folder, or one below it that cannot be
    /// read), `path_refused` (a device, a pipe or a socket; a name that is not UTF-8).
    static result<folder_source> open(std::string path, std::string_view name, folder_options o = {}) {
        folder_source out(std::move(path), std::move(o));
        LADING_TRY_V(out.list(std::string(name) + '/'));
        return out;
    }

    /// Is given the bytes of the archive before they are compressed, from the next `begin` on.
    folder_source& watched_by(std::function<void(std::span<std::byte const>)> f) { return watch_ = std::move(f), *this; }

    std::optional<std::uint64_t> size() const override { return std::nullopt; }
    result<void> begin() override {
        made_.clear();
        at_ = next_ = 0;
        left_ = 0;
        file_.reset();
        ended_ = false;
        if (options_.by && !(compressor_ = options_.by->make())) return error(errc::out_of_memory).with_context("no compressor could be made");
        return success();
    }
    result<std::size_t> read(std::span<std::byte> into) override {
        while (at_ == made_.size() && !ended_) {
            made_.clear(), at_ = 0;
            LADING_TRY_V(make());
        }
        auto const n = std::min(into.size(), made_.size() - at_);
        if (n != 0) std::memcpy(into.data(), made_.data() + at_, n);
        at_ += n;
        return n;
    }

  private:
    struct member {
        std::string name; ///< in the archive
        std::string path; ///< on disk
        std::string link = {};
        std::uint64_t size = 0;
        unsigned mode = 0644;
        bool is_hard = false;
        std::optional<std::pair<dev_t, ino_t>> several = {}; ///< which file it is, where that has several names
    };

    folder_source(std::string path, folder_options o) : path_(std::move(path)), options_(std::move(o)) {}

    // ---- what is in it

    static error refused(std::string const& path, char const* why) { return error(errc::path_refused).with_context(path + ' ' + why); }
    static error unreadable(std::string const& path) { return error(errc::invalid_argument).with_context(path + ": " + std::strerror(errno)); }

    result<void> list(std::string root) {
        members_.push_back({std::move(root), path_, {}, 0, 0755});
        for (std::size_t i = 0; i < members_.size(); ++i)
            if (members_[i].name.ends_with('/')) {
                LADING_TRY_V(list_folder(members_[i].name, members_[i].path));
            }
        std::sort(members_.begin(), members_.end(), [](member const& a, member const& b) { return a.name < b.name; });
        std::map<std::pair<dev_t, ino_t>, std::string_view> first;
        for (auto& m : members_) {
            if (!m.several) continue;
            auto const [at, is_new] = first.try_emplace(*m.several, m.name);
            if (is_new) continue;
            m.link = at->second;
            m.is_hard = true;
            m.size = 0;
        }
        return success();
    }
    result<void> list_folder(std::string const name, std::string const path) { // copies: the list grows
        auto const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (path == path_ ? 0 : O_NOFOLLOW);
        detail::file_handle handle(::open(path.c_str(), flags));
        if (!handle) return unreadable(path);
        int const again = ::dup(handle.get());
        std::unique_ptr<DIR, int (*)(DIR*)> const folder(again < 0 ? nullptr : ::fdopendir(again), &::closedir);
        if (!folder) return unreadable(path);
        errno = 0;
        while (auto const* const entry = ::readdir(folder.get())) {
            std::string const own = entry->d_name;
            if (own == "." || own == "..") continue;
            LADING_TRY_V(add(handle.get(), name + own, path + '/' + own, own));
            errno = 0;
        }
        return errno == 0 ? result<void>(success()) : result<void>(unreadable(path));
    }
    result<void> add(int folder, std::string name, std::string path, std::string const& own) {
        for (std::string_view rest = own; !rest.empty();) {
            auto const n = detail::utf8_length(rest);
            if (n == 0) return refused(detail::printable(path, 400), "has a name that is not UTF-8");
            rest.remove_prefix(n);
        }
        struct stat about{};
        if (::fstatat(folder, own.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) return unreadable(path);
        member m{std::move(name), std::move(path)};
        if (S_ISDIR(about.st_mode)) {
            m.name += '/';
            m.mode = 0755;
        } else if (S_ISLNK(about.st_mode)) {
            std::string target(static_cast<std::size_t>(about.st_size) + 1, '\0');
            auto const n = ::readlinkat(folder, own.c_str(), target.data(), target.size());
            if (n <= 0 || static_cast<std::size_t>(n) == target.size()) return unreadable(m.path);
            target.resize(static_cast<std::size_t>(n));
            m.link = std::move(target);
            m.mode = 0777;
        } else if (S_ISREG(about.st_mode)) {
            m.size = static_cast<std::uint64_t>(about.st_size);
            m.mode = about.st_mode & 0111 ? 0755 : 0644;
            if (about.st_nlink > 1) m.several.emplace(about.st_dev, about.st_ino);
        } else {
            return refused(m.path, "is a device, a pipe or a socket");
        }
        members_.push_back(std::move(m));
        return success();
    }

    // ---- the archive

    /// Makes the next bytes; none may come of it while they are being compressed.
    result<void> make() {
        if (left_ != 0) return make_of_file();
        if (next_ == members_.size()) return ended_ = true, put(std::string(2 * detail::tar_block, '\0'), true);
        auto const& m = members_[next_++];
        detail::tar_entry entry{m.name, m.size, m.mode, options_.time, m.link, m.is_hard};
        LADING_TRY_V(put(detail::tar_header(entry), false));
        if (m.size == 0) return success();
        file_ = detail::regular_file::from(detail::file_handle(::open(m.path.c_str(), detail::regular_file::flags | O_NOFOLLOW)));
        if (!file_) return unreadable(m.path);
        if (file_->size() != m.size) return changed(m);
        left_ = m.size;
        return success();
    }
    result<void> make_of_file() {
        auto const& m = members_[next_ - 1];
        std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(left_, 256u << 10)), '\0');
        auto const n = file_->read(m.size - left_, piece.data(), piece.size());
        if (n == 0) return changed(m);
        piece.resize(n);
        left_ -= n;
        if (left_ == 0) piece.append(detail::tar_padding(m.size), '\0');
        return put(piece, false);
    }
    static error changed(member const& m) { return error(errc::source_changed).with_context(m.path).with_values(std::to_string(m.size) + " bytes", "others"); }
    result<void> put(std::string const& bytes, bool last) {
        auto const piece = std::as_bytes(std::span(bytes));
        if (watch_) watch_(piece);
        if (compressor_) return compressor_->write(piece, last, made_);
        made_ += bytes;
        return success();
    }

    std::string path_;
    folder_options options_;
    std::vector<member> members_;
    std::function<void(std::span<std::byte const>)> watch_;
    std::unique_ptr<compressor> compressor_;
    std::optional<detail::regular_file> file_; ///< the one whose bytes are being read
    std::string made_;                         ///< the bytes that are to be given next
    std::size_t at_ = 0, next_ = 0;            ///< in those; of the members
    std::uint64_t left_ = 0;                   ///< of the file
    bool ended_ = false;
};

} // namespace lading

#endif
