// SPDX-License-Identifier: BSL-1.0
// Layouts are read: what is there, what is called how, and what is refused.
#include "catch.hpp"
#include "layout_files.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_layout.hpp>

#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace oci_layout_test {

using namespace lading;
using namespace layout_files;

static_assert(check_content_store<oci_layout>::ok);

namespace {

image const one("one"), two("two", "arm64");

std::string entry(image const& i, std::string const& name = {}) { return text_of(i.what(), name.empty() ? "" : named(name)); }

/// "ok", or the name of the code.
template <class T>
std::string code(result<T> const& r) {
    return r ? "ok" : std::string(name_of(r.error().kind()));
}
std::string opened(folder const& f, layout_options o = {}) { return code(oci_layout::open(f.str(), std::move(o))); }
/// Which of the images, or the name of the code.
std::string found(folder const& f, std::string_view words, layout_options o = {}) {
    auto store = oci_layout::open(f.str(), std::move(o));
    if (!store) return code(store);
    auto const what = store.value().resolve(words);
    if (!what) return code(what);
    return what.value().digest == one.what().digest ? "one" : what.value().digest == two.what().digest ? "two"
                                                                                                       : what.value().digest.str();
}
std::string read(oci_layout& store, descriptor const& what) {
    memory_sink out(1u << 20);
    auto const r = store.read(what, out);
    return r ? out.bytes() : code(r);
}

} // namespace

TEST_CASE("a layout says that it is one, of a version 1", "[store][LO01]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    CHECK(opened(f) == "ok");
    for (auto const* good : {"1.0.0", "1.1.0", "1.23.456"}) {
        f.write("oci-layout", R"({"imageLayoutVersion":")" + std::string(good) + "\"}");
        CHECK(opened(f) == "ok");
    }
    for (auto const* bad : {R"({"imageLayoutVersion":"2.0.0"})", R"({"imageLayoutVersion":"1"})", R"({"imageLayoutVersion":"1.x"})", R"({"imageLayoutVersion":1})",
                            R"({"imageLayoutVersion":"1.0.0.0"})", R"({})", R"([])", "", "{"}) {
        INFO(bad);
        f.write("oci-layout", bad);
        CHECK(opened(f) == "layout_invalid");
    }
    fs::remove(f.path / "oci-layout");
    CHECK(opened(f) == "layout_invalid");
    CHECK(code(oci_layout::open(f.str("none"))) == "layout_invalid");
}

TEST_CASE("what else is in a layout is nobody's business", "[store][LO02]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    f.write("oci-layout", R"({"imageLayoutVersion":"1.0.0","com.example":{"x":[1]}})");
    f.write("README", "hello");
    f.write("blobs/sha256/notes.txt", "hello");
    f.write("blobs/md5/x", "hello");
    f.write("extra/index.json", "{");
    CHECK(found(f, "v1") == "one");
}

TEST_CASE("an index is an index", "[store][LO03]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    auto const with = [&](std::string const& text) {
        f.write("index.json", text);
        return opened(f);
    };
    CHECK(with("{}") == "layout_invalid");
    CHECK(with("[]") == "layout_invalid");
    CHECK(with(R"({"manifests":{}})") == "layout_invalid");
    CHECK(with(R"({"manifests":[)") == "layout_invalid");
    CHECK(with(R"({"manifests":[],"manifests":[]})") == "layout_invalid");
    CHECK(with(R"({"schemaVersion":2,"manifests":[],"layers":[]})") == "manifest_ambiguous");
    CHECK(with(R"({"schemaVersion":2,"manifests":[]})") == "ok");
    CHECK(with(R"({"schemaVersion":2,"manifests":null})") == "ok"); // as Go writes an empty list
    CHECK(with(R"({"schemaVersion":2,"manifests":[]})" + std::string((4u << 20) - 34, ' ')) == "ok");
    CHECK(with(R"({"schemaVersion":2,"manifests":[]})" + std::string((4u << 20) - 33, ' ')) == "layout_invalid");
    fs::remove(f.path / "index.json");
    CHECK(opened(f) == "layout_invalid");
}

