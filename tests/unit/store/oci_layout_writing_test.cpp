// SPDX-License-Identifier: BSL-1.0
// Layouts are written: the bytes, their order, the index that is merged, several writers, no room.
#include "catch.hpp"
#include "layout_files.hpp"

#include <lading/store/oci_layout.hpp>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace oci_layout_writing_test {

using namespace lading;
using namespace layout_files;

namespace {

image const one("one"), two("two", "arm64");

template <class T>
std::string code(result<T> const& r) {
    return r ? "ok" : std::string(name_of(r.error().kind()));
}
std::string entry(image const& i, std::string const& more = {}) {
    auto const architecture = &i == &two ? "arm64" : "amd64";
    return text_of(i.what(), more + R"(,"platform":{"architecture":")" + std::string(architecture) + R"(","os":"linux"})");
}
oci_layout made(folder const& f, layout_options o = {}) { return oci_layout::create(f.str(), std::move(o)).value(); }

/// A layout of these entries with the files of both images.
oci_layout with(folder const& f, std::vector<std::string> const& entries, layout_options o = {}) {
    write_layout(f, {one, two}, entries);
    return oci_layout::open(f.str(), std::move(o)).value();
}
/// Old enough for nobody to be about to need it.
void make_old(fs::path const& file, std::chrono::hours age = std::chrono::hours(2)) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - age);
}

} // namespace

TEST_CASE("a new layout has the bytes of one", "[store][LO20]") {
    folder f;
    auto store = made(f);
    CHECK(f.list() == std::vector<std::string>{".lading.lock", "index.json", "oci-layout"});
    CHECK(f.read("oci-layout") == R"({"imageLayoutVersion":"1.0.0"})");
    CHECK(hex_of(f.read("oci-layout")).starts_with("18f0797e"));
    CHECK(f.read("index.json") == index_of({}));
    REQUIRE(put_image(store, one, "v1"));
    CHECK(f.read("index.json") == index_of({entry(one, named("v1"))}));
    for (auto const& b : one.blobs()) CHECK(f.read(blob_name(b)) == b);
    CHECK(f.list().size() == 6);
    // Folders on the way are made; a valid one is left as it is.
    REQUIRE(oci_layout::create(f.str("a/b/c")));
    f.write("a/b/c/oci-layout", R"({ "imageLayoutVersion" : "1.0.0" })");
    REQUIRE(oci_layout::create(f.str("a/b/c")));
    CHECK(f.read("a/b/c/oci-layout") == R"({ "imageLayoutVersion" : "1.0.0" })");
}

TEST_CASE("the index is last: a name leads to nothing that is not there", "[store][LO20]") {
    folder f;
    auto store = made(f);
    auto const before = f.read("index.json");
    CHECK(code(store.tag("v1", one.what())) == "manifest_unknown");
    REQUIRE(put(store.writer(described(one.layer)), one.layer));
    REQUIRE(put(store.writer(described(one.config)), one.config));
    REQUIRE(store.put_document(one.what(), one.manifest));
    CHECK(f.read("index.json") == before);
    REQUIRE(store.tag("v1", one.what()));
    CHECK(f.read("index.json") != before);
    // What a killed program leaves of the making can be gone on with.
    folder g;
    g.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    CHECK(code(oci_layout::open(g.str())) == "layout_invalid");
    CHECK(code(oci_layout::create(g.str())) == "ok");
    folder h;
    h.write(".lading.lock", "");
    h.write(".oci-layout.1-2-3.part", "{");
    CHECK(code(oci_layout::create(h.str())) == "ok");
}

