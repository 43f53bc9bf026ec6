// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_folder`: a store that is one image in a folder of files, skopeo's `dir:`. POSIX.
///
///     LADING_TRY(auto to, lading::image_folder::create("folder"));
///     LADING_TRY_V(lading::copy(from, "1.0", to, ""));

#include "../detail/mutex.hpp"
#include "archive_staging.hpp"
#include "content_store.hpp"
#include "file_sink.hpp"
#include "image_on_disk.hpp"
#include "layout_contents.hpp"
#include "pass_verified.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace lading {

namespace detail {

/// The names in a folder of an image: "version", "manifest.json", "<hex>.manifest.json", "<hex>" and "signature-N".
inline bool is_of_image_folder(std::string_view name) {
    if (name == "version" || name == "manifest.json" || name == archive_staging::lock_name) return true;
    if (name.starts_with("signature-")) return name.find_first_not_of("0123456789", 10) == name.npos;
    auto const hex = name.substr(0, name.find('.'));
    return (hex.size() == 64 || hex.size() == 96 || hex.size() == 128) && hex.find_first_not_of("0123456789abcdef") == hex.npos &&
           (name.size() == hex.size() || name.substr(hex.size()) == ".manifest.json");
}

/// The folder while it is made: `<path>.part/`. `H` models the hash policy. Threads: any call by several at once, but for `complete`.
template <hash_policy H>
class staged_folder {
  public:
    static constexpr std::string_view version_text = "Directory Transport Version: 1.1\n";

    staged_folder(archive_staging s, archive_options o) : staging_(std::move(s)), options_(std::move(o)) {}

    staged_folder(staged_folder const&) = delete;
    staged_folder& operator=(staged_folder const&) = delete;
    ~staged_folder() { // a plan of a copy leaves nothing behind
        if (!complete_ && staging_.is_new() && wanted_.empty()) staging_.remove();
    }

    std::string const& path() const noexcept { return staging_.path(); }
    archive_options const& options() const noexcept { return options_; }

    /// Looks at what is at the path. Errors: `archive_exists`, `path_refused`.
    static result<void> may_replace(std::string const& path, bool overwrite) {
        struct stat about{};
        if (::lstat(path.c_str(), &about) != 0) return success(); // what is wrong with the path shows when it is used
        if (!S_ISDIR(about.st_mode)) return error(errc::path_refused).with_context(path + " is no folder");
        std::unique_ptr<DIR, int (*)(DIR*)> const list(::opendir(path.c_str()), &::closedir);
        if (!list) return file_error(path, "cannot be read");
        bool empty = true, has_version = false;
        while (auto const* const entry = ::readdir(list.get())) {
            std::string_view const name = entry->d_name;
            if (name == "." || name == "..") continue;
            empty = false;
            has_version = has_version || name == "version";
            struct stat of{};
            bool const is_file = ::fstatat(::dirfd(list.get()), entry->d_name, &of, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(of.st_mode);
            if (overwrite && !(is_file && is_of_image_folder(name)))
                return error(errc::archive_exists).with_context(path + " holds other things than an image: " + printable(name, 160));
        }
        if (empty || (overwrite && has_version)) return success();
        return error(errc::archive_exists).with_context(path + (overwrite ? " holds no image" : ""));
    }

    result<bool> has(descriptor const& what, stop_token const& stop) {
        LADING_TRY(auto const found, find(what.digest));
        if (!found) return false;
        auto const& [name, file] = *found;
        null_sink nothing;
        auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file.read(at, to.data(), to.size()); };
        auto const same = pass_verified<H>(what, file.size(), name, from, nothing, stop);
        if (!same && same.assume_error() == errc::cancelled) return same.assume_error();
        if (same) want(what.digest);
        return same.has_value();
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token const& stop) {
        LADING_TRY(auto const found, find(what.digest));
        if (!found) return error(errc::blob_unknown).with_context(file_of(what.digest) + " is not there");
        auto const& [name, file] = *found;
        auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file.read(at, to.data(), to.size()); };
        return pass_verified<H>(what, file.size(), name, from, out, stop);
    }
    result<std::string> document(descriptor const& what) {
        memory_sink out(options_.bounds.manifest_bytes);
        auto const read_it = read(what, out, {});
        if (!read_it && read_it.assume_error() == errc::blob_unknown) return error(errc::manifest_unknown).with_context(file_of(what.digest) + " is not there");
        if (!read_it) return read_it.assume_error();
        return out.take();
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        want(what.digest);
        return std::unique_ptr<blob_sink>(std::make_unique<file_sink>(file_of(what.digest), file_options().with_durability(of_files())));
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        if (what.size >= 0 && bytes.size() != static_cast<std::uint64_t>(what.size))
            return error(errc::size_mismatch).with_values(std::to_string(what.size) + " bytes", std::to_string(bytes.size()));
        LADING_TRY(auto const actual, digest_of<H>(bytes, what.digest.algorithm()));
        if (actual != what.digest) return error(errc::digest_mismatch).with_values(what.digest.str(), actual.str());
        want(what.digest);
        return put(file_of(what.digest).append(manifest_ending), bytes);
    }
    result<void> tag(std::string_view name, descriptor const& what) {
        std::lock_guard const locked(mutex_);
        if (top_ && top_->digest != what.digest) return error(errc::invalid_argument).with_context(path() + ": a folder holds one image");
        wanted_.insert(what.digest);
        top_ = what;
        name_ = name;
        return success();
    }
    result<descriptor> resolve(std::string_view name) const {
        std::lock_guard const locked(mutex_);
        if (top_ && (name.empty() || name == name_ || name == top_->digest.str())) return *top_;
        return error(errc::manifest_unknown).with_context(path() + ": no such image: " + printable(name, 160));
    }