TEST_CASE("an index need not say its type", "[store][LO04]") {
    folder f;
    write_layout(f, {one}, {});
    f.write("index.json", R"({"schemaVersion":2,"manifests":[)" + entry(one, "v1") + "]}");
    CHECK(found(f, "v1") == "one");
}

TEST_CASE("an entry of an unknown type is listed like any", "[store][LO05]") {
    folder f;
    std::string const other = "not JSON at all";
    write_layout(f, {one}, {entry(one, "v1"), text_of(described(other, "application/x-thing"), named("thing"))});
    f.write(blob_name(other), other);
    auto store = oci_layout::open(f.str()).value();
    auto const what = store.resolve("thing").value();
    CHECK(what.media_type == "application/x-thing");
    CHECK(store.document(what).value() == other);
    CHECK(store.names().value() == std::vector<std::string>{"v1", "thing"});
}

TEST_CASE("without a name the only image is meant", "[store][LO06]") {
    folder f;
    write_layout(f, {one}, {entry(one)});
    CHECK(found(f, "") == "one");
    f.write("index.json", index_of({entry(one, "v1")}));
    CHECK(found(f, "") == "one");
    f.write("index.json", index_of({entry(one, "v1"), entry(one, "v2")})); // one image of two names
    CHECK(found(f, "") == "one");
}

TEST_CASE("without a name, of several the latest is meant", "[store][LO07]") {
    folder f;
    write_layout(f, {one, two}, {entry(one, "v1"), entry(two, "latest")});
    CHECK(found(f, "") == "two");
    f.write("index.json", index_of({entry(one, "v1"), entry(two, "v2")}));
    auto const e = oci_layout::open(f.str()).value().resolve("").error();
    CHECK(e == errc::tag_ambiguous);
    CHECK(e.detail().available == std::vector<std::string>{"v1", "v2"});
    f.write("index.json", index_of({entry(one, "latest"), entry(two, "latest")}));
    CHECK(found(f, "") == "tag_ambiguous");
    f.write("index.json", index_of({}));
    CHECK(found(f, "") == "manifest_unknown");
}

TEST_CASE("a name is found byte for byte", "[store][LO08]") {
    folder f;
    write_layout(f, {one, two}, {entry(one, "v1"), entry(two, "V1")});
    CHECK(found(f, "v1") == "one");
    CHECK(found(f, "V1") == "two");
    CHECK(found(f, "v") == "manifest_unknown");
    CHECK(found(f, "v1 ") == "manifest_unknown");
    f.write("index.json", index_of({entry(one, "docker.io/library/app:v1"), entry(two, "v1")}));
    CHECK(found(f, "v1") == "two"); // before any that only ends so
    CHECK(found(f, "docker.io/library/app:v1") == "one");
    auto const e = oci_layout::open(f.str()).value().resolve("v9").error();
    CHECK(e.detail().available == std::vector<std::string>{"docker.io/library/app:v1", "v1"});
}

TEST_CASE("the tag of a whole name finds it, if it is the only one", "[store][LO09]") {
    folder f;
    write_layout(f, {one, two}, {entry(one, "docker.io/library/app:v1"), entry(two, "docker.io/library/app:v2")});
    CHECK(found(f, "v1") == "one");
    CHECK(found(f, "1") == "manifest_unknown");
    f.write("index.json", index_of({entry(one, "a/app:v1"), entry(two, "b/app:v1")}));
    CHECK(found(f, "v1") == "tag_ambiguous");
    f.write("index.json", index_of({text_of(one.what(), R"(,"annotations":{"io.containerd.image.name":"docker.io/library/app:v1"})"), entry(two, "v2")}));
    CHECK(found(f, "v1") == "one");
    auto store = oci_layout::open(f.str()).value();
    CHECK(store.resolve("v1").value().annotations.at("io.containerd.image.name") == "docker.io/library/app:v1"); // what it is called
    memory_store to; // and that it was not asked for so
    auto const odd = copy(store, "v1", to, "v1").value().warnings;
    REQUIRE(odd.size() == 1);
    CHECK(odd[0].code == warning_code::name_completed);
    CHECK(odd[0].text == "v1 is docker.io/library/app:v1");
    CHECK(copy(store, "v2", to, "v2").value().warnings.empty());
    f.write("index.json", index_of({entry(one, "docker.io/library/app:v1")}));
    CHECK(copy(store, "v1", to, "v1").value().warnings.size() == 1);
    CHECK(copy(store, "docker.io/library/app:v1", to, "v1").value().warnings.empty());
}

