// SPDX-License-Identifier: BSL-1.0
// Every image of an index, one after the other and side by side.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace inspect_all_test {

using namespace lading;
using namespace std::chrono_literals;

namespace {

constexpr char index_type[] = "application/vnd.oci.image.index.v1+json";

/// What was told of the entries, and the record of the document.
struct told {
    std::vector<std::pair<descriptor, result<inspection>>> entries;
    std::optional<result<inspection>> top;
    std::vector<std::string> images() const {
        std::vector<std::string> out;
        for (auto const& [entry, r] : entries)
            out.push_back(!r                                           ? std::string(r.assume_error().code().message())
                          : r.assume_value().kind == image_kind::index ? "index"
                          : r.assume_value().image                     ? r.assume_value().image->architecture
                                                                       : std::string(name_of(r.assume_value().kind)));
        return out;
    }
};

struct world {
    testing::registry fake;
    client_options options = client_options().with_plaintext(fake.host());
    reference ref(std::string const& rest = "/app:1") const { return reference::parse(fake.host() + rest).value(); }

    told in_turn(inspect_options what = {}, std::string const& rest = "/app:1") {
        client registry{options};
        told out;
        out.top = inspect_all(registry, ref(rest), what, [&](descriptor const& e, result<inspection> r) { out.entries.emplace_back(e, std::move(r)); });
        return out;
    }
    told side_by_side(each_options what = each_options().with_order(), std::string const& rest = "/app:1") {
        asio::io_context context(1);
        async_client registry{asio_transport(context.get_executor()), options};
        told out;
        async_inspect_all(
            registry, ref(rest), what, [&](descriptor const& e, result<inspection> r) { out.entries.emplace_back(e, std::move(r)); },
            [&](result<inspection> r) { out.top.emplace(std::move(r)); });
        CHECK(!out.top);
        context.run();
        return out;
    }
    /// An index of what these digests name; sizes from the store, or one that is wrong.
    std::string put_index(std::string const& tag, std::vector<std::string> const& digests, std::string const& type, long wrong = 0) {
        client registry{options};
        std::string entries;
        for (auto const& d : digests) {
            auto const manifest = registry.manifest(reference::parse(fake.host() + "/app@" + d).value()).value();
            entries += (entries.empty() ? "" : ",") + std::string(R"({"mediaType":")") + type + R"(","digest":")" + d + R"(","size":)" +
                       std::to_string(manifest.self.size + wrong) + "}";
        }
        return fake.put_manifest("app", tag, R"({"schemaVersion":2,"mediaType":")" + std::string(index_type) + R"(","manifests":[)" + entries + "]}",
                                 index_type);
    }
    std::size_t tag_requests() const {
        std::size_t n = 0;
        for (auto const& x : fake.journal()) n += x.target.find("/tags/list") != x.target.npos;
        return n;
    }
};

} // namespace

TEST_CASE("every image of an index is told of, in its order, without the attestations") {
    world w;
    w.fake.add_image("app", "1", image_kind::index);
    for (auto const& got : {w.in_turn(inspect_options().with_tags()), w.side_by_side(each_options().with_order().with_inspect(inspect_options().with_tags()))}) {
        auto const& top = got.top->value();
        CHECK(top.kind == image_kind::index);
        CHECK(!top.chosen);
        CHECK(!top.image);
        CHECK(top.platform_wanted == "none");
        CHECK(top.platforms.size() == 5);
        CHECK(top.attestations.size() == 1);
        CHECK(top.tags.values == std::vector<std::string>{"1"});
        CHECK(got.images() == std::vector<std::string>{"amd64", "arm", "arm", "arm64", "amd64"});
        for (auto const& [entry, r] : got.entries) {
            CHECK(r.assume_value().resolved.digest == entry.digest);
            CHECK(r.assume_value().image->variant == entry.platform->variant);
            CHECK(r.assume_value().tags.state == tags_state::not_requested);
        }
    }
    CHECK(w.tag_requests() == 2);
    // The index, and a manifest and a config for each; tags.
    CHECK(w.fake.journal().size() == 2 * (1 + 5 * 2 + 1));
}

TEST_CASE("what is no index has no entries, and no index is no value") {
    world w;
    w.fake.add_image("app", "1", image_kind::image);
    for (auto const& got : {w.in_turn(), w.side_by_side()}) {
        CHECK(got.top->value().kind == image_kind::image);
        CHECK(got.top->value().image);
        CHECK(got.entries.empty());
    }
    for (auto const& got : {w.in_turn({}, "/app:none"), w.side_by_side({}, "/app:none")}) {
        CHECK(got.top->error() == errc::manifest_unknown);
        CHECK(got.entries.empty());
    }
}

TEST_CASE("an index in an index is told of before its entries") {
    world w;
    auto const inner = w.fake.add_image("app", "inner", image_kind::index);
    w.put_index("1", {inner}, index_type);
    for (auto const& got : {w.in_turn(), w.side_by_side()})
        CHECK(got.images() == std::vector<std::string>{"index", "amd64", "arm", "arm", "arm64", "amd64"});
}

TEST_CASE("an entry that fails stops no other; each must be what its entry says") {
    world w;
    w.fake.add_image("app", "index", image_kind::index);
    auto const good = w.in_turn({}, "/app:index");
    auto const missing = good.entries[1].first.digest.str();
    w.fake.answer("GET", "/v2/app/manifests/" + missing, testing::canned(404));
    for (auto const& got : {w.in_turn({}, "/app:index"), w.side_by_side(each_options().with_order(), "/app:index")}) {
        REQUIRE(got.entries.size() == 5);
        CHECK(got.top->has_value());
        CHECK(got.entries[0].second.has_value());
        CHECK(got.entries[1].second.error().http_status() == 404);
        CHECK(got.entries[2].second.has_value());
        CHECK(got.entries[3].second.has_value());
    }
    w.fake.clear_answers();
    auto const image = good.entries[0].first.digest.str();
    w.put_index("1", {image}, media_types::oci_manifest.data(), 1);
    for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.entries.at(0).second.error() == errc::size_mismatch);
    w.put_index("1", {image}, media_types::docker_manifest.data());
    for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.entries.at(0).second.error() == errc::media_type_mismatch);
}

