// expect: [lading] clock policy: C needs `std::chrono::steady_clock::time_point now()`
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/clock.hpp>

struct mine {
    std::chrono::steady_clock::time_point now() { return {}; }
#if !LADING_BAD
    void sleep_for(std::chrono::milliseconds) {}
#endif
};

static_assert(lading::check_clock<mine>::ok);
