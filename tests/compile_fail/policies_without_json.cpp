// expect: [lading] policies: P needs `transport`, `json` and `hash`
// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

struct mine : lading::core_policies {
    using transport = lading::asio_sync_transport;
    using hash = lading::openssl_hash;
#if !LADING_BAD
    using json = lading::strict_json;
#endif
};

lading::basic_client<mine> registry;
