// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `for_each_written`: the fields of a document in the order in which they are written.

#include "fields.hpp"

#include <boost/hana/at.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace lading::detail {

/// Positions of the fields of `T`: those of `document_rules<T>::written_first`, then the others as they are reflected.
template <class T>
consteval auto written_order() {
    return boost::hana::unpack(boost::hana::accessors<T>(), []<class... A>(A const&...) {
        std::array<std::size_t, sizeof...(A)> out{};
        std::string_view const names[] = {field_name<A>()...};
        bool taken[sizeof...(A)]{};
        std::size_t n = 0;
        for (auto const first : document_rules<T>::written_first)
            for (std::size_t i = 0; i < sizeof...(A); ++i)
                if (names[i] == first && !taken[i]) taken[i] = true, out[n++] = i;
        for (std::size_t i = 0; i < sizeof...(A); ++i)
            if (!taken[i]) out[n++] = i;
        return out;
    });
}

template <class T>
inline constexpr auto written_order_of = written_order<T>();

template <class T>
consteval bool is_always_written(std::string_view field) {
    for (auto const name : document_rules<T>::always_written)
        if (name == field) return true;
    return is_required<T>(field);
}

/// Calls `f(json_name, always, accessor)` for each field of `T`, in the order in which they are written.
template <class T, class F>
constexpr void for_each_written(F&& f) {
    static_assert(rules_fit<T>(), "[lading] document_rules: a name in the rules is no field of the document, or two fields have one JSON name");
    auto const accessors = boost::hana::accessors<T>();
    auto one = [&]<class Accessor>(Accessor const& accessor) {
        f(wire_name_for<T, Accessor>.view(), std::bool_constant<is_always_written<T>(field_name<Accessor>())>::value,
          boost::hana::second(accessor));
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (one(boost::hana::at_c<written_order_of<T>[I]>(accessors)), ...);
    }(std::make_index_sequence<written_order_of<T>.size()>());
}

/// Whether `F<Member>()` holds for the type of each field of `T`.
template <class T, template <class> class F>
constexpr bool all_fields() {
    return boost::hana::unpack(boost::hana::accessors<T>(), []<class... A>(A const&...) {
        return (F<std::remove_cvref_t<decltype(boost::hana::second(std::declval<A>())(std::declval<T const&>()))>>::value && ...);
    });
}

/// True when a field of `T` has this JSON name.
template <class T>
constexpr bool has_field(std::string_view json_name) {
    return boost::hana::unpack(boost::hana::accessors<T>(), [&]<class... A>(A const&...) {
        return ((wire_name_for<T, A>.view() == json_name) || ...);
    });
}

} // namespace lading::detail
