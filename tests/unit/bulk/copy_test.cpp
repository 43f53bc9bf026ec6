// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/store/oci_archive.hpp>
#include <lading/store/oci_layout.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace copy_test {

using namespace lading;
using test::config_of;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::journal_store;
using test::json_of;
using test::layer_of;
using test::made;

struct world {
    made small = layer_of("small"), large = layer_of(std::string(5000, 'x')), middle = layer_of(std::string(700, 'm'));
    made config_a = config_of(R"({"os":"linux"})"), config_b = config_of(R"({"os":"linux" })");
    made image_a = image_of(config_a, {small, large}), image_b = image_of(config_b, {small, middle});
    made index = index_of({entry_for(image_a, "linux", "amd64"), entry_for(image_b, "linux", "arm64")});
    journal_store from, to;

    world() {
        from.put_all(small, large, middle, config_a, config_b, image_a, image_b, index);
        from.name("image", image_a);
        from.name("index", index);
    }
    bool holds(made const& m) { return to.inside().has(m.self).value(); }
};

TEST_CASE("copy: an image comes whole, its name last", "[copy]") {
    world w;
    auto const done = copy(w.from, "image", w.to, "v1", copy_options().with_lanes(1));
    REQUIRE(done);
    CHECK(done.value().top.digest == w.image_a.self.digest);
    CHECK(done.value().fetched.contents == 4);
    CHECK(done.value().fetched.bytes == w.small.bytes.size() + w.large.bytes.size() + w.config_a.bytes.size() + w.image_a.bytes.size());
    CHECK(w.to.inside().resolve("v1").value().digest == w.image_a.self.digest);
    for (auto const* m : {&w.small, &w.large, &w.config_a, &w.image_a}) CHECK(w.holds(*m));
    CHECK_FALSE(w.holds(w.middle));
    auto const journal = w.to.journal();
    REQUIRE(journal.size() >= 3);
    CHECK(journal[journal.size() - 3].first == "put");
    CHECK(journal[journal.size() - 2].first == "tag");
    CHECK(journal.back().first == "complete");
}

TEST_CASE("copy: the config first, then layers from the largest", "[copy][PD44]") {
    world w;
    copy(w.from, "index", w.to, "v1", copy_options().with_lanes(1)).value();
    CHECK(w.from.of("read") == std::vector<std::string>{w.config_b.self.digest.str(), w.config_a.self.digest.str(), w.large.self.digest.str(),
                                                        w.middle.self.digest.str(), w.small.self.digest.str()});
    auto const put = w.to.of("put");
    REQUIRE(put.size() == 3);
    CHECK(put.back() == w.index.self.digest.str());
}

std::string digest_text(made const& m) { return m.self.digest.str(); }
errc why(result<copy_summary> const& r) { return r ? errc::ok : r.error().kind(); }

TEST_CASE("copy: one platform brings its image alone, under the name of the index", "[copy][CP02]") {
    world w;
    auto const done = copy(w.from, "index", w.to, "v1", copy_options().with_platform("linux/arm64"_platform)).value();
    CHECK(done.named.digest == w.index.self.digest);
    CHECK(done.top.digest == w.image_b.self.digest);
    CHECK(w.to.inside().resolve("v1").value().digest == w.image_b.self.digest);
    CHECK_FALSE(w.holds(w.index));
    CHECK_FALSE(w.holds(w.large));
    CHECK(why(copy(w.from, "index", w.to, "v2", copy_options().with_platform("windows/amd64"_platform))) == errc::platform_not_found);
    CHECK(w.to.inside().names().value() == std::vector<std::string>{"v1"});
    // What is no index is what it is.
    CHECK(copy(w.from, "image", w.to, "v3", copy_options().with_platform("linux/arm64"_platform)).value().top.digest == w.image_a.self.digest);
}

TEST_CASE("copy: an index of some of its platforms stays as it is where it may be sparse", "[copy][CP03]") {
    world w;
    auto const done = copy(w.from, "index", w.to, "v1", copy_options().with_platform("linux/arm64"_platform).with_sparse()).value();
    CHECK(done.top.digest == w.index.self.digest);
    CHECK(w.holds(w.index));
    CHECK(w.holds(w.image_b));
    CHECK_FALSE(w.holds(w.image_a));
    CHECK(why(copy(w.from, "index", w.to, "v2", copy_options().with_platform("windows/amd64"_platform).with_sparse())) == errc::platform_not_found);
}

