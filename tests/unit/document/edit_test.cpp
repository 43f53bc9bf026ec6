// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"

#include <lading/document/edit.hpp>

#include <string>
#include <vector>

namespace edit_test {

using namespace lading;
using test::image_of;
using test::index_of;
using test::json_of;
using test::made;

made const config = test::config_of(R"({"architecture":"amd64","os":"linux"})"), layer = test::layer_of("layer");
made const a = image_of(config, {layer}), b = image_of(config, {}), c = image_of(config, {layer, layer});

errc why(result<made_document> const& r) { return r ? errc::ok : r.error().kind(); }
void check_whole(made_document const& m) {
    CHECK(m.self.digest == constant_digest_of(m.bytes));
    CHECK(m.self.size == static_cast<std::int64_t>(m.bytes.size()));
}

TEST_CASE("index: an empty one, and one with entries in their order", "[index][MU12]") {
    auto const empty = make_index({}).value();
    CHECK(empty.bytes.size() == 88);
    CHECK(empty.self.digest.hex() == "dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2"); // V5
    auto entry = b.self;
    entry.platform.emplace("linux", "arm", "v7");
    auto const two = make_index({entry, a.self, b.self}).value(); // the last of a digest counts
    check_whole(two);
    CHECK(two.bytes == index_of({json_of(b.self), json_of(a.self)}).bytes);
    CHECK(make_index({a.self, entry}).value().bytes == index_of({json_of(a.self), json_of(b.self, R"(,"platform":{"architecture":"arm","os":"linux","variant":"v7"})")}).bytes);
}

TEST_CASE("index: as an artifact, and as Docker's list", "[index][AF18]") {
    auto const typed = make_index({a.self}, index_options().with_artifact_type("application/vnd.example+type").with_subject(b.self).with_annotation("k", "v")).value();
    CHECK(typed.bytes == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"application/vnd.example+type","manifests":[)" +
                             json_of(a.self) + R"(],"subject":)" + json_of(b.self) + R"(,"annotations":{"k":"v"}})");
    CHECK(typed.self.artifact_type == "application/vnd.example+type");
    CHECK(why(make_index({}, index_options().with_artifact_type("no type"))) == errc::media_type_invalid);
    auto const docker = make_index({a.self}, index_options().with_docker_list()).value();
    CHECK(docker.self.media_type == media_types::docker_list);
    CHECK(docker.bytes == R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[)" + json_of(a.self) + "]}");
    CHECK(why(make_index({}, index_options().with_docker_list().with_annotation("a", "b"))) == errc::invalid_argument);
    CHECK(why(make_index({}, index_options().with_docker_list().with_artifact_type("a/b"))) == errc::invalid_argument);
}

TEST_CASE("index: entries more and fewer", "[index][MU12]") {
    auto const old = index_of({json_of(a.self, R"(,"annotations":{"x":"1"})"), json_of(b.self)});
    auto const more = add_entries(old.bytes, old.self.media_type, {c.self}).value();
    check_whole(more);
    CHECK(more.bytes == index_of({json_of(a.self, R"(,"annotations":{"x":"1"})"), json_of(b.self), json_of(c.self)}).bytes);
    CHECK(more.before == old.self.digest);
    // One that is listed is replaced where it is.
    auto again = a.self;
    again.platform.emplace("linux", "amd64");
    CHECK(add_entries(old.bytes, "", {again}).value().bytes == index_of({json_of(a.self, R"(,"platform":{"architecture":"amd64","os":"linux"})"), json_of(b.self)}).bytes);
    CHECK(remove_entries(more.bytes, "", {b.self.digest}).value().bytes == index_of({json_of(a.self, R"(,"annotations":{"x":"1"})"), json_of(c.self)}).bytes);
    auto const gone = remove_entries(old.bytes, "", {b.self.digest, a.self.digest}).value();
    CHECK(gone.bytes == make_index({}).value().bytes);
    auto const no = remove_entries(old.bytes, "", {a.self.digest, c.self.digest});
    REQUIRE(why(no) == errc::manifest_unknown);
    CHECK(no.error().detail().available.size() == 2);
    CHECK(why(add_entries(a.bytes, "", {b.self})) == errc::media_type_mismatch);
    CHECK(why(add_entries(old.bytes, media_types::docker_list, {c.self})) == errc::media_type_mismatch);
    CHECK(why(add_entries("{}", "", {})) == errc::media_type_unknown);
    CHECK(why(add_entries("no JSON", "", {})) == errc::json_syntax);
    CHECK(why(add_entries(old.bytes, "", {descriptor("a/b", c.self.digest, -1)})) == errc::invalid_argument);
}

