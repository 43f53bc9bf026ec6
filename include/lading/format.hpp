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

namespace lading::detail {

/// Formats as the text that `Text{}(value)` makes.
template <class Text>
struct text_formatter : std::formatter<std::string_view> {
    template <class T, class Context>
    auto format(T const& value, Context& context) const {
        return std::formatter<std::string_view>::format(std::string_view(Text()(value)), context);
    }
};
struct text_of {
    template <class T>
    std::string operator()(T const& value) const {
        if constexpr (requires { value.message(); })
            return value.message();
        else
            return value.str();
    }
    std::string_view operator()(errc e) const { return name_of(e); }
};

} // namespace lading::detail

template <>
struct std::formatter<lading::reference> : lading::detail::text_formatter<lading::detail::text_of> {};
template <>
struct std::formatter<lading::repository> : lading::detail::text_formatter<lading::detail::text_of> {};
template <>
struct std::formatter<lading::digest> : lading::detail::text_formatter<lading::detail::text_of> {};
template <>
struct std::formatter<lading::platform> : lading::detail::text_formatter<lading::detail::text_of> {};
/// The name of the code, "digest_mismatch".
template <>
struct std::formatter<lading::errc> : lading::detail::text_formatter<lading::detail::text_of> {};
/// `message()`: one printable line without secrets.
template <>
struct std::formatter<lading::error> : lading::detail::text_formatter<lading::detail::text_of> {};

#endif
