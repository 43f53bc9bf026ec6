// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A blocking call that is stopped at each of its places: the same checks for every blocking transport. The thread that
/// stops it waits for the event of that place, not for a time.

#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace test {

using lading::testing::byte_answer;
using lading::testing::byte_server;

/// Happens once; whoever waits for it goes on.
class event {
  public:
    void happen() {
        if (!happened_.exchange(true)) promise_.set_value();
    }
    void wait() { future_.wait(); }

  private:
    std::atomic<bool> happened_{false};
    std::promise<void> promise_;
    std::shared_future<void> future_ = promise_.get_future().share();
};

/// `call(stop_token)` in this thread, stopped when `e` has happened. The call alone would take many seconds.
template <class Call>
void is_stopped_at(event& e, Call call) {
    std::stop_source source;
    std::chrono::steady_clock::time_point stopped;
    std::thread stopper([&] {
        e.wait();
        stopped = std::chrono::steady_clock::now();
        source.request_stop();
    });
    auto const r = call(source.get_token());
    auto const ended = std::chrono::steady_clock::now();
    stopper.join();
    REQUIRE_FALSE(r);
    CHECK(r.error() == lading::errc::cancelled);
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(ended - stopped).count();
    CHECK(took < 5000); // 50 ms are promised; a busy machine has its own time
    if (took > 50) WARN("it took " << took << " ms to stop");
}

/// A blob that tells of its first byte.
struct telling_sink final : lading::blob_sink {
    explicit telling_sink(event& e) : first(e) {}
    lading::result<void> begin() override { return lading::success(); }
    lading::result<void> write(std::span<std::byte const>) override { return first.happen(), lading::success(); }
    lading::result<void> commit() override { return committed = true, lading::success(); }
    void discard() noexcept override { discarded = true; }
    event& first;
    bool committed = false, discarded = false;
};
struct telling_observer final : lading::exchange_observer {
    explicit telling_observer(event& e) : told(e) {}
    void on_exchange(lading::exchange_record const&) override { told.happen(); }
    event& told;
};

template <class Client>
void calls_can_be_stopped() {
    using ending = byte_answer::ending;
    using namespace lading;
    auto const host_of = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    auto const name_at = [&](std::uint16_t port) { return repository::parse(host_of(port) + "/x").value(); };

    SECTION("while it waits for a head") {
        event asked;
        byte_server server([&](std::string const&) { return asked.happen(), byte_answer("", ending::hang); });
        Client registry(client_options().with_plaintext(host_of(server.port())));
        is_stopped_at(asked, [&](auto stop) { return registry.tags(name_at(server.port()), stop); });
        is_stopped_at(asked, [&](auto stop) { return registry.inspect(reference::parse(host_of(server.port()) + "/x:1").value(), {}, stop); });
    }
    SECTION("in a body") {
        event taken;
        byte_server server([&](std::string const&) { return byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ending::hang); });
        Client registry(client_options().with_plaintext(host_of(server.port())));
        telling_sink out(taken);
        lading::descriptor const what("a/b", digest::parse("sha256:" + std::string(64, 'a')).value(), 10);
        is_stopped_at(taken, [&](auto stop) { return registry.blob(name_at(server.port()), what, out, stop); });
        CHECK(out.discarded);
        CHECK_FALSE(out.committed);
    }
    SECTION("between two tries") {
        event refused;
        byte_server server([&](std::string const&) { return byte_answer("HTTP/1.1 503 No\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n"); });
        telling_observer observer(refused);
        Client registry(client_options().with_plaintext(host_of(server.port())).with_observer(observer));
        is_stopped_at(refused, [&](auto stop) { return registry.tags(name_at(server.port()), stop); });
        CHECK(server.requests().size() == 1);
    }
    SECTION("while it connects: a peer that says nothing to a handshake") {
        event connected;
        asio::io_context loop;
        asio::ip::tcp::acceptor silent(loop, {asio::ip::address_v4::loopback(), 0});
        asio::ip::tcp::socket peer(loop);
        std::thread accepts([&] {
            silent.accept(peer);
            connected.happen();
        });
        Client registry(client_options().with_retry(retry_rules(1)));
        is_stopped_at(connected, [&](auto stop) { return registry.tags(name_at(silent.local_endpoint().port()), stop); });
        accepts.join();
    }
    SECTION("before it begins, and a client that was stopped goes on") {
        byte_server server([&](std::string const&) { return byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"1\"]}"); });
        Client registry(client_options().with_plaintext(host_of(server.port())));
        std::stop_source source;
        source.request_stop();
        CHECK(registry.tags(name_at(server.port()), source.get_token()).error() == errc::cancelled);
        CHECK(server.accepted() == 0);
        CHECK(registry.tags(name_at(server.port()), std::stop_source().get_token()).has_value());
        CHECK(registry.tags(name_at(server.port())).has_value());
        CHECK(server.accepted() == 1);
    }
}

/// Several threads in calls of one client: TSan looks on.
template <class Client>
void one_client_serves_threads() {
    using namespace lading;
    byte_server server([&](std::string const& q) {
        if (q.find("Authorization: Bearer abc") != q.npos) return byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"1\"]}");
        if (q.starts_with("GET /token")) return byte_answer("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"token\":\"abc\"}");
        return byte_answer("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"/token\",service=\"s\"\r\nContent-Length: 0\r\n\r\n");
    });
    auto const host = "127.0.0.1:" + std::to_string(server.port());
    Client registry(client_options().with_plaintext(host));
    auto const name = repository::parse(host + "/x").value();
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 25; ++n)
                if (auto const r = registry.tags(name); r && r.value().values.size() == 1) ++good;
        });
    for (auto& t : threads) t.join();
    CHECK(good == 100);
    CHECK(server.accepted() <= 4 + 4); // each thread keeps its connection; all of one client wait for one token
}

} // namespace test
