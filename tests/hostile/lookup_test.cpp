// SPDX-License-Identifier: BSL-1.0
// Host names whose servers never answer: who waits for them, and who does not. A resolver that the tests hold and let go; nothing
// here looks at a clock.
#include "catch.hpp"
#include "places.hpp"

#include <lading/net/asio_transport.hpp>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace lookup_test {

using namespace lading;
using test::place;

namespace {

/// Names that end in ".slow" are held until they are let go; every other name is this machine.
struct held_resolver final : name_resolver {
    result<std::vector<std::string>> resolve(std::string const& host) override {
        std::unique_lock lock(mutex);
        if (!host.ends_with(".slow")) return std::vector<std::string>{"127.0.0.1"};
        held.insert(host);
        ++inside;
        most = std::max(most, inside);
        changed.notify_all();
        changed.wait(lock, [&] { return free; });
        --inside;
        changed.notify_all();
        return error(errc::host_not_found);
    }
    void wait_until_held(std::size_t n) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return inside >= n; });
    }
    std::size_t now() {
        std::scoped_lock const lock(mutex);
        return inside;
    }
    void let_go() {
        std::unique_lock lock(mutex);
        free = true;
        changed.notify_all();
        changed.wait(lock, [&] { return inside == 0; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    std::multiset<std::string> held;
    std::size_t inside = 0, most = 0;
    bool free = false;
};

struct world {
    world() {
        p.on("/x", place::canned(200, "x"));
        network.addresses.clear();
        network.with_resolver(names);
        bounds.all_lookups = 4;
    }
    /// An exchange whose host was named by `by`, or by the caller.
    void ask(asio_transport& t, std::string const& host, std::string const& by) {
        auto& one = asked.emplace_back();
        one.q.url = p.at(host) + "/x";
        one.q.named_by = by;
        if (!by.empty()) one.q.address_policy = address_policy::inside;
        t.async_exchange(one.q, one.sink, [&one](result<response> r) { one.outcome.emplace(std::move(r)); });
    }
    errc code(std::string const& host) const {
        for (auto const& one : asked)
            if (one.q.url.find("//" + host + ':') != std::string::npos && one.outcome) return *one.outcome ? errc::ok : one.outcome->error().kind();
        return errc::timeout;
    }
    std::size_t over() const {
        return static_cast<std::size_t>(std::count_if(asked.begin(), asked.end(), [](auto const& one) { return one.outcome.has_value(); }));
    }

    struct one_exchange {
        request q;
        test::draining_sink sink;
        std::optional<result<response>> outcome;
    };
    place p{false};
    std::shared_ptr<held_resolver> names = std::make_shared<held_resolver>();
    network_options network = test::test_network();
    limits bounds;
    std::list<one_exchange> asked;
};

} // namespace

TEST_CASE("a registry that names hosts which never resolve holds up nobody else", "[V04]") {
    world w;
    {
        asio::io_context loop(1);
        asio_transport t(loop.get_executor(), w.network, w.bounds);
        for (int i = 0; i < 20; ++i) w.ask(t, "n" + std::to_string(i) + ".slow", "evil.test");
        w.ask(t, "mine.slow", {}); // the caller's own
        loop.poll();
        w.names->wait_until_held(3);
        w.ask(t, "a.test", {});
        w.ask(t, "b.test", "good.test");
        while (w.over() < 2) loop.run_one();
        CHECK(w.code("a.test") == errc::ok);
        CHECK(w.code("b.test") == errc::ok);
        CHECK(w.names->most == 3); // two of the one registry, and the caller's
        // The loop ends while they are held, and waits for none.
    }
    CHECK(w.over() == 2);
    w.names->let_go();
    CHECK(w.names->held.size() == 3); // the others are not looked up for nobody
}

TEST_CASE("those who wait have their turn, and all registries together are bounded", "[V04]") {
    world w;
    asio::io_context loop(1);
    asio_transport t(loop.get_executor(), w.network, w.bounds);
    for (int i = 0; i < 3; ++i)
        for (auto const* by : {"r1.test", "r2.test", "r3.test"}) w.ask(t, "n" + std::to_string(i) + by + ".slow", by);
    loop.poll();
    w.names->wait_until_held(4); // `all_lookups`
    CHECK(w.names->most == 4);
    w.ask(t, "a.test", {}); // is not among them
    while (w.over() < 1) loop.run_one();
    CHECK(w.code("a.test") == errc::ok);
    w.names->let_go();
    loop.run();
    CHECK(w.over() == 10);
    CHECK(w.names->held.size() == 9);
    for (auto const& one : w.asked)
        if (one.q.url.find(".slow") != std::string::npos) CHECK(one.outcome->error() == errc::host_not_found);
    CHECK(w.names->most == 4);
}

TEST_CASE("a whole call beside hostile ones", "[V04]") {
    world w;
    test::serve_image(w.p);
    place evil(false);
    evil.otherwise([n = 0](place::request const& q) mutable { return test::redirect("http://" + std::to_string(n++) + ".slow/" + q.target); });
    w.network.with_resolver(w.names);
    asio::io_context loop(1);
    client_options options;
    for (auto const* name : {"a.test", "evil.test"})
        options.with_plaintext(w.p.authority_of(name)).with_plaintext(evil.authority_of(name));
    basic_client<test::hostile_policies_async> client(asio_transport(loop.get_executor(), w.network), options, fixed_credentials());
    int hostile = 0;
    std::optional<errc> good;
    for (int i = 0; i < 10; ++i)
        client.async_manifest(reference::parse(evil.authority_of("evil.test") + "/r:" + std::to_string(i)).value(), [&](auto const&) { ++hostile; });
    while (evil.connections() < 2) loop.run_one();
    while (w.names->now() < 2) loop.poll_one(); // the look-ups are in threads of their own
    client.async_manifest(reference::parse(w.p.authority_of("a.test") + "/r:1").value(), [&](auto const& r) { good = r ? errc::ok : r.error().kind(); });
    while (!good) loop.run_one();
    CHECK(good == errc::ok);
    CHECK(hostile == 0);
    w.names->let_go();
    loop.run();
    CHECK(hostile == 10);
}

} // namespace lookup_test
