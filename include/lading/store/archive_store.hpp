// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `archive_store`: what stores that are one archive have in common.

#include "blob_sink.hpp"
#include "image_on_disk.hpp"
#include "staged_layout.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// An archive that is read, or one that is being written; once that is complete it is read. Copies of an object are the same
/// archive. Threads: as a `content_store` says.
template <json_policy J, hash_policy H>
class archive_store {
  public:
    /// What is there to read, or is written and not complete. Errors, and how images are called, are those of `image_on_disk`, or of `oci_layout`.
    result<descriptor> resolve(std::string_view name, stop_token stop = {}) {
        return state_->archive ? state_->archive->resolve(name, stop) : files().resolve(name, stop);
    }
    result<std::string> document(descriptor const& what, stop_token stop = {}) {
        return state_->archive ? state_->archive->document(what, stop) : files().document(what, stop);
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        return state_->archive ? state_->archive->read(what, out, stop) : files().read(what, out, stop);
    }
    result<std::vector<std::string>> names(stop_token stop = {}) {
        return state_->archive ? state_->archive->names(stop) : files().names(stop);
    }
    std::vector<warning> take_warnings() { return state_->archive ? state_->archive->take_warnings() : files().take_warnings(); }

    /// Writing. What is asked for, and there, belongs to the archive, as what is written does. Errors: those of `oci_layout`;
    /// `archive_exists` for one that was opened to be read, or is complete.
    result<bool> has(descriptor const& what, stop_token stop = {}) {
        LADING_TRY_V(can_be_written());
        LADING_TRY(bool const there, files().has(what, stop));
        if (there) state_->staged->want(what.digest);
        return there;
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) { return writer(what, layout_options().lock_wait); }
    /// The same for who can be told to stop, and so waits itself.
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what, std::chrono::milliseconds wait) {
        LADING_TRY_V(can_be_written());
        state_->staged->want(what.digest);
        return files().writer(what, wait);
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        LADING_TRY_V(can_be_written());
        state_->staged->want(what.digest);
        return files().put_document(what, bytes);
    }
    result<void> tag(std::string_view name, descriptor const& what, stop_token stop = {}) {
        LADING_TRY_V(can_be_written());
        state_->staged->want(what.digest);
        return files().tag(name, what, std::move(stop));
    }

  protected:
    result<std::vector<descriptor>> referrers(descriptor const& what, stop_token stop) {
        return state_->archive ? state_->archive->referrers(what, stop) : files().referrers(what, stop);
    }
    static result<archive_store> open(std::string path, archive_options const& o, stop_token stop) {
        archive_store out;
        LADING_TRY_V(out.read_archive(std::move(path), o, std::move(stop)));
        return out;
    }
    static result<archive_store> create(std::string path, archive_options o, bool containerd_names) {
        archive_store out;
        LADING_TRY(auto staged, staged_layout<J, H>::create(std::move(path), std::move(o), containerd_names));
        out.state_->staged.emplace(std::move(staged));
        return out;
    }
    /// `pack(staged_layout&, tar_writer&)` writes the members.
    template <class Pack>
    result<void> complete(Pack const& pack, stop_token stop) {
        LADING_TRY_V(can_be_written());
        auto& staged = *state_->staged;
        LADING_TRY_V(staged.complete([&](tar_writer& to) { return pack(staged, to); }, std::move(stop)));
        return read_archive(staged.path(), staged.options(), {});
    }

  private:
    struct state {
        state() = default;
        state(state const&) = delete;
        state& operator=(state const&) = delete;
        ~state() {
            if (staged && !archive) staged->remove_if_unused();
        }
        std::optional<basic_image_on_disk<J, H>> archive; ///< once it is there
        std::optional<staged_layout<J, H>> staged;        ///< if it is being written
    };

    basic_oci_layout<J, H>& files() noexcept { return state_->staged->files(); }
    result<void> can_be_written() const {
        if (state_->archive) return error(errc::archive_exists).with_context("an archive is written once, as a whole");
        return success();
    }
    result<void> read_archive(std::string path, archive_options const& o, stop_token stop) {
        auto how = image_on_disk_options(o.bounds).with_made(made_manifest::oci); // for what is copied from here
        how.decompressions = o.decompressions;
        LADING_TRY(auto files, basic_image_on_disk<J, H>::open(std::move(path), std::move(how), std::move(stop)));
        state_->archive.emplace(std::move(files));
        return success();
    }

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

} // namespace lading::detail
