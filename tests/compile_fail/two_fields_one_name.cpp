// expect: or two fields have one JSON name
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/decode.hpp>

struct mine {
    std::string os_version, version;
};
LADING_REFLECT(mine, os_version, version);
template <>
struct lading::document_rules<mine> : lading::default_rules {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 1> renamed{{
#if LADING_BAD
        {"os_version", "version"}
#else
        {"os_version", "os.version"}
#endif
    }};
};

bool read(lading::json_view v) { return lading::decode<mine>(v).has_value(); }
