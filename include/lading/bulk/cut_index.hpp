// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `cut_index`: for a copy of some of an index's images, with an index of just these (`copy_options::with_new_index`).

#include "../document/edit.hpp"
#include "copy_options.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// The index without these entries; the others stay in their order, with all that the index says of them and of itself. Errors: those of
/// `remove_entries`.
inline result<std::string> cut_index(std::string_view index, std::string_view media_type, std::vector<digest> const& without) {
    LADING_TRY(auto made, remove_entries(index, media_type, without));
    return std::move(made.bytes);
}

} // namespace lading
