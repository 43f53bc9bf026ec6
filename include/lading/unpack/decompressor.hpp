// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `decompressor`: undoes one compression, piece by piece. Models are opt in: `zlib_gzip` and `zstd_frames`, each in its
/// own header, with its library.

#include "../result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lading {

/// One compressed stream that is being read.
class decompressor {
  public:
    virtual ~decompressor() = default;
    /// Takes bytes from the front of `in` and writes to the front of `out`; how many were written. When it writes none it
    /// has taken all of `in`. Errors: `layout_invalid`, when the bytes are damaged.
    virtual result<std::size_t> read(std::span<std::byte const>& in, std::span<std::byte> out) = 0;
    /// True where the stream may end.
    virtual bool complete() const noexcept = 0;
};

/// A compression that can be undone: what its streams begin with, and what makes a decompressor. One that has no memory
/// for its tables answers null.
struct decompression {
    std::string_view magic;
    std::unique_ptr<decompressor> (*make)();
};

namespace detail {

/// What people compress archives with, and undo it with.
struct known_compression {
    std::string_view magic, name, command;
};
inline constexpr known_compression known_compressions[] = {{std::string_view("\x1f\x8b\x08", 3), "gzip", "gunzip"},
                                                           {std::string_view("\x28\xb5\x2f\xfd", 4), "zstd", "unzstd"},
                                                           {std::string_view("\xfd"
                                                                             "7zXZ\0",
                                                                             6),
                                                            "xz", "unxz"},
                                                           {std::string_view("BZh", 3), "bzip2", "bunzip2"}};

/// The compression whose streams begin as `head` does, or null.
template <class Compressions>
auto const* compression_of(std::string_view head, Compressions const& all) {
    for (auto const& c : all)
        if (head.starts_with(c.magic)) return &c;
    return static_cast<decltype(&*std::begin(all))>(nullptr);
}

/// What so many honest bytes are at most when they are decompressed, in bytes: by the densest that their format has, and some room.
/// `most` at most.
inline std::uint64_t most_decompressed(std::uint64_t size, known_compression const& by, std::uint64_t most) noexcept {
    std::uint64_t const ratio = by.name == "gzip" ? 1100 : 33'000, room = 64u << 20;
    return size > most / ratio ? most : std::min(most, size * ratio + room);
}

} // namespace detail

} // namespace lading
