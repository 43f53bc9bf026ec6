// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `fault`: what is wrong with a text or a document, as constant expressions can say it; `from` makes it an `error`.

#include "detail/inline_string.hpp"
#include "detail/text.hpp"
#include "error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// What parsers, decoders and encoders that work in constant expressions return; an `error` needs the heap. A literal
/// type that owns its path and refers to its rule, which is static text.
struct fault {
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

    constexpr fault() noexcept = default;
    constexpr fault(errc c, std::string_view r = {}, std::size_t at = nowhere) noexcept : code(c), rule(r), offset(at) {}

    /// True when something is wrong.
    constexpr explicit operator bool() const noexcept { return code != errc::ok; }

    /// Puts the name of a member before the path. What is longer than the path can hold is cut at its end.
    constexpr void under(std::string_view name) noexcept {
        decltype(path) longer(name.substr(0, path.capacity));
        if (!path.empty() && path.view().front() != '[') longer.append(".");
        path = longer.append(path.view());
    }
    /// Puts the position of an element before the path.
    constexpr void under(std::size_t index) noexcept {
        char digits[24]{};
        std::size_t at = sizeof digits;
        digits[--at] = ']';
        do digits[--at] = static_cast<char>('0' + index % 10);
        while ((index /= 10) != 0);
        digits[--at] = '[';
        under(std::string_view(digits + at, sizeof digits - at));
    }

    errc code = errc::ok;
    std::string_view rule;            ///< the rule that does not hold; empty where the code says it all
    std::size_t offset = nowhere;     ///< in bytes from the start of the text
    detail::inline_string<160> path;  ///< of the member of a document: "layers[3].digest"
};

/// The fault as an error: the path, the rule and the offset are its context, `found` is what was there instead. Bounded
/// and printable if `found` is; no fallback fact is set.
inline error from(fault const& f, std::string found = {}) {
    auto context = detail::printable(f.path.view(), f.path.capacity);
    if (f.rule.empty()) context.insert(0, "at ").append(f.path.empty() ? "the top level" : "");
    else context.append(context.empty() ? "" : " ").append(f.rule);
    if (f.offset != fault::nowhere) context.append(", at byte ").append(std::to_string(f.offset));
    return error(f.code).with_context(std::move(context)).with_values({}, std::move(found));
}

} // namespace lading
