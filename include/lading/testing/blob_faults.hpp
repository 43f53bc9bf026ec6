// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::blob_faults`: how the embedded registry fails while it serves blobs.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lading::testing {

/// What a request with one `Range` is answered with.
enum class range_manners : std::uint8_t {
    as_asked,   ///< 206 with these bytes
    ignored,    ///< 200 with all bytes
    refused,    ///< 416
    not_met,    ///< 412
    missing,    ///< 404
    unsaid,     ///< 206 without `Content-Range`
    shifted,    ///< 206 that says other positions
    halved,     ///< 206 with the first half of them, said so
    of_another, ///< 206 as asked for, with bytes of another blob
};

/// A value. Every setter returns the object.
struct blob_faults {
    blob_faults() = default;

    /// Each answer is cut off after so many bytes of its body; 0 for never.
    blob_faults& with_cut(std::size_t bytes) { return cut_after = bytes, *this; }
    /// Bodies come in pieces of so many bytes, with a pause in milliseconds between two.
    blob_faults& with_pieces(std::size_t bytes, std::chrono::milliseconds between) { return piece = bytes, pause = between, *this; }
    blob_faults& with_ranges(range_manners m) { return ranges = m, *this; }

    std::size_t cut_after = 0;
    std::size_t piece = 0; ///< 0 for all at once
    std::chrono::milliseconds pause{0};
    range_manners ranges = range_manners::as_asked;
};

} // namespace lading::testing
