// expect: [lading] fallback policy: F needs `static constexpr bool pings`, `tags_first` and `speaks_v1`
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/fallback.hpp>

struct mine : lading::modern_fallback {
#if LADING_BAD
    using lading::modern_fallback::modern_fallback;
    static void tags_first();
#endif
};

static_assert(lading::check_fallback<mine>::ok);
