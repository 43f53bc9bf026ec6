// expect: [lading] credentials policy: C needs `lading::result<std::optional<lading::credential>> lookup(
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/credentials.hpp>

struct mine {
#if LADING_BAD
    std::optional<lading::credential> lookup(lading::credential_query const&) { return std::nullopt; }
#else
    lading::result<std::optional<lading::credential>> lookup(lading::credential_query const&) {
        return std::optional<lading::credential>();
    }
#endif
};

static_assert(lading::check_credentials<mine>::ok);
