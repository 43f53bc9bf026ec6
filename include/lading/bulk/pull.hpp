// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `pull`: an image, an index of images or an artifact from a registry to a store.

#include "../detail/pulls.hpp"
#include "../store/registry_repository.hpp"
#include "copy.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lading {

namespace detail {
/// What a reference is called in its repository.
inline std::string name_in_repository(reference const& ref) { return ref.target(); }
} // namespace detail

/// Copies what `ref` leads to. It is named `name` in the store; without a name it has its tag there, and none where it was
/// asked for by digest alone. `Client` is blocking: `client` or a `basic_client`.
///
/// Requests, cold: the document that the name leads to, each document and blob below it once. Again, where the store knows the name: one HEAD
/// when that still leads to the same, and for what the store lacks. Errors and threads: those of `copy`; those of `reference::parse` for a text.
template <class Client, class Store>
result<copy_summary> pull(Client& registry, reference const& ref, Store& to, std::string_view name, copy_options o = {}, stop_token stop = {}) {
    registry_repository<Client> from(registry, ref.repository());
    return copy(from, detail::name_in_repository(ref), to, name, std::move(o), std::move(stop));
}
template <class Client, class Store>
result<copy_summary> pull(Client& registry, reference const& ref, Store& to, copy_options o = {}, stop_token stop = {}) {
    return pull(registry, ref, to, ref.effective_tag(), std::move(o), std::move(stop));
}
template <class Client, class Store>
result<copy_summary> pull(Client& registry, std::string_view ref, Store& to, copy_options o = {}, stop_token stop = {}) {
    LADING_TRY(auto const parsed, reference::parse(ref));
    return pull(registry, parsed, to, std::move(o), std::move(stop));
}

/// What `pull` would do: see `plan_copy`.
template <class Client, class Store>
result<copy_forecast> plan_pull(Client& registry, reference const& ref, Store& to, copy_options o = {}, stop_token stop = {}) {
    registry_repository<Client> from(registry, ref.repository());
    return plan_copy(from, detail::name_in_repository(ref), to, ref.effective_tag(), std::move(o), std::move(stop));
}

namespace detail {
template <class Store>
    requires std::is_object_v<Store>
struct pulls<Store> {
    template <class... Args>
    static result<copy_summary> pull(Args&&... args) {
        return lading::pull(std::forward<Args>(args)...);
    }
};
} // namespace detail

} // namespace lading
