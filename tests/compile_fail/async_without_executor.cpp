// expect: [lading] transport policy: an asynchronous T needs `get_executor()`
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/transport.hpp>

struct mine {
    template <class Handler>
    void async_exchange(lading::request const&, lading::body_sink&, Handler&&) {}
#if !LADING_BAD
    int get_executor() const { return 0; }
#endif
};

static_assert(lading::check_transport<mine>::ok);
