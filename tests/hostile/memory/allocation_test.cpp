// SPDX-License-Identifier: BSL-1.0
// Every allocation of every golden session fails in turn, of operator new and of OpenSSL.
#include "short_of_memory.hpp"

namespace allocation_test {

using namespace lading;

TEST_CASE("every allocation of every golden session fails in turn", "[K02]") {
    REQUIRE(heap::openssl_is_watched());
    heap::summary all;
    for (auto& g : test::golden_sessions()) {
        g.world.urls.reserve(100);
        auto const whole = g.run(); // also fills what is made once a process
        g.world.rewind();
        auto const s = heap::exhaust([&](std::size_t n, bool ever_after) {
            return test::run_short_of_memory(
                n, ever_after, whole,
                [&] {
                    return std::make_unique<test::stream_client>(test::byte_stream_transport(g.world), client_options().with_retry(retry_rules(1)), g.secret);
                },
                [&](test::stream_client& c) {
                    g.world.rewind();
                    return g.call(c);
                },
                [&] { g.world.rewind(); });
        });
        test::report(g.name, s);
        all.runs += s.runs;
    }
    WARN(all.runs << " runs in memory");
}

} // namespace allocation_test
