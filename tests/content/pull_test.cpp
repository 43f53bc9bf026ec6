// SPDX-License-Identifier: BSL-1.0
#include "../support/catch.hpp"
#include "../support/made_images.hpp"
#include "../support/scratch_folder.hpp"

#include <lading/bulk/async_pull.hpp>
#include <lading/bulk/pull.hpp>
#include <lading/client/async_client.hpp>
#include <lading/client/client.hpp>
#include <lading/net/asio_transport.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/registry.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace pull_test {

using namespace lading;
using test::config_of;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::json_of;
using test::layer_of;
using test::made;

using scratch = test::scratch_folder;

struct origin {
    testing::registry registry;
    made l1 = layer_of("one"), l2 = layer_of(std::string(100'000, '2')), l3 = layer_of("three");
    made c1 = config_of(R"({"os":"linux","architecture":"amd64"})"), c2 = config_of(R"({"os":"linux","architecture":"arm64"})");
    made image = image_of(c1, {l1, l2}), other = image_of(c2, {l1, l3});
    made index = index_of({entry_for(image, "linux", "amd64"), entry_for(other, "linux", "arm64")});
    client calls{client_options().with_plaintext(registry.host())};

    origin() {
        for (auto const* m : {&l1, &l2, &l3, &c1, &c2}) registry.put_blob(m->bytes);
        put(image, "image");
        put(other, "");
        put(index, "index");
    }
    void put(made const& m, std::string_view tag) { registry.put_manifest("x", tag, m.bytes, m.self.media_type); }
    reference named(std::string const& tag) const { return reference::parse(registry.host() + "/x:" + tag).value(); }
    /// "GET manifests", one a request, sorted; and the journal is empty again.
    std::vector<std::string> asked() {
        std::vector<std::string> out;
        for (auto const& q : registry.journal()) {
            auto const kind = q.target.find("/blobs/") != std::string::npos ? " blobs" : q.target.find("/manifests/") != std::string::npos ? " manifests"
                                                                                                                                           : q.target;
            out.push_back(q.method + kind);
        }
        registry.clear_journal();
        std::sort(out.begin(), out.end());
        return out;
    }
};
using words = std::vector<std::string>;
words times(std::size_t manifests, std::size_t blobs) {
    words out(blobs, "GET blobs");
    out.insert(out.end(), manifests, "GET manifests");
    return out;
}

TEST_CASE("pull: an image of two layers to a layout is four requests, and again one HEAD", "[GX10][GX11][PD43][CP07]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const first = pull(o.calls, o.named("image"), to).value();
    CHECK(first.top.digest == o.image.self.digest);
    CHECK(o.asked() == times(1, 3));
    CHECK(to.resolve("image").value().digest == o.image.self.digest);

    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(o.asked() == words{"HEAD manifests"});
    CHECK(again.fetched.contents == 0);
    CHECK(again.existing.contents == 4);

    auto opened = oci_layout::open(folder / "layout").value();
    pull(o.calls, o.named("image"), opened).value();
    CHECK(o.asked() == words{"HEAD manifests"});
}

TEST_CASE("pull: an index of two images, three layers and two configs is eight requests", "[CP01]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    pull(o.calls, o.named("index"), to).value();
    CHECK(o.asked() == times(3, 5));
    for (auto const* m : {&o.l1, &o.l2, &o.l3, &o.c1, &o.c2, &o.image, &o.other, &o.index}) CHECK(to.has(m->self).value());
    pull(o.calls, o.named("index"), to).value();
    CHECK(o.asked() == words{"HEAD manifests"});
}

TEST_CASE("pull: of three blobs two of which are there one is asked for", "[GX12]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    for (auto const* there : {&o.l1, &o.c1}) REQUIRE(to.put_document(there->self, there->bytes));
    pull(o.calls, o.named("image"), to).value();
    CHECK(o.asked() == times(1, 1));
}

TEST_CASE("pull: one platform of an index, and again without a blob", "[CP02]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const options = copy_options().with_platform("linux/arm64"_platform);
    auto const first = pull(o.calls, o.named("index"), to, options).value();
    CHECK(first.named.digest == o.index.self.digest);
    CHECK(first.top.digest == o.other.self.digest);
    CHECK(o.asked() == times(2, 3));
    CHECK(to.resolve("index").value().digest == o.other.self.digest);
    CHECK_FALSE(to.has(o.index.self).value());
    CHECK_FALSE(to.has(o.l2.self).value());
    pull(o.calls, o.named("index"), to, options).value();
    CHECK(o.asked() == times(1, 0));
}

TEST_CASE("pull: by digest, and again nothing", "[CP29]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const ref = reference::parse(o.registry.host() + "/x@" + o.image.self.digest.str()).value();
    pull(o.calls, ref, to).value();
    CHECK(o.asked() == times(1, 3));
    CHECK(to.names().value().empty());
    CHECK(to.resolve("").value().digest == o.image.self.digest);
    pull(o.calls, ref, to).value();
    CHECK(o.asked().empty());
}

TEST_CASE("pull: a tag that was moved brings what it leads to now", "[HX11]") {
    origin o;
    memory_store to;
    pull(o.calls, o.named("image"), to).value();
    o.put(o.other, "image");
    o.asked();
    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(again.top.digest == o.other.self.digest);
    CHECK(to.resolve("image").value().digest == o.other.self.digest);
    CHECK(o.asked() == words{"GET blobs", "GET blobs", "GET manifests", "HEAD manifests"});
}

TEST_CASE("pull: a registry whose HEAD and GET disagree", "[HX11]") {
    origin o;
    memory_store to;
    pull(o.calls, o.named("image"), to).value();
    o.registry.answer("HEAD", "/v2/x/manifests/image", testing::canned(200).with_header("Docker-Content-Digest", o.index.self.digest.str()));
    o.put(o.other, "image");
    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(again.top.digest == o.other.self.digest);
    CHECK(to.resolve("image").value().digest == o.other.self.digest);
}

TEST_CASE("pull: the n-th answer of the registry that fails is the failure, and leaves no name", "[PD44]") {
    origin o;
    client once(client_options().with_plaintext(o.registry.host()).with_retry(retry_rules(1)));
    std::vector<std::string> targets{"/v2/x/manifests/index", "/v2/x/manifests/" + o.other.self.digest.str(), "/v2/x/manifests/" + o.image.self.digest.str()};
    for (auto const* m : {&o.l1, &o.l2, &o.l3, &o.c1, &o.c2}) targets.push_back("/v2/x/blobs/" + m->self.digest.str());
    for (auto const& target : targets)
        for (auto const& fault : {testing::canned(500), testing::canned(404), testing::canned(200).with_body("other bytes"), testing::canned().without_answer()}) {
            scratch folder;
            auto to = oci_layout::create(folder / "layout").value();
            o.registry.answer("GET", target, fault);
            CHECK_FALSE(once.pull(o.named("index"), to));
            o.registry.clear_answers();
            CHECK(to.names().value().empty());
            CHECK_FALSE(to.has(o.index.self).value());
            auto again = oci_layout::open(folder / "layout").value();
            once.pull(o.named("index"), again).value();
            CHECK(again.resolve("index").value().digest == o.index.self.digest);
        }
}

TEST_CASE("pull: what a registry says must be of the size that its document has", "[HX12]") {
    origin o;
    auto lying = o.image.self;
    ++lying.size;
    auto const index = index_of({json_of(lying)});
    o.put(index, "lying");
    memory_store to;
    auto const refused = o.calls.pull(o.named("lying"), to);
    REQUIRE(refused.has_error());
    CHECK(refused.error() == errc::size_mismatch);
}

TEST_CASE("pull: many at once into one layout, and each has its name", "[copy][LO30]") {
    origin o;
    scratch folder;
    (void)oci_layout::create(folder / "layout").value();
    for (int i = 0; i < 8; ++i) o.put(i % 2 ? o.image : o.index, "t" + std::to_string(i));
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            client own(client_options().with_plaintext(o.registry.host()));
            auto to = oci_layout::open(folder / "layout");
            if (to && own.pull(o.named("t" + std::to_string(i)), to.value())) ++good;
        });
    for (auto& t : threads) t.join();
    CHECK(good == 8);
    auto const to = oci_layout::open(folder / "layout");
    auto names = const_cast<oci_layout&>(to.value()).names().value();
    std::sort(names.begin(), names.end());
    CHECK(names == words{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"});
}

TEST_CASE("copy: the same image at once into one layout, from here and from a registry", "[copy][PD34]") {
    origin o;
    memory_store here;
    o.calls.pull(o.named("index"), here).value();
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    std::atomic<int> good{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&, i] {
            auto mine = oci_layout::open(folder / "layout").value();
            auto const name = "t" + std::to_string(i);
            if (i % 2 ? copy(here, "index", mine, name).has_value() : o.calls.pull(o.named("index"), mine, name).has_value()) ++good;
        });
    for (auto& t : threads) t.join();
    CHECK(good == 6);
    CHECK(to.names().value().size() == 6);
}

TEST_CASE("pull: with a login, the token is asked for once", "[copy]") {
    testing::registry registry(testing::registry_options().with_protection(testing::access::bearer));
    auto const layer = layer_of("one"), config = config_of("{ }");
    auto const image = image_of(config, {layer});
    registry.put_blob(layer.bytes);
    registry.put_blob(config.bytes);
    registry.put_manifest("x", "1", image.bytes, image.self.media_type);
    client calls(client_options().with_plaintext(registry.host()));
    memory_store to;
    calls.pull(reference::parse(registry.host() + "/x:1").value(), to).value();
    std::size_t tokens = 0;
    for (auto const& q : registry.journal()) tokens += q.target.starts_with("/token");
    CHECK(tokens == 1);
    CHECK(registry.journal().size() == 5); // and one 401
}

TEST_CASE("pull: a name that is parsed, another name in the store, and a plan", "[copy]") {
    origin o;
    memory_store to;
    auto const plan = plan_pull(o.calls, o.named("image"), to).value();
    CHECK(plan.to_fetch.contents == 4);
    CHECK(o.asked() == times(1, 0));
    o.calls.pull(o.named("image").str(), to).value();
    o.calls.pull(o.named("image"), to, "mine").value();
    CHECK(to.names().value() == words{"image", "mine"});
    CHECK(o.calls.pull("no reference at all:", to).error() == errc::ref_invalid);
}

/// Answers one blob with half of its bytes, and then nothing.
struct half_server {
    explicit half_server(made const& m)
        : server([bytes = m.bytes](std::string const&) {
              auto const half = bytes.size() / 2;
              return testing::byte_answer("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" + bytes.substr(0, half),
                                          testing::byte_answer::ending::hang);
          }) {}
    std::string url() { return "http://127.0.0.1:" + std::to_string(server.port()); }
    testing::byte_server server;
};

TEST_CASE("pull: a stop ends the blobs that are under way", "[PD49]") {
    origin o;
    half_server half(o.l2);
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    o.registry.answer("GET", "/v2/x/blobs/" + o.l2.self.digest.str(), testing::canned(307).with_header("Location", half.url() + "/x"));
    std::stop_source source;
    std::chrono::steady_clock::time_point stopped;
    bool over = false, late = false;
    auto const stop_it = [&](transfer_event const& e) {
        late = late || over;
        if (e.state != transfer_state::running || e.what.digest != o.l2.self.digest) return;
        stopped = std::chrono::steady_clock::now();
        source.request_stop();
    };
    auto const done = o.calls.pull(o.named("image"), to, copy_options().with_observer(stop_it), source.get_token());
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - stopped).count();
    over = true;
    REQUIRE(done.has_error());
    CHECK(done.error() == errc::cancelled);
    CHECK(took < 5000); // 50 ms are promised; a busy machine has its own time
    if (took > 50) WARN("it took " << took << " ms to stop");
    CHECK_FALSE(late);
    CHECK(to.names().value().empty());
    o.registry.clear_answers();
    o.calls.pull(o.named("image"), to).value();
    CHECK(to.has(o.l2.self).value());
}

