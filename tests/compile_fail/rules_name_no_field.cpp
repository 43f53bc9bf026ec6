// expect: [lading] document_rules: a name in `required` or `renamed` is no field
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/decode.hpp>

struct mine {
    std::string kind;
};
LADING_REFLECT(mine, kind);
template <>
struct lading::document_rules<mine> : lading::default_rules {
#if LADING_BAD
    static constexpr std::array<std::string_view, 1> required{"type"};
#else
    static constexpr std::array<std::string_view, 1> required{"kind"};
#endif
};

bool read(lading::json_view v) { return lading::decode<mine>(v).has_value(); }
