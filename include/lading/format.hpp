// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `std::formatter` for the words of the library and for errors, where the standard library has <format>
/// (`__cpp_lib_format`; g++ 12's has not). They take the format specification of strings: `std::format("{:>20}", ref)`.

#include "error.hpp"
#include "platform.hpp"
#include "reference.hpp"

#include <version>

#if defined(__cpp_lib_format)

#include <format>
#include <string>
#include <string_view>
#include <type_traits>

namespace lading::detail {

/// Formats a code by its name, and anything else by its `message()` or its `str()`.
struct text_formatter : std::formatter<std::string_view> {
    template <class T, class Context>
    auto format(T const& value, Context& context) const {
        if constexpr (std::is_same_v<T, errc>)
            return std::formatter<std::string_view>::format(name_of(value), context);
        else if constexpr (requires { value.message(); })
            return std::formatter<std::string_view>::format(std::string_view(std::string(value.message())), context);
        else
            return std::formatter<std::string_view>::format(std::string_view(std::string(value.str())), context);
    }
};

} // namespace lading::detail

template <>
struct std::formatter<lading::reference> : lading::detail::text_formatter {};
template <>
struct std::formatter<lading::repository> : lading::detail::text_formatter {};
template <>
struct std::formatter<lading::digest> : lading::detail::text_formatter {};
template <>
struct std::formatter<lading::platform> : lading::detail::text_formatter {};
/// The name of the code, "digest_mismatch".
template <>
struct std::formatter<lading::errc> : lading::detail::text_formatter {};
/// `message()`: one printable line without secrets.
template <>
struct std::formatter<lading::error> : lading::detail::text_formatter {};

#endif
