// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/layout_files.hpp"

#include <lading/store/oci_archive.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace oci_archive_test {

using namespace lading;
using namespace layout_files;

static_assert(check_content_store<oci_archive>::ok);

namespace {

std::string listed(folder const& f, std::string const& name) {
    std::FILE* const pipe = ::popen(("tar -tf '" + f.str(name) + "' 2>&1").c_str(), "r");
    std::string out;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}
std::string index_text(std::vector<image> const& images) {
    std::vector<std::string> entries;
    for (auto const& i : images) entries.push_back(text_of(i.what(), R"(,"platform":{"architecture":"amd64","os":"linux"})"));
    return index_of(entries);
}

} // namespace

TEST_CASE("oci_archive: what is written can be read, by us and by tar", "[store][AR01][AR03]") {
    folder f;
    image const a("a");
    auto made = oci_archive::create(f.str("a.tar"));
    REQUIRE(made);
    auto& store = made.value();
    CHECK_FALSE(store.has(a.what()).value());
    REQUIRE(put_blobs(store, a));
    CHECK(store.has(a.what()).value());
    CHECK(f.list().size() > 1);
    CHECK_FALSE(fs::exists(f.path / "a.tar"));
    REQUIRE(store.tag("v1", a.what()));
    CHECK(store.resolve("v1").value().digest == a.what().digest); // while it is made
    REQUIRE(store.complete());
    CHECK(f.list() == std::vector<std::string>{"a.tar"}); // the staging folder is gone
    CHECK(listed(f, "a.tar") == "oci-layout\nindex.json\nblobs/\nblobs/sha256/\n" + blob_name(a.manifest) + '\n' + blob_name(a.config) + '\n' + blob_name(a.layer) + '\n');
    auto again = oci_archive::open(f.str("a.tar"));
    REQUIRE(again);
    for (auto* const source : {&store, &again.value()}) {
        CHECK(source->names().value() == std::vector<std::string>{"v1"});
        auto const what = source->resolve("v1");
        REQUIRE(what);
        CHECK(what.value().digest == a.what().digest);
        CHECK(what.value().media_type == media_types::oci_manifest);
        CHECK(source->resolve(a.what().digest.str()).value().digest == a.what().digest);
        CHECK(source->resolve("v2").error() == errc::manifest_unknown);
        CHECK(source->document(what.value()).value() == a.manifest);
        memory_sink sink(1000);
        REQUIRE(source->read(described(a.layer), sink));
        CHECK(sink.bytes() == a.layer);
        CHECK(source->read(described("other"), sink).error() == errc::blob_unknown);
        CHECK(source->has(a.what()).error() == errc::archive_exists);
        CHECK(source->writer(a.what()).error() == errc::archive_exists);
        CHECK(source->tag("v2", a.what()).error() == errc::archive_exists);
        CHECK(source->complete().error() == errc::archive_exists);
    }
}

TEST_CASE("oci_archive: members are in the order in which they are walked, and nothing else is in it", "[store][AR01]") {
    folder f;
    image const a("a"), b("b"), c("c");
    auto const list = index_text({a, b});
    auto store = oci_archive::create(f.str("x.tar")).value();
    for (auto const& i : {c, b, a}) REQUIRE(put_blobs(store, i));
    REQUIRE(put(store.writer(described("stray")), "stray")); // nothing leads to it
    auto const top = described(list, media_types::oci_index);
    REQUIRE(store.put_document(top, list));
    REQUIRE(store.tag("all", top));
    REQUIRE(store.tag("c", c.what()));
    REQUIRE(store.complete());
    std::string expected = "oci-layout\nindex.json\nblobs/\nblobs/sha256/\n" + blob_name(list) + '\n';
    for (auto const& i : {a, b, c})
        for (auto const& blob : {i.manifest, i.config, i.layer}) expected += blob_name(blob) + '\n';
    CHECK(listed(f, "x.tar") == expected);
    CHECK(oci_archive::open(f.str("x.tar")).value().names().value() == std::vector<std::string>{"all", "c"});
}

