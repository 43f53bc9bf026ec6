// expect: [lading] cache policy: C needs `std::optional<std::string> find(lading::digest const&)`
// SPDX-License-Identifier: BSL-1.0
#include <lading/core.hpp>

struct mine {
#if LADING_BAD
    std::string find(lading::digest const&) { return {}; }
#else
    std::optional<std::string> find(lading::digest const&) { return std::nullopt; }
#endif
    void store(lading::digest const&, std::string_view) {}
    void drop(lading::digest const&) {}
};

static_assert(lading::check_cache<mine>::ok);
