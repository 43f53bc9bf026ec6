// SPDX-License-Identifier: BSL-1.0
#include <lading/net/serial_executor.hpp>

#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "catch.hpp"
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace serial_executor_test {

namespace {
asio::any_io_executor serial(asio::io_context& loop) {
    return lading::detail::serial_executor(asio::any_io_executor(loop.get_executor()));
}
} // namespace

TEST_CASE("Handlers of a serial executor run in order, and a dispatch from one of them at once") {
    asio::io_context loop;
    auto const one = serial(loop);
    std::string seen;
    asio::post(one, [&] {
        seen += 'a';
        asio::post(one, [&] { seen += 'd'; });
        asio::dispatch(one, [&] { seen += 'b'; });
        seen += 'c';
    });
    asio::post(one, [&] { seen += 'e'; });
    CHECK(loop.run() == 1); // one turn in the event loop
    CHECK(seen == "abced");
    CHECK(&asio::query(one, asio::execution::context) == &loop);
    CHECK(one == asio::any_io_executor(one));
    CHECK(one != serial(loop));
}

TEST_CASE("A serial executor that never rests lets the others of its event loop have their turn") {
    asio::io_context loop;
    auto const one = serial(loop);
    bool other = false;
    struct again {
        asio::any_io_executor on;
        bool& until;
        unsigned& count;
        void operator()() {
            ++count;
            if (!until && count < 100'000) asio::post(on, *this);
        }
    };
    unsigned count = 0;
    asio::post(one, again{one, other, count});
    asio::post(loop, [&] { other = true; });
    loop.run();
    CHECK(other);
    CHECK(count <= lading::detail::serial_queue::most + 1);
}

TEST_CASE("Two threads never run two handlers of a serial executor at once, and run them all") {
    asio::io_context loop(2);
    std::vector<asio::any_io_executor> lanes;
    for (int i = 0; i < 8; ++i) lanes.push_back(serial(loop));
    std::vector<std::unique_ptr<std::atomic<int>>> inside;
    for (int i = 0; i < 8; ++i) inside.push_back(std::make_unique<std::atomic<int>>(0));
    std::atomic<int> done{0}, overlaps{0};
    for (std::size_t i = 0; i < 20'000; ++i)
        asio::post(lanes[i % 8], [&, i] {
            if (inside[i % 8]->fetch_add(1) != 0) ++overlaps;
            if (i % 3 == 0) asio::post(lanes[(i + 1) % 8], [&] { ++done; });
            inside[i % 8]->fetch_sub(1);
            ++done;
        });
    std::thread other([&] { loop.run(); });
    loop.run();
    other.join();
    CHECK(overlaps == 0);
    CHECK(done == 20'000 + 6'667);
}

TEST_CASE("Outstanding work of a serial executor keeps the event loop running") {
    asio::io_context loop;
    auto const one = serial(loop);
    auto work = asio::prefer(one, asio::execution::outstanding_work.tracked);
    CHECK(loop.poll() == 0);
    CHECK_FALSE(loop.stopped());
    work = nullptr;
    CHECK(loop.poll() == 0);
    CHECK(loop.stopped());
}

TEST_CASE("An exception of a handler leaves the event loop, and the handlers behind it run in the next turn") {
    asio::io_context loop;
    auto const one = serial(loop);
    int ran = 0;
    asio::post(one, [] { throw std::runtime_error("of a handler"); });
    asio::post(one, [&] { ++ran; });
    CHECK_THROWS_AS(loop.run(), std::runtime_error);
    CHECK(ran == 0);
    loop.run();
    CHECK(ran == 1);
}

TEST_CASE("Handlers that wait when the event loop is destroyed are destroyed, uncalled, though they hold their executor") {
    auto const token = std::make_shared<int>(0);
    {
        asio::io_context loop;
        auto const one = serial(loop);
        asio::post(one, [one, token] { ++*token; });
        asio::post(one, [one, token] { ++*token; });
        CHECK(token.use_count() == 3);
    }
    CHECK(token.use_count() == 1);
    CHECK(*token == 0);
}

} // namespace serial_executor_test
