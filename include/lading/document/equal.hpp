// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `equal`: whether two documents say the same.

#include "reflect/fields.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace lading {

namespace detail {

template <class T>
constexpr bool same_value(T const& a, T const& b);
template <class T>
constexpr bool same_value(std::optional<T> const& a, std::optional<T> const& b) {
    return a && b ? same_value(*a, *b) : a.has_value() == b.has_value();
}
template <class T>
constexpr bool same_value(std::vector<T> const& a, std::vector<T> const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](T const& x, T const& y) { return same_value(x, y); });
}
template <class T>
constexpr bool same_value(T const& a, T const& b) {
    if constexpr (reflected<T>) {
        bool same = true;
        for_each_accessor<T>([&](std::string_view, bool, auto const& access) { same = same && same_value(access(a), access(b)); });
        return same;
    } else {
        return a == b;
    }
}

} // namespace detail

/// Compares the reflected fields of two documents, those of the documents inside included; no `operator==` is needed.
/// What is not a field (`odd_entries`) does not count. Never fails. Linear. Thread-safe.
template <class T>
constexpr bool equal(T const& a, T const& b) {
    static_assert(reflected<T>, "[lading] equal: a document must be reflected: LADING_REFLECT(type, fields...)");
    if constexpr (reflected<T>) return detail::same_value(a, b);
    else return false;
}

} // namespace lading
