// SPDX-License-Identifier: BSL-1.0
// One client on an event loop that several threads run.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace threads_test {

using namespace lading;

TEST_CASE("K06: eight threads, one client, tokens that are revoked while they are used") {
    constexpr int threads = 8, chains = 16, in_all = 2000;
    testing::registry fake{testing::registry_options().with_protection(testing::access::bearer)};
    fake.add_image("demo/app", "latest", image_kind::image);
    auto const ref = reference::parse(fake.host() + "/demo/app:latest").value();

    asio::io_context context{threads};
    async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host())};
    std::atomic<int> begun{0}, good{0}, refused{0}, other{0};
    std::function<void()> const next = [&] {
        if (begun++ >= in_all) return;
        registry.async_inspect(ref, [&](result<inspection> r) {
            if (r) ++good;
            else ++(r.error() == errc::auth_required || r.error() == errc::auth_denied ? refused : other);
            if (good % 97 == 0) fake.revoke_tokens();
            next();
        });
    };
    for (int i = 0; i < chains; ++i) next();
    std::vector<std::thread> pool;
    for (int i = 0; i < threads; ++i) pool.emplace_back([&] { context.run(); });
    for (auto& t : pool) t.join();

    CHECK(good + refused == in_all);
    CHECK(other == 0);
    CHECK(good > in_all * 9 / 10); // a token may be revoked twice under one call
}

} // namespace threads_test