TEST_CASE("pull: what has come when it is stopped is gone on with by the next", "[PD49][PD30][PD48]") {
    origin o;
    auto const large = layer_of(std::string(400'000, 'L'));
    auto const image = image_of(o.c1, {large});
    o.registry.put_blob(large.bytes);
    o.put(image, "large");
    half_server half(large);
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const target = "/v2/x/blobs/" + large.self.digest.str();
    o.registry.answer("GET", target, testing::canned(307).with_header("Location", half.url() + "/x"));
    auto const part = folder / ("layout/blobs/sha256/." + large.self.digest.hex() + ".part");
    std::stop_source source;
    std::atomic<bool> over{false};
    std::thread stopper([&] {
        for (std::error_code none; !over && std::filesystem::file_size(part, none) != 200'000;) std::this_thread::yield();
        source.request_stop();
    });
    auto const stopped = o.calls.pull(o.named("large"), to, copy_options(), source.get_token());
    over = true;
    stopper.join();
    REQUIRE(stopped.has_error());
    CHECK(stopped.error() == errc::cancelled);
    CHECK(std::filesystem::file_size(part) == 200'000);

    o.registry.clear_answers();
    o.registry.clear_journal();
    std::uint64_t resumed = 0, all = 0;
    auto again = oci_layout::open(folder / "layout").value();
    auto const observe = [&](transfer_event const& e) {
        if (e.state == transfer_state::resumed) resumed = e.bytes;
        all = e.all_bytes;
    };
    auto const done = o.calls.pull(o.named("large"), again, copy_options().with_observer(observe)).value();
    CHECK(resumed == 200'000);
    CHECK(done.resumed_bytes == 200'000);
    CHECK(all == large.bytes.size() + o.c1.bytes.size() + image.bytes.size());
    std::vector<std::string> ranges;
    for (auto const& q : o.registry.journal())
        if (q.target == target) ranges.emplace_back(q.headers.find("Range").value_or("none"));
    CHECK(ranges == words{"bytes=200000-"});
    CHECK(again.has(large.self).value());
    CHECK_FALSE(std::filesystem::exists(part));
}

TEST_CASE("async_pull: as pull does, on one thread or several", "[copy][PD44]") {
    for (int const threads : {1, 3}) {
        origin o;
        scratch folder;
        auto to = oci_layout::create(folder / "layout").value();
        asio::io_context context;
        async_client calls(context.get_executor(), client_options().with_plaintext(o.registry.host()));
        std::uint64_t last = 0, total = 0;
        auto const run = [&](std::string const& tag, copy_options options = {}) {
            std::optional<result<copy_summary>> out;
            calls.async_pull(o.named(tag), to, std::move(options), [&](result<copy_summary> r) { out.emplace(std::move(r)); });
            CHECK_FALSE(out);
            std::vector<std::thread> others;
            for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run(); });
            context.run();
            for (auto& t : others) t.join();
            context.restart();
            REQUIRE(out);
            return std::move(*out);
        };
        auto const first = run("index", copy_options().with_observer([&](transfer_event const& e) { last = e.all_bytes, total = e.all_total; })).value();
        CHECK(first.top.digest == o.index.self.digest);
        CHECK(first.fetched.contents == 8);
        CHECK(o.asked() == times(3, 5));
        CHECK(last == total);
        CHECK(last == first.fetched.bytes);
        for (auto const* m : {&o.l1, &o.l2, &o.l3, &o.c1, &o.c2, &o.image, &o.other, &o.index}) CHECK(to.has(m->self).value());
        CHECK(run("index").value().existing.contents == 8);
        CHECK(o.asked() == words{"HEAD manifests"});
        o.put(o.image, "index");
        CHECK(run("index").value().top.digest == o.image.self.digest);
        CHECK(o.asked() == words{"GET manifests", "HEAD manifests"});
        CHECK(run("nothing").error() == errc::manifest_unknown);
        o.registry.answer("GET", "/v2/x/blobs/" + o.l2.self.digest.str(), testing::canned(404));
        std::filesystem::remove(folder / ("layout/blobs/sha256/" + o.l2.self.digest.hex()));
        to = oci_layout::open(folder / "layout").value();
        CHECK(run("image").error() == errc::blob_unknown);
    }
}

TEST_CASE("async_pull: refuses what follows an image, before anything is asked or written", "[copy][PD44]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    asio::io_context context;
    async_client calls(context.get_executor(), client_options().with_plaintext(o.registry.host()));
    for (auto const& options : {copy_options().with_referrers(), copy_options().with_digest_tags(), copy_options().with_signatures(),
                                copy_options().with_referrer_type("application/vnd.example.sbom")}) {
        std::optional<result<copy_summary>> out;
        calls.async_pull(o.named("image"), to, options, [&](result<copy_summary> r) { out.emplace(std::move(r)); });
        CHECK_FALSE(out);
        context.run();
        context.restart();
        REQUIRE(out);
        CHECK(out->error() == errc::invalid_argument);
        CHECK(out->error().message().find("async_pull") != std::string::npos);
        CHECK(o.asked().empty());
        CHECK_FALSE(to.resolve("image"));
    }
    CHECK(o.calls.pull(o.named("image"), to, copy_options().with_signatures())); // which does it
}

TEST_CASE("pull: who does not want to wait for another program does not", "[copy][PD34]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const busy = to.writer(o.l2.self).value();
    REQUIRE(busy->begin());
    auto const hasty = copy_options().with_wait(std::chrono::milliseconds(0));
    CHECK(o.calls.pull(o.named("image"), to, hasty).error() == errc::part_in_use);
    asio::io_context context;
    async_client calls(context.get_executor(), client_options().with_plaintext(o.registry.host()));
    std::optional<result<copy_summary>> out;
    calls.async_pull(o.named("image"), to, hasty, [&](result<copy_summary> r) { out.emplace(std::move(r)); });
    context.run();
    CHECK(out.value().error() == errc::part_in_use);
    busy->discard();
    REQUIRE(o.calls.pull(o.named("image"), to, hasty));
}

TEST_CASE("pull: signed schema1 is called by the digest of its bytes, by threads and on a loop", "[copy][CP16]") {
    origin o;
    o.registry.add_image("x", "old", testing::image_kind_to_serve::schema1);
    memory_store first, second;
    auto const one = o.calls.pull(o.named("old"), first, copy_options().with_schema1()).value();
    asio::io_context context;
    async_client calls(context.get_executor(), client_options().with_plaintext(o.registry.host()));
    std::optional<result<copy_summary>> out;
    calls.async_pull(o.named("old"), second, copy_options().with_schema1(), [&](result<copy_summary> r) { out.emplace(std::move(r)); });
    context.run();
    auto const other = std::move(out.value()).value();
    CHECK(other.top.digest == one.top.digest);
    CHECK(constant_digest_of(second.document(other.top).value()) == other.top.digest);
}

TEST_CASE("async_pull: a signal ends it where it is", "[PD49]") {
    origin o;
    half_server half(o.l2);
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    o.registry.answer("GET", "/v2/x/blobs/" + o.l2.self.digest.str(), testing::canned(307).with_header("Location", half.url() + "/x"));
    asio::io_context context;
    async_client calls(context.get_executor(), client_options().with_plaintext(o.registry.host()));
    asio::cancellation_signal signal;
    std::optional<result<copy_summary>> out;
    bool late = false;
    auto const stop_it = [&](transfer_event const& e) {
        late = late || out;
        if (e.state == transfer_state::running && e.what.digest == o.l2.self.digest)
            asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); });
    };
    calls.async_pull(o.named("image"), to, copy_options().with_observer(stop_it),
                     asio::bind_cancellation_slot(signal.slot(), [&](result<copy_summary> r) { out.emplace(std::move(r)); }));
    context.run();
    REQUIRE(out);
    CHECK(out->error() == errc::cancelled);
    CHECK_FALSE(late);
    CHECK(to.names().value().empty());
}

} // namespace pull_test
