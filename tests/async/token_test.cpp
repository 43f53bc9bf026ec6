// SPDX-License-Identifier: BSL-1.0
// Many operations that need one token: doc/threats.md#x16, X17, X18 on a real listener.
#include "catch.hpp"
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <map>
#include <memory>

namespace token_test {

using namespace lading;
using namespace std::chrono_literals;

namespace {

/// The steady clock, moved on by hand.
struct moved_clock : steady_clock_policy {
    std::shared_ptr<std::chrono::seconds> by = std::make_shared<std::chrono::seconds>(0);
    std::chrono::steady_clock::time_point now() const noexcept { return steady_clock_policy::now() + *by; }
};
struct policies : async_policies {
    using clock = moved_clock;
};

struct world {
    testing::registry fake{testing::registry_options().with_protection(testing::access::bearer).with_token_seconds(300)};
    reference ref = reference::parse(fake.host() + "/demo/app:latest").value();
    asio::io_context context{1};
    moved_clock clock;
    basic_client<policies> registry{
        asio_transport(context.get_executor()),
        client_options().with_plaintext(fake.host()).with_retry(retry_rules(1)), no_credentials(), clock};

    world() { fake.add_image("demo/app", "latest", image_kind::image); }

    /// Inspects n times at once; how often each outcome came.
    std::map<errc, int> inspect(int n) {
        std::map<errc, int> out;
        for (int i = 0; i < n; ++i)
            registry.async_inspect(ref, [&](result<inspection> r) { ++out[r ? errc::ok : r.error().kind()]; });
        context.restart();
        context.run();
        return out;
    }
    template <class F>
    void run_until(F holds) {
        context.restart();
        while (!holds()) context.run_one_for(20ms);
    }
    int token_requests() const {
        int n = 0;
        for (auto const& q : fake.journal()) n += q.target.starts_with("/token");
        return n;
    }
    int refused() const {
        int n = 0;
        for (auto const& q : fake.journal()) n += q.status == 401;
        return n;
    }
};
using outcomes = std::map<errc, int>;

} // namespace

TEST_CASE("100 at once with an expired token and a slow token service: one token request", "[X16]") {
    world w;
    CHECK(w.inspect(1) == outcomes{{errc::ok, 1}});
    CHECK(w.token_requests() == 1);
    *w.clock.by += 400s;
    w.fake.clear_journal();
    w.fake.answer("GET", "/token", testing::canned().with_delay(300ms));
    CHECK(w.inspect(100) == outcomes{{errc::ok, 100}});
    CHECK(w.token_requests() == 1);
    CHECK(w.refused() == 0); // known to be over, so not shown again
}

TEST_CASE("100 at once with no token at all: one token request", "[X16]") {
    world w;
    w.fake.answer("GET", "/token", testing::canned().with_delay(300ms));
    CHECK(w.inspect(100) == outcomes{{errc::ok, 100}});
    CHECK(w.token_requests() == 1);
}

TEST_CASE("the token service fails: one request, 100 typed errors, and the next call tries again", "[X17]") {
    world w;
    auto broken = testing::canned(503);
    w.fake.answer("GET", "/token", broken.with_delay(10s)); // all have to be refused before it fails
    CHECK(w.inspect(100) == outcomes{{errc::auth_token_failed, 100}});
    CHECK(w.token_requests() == 1);
    w.fake.clear_answers();
    CHECK(w.inspect(1) == outcomes{{errc::ok, 1}});
    CHECK(w.token_requests() == 2);
}

TEST_CASE("100 at once with a live token that is revoked: one new token", "[X18]") {
    world w;
    CHECK(w.inspect(1) == outcomes{{errc::ok, 1}});
    w.fake.revoke_tokens();
    w.fake.clear_journal();
    CHECK(w.inspect(100) == outcomes{{errc::ok, 100}});
    CHECK(w.token_requests() == 1);
}

TEST_CASE("the one who fetches the token is cancelled: one who waits fetches it") {
    world w;
    w.fake.answer("GET", "/token", testing::canned().with_delay(20s));
    asio::cancellation_signal stop;
    errc first = errc::ok, second = errc::cancelled;
    w.registry.async_inspect(w.ref, asio::bind_cancellation_slot(stop.slot(), [&](result<inspection> r) { first = r ? errc::ok : r.error().kind(); }));
    w.run_until([&] { return w.token_requests() == 1; });
    w.fake.clear_answers(); // the first request is being answered
    w.registry.async_inspect(w.ref, [&](result<inspection> r) { second = r ? errc::ok : r.error().kind(); });
    w.run_until([&] { return w.refused() == 2; });
    stop.emit(asio::cancellation_type::all);
    w.context.run();
    CHECK(first == errc::cancelled);
    CHECK(second == errc::ok);
    CHECK(w.token_requests() == 2);
}

TEST_CASE("the time of the one who fetches the token is over: one who waits has time left, and fetches it") {
    world w;
    w.fake.answer("GET", "/token", testing::canned().with_delay(20s));
    client_context<policies> shared({}, no_credentials(), w.clock, no_cache()); // by two calls: one has no deadline
    call_context patient("http://" + w.fake.host(), w.ref.repository()), hurried = patient;
    hurried.deadline = w.clock.now() + 3s;
    using operation = endpoint_stack<manifest_operation<policies>, policies>;
    asio_transport transport(w.context.get_executor());
    errc first = errc::ok, second = errc::cancelled;
    async_run(transport, std::make_unique<operation>(shared, hurried, w.ref), [&](auto r) { first = r ? errc::ok : r.error().kind(); });
    w.run_until([&] { return w.token_requests() == 1 || first != errc::ok; });
    w.fake.clear_answers(); // the first request is being answered
    async_run(transport, std::make_unique<operation>(shared, patient, w.ref), [&](auto r) { second = r ? errc::ok : r.error().kind(); });
    w.context.run();
    CHECK(first == errc::timeout);
    CHECK(second == errc::ok);
    CHECK(w.token_requests() == 2);
}

TEST_CASE("one who waits for another's token keeps his own deadline") {
    world w;
    w.fake.answer("GET", "/token", testing::canned().with_delay(10s));
    client_context<policies> shared({}, no_credentials(), w.clock, no_cache()); // by two calls: one has no deadline
    call_context patient("http://" + w.fake.host(), w.ref.repository()), hurried = patient;
    using operation = endpoint_stack<manifest_operation<policies>, policies>;
    asio_transport transport(w.context.get_executor());
    bool fetched = false;
    errc waited = errc::ok;
    asio::cancellation_signal stop;
    async_run(transport, std::make_unique<operation>(shared, patient, w.ref),
              asio::bind_cancellation_slot(stop.slot(), [&](auto r) { fetched = r.has_value(); }));
    w.run_until([&] { return w.token_requests() == 1; });
    hurried.deadline = w.clock.now() + 1s;
    async_run(transport, std::make_unique<operation>(shared, hurried, w.ref), [&](auto r) {
        waited = r ? errc::ok : r.error().kind();
        stop.emit(asio::cancellation_type::all);
    });
    w.context.run();
    CHECK(waited == errc::timeout);
    CHECK(!fetched);
    CHECK(w.token_requests() == 1);
}

TEST_CASE("a client and its executor go away while a token is being fetched", "[K04]") {
    world w;
    w.fake.answer("GET", "/token", testing::canned().with_delay(10s));
    int calls = 0;
    {
        asio::io_context context(1);
        async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(w.fake.host())};
        for (int i = 0; i < 3; ++i) registry.async_inspect(w.ref, [&](result<inspection>) { ++calls; });
        while (w.refused() < 3 || w.token_requests() < 1) context.run_one_for(50ms);
    } // the client first, then the executor, which drops the handlers: of the one who fetches, of those who wait
    CHECK(calls == 0);
}

} // namespace token_test