TEST_CASE("oci_archive: the same input is the same bytes", "[store][AR02]") {
    std::string first;
    for (int run = 0; run < 2; ++run) {
        folder f;
        image const a("a"), b("b");
        auto store = oci_archive::create(f.str("x.tar"), archive_options().with_form(archive_form::hybrid)).value();
        for (auto const& i : run == 0 ? std::vector{a, b} : std::vector{b, a}) REQUIRE(put_blobs(store, i));
        REQUIRE(store.tag("docker.io/library/a:1", a.what()));
        REQUIRE(store.tag("docker.io/library/b:1", b.what()));
        REQUIRE(store.complete());
        if (run == 0) first = f.read("x.tar");
        else CHECK((f.read("x.tar") == first));
        CHECK(static_cast<unsigned char>(first[136]) == '0'); // no time
    }
    folder f;
    image const a("a");
    auto dated = oci_archive::create(f.str("x.tar"), archive_options().with_time(1'700'000'000)).value();
    REQUIRE(put_blobs(dated, a));
    REQUIRE(dated.tag("a", a.what()));
    REQUIRE(dated.complete());
    CHECK(f.read("x.tar").substr(136, 12) == std::string("14524770400\0", 12));
}

TEST_CASE("oci_archive: a file that is there is kept, unless it is to be replaced", "[store][AR06][AR37]") {
    folder f;
    image const a("a");
    f.write("x.tar", "precious");
    CHECK(oci_archive::create(f.str("x.tar")).error() == errc::archive_exists);
    CHECK(f.list() == std::vector<std::string>{"x.tar"});
    auto store = oci_archive::create(f.str("x.tar"), archive_options().with_overwrite()).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(store.tag("a", a.what()));
    CHECK(f.read("x.tar") == "precious"); // until it is whole
    REQUIRE(store.complete());
    CHECK(f.list() == std::vector<std::string>{"x.tar"});
    CHECK(oci_archive::open(f.str("x.tar")).value().resolve("a"));

    auto late = oci_archive::create(f.str("y.tar")).value();
    REQUIRE(put_blobs(late, a));
    REQUIRE(late.tag("a", a.what()));
    f.write("y.tar", "of another program");
    CHECK(late.complete().error() == errc::archive_exists);
    CHECK(f.read("y.tar") == "of another program");
    fs::remove(f.path / "y.tar");
    CHECK(late.complete()); // what was written is still there
}

TEST_CASE("oci_archive: several images by name, and one name leads to one", "[store][AR07]") {
    folder f;
    image const a("a"), b("b");
    auto store = oci_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(put_blobs(store, b));
    REQUIRE(store.tag("docker.io/library/app:1", a.what()));
    REQUIRE(store.tag("docker.io/library/app:2", b.what()));
    REQUIRE(store.tag("docker.io/library/app:1", b.what()));
    CHECK(store.tag("-no name", b.what()).error() == errc::ref_invalid);
    REQUIRE(store.complete());
    auto read = oci_archive::open(f.str("x.tar")).value();
    CHECK(read.resolve("docker.io/library/app:1").value().digest == b.what().digest);
    CHECK(read.resolve("docker.io/library/app:2").value().digest == b.what().digest);
    CHECK(read.resolve("@0").value().digest == a.what().digest); // it lost its name, not its place
}

TEST_CASE("oci_archive: a run that was killed is gone on with, its names are not", "[store][AR01][AR06]") {
    folder f;
    image const a("a"), b("b");
    {
        auto store = oci_archive::create(f.str("x.tar")).value();
        REQUIRE(put_blobs(store, a));
        REQUIRE(store.tag("old", a.what()));
    }
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    auto store = oci_archive::create(f.str("x.tar")).value();
    CHECK(store.has(described(a.layer)).value()); // nothing is fetched again
    CHECK_FALSE(store.has(described(b.layer)).value());
    REQUIRE(put_blobs(store, b));
    REQUIRE(store.tag("new", b.what()));
    CHECK(oci_archive::create(f.str("x.tar")).error() == errc::part_in_use);
    REQUIRE(store.complete());
    CHECK(f.list() == std::vector<std::string>{"x.tar"});
    CHECK(listed(f, "x.tar").find(hex_of(a.layer)) == std::string::npos);
    CHECK(oci_archive::open(f.str("x.tar")).value().names().value() == std::vector<std::string>{"new"});
}

TEST_CASE("oci_archive: one that nothing was written to leaves nothing, and takes nothing away", "[store][AR06]") {
    folder f;
    image const a("a");
    {
        auto store = oci_archive::create(f.str("x.tar")).value();
        CHECK_FALSE(store.has(a.what()).value());
        CHECK(fs::exists(f.path / "x.tar.part"));
    }
    CHECK(f.list().empty());
    CHECK_FALSE(fs::exists(f.path / "x.tar.part"));
    {
        auto store = oci_archive::create(f.str("x.tar")).value();
        REQUIRE(put_blobs(store, a));
    }
    CHECK_FALSE(oci_archive::create(f.str("x.tar")).value().has(image("b").what()).value());
    CHECK(oci_archive::create(f.str("x.tar")).value().has(a.what()).value()); // still there
}

TEST_CASE("oci_archive: a program that was killed as it took its folder away is in nobody's way", "[store][AR06]") {
    folder f;
    f.write("x.tar.part/oci-layout", R"({"imageLayoutVersion":"1.0.0"})"); // that goes last
    CHECK(oci_archive::create(f.str("x.tar")));
    f.write("y.tar.part/.archive.part", ""); // but for the lock
    CHECK(oci_archive::create(f.str("y.tar")));
    f.write("z.tar.part/photo.jpg", "precious");
    CHECK(oci_archive::create(f.str("z.tar")).error() == errc::layout_invalid);
}

TEST_CASE("oci_archive: what another program has begun since is not taken away", "[store][AR06]") {
    folder f;
    auto first = detail::archive_staging::make(f.str("x.tar"), true).value(), second = detail::archive_staging::make(f.str("x.tar"), true).value();
    REQUIRE(first.lock());
    CHECK(second.lock().error() == errc::part_in_use);
    REQUIRE(first.commit(durability::none)); // its lock is the file that has the name now
    REQUIRE(second.lock());
    first.remove();
    CHECK(fs::exists(f.path / "x.tar.part"));
    second.remove();
    CHECK_FALSE(fs::exists(f.path / "x.tar.part"));
    CHECK(fs::exists(f.path / "x.tar"));
}

TEST_CASE("oci_archive: packing stops when it is told to, and can be done again", "[store][AR01][PD49]") {
    folder f;
    image const a("a");
    auto store = oci_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(store.tag("a", a.what()));
    stop_source source;
    source.request_stop();
    CHECK(store.complete(source.get_token()).error() == errc::cancelled);
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    // Who writes the same blob is not waited for where the caller does that.
    auto const first = store.writer(described("blob")).value(), second = store.writer(described("blob"), std::chrono::milliseconds(0)).value();
    REQUIRE(first->begin());
    CHECK(second->begin().error() == errc::part_in_use);
    first->discard();
    REQUIRE(store.complete());
    CHECK(oci_archive::open(f.str("x.tar")).value().names().value() == std::vector<std::string>{"a"});
}

TEST_CASE("oci_archive: what was staged is verified again, and nothing wrong gets the name", "[store][HX05][HX07]") {
    folder f;
    image const a("a");
    auto store = oci_archive::create(f.str("x.tar")).value();
    CHECK(store.complete().error() == errc::invalid_argument); // no image
    REQUIRE(put_blobs(store, a));
    REQUIRE(store.tag("a", a.what()));
    auto changed = a.layer;
    changed.back() ^= 1;
    fs::permissions(f.path / "x.tar.part" / blob_name(a.layer), fs::perms::owner_all);
    f.write("x.tar.part/" + blob_name(a.layer), changed);
    CHECK(store.complete().error() == errc::digest_mismatch);
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    CHECK_FALSE(store.has(described(a.layer)).value()); // to be got again
    CHECK(store.complete().error() == errc::blob_unknown);
    f.write("x.tar.part/" + blob_name(a.layer), a.layer.substr(1));
    CHECK(store.complete().error() == errc::size_mismatch);
    f.write("x.tar.part/" + blob_name(a.layer), a.layer);
    CHECK(store.complete());
}

TEST_CASE("oci_archive: what is planted in the place of the archive or of its folder is not followed", "[store][AR06]") {
    folder f;
    f.write("elsewhere/precious", "x");
    fs::create_symlink(f.path / "elsewhere", f.path / "a.tar.part");
    CHECK(oci_archive::create(f.str("a.tar")).error() == errc::path_refused);
    f.write("b.tar.part", "a file");
    CHECK(oci_archive::create(f.str("b.tar")).error() == errc::path_refused);
    fs::create_symlink(f.path / "elsewhere/precious", f.path / "c.tar");
    CHECK(oci_archive::create(f.str("c.tar"), archive_options().with_overwrite()).error() == errc::path_refused);
    fs::create_directories(f.path / "d.tar");
    CHECK(oci_archive::create(f.str("d.tar"), archive_options().with_overwrite()).error() == errc::path_refused);
    REQUIRE(::mkfifo(f.str("e.tar").c_str(), 0600) == 0);
    CHECK(oci_archive::create(f.str("e.tar"), archive_options().with_overwrite()).error() == errc::path_refused);
    CHECK(oci_archive::open(f.str("e.tar")).error() == errc::layout_invalid); // and is not waited for
    CHECK(oci_archive::create("").error() == errc::invalid_argument);
    CHECK(oci_archive::create(f.str("x/")).error() == errc::invalid_argument);
    CHECK(oci_archive::create(f.str("none/x.tar")).error() == errc::sink_failed);
    CHECK(f.read("elsewhere/precious") == "x");
}

TEST_CASE("oci_archive: an index may be without the images of other platforms, not without the layers of one", "[store][AR15]") {
    folder f;
    image const a("a"), b("b");
    auto const list = index_text({a, b});
    auto const top = described(list, media_types::oci_index);
    auto store = oci_archive::create(f.str("x.tar"), archive_options().with_form(archive_form::hybrid)).value();
    REQUIRE(put_blobs(store, b));
    REQUIRE(store.put_document(top, list));
    REQUIRE(store.tag("quay.io/team/app:1", top));
    REQUIRE(store.complete());
    auto read = oci_archive::open(f.str("x.tar")).value();
    CHECK(read.document(top).value() == list);
    CHECK(read.document(a.what()).error() == errc::manifest_unknown);
    CHECK(read.document(b.what()).value() == b.manifest);
    auto const whole = f.read("x.tar"); // docker is told of the one that is there
    CHECK(whole.find(R"([{"Config":"blobs/sha256/)" + hex_of(b.config) + R"(","RepoTags":["quay.io/team/app:1"],"Layers":["blobs/sha256/)" + hex_of(b.layer) + R"("]}])") != std::string::npos);

    {
        auto killed = oci_archive::create(f.str("z.tar")).value();
        REQUIRE(put_blobs(killed, a));
    }
    auto next = oci_archive::create(f.str("z.tar"), archive_options().with_form(archive_form::hybrid)).value();
    REQUIRE(put_blobs(next, b)); // what the earlier run has left, of another platform, is not wanted
    REQUIRE(next.put_document(top, list));
    REQUIRE(next.tag("quay.io/team/app:1", top));
    REQUIRE(next.complete());
    CHECK((f.read("z.tar") == whole));

    auto other = oci_archive::create(f.str("y.tar")).value();
    REQUIRE(other.put_document(a.what(), a.manifest));
    REQUIRE(put(other.writer(described(a.config)), a.config));
    REQUIRE(other.tag("a", a.what()));
    auto const missing = other.complete();
    CHECK(missing.error() == errc::blob_unknown);
    CHECK(missing.error().detail().context.find(hex_of(a.layer)) != std::string::npos);
    CHECK_FALSE(fs::exists(f.path / "y.tar"));
}

TEST_CASE("oci_archive: the hybrid form lists images for docker", "[store][AR14][AR24]") {
    folder f;
    image const a("a"), b("b");
    auto store = oci_archive::create(f.str("x.tar"), archive_options().with_form(archive_form::hybrid)).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(put_blobs(store, b));
    REQUIRE(store.tag("docker.io/library/hello:v1", a.what()));
    REQUIRE(store.tag("hello:v2", a.what()));
    REQUIRE(store.tag("v1", b.what())); // a tag of no repository
    std::string const artifact = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described("{}", media_types::oci_empty)) + R"(,"layers":[]})";
    auto const what = described(artifact, media_types::oci_manifest);
    REQUIRE(put(store.writer(described("{}")), "{}"));
    REQUIRE(store.put_document(what, artifact));
    REQUIRE(store.tag("artifact", what));
    REQUIRE(store.complete());
    auto const layer = [](image const& i) { return R"(,"Layers":["blobs/sha256/)" + hex_of(i.layer) + R"("]})"; };
    auto const expected = R"([{"Config":"blobs/sha256/)" + hex_of(a.config) + R"(","RepoTags":["docker.io/library/hello:v1","docker.io/library/hello:v2"])" + layer(a) +
                          R"(,{"Config":"blobs/sha256/)" + hex_of(b.config) + R"(","RepoTags":[])" + layer(b) + ']';
    CHECK(f.read("x.tar").find(expected) != std::string::npos);
    CHECK(listed(f, "x.tar").starts_with("oci-layout\nindex.json\nmanifest.json\nblobs/\n"));
    auto read = oci_archive::open(f.str("x.tar")).value();
    CHECK(read.resolve("docker.io/library/hello:v2").value().digest == a.what().digest);
    CHECK(read.resolve("hello:v1").value().digest == a.what().digest);
}

TEST_CASE("oci_archive: blobs of other algorithms have folders of their own, and external layers may be absent", "[store][AR01][AR36]") {
    folder f;
    image a("a");
    auto const long_digest = digest_of<openssl_hash>(a.layer, digest_algorithm::sha512).value();
    descriptor layer(std::string(media_types::oci_layer), long_digest, static_cast<std::int64_t>(a.layer.size()));
    descriptor foreign(std::string(media_types::docker_layer_foreign), described("elsewhere").digest, 9);
    std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(a.config, media_types::oci_config)) +
                                 R"(,"layers":[)" + text_of(foreign) + ',' + text_of(layer) + "]}";
    auto const what = described(manifest, media_types::oci_manifest);
    auto store = oci_archive::create(f.str("x.tar")).value();
    REQUIRE(put(store.writer(layer), a.layer));
    REQUIRE(put(store.writer(described(a.config)), a.config));
    REQUIRE(store.put_document(what, manifest));
    REQUIRE(store.tag("a", what));
    REQUIRE(store.complete());
    CHECK(listed(f, "x.tar") == "oci-layout\nindex.json\nblobs/\nblobs/sha256/\nblobs/sha512/\n" + blob_name(manifest) + '\n' + blob_name(a.config) + "\nblobs/sha512/" + long_digest.hex() + '\n');
    auto read = oci_archive::open(f.str("x.tar")).value();
    memory_sink sink(1000);
    CHECK(read.read(layer, sink));
    CHECK(read.read(foreign, sink).error() == errc::external_layer);
}

