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

/// How `client` and `async_client` are compiled. By default they are header-only: `lading.hpp` has the bodies, and a call is
/// compiled in a unit that makes it, no other: that is why their members are templates of nothing. With
/// `LADING_SEPARATE_COMPILATION`, defined in all units of a program, they are compiled once, in the unit that includes
/// `src.hpp`. The two forms are different classes for the linker, so that objects of both kinds can meet in one program.
#if defined(LADING_SEPARATE_COMPILATION)
#define LADING_FORM separate
#define LADING_DECL
#define LADING_DEFINE
#else
#define LADING_FORM header_only
#define LADING_DECL template <class = void>
#define LADING_DEFINE template <class>
#endif
