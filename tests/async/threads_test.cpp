// SPDX-License-Identifier: BSL-1.0
// One client on an event loop that several threads run.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/io_context.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace threads_test {

using namespace lading;

TEST_CASE("eight threads, one client, tokens that are revoked while they are used", "[K06]") {
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

TEST_CASE("the logins of this machine, asked for from several threads", "[K06]") {
    struct with_logins : async_policies {
        using credentials = config_credentials;
    };
    testing::registry fake{testing::registry_options().with_protection(testing::access::bearer).with_anonymous_tokens(false)};
    std::vector<reference> refs;
    for (char const* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        fake.add_image(name, "1", image_kind::image);
        refs.push_back(reference::parse(fake.host() + '/' + name + ":1").value());
    }
    auto const file = "/tmp/lading-threads-" + std::to_string(::getpid()) + ".json";
    std::ofstream(file) << R"({"auths":{")" << fake.host() << R"(":{"username":"user","password":"secret"}}})";
    for (int round = 0; round < 5; ++round) {
        asio::io_context context;
        basic_client<with_logins> registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host()),
                                           config_credentials(config_credentials_options().with_authfile(file))};
        std::atomic<int> good{0};
        for (auto const& ref : refs)
            registry.async_inspect(ref, inspect_options().with_tags(), [&](result<inspection> r) { good += r && r.assume_value().tags.values.size() == 1; });
        std::vector<std::thread> pool;
        for (int i = 0; i < 4; ++i) pool.emplace_back([&] { context.run(); });
        for (auto& t : pool) t.join();
        CHECK(good == 8);
    }
    std::remove(file.c_str());
}

} // namespace threads_test