TEST_CASE("oci_archive: a full disk leaves nothing under the name", "[store][HX07]") {
    folder f;
    image const a("a");
    auto store = oci_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(store.tag("a", a.what()));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const handler = ::signal(SIGXFSZ, SIG_IGN);
    for (rlim_t const most : {0u, 512u, 1000u, 4096u}) { // a file can get no larger: EFBIG
        rlimit small = before;
        small.rlim_cur = most;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        auto const done = store.complete();
        ::setrlimit(RLIMIT_FSIZE, &before);
        CHECK(done.error() == errc::disk_full);
        CHECK_FALSE(fs::exists(f.path / "x.tar"));
    }
    ::signal(SIGXFSZ, handler);
    CHECK(store.complete());
    CHECK(oci_archive::open(f.str("x.tar")).value().resolve("a"));
}

TEST_CASE("oci_archive: several threads may read, and write, at once", "[store][AR03]") {
    folder f;
    std::vector<std::string> layers;
    for (int i = 0; i < 8; ++i) layers.push_back((std::string(200'000, static_cast<char>('a' + i))));
    std::string list;
    for (auto const& l : layers) list += (list.empty() ? "" : ",") + text_of(described(l));
    image const a("a");
    std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(a.config, media_types::oci_config)) +
                                 R"(,"layers":[)" + list + "]}";
    auto store = oci_archive::create(f.str("x.tar")).value();
    std::atomic<int> good{0};
    {
        std::vector<std::thread> lanes;
        for (auto const& l : layers) lanes.emplace_back([&, store]() mutable { good += put(store.writer(described(l)), l).has_value(); });
        for (auto& t : lanes) t.join();
    }
    REQUIRE(good == 8);
    REQUIRE(put(store.writer(described(a.config)), a.config));
    REQUIRE(store.put_document(described(manifest), manifest));
    REQUIRE(store.tag("a", described(manifest, media_types::oci_manifest)));
    REQUIRE(store.complete());
    auto read = oci_archive::open(f.str("x.tar")).value();
    std::vector<std::thread> lanes;
    for (auto const& l : layers)
        lanes.emplace_back([&, read]() mutable {
            memory_sink sink(1 << 20);
            good += read.read(described(l), sink).has_value() && sink.bytes() == l;
        });
    for (auto& t : lanes) t.join();
    CHECK(good == 16);
}

} // namespace oci_archive_test