TEST_CASE("a digest finds an entry, or a document that none lists", "[store][LO10]") {
    folder f;
    write_layout(f, {one, two}, {entry(one, "v1")});
    CHECK(found(f, one.what().digest.str()) == "one");
    CHECK(found(f, "@" + one.what().digest.str()) == "one");
    CHECK(found(f, "v1@" + one.what().digest.str()) == "one");
    CHECK(found(f, two.what().digest.str()) == "two");
    auto store = oci_layout::open(f.str()).value();
    auto const unlisted = store.resolve(two.what().digest.str()).value();
    CHECK(unlisted.media_type == media_types::oci_manifest);
    CHECK(unlisted.size == two.what().size);
    CHECK(found(f, described(one.config).digest.str()) == "manifest_unknown"); // it is there, and no manifest
    CHECK(found(f, described(one.layer).digest.str()) == "json_syntax");
    CHECK(found(f, described("nowhere").digest.str()) == "manifest_unknown");
}

TEST_CASE("an image is found by its position", "[store][LO11]") {
    folder f;
    write_layout(f, {one, two}, {entry(one), entry(two)});
    CHECK(found(f, "@0") == "one");
    CHECK(found(f, "@1") == "two");
    CHECK(found(f, "@2") == "manifest_unknown");
    CHECK(found(f, "@18446744073709551616") == "manifest_unknown");
    CHECK(found(f, "@") == "manifest_unknown");
}

TEST_CASE("one name of two images is no name", "[store][LO12]") {
    folder f;
    write_layout(f, {one, two}, {entry(one, "v1"), entry(two, "v1")});
    auto const e = oci_layout::open(f.str()).value().resolve("v1").error();
    CHECK(e == errc::tag_ambiguous);
    CHECK(e.detail().available == std::vector<std::string>{"@0 " + one.what().digest.str(), "@1 " + two.what().digest.str()});
    f.write("index.json", index_of({entry(one, "v1"), entry(one, "v1")})); // the same twice
    CHECK(found(f, "v1") == "one");
}

TEST_CASE("what is no digest is no path", "[store][LO13]") {
    folder f;
    f.write("secret", one.manifest);
    folder inside(f.path / "layout");
    auto with = [&](std::string const& d) {
        write_layout(inside, {}, {R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":)" + std::to_string(one.manifest.size()) + R"(,"digest":")" + d + R"(","annotations":{"org.opencontainers.image.ref.name":"v1"}})"});
        return found(inside, "@0");
    };
    CHECK(with("sha256:../../../secret") == "descriptor_invalid");
    CHECK(with("sha256:" + std::string(64, 'A')) == "descriptor_invalid");
    CHECK(with("../secret") == "descriptor_invalid");
    CHECK(with("") == "descriptor_invalid");
    CHECK(with("md5:d41d8cd98f00b204e9800998ecf8427e") == "digest_unsupported");
    CHECK(found(inside, "sha256:../../../secret") == "digest_invalid");
}

TEST_CASE("every read is hashed", "[store][LO14]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    auto store = oci_layout::open(f.str()).value();
    CHECK(read(store, described(one.layer)) == one.layer);
    auto changed = one.layer;
    changed[3] ^= 1;
    f.write(blob_name(one.layer), changed);
    CHECK(read(store, described(one.layer)) == "digest_mismatch");
    f.write(blob_name(one.layer), one.layer + "x");
    CHECK(read(store, described(one.layer)) == "size_mismatch");
    f.write(blob_name(one.layer), "");
    CHECK(read(store, described(one.layer)) == "size_mismatch");
    // Where nobody knows the size the digest decides.
    auto unsized_ = described(one.layer);
    unsized_.size = -1;
    CHECK(read(store, unsized_) == "digest_mismatch");
    f.write(blob_name(one.layer), one.layer);
    CHECK(read(store, unsized_) == one.layer);

    f.write(blob_name(one.manifest), two.manifest);
    CHECK(code(store.document(one.what())) == (one.manifest.size() == two.manifest.size() ? "digest_mismatch" : "size_mismatch"));
    f.write(blob_name(one.manifest), std::string(one.manifest.size(), ' '));
    CHECK(code(store.document(one.what())) == "digest_mismatch");
    CHECK(code(store.resolve(one.what().digest.str())) == "ok"); // an entry: known without reading
}

