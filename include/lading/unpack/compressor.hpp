// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `compressor`: makes one compressed stream, piece by piece; the same bytes each time that it is given the same. Models are opt in: `zlib_gzip_writer`,
/// in the header of `zlib_gzip`.

#include "../result.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lading {

/// One stream that is being written.
class compressor {
  public:
    virtual ~compressor() = default;
    /// Appends what there is to write after `in` to `out`; `last`: nothing follows, so all of it.
    virtual result<void> write(std::span<std::byte const> in, bool last, std::string& out) = 0;
};

/// A compression that can be done: what media types that end so have (`+gzip`), and what makes a compressor. One that has no memory for its
/// tables answers null.
struct compressor_model {
    std::string_view suffix;
    std::unique_ptr<compressor> (*make)();
};

} // namespace lading
