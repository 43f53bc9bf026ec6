// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the policy kits return: a list of findings, empty when a model keeps its contract. No test framework is needed:
///     for (auto const& f : lading::testing::check_hash<my_hash>()) std::puts(f.str().c_str());

#include "../detail/text.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing {

/// One broken promise.
struct finding {
    finding(std::string r, std::string w) : rule(std::move(r)), what(std::move(w)) {}
    std::string str() const { return rule + ": " + what; }
    std::string rule; ///< the promise, in a few words; the same for every model
    std::string what; ///< the input, what was expected and what came; printable
};
using findings = std::vector<finding>;

namespace detail {
/// An input or an output as a finding quotes it.
inline std::string shown(std::string_view text) { return lading::detail::printable(text, 160); }
} // namespace detail

} // namespace lading::testing