    /// Adds what makes it an image, removes what does not belong to it, and gives the folder its name.
    result<void> complete() {
        if (!top_) return error(errc::invalid_argument).with_context("no image has been named in " + path());
        LADING_TRY(auto const files, files_of_image());
        LADING_TRY(auto const text, document(*top_));
        LADING_TRY_V(put(in_staging("manifest.json"), text));
        LADING_TRY_V(put(in_staging("version"), version_text));
        LADING_TRY_V(remove_others(files));
        LADING_TRY_V(may_replace(path(), options_.overwrite));
        LADING_TRY_V(staging_.give_name(options_.durable));
        complete_ = true;
        return success();
    }

  private:
    static constexpr std::string_view manifest_ending = ".manifest.json";

    durability of_files() const noexcept { return options_.durable == durability::none ? durability::none : durability::file; }
    std::string in_staging(std::string_view name) const { return (staging_.folder() + '/').append(name); }
    std::string file_of(digest const& d) const { return in_staging(d.hex()); }
    void want(digest const& d) {
        std::lock_guard const locked(mutex_);
        wanted_.insert(d);
    }
    bool is_top(digest const& d) const {
        std::lock_guard const locked(mutex_);
        return top_ && top_->digest == d;
    }
    bool is_wanted(digest const& d) const {
        std::lock_guard const locked(mutex_);
        return wanted_.contains(d);
    }
    /// A small file as a whole.
    result<void> put(std::string const& name, std::string_view bytes) const {
        file_sink out(name, file_options().with_durability(of_files()).with_resume(false));
        LADING_TRY_V(out.begin());
        if (auto written = out.write(std::as_bytes(std::span(bytes))); !written) return out.discard(), std::move(written);
        return out.commit();
    }
    /// The file of a content, with its name.
    result<std::optional<std::pair<std::string, regular_file>>> find(digest const& d) const {
        for (auto const& name : {file_of(d), file_of(d).append(manifest_ending), in_staging("manifest.json")}) {
            LADING_TRY(bool const there, has_regular_file(name));
            if (!there || (name.ends_with("/manifest.json") && !is_top(d))) continue;
            auto file = regular_file::from(file_handle(::open(name.c_str(), regular_file::flags | O_NOFOLLOW)));
            if (file) return std::optional(std::pair(name, std::move(*file)));
        }
        return std::optional<std::pair<std::string, regular_file>>();
    }
    /// The names of the files that belong to it. Errors: `blob_unknown`.
    result<std::set<std::string>> files_of_image() {
        auto const read = [this](descriptor const& what) -> result<std::optional<std::string>> {
            if (!is_wanted(what.digest)) return std::optional<std::string>();
            LADING_TRY(auto text, document(what));
            return std::optional<std::string>(std::move(text));
        };
        layout_contents contents(read, options_.bounds);
        LADING_TRY_V(contents.add(*top_));
        std::set<std::string> out{"version", "manifest.json", archive_staging::lock_name};
        for (auto const& c : contents.all()) {
            LADING_TRY(auto const found, is_wanted(c.what.digest) ? find(c.what.digest) : result<std::optional<std::pair<std::string, regular_file>>>(std::nullopt));
            if (!found && !c.may_be_absent)
                return error(is_external(c.what) ? errc::external_layer : errc::blob_unknown).with_context(c.what.digest.str() + " is not among what was written");
            if (found && c.what.digest != top_->digest) out.insert(found->first.substr(staging_.folder().size() + 1));
        }
        return out;
    }
    result<void> remove_others(std::set<std::string> const& files) const {
        file_handle const folder(::open(staging_.folder().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return folder && empty_folder(folder.get(), [&](std::string_view name) { return !files.contains(std::string(name)); })
                   ? result<void>(success())
                   : result<void>(file_error(staging_.folder(), "cannot be cleared"));
    }

    archive_staging staging_;
    archive_options options_;
    mutable std::mutex mutex_;
    std::set<digest> wanted_; ///< what an earlier run has left, and nobody wants now, does not belong to it
    std::optional<descriptor> top_;
    std::string name_;
    bool complete_ = false;
};

} // namespace detail

/// Models `content_store`. `J` and `H` model the JSON and hash policies.
///
/// The folder holds one image, or one index with its images: the top document as `manifest.json`, others as `<hex>.manifest.json`, blobs as
/// `<hex>`. It has no names: whatever it is tagged with, it is read without one. What is written is gathered in the folder `<path>.part/`, where a
/// later run finds it again when this one is killed; `complete` gives that the name, at once.
///
/// Copies of an object are the same folder. Threads: as a `content_store` says.
template <json_policy J, hash_policy H>
class basic_image_folder {
  public:
    /// Opens a folder to read it. Every file is hashed when it is read; what does not belong to the image is not looked at. Errors:
    /// `layout_invalid`, `archive_invalid` (no image in it).
    static result<basic_image_folder> open(std::string path, archive_options o = {}) {
        basic_image_folder out;
        LADING_TRY_V(out.open_folder(std::move(path), o));
        return out;
    }
    /// Begins a folder. One that is empty is taken; one that holds an image, and nothing else, is replaced with
    /// `archive_options::with_overwrite`. Errors: `archive_exists`, `part_in_use` (another program is writing it), `path_refused` (the path, or
    /// `<path>.part`, is a link or something else), `invalid_argument`, `disk_full`, `sink_failed`.
    static result<basic_image_folder> create(std::string path, archive_options o = {}) {
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        auto const last = path.substr(path.rfind('/') + 1);
        if (last.empty() || last == "." || last == "..") return error(errc::invalid_argument).with_context("a path that names no folder: \"" + path + '"');
        LADING_TRY_V(detail::staged_folder<H>::may_replace(path, o.overwrite));
        LADING_TRY(auto staging, detail::archive_staging::make(std::move(path), o.overwrite));
        LADING_TRY_V(staging.lock());
        basic_image_folder out;
        out.state_->staged.emplace(std::move(staging), std::move(o));
        return out;
    }

