// SPDX-License-Identifier: BSL-1.0
// An inspection with its tags beside it: the record and the errors are those of one request after the other.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/legacy/docker_1_10_fallback.hpp>
#include <lading/legacy/legacy_client.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace beside_test {

using namespace lading;
using namespace std::chrono_literals;

namespace {

/// What reaches a registry, and how many at once.
struct counted_transport {
    struct counters {
        int now = 0, most = 0;
    };
    counted_transport(asio::io_context& c, counters& n) : inner(c.get_executor()), count(&n) {}
    auto get_executor() const { return inner.get_executor(); }
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler&& h) {
        count->most = std::max(count->most, ++count->now);
        auto const slot = asio::get_associated_cancellation_slot(h);
        auto const executor = asio::get_associated_executor(h, inner.get_executor());
        inner.async_exchange(q, out,
                             asio::bind_cancellation_slot(slot, asio::bind_executor(executor, [n = count, h = std::forward<Handler>(h)](
                                                                                                  result<response> r) mutable {
                                                              --n->now;
                                                              std::move(h)(std::move(r));
                                                          })));
    }
    asio_transport inner;
    counters* count;
};
struct policies : async_policies {
    using transport = counted_transport;
};
struct ordered_policies : policies {
    using fallback = docker_1_10_fallback;
};
template <class Handler>
void begin(basic_client<policies>& registry, reference const& ref, inspect_options what, Handler handler) {
    registry.async_inspect(ref, std::move(what), std::move(handler));
}
template <class Handler>
void begin(legacy_client<ordered_policies>& registry, reference const& ref, inspect_options what, Handler handler) {
    async_run(registry.transport(), registry.start_inspect(ref, std::move(what)), std::move(handler));
}

struct outcome {
    std::optional<result<inspection>> record;
    int most = 0;
    std::chrono::steady_clock::duration took{};
};

template <class Client = basic_client<policies>>
outcome inspect(reference const& ref, client_options o, inspect_options what = inspect_options().with_tags(),
                std::optional<std::chrono::milliseconds> cancel_after = {}) {
    asio::io_context context(1);
    counted_transport::counters n;
    Client registry{counted_transport(context, n), std::move(o)};
    outcome out;
    asio::cancellation_signal signal;
    asio::steady_timer timer(context);
    if (cancel_after) {
        timer.expires_after(*cancel_after);
        timer.async_wait([&](asio::error_code e) {
            if (!e) signal.emit(asio::cancellation_type::terminal);
        });
    }
    auto const began = std::chrono::steady_clock::now();
    begin(registry, ref, std::move(what), asio::bind_cancellation_slot(signal.slot(), [&](result<inspection> r) {
              out.record.emplace(std::move(r));
              timer.cancel();
          }));
    context.run();
    out.took = std::chrono::steady_clock::now() - began;
    out.most = n.most;
    return out;
}

reference ref_to(testing::registry const& fake, std::string const& rest = "/app:1") {
    return reference::parse(fake.host() + rest).value();
}

std::vector<std::string> targets(testing::registry const& fake) {
    std::vector<std::string> out;
    for (auto const& x : fake.journal()) out.push_back(x.target);
    return out;
}
bool listed_tags(testing::registry const& fake) {
    for (auto const& t : targets(fake))
        if (t.find("/tags/list") != t.npos) return true;
    return false;
}

} // namespace

