// expect: [lading] client: the async_ calls need <lading/client/async.hpp>
// SPDX-License-Identifier: BSL-1.0
#include <lading/client/basic_client.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/net/asio_transport.hpp>

#if !LADING_BAD
#include <lading/client/async.hpp>
#endif

struct policies : lading::core_policies {
    using transport = lading::asio_transport;
    using json = lading::strict_json;
    using hash = lading::openssl_hash;
};

void ask(lading::basic_client<policies>& registry, lading::reference const& ref) {
    registry.async_manifest(ref, [](auto&&) {});
}
