// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/bulk/add_tags.hpp>
#include <lading/bulk/annotate_in.hpp>
#include <lading/bulk/make_index.hpp>
#include <lading/store/oci_layout.hpp>

#include <string>
#include <vector>

namespace make_index_test {

using namespace lading;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::journal_store;
using test::json_of;
using test::made;
using names = std::vector<std::string>;

struct world {
    journal_store store;
    made amd = test::config_of(R"({"architecture":"amd64","os":"linux"})"),
         arm = test::config_of(R"({"os":"linux","architecture":"arm","variant":"v7","os.version":"1.2","os.features":["f"]})"), none = test::config_of("{}"),
         layer = test::layer_of("layer");
    made a = image_of(amd, {layer}), b = image_of(arm, {layer}), c = image_of(none, {layer});
    made artifact = image_of(json_of(descriptor(std::string(media_types::oci_empty), constant_digest_of("{}"), 2)), {json_of(layer.self)}, R"(,"artifactType":"application/vnd.example+type")");
    std::string arm_entry = json_of(b.self, R"(,"platform":{"architecture":"arm","os":"linux","os.version":"1.2","os.features":["f"],"variant":"v7"})");
    std::string amd_entry = json_of(a.self, R"(,"platform":{"architecture":"amd64","os":"linux"})");

    world() {
        store.put_all(amd, arm, none, layer, a, b, c, artifact);
        for (auto const& [n, m] : std::vector<std::pair<std::string, made const*>>{{"a", &a}, {"b", &b}, {"c", &c}, {"artifact", &artifact}}) store.name(n, *m);
        store.clear();
    }
    std::string at(std::string const& name) { return store.inside().document(store.inside().resolve(name).value()).value(); }
};
template <class R>
errc why(R const& r) {
    return r ? errc::ok : r.error().kind();
}
index_edit_options called(std::string name) { return index_edit_options().with_name(std::move(name)); }

TEST_CASE("index create: what is said of an image comes from its config", "[index][MU12]") {
    world w;
    auto const done = create_index(w.store, {"a", w.b.self.digest.str(), "c", "artifact"}, {}, called("all")).value();
    CHECK(w.at("all") == done.bytes);
    CHECK(done.bytes == index_of({w.amd_entry, w.arm_entry, json_of(w.c.self), json_of(w.artifact.self, R"(,"artifactType":"application/vnd.example+type")")}).bytes);
    CHECK(create_index(w.store, {"a", w.b.self.digest.str(), "c", "artifact"}, {}, called("again")).value().self.digest == done.self.digest);
    // Without a name it is there by its digest.
    auto const unnamed = create_index(w.store, {"b"}, {}).value();
    CHECK(w.at(unnamed.self.digest.str()) == unnamed.bytes);
    // What is not there is not listed.
    w.store.clear();
    CHECK(why(create_index(w.store, {"a", "missing"}, {}, called("no"))) == errc::manifest_unknown);
    CHECK(w.store.count("put") == 0);
    CHECK(why(w.store.inside().resolve("no")) == errc::manifest_unknown);
}

TEST_CASE("index create: indexes among the images, as they are or flat", "[index][MU12]") {
    world w;
    create_index(w.store, {"a", "b"}, {}, called("two")).value();
    auto const two = w.store.inside().resolve("two").value();
    CHECK(create_index(w.store, {"two", "c"}, {}).value().bytes == index_of({json_of(two), json_of(w.c.self)}).bytes);
    CHECK(create_index(w.store, {"c", "two"}, {}, index_edit_options().with_flattening()).value().bytes == index_of({json_of(w.c.self), w.amd_entry, w.arm_entry}).bytes);
}

TEST_CASE("index add and rm: a new digest, and the old one keeps its name", "[index][MU01]") {
    world w;
    auto const old = create_index(w.store, {"a"}, {}, called("v1")).value();
    auto const more = add_to_index(w.store, "v1", {"b"}).value();
    CHECK(more.bytes == index_of({w.amd_entry, w.arm_entry}).bytes);
    CHECK(more.is_new());
    CHECK(w.at("v1") == old.bytes);
    CHECK(w.at(more.self.digest.str()) == more.bytes);
    add_to_index(w.store, "v1", {"b"}, called("v1")).value(); // named, it gets the name
    CHECK(w.at("v1") == more.bytes);
    CHECK(remove_from_index(w.store, "v1", {w.a.self.digest}, {}, called("v2")).value().bytes == index_of({w.arm_entry}).bytes);
    CHECK(remove_from_index(w.store, "v1", {}, {platform("linux", "arm")}).value().bytes == index_of({w.amd_entry}).bytes);
    CHECK(remove_from_index(w.store, "v1", {w.a.self.digest}, {platform("linux", "arm", "v7")}).value().bytes == make_index({}).value().bytes);
    CHECK(w.at("v1") == more.bytes);
    CHECK(why(remove_from_index(w.store, "v1", {}, {platform("linux", "arm", "v8")})) == errc::platform_not_found);
    CHECK(why(remove_from_index(w.store, "v1", {w.c.self.digest}, {})) == errc::manifest_unknown);
    CHECK(why(remove_from_index(w.store, "a", {w.c.self.digest}, {})) == errc::media_type_mismatch);
    CHECK(why(remove_from_index(w.store, "a", {}, {platform("linux", "arm")})) == errc::media_type_mismatch);
    CHECK(why(add_to_index(w.store, "a", {"b"})) == errc::media_type_mismatch);
}

TEST_CASE("edit: where nothing changes nothing is written", "[edit][MU02]") {
    world w;
    create_index(w.store, {"a"}, {}, called("v1")).value();
    w.store.clear();
    CHECK_FALSE(add_to_index(w.store, "v1", {"a"}).value().is_new());
    CHECK_FALSE(annotate_in(w.store, "a", annotation_edit().without("k")).value().is_new());
    CHECK(w.store.count("put") == 0);
    CHECK(annotate_in(w.store, "a", annotation_edit(), {"other"}).value().self.digest == w.a.self.digest);
    CHECK(w.at("other") == w.a.bytes);
}

TEST_CASE("annotate: the image keeps its name, what is made gets others", "[edit][MU07][MU01]") {
    world w;
    auto const noted = annotate_in(w.store, "a", annotation_edit().with("k", "v"), {"n1", "n2"}).value();
    CHECK(noted.before == w.a.self.digest);
    CHECK(w.at("a") == w.a.bytes);
    CHECK(w.at("n1") == noted.bytes);
    CHECK(w.at("n2") == noted.bytes);
    CHECK(noted.bytes == w.a.bytes.substr(0, w.a.bytes.size() - 1) + R"(,"annotations":{"k":"v"}})");
}

TEST_CASE("tags: several names for the same bytes, and no blob is asked for", "[tags][CP12]") {
    world w;
    CHECK(add_tags(w.store, "a", {"x", "y"}).value().digest == w.a.self.digest);
    CHECK(w.at("x") == w.a.bytes);
    CHECK(w.at("y") == w.a.bytes);
    CHECK(w.store.count("put") + w.store.count("read") + w.store.count("write") == 0);
    CHECK(why(add_tags(w.store, "missing", {"z"})) == errc::manifest_unknown);
    test::scratch_folder f;
    auto layout = oci_layout::create(f / "layout").value();
    create_index(layout, {}, {}, called("v1")).value();
    add_tags(layout, "v1", {"v2"}).value();
    CHECK(layout.names().value() == names{"v1", "v2"});
    CHECK(layout.resolve("v2").value().digest == layout.resolve("v1").value().digest);
}

} // namespace make_index_test
