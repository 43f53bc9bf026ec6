// expect: [lading] fallback policy: F needs `static lading::result<std::vector<lading::endpoint>> endpoints(
// SPDX-License-Identifier: BSL-1.0
#include <lading/legacy/docker_1_10_fallback.hpp>

#if LADING_BAD
using fallback = lading::docker_1_10_fallback; // for a legacy_client
#else
using fallback = lading::modern_fallback;
#endif

static_assert(lading::check_fallback<fallback>::ok);
