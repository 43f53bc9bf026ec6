// SPDX-License-Identifier: BSL-1.0
// Many references through one client: order, bounds, failures, cancellation, threads.
#include "../support/documents.hpp"
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace each_test {

using namespace lading;
using namespace std::chrono_literals;

namespace {

/// An asynchronous transport that answers from memory, on any number of threads. The body of "slow" repositories comes
/// last of all that is under way.
class memory_transport {
  public:
    struct counters {
        std::atomic<int> now{0}, most{0}, requests{0};
    };
    memory_transport(asio::io_context& c, counters& n) : executor_(c.get_executor()), counters_(&n) {}
    asio::any_io_executor get_executor() const { return executor_; }

    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler&& h) {
        ++counters_->requests;
        auto const now = ++counters_->now;
        for (auto most = counters_->most.load(); now > most && !counters_->most.compare_exchange_weak(most, now);) {}
        auto const executor = asio::get_associated_executor(h, executor_);
        auto timer = std::make_shared<asio::steady_timer>(executor_, q.url.find("/slow/") != q.url.npos ? 20ms : 0ms);
        timer->async_wait(asio::bind_executor(executor, [this, &q, &out, timer, h = std::forward<Handler>(h)](asio::error_code) mutable {
            --counters_->now;
            h(answer(q, out));
        }));
    }

  private:
    static result<response> answer(request const& q, body_sink& out) {
        static std::string const image = test::oci();
        response head(q.url.find("missing") == q.url.npos ? 200 : 404);
        head.url = q.url;
        auto const& body = q.url.find("/blobs/") == q.url.npos ? image : test::config_bytes;
        LADING_TRY_V(out.begin(head, body.size()));
        LADING_TRY_V(out.write(std::as_bytes(std::span(body))));
        return head;
    }
    asio::any_io_executor executor_;
    counters* counters_;
};
struct policies : async_policies {
    using transport = memory_transport;
};

/// References without end or up to a number, of one pass; counts what was read.
struct generated {
    explicit generated(std::size_t n) : size(n) {}
    struct iterator {
        using value_type = reference;
        using difference_type = std::ptrdiff_t;
        reference operator*() const {
            auto const i = from->read;
            auto const name = i % 10 == 3 ? "missing/" : i % 10 == 4 ? "slow/"
                                                                     : "good/";
            return reference::parse("r.test/" + std::string(name) + std::to_string(i)).value();
        }
        iterator& operator++() { return ++from->read, *this; }
        bool operator==(std::default_sentinel_t) const { return from->read >= from->size; }
        generated* from;
    };
    iterator begin() { return {this}; }
    std::default_sentinel_t end() const { return {}; }
    std::size_t size, read = 0;
};

} // namespace

TEST_CASE("each reference is told of once, and a failure stops no other") {
    for (bool const ordered : {false, true}) {
        asio::io_context context(1);
        memory_transport::counters n;
        basic_client<policies> registry{memory_transport(context, n)};
        generated all(1000);
        std::vector<std::size_t> order;
        std::size_t ahead = 0;
        std::optional<each_summary> end;
        async_inspect_each(
            registry, all, each_options().with_in_flight(7).with_order(ordered),
            [&](std::size_t index, reference const& ref, result<inspection> r) {
                ahead = std::max(ahead, all.read - order.size());
                order.push_back(index);
                CHECK(std::string(ref.repository().path()).ends_with("/" + std::to_string(index)));
                CHECK(r.has_value() == (index % 10 != 3));
                if (!r) CHECK(r.error().http_status() == 404);
            },
            [&](each_summary s) { end = s; });
        CHECK(order.empty());
        context.run();
        REQUIRE(end);
        CHECK(end->good == 900);
        CHECK(end->failed == 100);
        CHECK(!end->cancelled);
        CHECK(n.most == 7);
        CHECK(n.requests == 1900); // each image is a manifest and a config; a missing one is one answer
        CHECK(ahead <= (ordered ? 14 : 7));
        CHECK(std::is_sorted(order.begin(), order.end()) == ordered);
        std::sort(order.begin(), order.end());
        for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == i);
        CHECK(order.size() == 1000);
    }
}

TEST_CASE("elements that are no reference are told of; a range of none ends too") {
    asio::io_context context(1);
    memory_transport::counters n;
    basic_client<policies> registry{memory_transport(context, n)};
    std::vector<result<reference>> some;
    for (auto text : {"r.test/good/a", "UPPER case", "r.test/good/b"}) some.push_back(reference::parse(text));
    std::vector<errc> got;
    each_summary end;
    bool inside = true;
    async_inspect_each(
        registry, some, each_options().with_order(),
        [&](std::size_t, result<reference> const&, result<inspection> r) { got.push_back(r ? errc::ok : r.error().kind()); },
        [&](each_summary s) { end = s; });
    context.run();
    CHECK(got == std::vector{errc::ok, errc::ref_invalid, errc::ok});
    CHECK(end.good == 2);
    CHECK(end.failed == 1);

    std::vector<reference> none;
    int calls = 0;
    async_inspect_each(registry, none, {}, [&](auto&&...) { FAIL(); }, [&](each_summary) { calls += !inside; });
    inside = false;
    context.restart();
    context.run();
    CHECK(calls == 1);
}

