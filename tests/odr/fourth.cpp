// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

#if defined(LADING_SEPARATE_COMPILATION)
#error "this object is to be header-only"
#endif

bool refused_header_only();

bool refused_header_only() {
    lading::client registry;
    auto const r = registry.with_login("127.0.0.1:1", "user", "secret").inspect("127.0.0.1:1/x");
    return !r && r.error() == lading::errc::connection_refused;
}
