// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The bridge from Boost.Hana's reflection to the decoder: `for_each_field`, and the checks of a document's rules
/// that need set algebra. Reflection lives in headers of its own because adapting a struct costs compile time in every
/// unit that sees it.

#include "../rules.hpp"
#include "adapt.hpp"

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/unpack.hpp>

#include <cstddef>
#include <type_traits>

namespace lading {

/// A type adapted with `LADING_REFLECT` or `BOOST_HANA_ADAPT_STRUCT`.
template <class T>
concept reflected = boost::hana::Struct<T>::value;

namespace detail {

/// A JSON name of at most 63 characters, made at compile time.
struct wire_name {
    char data[64]{};
    std::size_t size = 0;
    constexpr std::string_view view() const noexcept { return {data, size}; }
};

template <class T>
consteval wire_name wire_name_of(std::string_view field) {
    wire_name out;
    for (auto const& [from, to] : document_rules<T>::renamed)
        if (from == field) {
            for (char c : to) out.data[out.size++] = c;
            return out;
        }
    bool upper = document_rules<T>::style == naming::pascal;
    for (char c : field) {
        if (c == '_' && document_rules<T>::style != naming::verbatim) {
            upper = true;
        } else {
            out.data[out.size++] = upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            upper = false;
        }
    }
    return out;
}

/// The C++ name of the field that a Hana accessor is for.
template <class Accessor>
constexpr std::string_view field_name() {
    if constexpr (requires { Accessor::name(); }) {
        return Accessor::name();
    } else {
        using key = std::decay_t<decltype(boost::hana::first(std::declval<Accessor const&>()))>;
        return boost::hana::to<char const*>(key{});
    }
}

template <class T>
consteval bool is_required(std::string_view field) {
    for (auto r : document_rules<T>::required)
        if (r == field) return true;
    return false;
}

/// Every name in the rules is a field, and no two fields have one JSON name.
template <class T>
consteval bool rules_fit() {
    return boost::hana::unpack(boost::hana::accessors<T>(), []<class... A>(A const&...) {
        auto is_field = [](std::string_view n) { return ((field_name<A>() == n) || ...); };
        for (auto r : document_rules<T>::required)
            if (!is_field(r)) return false;
        for (auto r : document_rules<T>::written_first)
            if (!is_field(r)) return false;
        for (auto r : document_rules<T>::always_written)
            if (!is_field(r)) return false;
        for (auto const& r : document_rules<T>::renamed)
            if (!is_field(r.first)) return false;
        wire_name const names[] = {wire_name_of<T>(field_name<A>())...};
        for (auto const& a : names)
            for (auto const& b : names)
                if (&a != &b && a.view() == b.view()) return false;
        return true;
    });
}

/// The JSON name of the field that an accessor of `T` is for.
template <class T, class Accessor>
inline constexpr wire_name wire_name_for = wire_name_of<T>(field_name<Accessor>());

/// Calls `f(json_name, required, accessor)` for each field of `T`, in declaration order.
template <class T, class F>
constexpr void for_each_accessor(F&& f) {
    static_assert(rules_fit<T>(), "[lading] document_rules: a name in `required` or `renamed` is no field of "
                                  "the document (nor may one in `written_first` or `always_written`), or two fields have one JSON name");
    boost::hana::unpack(boost::hana::accessors<T>(), [&]<class... A>(A const&... accessor) {
        (f(wire_name_for<T, A>.view(), std::bool_constant<is_required<T>(field_name<A>())>::value, boost::hana::second(accessor)), ...);
    });
}

} // namespace detail

/// Calls `f(json_name, required, member)` for each field of a reflected object, in declaration order.
template <reflected T, class F>
constexpr void for_each_field(T& object, F&& f) {
    detail::for_each_accessor<T>(
        [&](std::string_view name, bool required, auto const& member) { f(name, required, member(object)); });
}

} // namespace lading
