// SPDX-License-Identifier: BSL-1.0
// No include guard: nothing includes this file, the preset quick precompiles it on top of precompiled_foreign.hpp: what most tests
// read of ours.
#include "documents.hpp"

#if defined(LADING_SEPARATE_COMPILATION)
#include <lading/lading.hpp>
#endif
