// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `file_sink`: a blob as a file that appears under its name whole and verified, or not at all. POSIX.

#include "blob_sink.hpp"
#include "named_part.hpp"

#if !defined(_WIN32)

#include <span>
#include <string>
#include <utility>

namespace lading {

/// How a file is written.
struct file_options {
    file_options() = default;

    file_options& with_durability(lading::durability d) { return durability = d, *this; }
    /// An existing file of this name is kept: `file_exists`, unless it is the blob.
    file_options& with_no_clobber(bool on = true) { return no_clobber = on, *this; }
    /// Whether what a failed transfer has written is kept, and resumed by the next one.
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
    explicit file_sink(std::string const& path, file_options o = {}) : part_(path, path + ".part", {o.durability, o.no_clobber, o.resume}) {}

    result<std::uint64_t> resume(std::int64_t size, held_bytes const& each) override { return part_.resume(size, each); }
    result<void> begin() override { return part_.begin(); }
    result<void> write(std::span<std::byte const> piece) override { return part_.write(piece); }
    result<void> commit() override { return part_.commit(); }
    void discard() noexcept override { part_.discard(); }
    void suspend() noexcept override { part_.suspend(); }

  private:
    detail::named_part part_;
};

} // namespace lading

#endif
