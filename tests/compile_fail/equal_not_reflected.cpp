// expect: [lading] equal: a document must be reflected: LADING_REFLECT(type, fields...)
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/equal.hpp>

#include <string>

struct mine {
    std::string name;
};
#if !LADING_BAD
LADING_REFLECT(mine, name);
#endif

bool same(mine const& a, mine const& b) { return lading::equal(a, b); }
