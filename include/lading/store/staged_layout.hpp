// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `staged_layout`: the layout that an archive is made of.

#include "../detail/mutex.hpp"
#include "archive_staging.hpp"
#include "layout_contents.hpp"
#include "oci_layout.hpp"
#include "tar_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading::detail {

/// One that the index lists, and what it is called; empty: nothing.
struct named_image {
    descriptor what;
    std::string name;
};

/// A layout that is gathered in `<path>.part/` until it can be packed.
template <json_policy J, hash_policy H>
class staged_layout {
  public:
    using layout = basic_oci_layout<J, H>;

    /// Begins, with the blobs that an earlier run left, and without its names. Errors: those of `archive_staging` and of
    /// `oci_layout::create`.
    static result<staged_layout> create(std::string path, archive_options o, bool containerd_names) {
        LADING_TRY(auto staging, archive_staging::open(std::move(path), o.overwrite));
        // What is staged is hashed again whenever it is used, so that nothing has to be on the disk before.
        auto how = layout_options().with_limits(o.bounds).with_durability(durability::none);
        how.verify_existing = UINT64_MAX;
        how.containerd_names = containerd_names;
        LADING_TRY_V(layout::create(staging.folder(), how));
        LADING_TRY_V(staging.lock());
        if (::unlink((staging.folder() + '/' + layout_folder::index_file).c_str()) != 0) return file_error(staging.folder(), "cannot be cleared");
        LADING_TRY(auto files, layout::create(staging.folder(), how));
        LADING_TRY(auto folder, layout_folder::open(staging.folder(), how));
        return staged_layout(std::move(staging), std::move(files), std::move(folder), std::move(o));
    }

    std::string const& path() const noexcept { return staging_.path(); }
    /// Takes the folder away if nothing has come into it: a plan of a copy leaves nothing behind.
    void remove_if_unused() noexcept {
        if (staging_.is_new() && wanted_.empty()) staging_.remove();
    }
    layout& files() noexcept { return files_; }
    archive_options const& options() const noexcept { return options_; }

    /// Writes the archive with `pack(tar_writer&)`, gives it its name and removes the folder. What fails leaves the folder, and nothing
    /// under the name. Errors: those of `pack`, `archive_exists`, `disk_full`, `sink_failed`, `cancelled`.
    template <class Pack>
    result<void> complete(Pack&& pack, stop_token stop) {
        LADING_TRY_V(staging_.lock());
        stop_ = std::move(stop);
        auto done = make(pack);
        if (!done) staging_.file().discard();
        else staging_.remove();
        return done;
    }
    part_file& output() noexcept { return staging_.file(); }
    /// The next bytes of the archive. Errors: those of the file; `cancelled` when `complete` is told to stop.
    result<void> write(std::span<std::byte const> piece) {
        if (stop_.stop_requested()) return error(errc::cancelled);
        return output().write(piece);
    }

    /// The text of the index. Errors: `invalid_argument` when nothing has been named.
    result<std::string> index_text() {
        LADING_TRY(auto text, folder_.read(layout_folder::index_file, SIZE_MAX));
        if (!text) return folder_.bad("no index.json in it");
        return std::move(*text);
    }
    /// What the index lists, with what it is called.
    result<std::vector<named_image>> images() {
        LADING_TRY(auto const text, index_text());
        LADING_TRY(auto const index, layout_index<J>::parse(text, SIZE_MAX / 32, options_.bounds));
        if (index.entries().empty()) return error(errc::invalid_argument).with_context("no image has been named in " + staging_.path());
        std::vector<named_image> out;
        for (auto const& e : index.entries()) {
            LADING_TRY(auto what, e.what(options_.bounds));
            out.push_back({std::move(what), std::string(e.name())});
        }
        return out;
    }
    /// Notes that a content belongs to the archive: what an earlier run has left, and nobody wants now, does not.
    void want(digest const& d) {
        std::lock_guard const locked(*mutex_);
        wanted_.insert(d);
    }
    bool is_wanted(digest const& d) const {
        std::lock_guard const locked(*mutex_);
        return wanted_.contains(d);
    }
    /// Reads what is wanted.
    read_document reader() {
        return [this](descriptor const& what) -> result<std::optional<std::string>> {
            if (!is_wanted(what.digest)) return std::optional<std::string>();
            auto text = files_.document(what);
            if (text) return std::optional<std::string>(std::move(text).assume_value());
            if (text.assume_error() == errc::manifest_unknown) return std::optional<std::string>();
            return std::move(text).assume_error();
        };
    }
    /// The file of a blob. Errors: `blob_unknown`, or `external_layer` for one of another place; `size_mismatch`.
    result<regular_file> blob(descriptor const& what) {
        LADING_TRY(auto file, folder_.blob(what.digest));
        if (!file) return error(is_external(what) ? errc::external_layer : errc::blob_unknown).with_context(what.digest.str() + " is not among what was written");
        if (what.size >= 0 && file->size() != static_cast<std::uint64_t>(what.size))
            return error(errc::size_mismatch).with_context(what.digest.str()).with_values(std::to_string(what.size) + " bytes", std::to_string(file->size()));
        return std::move(*file);
    }
    /// Copies a blob into the archive, and verifies it on the way. Errors: `digest_mismatch`; then it is removed, so that the next run gets it anew.
    result<void> add_blob(tar_writer& to, tar_entry entry, descriptor const& what) {
        LADING_TRY(auto const file, blob(what));
        entry.size = file.size();
        LADING_TRY_V(to.add(entry));
        H hash(what.digest.algorithm());
        std::vector<char> piece(static_cast<std::size_t>(std::min<std::uint64_t>(entry.size, 256u << 10)));
        for (std::uint64_t at = 0; at != entry.size;) {
            auto const n = file.read(at, piece.data(), static_cast<std::size_t>(std::min<std::uint64_t>(entry.size - at, piece.size())));
            if (n == 0) return error(errc::size_mismatch).with_context(what.digest.str() + " became shorter");
            auto const bytes = std::as_bytes(std::span(piece).first(n));
            hash.update(bytes);
            LADING_TRY_V(to.write(bytes));
            at += n;
        }
        LADING_TRY(auto const actual, hash.finish());
        if (actual == what.digest) return success();
        ::unlink(folder_.blob_name(what.digest).c_str());
        return error(errc::digest_mismatch).with_context(folder_.blob_name(what.digest)).with_values(what.digest.str(), actual.str());
    }
    bool has_blob(descriptor const& what) {
        auto const file = folder_.blob(what.digest);
        return is_wanted(what.digest) && file && file.assume_value();
    }

  private:
    staged_layout(archive_staging s, layout l, layout_folder f, archive_options o)
        : staging_(std::move(s)), files_(std::move(l)), folder_(std::move(f)), options_(std::move(o)) {}

    template <class Pack>
    result<void> make(Pack& pack) {
        LADING_TRY_V(output().restart());
        tar_writer to([this](std::span<std::byte const> piece) { return write(piece); });
        LADING_TRY_V(pack(to));
        LADING_TRY_V(to.finish());
        return staging_.commit(options_.durable);
    }

    archive_staging staging_;
    layout files_;
    layout_folder folder_;
    archive_options options_;
    std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
    std::set<digest> wanted_;
    stop_token stop_; ///< of `complete`
};

} // namespace lading::detail