TEST_CASE("blobs are regular files", "[store][LO15]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    auto store = oci_layout::open(f.str()).value();
    auto const at = f.path / blob_name(one.layer);
    f.write("elsewhere", one.layer);
    auto const in_place = [&](auto const& make) {
        fs::remove_all(at);
        make();
        return read(store, described(one.layer));
    };
    CHECK(in_place([&] { fs::create_symlink(f.path / "elsewhere", at); }) == "path_refused");
    CHECK(code(store.has(described(one.layer))) == "path_refused");
    CHECK(in_place([&] { REQUIRE(::mkfifo(at.c_str(), 0600) == 0); }) == "path_refused");
    CHECK(in_place([&] { fs::create_directory(at); }) == "path_refused");
    if (::geteuid() == 0) CHECK(in_place([&] { (void)::mknod(at.c_str(), S_IFCHR | 0600, ::makedev(1, 3)); }) == "path_refused");
    CHECK(in_place([&] { fs::create_hard_link(f.path / "elsewhere", at); }) == one.layer); // a file like any, and its digest holds
    CHECK(in_place([&] {}) == "blob_unknown");

    fs::create_symlink(f.path / "elsewhere", at);
    auto follows = oci_layout::open(f.str(), layout_options().with_blob_links()).value();
    CHECK(read(follows, described(one.layer)) == one.layer);
    fs::remove(at);
    REQUIRE(::mkfifo((f.path / "pipe").c_str(), 0600) == 0);
    fs::create_symlink(f.path / "pipe", at);
    CHECK(read(follows, described(one.layer)) == "path_refused");
}

TEST_CASE("a layout need not have everything that it lists", "[store][LO16]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1"), entry(two, "v2")});
    auto store = oci_layout::open(f.str()).value();
    CHECK(store.names().value() == std::vector<std::string>{"v1", "v2"});
    CHECK(found(f, "v2") == "two");
    CHECK(code(store.document(two.what())) == "manifest_unknown");
    CHECK(read(store, described(two.layer)) == "blob_unknown");
    CHECK_FALSE(store.has(two.what()).value());
    CHECK(store.document(one.what()).value() == one.manifest);
    fs::remove_all(f.path / "blobs"); // nor a folder of them
    CHECK(read(store, described(one.layer)) == "blob_unknown");
    auto bare = oci_layout::open(f.str()).value();
    CHECK(read(bare, described(one.layer)) == "blob_unknown");
}

TEST_CASE("an index within the index is a document like any", "[store][LO17]") {
    folder f;
    auto const inner = index_of({entry(one), entry(two)});
    write_layout(f, {one, two}, {text_of(described(inner, media_types::oci_index), named("v1"))});
    f.write(blob_name(inner), inner);
    auto store = oci_layout::open(f.str()).value();
    auto const what = store.resolve("v1").value();
    CHECK(what.media_type == media_types::oci_index);
    CHECK(store.document(what).value() == inner);
    CHECK(found(f, two.what().digest.str()) == "two"); // listed by the inner one only
}

TEST_CASE("blobs may be in a folder that layouts share", "[store][LO18]") {
    folder f;
    write_layout(f, {}, {entry(one, "v1")});
    folder const shared;
    for (auto const& b : one.blobs()) shared.write("sha256/" + hex_of(b), b);
    CHECK(code(oci_layout::open(f.str()).value().document(one.what())) == "manifest_unknown");
    auto store = oci_layout::open(f.str(), layout_options().with_shared_blobs(shared.str())).value();
    CHECK(store.document(one.what()).value() == one.manifest);
    CHECK(read(store, described(one.layer)) == one.layer);
    REQUIRE(put_image(store, two, "v2"));
    CHECK(shared.read("sha256/" + hex_of(two.layer)) == two.layer);
    CHECK(f.list() == std::vector<std::string>{".lading.lock", "index.json", "oci-layout"});
}

