// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `visit`: exhaustive dispatch over the documents of a manifest; a forgotten one does not compile and is named.

#include "opaque.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace lading {

/// One visitor out of several lambdas.
template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

namespace detail {

template <class Document, class Visitor>
struct visitor_must_handle {
    static_assert(std::is_invocable_v<Visitor, Document>,
                  "[lading] visit: the visitor has no handler for one document of the manifest set; the document is "
                  "named in visitor_must_handle<Document, Visitor>");
    static constexpr bool ok = true;
};

template <class Visitor, class Variant>
struct visitor_is_exhaustive;
template <class Visitor, class... Ds>
struct visitor_is_exhaustive<Visitor, std::variant<Ds...>> {
    static constexpr bool ok = (visitor_must_handle<Ds const&, Visitor&>::ok && ...);
    static constexpr bool handles_all = (std::is_invocable_v<Visitor&, Ds const&> && ...);
};

} // namespace detail

/// Calls the visitor with the document inside `manifest`. Returns what the visitor returns.
template <class Visitor, class Manifest>
decltype(auto) visit(Visitor&& visitor, Manifest const& manifest) {
    static_assert(requires { manifest.document; }, "[lading] visit: the second argument is a manifest; unwrap the result that holds it first");
    using check = detail::visitor_is_exhaustive<std::remove_reference_t<Visitor>,
                                                std::remove_cvref_t<decltype(manifest.document)>>;
    static_assert(check::ok);
    if constexpr (check::handles_all) return std::visit(std::forward<Visitor>(visitor), manifest.document);
}

} // namespace lading
