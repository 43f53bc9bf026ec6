// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/layout_files.hpp"

#include <lading/store/image_folder.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace image_folder_test {

using namespace lading;
using namespace layout_files;

static_assert(check_content_store<image_folder>::ok);

namespace {

std::vector<std::string> sorted(std::vector<std::string> all) {
    std::sort(all.begin(), all.end());
    return all;
}
void make(folder const& f, std::string const& name, image const& i, archive_options o = {}) {
    auto store = image_folder::create(f.str(name), std::move(o)).value();
    REQUIRE(put_blobs(store, i));
    REQUIRE(store.tag("", i.what()));
    REQUIRE(store.complete());
}

} // namespace

TEST_CASE("image_folder: one image is files of these names", "[store][AR40]") {
    folder f;
    image const a("a");
    auto store = image_folder::create(f.str("dir")).value();
    CHECK_FALSE(store.has(a.what()).value());
    REQUIRE(put_blobs(store, a));
    CHECK(store.has(a.what()).value());
    CHECK(store.has(described(a.layer)).value());
    CHECK(store.document(a.what()).value() == a.manifest);
    CHECK(store.resolve("").error() == errc::manifest_unknown);
    REQUIRE(store.tag("any", a.what()));
    CHECK(store.resolve("").value().digest == a.what().digest);
    CHECK(store.tag("more", image("b").what()).error() == errc::invalid_argument);
    CHECK_FALSE(fs::exists(f.path / "dir"));
    REQUIRE(store.complete());
    CHECK(f.list() == sorted({"dir/version", "dir/manifest.json", "dir/" + hex_of(a.config), "dir/" + hex_of(a.layer)}));
    CHECK(f.read("dir/version") == "Directory Transport Version: 1.1\n");
    CHECK(f.read("dir/manifest.json") == a.manifest);
    CHECK(f.read("dir/" + hex_of(a.layer)) == a.layer);
    struct stat folder_mode{}, file_mode{};
    ::stat(f.str("dir").c_str(), &folder_mode);
    ::stat(f.str("dir/version").c_str(), &file_mode);
    auto const mask = ::umask(0);
    ::umask(mask);
    CHECK((folder_mode.st_mode & 0777) == (0777 & ~mask));
    CHECK((file_mode.st_mode & 0777) == (0666 & ~mask));
    auto again = image_folder::open(f.str("dir")).value();
    for (auto* const source : {&store, &again}) {
        CHECK(source->resolve("").value().digest == a.what().digest);
        CHECK(source->resolve(a.what().digest.str()).value().digest == a.what().digest);
        CHECK(source->resolve("any").error() == errc::manifest_unknown);
        CHECK(source->document(a.what()).value() == a.manifest);
        memory_sink sink(1000);
        REQUIRE(source->read(described(a.layer), sink));
        CHECK(sink.bytes() == a.layer);
        CHECK(source->writer(a.what()).error() == errc::archive_exists);
    }
}

TEST_CASE("image_folder: the manifests of an index are files beside it", "[store][AR40]") {
    folder f;
    image const a("a"), b("b");
    auto const list = index_of({text_of(a.what()), text_of(b.what()), text_of(image("absent").what())});
    auto const top = described(list, media_types::oci_index);
    auto store = image_folder::create(f.str("dir")).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(put_blobs(store, b));
    REQUIRE(put(store.writer(described("stray")), "stray"));
    REQUIRE(store.put_document(top, list));
    REQUIRE(store.tag("v1", top));
    REQUIRE(store.complete());
    CHECK(f.list() == sorted({"dir/version", "dir/manifest.json", "dir/" + hex_of(a.config), "dir/" + hex_of(a.layer), "dir/" + hex_of(a.manifest) + ".manifest.json",
                              "dir/" + hex_of(b.config), "dir/" + hex_of(b.layer), "dir/" + hex_of(b.manifest) + ".manifest.json"}));
    auto read = image_folder::open(f.str("dir")).value();
    CHECK(read.resolve("").value().digest == top.digest);
    CHECK(read.document(b.what()).value() == b.manifest);
    CHECK(read.document(image("absent").what()).error() == errc::manifest_unknown);
}