TEST_CASE("links, pipes and devices in the place of a layout's files are refused", "[store][HX01]") {
    for (std::string const name : {"index.json", "oci-layout", "blobs"}) {
        INFO(name);
        folder f;
        write_layout(f, {one}, {entry(one, "v1")});
        auto const at = f.path / name;
        fs::rename(at, f.path / "moved");
        fs::create_symlink("moved", at);
        CHECK(opened(f) == "path_refused");
        CHECK(code(oci_layout::create(f.str())) == "path_refused");
        fs::remove(at);
        REQUIRE(::mkfifo(at.c_str(), 0600) == 0); // nobody is waited for
        CHECK(opened(f) == "path_refused");
        fs::remove(at);
        if (::geteuid() == 0 && ::mknod(at.c_str(), S_IFCHR | 0600, ::makedev(1, 5)) == 0) {
            CHECK(opened(f) == "path_refused");
            fs::remove(at);
        }
        if (name == "blobs") f.write("blobs", "a file");
        else fs::create_directory(at);
        CHECK(opened(f) == "path_refused");
    }
    folder f; // a folder of blobs, and the lock
    write_layout(f, {one}, {entry(one, "v1")});
    fs::rename(f.path / "blobs/sha256", f.path / "moved");
    fs::create_directory_symlink(f.path / "moved", f.path / "blobs/sha256");
    auto store = oci_layout::open(f.str()).value();
    CHECK(code(store.document(one.what())) == "path_refused");
    CHECK(code(store.writer(described("x"))) == "path_refused");
    fs::remove(f.path / "blobs/sha256");
    fs::rename(f.path / "moved", f.path / "blobs/sha256");
    f.write("victim", "precious");
    fs::create_symlink("victim", f.path / ".lading.lock");
    CHECK(code(store.tag("v2", one.what())) == "path_refused");
    fs::remove(f.path / ".lading.lock");
    REQUIRE(::mkfifo((f.path / ".lading.lock").c_str(), 0600) == 0);
    CHECK(code(store.tag("v2", one.what())) == "path_refused");
    CHECK(f.read("victim") == "precious");
}

