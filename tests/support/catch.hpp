// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Catch2 2.13 and 3.x behind one include; the only place that knows the difference.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

namespace test {
#if __has_include(<catch2/catch_all.hpp>)
using Catch::Matchers::ContainsSubstring;
#else
inline auto ContainsSubstring(std::string const& text) { return Catch::Matchers::Contains(text); }
#endif
} // namespace test
