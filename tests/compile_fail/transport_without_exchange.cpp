// expect: [lading] transport policy: T needs `lading::result<lading::response> exchange(
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/transport.hpp>

struct mine {
#if !LADING_BAD
    lading::result<lading::response> exchange(lading::request const&, lading::body_sink&) {
        return lading::response(200);
    }
#endif
};

static_assert(lading::check_transport<mine>::ok);
