// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `file_sink`: a blob as a file that appears under its name whole and verified, or not at all. POSIX.

#include "blob_sink.hpp"
#include "part_file.hpp"

#if !defined(_WIN32)

#include <functional>
#include <span>
#include <string>
#include <utility>

namespace lading {

/// How a file is written.
struct file_options {
    file_options() = default;

    file_options& with_durability(lading::durability d) { return durability = d, *this; }
    /// What has the name already is left: `file_exists`, unless it is the blob.
    file_options& with_no_clobber(bool on = true) { return no_clobber = on, *this; }
    /// Whether what a transfer that failed has written is kept, and gone on with by the next one.
    file_options& with_resume(bool on) { return resume = on, *this; }

    lading::durability durability = lading::durability::file;
    bool no_clobber = false;
    bool resume = true;
};

/// Writes `<path>.part` and renames it when the blob is verified; the rules of that file are those of `detail::part_file`. A file
/// that has the name and the size of the blob is read, and stays when it is the blob: then nothing is fetched. A link or a
/// folder of that name is `path_refused`.
///
/// Errors: `path_refused`, `part_in_use` while another sink writes the same file, `file_exists`, `disk_full`, `sink_failed`;
/// each with the path, and the reason that the system gives.
class file_sink final : public blob_sink {
  public:
    explicit file_sink(std::string path, file_options o = {}) : path_(std::move(path)), options_(o) {}

    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override {
        is_there_ = false;
        LADING_TRY_V(part_.open(path_ + ".part"));
        auto held = hold(size, each);
        if (!held) part_.suspend();
        return held;
    }
    result<void> begin() override {
        is_there_ = false;
        if (!part_.is_open()) {
            LADING_TRY_V(part_.open(path_ + ".part"));
        }
        LADING_TRY(bool const there, detail::has_regular_file(path_));
        if (there && options_.no_clobber) return error(errc::file_exists).with_context(path_);
        return part_.restart();
    }
    result<void> write(std::span<std::byte const> piece) override { return part_.write(piece); }
    result<void> commit() override {
        if (is_there_) return part_.discard(), success();
        return part_.commit(path_, options_.durability, detail::usual_mode(), options_.no_clobber);
    }
    void discard() noexcept override { part_.discard(); }
    void suspend() noexcept override { options_.resume ? part_.suspend() : part_.discard(); }

  private:
    result<std::uint64_t> hold(std::int64_t size, held_bytes const& each) {
        LADING_TRY(bool const there, detail::has_regular_file(path_));
        if (there && size >= 0 && part_.held() == 0) {
            auto const file = detail::regular_file::from(detail::file_handle(::open(path_.c_str(), detail::regular_file::flags | O_NOFOLLOW)));
            if (file && file->size() == static_cast<std::uint64_t>(size)) return read(*file, each);
        }
        if (there && options_.no_clobber) return error(errc::file_exists).with_context(path_);
        if (options_.resume) return part_.resume(size, each);
        LADING_TRY_V(part_.restart());
        return std::uint64_t{0};
    }
    result<std::uint64_t> read(detail::regular_file const& file, held_bytes const& each) {
        constexpr std::size_t piece = 128u << 10;
        auto const buffer = std::make_unique<char[]>(piece);
        std::uint64_t at = 0;
        while (auto const n = file.read(at, buffer.get(), piece)) {
            if (!each(std::as_bytes(std::span(buffer.get(), n)))) return error(errc::cancelled);
            at += n;
        }
        if (at != file.size()) return detail::file_error(path_, "cannot be read");
        is_there_ = true;
        return at;
    }

    std::string path_;
    file_options options_;
    detail::part_file part_;
    bool is_there_ = false; ///< what was read is the file that has the name
};

} // namespace lading

#endif
