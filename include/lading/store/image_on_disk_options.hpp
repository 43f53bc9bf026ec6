// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `image_on_disk_options`: how an image on disk is opened.

#include "../detail/chrono.hpp"
#include "../limits.hpp"
#include "../unpack/decompressor.hpp"
#include "saved_images.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace lading {

/// How an image on disk is opened.
struct image_on_disk_options {
    image_on_disk_options() = default;
    image_on_disk_options(limits l) : bounds(std::move(l)) {}
    /// Reads archives of this compression too: `with_decompression(zlib_gzip::model())`.
    image_on_disk_options& with_decompression(decompression d) { return decompressions.push_back(d), *this; }
    /// Decompressing and naming, which read whole files, are over by then; by default they take as long as they take.
    image_on_disk_options& with_deadline(std::chrono::steady_clock::time_point t) { return deadline = t, *this; }
    /// What is made of an image that `docker save` wrote without a manifest.
    image_on_disk_options& with_made(made_manifest m) { return made = m, *this; }

    limits bounds;
    std::vector<decompression> decompressions;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    made_manifest made = made_manifest::docker;
};

} // namespace lading
