// expect: [lading] cache policy: C needs `drop(lading::digest const&)`
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/cache.hpp>

struct mine {
    std::optional<std::string> find(lading::digest const&) { return std::nullopt; }
    void store(lading::digest const&, std::string_view) {}
#if !LADING_BAD
    void drop(lading::digest const&) {}
#endif
};

static_assert(lading::check_cache<mine>::ok);