TEST_CASE("an index has a bound of entries", "[store][HX02]") {
    folder f;
    auto const with = [&](std::size_t n, std::string const& e, layout_options o = {}) {
        write_layout(f, {}, std::vector<std::string>(n, e));
        return opened(f, std::move(o));
    };
    CHECK(with(4096, entry(one)) == "ok");
    CHECK(with(4097, entry(one)) == "manifest_limit");
    CHECK(with(100'000, "{}") == "manifest_limit");
    CHECK(with(100'000, R"({"size":1})") == "manifest_limit");
    CHECK(with(20'000, entry(one, "v1"), layout_options().with_entries(65'536)) == "ok"); // 5 MB
    CHECK(with(65'537, "{}", layout_options().with_entries(65'536)) == "manifest_limit");
}

TEST_CASE("a size that is none, or not the file's, is said, and nothing is made room for", "[store][HX03]") {
    folder f;
    auto const with = [&](std::string const& size) {
        write_layout(f, {one}, {R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","size":)" + size + R"(,"digest":")" + one.what().digest.str() + R"("})", entry(two, "v2")});
        auto store = oci_layout::open(f.str()).value();
        CHECK(found(f, "v2") == "two"); // one bad entry does not hide the others
        auto const what = store.resolve("@0");
        return what ? code(store.document(what.value())) : code(what);
    };
    CHECK(with("-1") == "descriptor_invalid");
    CHECK(with("\"5\"") == "descriptor_invalid");
    CHECK(with("1.5") == "descriptor_invalid");
    CHECK(with("9223372036854775808") == "descriptor_invalid");
    CHECK(with("4611686018427387904") == "size_mismatch");
    CHECK(with("10") == "size_mismatch");
    auto store = oci_layout::open(f.str()).value();
    auto huge = described(one.layer);
    huge.size = std::int64_t{1} << 62;
    CHECK(read(store, huge) == "size_mismatch");
}

TEST_CASE("a document that lists itself is not what its name says", "[store][HX04]") {
    folder f;
    auto const loop = index_of({text_of(one.what())});
    auto what = one.what();
    what.size = static_cast<std::int64_t>(loop.size());
    what.media_type = media_types::oci_index;
    write_layout(f, {}, {text_of(what, named("v1"))});
    f.write(blob_name(one.manifest), loop); // lists its own name
    auto store = oci_layout::open(f.str()).value();
    CHECK(code(store.document(store.resolve("v1").value())) == "digest_mismatch");
    garbage_options old;
    old.blobs = std::chrono::seconds(-1);
    CHECK(code(store.gc(old)) == "layout_invalid");
}

TEST_CASE("an image whose blob is changed while it is copied is not named at the other place", "[store][copy][HX05]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    auto from = oci_layout::open(f.str()).value();
    memory_store to;
    bool changed = false;
    auto const change = [&](transfer_event const& e) {
        if (e.what.digest != described(one.layer).digest || std::exchange(changed, true)) return;
        f.write(blob_name(one.layer), std::string(one.layer.size(), 'x')); // when it is begun
    };
    CHECK(code(copy(from, "v1", to, "v1", copy_options().with_lanes(1).with_observer(change))) == "digest_mismatch");
    CHECK(changed);
    CHECK(to.names().value().empty());
    CHECK_FALSE(to.has(described(one.layer)).value());
    f.write(blob_name(one.layer), one.layer);
    CHECK(code(copy(from, "v1", to, "v1")) == "ok");
}

TEST_CASE("a blob that is changed while it is read is not passed for what it was", "[store][HX05]") {
    folder f;
    write_layout(f, {}, {});
    std::string const big(3u << 20, 'a');
    f.write(blob_name(big), big);
    auto store = oci_layout::open(f.str()).value();
    struct changing final : blob_sink {
        explicit changing(std::string where) : path(std::move(where)) {}
        result<void> begin() override { return success(); }
        result<void> write(std::span<std::byte const> piece) override {
            if (taken == 0) {
                std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
                file.seekp(2u << 20);
                file << "changed";
            }
            taken += piece.size();
            return success();
        }
        result<void> commit() override { return committed = true, success(); }
        void discard() noexcept override { discarded = true; }
        std::string path;
        std::size_t taken = 0;
        bool committed = false, discarded = false;
    };
    changing out(f.str(blob_name(big)));
    CHECK(code(store.read(described(big), out)) == "digest_mismatch");
    CHECK(out.discarded);
    CHECK_FALSE(out.committed);
    // Replaced by a rename: what was opened is what is read, whole.
    f.write("other", std::string(big.size(), 'b'));
    f.write(blob_name(big), big);
    struct replacing final : blob_sink {
        explicit replacing(folder const& f) : f_(f) {}
        result<void> begin() override { return fs::rename(f_.path / "other", f_.path / blob_name(std::string(3u << 20, 'a'))), success(); }
        result<void> write(std::span<std::byte const>) override { return success(); }
        result<void> commit() override { return success(); }
        void discard() noexcept override {}
        folder const& f_;
    } replaced(f);
    CHECK(code(store.read(described(big), replaced)) == "ok");
    CHECK(code(store.read(described(big), out)) == "digest_mismatch");
}

TEST_CASE("a read that is to stop stops", "[store][layout]") {
    folder f;
    write_layout(f, {one}, {entry(one, "v1")});
    auto store = oci_layout::open(f.str()).value();
    std::stop_source stop;
    stop.request_stop();
    memory_sink out(1u << 20);
    CHECK(code(store.read(described(one.layer), out, stop.get_token())) == "cancelled");
    CHECK(out.bytes().empty());
    struct stopping final : blob_sink { // with the last byte: it is not committed any more
        result<void> begin() override { return success(); }
        result<void> write(std::span<std::byte const>) override { return stop.request_stop(), success(); }
        result<void> commit() override { return ++committed, success(); }
        void discard() noexcept override { ++discarded; }
        void suspend() noexcept override { ++suspended; }
        std::stop_source stop;
        int committed = 0, discarded = 0, suspended = 0;
    } last;
    CHECK(code(store.read(described(one.layer), last, last.stop.get_token())) == "cancelled");
    CHECK(last.committed == 0);
    CHECK(last.discarded == 0);
    CHECK(last.suspended == 1);
}

} // namespace oci_layout_test
