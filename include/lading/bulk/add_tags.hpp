// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `add_tags`: more names for what has one.

#include "../store/content_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// Gives what `name` leads to in a store these names too, in their order. Nothing is copied, and the document stays as it is, byte for byte. Errors: those
/// of the store; `cancelled`; names that were given before it stay. Requests to a registry: the document, then one PUT for each name.
template <class Store>
result<descriptor> add_tags(Store& store, std::string_view name, std::vector<std::string> const& tags, stop_token stop = {}) {
    static_assert(check_content_store<Store>::ok);
    detail::will_write(store);
    LADING_TRY(auto what, store.resolve(name, stop));
    for (auto const& tag : tags) {
        if (stop.stop_requested()) return error(errc::cancelled);
        LADING_TRY_V(store.tag(tag, what));
    }
    LADING_TRY_V(store.complete());
    return what;
}

} // namespace lading