    result<descriptor> resolve(std::string_view name, stop_token stop = {}) {
        return state_->folder ? state_->folder->resolve(name, stop) : state_->staged->resolve(name);
    }
    result<std::string> document(descriptor const& what, stop_token stop = {}) {
        return state_->folder ? state_->folder->document(what, stop) : state_->staged->document(what);
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        return state_->folder ? state_->folder->read(what, out, stop) : state_->staged->read(what, out, stop);
    }
    /// "@0" for an image that is there: it has no name.
    result<std::vector<std::string>> names(stop_token stop = {}) {
        return state_->folder ? state_->folder->names(stop) : result<std::vector<std::string>>(std::vector<std::string>());
    }

    /// Writing. What is there is hashed before it is taken for present. Errors: `path_refused`, `part_in_use`, `disk_full`, `sink_failed`, those of
    /// the sink; `archive_exists` for one that was opened to be read, or is complete.
    result<bool> has(descriptor const& what, stop_token stop = {}) {
        LADING_TRY_V(can_be_written());
        return state_->staged->has(what, stop);
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        LADING_TRY_V(can_be_written());
        return state_->staged->writer(what);
    }
    /// Errors: also `size_mismatch`, `digest_mismatch`.
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        LADING_TRY_V(can_be_written());
        return state_->staged->put_document(what, bytes);
    }
    /// Errors: `invalid_argument` for another image than before.
    result<void> tag(std::string_view name, descriptor const& what) {
        LADING_TRY_V(can_be_written());
        return state_->staged->tag(name, what);
    }
    /// Gives the folder its name. Then it can be read. What fails leaves what was written for another try. Errors: `invalid_argument` (no
    /// image), `blob_unknown` (a manifest lists what was not written), `external_layer`, `archive_exists`, `disk_full`, `sink_failed`.
    result<void> complete() {
        LADING_TRY_V(can_be_written());
        LADING_TRY_V(state_->staged->complete());
        return open_folder(state_->staged->path(), state_->staged->options());
    }

  private:
    struct state {
        std::optional<basic_image_on_disk<J, H>> folder;  ///< once it is there
        std::optional<detail::staged_folder<H>> staged; ///< if it is being written
    };
    basic_image_folder() = default;

    result<void> can_be_written() const {
        if (state_->folder) return error(errc::archive_exists).with_context("a folder of an image is written once, as a whole");
        return success();
    }
    result<void> open_folder(std::string path, archive_options const& o) {
        image_on_disk_options how(o.bounds);
        how.decompressions = o.decompressions;
        LADING_TRY(auto files, basic_image_on_disk<J, H>::open(std::move(path), std::move(how)));
        state_->folder.emplace(std::move(files));
        return success();
    }

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// With the default JSON and hash models.
using image_folder = basic_image_folder<strict_json, openssl_hash>;

} // namespace lading
