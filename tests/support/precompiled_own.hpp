// SPDX-License-Identifier: BSL-1.0
// Our own headers that most tests include. The preset quick precompiles this file on top of precompiled_foreign.hpp. Nothing includes
// it, so it has no include guard.
#include "documents.hpp"

#if defined(LADING_SEPARATE_COMPILATION)
#include <lading/lading.hpp>
#endif
