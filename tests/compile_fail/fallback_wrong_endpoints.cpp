// expect: [lading] fallback policy: F needs `static lading::result<std::vector<lading::endpoint>> endpoints(
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/fallback.hpp>

struct mine : lading::modern_fallback {
#if LADING_BAD
    static std::vector<lading::endpoint> endpoints(lading::repository const&) { return {}; }
#endif
};

static_assert(lading::check_fallback<mine>::ok);
