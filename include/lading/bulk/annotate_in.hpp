// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `annotate_in`: other annotations for a document of a store.

#include "../document/edit.hpp"
#include "write_document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// The document of this name with other annotations, under `names`; without any it is found by its digest alone. Errors: those of the store and of
/// `annotate`.
template <class Store>
result<made_document> annotate_in(Store& store, std::string_view name, annotation_edit const& edit, std::vector<std::string> const& names = {}, stop_token stop = {},
                                  limits const& bounds = {}) {
    return detail::edit_in(store, name, names, stop, [&](std::string const& bytes, std::string const& type) { return annotate(bytes, type, edit, bounds); });
}

} // namespace lading