TEST_CASE("the tags are asked for with the manifest, and the record is that of one after the other") {
    for (auto const kind : {image_kind::image, image_kind::index, image_kind::schema1, image_kind::artifact, image_kind::unknown})
        for (auto const access : {testing::access::anonymous, testing::access::bearer}) {
            testing::registry fake{testing::registry_options().with_protection(access).with_tag_page(2)};
            for (auto tag : {"1", "2", "3"}) fake.add_image("app", tag, kind);
            auto const options = client_options().with_plaintext(fake.host());
            auto const what = inspect_options().with_tags().with_platform(platform_choice::any());
            client blocking{options};
            auto const expected = blocking.inspect(ref_to(fake), what).value();
            REQUIRE(expected.tags.values.size() == 3);
            auto const in_turn = fake.journal().size();
            fake.clear_journal();

            auto const got = inspect(ref_to(fake), options, what);
            REQUIRE(got.record);
            CHECK(to_json(got.record->value()) == to_json(expected));
            CHECK(got.most == 2);
            // Where a token is wanted both are refused once, and one fetches it.
            CHECK(fake.journal().size() == in_turn + (access == testing::access::bearer));
            std::size_t tokens = 0;
            for (auto const& t : targets(fake)) tokens += t.starts_with("/token");
            CHECK(tokens == (access == testing::access::bearer));
        }
}

TEST_CASE("without tags, and where an order is asked for, one request is under way") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::image);
    auto const options = client_options().with_plaintext(fake.host());
    CHECK(inspect(ref_to(fake), options, inspect_options()).most == 1);
    auto const first = inspect(ref_to(fake), options, inspect_options().with_tags().with_tags_first());
    CHECK(first.most == 1);
    CHECK(first.record->value().tags.values == std::vector<std::string>{"1"});
    CHECK(inspect<legacy_client<ordered_policies>>(ref_to(fake), options).most == 1);
}

TEST_CASE("an image that cannot be had ends the listing") {
    testing::registry fake;
    fake.add_image("app", "2", image_kind::image);
    fake.answer("GET", "/v2/app/tags/list", testing::canned().with_delay(20s));
    auto const got = inspect(ref_to(fake), client_options().with_plaintext(fake.host()));
    REQUIRE(got.record);
    CHECK(got.record->error() == errc::manifest_unknown);
    CHECK(got.record->error().http_status() == 404);
    CHECK(got.took < 15s);
}

TEST_CASE("tags that are refused are a remark") {
    testing::registry fake{testing::registry_options().with_refused_tags()};
    fake.add_image("app", "1", image_kind::image);
    auto const options = client_options().with_plaintext(fake.host());
    client blocking{options};
    auto const got = inspect(ref_to(fake), options);
    CHECK(got.most == 2);
    CHECK(got.record->value().tags.state == tags_state::refused);
    CHECK(to_json(got.record->value()) == to_json(blocking.inspect(ref_to(fake), inspect_options().with_tags()).value()));
}

TEST_CASE("tags that do not come in time are the failure") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::image);
    fake.answer("GET", "/v2/app/tags/list", testing::canned().with_delay(20s));
    auto const got = inspect(ref_to(fake), client_options().with_plaintext(fake.host()).with_timeout(2s));
    CHECK(got.record->error() == errc::timeout);
    CHECK(got.took < 15s);
}

TEST_CASE("cancelled while either is under way") {
    for (auto const* slow : {"/v2/app/tags/list", "/v2/app/manifests/1"}) {
        testing::registry fake;
        fake.add_image("app", "1", image_kind::image);
        fake.answer("GET", slow, testing::canned().with_delay(20s));
        auto const got = inspect(ref_to(fake), client_options().with_plaintext(fake.host()), inspect_options().with_tags(), 200ms);
        REQUIRE(got.record);
        CHECK(got.record->error() == errc::cancelled);
        CHECK(got.took < 15s);
    }
}

