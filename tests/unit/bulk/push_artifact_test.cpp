// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/bulk/pull_artifact.hpp>
#include <lading/bulk/push_artifact.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/unpack/zlib_gzip.hpp>

#include <string>
#include <vector>

namespace push_artifact_test {

using namespace lading;
using test::journal_store;
using test::made;
using test::scratch_folder;

pack_options typed(std::string type = "application/vnd.example+type") { return pack_options().with_artifact_type(std::move(type)).with_reproducibility(); }

struct world {
    scratch_folder files, out;
    packed_artifact artifact;
    std::string folder = out / "pulled";
    std::string const large = std::string(300'000, 'l');

    world() {
        artifact.add_bytes("read me\n", "docs/README.md", "text/markdown").value();
        artifact.add(files.write("large.bin", large)).value();
        artifact.add(files.write("empty", "")).value();
    }
    void check_pulled() const {
        CHECK(test::file_text(folder + "/docs/README.md") == "read me\n");
        CHECK(test::file_text(folder + "/large.bin") == large);
        CHECK(test::file_text(folder + "/empty").empty());
        CHECK(test::files_below(folder) == 3);
    }
};

TEST_CASE("push: files into a store, and out of it again", "[artifact][AF16]") {
    world w;
    journal_store to;
    auto const done = push_artifact(w.artifact, to, "1.0", typed()).value();
    CHECK(done.top.digest == w.artifact.manifest()->self.digest);
    CHECK(to.inside().resolve("1.0").value().digest == done.top.digest);
    CHECK(to.inside().document(done.top).value() == w.artifact.manifest()->bytes);
    // The name comes last.
    auto const all = to.journal();
    CHECK(all.back().first == "complete");
    CHECK(all[all.size() - 2] == std::pair<std::string, std::string>("tag", "1.0"));
    copy_artifact(to, "1.0", w.folder).value();
    w.check_pulled();
    // Again: the same bytes, and nothing is written.
    to.clear();
    auto const again = push_artifact(w.artifact, to, "1.0", typed()).value();
    CHECK(again.top.digest == done.top.digest);
    CHECK(to.count("write") == 0);
    CHECK(to.count("tag") == 0);
}

TEST_CASE("push: a layout on disk takes an artifact, too", "[artifact][AF01]") {
    world w;
    auto to = oci_layout::create(w.out / "layout").value();
    auto const done = push_artifact(w.artifact, to, "1.0", typed()).value();
    auto const listed = to.resolve("1.0").value();
    CHECK(listed.digest == done.top.digest);
    CHECK(listed.artifact_type == "application/vnd.example+type");
    copy_artifact(to, "1.0", w.folder).value();
    w.check_pulled();
}

TEST_CASE("push: a folder comes out as the archive that its layer says", "[artifact][AF08][AF11]") {
    scratch_folder f;
    f.write("d/a/b", "b");
    packed_artifact a;
    a.add(f / "d", "things", {}, folder_options().with_compression(zlib_gzip_writer::model())).value();
    memory_store to;
    push_artifact(a, to, "1", typed()).value();
    auto const done = copy_artifact(to, "1", f / "out", artifact_options().with_packed()).value();
    REQUIRE(done.files.size() == 1);
    CHECK(done.files[0].name == "things.tar.gz");
    CHECK(constant_digest_of(test::file_text(f / "out/things.tar.gz")) == a.layers()[0].digest);
}

TEST_CASE("push: a promise that does not hold leaves no name", "[artifact][CP17]") {
    world w;
    memory_store to;
    auto const wrong = push_artifact(w.artifact, to, constant_digest_of("other").str(), typed());
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().kind() == errc::digest_mismatch);
    CHECK(to.names().value().empty());
    auto const top = w.artifact.pack(typed()).value();
    CHECK(push_artifact(w.artifact, to, top.digest.str(), typed()).value().top.digest == top.digest);
}

TEST_CASE("push: two files of one name, and a missing type, before the store is asked", "[artifact][AF09]") {
    journal_store to;
    packed_artifact a;
    a.add_bytes("1", "same").value();
    auto const untyped = push_artifact(a, to, "1", pack_options());
    REQUIRE_FALSE(untyped);
    CHECK(untyped.error().kind() == errc::invalid_argument);
    a.add_bytes("2", "same").value();
    auto const twice = push_artifact(a, to, "1", typed());
    REQUIRE_FALSE(twice);
    CHECK(twice.error().kind() == errc::path_refused);
    auto const attached = attach_artifact(a, to, "1", typed());
    REQUIRE_FALSE(attached);
    CHECK(attached.error().kind() == errc::path_refused);
    CHECK(to.journal().empty());
}

TEST_CASE("push: a file that changes meanwhile leaves no name", "[artifact][AF16]") {
    world w;
    memory_store to;
    w.files.write("large.bin", std::string(300'000, 'L'));
    auto const changed = push_artifact(w.artifact, to, "1", typed());
    REQUIRE_FALSE(changed);
    CHECK(changed.error().kind() == errc::source_changed);
    CHECK(to.names().value().empty());
}

TEST_CASE("attach: about what a name leads to, and without a name of its own", "[artifact][AF16]") {
    journal_store to;
    auto const config = test::config_of("{}");
    auto const image = test::image_of(config, {});
    to.put_all(config, image);
    to.name("v1", image);
    packed_artifact signature;
    signature.add_bytes("signed", "signature").value();
    auto const done = attach_artifact(signature, to, "v1", typed("application/vnd.example.sig")).value();
    auto const bytes = to.inside().document(done.top).value();
    CHECK(bytes.find(R"("subject":)" + test::json_of(image.self)) != std::string::npos);
    CHECK(to.inside().names().value() == std::vector<std::string>{"v1"});
    CHECK(to.inside().resolve("v1").value().digest == image.self.digest);
    CHECK(to.inside().resolve(done.top.digest.str()).value().digest == done.top.digest);
    auto const missing = attach_artifact(signature, to, "v2", typed());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind() == errc::manifest_unknown);
    auto const old = attach_artifact(signature, to, "v1", typed().with_form(pack_form::oci_1_0));
    REQUIRE_FALSE(old);
    CHECK(old.error().kind() == errc::invalid_argument);
}

TEST_CASE("the withdrawn artifact manifest is copied as it is, and its files come out", "[artifact][AF17]") {
    scratch_folder f;
    journal_store from;
    made const file("text/plain", "old\n");
    made const old("application/vnd.oci.artifact.manifest.v1+json",
                   R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"application/vnd.example+type","blobs":[)" +
                       test::json_of(file.self, R"(,"annotations":{"org.opencontainers.image.title":"old.txt"})") + "]}");
    from.put_all(file, old);
    from.name("1", old);
    memory_store to;
    CHECK(copy(from, "1", to, "1").value().top.digest == old.self.digest);
    CHECK(to.document(old.self).value() == old.bytes);
    copy_artifact(to, "1", f / "out").value();
    CHECK(test::file_text(f / "out/old.txt") == "old\n");
}

TEST_CASE("an index that is an artifact is copied with all that it lists", "[artifact][AF18]") {
    journal_store from;
    auto const config = test::config_of("{}");
    auto const image = test::image_of(config, {});
    std::string const type(media_types::oci_index);
    made const index(type, R"({"schemaVersion":2,"mediaType":")" + type + R"(","artifactType":"application/vnd.example+type","manifests":[)" + test::json_of(image.self) + "]}");
    from.put_all(config, image, index);
    from.name("1", index);
    scratch_folder f;
    auto to = oci_layout::create(f / "layout").value();
    copy(from, "1", to, "1").value();
    CHECK(to.document(index.self).value() == index.bytes);
    CHECK(to.resolve("1").value().artifact_type == "application/vnd.example+type");
    CHECK(to.has(image.self).value());
}

} // namespace push_artifact_test
