// expect: [lading] manifest_set: two documents claim the same media type
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/set.hpp>

struct mine {
#if LADING_BAD
    static constexpr std::array media_types{lading::media_types::docker_manifest};
#else
    static constexpr std::array media_types{std::string_view("application/vnd.mine+json")};
#endif
};

using set = lading::extend_t<lading::default_manifests, mine>;
static_assert(set::accept().size() > 0);
