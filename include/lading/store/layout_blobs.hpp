// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_blobs`: the contents of an OCI layout, by their digests. `layout_options`.

#include "../detail/mutex.hpp"
#include "../limits.hpp"
#include "../protocol/part_wait.hpp"
#include "layout_folder.hpp"
#include "named_part.hpp"
#include "pass_verified.hpp"

#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace lading {

/// How a layout is read and written. Sizes are in bytes.
struct layout_options : detail::folder_options {
    limits bounds;
    std::size_t entries = 4096; ///< most entries of the index; a layout of many images wants more, up to 65,536
    std::uint64_t verify_existing = std::uint64_t{256} << 20;  ///< blobs that are there, and smaller than this, are hashed before they are taken for present
    std::chrono::milliseconds lock_wait{30'000};                ///< how long another program's lock is waited for
    bool prune = false;          ///< an entry that loses its name to another image is removed, not kept without one
    bool tag_names = false;      ///< any tag of a registry is a name, also one that the layout's grammar has not ("a__b")
    bool containerd_names = false; ///< names that are whole references ("docker.io/library/alpine:3") are noted for containerd too

    layout_options& with_limits(limits l) { return bounds = std::move(l), *this; }
    layout_options& with_entries(std::size_t n) { return entries = n, *this; }
    layout_options& with_shared_blobs(std::string folder) { return shared_blobs = std::move(folder), *this; }
    layout_options& with_blob_links() { return follow_blob_links = true, *this; }
    layout_options& with_durability(durability d) { return durable = d, *this; }
    layout_options& with_lock_wait(std::chrono::milliseconds t) { return lock_wait = t, *this; }
    layout_options& with_prune() { return prune = true, *this; }
    layout_options& with_tag_names() { return tag_names = true, *this; }
    layout_options& with_containerd_names() { return containerd_names = true, *this; }
};

namespace detail {

/// Threads: any call by several at once. `H` models the hash policy.
template <hash_policy H>
class layout_blobs : public std::enable_shared_from_this<layout_blobs<H>> {
  public:
    layout_blobs(layout_folder f, layout_options o) : folder_(std::move(f)), options_(std::move(o)) {}

    layout_folder const& folder() const noexcept { return folder_; }
    layout_folder& folder() noexcept { return folder_; }

    result<std::string> document(descriptor const& what) const {
        LADING_TRY(auto const file, folder_.blob(what.digest));
        if (!file) return error(errc::manifest_unknown).with_context(folder_.blob_name(what.digest) + " is not there");
        auto const most = options_.bounds.manifest_bytes;
        if (what.size >= 0 && file->size() != static_cast<std::uint64_t>(what.size))
            return error(errc::size_mismatch).with_context(folder_.blob_name(what.digest)).with_values(std::to_string(what.size) + " bytes", std::to_string(file->size()));
        if (file->size() > most)
            return error(errc::body_too_large).with_context(folder_.blob_name(what.digest)).with_values("at most " + std::to_string(most) + " bytes (limits::manifest_bytes)", std::to_string(file->size()));
        std::string out(static_cast<std::size_t>(file->size()), '\0');
        std::size_t have = 0;
        while (auto const n = file->read(have, out.data() + have, out.size() - have)) have += n;
        out.resize(have);
        LADING_TRY(auto const actual, digest_of<H>(out, what.digest.algorithm()));
        if (actual != what.digest) return error(errc::digest_mismatch).with_context(folder_.blob_name(what.digest)).with_values(what.digest.str(), actual.str());
        return out;
    }
    result<void> read(descriptor const& what, blob_sink& out, stop_token const& stop) const {
        LADING_TRY(auto const file, folder_.blob(what.digest));
        if (!file) return error(errc::blob_unknown).with_context(folder_.blob_name(what.digest) + " is not there");
        auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file->read(at, to.data(), to.size()); };
        return pass_verified<H>(what, file->size(), folder_.blob_name(what.digest), from, out, stop);
    }
    result<bool> has(descriptor const& what, stop_token const& stop = {}) {
        LADING_TRY(auto const file, folder_.blob(what.digest));
        if (!file || (what.size >= 0 && file->size() != static_cast<std::uint64_t>(what.size))) return false;
        folder_.touch(what.digest);
        if ((what.size >= 0 && file->size() >= options_.verify_existing) || is_verified(what.digest)) return true;
        null_sink nothing;
        auto const from = [&](std::uint64_t at, std::span<char> to) -> result<std::size_t> { return file->read(at, to.data(), to.size()); };
        auto const same = pass_verified<H>(what, file->size(), {}, from, nothing, stop);
        if (!same && same.assume_error() != errc::digest_mismatch && same.assume_error() != errc::size_mismatch) return same.assume_error();
        if (same) verified(what.digest);
        return same.has_value();
    }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) { return writer(what, options_.lock_wait); }
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what, std::chrono::milliseconds wait) {
        LADING_TRY(auto where, folder_.made_blobs_of(what.digest.algorithm()));
        return std::unique_ptr<blob_sink>(std::make_unique<sink>(this->shared_from_this(), std::move(where), what.digest, wait));
    }
    result<void> put_document(descriptor const& what, std::string_view bytes) {
        if (what.size >= 0 && bytes.size() != static_cast<std::uint64_t>(what.size))
            return error(errc::size_mismatch).with_values(std::to_string(what.size) + " bytes", std::to_string(bytes.size()));
        LADING_TRY(auto const actual, digest_of<H>(bytes, what.digest.algorithm()));
        if (actual != what.digest) return error(errc::digest_mismatch).with_values(what.digest.str(), actual.str());
        LADING_TRY(auto const there, has(what));
        if (there) return success();
        LADING_TRY(auto const out, writer(what));
        return write_whole(*out, bytes);
    }

  private:
    class sink final : public blob_sink {
      public:
        sink(std::shared_ptr<layout_blobs> of, file_handle where, digest d, std::chrono::milliseconds wait)
            : of_(std::move(of)), where_(std::move(where)), digest_(std::move(d)), wait_(wait),
              part_(digest_.hex(), '.' + digest_.hex() + ".part", {of_->options_.durable}, where_.get(), of_->folder_.blobs_name(digest_.algorithm())) {}
        result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override {
            LADING_TRY_V(open());
            return part_.resume(size, each);
        }
        result<void> begin() override {
            LADING_TRY_V(open());
            return part_.begin();
        }
        result<void> write(std::span<std::byte const> piece) override { return part_.write(piece); }
        result<void> commit() override {
            LADING_TRY_V(part_.commit());
            of_->verified(digest_);
            return success();
        }
        void discard() noexcept override { part_.discard(); }
        void suspend() noexcept override { part_.suspend(); }

      private:
        /// Who writes the same blob is waited for.
        result<void> open() {
            return patiently([this] { return part_.open(); }, wait_);
        }

        std::shared_ptr<layout_blobs> of_;
        file_handle where_;
        digest digest_;
        std::chrono::milliseconds wait_;
        named_part part_;
    };

    bool is_verified(digest const& d) {
        std::lock_guard const locked(mutex_);
        return verified_.contains(d);
    }
    void verified(digest const& d) {
        std::lock_guard const locked(mutex_);
        if (verified_.size() >= most_remembered) verified_.clear(); // some are hashed once more
        verified_.insert(d);
    }

    layout_folder folder_;
    layout_options const options_;
    std::mutex mutex_;
    static constexpr std::size_t most_remembered = 4096; ///< many more than one image has
    std::set<digest> verified_; ///< that were hashed or written
};

} // namespace detail
} // namespace lading
