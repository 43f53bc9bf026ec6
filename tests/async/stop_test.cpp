// SPDX-License-Identifier: BSL-1.0
// A blocking client: calls that another thread stops, and calls of several threads.
#include "catch.hpp"

#include "../support/stopping.hpp"

namespace stop_test {

using namespace lading;
using namespace std::chrono_literals;

TEST_CASE("a blocking call over asio_sync_transport is stopped wherever it is", "[V29]") { test::calls_can_be_stopped<client>(); }

TEST_CASE("one blocking client serves several threads", "[V17]") { test::one_client_serves_threads<client>(); }

TEST_CASE("the stop of one thread does not end the call of another", "[V29]") {
    test::event asked;
    std::atomic<int> requests{0};
    test::byte_server hangs([&](std::string const&) { return asked.happen(), test::byte_answer("", test::byte_answer::ending::hang); });
    test::byte_server answers([&](std::string const&) {
        ++requests;
        return test::byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"1\"]}");
    });
    auto const at = [](test::byte_server const& s) { return "127.0.0.1:" + std::to_string(s.port()); };
    client registry(client_options().with_plaintext(at(hangs)).with_plaintext(at(answers)));
    std::stop_source one, other;
    auto stopped = std::async(std::launch::async, [&] { return registry.tags(repository::parse(at(hangs) + "/x").value(), one.get_token()); });
    asked.wait();
    auto const name = repository::parse(at(answers) + "/x").value();
    CHECK(registry.tags(name, other.get_token()).has_value());
    one.request_stop();
    CHECK(stopped.get().error() == errc::cancelled);
    CHECK(registry.tags(name, other.get_token()).has_value());
    CHECK(requests == 2);
}

TEST_CASE("the steady clock wakes for a stop that comes first, meanwhile, or never", "[V29]") {
    steady_clock_policy clock;
    std::stop_source source;
    auto const began = clock.now();
    std::thread stopper([&] { source.request_stop(); });
    clock.sleep_for(60s, source.get_token());
    stopper.join();
    clock.sleep_for(60s, source.get_token());
    CHECK(clock.now() - began < 30s);
    clock.sleep_for(1ms, std::stop_source().get_token());
    clock.sleep_for(1ms, std::stop_token());
}

} // namespace stop_test