TEST_CASE("a blob has its name when it is whole, and an existing one is not trusted blindly", "[store][LO21]") {
    folder f;
    auto store = made(f);
    std::string const bytes(200'000, 'b');
    auto const what = described(bytes);
    auto const part = "blobs/sha256/." + hex_of(bytes) + ".part";
    {
        auto const out = store.writer(what).value();
        REQUIRE(out->begin());
        REQUIRE(out->write(std::as_bytes(std::span(std::string_view(bytes).substr(0, 150'000)))));
        CHECK(f.read(part).size() == 150'000);
        CHECK_FALSE(fs::exists(f.path / blob_name(bytes)));
        struct stat about{};
        REQUIRE(::stat(f.str(part).c_str(), &about) == 0);
        CHECK((about.st_mode & 0777) == 0600);
        out->suspend();
    }
    CHECK(f.read(part).size() == 150'000);
    {
        auto const out = store.writer(what).value();
        std::string kept;
        CHECK(out->resume(what.size, [&](std::span<std::byte const> b) { kept.append(reinterpret_cast<char const*>(b.data()), b.size()); return true; }).value() == 150'000);
        CHECK(kept == bytes.substr(0, 150'000));
        REQUIRE(out->write(std::as_bytes(std::span(std::string_view(bytes).substr(150'000)))));
        CHECK_FALSE(fs::exists(f.path / blob_name(bytes)));
        REQUIRE(out->commit());
    }
    CHECK(f.read(blob_name(bytes)) == bytes);
    CHECK_FALSE(fs::exists(f.path / part));
    CHECK(store.has(what).value());

    // Others' files are hashed before they count; of a large one the size is enough.
    auto const there = [&](std::string const& as, layout_options o = {}) {
        f.write(blob_name(bytes), as);
        return oci_layout::open(f.str(), std::move(o)).value().has(what).value();
    };
    layout_options trusting;
    trusting.verify_existing = bytes.size();
    CHECK(there(bytes));
    CHECK_FALSE(there(bytes + 'b'));
    CHECK_FALSE(there(std::string(bytes.size(), 'c')));
    CHECK(there(std::string(bytes.size(), 'c'), trusting));
    CHECK_FALSE(there("", trusting));
    REQUIRE(put(oci_layout::open(f.str()).value().writer(what), bytes)); // replaced
    CHECK(f.read(blob_name(bytes)) == bytes);
}

TEST_CASE("a blob that turns out wrong leaves nothing", "[store][LO21]") {
    folder f;
    auto store = made(f);
    auto const out = store.writer(described("x")).value();
    REQUIRE(out->begin());
    REQUIRE(out->write(std::as_bytes(std::span(std::string_view("y")))));
    out->discard();
    CHECK(f.list() == std::vector<std::string>{".lading.lock", "index.json", "oci-layout"});
    CHECK_FALSE(store.has(described("x")).value());
}

TEST_CASE("a document is never written in place", "[store][LO22]") {
    folder f;
    auto store = made(f);
    f.write(blob_name(one.manifest), "half");
    auto const old = ::open(f.str(blob_name(one.manifest)).c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(store.put_document(one.what(), one.manifest));
    char text[5] = {};
    CHECK(::pread(old, text, 4, 0) == 4);
    CHECK(std::string(text) == "half"); // who had it open has what was there
    ::close(old);
    CHECK(f.read(blob_name(one.manifest)) == one.manifest);
    CHECK(code(store.put_document(one.what(), two.manifest)).ends_with("_mismatch"));
    auto what = one.what();
    what.size += 1;
    CHECK(code(store.put_document(what, one.manifest)) == "size_mismatch");
    CHECK(code(store.put_document(described(std::string(one.manifest.size(), 'x')), one.manifest)) == "digest_mismatch");
    CHECK(f.list().size() == 4);
}

TEST_CASE("the index is a new file, and keeps what others have written into it", "[store][LO23]") {
    folder f;
    auto const odd = R"({"mediaType":"application/x","digest":5,"com.example":[1.50,null,{"b":1,"a":2}]})";
    auto const foreign = text_of(two.what(), R"(,"annotations":{"z":"1","a":"2"},"com.example.n":1e400)");
    write_layout(f, {one, two}, {});
    f.write("index.json", R"({"com.example":{"b":[1,2.50],"a":"<&>"},"schemaVersion":2,"manifests":[)" + std::string(odd) + "," + foreign +
                              R"(],"annotations":{"k":"v"},"mediaType":"application/vnd.oci.image.index.v1+json"})");
    auto const old = ::open(f.str("index.json").c_str(), O_RDONLY | O_CLOEXEC);
    struct stat before{}, after{};
    REQUIRE(::fstat(old, &before) == 0);
    auto store = oci_layout::open(f.str()).value();
    REQUIRE(store.tag("v1", one.what()));
    REQUIRE(::stat(f.str("index.json").c_str(), &after) == 0);
    CHECK(before.st_ino != after.st_ino);
    REQUIRE(::fstat(old, &after) == 0);
    CHECK(before.st_size == after.st_size);
    ::close(old);
    CHECK(f.read("index.json") == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" + std::string(odd) + "," + foreign + "," +
                                      entry(one, named("v1")) + R"(],"com.example":{"b":[1,2.50],"a":"\u003c\u0026\u003e"},"annotations":{"k":"v"}})");
    for (auto const& name : f.list()) CHECK_FALSE(name.ends_with(".part"));
}

TEST_CASE("a name leads to one image, and an image may have several", "[store][LO24]") {
    auto const merged = [](std::vector<std::string> const& old, std::string_view name, image const& i, layout_options o = {}) {
        folder f;
        auto store = with(f, old, std::move(o));
        REQUIRE(store.tag(name, i.what()));
        return f.read("index.json");
    };
    // It moves; who had it stays, without one.
    CHECK(merged({entry(one, named("v1"))}, "v1", two) == index_of({entry(one), entry(two, named("v1"))}));
    CHECK(merged({entry(one, named("v1")), entry(two, named("v2"))}, "v1", two) == index_of({entry(one), entry(two, named("v2")), entry(two, named("v1"))}));
    CHECK(merged({entry(one, named("v1")), entry(one, named("v1"))}, "v1", two) == index_of({entry(one), entry(one), entry(two, named("v1"))}));
    CHECK(merged({entry(one, named("v1"))}, "v1", two, layout_options().with_prune()) == index_of({entry(two, named("v1"))}));
    auto const annotated = entry(one, R"(,"annotations":{"k":"v","org.opencontainers.image.ref.name":"v1"})");
    CHECK(merged({annotated}, "v1", two, layout_options().with_prune()) == index_of({entry(one, R"(,"annotations":{"k":"v"})"), entry(two, named("v1"))}));
    // One without a name gets it, with all that it says.
    CHECK(merged({entry(two, named("b")), text_of(one.what(), R"(,"x":1,"annotations":{"k":"v"})")}, "new", one) ==
          index_of({entry(two, named("b")), text_of(one.what(), R"(,"x":1,"annotations":{"k":"v","org.opencontainers.image.ref.name":"new"})")}));
    // One that has another name stays, and a second entry has the new one.
    CHECK(merged({entry(one, named("a"))}, "b", one) == index_of({entry(one, named("a")), entry(one, named("b"))}));
    // It is so already.
    CHECK(merged({entry(one, named("a"))}, "a", one) == index_of({entry(one, named("a"))}));
    // What skopeo makes of these: [old unnamed, b, a], then "new" and "new2" of the old one.
    folder f;
    auto store = with(f, {entry(one), entry(two, named("b")), entry(two, named("a"))});
    REQUIRE(store.tag("new", one.what()));
    REQUIRE(store.tag("new2", one.what()));
    CHECK(f.read("index.json") == index_of({entry(one, named("new")), entry(two, named("b")), entry(two, named("a")), entry(one, named("new2"))}));
}

TEST_CASE("an image without a name is listed once", "[store][LO25]") {
    folder f;
    auto store = with(f, {entry(one, named("v1"))});
    REQUIRE(store.tag("", one.what()));
    CHECK(f.read("index.json") == index_of({entry(one, named("v1"))}));
    REQUIRE(store.tag("", two.what()));
    REQUIRE(store.tag("", two.what()));
    CHECK(f.read("index.json") == index_of({entry(one, named("v1")), entry(two)}));
}

TEST_CASE("an entry says type, digest, size, platform, artifact type and name, and no more", "[store][LO26]") {
    folder f;
    auto store = made(f);
    auto what = one.what();
    what.annotations.emplace("org.opencontainers.image.ref.name", "elsewhere");
    what.annotations.emplace("k", "v");
    what.urls.push_back("https://example.com/");
    one.put(f);
    REQUIRE(store.tag("v1", what));
    CHECK(f.read("index.json") == index_of({entry(one, named("v1"))}));
    // The platform of a descriptor counts before the config's; an index has none.
    auto const inner = index_of({text_of(one.what())});
    f.write(blob_name(inner), inner);
    REQUIRE(store.tag("v2", described(inner, media_types::oci_index)));
    std::string const artifact = R"({"schemaVersion":2,"artifactType":"application/x-model","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
                                 described("{}").digest.str() + R"(","size":2},"layers":[]})";
    f.write(blob_name(artifact), artifact);
    REQUIRE(store.tag("v3", described(artifact, media_types::oci_manifest)));
    two.put(f);
    what = two.what();
    what.platform = platform("linux", "arm", "v7");
    what.media_type.clear(); // known from the bytes
    what.size = -1;
    REQUIRE(store.tag("v4", what));
    CHECK(f.read("index.json") ==
          index_of({entry(one, named("v1")), text_of(described(inner, media_types::oci_index), named("v2")),
                    text_of(described(artifact, media_types::oci_manifest), R"(,"annotations":{"org.opencontainers.image.ref.name":"v3"},"artifactType":"application/x-model")"),
                    text_of(two.what(), named("v4") + R"(,"platform":{"architecture":"arm","os":"linux","variant":"v7"})")}));
    folder g;
    auto noted = made(g, layout_options().with_containerd_names());
    one.put(g);
    REQUIRE(noted.tag("docker.io/library/app:v1", one.what()));
    CHECK(g.read("index.json") == index_of({entry(one, R"(,"annotations":{"io.containerd.image.name":"docker.io/library/app:v1","org.opencontainers.image.ref.name":"docker.io/library/app:v1"})")}));
}

TEST_CASE("a name in a layout follows its grammar", "[store][LO27]") {
    folder f;
    auto store = with(f, {});
    for (auto const& good : std::vector<std::string>{"v1", "1.0.0", "a-b", "a--b", "a_b.c:d@e+f", "docker.io/library/app:v1", "A/B", std::string(255, 'x')}) {
        INFO(good);
        CHECK(code(store.tag(good, one.what())) == "ok");
        CHECK(store.resolve(good).value().digest == one.what().digest);
    }
    for (auto const& bad : std::vector<std::string>{"-a", "a-", "a---b", "a..b", "a/", "/a", "a//b", "a b", "a\n", "\x1b[2J", "\xc3\xa4", "a-_b", std::string(256, 'x')}) {
        INFO(bad);
        CHECK(code(store.tag(bad, one.what())) == "ref_invalid");
    }
}

TEST_CASE("the images of an index are blobs, and have no entry", "[store][LO28]") {
    folder f;
    auto store = made(f);
    auto const inner = index_of({entry(one), entry(two)});
    for (auto const* i : {&one, &two}) {
        REQUIRE(put(store.writer(described(i->layer)), i->layer));
        REQUIRE(put(store.writer(described(i->config)), i->config));
        REQUIRE(store.put_document(i->what(), i->manifest));
    }
    REQUIRE(store.put_document(described(inner, media_types::oci_index), inner));
    REQUIRE(store.tag("v1", described(inner, media_types::oci_index)));
    CHECK(f.read("index.json") == index_of({text_of(described(inner, media_types::oci_index), named("v1"))}));
}

TEST_CASE("the lock is waited for, and not for ever", "[store][LO30]") {
    folder f;
    auto store = with(f, {}, layout_options().with_lock_wait(std::chrono::milliseconds(20)));
    REQUIRE(store.tag("v1", one.what()));
    auto const held = ::open(f.str(".lading.lock").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(held, LOCK_EX) == 0);
    auto const before = f.read("index.json");
    auto const e = store.tag("v2", one.what()).error();
    CHECK(e == errc::layout_locked);
    CHECK(e.detail().expected == "at most 20 ms (layout_options::lock_wait)");
    CHECK(f.read("index.json") == before);
    CHECK(store.resolve("v1").value().digest == one.what().digest); // reading needs no lock
    REQUIRE(put(store.writer(described("x")), "x"));                  // nor do blobs
    auto patient = oci_layout::open(f.str()).value();
    bool named_too = false; // what a thread finds is checked when it is over
    std::thread other([&] { named_too = patient.tag("v2", one.what()).has_value(); });
    ::close(held);
    other.join();
    CHECK(named_too);
    CHECK(store.names().value() == std::vector<std::string>{"v1", "v2"});
}

TEST_CASE("two programs write fifty tags each into one layout, and there are a hundred", "[store][LO30]") {
    folder f;
    std::vector<::pid_t> children;
    for (int program = 0; program < 2; ++program) {
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            int status = 0;
            for (int i = 0; i < 50 && status == 0; ++i) {
                auto store = oci_layout::create(f.str("layout"), layout_options().with_durability(durability::none)); // each time anew: also the making is a race
                image const mine(std::to_string(i % 10)); // some blobs both write
                auto const done = store ? put_image(store.value(), mine, "p" + std::to_string(program) + "." + std::to_string(i)) : result<void>(store.error());
                if (!done) std::fputs((done.error().message() + '\n').c_str(), stderr), status = 1;
            }
            std::fflush(stderr);
            ::_exit(status);
        }
        children.push_back(child);
    }
    for (auto const child : children) {
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    auto store = oci_layout::open(f.str("layout")).value();
    auto const names = store.names().value();
    CHECK(names.size() == 100);
    for (auto const& name : names) CHECK(store.document(store.resolve(name).value()));
}

TEST_CASE("threads share a layout", "[store][LO30]") {
    folder f;
    auto store = made(f, layout_options().with_durability(durability::none));
    std::atomic<int> failed{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&, t] {
            auto mine = store; // the same layout
            for (int i = 0; i < 10; ++i)
                if (!put_image(mine, image(std::to_string(i)), "t" + std::to_string(t) + "." + std::to_string(i))) ++failed;
        });
    for (auto& t : all) t.join();
    CHECK(failed == 0);
    CHECK(store.names().value().size() == 40);
}

TEST_CASE("a reader sees the old index or the new one", "[store][LO31]") {
    folder f;
    auto store = made(f, layout_options().with_durability(durability::none));
    std::atomic<bool> over{false}, failed{false};
    std::atomic<int> seen{0};
    std::string wrong;
    std::thread reader([&] {
        std::size_t least = 0;
        do {
            auto opened = oci_layout::open(f.str());
            auto names = opened ? opened.value().names() : result<std::vector<std::string>>(opened.error());
            if (!names) wrong = names.error().message();
            else if (names.value().size() < least) wrong = "a name is gone";
            else least = names.value().size();
            for (std::size_t i = 0; names && i < names.value().size(); ++i)
                if (auto what = opened.value().resolve(names.value()[i]); !what || !opened.value().document(what.value())) wrong = "a name leads to nothing";
            ++seen;
            failed = !wrong.empty();
        } while (!over && !failed);
    });
    for (int i = 0; i < 30; ++i) {
        REQUIRE(put_image(store, image(std::to_string(i)), "v" + std::to_string(i)));
        auto const before = seen.load();
        while (seen == before && !failed) std::this_thread::yield();
    }
    over = true;
    reader.join();
    CHECK(wrong == "");
}

TEST_CASE("untagging removes an entry, and no blob", "[store][LO32]") {
    folder f;
    auto store = with(f, {entry(one, named("v1")), entry(two, named("v2")), entry(one, named("v3")), entry(two)});
    auto const files = f.list().size();
    REQUIRE(store.untag("v1"));
    CHECK(f.read("index.json") == index_of({entry(two, named("v2")), entry(one, named("v3")), entry(two)}));
    CHECK(code(store.untag("v1")) == "manifest_unknown");
    CHECK(code(store.untag("")) == "manifest_unknown");
    REQUIRE(store.untag(two.what().digest.str()));
    CHECK(f.read("index.json") == index_of({entry(one, named("v3"))}));
    CHECK(f.list().size() == files + 1); // the lock
}

TEST_CASE("what nothing leads to is removed when it is old", "[store][LO33]") {
    folder f;
    image const three("three");
    auto const inner = index_of({text_of(two.what())}), outer = index_of({text_of(described(inner, media_types::oci_index))});
    write_layout(f, {one, two, three}, {entry(one, named("v1")), text_of(described(outer, media_types::oci_index), named("v2"))});
    f.write(blob_name(inner), inner);
    f.write(blob_name(outer), outer);
    f.write("blobs/sha256/notes.txt", "mine");
    f.write("blobs/sha256/" + std::string(64, 'A'), "mine");
    auto const part = "blobs/sha256/." + hex_of("part") + ".part", recent = "blobs/sha256/." + hex_of("recent") + ".part";
    f.write(part, "p"), f.write(recent, "p");
    f.write(".index.json.1-2-3.part", "{"); // of a writer that was killed
    for (auto const& name : f.list())
        if (name.starts_with("blobs/")) make_old(f.path / name);
    make_old(f.path / part, std::chrono::hours(15 * 24));
    f.write(blob_name("young"), "young");
    auto store = oci_layout::open(f.str()).value();
    auto const done = store.gc().value();
    CHECK(done.files == 5);
    CHECK(done.bytes == three.layer.size() + three.config.size() + three.manifest.size() + 2);
    CHECK_FALSE(fs::exists(f.path / ".index.json.1-2-3.part"));
    for (auto const* i : {&one, &two})
        for (auto const& b : i->blobs()) CHECK(f.read(blob_name(b)) == b);
    for (auto const& b : three.blobs()) CHECK_FALSE(fs::exists(f.path / blob_name(b)));
    CHECK(f.read("blobs/sha256/notes.txt") == "mine");
    CHECK(fs::exists(f.path / recent));
    CHECK_FALSE(fs::exists(f.path / part));
    CHECK(fs::exists(f.path / blob_name("young")));
    CHECK(store.gc().value().files == 0);
}

TEST_CASE("nothing is removed while it is not known what is in use", "[store][LO33]") {
    folder f;
    image const three("three");
    auto const gc = [&](std::string const& bytes, garbage_options o = {}) {
        write_layout(f, {one, three}, {entry(one, named("v1")), text_of(described(bytes, media_types::oci_index))});
        f.write(blob_name(bytes), bytes);
        for (auto const& name : f.list())
            if (name.starts_with("blobs/")) make_old(f.path / name);
        auto const done = oci_layout::open(f.str()).value().gc(o);
        return done ? std::to_string(done.value().files) : code(done);
    };
    garbage_options force;
    force.force = true;
    CHECK(gc("no JSON") == "layout_invalid");
    CHECK(fs::exists(f.path / blob_name(three.layer)));
    CHECK(gc("no JSON", force) == "3");
    CHECK(fs::exists(f.path / blob_name(one.layer)));
    CHECK(fs::exists(f.path / blob_name("no JSON")));
    // Eight indexes within one another are walked, nine are not.
    auto nested = index_of({text_of(three.what())});
    std::vector<std::string> all;
    auto const wrap = [&] {
        all.push_back(nested);
        nested = index_of({text_of(described(nested, media_types::oci_index))});
    };
    for (int i = 0; i < 7; ++i) wrap();
    auto const deep = [&] {
        folder g;
        write_layout(g, {three}, {text_of(described(nested, media_types::oci_index))});
        g.write(blob_name(nested), nested);
        for (auto const& n : all) g.write(blob_name(n), n);
        return code(oci_layout::open(g.str()).value().gc());
    };
    CHECK(deep() == "ok");
    wrap();
    CHECK(deep() == "layout_invalid");
}

TEST_CASE("a blob that is asked for becomes young, so that it is not removed before it is listed", "[store][LO33]") {
    folder f;
    write_layout(f, {one}, {});
    for (auto const& b : one.blobs()) make_old(f.path / blob_name(b));
    auto store = oci_layout::open(f.str()).value();
    CHECK(store.has(described(one.layer)).value());
    CHECK(store.gc().value().files == 2);
    CHECK(fs::exists(f.path / blob_name(one.layer)));
}

TEST_CASE("files have the permissions that their user wants, and existing ones keep theirs", "[store][LO34]") {
    folder f;
    auto const old = ::umask(027);
    auto store = made(f);
    REQUIRE(put_image(store, one, "v1"));
    ::umask(old);
    auto const mode = [&](std::string const& name) {
        struct stat about{};
        REQUIRE(::stat(f.str(name).c_str(), &about) == 0);
        return about.st_mode & 0777;
    };
    CHECK(mode("blobs") == 0750);
    CHECK(mode("blobs/sha256") == 0750);
    for (auto const& name : {std::string("oci-layout"), std::string("index.json"), blob_name(one.layer), blob_name(one.manifest)}) CHECK(mode(name) == 0640);
    fs::permissions(f.path / "blobs", fs::perms::owner_all);
    fs::permissions(f.path / blob_name(one.layer), fs::perms::owner_read);
    auto again = oci_layout::create(f.str()).value();
    REQUIRE(again.has(described(one.layer)).value());
    REQUIRE(again.tag("v2", one.what()));
    CHECK(mode("blobs") == 0700);
    CHECK(mode(blob_name(one.layer)) == 0400);
}

TEST_CASE("a full disk leaves the layout as it was, and a later run goes on", "[store][LO35]") {
    folder f;
    fs::create_directory(f.path / "disk");
    if (::mount("tmpfs", f.str("disk").c_str(), "tmpfs", 0, "size=256k") != 0) {
        WARN("skipped: no tmpfs can be mounted here (needs root)");
        return;
    }
    struct unmounted {
        ~unmounted() { ::umount2(where.c_str(), MNT_DETACH); }
        std::string where;
    } const end{f.str("disk")};
    std::string big(160u << 10, '.');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>('a' + i * i % 23);
    // At every sixteenth of what there is room for.
    for (std::size_t full = 0; full <= 16; ++full) {
        INFO(full << "/16 of the disk are taken");
        fs::remove_all(f.path / "disk/layout");
        fs::remove(f.path / "disk/other");
        folder const disk(f.path / "disk/layout");
        {
            auto store = oci_layout::create(disk.str()).value();
            REQUIRE(put_image(store, one, "v1"));
        }
        auto const before = disk.read("index.json");
        auto const taken = full * (fs::space(disk.path).available / 16);
        f.write("disk/other", std::string(taken, 'x'));
        auto store = oci_layout::open(disk.str()).value();
        auto const write = [&]() -> result<void> {
            LADING_TRY(auto const there, store.has(described(big)));
            if (!there) {
                LADING_TRY_V(put(store.writer(described(big)), big));
            }
            return put_image(store, two, "v2");
        };
        auto const done = write();
        auto again = oci_layout::open(disk.str()).value();
        CHECK(again.document(again.resolve("v1").value()).value() == one.manifest);
        for (auto const& name : disk.list())
            if (name.starts_with("blobs/sha256/") && !name.ends_with(".part")) CHECK(hex_of(disk.read(name)) == name.substr(13)); // nothing half under a name
        if (!done) {
            CHECK(done.error() == errc::disk_full);
            CHECK(disk.read("index.json") == before);
            fs::remove(f.path / "disk/other");
            CHECK(code(write()) == "ok");
        }
        CHECK(again.document(again.resolve("v2").value()).value() == two.manifest);
        CHECK(disk.read(blob_name(big)) == big);
        if (full == 16) CHECK_FALSE(done);
        if (full == 0) CHECK(done);
    }
}

TEST_CASE("documents of Docker are written as they are", "[store][LO36]") {
    folder f;
    auto store = made(f);
    std::string const manifest = R"({  "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": )" +
                                 text_of(described(one.config, media_types::docker_config)) + R"(, "layers": [ ] })";
    REQUIRE(put(store.writer(described(one.config)), one.config));
    REQUIRE(store.put_document(described(manifest, media_types::docker_manifest), manifest));
    REQUIRE(store.tag("v1", described(manifest, media_types::docker_manifest)));
    CHECK(f.read(blob_name(manifest)) == manifest);
    CHECK(store.resolve("v1").value().media_type == media_types::docker_manifest);
    CHECK(store.resolve("v1").value().platform == platform("linux", "amd64"));
}

TEST_CASE("a folder of other things is no layout, and nothing is written into it", "[store][LO37]") {
    folder f;
    f.write("photo.jpg", "precious");
    CHECK(code(oci_layout::create(f.str())) == "layout_invalid");
    CHECK(f.list() == std::vector<std::string>{"photo.jpg"});
    CHECK_FALSE(fs::exists(f.path / "blobs"));
    CHECK(code(oci_layout::create(f.str("photo.jpg"))) == "path_refused");
    folder g; // nor one of another version
    g.write("oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
    CHECK(code(oci_layout::create(g.str())) == "layout_invalid");
    CHECK(g.list() == std::vector<std::string>{"oci-layout"});
}

TEST_CASE("what a killed program has left of a document or of the index is written over", "[store][LO20]") {
    folder f;
    auto store = made(f);
    auto const name = blob_name(one.manifest);
    auto const slash = name.rfind('/') + 1;
    f.write(name.substr(0, slash) + '.' + name.substr(slash) + ".part", std::string(100'000, 'x'));
    f.write(".index.json.part", std::string(100'000, 'x'));
    REQUIRE(put_image(store, one, "v1"));
    CHECK(f.read(name) == one.manifest);
    CHECK(store.names().value() == std::vector<std::string>{"v1"});
    for (auto const& left : f.list()) CHECK_FALSE(left.ends_with(".part"));
    folder begun; // one that was killed as it made the layout
    begun.write(".oci-layout.part", "{");
    CHECK(oci_layout::create(begun.str()));
}

TEST_CASE("an index grows to its bound and no further", "[store][HX02]") {
    folder f;
    std::vector<std::string> all(3, entry(one, named("x")));
    auto store = with(f, {entry(one, named("a")), entry(one, named("b"))}, layout_options().with_entries(3));
    REQUIRE(store.tag("c", one.what()));
    auto const before = f.read("index.json");
    CHECK(code(store.tag("d", one.what())) == "manifest_limit");
    CHECK(f.read("index.json") == before);
    REQUIRE(store.untag("a"));
    REQUIRE(store.tag("d", one.what()));
    CHECK(store.names().value() == std::vector<std::string>{"b", "c", "d"});
}

TEST_CASE("a part that is no part of ours is refused", "[store][HX01]") {
    folder f;
    auto store = made(f);
    f.write("victim", "precious");
    auto const at = f.path / ("blobs/sha256/." + hex_of("x") + ".part");
    fs::create_symlink(f.path / "victim", at);
    CHECK(code(put(store.writer(described("x")), "x")) == "path_refused");
    fs::remove(at);
    fs::create_hard_link(f.path / "victim", at);
    CHECK(code(put(store.writer(described("x")), "x")) == "path_refused");
    fs::remove(at);
    REQUIRE(::mkfifo(at.c_str(), 0600) == 0);
    CHECK(code(put(store.writer(described("x")), "x")) == "path_refused");
    fs::remove(at);
    CHECK(f.read("victim") == "precious");
    // A link in the place of the blob itself is neither followed nor replaced.
    fs::create_symlink(f.path / "victim", f.path / blob_name("x"));
    CHECK(code(put(store.writer(described("x")), "x")) == "path_refused");
    CHECK(f.read("victim") == "precious");
}

TEST_CASE("who writes the same blob is waited for, and then it is there", "[store][layout]") {
    folder f;
    auto store = made(f);
    std::string const bytes(100'000, 'x');
    auto const first = store.writer(described(bytes)).value();
    REQUIRE(first->begin());
    auto hasty = oci_layout::open(f.str(), layout_options().with_lock_wait(std::chrono::milliseconds(10))).value();
    CHECK(code(put(hasty.writer(described(bytes)), bytes)) == "part_in_use");
    std::atomic<bool> asked{false};
    std::size_t passed = 0;
    bool whole = false;
    std::thread second([&] {
        auto const out = store.writer(described(bytes)).value();
        asked = true;
        auto const held = out->resume(100'000, [&](std::span<std::byte const> b) { passed += b.size(); return true; });
        whole = held && held.assume_value() == 100'000 && out->commit();
    });
    while (!asked) std::this_thread::yield();
    REQUIRE(first->write(std::as_bytes(std::span(bytes))));
    REQUIRE(first->commit());
    second.join();
    CHECK(whole);
    CHECK(passed == 100'000);
    CHECK(f.list().size() == 4);
}

TEST_CASE("names of many images are written together where that is asked for", "[store]") {
    folder f;
    auto store = made(f);
    auto const before = f.read("index.json");
    auto names = store.hold_names();
    REQUIRE(put_image(store, one, "v1")); // written at once: the last second had none
    auto const first = f.read("index.json");
    CHECK(first != before);
    REQUIRE(put_image(store, two, "v2"));
    REQUIRE(store.tag("v3", one.what()));
    CHECK(store.names().value() == std::vector<std::string>{"v1", "v2", "v3"});
    CHECK(store.named("v2").value()->digest == two.what().digest);
    CHECK_FALSE(store.named("v4").value());
    // Another program writes meanwhile: both are kept.
    auto other = oci_layout::open(f.str()).value();
    REQUIRE(other.tag("theirs", one.what()));
    REQUIRE(store.untag("v1"));
    REQUIRE(names.write());
    auto const all = oci_layout::open(f.str()).value().names().value();
    CHECK(std::set<std::string>(all.begin(), all.end()) == std::set<std::string>{"theirs", "v2", "v3"});
    REQUIRE(store.tag("v5", one.what())); // and now each by itself
    CHECK(oci_layout::open(f.str()).value().named("v5").value());
}

TEST_CASE("names that are held respect the bounds of the index, and are never lost", "[store][LO30][HX02]") {
    folder f;
    auto store = with(f, {}, layout_options().with_entries(3));
    auto names = store.hold_names();
    for (std::string const name : {"a", "b", "c"}) REQUIRE(store.tag(name, one.what()));
    CHECK(code(store.tag("d", one.what())) == "manifest_limit");
    CHECK(code(store.tag("e", one.what())) == "manifest_limit");
    REQUIRE(names.write());
    auto other = oci_layout::open(f.str(), layout_options().with_entries(3)).value();
    CHECK(other.names().value() == std::vector<std::string>{"a", "b", "c"});
    // Somebody else takes the room meanwhile: nothing is written of what does not fit, and all of it stays held.
    {
        auto const early = store.hold_names();
        REQUIRE(store.untag("a"));
        REQUIRE(store.tag("a2", one.what()));
        REQUIRE(store.untag("a2"));
    } // who returns early loses none
    CHECK(oci_layout::open(f.str()).value().names().value() == std::vector<std::string>{"b", "c"});
    auto again_held = store.hold_names();
    REQUIRE(store.tag("mine", one.what()));
    REQUIRE(other.tag("theirs", one.what()));
    for (int again = 0; again < 2; ++again) {
        CHECK(code(again_held.write()) == "manifest_limit");
        CHECK(oci_layout::open(f.str()).value().names().value() == std::vector<std::string>{"b", "c", "theirs"});
    }
    REQUIRE(other.untag("theirs"));
    REQUIRE(again_held.write());
    CHECK(oci_layout::open(f.str()).value().names().value() == std::vector<std::string>{"b", "c", "mine"});
}

TEST_CASE("an index grows to as many bytes as are read, and no further", "[store][HX02]") {
    folder f;
    limits l;
    l.manifest_bytes = 2048;
    auto const few = layout_options().with_limits(l).with_entries(4); // 2048 bytes
    std::vector<std::string> const names{'a' + std::string(250, 'x'), 'b' + std::string(250, 'x'), 'c' + std::string(250, 'x'), 'd' + std::string(250, 'x')};
    auto store = with(f, {}, few);
    std::size_t good = 0;
    for (auto const& n : names) good += store.tag(n, one.what()).has_value();
    CHECK(good == 3);
    CHECK(oci_layout::open(f.str(), few).value().names().value().size() == good);
}

TEST_CASE("who waits for the lock can be told to stop", "[store][LO30][PD49]") {
    folder f;
    auto store = with(f, {});
    auto const held = ::open(f.str(".lading.lock").c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666);
    REQUIRE(::flock(held, LOCK_EX) == 0);
    stop_source source;
    source.request_stop();
    CHECK(code(store.tag("v1", one.what(), source.get_token())) == "cancelled");
    CHECK(code(store.untag("v1", source.get_token())) == "cancelled");
    CHECK(code(store.gc({}, source.get_token())) == "cancelled");
    CHECK(code(oci_layout::create(f.str(), {}, source.get_token())) == "cancelled");
    ::close(held);
    CHECK(store.names().value().empty());
}

TEST_CASE("a layout without a folder of blobs is read, and written", "[store][LO16][LO20]") {
    folder f;
    f.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    f.write("index.json", index_of({}));
    auto store = oci_layout::open(f.str()).value();
    CHECK_FALSE(fs::exists(f.path / "blobs"));
    REQUIRE(put_image(store, one, "v1"));
    CHECK(store.document(one.what()).value() == one.manifest);
    CHECK(oci_layout::open(f.str()).value().resolve("v1").value().digest == one.what().digest);
}

TEST_CASE("what an index lists may be a blob", "[store][LO33][CP09]") {
    folder f;
    std::string const layer = "\x1f\x8b no JSON", unknown = "no JSON either", large(3000, '{');
    auto const index = index_of({text_of(described(layer, media_types::oci_layer_gzip)), text_of(described(unknown, "application/x")), text_of(described(large, "application/x"))});
    write_layout(f, {one}, {text_of(described(index, media_types::oci_index))});
    for (auto const& b : {layer, unknown, large, index}) f.write(blob_name(b), b);
    for (auto const& name : f.list())
        if (name.starts_with("blobs/")) make_old(f.path / name);
    limits l;
    l.manifest_bytes = 2000;
    auto const done = oci_layout::open(f.str(), layout_options().with_limits(l)).value().gc();
    REQUIRE(done);
    CHECK(done.value().files == 3); // the image that has no name
    for (auto const& b : {layer, unknown, large, index}) CHECK(fs::exists(f.path / blob_name(b)));
}

} // namespace oci_layout_writing_test