TEST_CASE("image_folder: a folder that is there is kept, unless it is an image that is to be replaced", "[store][AR41]") {
    folder f;
    image const a("a"), b("b");
    fs::create_directories(f.path / "empty");
    make(f, "empty", a);
    make(f, "new/", a);
    CHECK(f.read("new/manifest.json") == a.manifest);
    CHECK(image_folder::create(f.str("empty")).error() == errc::archive_exists);
    f.write("other/precious", "x");
    CHECK(image_folder::create(f.str("other")).error() == errc::archive_exists);
    CHECK(image_folder::create(f.str("other"), archive_options().with_overwrite()).error() == errc::archive_exists);
    f.write("other/version", "1");
    CHECK(image_folder::create(f.str("other"), archive_options().with_overwrite()).error() == errc::archive_exists); // and something precious
    f.write("folders/version/precious", "x"); // that a folder has the name says nothing
    CHECK(image_folder::create(f.str("folders"), archive_options().with_overwrite()).error() == errc::archive_exists);
    f.write("hex/" + hex_of("x"), "x"); // nothing says that it is an image
    CHECK(image_folder::create(f.str("hex"), archive_options().with_overwrite()).error() == errc::archive_exists);
    f.write("new/signature-1", "of another program");
    make(f, "new", b, archive_options().with_overwrite());
    CHECK(f.read("new/manifest.json") == b.manifest);
    CHECK_FALSE(fs::exists(f.path / "new" / hex_of(a.layer)));
    CHECK_FALSE(fs::exists(f.path / "new" / "signature-1"));
    CHECK_FALSE(fs::exists(f.path / "new.part"));
    CHECK(f.read("other/precious") == "x");

    auto late = image_folder::create(f.str("late")).value();
    REQUIRE(put_blobs(late, a));
    REQUIRE(late.tag("", a.what()));
    f.write("late/precious", "y");
    CHECK(late.complete().error() == errc::archive_exists);
    CHECK(f.read("late/precious") == "y");
    fs::remove_all(f.path / "late");
    CHECK(late.complete());
    CHECK(image_folder::open(f.str("late")).value().resolve(""));
}

TEST_CASE("image_folder: nothing planted is followed", "[store][AR41][HX01]") {
    folder f;
    image const a("a");
    f.write("elsewhere/precious", "x");
    fs::create_symlink(f.path / "elsewhere", f.path / "dir.part");
    CHECK(image_folder::create(f.str("dir")).error() == errc::path_refused);
    fs::create_symlink(f.path / "elsewhere", f.path / "link");
    CHECK(image_folder::create(f.str("link"), archive_options().with_overwrite()).error() == errc::path_refused);
    f.write("file", "x");
    CHECK(image_folder::create(f.str("file"), archive_options().with_overwrite()).error() == errc::path_refused);
    for (auto const name : {"", "/", ".", "..", "x/..", "./"}) CHECK(image_folder::create(name).error() == errc::invalid_argument);
    auto store = image_folder::create(f.str("good")).value();
    fs::create_symlink(f.path / "elsewhere/precious", f.path / "good.part" / hex_of(a.layer));
    CHECK(put(store.writer(described(a.layer)), a.layer).error() == errc::path_refused);
    CHECK(store.has(described(a.layer)).error() == errc::path_refused);
    CHECK(f.read("elsewhere/precious") == "x");
}

TEST_CASE("image_folder: a blob of sha512 has a name of 128 digits", "[store][AR42]") {
    folder f;
    image const a("a");
    auto const d = digest_of<openssl_hash>(a.layer, digest_algorithm::sha512).value();
    descriptor const layer(std::string(media_types::oci_layer), d, static_cast<std::int64_t>(a.layer.size()));
    std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(a.config, media_types::oci_config)) +
                                 R"(,"layers":[)" + text_of(layer) + "]}";
    auto store = image_folder::create(f.str("dir")).value();
    REQUIRE(put(store.writer(layer), a.layer));
    REQUIRE(put(store.writer(described(a.config)), a.config));
    REQUIRE(store.put_document(described(manifest), manifest));
    REQUIRE(store.tag("", described(manifest, media_types::oci_manifest)));
    REQUIRE(store.complete());
    CHECK(d.hex().size() == 128);
    CHECK(f.read("dir/" + d.hex()) == a.layer);
    memory_sink sink(1000);
    CHECK(store.read(layer, sink));
}

