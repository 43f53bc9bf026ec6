// SPDX-License-Identifier: BSL-1.0
// What refers to an image, in stores that are folders, archives or memory.

#include "catch.hpp"
#include "made_images.hpp"
#include "scratch_folder.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/store/image_on_disk.hpp>
#include <lading/store/oci_archive.hpp>
#include <lading/store/oci_layout.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace listed_referrers_test {

using namespace lading;
using test::config_of;
using test::image_of;
using test::index_of;
using test::json_of;
using test::layer_of;
using test::made;

namespace {

struct world {
    made layer = layer_of("layer"), config = config_of(R"({"os":"linux"})"), image = image_of(config, {layer});
    made empty = config_of("{}"), proof = layer_of("proof");
    made sig = image_of(json_of(empty.self), {json_of(proof.self)}, R"(,"artifactType":"application/vnd.example.sig","annotations":{"k":"v"},"subject":)" + json_of(image.self));
    made sig_of_sig = image_of(json_of(empty.self), {json_of(proof.self)}, R"(,"subject":)" + json_of(sig.self));
    memory_store from;

    world() {
        for (auto const* m : {&layer, &config, &image, &empty, &proof, &sig, &sig_of_sig}) (void)from.put_document(m->self, m->bytes);
        (void)from.tag("v1", image.self);
    }
    template <class Store>
    void holds(Store& s) {
        auto const of_image = s.referrers(image.self, stop_token());
        REQUIRE(of_image);
        REQUIRE(of_image.value().size() == 1);
        CHECK(of_image.value()[0].digest == sig.self.digest);
        CHECK(of_image.value()[0].size == sig.self.size);
        CHECK(of_image.value()[0].artifact_type == "application/vnd.example.sig");
        CHECK(of_image.value()[0].annotations == string_map{{"k", "v"}});
        REQUIRE(s.referrers(sig.self, stop_token()).value().size() == 1);
        CHECK(s.referrers(sig.self, stop_token()).value()[0].artifact_type == empty.self.media_type); // of its config
        CHECK(s.referrers(sig_of_sig.self, stop_token()).value().empty());
        auto const names = s.names(stop_token());
        CHECK(names.value() == std::vector<std::string>{"v1"});
    }
};

} // namespace

TEST_CASE("referrers go from store to store and back", "[store][CP21][referrers]") {
    world w;
    w.holds(w.from);
    test::scratch_folder f;
    auto layout = oci_layout::create(f / "layout").value();
    REQUIRE(copy(w.from, "v1", layout, "v1", copy_options().with_referrers()));
    w.holds(layout);
    auto again = oci_layout::open(f / "layout").value();
    w.holds(again);
    auto archive = oci_archive::create(f / "a.tar").value();
    REQUIRE(copy(again, "v1", archive, "v1", copy_options().with_referrers()));
    w.holds(archive);
    auto read = oci_archive::open(f / "a.tar").value();
    w.holds(read);
    memory_store back;
    auto const done = copy(read, "v1", back, "v1", copy_options().with_referrers());
    REQUIRE(done);
    CHECK(done.value().followers.size() == 2);
    w.holds(back);
    // Nothing is written twice.
    auto const unchanged = copy(w.from, "v1", layout, "v1", copy_options().with_referrers());
    REQUIRE(unchanged);
    CHECK(unchanged.value().fetched.contents == 0);
}

TEST_CASE("in a layout also what others list under the tag of referrers counts", "[store][CP22][LO29][referrers]") {
    world w;
    test::scratch_folder f;
    auto layout = oci_layout::create(f / "layout").value();
    made list = index_of({json_of(w.sig.self, R"(,"artifactType":"application/vnd.example.sig")")});
    for (auto const* m : {&w.layer, &w.config, &w.empty, &w.proof}) {
        auto const out = layout.writer(m->self).value();
        REQUIRE(out->begin());
        REQUIRE(out->write(std::as_bytes(std::span(m->bytes))));
        REQUIRE(out->commit());
    }
    for (auto const* m : {&w.image, &w.sig, &list}) REQUIRE(layout.put_document(m->self, m->bytes));
    REQUIRE(layout.tag("v1", w.image.self));
    CHECK(layout.referrers(w.image.self).value().empty());
    REQUIRE(layout.tag("sha256-" + w.image.self.digest.hex(), list.self));
    REQUIRE(layout.referrers(w.image.self).value().size() == 1);
    CHECK(layout.referrers(w.image.self).value()[0].digest == w.sig.self.digest);
    // It is merged, not copied: with the tag asked for, too.
    memory_store to;
    auto const done = copy(layout, "v1", to, "v1", copy_options().with_digest_tags());
    REQUIRE(done);
    CHECK(done.value().followers.size() == 1);
    CHECK(to.names().value() == std::vector<std::string>{"v1"});
    CHECK(to.referrers(w.image.self).value().size() == 1);
}

