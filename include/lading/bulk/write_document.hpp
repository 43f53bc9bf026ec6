// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `write_document`: a document that was made, into a store, under names.

#include "../document/made_document.hpp"
#include "../store/content_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// Writes a document under these names; without any it is found by its digest alone. What it lists has to be in the store. Errors: those of the store.
/// Requests to a registry: one PUT for each name.
template <class Store>
result<void> write_document(Store& store, made_document const& made, std::vector<std::string> const& names) {
    static_assert(check_content_store<Store>::ok);
    LADING_TRY_V(store.put_document(made.self, made.bytes));
    if (names.empty()) {
        LADING_TRY_V(store.tag({}, made.self));
    }
    for (auto const& name : names) {
        LADING_TRY_V(store.tag(name, made.self));
    }
    return store.complete();
}

namespace detail {
/// Reads the document of a name, edits it and writes it, unless nothing changed and nothing gets a name.
template <class Store, class Edit>
result<made_document> edit_in(Store& store, std::string_view name, std::vector<std::string> const& names, stop_token const& stop, Edit const& edit) {
    static_assert(check_content_store<Store>::ok);
    will_write(store);
    LADING_TRY(auto const what, store.resolve(name, stop));
    LADING_TRY(auto const bytes, store.document(what, stop));
    LADING_TRY(auto made, edit(bytes, what.media_type));
    if (made.is_new() || !names.empty()) {
        LADING_TRY_V(write_document(store, made, names));
    }
    return made;
}
} // namespace detail

} // namespace lading