TEST_CASE("indexes in indexes are bounded together") {
    world w;
    auto d = w.fake.add_image("app", "0", image_kind::index);
    limits bounds;
    SECTION("in depth") {
        for (int i = 0; i < 4; ++i) d = w.put_index("1", {d}, index_type);
        w.options.with_limits((bounds.nesting = 4, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) {
            CHECK(got.images().size() == 4);
            CHECK(got.entries.back().second.error() == errc::walk_limit);
        }
        w.options.with_limits((bounds.nesting = 5, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.images().size() == 9);
    }
    SECTION("in entries") {
        w.put_index("1", {d, d}, index_type);
        w.options.with_limits((bounds.descriptors = 11, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) {
            CHECK(got.images().size() == 7);
            CHECK(got.entries.at(1).second.error() == errc::walk_limit);
        }
        w.options.with_limits((bounds.descriptors = 12, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.images().size() == 12);
    }
    SECTION("in bytes") {
        client registry{w.options};
        auto const one = registry.manifest(w.ref("/app:0")).value().bytes.size();
        w.put_index("1", {d, d}, index_type);
        w.options.with_limits((bounds.manifest_bytes = 2 * one - 1, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.entries.at(1).second.error() == errc::walk_limit);
        w.options.with_limits((bounds.manifest_bytes = 2 * one, bounds));
        for (auto const& got : {w.in_turn(), w.side_by_side()}) CHECK(got.images().size() == 12);
    }
}

TEST_CASE("entries are asked for at the same time, as many as are allowed") {
    world w;
    w.fake.add_image("app", "1", image_kind::index);
    for (auto const& [entry, r] : w.in_turn().entries)
        w.fake.answer("GET", "/v2/app/manifests/" + entry.digest.str(), testing::canned().with_delay(300ms));
    auto const took = [&](std::size_t n) {
        auto const began = std::chrono::steady_clock::now();
        CHECK(w.side_by_side(each_options().with_in_flight(n)).images().size() == 5);
        return std::chrono::steady_clock::now() - began;
    };
    auto const in_turn = took(1);
    CHECK(in_turn >= 1500ms); // five waits, one after the other
    CHECK(took(2) >= 900ms);
    CHECK(took(5) < in_turn);
}

TEST_CASE("cancelled: from outside and by the callback") {
    world w;
    w.fake.add_image("app", "1", image_kind::index);
    auto const slow = w.in_turn().entries.back().first.digest.str();
    w.fake.answer("GET", "/v2/app/manifests/" + slow, testing::canned().with_delay(20s));
    for (bool const by_callback : {false, true}) {
        asio::io_context context(1);
        async_client registry{asio_transport(context.get_executor()), w.options};
        asio::cancellation_signal signal;
        std::size_t good = 0, cancelled = 0;
        std::optional<errc> end;
        auto const began = std::chrono::steady_clock::now();
        async_inspect_all(
            registry, w.ref(), {},
            [&](descriptor const&, result<inspection> r) {
                good += r.has_value();
                cancelled += !r && r.error() == errc::cancelled;
                if (good != 4 || !r) return;
                auto stop = [&signal] { signal.emit(asio::cancellation_type::terminal); };
                if (by_callback) stop();
                else asio::post(context, stop);
            },
            asio::bind_cancellation_slot(signal.slot(), [&](result<inspection> r) { end = r ? errc::ok : r.error().kind(); }));
        context.run();
        CHECK(end == errc::cancelled);
        CHECK(good == 4);
        CHECK(cancelled == 1);
        CHECK(std::chrono::steady_clock::now() - began < 15s);
    }
}

TEST_CASE("what the callback holds is gone when the handler is called") {
    world w;
    w.fake.add_image("app", "1", image_kind::index);
    asio::io_context context(1);
    async_client registry{asio_transport(context.get_executor()), w.options};
    auto const held = std::make_shared<int>(0);
    bool over = false;
    async_inspect_all(
        registry, w.ref(), {}, [held](descriptor const&, result<inspection> r) { *held += r.has_value(); },
        [&](result<inspection>) {
            over = true;
            CHECK(held.use_count() == 1);
        });
    context.run();
    CHECK(over);
    CHECK(*held == 5);
}

TEST_CASE("over several threads") {
    world w;
    w.fake.add_image("app", "1", image_kind::index);
    asio::io_context context;
    async_client registry{asio_transport(context.get_executor()), w.options};
    std::vector<std::future<result<inspection>>> all;
    std::vector<std::size_t> told(20);
    for (auto& n : told)
        all.push_back(async_inspect_all(registry, w.ref(), {}, [&n](descriptor const&, result<inspection> r) { n += r.has_value(); }, asio::use_future));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run(); });
    for (auto& t : threads) t.join();
    for (auto& one : all) CHECK(one.get().has_value());
    CHECK(told == std::vector<std::size_t>(20, 5));
}

} // namespace inspect_all_test
