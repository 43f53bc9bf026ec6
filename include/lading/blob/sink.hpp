// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_sink`: where the bytes of a blob go. What was written is unverified until `commit`.

#include "../result.hpp"

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

namespace lading {

/// Takes one blob. `begin` starts afresh (a retried request calls it again); `write` gets pieces in order; exactly one
/// of `commit` (size and digest hold) and `discard` (they do not, or the transfer failed) ends it. A failure of
/// `begin`, `write` or `commit` ends the operation with that error.
class blob_sink {
  public:
    virtual ~blob_sink() = default;
    virtual result<void> begin() = 0;
    virtual result<void> write(std::span<std::byte const> piece) = 0;
    virtual result<void> commit() = 0;
    virtual void discard() noexcept = 0;
};

/// Keeps nothing: for a blob that is only to be verified.
class null_sink final : public blob_sink {
  public:
    result<void> begin() override { return success(); }
    result<void> write(std::span<std::byte const>) override { return success(); }
    result<void> commit() override { return success(); }
    void discard() noexcept override {}
};

/// Keeps the blob in memory; `bytes()` is empty unless the blob was verified.
class memory_sink final : public blob_sink {
  public:
    /// `limit` in bytes; more is `body_too_large`.
    explicit memory_sink(std::size_t limit) : limit_(limit) {}
    result<void> begin() override { return pending_.clear(), success(); }
    result<void> write(std::span<std::byte const> piece) override {
        if (piece.size() > limit_ - pending_.size())
            return error(errc::body_too_large).with_values("at most " + std::to_string(limit_) + " bytes", "more");
        pending_.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }
    result<void> commit() override { return bytes_ = std::move(pending_), success(); }
    void discard() noexcept override { pending_.clear(); }
    std::string const& bytes() const noexcept { return bytes_; }
    std::string take() noexcept { return std::exchange(bytes_, {}); }

  private:
    std::string pending_, bytes_;
    std::size_t limit_;
};

/// Writes `<path>.part` and renames it to `path` when the blob is verified; nothing is ever visible under `path` but
/// the whole verified blob. Errors: `sink_failed` with the path.
class file_sink final : public blob_sink {
  public:
    explicit file_sink(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
    file_sink(file_sink const&) = delete;
    file_sink& operator=(file_sink const&) = delete;
    ~file_sink() override { discard(); }

    result<void> begin() override {
        discard();
        file_ = std::fopen(part_.c_str(), "wb");
        return file_ ? result<void>(success()) : failed("cannot be created");
    }
    result<void> write(std::span<std::byte const> piece) override {
        if (std::fwrite(piece.data(), 1, piece.size(), file_) != piece.size()) return failed("cannot be written");
        return success();
    }
    result<void> commit() override {
        bool const closed = std::fclose(std::exchange(file_, nullptr)) == 0;
        if (closed && std::rename(part_.c_str(), path_.c_str()) == 0) return success();
        std::remove(part_.c_str());
        return failed("cannot be completed");
    }
    void discard() noexcept override {
        if (!file_) return;
        std::fclose(std::exchange(file_, nullptr));
        std::remove(part_.c_str());
    }

  private:
    result<void> failed(char const* what) const { return error(errc::sink_failed).with_context(part_ + ' ' + what); }

    std::string path_, part_;
    std::FILE* file_ = nullptr;
};

} // namespace lading