TEST_CASE("edit: what a document says beside that is kept", "[edit][CJ12]") {
    std::string const odd = R"({"mediaType":"application/vnd.oci.image.index.v1+json","newer":{"b":1,"a":[2]},"schemaVersion":2,"manifests":[)" +
                            json_of(a.self, R"(,"also":"newer")") + "]}";
    auto const edited = add_entries(odd, "", {b.self}).value();
    CHECK(edited.bytes == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + json_of(a.self, R"(,"also":"newer")") + ',' +
                              json_of(b.self) + R"(],"newer":{"b":1,"a":[2]}})");
}

TEST_CASE("edit: where nothing changes the bytes are the same", "[edit][MU02]") {
    std::string const spaced = "{ \"schemaVersion\": 2,\n \"manifests\": [ " + json_of(a.self) + " ], \"mediaType\": \"application/vnd.oci.image.index.v1+json\" }\n";
    for (auto const& same : {add_entries(spaced, "", {}).value(), add_entries(spaced, "", {a.self}).value(), remove_entries(spaced, "", {}).value(),
                             annotate(spaced, "", annotation_edit().without("nothing")).value()}) {
        CHECK(same.bytes == spaced);
        CHECK_FALSE(same.is_new());
        check_whole(same);
    }
    CHECK(annotate(a.bytes, "", annotation_edit().with("k", "v").without("k")).value().bytes == a.bytes);
}

TEST_CASE("annotate: that map, and nothing else", "[edit][MU07]") {
    auto const first = annotate(a.bytes, a.self.media_type, annotation_edit().with("b", "").with("a", "<1>")).value();
    check_whole(first);
    CHECK(first.is_new());
    CHECK(first.bytes == image_of(json_of(config.self), {json_of(layer.self)}, ",\"annotations\":{\"a\":\"\\u003c1\\u003e\",\"b\":\"\"}").bytes);
    CHECK(annotate(first.bytes, "", annotation_edit().without("b").without("a")).value().bytes == a.bytes);
    auto const index = index_of({json_of(a.self), json_of(b.self)});
    CHECK(annotate(index.bytes, "", annotation_edit().with("k", "v").of(b.self.digest)).value().bytes == index_of({json_of(a.self), json_of(b.self, R"(,"annotations":{"k":"v"})")}).bytes);
    CHECK(annotate(a.bytes, "", annotation_edit().with("k", "v").of(layer.self.digest)).value().bytes == image_of(json_of(config.self), {json_of(layer.self, R"(,"annotations":{"k":"v"})")}).bytes);
    CHECK(annotate(a.bytes, "", annotation_edit().with("k", "v").of(config.self.digest)).value().bytes == image_of(json_of(config.self, R"(,"annotations":{"k":"v"})"), {json_of(layer.self)}).bytes);
    CHECK(why(annotate(index.bytes, "", annotation_edit().with("k", "v").of(c.self.digest))) == errc::manifest_unknown);
    CHECK(why(annotate(a.bytes, "", annotation_edit().with("", "v"))) == errc::invalid_argument);
    CHECK(why(annotate(a.bytes, "", annotation_edit().with("k", "\xff"))) == errc::invalid_argument);
}

TEST_CASE("annotate: an artifact, whatever its config is; Docker's documents have no annotations", "[edit][MU08]") {
    auto const artifact = pack({layer.self}, pack_options().with_artifact_type("application/vnd.example+type").with_reproducibility()).value();
    auto const noted = annotate(artifact.bytes, "", annotation_edit().with("k", "v")).value();
    CHECK(noted.self.artifact_type == "application/vnd.example+type");
    CHECK(noted.bytes == artifact.bytes.substr(0, artifact.bytes.size() - 1) + R"(,"annotations":{"k":"v"}})");
    std::string const docker = R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":)" + json_of(config.self) + R"(,"layers":[]})";
    CHECK(why(annotate(docker, "", annotation_edit().with("k", "v"))) == errc::invalid_argument);
    CHECK(why(annotate(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]})", "", annotation_edit().with("k", "v"))) ==
          errc::media_type_mismatch);
}

} // namespace edit_test
