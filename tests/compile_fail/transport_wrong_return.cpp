// expect: [lading] transport policy: T::exchange must return exactly lading::result<lading::response>
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/transport.hpp>

struct mine {
#if LADING_BAD
    lading::response
#else
    lading::result<lading::response>
#endif
    exchange(lading::request const&, lading::body_sink&) {
        return lading::response(200);
    }
};

static_assert(lading::check_transport<mine>::ok);
