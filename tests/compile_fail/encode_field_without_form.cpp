// expect: [lading] encode: a field of this type has no JSON form
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/encode.hpp>

struct mine {
#if LADING_BAD
    double share;
#else
    std::int64_t share;
#endif
};
LADING_REFLECT(mine, share);

bool write(mine const& m) { return lading::encode(m).has_value(); }
