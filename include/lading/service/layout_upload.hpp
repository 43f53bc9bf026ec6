// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `layout_upload`: an upload to a layout, as a file that becomes the blob. POSIX.

#include "../hash/openssl_hash.hpp"
#include "../store/file_error.hpp"
#include "../store/layout_folder.hpp"
#include "../store/part_file.hpp"
#include "../store/regular_file.hpp"
#include "repositories.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading::service::detail {

/// Hashes what it is sent as it comes. Closed between two requests. Threads: one at a time.
class layout_upload final : public staged_blob {
  public:
    /// In the folder `staging`; errors call it `where`.
    static result<std::unique_ptr<staged_blob>> begin(std::shared_ptr<file_handle const> staging, std::string where, std::shared_ptr<layout_folder const> to) {
        static std::atomic<unsigned long> number{0};
        for (int tries = 0; tries < 100; ++tries) {
            auto name = "upload-" + std::to_string(::getpid()) + '-' + std::to_string(++number);
            file_handle file(::openat(staging->get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
            if (file) return std::unique_ptr<staged_blob>(new layout_upload(std::move(staging), std::move(where), std::move(name), std::move(file), std::move(to)));
            if (errno != EEXIST) break;
        }
        return file_error(where, "cannot be written");
    }
    ~layout_upload() override {
        if (!name_.empty()) ::unlinkat(staging_->get(), name_.c_str(), 0);
    }

    std::uint64_t size() const override { return size_; }
    result<void> write(std::span<std::byte const> piece) override {
        if (!file_) file_ = file_handle(::openat(staging_->get(), name_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
        if (!file_) return file_error(where_ + name_, "cannot be opened");
        known_.reset();
        while (!piece.empty()) {
            auto const n = ::write(file_.get(), piece.data(), piece.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return file_error(where_ + name_, "cannot be written");
            if (hash_) hash_->update(piece.first(static_cast<std::size_t>(n)));
            size_ += static_cast<std::uint64_t>(n);
            piece = piece.subspan(static_cast<std::size_t>(n));
        }
        return success();
    }
    void pause() noexcept override { file_ = {}; }
    result<digest> hashed(digest_algorithm a) override {
        if (known_ && known_->algorithm() == a) return *known_;
        std::optional<openssl_hash> own;
        if (a == digest_algorithm::sha256) own.swap(hash_);
        if (!own) {
            own.emplace(a);
            LADING_TRY_V(each_byte([&](std::span<std::byte const> piece) { own->update(piece); }));
        }
        LADING_TRY(auto d, own->finish());
        known_ = d;
        return d;
    }
    result<void> keep(digest const& d, std::optional<digest> const& other) override {
        file_handle opened(::openat(staging_->get(), name_.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
        if (!opened) return file_error(where_ + name_, "cannot be opened");
        ::fchmod(opened.get(), usual_mode());
        if (::fsync(opened.get()) != 0 && errno != EINVAL) return file_error(where_ + name_, "cannot be written"); // EINVAL: not on this file system
        LADING_TRY(auto const there, to_->made_blobs_of(d.algorithm()));
        if (::renameat(staging_->get(), name_.c_str(), there.get(), d.hex().c_str()) != 0) return file_error(to_->blob_name(d), "cannot be given to what was written");
        name_.clear(); // nothing is written to it from here on
        if (::fsync(there.get()) != 0 && errno != EINVAL) return file_error(to_->blob_name(d), "cannot be written");
        if (!other) return success();
        LADING_TRY(auto const too, to_->made_blobs_of(other->algorithm()));
        if (::linkat(there.get(), d.hex().c_str(), too.get(), other->hex().c_str(), 0) != 0 && errno != EEXIST) return file_error(to_->blob_name(*other), "cannot be written");
        if (::fsync(too.get()) != 0 && errno != EINVAL) return file_error(to_->blob_name(*other), "cannot be written");
        return success();
    }

  private:
    layout_upload(std::shared_ptr<file_handle const> staging, std::string where, std::string name, file_handle file, std::shared_ptr<layout_folder const> to)
        : staging_(std::move(staging)), where_(std::move(where)), name_(std::move(name)), file_(std::move(file)), to_(std::move(to)), hash_(digest_algorithm::sha256) {}

    template <class Each>
    result<void> each_byte(Each const& each) {
        auto const file = regular_file::from(file_handle(::openat(staging_->get(), name_.c_str(), regular_file::flags | O_NOFOLLOW)));
        if (!file) return file_error(where_ + name_, "cannot be read");
        std::vector<char> piece(128u << 10);
        std::uint64_t at = 0;
        while (auto const n = file->read(at, piece.data(), piece.size())) each(std::as_bytes(std::span(piece).first(n))), at += n;
        if (at != size_) return error(errc::size_mismatch).with_context(where_ + name_).with_values(std::to_string(size_) + " bytes", std::to_string(at));
        return success();
    }

    std::shared_ptr<file_handle const> staging_;
    std::string where_, name_;
    file_handle file_;
    std::shared_ptr<layout_folder const> to_;
    std::uint64_t size_ = 0;
    std::optional<openssl_hash> hash_; ///< of all that was written; nothing once it was asked for
    std::optional<digest> known_;
};

/// Passes a blob to an upload.
class staging_sink final : public blob_sink {
  public:
    explicit staging_sink(staged_blob& to) : to_(to) {}
    result<void> begin() override {
        if (to_.size() > 0) return error(errc::sink_failed).with_context("an upload cannot begin again");
        return success();
    }
    result<void> write(std::span<std::byte const> piece) override { return to_.write(piece); }
    result<void> commit() override { return success(); }
    void discard() noexcept override {}

  private:
    staged_blob& to_;
};

} // namespace lading::service::detail
