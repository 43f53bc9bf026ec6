// expect: [lading] manifest_set: a document must be reflected: LADING_REFLECT(type, fields...)
// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

struct mine {
    static constexpr std::string_view matches_config_type = "application/vnd.mine+json";
    std::vector<lading::descriptor> layers;
};
#if !LADING_BAD
LADING_REFLECT(mine, layers);
#endif

struct policies : lading::default_policies {
    using manifests = lading::extend_t<lading::default_manifests, mine>;
};

bool there(lading::basic_client<policies>& registry, lading::reference const& ref) {
    return registry.manifest(ref).has_value();
}
