// SPDX-License-Identifier: BSL-1.0
// Many answers that are each just under a limit, at once: what they cost is bounded by the connections in use.
#include "../../support/documents.hpp"
#include "heap.hpp"

#include "../../support/catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>

#include <asio/io_context.hpp>

#include <cstdio>
#include <string>

namespace crowd_test {

using namespace lading;

TEST_CASE("a thousand answers just under a limit, at once", "[L19]") {
    limits bounds;
    bounds.manifest_bytes = std::size_t(256) << 10;
    bounds.connections = 8;
    constexpr std::size_t calls = 1000, own_state = std::size_t(16) << 10; // what an operation that waits may hold

    auto body = test::oci();
    body.pop_back(); // the brace
    body += R"(,"annotations":{"a":")";
    body += std::string(bounds.manifest_bytes - body.size() - 3, 'x') + "\"}}";
    REQUIRE(body.size() == bounds.manifest_bytes);
    std::string const answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    testing::byte_server server([&](std::string const&) { return testing::byte_answer(answer); });
    auto const host = "127.0.0.1:" + std::to_string(server.port());
    auto const ref = reference::parse(host + "/r:1").value();

    std::size_t good = 0, peak = 0;
    {
        heap::watch const w;
        asio::io_context context{1};
        async_client registry{asio_transport(context.get_executor(), {}, bounds),
                              client_options().with_plaintext(host).with_limits(bounds).with_timeout(std::chrono::milliseconds(0))};
        for (std::size_t i = 0; i < calls; ++i) registry.async_manifest(ref, [&](auto r) { good += r.has_value(); });
        context.run();
        peak = static_cast<std::size_t>(heap::watch::now().peak);
    }
    std::printf("L19  %zu answers of %zu KiB, %zu at once: peak %zu KiB\n", calls, bounds.manifest_bytes >> 10, bounds.connections, peak >> 10);
    CHECK(good == calls);
    CHECK(peak <= bounds.connections * 4 * bounds.manifest_bytes + calls * own_state);
}

} // namespace crowd_test
