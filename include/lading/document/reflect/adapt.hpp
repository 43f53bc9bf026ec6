// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `LADING_REFLECT(type, fields...)`: what `BOOST_HANA_ADAPT_STRUCT` does, but only in units that decode.
///
/// Hana's macro makes a function that every unit compiles, 5 to 6 ms a field; here it is a template that costs nothing
/// until it is used (measured: a quarter of the cost of including `core.hpp`), and the header of Hana's macros is 9 MB of
/// g++'s memory, so it is not included. Both macros make a Hana Struct, so a user's document may use either; Hana's needs
/// `<boost/hana/adapt_struct.hpp>`. Up to 80 fields.

#include <boost/hana/accessors.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

namespace lading::detail {

/// Reads a member: the second half of a Hana accessor.
template <auto Member>
struct member_of {
    template <class T>
    constexpr auto& operator()(T& object) const noexcept {
        return object.*Member;
    }
};

} // namespace lading::detail

#define LADING_DETAIL_PARENS ()
#define LADING_DETAIL_EXPAND(...) LADING_DETAIL_EXPAND3(LADING_DETAIL_EXPAND3(LADING_DETAIL_EXPAND3(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND3(...) LADING_DETAIL_EXPAND2(LADING_DETAIL_EXPAND2(LADING_DETAIL_EXPAND2(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND2(...) LADING_DETAIL_EXPAND1(LADING_DETAIL_EXPAND1(LADING_DETAIL_EXPAND1(__VA_ARGS__)))
#define LADING_DETAIL_EXPAND1(...) __VA_ARGS__
#define LADING_DETAIL_FIELD(T, f, ...)                                                                        \
    ::boost::hana::make_pair(BOOST_HANA_STRING(#f), ::lading::detail::member_of<&T::f>{})                     \
        __VA_OPT__(, LADING_DETAIL_AGAIN LADING_DETAIL_PARENS(T, __VA_ARGS__))
#define LADING_DETAIL_AGAIN() LADING_DETAIL_FIELD

#define LADING_REFLECT(TYPE, ...)                                                                             \
    template <>                                                                                               \
    struct boost::hana::accessors_impl<TYPE> {                                                                \
        template <class T = TYPE>                                                                             \
        static constexpr auto apply() {                                                                       \
            return ::boost::hana::make_tuple(LADING_DETAIL_EXPAND(LADING_DETAIL_FIELD(T, __VA_ARGS__)));      \
        }                                                                                                     \
    };                                                                                                        \
    static_assert(true)