TEST_CASE("image_folder: every file is hashed when it is read, others are not looked at", "[store][AR43]") {
    folder f;
    image const a("a");
    make(f, "dir", a);
    f.write("dir/unknown", "anything");
    auto read = image_folder::open(f.str("dir")).value();
    memory_sink sink(1000);
    CHECK(read.read(described(a.layer), sink));
    auto changed = a.layer;
    changed[0] ^= 1;
    f.write("dir/" + hex_of(a.layer), changed);
    CHECK(read.read(described(a.layer), sink).error() == errc::digest_mismatch);
    f.write("dir/" + hex_of(a.layer), changed + "x");
    CHECK(read.read(described(a.layer), sink).error() == errc::size_mismatch);
    fs::remove(f.path / "dir" / hex_of(a.layer));
    CHECK(read.read(described(a.layer), sink).error() == errc::blob_unknown);
    auto const list = index_of({text_of(a.what())});
    f.write("index/manifest.json", list);
    f.write("index/" + hex_of(a.manifest) + ".manifest.json", a.manifest + ' ');
    auto index = image_folder::open(f.str("index")).value();
    CHECK(index.document(a.what()).error() == errc::size_mismatch);
    auto other = a.manifest;
    other[other.size() - 3] ^= 1;
    f.write("index/" + hex_of(a.manifest) + ".manifest.json", other);
    CHECK(index.document(a.what()).error() == errc::digest_mismatch);
    CHECK(image_folder::open(f.str("none")).error() == errc::layout_invalid);
}

TEST_CASE("image_folder: a run that was killed is gone on with", "[store][AR40]") {
    folder f;
    image const a("a"), b("b");
    {
        auto store = image_folder::create(f.str("dir")).value();
        REQUIRE(put_blobs(store, a));
        CHECK(image_folder::create(f.str("dir")).error() == errc::part_in_use);
    }
    CHECK_FALSE(image_folder::create(f.str("dir")).value().has(b.what()).value());
    CHECK_FALSE(image_folder::create(f.str("unused")).value().has(b.what()).value());
    CHECK_FALSE(fs::exists(f.path / "unused.part"));
    f.write("dir.part/" + hex_of("torn") + ".part", "to");
    auto store = image_folder::create(f.str("dir")).value();
    CHECK(store.complete().error() == errc::invalid_argument);
    CHECK(store.has(described(a.layer)).value());
    REQUIRE(store.put_document(b.what(), b.manifest));
    REQUIRE(put(store.writer(described(b.config)), b.config));
    REQUIRE(store.tag("", b.what()));
    CHECK(store.complete().error() == errc::blob_unknown);
    CHECK_FALSE(fs::exists(f.path / "dir"));
    REQUIRE(put(store.writer(described(b.layer)), b.layer));
    REQUIRE(store.complete());
    CHECK(f.list() == sorted({"dir/version", "dir/manifest.json", "dir/" + hex_of(b.config), "dir/" + hex_of(b.layer)}));
}

TEST_CASE("image_folder: what an earlier run left damaged is written again", "[store][AR43]") {
    folder f;
    image const a("a");
    {
        auto store = image_folder::create(f.str("dir")).value();
        REQUIRE(put_blobs(store, a));
    }
    auto changed = a.layer;
    changed[0] ^= 1;
    f.write("dir.part/" + hex_of(a.layer), changed);
    auto store = image_folder::create(f.str("dir")).value();
    CHECK_FALSE(store.has(described(a.layer)).value());
    REQUIRE(store.has(described(a.config)).value());
    auto out = store.writer(described(a.layer)).value();
    REQUIRE(out->begin());
    REQUIRE(out->write(std::as_bytes(std::span(a.layer))));
    REQUIRE(out->commit());
    REQUIRE(store.has(a.what()).value());
    REQUIRE(store.tag("", a.what()));
    REQUIRE(store.complete());
    CHECK(f.read("dir/" + hex_of(a.layer)) == a.layer);
}

} // namespace image_folder_test
