// SPDX-License-Identifier: BSL-1.0
// One operation, four ways to wait for it: blocking, callback, future, awaitable; and cancellation.
#include "catch.hpp"
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#if __has_include(<asio/deferred.hpp>)
#include <asio/deferred.hpp>
#else
#include <asio/experimental/deferred.hpp>
#endif

#include <thread>

namespace inspect_test {

using namespace lading;

#if __has_include(<asio/deferred.hpp>)
using asio::deferred;
#else
using asio::experimental::deferred;
#endif

namespace {

struct world {
    lading::testing::registry fake;
    reference ref = reference::parse(fake.host() + "/demo/app:latest").value();
    client_options options = client_options().with_plaintext(fake.host());
    inspect_options what = inspect_options()
                               .with_tags()
                               .with_platform(platform_choice::like(platform("linux", "arm", "v7")));
    explicit world(testing::registry_options o = {}) : fake(std::move(o)) {
        fake.add_image("demo/app", "latest", image_kind::index);
    }
};

asio::awaitable<void> inspect_in_coroutine(async_client& registry, reference ref, inspect_options what,
                                           std::string& out) {
    auto r = co_await registry.async_inspect(ref, what, asio::use_awaitable);
    out = to_json(r.value());
}

} // namespace

TEST_CASE("blocking, callback, future and awaitable give the same record") {
    world w;
    client blocking{w.options};
    auto const expected = to_json(blocking.inspect(w.ref, w.what).value());
    CHECK(expected.find("\"chosen\"") != std::string::npos);

    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), w.options};

    SECTION("callback") {
        std::string got;
        bool inside = true;
        registry.async_inspect(w.ref, w.what, [&](result<inspection> r) {
            CHECK(!inside);
            got = to_json(r.value());
        });
        inside = false;
        context.run();
        CHECK(got == expected);
    }
    SECTION("future") {
        auto future = registry.async_inspect(w.ref, w.what, asio::use_future);
        std::thread runner([&] { context.run(); });
        auto const r = future.get();
        runner.join();
        CHECK(to_json(r.value()) == expected);
    }
    SECTION("awaitable") {
        std::string got;
        asio::co_spawn(context, inspect_in_coroutine(registry, w.ref, w.what, got),
                       [](std::exception_ptr e) { CHECK(!e); });
        context.run();
        CHECK(got == expected);
    }
    SECTION("deferred") {
        auto later = registry.async_inspect(w.ref, w.what, deferred);
        CHECK(context.run() == 0); // nothing has been started
        context.restart();
        std::string got;
        std::move(later)([&](result<inspection> r) { got = to_json(r.value()); });
        context.run();
        CHECK(got == expected);
    }
}

TEST_CASE("many at once on one client") {
    world w;
    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), w.options};
    int good = 0;
    for (int i = 0; i < 20; ++i)
        registry.async_inspect(w.ref, w.what, [&](result<inspection> r) { good += r.has_value(); });
    context.run();
    CHECK(good == 20);
}

TEST_CASE("a cancelled operation ends with cancelled, soon") {
    world w;
    w.fake.answer("GET", "/v2/demo/app/manifests/latest", testing::canned().with_delay(std::chrono::seconds(20)));
    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), w.options};
    asio::cancellation_signal signal;
    std::optional<error> got;
    registry.async_inspect(w.ref, w.what, asio::bind_cancellation_slot(signal.slot(), [&](result<inspection> r) {
                               if (!r) got = r.error();
                           }));
    asio::steady_timer timer(context, std::chrono::milliseconds(100));
    timer.async_wait([&](asio::error_code) { signal.emit(asio::cancellation_type::terminal); });
    auto const begin = std::chrono::steady_clock::now();
    context.run();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(15));
    REQUIRE(got);
    CHECK(*got == errc::cancelled);
    CHECK(got->facts().stop());
}

TEST_CASE("cancelled at every step in turn", "[L16]") {
    testing::registry_options protection;
    world w(protection.with_protection(testing::access::bearer));
    REQUIRE(client{w.options}.inspect(w.ref, w.what));
    std::size_t const requests = w.fake.journal().size();
    std::size_t cancelled = 0;
    for (std::size_t at = 0;; ++at) {
        INFO(at);
        auto const before = w.fake.journal().size();
        asio::io_context context(1);
        async_client registry{asio_transport(context.get_executor()), w.options};
        asio::cancellation_signal signal;
        std::optional<result<inspection>> got;
        int calls = 0;
        registry.async_inspect(w.ref, w.what, asio::bind_cancellation_slot(signal.slot(), [&](result<inspection> r) {
                                   got.emplace(std::move(r));
                                   ++calls;
                               }));
        std::size_t steps = 0;
        while (steps < at && context.run_one()) ++steps;
        if (got) break; // over before step `at`: every step has had its turn
        auto const asked = w.fake.journal().size() - before;
        signal.emit(asio::cancellation_type::terminal);
        context.run();
        REQUIRE(calls == 1);
        if (asked + 1 < requests) CHECK(!*got); // not everything had been asked (side by side one refusal may be saved)
        if (!*got) CHECK(got->error() == errc::cancelled);
        else CHECK(got->value().tags.state == tags_state::complete); // all was over, and is told as it is
        cancelled += !*got;
    }
    CHECK(cancelled >= requests); // how many steps a request takes is the sockets' affair; it takes one at least
}

TEST_CASE("a client and its executor go away with operations under way", "[K04]") {
    world w;
    w.fake.answer("GET", "/v2/demo/app/manifests/latest", testing::canned().with_delay(std::chrono::milliseconds(200)));
    for (int steps : {0, 1, 3, 6, 10}) {
        int calls = 0;
        {
            asio::io_context context(1);
            async_client registry{asio_transport(context.get_executor()), w.options};
            for (int i = 0; i < 5; ++i) registry.async_inspect(w.ref, w.what, [&](result<inspection>) { ++calls; });
            for (int i = 0; i < steps; ++i) context.run_one_for(std::chrono::milliseconds(50));
            context.stop();
        } // the client first, then the executor, which drops the handlers
        CHECK(calls == 0);
    }
}

TEST_CASE("every call has its asynchronous twin") {
    world w;
    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), w.options};
    int done = 0;
    memory_sink out(1u << 20);
    registry.async_ping(w.ref.repository(), [&](result<void> r) { done += r.has_value(); });
    registry.async_tags(w.ref.repository(), [&](result<tag_list> r) { done += r.has_value(); });
    registry.async_config(w.ref, platform_choice::any(), [&](result<config_document> r) {
        REQUIRE(r.has_value());
        ++done;
        auto const what = r.value().self;
        registry.async_blob(w.ref, what, out, [&](result<descriptor> b) { done += b.has_value(); });
    });
    registry.async_manifest(w.ref, [&](auto r) { done += r.has_value(); });
    context.run();
    CHECK(done == 5);
    CHECK(!out.bytes().empty());
}

} // namespace inspect_test
