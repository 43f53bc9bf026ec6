// expect: [lading] client: this transport has no blocking exchange(); with an asynchronous one call async_inspect, async_manifest and so on
// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

void ask(asio::any_io_executor executor, lading::reference const& ref) {
#if LADING_BAD
    lading::basic_client<lading::async_policies> registry{lading::asio_transport(executor)};
#else
    (void)executor;
    lading::basic_client<lading::default_policies> registry;
#endif
    (void)registry.ping(ref.repository());
}
