// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `LADING_REFLECT(type, fields...)`: what `BOOST_HANA_ADAPT_STRUCT` does, but only in units that decode or encode.
///
/// Hana's macro makes a function that every unit compiles, and a `hana::pair` of a field, of 0.9 MB of g++'s memory each;
/// here it is a template that costs nothing until it is used, and then 0.15 MB a field. Both macros make a Hana Struct, so
/// a user's document may use either; Hana's needs `<boost/hana/adapt_struct.hpp>`. Up to 80 fields.

#include "../../detail/inline_string.hpp"

#include <boost/hana/accessors.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace lading::detail {

struct accessor_tag;

/// The name of a field and how it is read: a Product of Hana's, whose first is a `hana::string` and whose second is a
/// function of the object.
template <fixed_string Name, auto Member>
struct accessor {
    using hana_tag = accessor_tag;
    static constexpr auto text = Name; // g++ takes no address of a template argument for a constant under -fsanitize=undefined
    static constexpr std::string_view name() noexcept { return text.view(); }

    template <class T>
    constexpr auto& operator()(T& object) const noexcept {
        return object.*Member;
    }
};

} // namespace lading::detail

template <>
struct boost::hana::first_impl<lading::detail::accessor_tag> {
    template <lading::detail::fixed_string Name, auto Member>
    static constexpr auto apply(lading::detail::accessor<Name, Member> const&) noexcept {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            return string_c<Name.data[I]...>;
        }(std::make_index_sequence<sizeof Name.data - 1>());
    }
};
template <>
struct boost::hana::second_impl<lading::detail::accessor_tag> {
    template <class Accessor>
    static constexpr Accessor apply(Accessor const& a) noexcept {
        return a;
    }
};

#define LADING_DETAIL_PARENS ()
#define LADING_DETAIL_EXPAND(...) LADING_DETAIL_EXPAND3(LADING_DETAIL_EXPAND3(LADING_DETAIL_EXPAND3(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND3(...) LADING_DETAIL_EXPAND2(LADING_DETAIL_EXPAND2(LADING_DETAIL_EXPAND2(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND2(...) LADING_DETAIL_EXPAND1(LADING_DETAIL_EXPAND1(LADING_DETAIL_EXPAND1(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND1(...) __VA_ARGS__
#define LADING_DETAIL_FIELD(T, f, ...)    \
    ::lading::detail::accessor<#f, &T::f> \
    __VA_OPT__(, LADING_DETAIL_AGAIN LADING_DETAIL_PARENS(T, __VA_ARGS__))
#define LADING_DETAIL_AGAIN() LADING_DETAIL_FIELD

#define LADING_REFLECT(TYPE, ...)                                                                     \
    template <>                                                                                       \
    struct boost::hana::accessors_impl<TYPE> {                                                        \
        template <class T = TYPE>                                                                     \
        static constexpr auto apply() {                                                               \
            return ::boost::hana::tuple<LADING_DETAIL_EXPAND(LADING_DETAIL_FIELD(T, __VA_ARGS__))>(); \
        }                                                                                             \
    };                                                                                                \
    static_assert(true)