TEST_CASE("cancelled: no more are begun, those under way end soon, all are told of") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::image);
    fake.answer("GET", "/v2/app/manifests/2", testing::canned().with_delay(20s));
    std::vector<reference> all(100, reference::parse(fake.host() + "/app:2").value());
    for (int i = 0; i < 3; ++i) all[static_cast<std::size_t>(i)] = reference::parse(fake.host() + "/app:1").value();

    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host())};
    for (bool const by_callback : {false, true}) {
        INFO(by_callback);
        asio::cancellation_signal signal;
        std::optional<each_summary> end;
        std::size_t good = 0, cancelled = 0;
        auto const began = std::chrono::steady_clock::now();
        async_inspect_each(
            registry, all, each_options().with_in_flight(10),
            [&](std::size_t, reference const&, result<inspection> r) {
                good += r.has_value();
                cancelled += !r && r.error() == errc::cancelled;
                if (good != 3 || !r) return;
                auto stop = [&signal] { signal.emit(asio::cancellation_type::terminal); };
                if (by_callback) stop();
                else asio::post(context, stop);
            },
            asio::bind_cancellation_slot(signal.slot(), [&](each_summary s) { end = s; }));
        context.restart();
        context.run();
        REQUIRE(end);
        CHECK(end->cancelled);
        CHECK(end->good == 3);
        CHECK(good == 3);
        CHECK(end->failed == cancelled);
        CHECK((cancelled >= 7 && cancelled <= 10));
        CHECK(std::chrono::steady_clock::now() - began < 15s);
    }
}

TEST_CASE("a client over several threads: one call at a time, in order, and cancelled from outside") {
    for (bool const ordered : {false, true}) {
        asio::io_context context;
        memory_transport::counters n;
        basic_client<policies> registry{memory_transport(context, n)};
        generated all(2000);
        std::atomic<int> inside{0};
        std::size_t told = 0;
        bool in_order = true;
        auto future = async_inspect_each(
            registry, all, each_options().with_in_flight(32).with_order(ordered),
            [&](std::size_t index, reference const&, result<inspection>) {
                if (++inside != 1) in_order = false;
                if (ordered && index != told) in_order = false;
                ++told;
                --inside;
            },
            asio::use_future);
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
        auto const end = future.get();
        for (auto& t : threads) t.join();
        CHECK(end.good == 1800);
        CHECK(end.failed == 200);
        CHECK(told == 2000);
        CHECK(in_order);
        CHECK(n.most <= 32);
    }

    asio::io_context context;
    memory_transport::counters n;
    basic_client<policies> registry{memory_transport(context, n)};
    generated endless(SIZE_MAX);
    asio::cancellation_signal signal;
    std::atomic<std::size_t> told{0};
    std::optional<each_summary> end;
    async_inspect_each(
        registry, endless, each_options(),
        [&](std::size_t, reference const&, result<inspection>) {
            if (++told == 500) signal.emit(asio::cancellation_type::terminal);
        },
        asio::bind_cancellation_slot(signal.slot(), [&](each_summary s) { end = s; }));
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& t : threads) t.join();
    REQUIRE(end);
    CHECK(end->cancelled);
    CHECK(end->good + end->failed == told);
    CHECK(told <= 500 + 64);
}

TEST_CASE("an exception of the callback leaves the loop, and the handler is called all the same") {
    for (bool const ordered : {false, true})
        for (std::size_t const at_once : {0u, 1u, 5u}) { // 0 means 1
            asio::io_context context(1);
            memory_transport::counters n;
            basic_client<policies> registry{memory_transport(context, n)};
            generated all(1000);
            std::size_t told = 0;
            int thrown = 0;
            std::optional<each_summary> end;
            async_inspect_each(
                registry, all, each_options().with_in_flight(at_once).with_order(ordered),
                [&](std::size_t index, reference const&, result<inspection>) {
                    ++told;
                    if (index == 7) throw std::runtime_error("of the program");
                },
                [&](each_summary s) { end = s; });
            for (bool again = true; again;) {
                try {
                    context.run();
                    again = false;
                } catch (std::runtime_error const&) {
                    ++thrown;
                }
            }
            CHECK(thrown == 1);
            REQUIRE(end);
            CHECK(end->cancelled);
            CHECK(end->good + end->failed == told);
            CHECK(told >= 8);
            CHECK(told < 25);
        }
}

TEST_CASE("a signal, given where the handler belongs, meets the end of the last one on another thread") {
    asio::io_context context;
    memory_transport::counters n;
    basic_client<policies> registry{memory_transport(context, n)};
    auto const strand = asio::make_strand(asio::any_io_executor(context.get_executor()));
    std::vector<reference> const some(3, reference::parse("r.test/good/1").value());
    std::vector<asio::cancellation_signal> signals(200);
    std::vector<std::size_t> told(signals.size());
    std::size_t over = 0;
    for (std::size_t i = 0; i < signals.size(); ++i)
        asio::post(strand, [&, i] {
            async_inspect_each(
                registry, some, each_options(),
                [&, i](std::size_t, reference const&, result<inspection>) {
                    if (++told[i] == some.size())
                        asio::post(strand, [&, i] { signals[i].emit(asio::cancellation_type::terminal); });
                },
                asio::bind_cancellation_slot(signals[i].slot(), asio::bind_executor(strand, [&](each_summary s) { over += s.good == some.size(); })));
        });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& t : threads) t.join();
    CHECK(over == signals.size());
}

TEST_CASE("the executor goes away with a range under way", "[K04]") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::image);
    std::vector<reference> all(50, reference::parse(fake.host() + "/app:1").value());
    for (int steps : {0, 1, 5, 20, 100}) {
        int over = 0;
        {
            asio::io_context context(1);
            async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host())};
            async_inspect_each(registry, all, each_options(), [](auto&&...) {}, [&](each_summary) { ++over; });
            for (int i = 0; i < steps; ++i) context.run_one_for(50ms);
            context.stop();
        }
        CHECK(over == 0);
    }
}

} // namespace each_test
