// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_repositories`: repositories on disk, each an OCI layout in a folder of its name. POSIX.
///
///     LADING_TRY(auto registry, lading::service::layout_repositories::open("registry"));
///     lading::service::upload_sessions sessions;
///     lading::service::answer(request, *registry, body, options, &sessions); // registry/team/app is a layout of team/app

#include "../detail/mutex.hpp"
#include "../document/referrer.hpp"
#include "../json/strict_json.hpp"
#include "../reference.hpp"
#include "../store/file_error.hpp"
#include "../store/layout_folder.hpp"
#include "../store/layout_index.hpp"
#include "../store/oci_layout.hpp"
#include "layout_upload.hpp"
#include "repositories.hpp"
#include "store_repositories.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::service {

/// Everything that is acknowledged is on disk, and each file appears under its name whole: whoever is killed at any time leaves layouts that can be read. Uploads
/// are in the folder ".uploads" until they are blobs; what is there when it is opened, and of nobody else, is removed. Links in the place of folders are not followed.
///
/// A repository holds as many tags and referrers as `layout_options::entries`, 65,536 unless it is told otherwise. When its index is full, manifests without a tag are taken out of it,
/// those that came first, unless they refer to another: each is found by its digest as before, until somebody removes what nothing lists (`oci_layout::gc`).
///
/// A folder that is itself a layout is one repository, whatever it is called. Threads: any call by several at once; several processes may serve one folder, each
/// with upload sessions of its own.
class layout_repositories final : public repositories {
  public:
    /// Makes the folder if it is not there, unless it is only to be read (`writes` false): then nothing is written to it, and nothing may be. Errors: those of
    /// `oci_layout::open` and of making folders; `layout_invalid` (there is no such folder).
    static result<std::unique_ptr<layout_repositories>> open(std::string path, bool writes = true, layout_options o = layout_options().with_durability(durability::full).with_entries(65'536)) {
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        if (writes) {
            LADING_TRY_V(detail::make_folders(path));
        }
        std::unique_ptr<layout_repositories> out(new layout_repositories(std::move(path), std::move(o)));
        out->root_ = detail::file_handle(::open(out->path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!out->root_) return writes ? detail::file_error(out->path_, "cannot be opened") : error(errc::layout_invalid).with_context(out->path_ + ": " + std::strerror(errno));
        out->is_one_ = detail::file_identity::of(out->root_.get(), detail::layout_folder::version_file).has_value();
        if (writes) {
            LADING_TRY_V(out->open_staging());
        }
        if (out->is_one_) {
            LADING_TRY_V(out->find({}, false));
        }
        return out;
    }

    /// Whether the folder is itself a layout.
    bool is_one() const noexcept { return is_one_; }

    result<bool> exists(std::string_view name) override {
        LADING_TRY(auto const r, find(name, false));
        return r != nullptr;
    }
    result<std::vector<std::string>> names(stop_token const&) override {
        if (is_one_) return not_offered();
        std::vector<std::string> out;
        LADING_TRY_V(list(root_.get(), {}, out));
        std::sort(out.begin(), out.end());
        return out;
    }
    result<std::vector<std::string>> tags(std::string_view name, stop_token const& stop) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return std::vector<std::string>();
        if (is_one_) return store_repositories<oci_layout>(r->layout).tags(name, stop);
        LADING_TRY(auto out, r->layout.names(stop));
        std::erase_if(out, [](auto const& tag) { return !is_tag(tag); });
        return out;
    }
    result<kept_document> document(std::string_view name, std::string_view item, stop_token const& stop) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return error(errc::manifest_unknown);
        if (is_one_) return store_repositories<oci_layout>(r->layout).document(name, item, stop);
        LADING_TRY(auto what, r->what_of(item, stop));
        LADING_TRY(auto bytes, r->layout.document(what, stop));
        return kept_document{std::move(what), std::move(bytes)};
    }
    result<void> read(std::string_view name, digest const& d, blob_sink& out, stop_token const& stop) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return error(errc::blob_unknown);
        return r->layout.read({{}, d, descriptor::unknown_size}, out, stop);
    }
    result<std::vector<descriptor>> referrers(std::string_view name, digest const& d, stop_token const& stop) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return std::vector<descriptor>();
        return r->layout.referrers({{}, d, descriptor::unknown_size}, stop);
    }

    result<bool> has(std::string_view name, digest const& d, stop_token const&) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return false;
        LADING_TRY(auto const file, r->folder.blob(d));
        if (file) r->folder.touch(d);
        return file.has_value();
    }
    result<std::unique_ptr<staged_blob>> stage(std::string_view name) override {
        LADING_TRY(auto r, find(name, true));
        return detail::layout_upload::begin(staging_, path_ + "/.uploads/", std::shared_ptr<detail::layout_folder const>(r, &r->folder));
    }
    result<bool> mount(std::string_view name, std::string_view from, digest const& d, stop_token const& stop) override {
        LADING_TRY(auto const there, find(from, false));
        if (!there) return false;
        LADING_TRY(auto const file, there->folder.blob(d));
        if (!file) return false;
        LADING_TRY(auto const here, find(name, true));
        if (here == there) return true;
        LADING_TRY(auto const source, there->folder.blobs_of(d.algorithm()));
        LADING_TRY(auto const target, here->folder.made_blobs_of(d.algorithm()));
        if (::linkat(source.get(), d.hex().c_str(), target.get(), d.hex().c_str(), 0) == 0 || errno == EEXIST) {
            ::fsync(target.get());
            return true;
        }
        LADING_TRY(auto const copied, stage(name)); // no links on this file system
        detail::staging_sink into(*copied);
        LADING_TRY_V(there->layout.read({{}, d, descriptor::unknown_size}, into, stop));
        LADING_TRY_V(copied->keep(d, std::nullopt));
        return true;
    }
    result<void> put_document(std::string_view name, descriptor const& what, std::string_view bytes, manifest_facts const&, std::vector<std::string> const& tags) override {
        LADING_TRY(auto const r, find(name, true));
        std::lock_guard const locked(r->writing);
        descriptor const plain(what.media_type, what.digest, what.size);
        LADING_TRY_V(r->layout.put_document(plain, bytes));
        if (tags.empty()) return r->list({}, plain);
        for (auto const& tag : tags) {
            LADING_TRY_V(r->list(tag, plain));
        }
        return success();
    }
    /// The document stays.
    result<bool> remove_tag(std::string_view name, std::string_view tag) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return false;
        std::lock_guard const locked(r->writing);
        auto const done = r->layout.change([own = std::string(tag)](layout_index<strict_json>& index) -> result<void> {
            if (index.unname(own)) return success();
            return error(errc::manifest_unknown);
        });
        if (!done && done.assume_error() == errc::manifest_unknown) return false;
        if (!done) return done.assume_error();
        return true;
    }
    result<bool> remove_document(std::string_view name, digest const& d) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return false;
        std::lock_guard const locked(r->writing);
        if (auto const there = r->layout.resolve(d.str()); !there) return detail::is_not_there(there.assume_error()) ? result<bool>(false) : result<bool>(there.assume_error());
        auto const removed = r->layout.untag(d.str());
        if (!removed && removed.assume_error() != errc::manifest_unknown) return removed.assume_error(); // one that nothing lists
        return r->remove_file(d);
    }
    /// What is a document stays.
    result<bool> remove_blob(std::string_view name, digest const& d) override {
        LADING_TRY(auto const r, find(name, false));
        if (!r) return false;
        std::lock_guard const locked(r->writing);
        if (r->layout.resolve(d.str())) return false; // listed, or a manifest that is listed no longer
        return r->remove_file(d);
    }

  private:
    struct repository {
        repository(oci_layout l, detail::layout_folder f) : layout(std::move(l)), folder(std::move(f)) {}

        result<descriptor> what_of(std::string_view item, stop_token const& stop) {
            if (digest::parse(item)) {
                auto what = layout.resolve(item, stop);
                bool const odd = !what && (what.assume_error() == errc::json_syntax || what.assume_error() == errc::body_too_large);
                return odd ? result<descriptor>(error(errc::manifest_unknown)) : what; // a blob
            }
            LADING_TRY(auto what, layout.named(item, stop));
            if (!what) return error(errc::manifest_unknown);
            return std::move(*what);
        }
        /// Lists a document. Where the index is full, documents that have no tag and refer to nothing are listed no longer, a part of them, those that came first: they
        /// are there as before, by their digests.
        result<void> list(std::string_view tag, descriptor const& what) {
            auto listed = layout.tag(tag, what);
            if (listed || listed.assume_error() != errc::manifest_limit) return listed;
            auto const may_go = [this](descriptor const& d) {
                if (referring.contains(d.digest)) return false;
                auto const text = layout.document(d);
                if (!text) return text.assume_error() == errc::manifest_unknown; // not there; what cannot be read now may be another time
                if (!referring_of<strict_json>(text.assume_value(), d).subject) return true;
                if (referring.size() >= 131'072) referring.clear(); // some are listed no longer
                return referring.insert(d.digest), false;
            };
            auto const made_room = layout.change([may_go, full = listed.assume_error()](layout_index<strict_json>& index) -> result<void> {
                if (index.drop_unnamed(index.entries().size() / 8 + 1, may_go) == 0) return full;
                return success();
            });
            if (!made_room) return made_room;
            return layout.tag(tag, what);
        }
        result<bool> remove_file(digest const& d) const {
            LADING_TRY(auto const at, folder.blobs_of(d.algorithm()));
            if (!at) return false;
            if (::unlinkat(at.get(), d.hex().c_str(), 0) == 0) return ::fsync(at.get()), true;
            if (errno == ENOENT) return false;
            return detail::file_error(folder.blob_name(d), "cannot be removed");
        }

        oci_layout layout;
        detail::layout_folder folder;
        std::mutex writing;         ///< of its index, in several steps
        std::set<digest> referring; ///< documents that refer to another, as far as was looked; guarded by `writing`
    };

    layout_repositories(std::string path, layout_options o) : path_(std::move(path)), options_(std::move(o.with_tag_names())) {}

    /// What a layout has in its folder itself gets a '_', which no name ends in.
    static std::string folder_of(std::string_view component) {
        bool const own = component == "blobs" || component == detail::layout_folder::version_file || component == detail::layout_folder::index_file;
        return std::string(component) + (own ? "_" : "");
    }
    static std::string component_of(std::string_view folder) { return std::string(folder.ends_with('_') ? folder.substr(0, folder.size() - 1) : folder); }

    /// The folder of a repository, each part of which is one; nothing where it is not there.
    result<std::optional<std::string>> path_of(std::string_view name, bool make) const {
        auto path = path_;
        detail::file_handle at(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        while (!name.empty()) {
            auto const component = folder_of(name.substr(0, name.find('/')));
            name.remove_prefix(std::min(name.find('/'), name.size() - 1) + 1);
            path += '/' + component;
            if (make && ::mkdirat(at.get(), component.c_str(), 0777) == 0) ::fsync(at.get());
            detail::file_handle next(::openat(at.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!next && errno == ENOENT) return std::optional<std::string>();
            if (!next) return detail::file_error(path, "cannot be opened");
            at = std::move(next);
        }
        return std::optional(std::move(path));
    }
    /// Null where there is none.
    result<std::shared_ptr<repository>> find(std::string_view name, bool make) {
        if (is_one_) name = {};
        {
            std::lock_guard const locked(mutex_);
            if (auto const at = open_.find(name); at != open_.end()) return at->second;
        }
        // Opened without the mutex, since another program's lock may have to be waited for; of two that do so at once the first one's is used by both.
        LADING_TRY(auto const path, path_of(name, make));
        if (!path) return std::shared_ptr<repository>();
        LADING_TRY(auto folder, detail::layout_folder::open(*path, options_));
        if (!detail::file_identity::of(folder.root(), detail::layout_folder::version_file)) {
            if (!make) return std::shared_ptr<repository>();
            LADING_TRY(auto const held, folder.lock(options_.lock_wait)); // others may be making the same
            if (!detail::file_identity::of(folder.root(), detail::layout_folder::version_file)) {
                LADING_TRY_V(folder.replace(detail::layout_folder::version_file, R"({"imageLayoutVersion":"1.0.0"})"));
            }
        }
        bool const is_whole = detail::file_identity::of(folder.root(), detail::layout_folder::index_file).has_value(); // unless who made it was killed
        if (!is_whole && !staging_) return std::shared_ptr<repository>();
        LADING_TRY(auto layout, staging_ && (make || !is_whole) ? oci_layout::create(*path, options_) : oci_layout::open(*path, options_));
        if (staging_) {
            LADING_TRY_V(folder.make_blobs());
        }
        auto made = std::make_shared<repository>(std::move(layout), std::move(folder));
        std::lock_guard const locked(mutex_);
        if (open_.size() >= most_open) std::erase_if(open_, [](auto const& r) { return r.second.use_count() == 1; });
        return open_.emplace(name, std::move(made)).first->second;
    }
    /// Adds the names of the repositories in a folder.
    static result<void> list(int folder, std::string const& before, std::vector<std::string>& out) {
        if (before.size() > 255) return success();
        std::unique_ptr<DIR, int (*)(DIR*)> const all(::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
        while (auto const* const entry = all ? ::readdir(all.get()) : nullptr) {
            std::string_view const name = entry->d_name;
            auto const component = component_of(name);
            if (folder_of(component) != name || detail::check_path(component, 0)) continue; // no name leads there
            detail::file_handle const at(::openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!at) continue;
            auto const whole = before.empty() ? component : before + '/' + component;
            if (detail::file_identity::of(at.get(), detail::layout_folder::version_file)) out.push_back(whole);
            LADING_TRY_V(list(at.get(), whole, out));
        }
        return success();
    }

    /// The folder of uploads. Who is alone removes what those that were killed have left.
    result<void> open_staging() {
        constexpr char const* name = ".uploads";
        if (::mkdirat(root_.get(), name, 0700) != 0 && errno != EEXIST) return detail::file_error(path_ + '/' + name, "cannot be made");
        detail::file_handle folder(::openat(root_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!folder) return detail::file_error(path_ + '/' + name, "cannot be opened");
        if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) {
            std::unique_ptr<DIR, int (*)(DIR*)> const all(::fdopendir(::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
            while (auto const* const entry = all ? ::readdir(all.get()) : nullptr)
                if (std::string_view(entry->d_name).starts_with("upload-")) ::unlinkat(folder.get(), entry->d_name, 0);
        }
        ::flock(folder.get(), LOCK_SH);
        staging_ = std::make_shared<detail::file_handle const>(std::move(folder));
        return success();
    }

    static constexpr std::size_t most_open = 64; ///< layouts, each with its handles

    std::string path_;
    layout_options options_;
    detail::file_handle root_;
    std::shared_ptr<detail::file_handle const> staging_; ///< uploads that outlive this use it, too
    bool is_one_ = false;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<repository>, std::less<>> open_;
};

} // namespace lading::service