TEST_CASE("copy: a blob is never taken for another one that says the same", "[copy][CP27]") {
    world w;
    std::string const content(2000, 'c');
    made const plain = layer_of(content), other("application/vnd.oci.image.layer.v1.tar+gzip", content + " compressed otherwise");
    auto const config = config_of(R"({"os":"linux","rootfs":{"type":"layers","diff_ids":[")" + digest_text(plain) + R"("]}})");
    auto const first = image_of(config, {plain}), second = image_of(config, {other});
    w.from.put_all(plain, other, config, first, second);
    w.from.name("first", first);
    w.from.name("second", second);
    copy(w.from, "first", w.to, "first").value();
    auto const done = copy(w.from, "second", w.to, "second").value();
    CHECK(done.top.digest == second.self.digest);
    CHECK(done.existing.contents == 1); // the config, which both have
    CHECK(w.holds(other));
    CHECK(w.to.inside().document(second.self).value() == second.bytes);
}

TEST_CASE("copy: files on disk are called by their digests, whatever a title says", "[copy][PD45]") {
    world w;
    test::scratch_folder f;
    auto const titled = json_of(w.large.self, R"(,"annotations":{"org.opencontainers.image.title":"../../evil"})"), dull = json_of(w.small.self, R"(,"annotations":{"org.opencontainers.image.title":"evil"})");
    made const image = image_of(json_of(w.config_a.self), {titled, dull});
    w.from.put(image);
    w.from.name("titled", image);
    auto layout = oci_layout::create(f / "layout").value();
    REQUIRE(copy(w.from, "titled", layout, "v1"));
    std::vector<std::string> names;
    for (auto const& e : std::filesystem::recursive_directory_iterator(f.path))
        if (e.is_regular_file()) names.push_back(e.path().filename().string());
    std::sort(names.begin(), names.end());
    std::vector<std::string> wanted{".lading.lock", "index.json", "oci-layout"};
    for (made const* m : std::initializer_list<made const*>{&w.small, &w.large, &w.config_a, &image}) wanted.push_back(m->self.digest.hex());
    std::sort(wanted.begin(), wanted.end());
    CHECK(names == wanted);
}

TEST_CASE("copy: several platforms without sparse would make another index", "[copy][CP04]") {
    world w;
    auto const two = copy_options().with_platform("linux/arm64"_platform).with_platform("linux/amd64"_platform);
    made const other = image_of(w.config_a, {w.middle});
    made const three = index_of({entry_for(w.image_a, "linux", "amd64"), entry_for(w.image_b, "linux", "arm64"), entry_for(other, "linux", "riscv64")});
    w.from.put(other);
    w.from.put(three);
    w.from.name("three", three);
    CHECK(why(copy(w.from, "three", w.to, "v1", two)) == errc::would_change_digest);
    CHECK(w.to.count("write") == 0);
    CHECK(copy(w.from, "image", w.to, "v1", two).value().top.digest == w.image_a.self.digest);
    CHECK(copy(w.from, "index", w.to, "v2", two).value().top.digest == w.index.self.digest); // nothing is left out
}

TEST_CASE("copy: indexes within indexes, each document once, at most as deep as the limit", "[copy][CP05]") {
    world w;
    auto const inner = index_of({json_of(w.image_a.self), json_of(w.image_b.self)});
    auto const outer = index_of({json_of(inner.self), json_of(w.image_a.self), json_of(inner.self)});
    w.from.put_all(inner, outer);
    w.from.name("outer", outer);
    copy(w.from, "outer", w.to, "v1").value();
    CHECK(w.from.count("document") == 4);
    auto const put = w.to.of("put");
    REQUIRE(put.size() == 4);
    CHECK(put[2] == digest_text(inner));
    CHECK(put[3] == digest_text(outer));

    auto deep = w.image_a;
    for (int i = 0; i < 9; ++i) {
        deep = index_of({json_of(deep.self)});
        w.from.put(deep);
        if (i == 7) w.from.name("eight", deep);
    }
    w.from.name("nine", deep);
    CHECK(copy(w.from, "eight", w.to, "v2").has_value());
    CHECK(why(copy(w.from, "nine", w.to, "v3")) == errc::walk_limit);
}

TEST_CASE("copy: an entry of an unknown type is a document, or else a blob", "[copy][CP09][MD08]") {
    world w;
    made const odd("application/vnd.buildkit.cacheconfig.v0", R"({"layers":[],"records":[]})"), blob("application/vnd.example.thing", "no document");
    made const layer = layer_of("a layer of a build cache");
    auto const index = index_of({json_of(odd.self), json_of(blob.self), json_of(layer.self)});
    w.from.put_all(odd, blob, layer, index);
    w.from.name("cache", index);
    // The source has them as blobs only, as registries do.
    w.from.before = [&](std::string_view what, std::string_view which) -> result<void> {
        if (what == "document" && which != digest_text(index)) return error(errc::manifest_unknown);
        return success();
    };
    copy(w.from, "cache", w.to, "v1").value();
    for (auto const* m : {&odd, &blob, &layer, &index}) CHECK(w.holds(*m));
    CHECK(w.from.count("document") == 3); // nobody asks whether a layer is a document
    CHECK(w.from.count("read") == 3);
    // What is called an image must be there as a document.
    auto const broken = index_of({json_of(w.image_a.self)});
    w.from.put(broken);
    w.from.name("broken", broken);
    w.from.before = [&](std::string_view what, std::string_view which) -> result<void> {
        if (what == "document" && which == digest_text(w.image_a)) return error(errc::manifest_unknown);
        return success();
    };
    CHECK(why(copy(w.from, "broken", w.to, "v2")) == errc::manifest_unknown);
}

