// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `dependent`: a type that is looked at late, when a template is instantiated and not where it is written.
///
/// A compiler checks at once what does not depend on a template's parameters, and a body that returns `result<T>` or
/// `step<T>` then costs 8 to 11 ms a `T` in every unit that includes it, used or not. The operations are templates on
/// the policies, so they name these words through the policies, once, at the top of the class:
///     template <class T>
///     using result = detail::dependent<lading::result<T>, P>;
/// The type is the same, and the members below read as if the line were not there.

namespace lading::detail {

template <class T, class P>
struct dependent_type {
    using type = T;
};

template <class T, class P>
using dependent = typename dependent_type<T, P>::type;

} // namespace lading::detail