TEST_CASE("the tags are those of the place that served the manifest") {
    testing::registry mirror, origin;
    origin.add_image("app", "1", image_kind::image);
    origin.add_image("app", "2", image_kind::image);
    auto options = client_options().with_plaintext(origin.host()).with_plaintext(mirror.host());
    options.with_mirror(origin.host(), lading::mirror(mirror.host()));

    SECTION("the mirror has not got it: what it lists is worth nothing") {
        mirror.add_image("app", "old", image_kind::image);
        auto const record = inspect(ref_to(origin), options).record->value();
        CHECK(record.source == origin.url());
        CHECK(record.tags.values == std::vector<std::string>{"1", "2"});
        CHECK(listed_tags(mirror));
    }
    SECTION("the mirror has it") {
        mirror.add_image("app", "1", image_kind::image);
        auto const record = inspect(ref_to(origin), options).record->value();
        CHECK(record.source == mirror.url());
        CHECK(record.tags.values == std::vector<std::string>{"1"});
        CHECK(targets(origin).empty());
    }
    SECTION("a mirror that is in a repository of its own") {
        options.with_rules({}).with_plaintext(origin.host()).with_plaintext(mirror.host());
        options.with_mirror(origin.host(), lading::mirror(mirror.host() + "/cache"));
        mirror.add_image("cache/app", "1", image_kind::image);
        auto const record = inspect(ref_to(origin), options).record->value();
        CHECK(record.tags.values == std::vector<std::string>{"1"});
        CHECK(targets(origin).empty());
    }
    SECTION("the list of the mirror that has it does not come: a remark") {
        mirror.add_image("app", "1", image_kind::image);
        mirror.answer("GET", "/v2/app/tags/list", testing::canned().with_delay(20s));
        auto const record = inspect(ref_to(origin), options.with_timeout(4s)).record->value();
        CHECK(record.source == mirror.url());
        CHECK(record.tags.state == tags_state::failed); // no refusal
        CHECK(record.tags.failure == errc::too_slow);
    }
    SECTION("the list of the mirror that has it not does not come: the origin's does") {
        mirror.answer("GET", "/v2/app/tags/list", testing::canned().with_delay(20s));
        auto const record = inspect(ref_to(origin), options.with_timeout(4s)).record->value();
        CHECK(record.tags.values == std::vector<std::string>{"1", "2"});
    }
    SECTION("nowhere to ask") {
        registry_rules rules;
        rules.registries.emplace_back(origin.host());
        rules.registries.back().blocked = true;
        auto const got = inspect(ref_to(origin), options.with_rules(std::move(rules)));
        CHECK(got.record->error() == errc::registry_blocked);
        CHECK(targets(origin).empty());
    }
}

TEST_CASE("over several threads, cancelled or not") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::index);
    asio::io_context context;
    async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host())};
    std::atomic<int> good{0}, cancelled{0};
    std::vector<asio::strand<asio::any_io_executor>> strands;
    std::vector<asio::cancellation_signal> signals(100);
    for (int i = 0; i < 100; ++i) strands.push_back(asio::make_strand(asio::any_io_executor(context.get_executor())));
    for (std::size_t i = 0; i < 100; ++i) {
        asio::post(strands[i], [&, i] {
            registry.async_inspect(ref_to(fake), inspect_options().with_tags().with_platform(platform_choice::any()),
                                   asio::bind_cancellation_slot(signals[i].slot(), asio::bind_executor(strands[i], [&](result<inspection> r) {
                                                                    if (r) ++good;
                                                                    else if (r.error() == errc::cancelled) ++cancelled;
                                                                })));
            if (i % 3 == 0) asio::post(strands[i], [&, i] { signals[i].emit(asio::cancellation_type::terminal); });
        });
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& t : threads) t.join();
    CHECK(good + cancelled == 100);
    CHECK(good >= 66);
    CHECK(cancelled > 0);
}

TEST_CASE("the executor goes away with both under way", "[K04]") {
    testing::registry fake;
    fake.add_image("app", "1", image_kind::image);
    for (int steps : {0, 1, 3, 6, 10, 20}) {
        int over = 0;
        {
            asio::io_context context(1);
            async_client registry{asio_transport(context.get_executor()), client_options().with_plaintext(fake.host())};
            registry.async_inspect(ref_to(fake), inspect_options().with_tags(), [&](result<inspection>) { ++over; });
            for (int i = 0; i < steps && !over; ++i) context.run_one_for(50ms);
            context.stop();
        }
        CHECK(over <= 1);
    }
}

} // namespace beside_test