TEST_CASE("copy: a layer that is kept elsewhere is asked for, and then named", "[copy][PD38]") {
    world w;
    auto const there = layer_of("foreign, and here"), gone = layer_of("foreign, and not here");
    auto const with_url = [](made const& m) { return json_of(m.self, R"(,"urls":["https://layers.example/x"])"); };
    auto const good = image_of(json_of(w.config_a.self), {with_url(there)}), bad = image_of(json_of(w.config_a.self), {with_url(gone)});
    w.from.put_all(there, good, bad);
    w.from.name("good", good);
    w.from.name("bad", bad);
    CHECK(copy(w.from, "good", w.to, "v1").has_value());
    CHECK(w.holds(there));
    auto const refused = copy(w.from, "bad", w.to, "v2");
    CHECK(why(refused) == errc::external_layer);
    CHECK(refused.error().message().find("layers.example") != std::string::npos);
    CHECK(w.to.inside().names().value() == std::vector<std::string>{"v1"});
}

TEST_CASE("copy: what is kept elsewhere can be left there", "[copy][CP10]") {
    world w;
    made const held("application/vnd.oci.image.layer.nondistributable.v1.tar", "not to be handed on");
    auto const foreign = json_of(w.large.self, R"(,"urls":["https://layers.example/x"])");
    auto const image = image_of(json_of(w.config_a.self), {foreign, json_of(held.self), json_of(w.small.self)});
    w.from.put_all(held, image);
    w.from.name("windows", image);
    auto const done = copy(w.from, "windows", w.to, "v1", copy_options().with_external(external_layers::leave)).value();
    CHECK(done.skipped.contents == 2);
    CHECK_FALSE(w.holds(w.large));
    CHECK_FALSE(w.holds(held));
    CHECK(w.holds(w.small));
    CHECK(w.holds(image));
}

TEST_CASE("copy: a type that says that it is not to be handed on is fetched like any other", "[copy][PD39]") {
    world w;
    made const held("application/vnd.oci.image.layer.nondistributable.v1.tar", "not to be handed on");
    auto const image = image_of(w.config_a, {held});
    w.from.put_all(held, image);
    w.from.name("image2", image);
    copy(w.from, "image2", w.to, "v1").value();
    CHECK(w.holds(held));
}

TEST_CASE("copy: a descriptor's own data stands for a request, if it is the blob", "[copy][D16][PD40]") {
    world w;
    auto const with = [&](std::string const& data) {
        auto const image = image_of(json_of(w.config_a.self, R"(,"data":")" + data + '"'), {json_of(w.small.self)});
        w.from.put(image);
        w.from.name("data", image);
        w.from.clear();
        journal_store to;
        auto const done = copy(w.from, "data", to, "v1");
        return done && to.inside().has(w.config_a.self).value() && w.from.count("read") == 1 ? errc::ok : why(done);
    };
    CHECK(with(detail::base64_encode(w.config_a.bytes)) == errc::ok);
    CHECK(with(detail::base64_encode("another text 16!")) == errc::digest_mismatch);
    CHECK(with(detail::base64_encode(std::string(w.config_a.bytes.size(), 'x'))) == errc::digest_mismatch);
    CHECK(with("not base64!!") == errc::digest_mismatch);
    CHECK(with(detail::base64_encode(w.config_a.bytes) + "=") == errc::digest_mismatch);
    // Of a layer over 1 MiB it is not used.
    auto const large = layer_of(std::string((1 << 20) + 1, 'l'));
    auto const image = image_of(json_of(w.config_a.self), {json_of(large.self, R"(,"data":")" + detail::base64_encode(large.bytes) + '"')});
    w.from.put_all(large, image);
    w.from.name("large", image);
    w.from.clear();
    copy(w.from, "large", w.to, "v1").value();
    CHECK(w.from.count("read") == 2);
}

TEST_CASE("copy: an empty blob is made, not asked for, and has one digest", "[copy][PD41]") {
    world w;
    auto const empty = layer_of("");
    auto const image = image_of(w.config_a, {empty});
    w.from.put(image);
    w.from.name("empty", image);
    copy(w.from, "empty", w.to, "v1").value();
    CHECK(w.from.count("read") == 1);
    CHECK(w.holds(empty));
    auto wrong = w.small;
    wrong.self.size = 0;
    auto const bad = image_of(w.config_a, {wrong});
    w.from.put(bad);
    w.from.name("bad", bad);
    CHECK(why(copy(w.from, "bad", w.to, "v2")) == errc::descriptor_invalid);
    auto other = empty;
    other.self.size = 7;
    auto const worse = image_of(w.config_a, {other});
    w.from.put(worse);
    w.from.name("worse", worse);
    CHECK(why(copy(w.from, "worse", w.to, "v3")) == errc::descriptor_invalid);
}

TEST_CASE("copy: the empty JSON object is not asked for", "[copy][PD42]") {
    world w;
    made const config(std::string(media_types::oci_empty), "{}");
    auto const artifact = image_of(config, {w.small});
    w.from.put(artifact);
    w.from.name("artifact", artifact);
    copy(w.from, "artifact", w.to, "v1").value();
    CHECK(w.from.of("read") == std::vector<std::string>{digest_text(w.small)});
    CHECK(w.holds(config));
}

TEST_CASE("copy: a digest comes once, and has one size", "[copy][PD43]") {
    world w;
    auto const image = image_of(w.config_a, {w.small, w.small, w.large, w.small});
    w.from.put(image);
    w.from.name("twice", image);
    copy(w.from, "twice", w.to, "v1").value();
    CHECK(w.from.count("read") == 3);
    auto wrong = w.small;
    ++wrong.self.size;
    auto const bad = image_of(w.config_a, {w.small, wrong});
    w.from.put(bad);
    w.from.name("bad", bad);
    CHECK(why(copy(w.from, "bad", w.to, "v2")) == errc::descriptor_invalid);
}

TEST_CASE("copy: the first failure cancels the rest, and what has come stays", "[copy][PD44][CP20]") {
    world w;
    std::atomic<int> begun{0};
    w.from.before = [&](std::string_view what, std::string_view which) -> result<void> {
        if (what != "read") return success();
        ++begun;
        return which == digest_text(w.large) ? result<void>(error(errc::server_error)) : success();
    };
    auto const failed = copy(w.from, "image", w.to, "v1", copy_options().with_lanes(1));
    CHECK(why(failed) == errc::server_error);
    CHECK(failed.error().message().find(w.large.self.digest.hex()) != std::string::npos);
    CHECK(begun == 2);
    CHECK(w.holds(w.config_a));
    CHECK(w.to.count("put") == 0);
    CHECK(w.to.count("tag") == 0);
    CHECK(w.to.count("complete") == 0);
    // The next run goes on from there.
    w.from.before = nullptr;
    w.from.clear();
    auto const again = copy(w.from, "image", w.to, "v1").value();
    CHECK(again.existing.contents == 1);
    CHECK(w.from.count("read") == 2);
}

TEST_CASE("copy: at most so many at once", "[copy][PD44]") {
    journal_store from, to;
    std::vector<made> layers;
    for (int i = 0; i < 12; ++i) layers.push_back(layer_of("layer " + std::to_string(i)));
    for (auto const& l : layers) from.put(l);
    auto const config = config_of("config");
    auto const image = image_of(config, layers);
    from.put_all(config, image);
    from.name("image", image);
    std::atomic<int> now{0}, most{0}, arrived{0};
    from.before = [&](std::string_view what, std::string_view which) -> result<void> {
        if (what != "read") return success();
        auto const n = ++now;
        for (auto m = most.load(); n > m && !most.compare_exchange_weak(m, n);) {}
        // The first three wait for each other: all lanes are at work.
        if (which != digest_text(config) && ++arrived <= 2)
            while (arrived < 2) std::this_thread::yield();
        --now;
        return success();
    };
    copy(from, "image", to, "v1", copy_options().with_lanes(3)).value();
    CHECK(most >= 2);
    CHECK(most <= 3);
}

TEST_CASE("copy: the n-th call that fails is the failure, and leaves no name", "[copy][PD44]") {
    for (std::size_t n = 0;; ++n) {
        world w;
        std::size_t calls = 0;
        auto const fault = [&](std::string_view, std::string_view) -> result<void> {
            return calls++ == n ? result<void>(error(errc::sink_failed)) : success();
        };
        w.from.before = w.to.before = fault;
        auto const done = copy(w.from, "index", w.to, "v1", copy_options().with_lanes(1));
        if (done && calls <= n) break;
        w.from.before = w.to.before = nullptr;
        auto const named = !w.to.inside().names().value().empty();
        CAPTURE(n, named);
        // Where the name was looked for, or the archive would be closed, the failure comes before or after it all.
        if (!done) CHECK(why(done) == errc::sink_failed);
        if (named)
            for (auto const* m : {&w.small, &w.large, &w.middle, &w.config_a, &w.config_b, &w.image_a, &w.image_b, &w.index}) CHECK(w.holds(*m));
        CHECK(copy(w.from, "index", w.to, "v1").has_value());
        REQUIRE(n < 100);
    }
}

TEST_CASE("copy: what is told of adds up", "[copy][PD48][CP31]") {
    world w;
    w.to.put(w.small);
    struct told {
        std::string digest;
        transfer_state state;
        std::uint64_t bytes;
    };
    std::vector<told> all;
    std::uint64_t last = 0, total = 0;
    bool grows = true;
    std::atomic<bool> inside{false};
    auto const observe = [&](transfer_event const& e) {
        CHECK_FALSE(inside.exchange(true));
        all.push_back({e.what.digest.str(), e.state, e.bytes});
        grows = grows && e.all_bytes >= last && e.all_bytes <= e.all_total;
        last = e.all_bytes;
        total = e.all_total;
        inside = false;
    };
    copy(w.from, "index", w.to, "v1", copy_options().with_observer(observe)).value();
    CHECK(grows);
    std::uint64_t sum = 0;
    for (auto const* m : {&w.small, &w.large, &w.middle, &w.config_a, &w.config_b, &w.image_a, &w.image_b, &w.index}) {
        sum += m->bytes.size();
        auto const ended = std::count_if(all.begin(), all.end(), [&](told const& t) {
            return t.digest == digest_text(*m) && (t.state == transfer_state::done || t.state == transfer_state::skipped) && t.bytes == m->bytes.size();
        });
        CHECK(ended == 1);
    }
    CHECK(last == sum);
    CHECK(total == sum);
    CHECK(std::count_if(all.begin(), all.end(), [](told const& t) { return t.state == transfer_state::skipped; }) == 1);
}

TEST_CASE("copy: counts fall only where a content is said to begin again, and what fails says how far it was", "[copy]") {
    // A store that gives the first part of a blob, then the blob from its start, as a transfer does that met a bad part; or no more.
    struct halting {
        journal_store& inside;
        digest which;
        bool recovers;
        result<descriptor> resolve(std::string_view n, stop_token s) { return inside.resolve(n, s); }
        result<std::string> document(descriptor const& d, stop_token s) { return inside.document(d, s); }
        result<std::vector<std::string>> names(stop_token s) { return inside.names(s); }
        result<void> read(descriptor const& d, blob_sink& out, stop_token s) {
            if (d.digest != which) return inside.read(d, out, s);
            LADING_TRY_V(out.begin());
            std::string const part(3000, 'y');
            LADING_TRY_V(out.write(std::as_bytes(std::span(part))));
            if (recovers) return inside.read(d, out, s);
            out.discard();
            return error(errc::connection_reset);
        }
    };
    for (bool const recovers : {true, false}) {
        world w;
        halting from{w.from, w.large.self.digest, recovers};
        struct told {
            transfer_state state;
            std::uint64_t bytes;
        };
        std::vector<told> of_it;
        std::uint64_t last = 0;
        bool grows = true;
        auto const observe = [&](transfer_event const& e) {
            grows = grows && (e.all_bytes >= last || e.state == transfer_state::retrying);
            last = e.all_bytes;
            if (e.what.digest == from.which) of_it.push_back({e.state, e.bytes});
        };
        auto const done = copy(from, "image", w.to, "v1", copy_options().with_observer(observe).with_lanes(1));
        CHECK(grows);
        CHECK(done.has_value() == recovers);
        REQUIRE(of_it.size() >= 3);
        CHECK(of_it.front().state == transfer_state::started);
        CHECK(of_it[1].state == transfer_state::running);
        CHECK(of_it[1].bytes == 3000);
        if (recovers) {
            CHECK(of_it[2].state == transfer_state::retrying);
            CHECK(of_it[2].bytes == 0);
            CHECK(of_it.back().state == transfer_state::done);
            CHECK(of_it.back().bytes == 5000);
        } else {
            CHECK(of_it.back().state == transfer_state::failed);
            CHECK(of_it.back().bytes == 3000);
        }
    }
}

TEST_CASE("copy: what the destination cannot keep is refused before the first blob, by a forecast too", "[copy]") {
    struct choosy : journal_store {
        result<void> accepts_config(descriptor const& config) const { return error(errc::config_not_image).with_context(config.digest.str()); }
    };
    world w;
    choosy to;
    CHECK(why(copy(w.from, "image", to, "v1")) == errc::config_not_image);
    CHECK(plan_copy(w.from, "image", to, "v1").error() == errc::config_not_image);
    CHECK(w.from.count("read") == 0);
    CHECK(to.count("write") == 0);
    CHECK(to.count("put") == 0);
}

TEST_CASE("copy: a stop ends it where it is", "[copy][PD49]") {
    for (std::string const at : {"document", "read"}) {
        world w;
        std::stop_source source;
        w.from.before = [&](std::string_view what, std::string_view) -> result<void> {
            if (what == at) source.request_stop();
            return success();
        };
        bool over = false, late = false;
        auto const done = copy(w.from, "index", w.to, "v1", copy_options().with_observer([&](transfer_event const&) { late = late || over; }), source.get_token());
        over = true;
        CHECK(why(done) == errc::cancelled);
        CHECK(w.to.count("put") == 0);
        CHECK(w.to.count("tag") == 0);
        CHECK_FALSE(late);
    }
    world w;
    std::stop_source source;
    source.request_stop();
    CHECK(why(copy(w.from, "index", w.to, "v1", {}, source.get_token())) == errc::cancelled);
    CHECK(w.from.journal().empty());
}

TEST_CASE("copy: a stop ends the packing of an archive, too", "[copy][PD49]") {
    world w;
    test::scratch_folder folder;
    auto to = oci_archive::create(folder / "x.tar").value();
    std::stop_source source;
    auto const stop_it = [&](transfer_event const& e) {
        if (e.what.digest == w.image_a.self.digest) source.request_stop();
    };
    CHECK(why(copy(w.from, "image", to, "v1", copy_options().with_observer(stop_it), source.get_token())) == errc::cancelled);
    CHECK_FALSE(std::filesystem::exists(folder / "x.tar"));
    REQUIRE(copy(w.from, "image", to, "v1"));
    CHECK(std::filesystem::exists(folder / "x.tar"));
}

TEST_CASE("copy: what was removed at the destination meanwhile is not given a name", "[copy][LO20][LO33]") {
    world w;
    test::scratch_folder folder;
    auto to = oci_layout::create(folder / "layout").value();
    w.from.before = [&](std::string_view what, std::string_view which) -> result<void> {
        if (what != "read" || which != digest_text(w.small)) return success();
        for (auto const& f : std::filesystem::directory_iterator(folder / "layout/blobs/sha256")) // the others took hours
            std::filesystem::last_write_time(f.path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
        CHECK(oci_layout::open(folder / "layout").value().gc().value().files == 2);
        return success();
    };
    CHECK(why(copy(w.from, "image", to, "v1", copy_options().with_lanes(1))) == errc::blob_unknown);
    CHECK(to.names().value().empty());
    w.from.before = [](std::string_view, std::string_view) -> result<void> { return success(); };
    REQUIRE(copy(w.from, "image", to, "v1"));
    for (auto const* m : {&w.small, &w.large, &w.config_a, &w.image_a}) CHECK(to.has(m->self).value());
}

TEST_CASE("copy: schema1 only where it is asked for, and as it is", "[copy][CP16]") {
    journal_store from, to;
    auto const layer = layer_of("old layer");
    made const old(std::string(media_types::docker_schema1),
                   R"({"schemaVersion":1,"name":"x","tag":"1","architecture":"amd64","fsLayers":[{"blobSum":")" + digest_text(layer) +
                       R"("}],"history":[{"v1Compatibility":"{\"id\":\"a\"}"}]})");
    from.put_all(layer, old);
    from.name("old", old);
    CHECK(why(copy(from, "old", to, "v1")) == errc::schema1_refused);
    copy(from, "old", to, "v1", copy_options().with_schema1()).value();
    CHECK(to.inside().has(layer.self).value());
    CHECK(to.inside().document(to.inside().resolve("v1").value()).value() == old.bytes);
}

TEST_CASE("copy: a digest as name of the destination is a promise", "[copy][CP17]") {
    world w;
    CHECK(why(copy(w.from, "image", w.to, digest_text(w.index))) == errc::digest_mismatch);
    CHECK(w.to.count("write") == 0);
    copy(w.from, "image", w.to, digest_text(w.image_a)).value();
    CHECK(w.to.inside().names().value().empty());
    CHECK(w.to.inside().resolve("").value().digest == w.image_a.self.digest);
}

TEST_CASE("copy: a name that moves meanwhile is not followed", "[copy][CP19]") {
    world w;
    w.from.before = [&](std::string_view what, std::string_view) -> result<void> {
        if (what == "read") w.from.name("image", w.image_b);
        return success();
    };
    CHECK(copy(w.from, "image", w.to, "v1").value().top.digest == w.image_a.self.digest);
    CHECK(w.to.inside().resolve("v1").value().digest == w.image_a.self.digest);
}

TEST_CASE("copy: attestations come with their index, not with one platform", "[copy][CP26]") {
    world w;
    auto const proof = layer_of("proof");
    auto const attestation = image_of(json_of(w.config_a.self), {json_of(proof.self)});
    auto const index = index_of({entry_for(w.image_a, "linux", "amd64"),
                                 json_of(attestation.self, R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest"},"platform":{"os":"unknown","architecture":"unknown"})")});
    w.from.put_all(proof, attestation, index);
    w.from.name("built", index);
    copy(w.from, "built", w.to, "v1", copy_options().with_platform("linux/amd64"_platform)).value();
    CHECK_FALSE(w.holds(attestation));
    copy(w.from, "built", w.to, "v1").value();
    CHECK(w.holds(attestation));
    CHECK(w.holds(proof));
}

TEST_CASE("copy: every document as it is, its annotations and its subject too", "[copy][CP14][CP28]") {
    world w;
    auto const more = R"(,"subject":)" + json_of(w.image_b.self) + R"(,"annotations":{"b":"2","a":"1"},"unknown":[1.50,{"x":null}])";
    auto const signature = image_of(json_of(w.config_a.self), {json_of(w.small.self)}, more);
    w.from.put(signature);
    w.from.name("signature", signature);
    copy(w.from, "signature", w.to, "v1").value();
    CHECK(w.to.inside().document(signature.self).value() == signature.bytes);
    CHECK_FALSE(w.holds(w.image_b)); // what it is about is not part of it
}

TEST_CASE("copy: what a document lists is of the type that it says", "[copy][HX12]") {
    world w;
    auto lying = w.image_a.self;
    lying.media_type = media_types::oci_index;
    auto const index = index_of({json_of(lying)});
    w.from.put(index);
    w.from.name("lying", index);
    CHECK(why(copy(w.from, "lying", w.to, "v1")) == errc::media_type_mismatch);
    CHECK(w.to.count("write") == 0);
}

TEST_CASE("copy: a name that leads to nothing that is a document", "[copy]") {
    journal_store from, to;
    for (made const& m : {made("", "<html>"), made("application/octet-stream", "other bytes"), made("text/plain", "{}"), made("", "{}")}) {
        from.put(m);
        from.name("page", m);
        CHECK(why(copy(from, "page", to, "v1")) == errc::media_type_unknown);
    }
    made const own("application/vnd.example.v7+json", R"({"mediaType":"application/vnd.example.v7+json"})");
    from.put(own);
    from.name("own", own);
    CHECK(copy(from, "own", to, "v1").has_value());
}

TEST_CASE("copy: thousands of layers only by a larger limit", "[copy][HX29]") {
    journal_store from, to;
    std::vector<std::string> list;
    for (int i = 0; i < 5000; ++i) {
        auto const tensor = made("application/vnd.ollama.image.tensor", "tensor " + std::to_string(i));
        from.put(tensor);
        list.push_back(json_of(tensor.self));
    }
    auto const config = config_of("{ }");
    auto const model = image_of(json_of(config.self), list);
    from.put_all(config, model);
    from.name("model", model);
    CHECK(why(copy(from, "model", to, "v1")) == errc::manifest_limit);
    CHECK(to.count("write") == 0);
    limits larger;
    larger.copied_entries = 8192;
    CHECK(copy(from, "model", to, "v1", copy_options().with_limits(larger)).value().fetched.contents == 5002);
}

TEST_CASE("copy: documents, blobs and bytes of documents have limits", "[copy]") {
    world w;
    limits few;
    few.copied_documents = 2;
    CHECK(why(copy(w.from, "index", w.to, "v1", copy_options().with_limits(few))) == errc::manifest_limit);
    few = limits();
    few.copied_blobs = 4;
    CHECK(why(copy(w.from, "index", w.to, "v1", copy_options().with_limits(few))) == errc::manifest_limit);
    few = limits();
    few.copied_document_bytes = w.index.bytes.size() + 10;
    CHECK(why(copy(w.from, "index", w.to, "v1", copy_options().with_limits(few))) == errc::manifest_limit);
    CHECK(w.to.count("write") == 0);
}

TEST_CASE("copy: what is damaged at the destination is written anew", "[copy]") {
    world w;
    copy(w.from, "image", w.to, "v1").value();
    w.from.clear();
    w.to.before = [&](std::string_view what, std::string_view) -> result<void> {
        return what == "document" ? result<void>(error(errc::digest_mismatch)) : success();
    };
    copy(w.from, "image", w.to, "v1").value();
    CHECK(w.from.of("document") == std::vector<std::string>{digest_text(w.image_a)});
    CHECK(w.to.of("put").size() == 2);
}

namespace {
/// Takes blobs as a registry does.
struct taking_store : journal_store {
    result<pushed_blob> take(descriptor const& what, body_source& from, std::string, stop_token) {
        memory_sink bytes(1 << 20);
        LADING_TRY_V(from.begin());
        LADING_TRY_V(bytes.begin());
        std::array<std::byte, 100> piece;
        for (;;) {
            LADING_TRY(auto const n, from.read(piece));
            if (n == 0) break;
            LADING_TRY_V(bytes.write(std::span(piece).first(n)));
        }
        LADING_TRY_V(bytes.commit());
        put(made(what.media_type, bytes.take()));
        return pushed_blob(what);
    }
    result<pushed_blob> take_anew(descriptor const& what, body_source& from, stop_token stop) { return take(what, from, {}, std::move(stop)); }
};
} // namespace

TEST_CASE("copy: what a registry is not to hand on is not given to it unless that is wanted", "[copy][push][PU11][CP10]") {
    world w;
    made const held("application/vnd.oci.image.layer.nondistributable.v1.tar", "not to be handed on");
    auto const foreign = json_of(w.large.self, R"(,"urls":["https://layers.example/x"])");
    auto const image = image_of(json_of(w.config_a.self), {foreign, json_of(held.self), json_of(w.small.self)});
    w.from.put_all(held, image);
    w.from.name("windows", image);
    taking_store to, all;
    auto const done = copy(w.from, "windows", to, "v1").value();
    CHECK(done.skipped.contents == 2);
    CHECK_FALSE(to.inside().has(w.large.self).value());
    CHECK_FALSE(to.inside().has(held.self).value());
    CHECK(to.inside().document(image.self).value() == image.bytes); // unchanged
    CHECK(copy(w.from, "windows", all, "v1", copy_options().with_external(external_layers::ask)).value().skipped.contents == 0);
    CHECK(all.inside().has(held.self).value());
    CHECK(all.inside().has(w.large.self).value());
}

TEST_CASE("copy: a registry is sent three blobs at once", "[copy][push][PU52]") {
    world w;
    std::vector<made> layers;
    for (int i = 0; i < 9; ++i) layers.push_back(layer_of("layer " + std::to_string(i)));
    for (auto const& l : layers) w.from.put(l);
    auto const image = image_of(w.config_a, layers);
    w.from.put(image);
    w.from.name("many", image);
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t inside = 0, most = 0, met = 0;
    w.from.before = [&](std::string_view what, std::string_view) -> result<void> {
        if (what != "read") return success();
        std::unique_lock lock(mutex);
        most = std::max(most, ++inside);
        changed.notify_all();
        if (met == 0) changed.wait_for(lock, std::chrono::seconds(60), [&] { return inside == 3 || met > 0; }); // of ten at least three are
        met = std::max(met, inside);
        changed.notify_all();
        --inside;
        return success();
    };
    taking_store to;
    REQUIRE(copy(w.from, "many", to, "v1"));
    CHECK(most == 3);
    CHECK(met == 3);
    CHECK(copy_options().with_lanes(7).sending_lanes == 7);
}

/// A part that another program has locked for a while.
struct busy_sink final : blob_sink {
    explicit busy_sink(int n) : busy(n) {}
    result<std::uint64_t> resume(std::int64_t, held_bytes const&) override {
        ++asked;
        if (asked <= busy) return error(errc::part_in_use);
        return std::uint64_t{5};
    }
    result<void> begin() override { return success(); }
    result<void> write(std::span<std::byte const>) override { return success(); }
    result<void> commit() override { return success(); }
    void discard() noexcept override {}
    int busy, asked = 0;
};

TEST_CASE("copy: who writes the same blob is waited for", "[copy][PD34]") {
    using namespace std::chrono_literals;
    auto const what = layer_of("small").self;
    detail::copy_progress progress{transfer_observer()};
    auto const resume = [&](busy_sink& to, stop_token stop, std::chrono::milliseconds wait) {
        detail::watched_sink sink(what, to, progress, std::move(stop), wait);
        auto const had = sink.resume(5, [](auto) { return true; });
        return had ? errc::ok : had.error().kind();
    };
    busy_sink three(3), ever(1 << 30), stopped(1 << 30);
    CHECK(resume(three, {}, 60s) == errc::ok);
    CHECK(three.asked == 4);
    CHECK(resume(ever, {}, 0ms) == errc::part_in_use);
    CHECK(ever.asked == 1);
    std::stop_source source;
    source.request_stop();
    CHECK(resume(stopped, source.get_token(), 60s) == errc::part_in_use);
    CHECK(stopped.asked == 1);
}

TEST_CASE("plan_copy: says what a copy would do, and does nothing", "[copy]") {
    world w;
    auto const empty = layer_of("");
    auto const image = image_of(w.config_a, {w.small, w.large, empty});
    w.from.put(image);
    w.from.name("planned", image);
    w.to.put(w.small);
    auto const plan = plan_copy(w.from, "planned", w.to, "v1").value();
    CHECK(w.to.count("write") == 0);
    CHECK(w.to.count("put") == 0);
    CHECK(w.from.count("read") == 0);
    std::vector<copy_step> steps;
    for (auto const& e : plan.entries) steps.push_back(e.step);
    CHECK(steps == std::vector<copy_step>{copy_step::fetch, copy_step::fetch, copy_step::keep, copy_step::make, copy_step::fetch});
    CHECK(plan.entries.back().document);
    CHECK(plan.to_fetch.bytes == w.config_a.bytes.size() + w.large.bytes.size() + image.bytes.size());
    CHECK(plan.existing.contents == 1);
}

TEST_CASE("copy: a longer name of the same image is not the name that was asked for", "[copy]") {
    world w;
    test::scratch_folder f;
    auto to = oci_layout::create(f.str("layout")).value();
    REQUIRE(copy(w.from, "image", to, "docker.io/library/alpine:3"));
    REQUIRE(copy(w.from, "image", to, "alpine:3"));
    auto const names = to.names().value();
    CHECK(std::find(names.begin(), names.end(), "alpine:3") != names.end());
    CHECK(names.size() == 2);
}

} // namespace copy_test
