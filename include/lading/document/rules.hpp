// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How the fields of a reflected document are spelled in JSON, which must be there, and in what order they are written.

#include <array>
#include <string_view>
#include <utility>

namespace lading {

/// From the C++ name of a field to its JSON name.
enum class naming {
    camel,    ///< media_type -> mediaType
    verbatim, ///< created_by -> created_by
    pascal    ///< exposed_ports -> ExposedPorts
};

/// The default rules; specialise `document_rules` by deriving from this.
struct default_rules {
    static constexpr naming style = naming::camel;
    /// C++ names of the fields whose absence (or null) is an error.
    static constexpr std::array<std::string_view, 0> required{};
    /// C++ name to JSON name, where the style does not give it.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 0> renamed{};
    /// C++ names of the fields that `encode` writes first, in this order; the others follow as they are reflected.
    static constexpr std::array<std::string_view, 0> written_first{};
    /// C++ names of the fields that `encode` writes even if they are empty, besides the required ones.
    static constexpr std::array<std::string_view, 0> always_written{};
};

/// The rules of a document type; every reflected type may specialise it beside its reflection.
template <class T>
struct document_rules : default_rules {};

} // namespace lading
