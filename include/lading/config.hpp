// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The only place with compiler and build tests.

#include "version.hpp"

#if !defined(__cpp_concepts) || !defined(__cpp_constexpr_dynamic_alloc)
#error "lading needs a C++20 compiler (g++ 12, clang 19, or newer) with -std=c++20"
#include <lading-needs-C++20> // no such file: the compiler stops here, not after every error that follows from it
#endif

/// 1 where exceptions are available; without them `result::value()` on a failure aborts.
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define LADING_HAS_EXCEPTIONS 1
#else
#define LADING_HAS_EXCEPTIONS 0
#endif
