// expect: [lading] client: this transport blocks; call inspect, manifest and so on, or use an asynchronous one
// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

void ask(asio::any_io_executor executor, lading::reference const& ref, lading::descriptor const& what, lading::blob_sink& out) {
#if LADING_BAD
    (void)executor;
    lading::basic_client<lading::default_policies> registry;
#else
    lading::basic_client<lading::async_policies> registry{lading::asio_transport(executor)};
#endif
    registry.async_blob(ref.repository(), what, out, [](lading::result<lading::descriptor>) {});
}
