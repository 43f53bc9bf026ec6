// expect: [lading] encode: a document must be reflected: LADING_REFLECT(type, fields...)
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/encode.hpp>

struct mine {
    std::string name;
};
#if !LADING_BAD
LADING_REFLECT(mine, name);
#endif

bool write(mine const& m) { return lading::encode(m).has_value(); }
