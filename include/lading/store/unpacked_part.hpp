// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `unpacked_part`: the bytes of a file, decompressed if they are compressed.

#include "../unpack/decompressor.hpp"
#include "image_files.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::detail {

/// Reads a file; one that is compressed with something in `known` is undone on the way.
class unpacked_part {
  public:
    unpacked_part(file_part part, std::vector<decompression> const& known) : part_(std::move(part)) {
        auto peek = part_;
        char head[8];
        auto const* const by = compression_of({head, peek.read(head, sizeof head)}, known);
        if (by) undo_ = by->make();
        if (by) packed_.resize(64u << 10);
    }
    bool is_packed() const noexcept { return !packed_.empty(); }
    /// Up to the size of `out` bytes; 0 at the end. Errors: `layout_invalid`, when it ends early or is damaged.
    result<std::size_t> read(std::span<char> out) {
        if (!is_packed()) {
            auto const n = part_.read(out.data(), out.size());
            return n == 0 && part_.size() != 0 ? early() : result<std::size_t>(n);
        }
        if (!undo_) return error(errc::out_of_memory);
        for (;;) {
            LADING_TRY(auto const n, undo_->read(in_, std::as_writable_bytes(out)));
            if (n != 0) return n;
            auto const got = part_.read(packed_.data(), packed_.size());
            if (got == 0) return part_.size() == 0 && undo_->complete() ? result<std::size_t>(std::size_t{0}) : early();
            in_ = std::as_bytes(std::span(packed_).first(got));
        }
    }

  private:
    static result<std::size_t> early() { return error(errc::layout_invalid).with_context("ends early"); }

    file_part part_;
    std::unique_ptr<decompressor> undo_;
    std::vector<char> packed_;
    std::span<std::byte const> in_;
};

} // namespace lading::detail
