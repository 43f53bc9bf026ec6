// expect: [lading] manifest_set: a document needs `media_types`, `matches_config_type` or `matches_artifact_type`
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/set.hpp>

struct mine {
#if !LADING_BAD
    static constexpr std::string_view matches_config_type = "application/vnd.mine+json";
#endif
};

using set = lading::extend_t<lading::default_manifests, mine>;
static_assert(set::accept().size() > 0);