TEST_CASE("in a layout a referrer without a name counts, and each document is looked into once", "[store][LO29][referrers]") {
    world w;
    test::scratch_folder f;
    auto layout = oci_layout::create(f / "layout").value();
    for (auto const* m : {&w.config, &w.empty, &w.image, &w.sig, &w.sig_of_sig}) REQUIRE(layout.put_document(m->self, m->bytes));
    REQUIRE(layout.tag("v1", w.image.self));
    CHECK(layout.referrers(w.image.self).value().empty()); // its file is there, and nothing lists it
    REQUIRE(layout.tag({}, w.sig.self));
    REQUIRE(layout.tag({}, w.sig_of_sig.self));
    REQUIRE(layout.referrers(w.image.self).value().size() == 1);
    CHECK(layout.referrers(w.image.self).value()[0].digest == w.sig.self.digest);
    CHECK(layout.names().value() == std::vector<std::string>{"v1"});
    for (auto const* m : {&w.sig, &w.sig_of_sig}) std::ofstream(std::string(f.path / "layout/blobs/sha256/") + m->self.digest.hex()) << "x";
    CHECK(layout.referrers(w.image.self).value().size() == 1); // what it says is known
    // Listed in both ways it is one.
    made const list = index_of({json_of(w.sig.self)});
    REQUIRE(layout.put_document(list.self, list.bytes));
    REQUIRE(layout.tag("sha256-" + w.image.self.digest.hex(), list.self));
    CHECK(layout.referrers(w.image.self).value().size() == 1);
}

TEST_CASE("a document that is damaged or not there refers to nothing", "[store][HX17][referrers]") {
    world w;
    test::scratch_folder f;
    auto layout = oci_layout::create(f / "layout").value();
    REQUIRE(copy(w.from, "v1", layout, "v1", copy_options().with_referrers()));
    std::ofstream(std::string(f.path / "layout/blobs/sha256/") + w.sig.self.digest.hex()) << "x";
    auto again = oci_layout::open(f / "layout").value();
    CHECK(again.referrers(w.image.self).value().empty());
    stop_source stop;
    stop.request_stop();
    auto const stopped = again.referrers(w.image.self, stop.get_token());
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error() == errc::cancelled);
}

TEST_CASE("what is remembered of documents is bounded, and what is listed no longer is forgotten", "[store][LO29][referrers]") {
    world w;
    detail::listed_referrers looked;
    std::size_t reads = 0;
    auto const signature = [&](std::size_t n) {
        return image_of(json_of(w.empty.self), {}, R"(,"annotations":{"n":")" + std::to_string(n) + "-" + std::string(10'000, 'a') + R"("},"subject":)" + json_of(w.image.self));
    };
    auto const found = [&](std::vector<made> const& all) {
        std::vector<detail::listed_referrers::entry> entries;
        for (auto const& m : all) entries.push_back({{}, m.self});
        return looked.of<strict_json>(w.image.self.digest, entries, limits(), stop_token(), [&](descriptor const& d) -> result<std::string> {
                         ++reads;
                         return std::find_if(all.begin(), all.end(), [&](made const& m) { return m.self.digest == d.digest; })->bytes;
                     })
            .value();
    };
    for (std::size_t n = 0; n < 1000; ++n) REQUIRE(found({signature(n)}).size() == 1); // each in the place of the one before
    CHECK(looked.documents() < 300);
    CHECK(looked.bytes() <= detail::listed_referrers::most_kept);
    // All at once are more than is kept; they are found all the same, and told of whole.
    std::vector<made> all;
    for (std::size_t n = 0; n < 600; ++n) all.push_back(signature(n));
    for (int round = 0; round < 2; ++round) {
        reads = 0;
        auto const listed = found(all);
        CHECK(listed.size() == 600);
        CHECK(std::all_of(listed.begin(), listed.end(), [](descriptor const& d) { return d.annotations.at("n").size() > 10'000; }));
    }
    CHECK(looked.bytes() <= detail::listed_referrers::most_kept);
    CHECK(reads > 0);
    CHECK(reads < 600);
    CHECK(found({all.front(), all.front()}).size() == 1);
}

} // namespace listed_referrers_test
