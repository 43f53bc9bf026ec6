// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "cpu_time.hpp"

#include <lading/lading.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/image_on_disk.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace image_on_disk_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

struct on_disk : default_policies {
    using transport = store_transport<image_on_disk>;
};

/// A folder that goes away, and the files of one OCI image in it.
struct folder {
    folder() {
        char name[] = "/tmp/lading-layout-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~folder() { fs::remove_all(path); }
    std::string write(std::string const& name, std::string const& bytes) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name, std::ios::binary) << bytes;
        return (path / name).string();
    }
    fs::path path;
};

using files = std::vector<std::pair<std::string, std::string>>;

std::string descriptor_of(std::string const& type, std::string const& bytes, std::string const& more = "") {
    return R"({"mediaType":")" + type + R"(","size":)" + std::to_string(bytes.size()) + R"(,"digest":")" +
           constant_digest_of(bytes).str() + '"' + more + '}';
}
std::string blob_name(std::string const& bytes) { return "blobs/sha256/" + constant_digest_of(bytes).hex(); }

std::string const config = R"({"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                             descriptor_of("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[]})";
std::string index(std::string const& name = "1.0") {
    return R"({"schemaVersion":2,"manifests":[)" +
           descriptor_of("application/vnd.oci.image.manifest.v1+json", manifest,
                         R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + R"("})") +
           "]}";
}
files layout() {
    return {{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {"index.json", index()}, {blob_name(config), config}, {blob_name(manifest), manifest}};
}

std::string tar_member(std::string name, std::string const& bytes, char type = '0', std::string const& link = {}) {
    std::string head(512, '\0');
    head.replace(0, name.size(), name);
    head.replace(100, 7, "0000644");
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", bytes.size());
    head.replace(124, 11, size);
    head.replace(136, 11, "00000000000");
    head[156] = type;
    head.replace(157, link.size(), link);
    head.replace(257, 8, std::string("ustar\0"
                                     "00",
                                     8));
    unsigned sum = 8 * ' ';
    for (char const c : head) sum += static_cast<unsigned char>(c);
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    head.replace(148, 7, std::string(text, 7));
    head[155] = ' ';
    return head + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}
std::string tar(files const& all) {
    std::string out;
    for (auto const& [name, bytes] : all) out += tar_member(name, bytes);
    return out + std::string(1024, '\0');
}

/// "ok ARCHITECTURE", or the name of the code.
std::string inspected(std::string const& path, std::string const& tag = "") {
    auto opened = image_on_disk::open(path);
    if (!opened) return std::string(name_of(opened.error().kind()));
    auto const ref = opened.value().reference(tag);
    if (!ref) return std::string(name_of(ref.error().kind()));
    basic_client<on_disk> registry(std::move(opened).value());
    auto const image = registry.inspect(ref.value(), inspect_options().with_tags().with_platform(platform_choice::any()));
    if (!image) return std::string(name_of(image.error().kind()));
    CHECK(image.value().resolved.digest == constant_digest_of(manifest));
    return "ok " + image.value().image->architecture;
}

} // namespace

TEST_CASE("image_on_disk: a folder and an archive") {
    folder f;
    for (auto const& [name, bytes] : layout()) f.write("dir/" + name, bytes);
    CHECK(inspected((f.path / "dir").string()) == "ok arm64");
    CHECK(inspected((f.path / "dir").string(), "1.0") == "ok arm64");
    CHECK(inspected((f.path / "dir").string(), constant_digest_of(manifest).str()) == "ok arm64");
    CHECK(inspected((f.path / "dir").string(), "2.0") == "manifest_unknown");
    CHECK(inspected(f.write("a.tar", tar(layout()))) == "ok arm64");
    auto dotted = layout();
    for (auto& [name, bytes] : dotted) name.insert(0, "./");
    CHECK(inspected(f.write("dotted.tar", tar(dotted))) == "ok arm64");
    // Names of whole references, as some tools write them.
    auto named = layout();
    named[1].second = index("docker.io/library/app:1.0");
    CHECK(inspected(f.write("named.tar", tar(named)), "1.0") == "ok arm64");
}

TEST_CASE("image_on_disk: what docker save writes") {
    folder f;
    std::string const layer = "a layer";
    auto const saved = R"([{"Config":"c.json","RepoTags":["demo/app:1.0","demo/app:latest"],"Layers":["one/layer.tar"]}])";
    std::string const text = tar_member("c.json", config) + tar_member("blob", layer) + tar_member("one/layer.tar", "", '2', "../blob") +
                             tar_member("manifest.json", saved) + std::string(1024, '\0');
    auto opened = image_on_disk::open(f.write("saved.tar", text));
    REQUIRE(opened);
    CHECK(opened.value().tags() == std::vector<std::string>{"1.0", "latest"});
    auto const ref = opened.value().reference("latest").value();
    CHECK(opened.value().reference().value() == reference::parse("demo/app:1.0").value().with_digest(ref.digest().value())); // one image of two names
    basic_client<on_disk> registry(std::move(opened).value());
    auto const found = registry.manifest(ref);
    REQUIRE(found);
    auto const& image = std::get<schema2>(found.value().document);
    CHECK(image.config.digest == constant_digest_of(config));
    REQUIRE(image.layers.size() == 1);
    CHECK(image.layers[0].digest == constant_digest_of(layer));
    memory_sink sink(100);
    CHECK(registry.blob(ref, image.layers[0], sink));
    CHECK(sink.bytes() == layer);
    CHECK(registry.config(ref, platform_choice::any()).value().bytes == config);
}

TEST_CASE("image_on_disk: answers like a registry") {
    folder f;
    for (auto const& [name, bytes] : layout()) f.write(name, bytes);
    auto files = image_on_disk::open(f.path.string()).value();
    auto const status = [&](char const* method, std::string const& path) {
        response_body body(1000, limits());
        auto const r = service::answer(request(method, "https://localhost" + path), files, body);
        return r ? r.value().status : 0;
    };
    CHECK(status("GET", "/v2/") == 200);
    CHECK(status("GET", "/v2/any/name/tags/list") == 200);
    CHECK(status("HEAD", "/v2/x/manifests/1.0") == 200);
    CHECK(status("POST", "/v2/x/blobs/uploads/") == 405);
    CHECK(status("GET", "/v2/x/manifests/..") == 404);
    CHECK(status("GET", "/v2/x/blobs/sha256:../../index.json") == 404);
    CHECK(status("GET", "/v2/x/blobs/" + constant_digest_of("else").str()) == 404);
    CHECK(status("GET", "/v1/x") == 404);
    CHECK(status("GET", "/") == 404);
}

TEST_CASE("image_on_disk: what is damaged is refused, by name") {
    folder f;
    auto const with = [&](char const* index_json) {
        auto all = layout();
        all[1].second = index_json;
        return inspected(f.write("x.tar", tar(all)));
    };
    CHECK(with("") == "layout_invalid");
    CHECK(with("[]") == "layout_invalid");
    CHECK(with(R"({"schemaVersion":2,"manifests":[{}]})") == "layout_invalid");
    CHECK(with(R"({"schemaVersion":2,"manifests":[]})") == "layout_invalid");
    CHECK(inspected("/nonexistent/layout") == "layout_invalid");
    CHECK(inspected(f.write("empty", "")) == "layout_invalid");
    CHECK(inspected(f.write("zeros", std::string(10'000, '\0'))) == "layout_invalid");
    CHECK(inspected(f.write("text", std::string(10'000, 'x'))) == "layout_invalid");
    CHECK(inspected(f.write("nothing.tar", tar({{"else", "x"}}))) == "layout_invalid");
    auto changed = layout();
    changed[3].second.back() = ' ';
    CHECK(inspected(f.write("changed.tar", tar(changed))) == "digest_mismatch");
    changed[3].second += ' ';
    CHECK(inspected(f.write("longer.tar", tar(changed))) == "size_mismatch");
    auto other = layout();
    other[2].second[2] = 'x'; // of the config
    CHECK(inspected(f.write("config.tar", tar(other))) == "digest_mismatch");
    for (char const* saved : {"{}", "[7]", R"([{"Config":"c","Layers":[7]}])", R"([{"Config":"../../etc/passwd","Layers":[]}])",
                              R"([{"Config":"/etc/passwd","Layers":[]}])", R"([{"Config":"gone","Layers":[]}])", R"([{"Config":1,"Layers":[]}])"})
        CHECK(inspected(f.write("saved.tar", tar({{"manifest.json", saved}, {"c", config}}))) == "archive_invalid");
    // Links that lead in a circle, and out of the archive.
    CHECK(inspected(f.write("loop.tar", tar_member("index.json", "", '2', "index.json") + std::string(1024, '\0'))) == "archive_invalid");
    CHECK(inspected(f.write("out.tar", tar_member("index.json", "", '2', "../../../../etc/passwd") + std::string(1024, '\0'))) == "archive_invalid");
}

TEST_CASE("image_on_disk: every prefix and every changed byte of an archive ends in an image or an error") {
    folder f;
    auto const whole = tar(layout());
    std::size_t good = 0;
    for (std::size_t n = 0; n < whole.size(); n += n < 1600 ? 13 : 97) {
        auto const said = inspected(f.write("part.tar", whole.substr(0, n)));
        CHECK((said.starts_with("ok ") || said == "layout_invalid" || said == "archive_invalid" || said == "manifest_unknown" || said == "blob_unknown"));
        good += said.starts_with("ok ");
    }
    CHECK(good < 30); // only the padding at the end may be missing
    for (std::size_t at = 0; at < 3 * 512; at += 3) {
        auto text = whole;
        text[at] = static_cast<char>(text[at] ^ 0x81);
        auto const said = inspected(f.write("byte.tar", text));
        CHECK(!said.empty());
    }
}

namespace {

/// An image with a config of its own: what a test tells apart.
struct made_image {
    explicit made_image(std::string const& what, std::string const& arch = "amd64")
        : config(R"({"architecture":")" + arch + R"(","os":"linux","author":")" + what + R"(","rootfs":{"type":"layers","diff_ids":[]}})"),
          manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                   descriptor_of("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[]})") {}
    std::string entry(std::string const& more = "") const { return descriptor_of("application/vnd.oci.image.manifest.v1+json", manifest, more); }
    std::string digest() const { return constant_digest_of(manifest).str(); }
    std::string config, manifest;
};
std::string named(std::string const& name, std::string const& full = "") {
    std::string out = R"(,"annotations":{)";
    if (!name.empty()) out += R"("org.opencontainers.image.ref.name":")" + name + '"';
    if (!full.empty()) out += std::string(name.empty() ? "" : ",") + R"("io.containerd.image.name":")" + full + '"';
    return out + '}';
}
std::string on_linux(std::string const& arch) { return R"(,"platform":{"os":"linux","architecture":")" + arch + "\"}"; }

/// An OCI layout as an archive.
std::string layout_of(std::vector<std::string> const& entries, std::vector<made_image> const& images) {
    std::string list;
    for (auto const& e : entries) list += (list.empty() ? "" : ",") + e;
    files all{{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {"index.json", R"({"schemaVersion":2,"manifests":[)" + list + "]}"}};
    for (auto const& i : images) all.insert(all.end(), {{blob_name(i.config), i.config}, {blob_name(i.manifest), i.manifest}});
    return tar(all);
}

/// What the words mean: the author of the image that is inspected then, or the code and what is available.
std::string meant(std::string const& path, std::string const& words, platform_choice which = platform_choice::like({"linux", "amd64"})) {
    auto opened = image_on_disk::open(path);
    if (!opened) return std::string(name_of(opened.error().kind()));
    auto const ref = opened.value().reference(words, which);
    if (!ref) {
        std::string out(name_of(ref.error().kind()));
        for (auto const& a : ref.error().detail().available) out += ' ' + a;
        return out;
    }
    basic_client<on_disk> registry(std::move(opened).value());
    auto const image = registry.inspect(ref.value(), inspect_options().with_platform(which));
    if (!image) return std::string(name_of(image.error().kind()));
    return image.value().image->author;
}
std::string called(std::string const& path, std::string const& words) {
    auto const ref = image_on_disk::open(path).value().reference(words).value();
    return ref.repository().str() + (ref.tag().empty() ? "" : ':' + std::string(ref.tag()));
}

} // namespace

TEST_CASE("what is not there is not answered for, and what is there is listed", "[W01]") {
    folder f;
    made_image const busybox("busybox");
    auto const saved = f.write("saved.tar", tar({{"manifest.json", R"([{"Config":"c.json","RepoTags":["busybox:latest"],"Layers":[]}])"}, {"c.json", busybox.config}}));
    CHECK(meant(saved, "alpine:latest") == "manifest_unknown busybox:latest");
    CHECK(meant(saved, "docker.io/library/alpine:latest") == "manifest_unknown busybox:latest");
    CHECK(meant(saved, "alpine") == "manifest_unknown busybox:latest");
    CHECK(meant(saved, "quay.io/library/busybox:latest") == "manifest_unknown busybox:latest");
    CHECK(meant(saved, "busybox:1") == "manifest_unknown busybox:latest");
    CHECK(meant(saved, "x:busybox:latest") == "manifest_unknown busybox:latest");
    for (auto const words : {"", "busybox", "busybox:latest", "library/busybox", "docker.io/busybox", "index.docker.io/library/busybox:latest", "latest", "@0"})
        CHECK(meant(saved, words) == "busybox");
    auto const layout = f.write("layout.tar", layout_of({busybox.entry(named("busybox:latest"))}, {busybox}));
    CHECK(meant(layout, "alpine:latest") == "manifest_unknown busybox:latest");
    CHECK(meant(layout, "busybox:1") == "manifest_unknown busybox:latest");
    CHECK(meant(layout, "@1") == "manifest_unknown busybox:latest");
    CHECK(meant(layout, "busybox:latest") == "busybox");
    auto const e = image_on_disk::open(layout).value().reference("alpine:latest").error();
    CHECK(e.message().find("no such image: \"alpine:latest\"") != std::string::npos);
    CHECK(e.message().find("registry") == std::string::npos);
    // However many there are, a message holds a few.
    std::vector<std::string> many;
    for (int i = 0; i < 300; ++i) many.push_back(busybox.entry(named("tag-" + std::to_string(i))));
    auto const available = image_on_disk::open(f.write("many.tar", layout_of(many, {busybox}))).value().reference("x").error().detail().available;
    REQUIRE(available.size() == 21);
    CHECK(available.back() == "and 280 more");
}

TEST_CASE("an image is chosen by its whole name", "[W02]") {
    folder f;
    made_image const a("a"), b("b");
    auto const saved = f.write("saved.tar", tar({{"manifest.json", R"([{"Config":"a.json","RepoTags":["a:latest"],"Layers":[]},
        {"Config":"b.json","RepoTags":["docker.io/library/b:latest","quay.io/b:2"],"Layers":[]}])"},
                                                 {"a.json", a.config},
                                                 {"b.json", b.config}}));
    auto const layout = f.write("layout.tar", layout_of({a.entry(named("a:latest")), b.entry(named("b:latest"))}, {a, b}));
    // As Docker 25 and later write it: the tag, and the name for containerd.
    auto const newer = f.write("newer.tar", layout_of({a.entry(named("latest", "docker.io/library/a:latest")), b.entry(named("latest", "docker.io/library/b:latest"))}, {a, b}));
    for (auto const& path : {saved, layout, newer}) {
        INFO(path);
        CHECK(meant(path, "a:latest") == "a");
        CHECK(meant(path, "b:latest") == "b");
        CHECK(meant(path, "@0") == "a");
        CHECK(meant(path, "@1") == "b");
        CHECK(meant(path, "@2").starts_with("manifest_unknown"));
        auto const ambiguous = meant(path, "latest"); // which of the two is meant is not said
        CHECK(ambiguous.starts_with("tag_ambiguous"));
        CHECK(ambiguous.find("sha256:") != std::string::npos);
        CHECK(meant(path, "").starts_with("tag_ambiguous"));
        CHECK(meant(path, "").find("a:latest") != std::string::npos);
    }
    CHECK(meant(saved, "docker.io/library/a:latest") == "a");
    CHECK(meant(saved, "quay.io/b:2") == "b");
    CHECK(meant(saved, "2") == "b");
    CHECK(meant(newer, "docker.io/library/b:latest") == "b");
    CHECK(meant(newer, "b") == "b");
    CHECK(meant(layout, b.digest()) == "b");
    CHECK(meant(layout, "@" + b.digest()) == "b");
    CHECK(called(saved, "b:latest") == "docker.io/library/b:latest");
    CHECK(called(saved, "2") == "quay.io/b:2");
    CHECK(called(newer, "a") == "docker.io/library/a:latest");
    CHECK(called(layout, "a:latest") == "localhost/a:latest");
    // What docker save wrote beside an index names images that have no other name of theirs; the bytes are the index's.
    auto const hybrid = f.write("hybrid.tar", tar_member("manifest.json", R"([{"Config":"blobs/sha256/)" + constant_digest_of(a.config).hex() +
                                                                              R"(","RepoTags":["a:latest","x:1"]},{"Config":"blobs/sha256/)" + constant_digest_of(b.config).hex() + R"(","RepoTags":["b:latest"]}])") +
                                                  layout_of({a.entry(named("latest")), b.entry()}, {a, b}));
    CHECK(meant(hybrid, "a:latest") == "a");
    CHECK(meant(hybrid, "x:1") == "a");
    CHECK(meant(hybrid, "b") == "b");
    CHECK(meant(hybrid, "") == "tag_ambiguous a:latest x:1 latest b:latest");
    CHECK(image_on_disk::open(hybrid).value().reference("b").value().digest()->str() == b.digest());
    // An own name goes before the end of another.
    auto const ends = f.write("ends.tar", layout_of({a.entry(named("x:1.0")), b.entry(named("1.0"))}, {a, b}));
    CHECK(meant(ends, "1.0") == "b");
    CHECK(meant(ends, "x:1.0") == "a");
}

TEST_CASE("a layout's name need not be a reference", "[W03]") {
    folder f;
    made_image const a("a"), b("b");
    for (std::string const name : {"team/app", "v1.0+build5", "stable@release", "localhost:5000/alpine", "UPPER", "a b", "-x", "sha256-x", "a//b", ":"}) {
        INFO(name);
        auto const path = f.write("layout.tar", layout_of({a.entry(named(name)), b.entry(named("other"))}, {a, b}));
        CHECK(meant(path, name) == "a");
        CHECK(meant(path, name + "x").starts_with("manifest_unknown " + name));
        auto const alone = f.write("alone.tar", layout_of({a.entry(named(name))}, {a}));
        CHECK(meant(alone, "") == "a");
        CHECK(image_on_disk::open(alone).value().names() == std::vector{name});
    }
    auto const path = f.write("layout.tar", layout_of({a.entry(named("v1.0+build5")), b.entry(named("localhost:5000/alpine"))}, {a, b}));
    CHECK(called(path, "v1.0+build5") == "localhost/layout");
    CHECK(called(path, "localhost:5000/alpine") == "localhost:5000/alpine");
}

TEST_CASE("the only image needs no name, and one without a name has none", "[W04][W05]") {
    folder f;
    made_image const a("a"), b("b");
    auto const two_tags = f.write("two.tar", tar({{"manifest.json", R"([{"Config":"c.json","RepoTags":["a:1","a:2"],"Layers":null}])"}, {"c.json", a.config}}));
    CHECK(meant(two_tags, "") == "a");
    CHECK(meant(two_tags, "2") == "a");
    CHECK(meant(f.write("null.tar", tar({{"manifest.json", R"([{"Config":"c.json","RepoTags":null,"Layers":[]}])"}, {"c.json", a.config}})), "") == "a");
    CHECK(meant(f.write("twice.tar", layout_of({a.entry(named("x")), a.entry(named("y"))}, {a})), "") == "a"); // one image, two names
    auto const one = f.write("one.tar", layout_of({a.entry()}, {a}));
    CHECK(meant(one, "") == "a");
    CHECK(meant(one, "latest") == "manifest_unknown @0");
    auto const both = f.write("both.tar", layout_of({a.entry(), b.entry(named("latest"))}, {a, b}));
    CHECK(meant(both, "latest") == "b");
    CHECK(meant(both, "@0") == "a");
    CHECK(meant(both, a.digest()) == "a");
    CHECK(meant(both, "") == "tag_ambiguous @0 latest");
    CHECK(image_on_disk::open(both).value().tags() == std::vector<std::string>{"latest"});
    // An entry that cannot be read hides no other, and is named when it is asked for.
    auto const odd = f.write("odd.tar", layout_of({R"({"mediaType":"x","size":1,"digest":"blake3:00"})", "7", b.entry(named("latest"))}, {b}));
    CHECK(meant(odd, "latest") == "b");
    CHECK(meant(odd, "@0") == "layout_invalid");
    CHECK(meant(odd, "@1") == "layout_invalid");
    CHECK(meant(odd, "@2") == "b");
    CHECK(meant(odd, "") == "b"); // of what can be had there is one
}

TEST_CASE("of one name's entries the platform's is chosen, else they are listed", "[W06]") {
    folder f;
    made_image const a("a", "amd64"), b("b", "arm64"), c("c", "amd64");
    for (bool const said : {true, false}) { // by the index, or by the configs
        auto const more = [&](char const* arch) { return (said ? on_linux(arch) : "") + named("latest"); };
        auto const path = f.write("layout.tar", layout_of({a.entry(more("amd64")), b.entry(more("arm64"))}, {a, b}));
        CHECK(meant(path, "latest") == "a");
        CHECK(meant(path, "latest", platform_choice::like({"linux", "arm64"})) == "b");
        CHECK(meant(path, "", platform_choice::like({"linux", "arm64"})) == "b"); // they are one name's
        CHECK(meant(path, "@1") == "b");
        for (auto const& which : {platform_choice::like({"linux", "s390x"}), platform_choice::none()}) {
            auto const refused = meant(path, "latest", which);
            CHECK(refused.starts_with("tag_ambiguous @0 " + a.digest()));
            CHECK(refused.find(b.digest()) != std::string::npos);
            CHECK(refused.find("linux/arm64") != std::string::npos);
        }
        auto const same = f.write("same.tar", layout_of({a.entry(more("amd64")), c.entry(more("amd64"))}, {a, c}));
        CHECK(meant(same, "latest").starts_with("tag_ambiguous @0 " + a.digest()));
    }
    auto const again = f.write("again.tar", layout_of({a.entry(named("latest")), a.entry(named("latest"))}, {a}));
    CHECK(meant(again, "latest") == "a");
}

TEST_CASE("a file is hashed when its image is asked for, and once", "[W07][V05]") {
    folder f;
    made_image const a("a"), b("b");
    auto const two = R"([{"Config":"a.json","RepoTags":["a:1"],"Layers":["a/layer.tar"]},{"Config":"b.json","RepoTags":["b:1"],"Layers":["gone/layer.tar"]}])";
    auto const path = f.write("two.tar", tar({{"manifest.json", two}, {"a.json", a.config}, {"b.json", b.config}, {"a/layer.tar", "layer"}}));
    CHECK(meant(path, "a:1") == "a");
    CHECK(meant(path, "b:1") == "archive_invalid");
    CHECK(image_on_disk::open(path).value().names() == std::vector<std::string>{"a:1", "b:1"});
    auto opened = image_on_disk::open(path).value();
    response_body body(1 << 20, limits()); // one that is not there does not keep another from being found by digest
    auto const d = image_on_disk::open(path).value().reference("a:1").value().digest()->str();
    CHECK(service::answer(request("GET", "https://localhost/v2/x/manifests/" + d), opened, body).value().status == 200);

    // One layer of 16 MB, mentioned 20,000 times, by its name, by links and by names that mean the same.
    std::string layers;
    for (int i = 0; i < 4000; ++i) layers += i % 4 == 0 ? ",\"l.tar\"" : i % 4 == 1 ? ",\"soft\""
                                                                     : i % 4 == 2   ? ",\"hard\""
                                                                                    : ",\"./x/../l.tar\"";
    auto const image = R"({"Config":"a.json","RepoTags":null,"Layers":[)" + layers.substr(1) + "]}";
    auto const saved = '[' + image + ',' + image + ',' + image + ',' + image + ',' + image + ']';
    std::string const layer(16u << 20, 'x');
    auto const text = tar_member("a.json", a.config) + tar_member("l.tar", layer) + tar_member("soft", "", '2', "l.tar") + tar_member("hard", "", '1', "l.tar") +
                      tar_member("manifest.json", saved) + std::string(1024, '\0');
    fs::create_directories(f.path / "folder");
    f.write("folder/a.json", a.config);
    f.write("folder/l.tar", layer);
    f.write("folder/manifest.json", saved);
    fs::create_symlink("l.tar", f.path / "folder/soft");
    fs::create_hard_link(f.path / "folder/l.tar", f.path / "folder/hard");
    for (auto const& where : {f.write("amplified.tar", text), (f.path / "folder").string()}) {
        auto const began = test::cpu_time();
        auto files = image_on_disk::open(where).value();
        CHECK(files.reference("@4")); // 20,000 mentions are 320 GB
        CHECK(files.reference()); // the five are one image
        CHECK(test::cpu_time() - began < std::chrono::seconds(20));
        auto dependent = image_on_disk::open(where, image_on_disk_options().with_deadline(std::chrono::steady_clock::now())).value();
        CHECK(dependent.reference("@0").error() == errc::timeout);
        CHECK(dependent.reference().error() == errc::timeout);
        stop_source source;
        source.request_stop();
        auto stopped = image_on_disk::open(where).value();
        CHECK(stopped.resolve("@0", source.get_token()).error() == errc::cancelled);
        CHECK(stopped.resolve({}, source.get_token()).error() == errc::cancelled);
        CHECK(stopped.resolve("@0")); // and later it may be asked again
    }
}

TEST_CASE("a pipe is no file of an image, and is not waited for", "[V06]") {
    folder f;
    auto const pipe = [&](std::string const& name) {
        fs::create_directories((f.path / name).parent_path());
        fs::remove(f.path / name);
        REQUIRE(::mkfifo((f.path / name).c_str(), 0600) == 0);
        return (f.path / name).string();
    };
    CHECK(inspected(pipe("archive.tar")) == "layout_invalid");
    CHECK(inspected("/dev/null") == "layout_invalid");
    pipe("index/index.json");
    CHECK(inspected((f.path / "index").string()) == "layout_invalid");
    for (auto const& name : {blob_name(manifest), blob_name(config)}) {
        for (auto const& [file, bytes] : layout()) f.write("blob/" + file, bytes);
        pipe("blob/" + name);
        CHECK(inspected((f.path / "blob").string()) == "layout_invalid");
        fs::remove_all(f.path / "blob");
    }
    f.write("saved/manifest.json", R"([{"Config":"c.json","RepoTags":null,"Layers":["l"]}])");
    f.write("saved/c.json", config);
    pipe("saved/l");
    CHECK(inspected((f.path / "saved").string()) == "layout_invalid");
}

TEST_CASE("links in a folder that docker save is said to have written stay in it", "[V11]") {
    folder f;
    auto const secret = f.write("secret", "precious"), root = (f.path / "saved").string();
    fs::create_directories(f.path / "saved/sub/deep");
    f.write("saved/c.json", config);
    f.write("saved/sub/inner", "a layer");
    fs::create_symlink(secret, f.path / "saved/absolute");
    fs::create_symlink("../secret", f.path / "saved/relative");
    fs::create_symlink("..", f.path / "saved/folder");
    fs::create_symlink("relative", f.path / "saved/twice");
    fs::create_symlink("circle", f.path / "saved/circle");
    fs::create_symlink("sub/inner", f.path / "saved/good");
    fs::create_symlink("../../sub/inner", f.path / "saved/sub/deep/up");
    fs::create_symlink("sub", f.path / "saved/other");
    auto const says = [&](std::string const& layer) {
        f.write("saved/manifest.json", R"([{"Config":"c.json","RepoTags":null,"Layers":[")" + layer + "\"]}]");
        auto const ref = image_on_disk::open(root).value().reference();
        return ref ? std::string("ok") : std::string(name_of(ref.error().kind()));
    };
    for (auto const out : {"absolute", "relative", "folder/secret", "twice", "circle", "../secret", "sub/../../secret", "/etc/passwd", "other/../../secret"}) {
        INFO(out);
        CHECK((says(out) == "layout_invalid" || says(out) == "archive_invalid")); // a link, or a name
    }
    for (auto const in : {"good", "sub/deep/up", "other/inner", "other/deep/up", "./sub/inner", "sub/deep/../inner"}) {
        INFO(in);
        CHECK(says(in) == "ok");
    }
    f.write("saved/manifest.json", "{}");
    fs::remove(f.path / "saved/manifest.json");
    fs::create_symlink(secret, f.path / "saved/manifest.json");
    CHECK(inspected(root) == "layout_invalid");
    // A blob is what its digest says: builders keep them elsewhere and link to them.
    for (auto const& [file, bytes] : layout()) f.write("layout/" + file, bytes);
    for (auto const& bytes : {config, manifest}) {
        auto const elsewhere = f.write("store/" + constant_digest_of(bytes).hex(), bytes);
        fs::remove(f.path / "layout" / blob_name(bytes));
        fs::create_symlink(elsewhere, f.path / "layout" / blob_name(bytes));
    }
    CHECK(inspected((f.path / "layout").string()) == "ok arm64");
}

TEST_CASE("the names of 80,000 images are listed once each, in a time that grows as their number does", "[V13]") {
    folder f;
    auto const grown = test::growth(10'000, [&](std::size_t n) {
        std::string tags;
        for (std::size_t i = 0; i < n; ++i) tags += ",\"r:" + std::to_string(i % (n / 2)) + '"';
        auto const path = f.write("many.tar", tar({{"manifest.json", R"([{"Config":"c.json","RepoTags":[)" + tags.substr(1) + R"(],"Layers":[]}])"}, {"c.json", config}}));
        auto const files = image_on_disk::open(path).value();
        CHECK(files.tags().size() == n / 2);
        CHECK(files.names().size() == n / 2);
    });
    CHECK(grown < test::linear);
}

TEST_CASE("skopeo's dir: is read", "[W09]") {
    folder f;
    f.write("version", "Directory Transport Version: 1.1\n");
    f.write("manifest.json", manifest);
    f.write(constant_digest_of(config).hex(), config);
    CHECK(inspected(f.path.string()) == "ok arm64");
    CHECK(inspected(f.path.string(), constant_digest_of(manifest).str()) == "ok arm64");
    CHECK(inspected(f.path.string(), "latest") == "manifest_unknown");
    f.write(constant_digest_of(config).hex(), config + ' ');
    CHECK(inspected(f.path.string()) == "size_mismatch");
    // All of an index: its manifests have names of their own.
    std::string const list = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                             descriptor_of("application/vnd.oci.image.manifest.v1+json", manifest, on_linux("arm64")) + "]}";
    f.write(constant_digest_of(config).hex(), config);
    f.write(constant_digest_of(manifest).hex() + ".manifest.json", manifest);
    f.write("manifest.json", list);
    auto opened = image_on_disk::open(f.path.string()).value();
    auto const ref = opened.reference().value();
    basic_client<on_disk> registry(std::move(opened));
    auto const image = registry.inspect(ref, inspect_options().with_platform(platform_choice::any()));
    REQUIRE(image);
    CHECK(image.value().chosen->digest == constant_digest_of(manifest));
    CHECK(image.value().image->architecture == "arm64");
}

TEST_CASE("the layers of what docker save wrote are those that the config names") {
    folder f;
    auto const named = [](std::vector<std::string> const& layers) {
        std::string ids;
        for (auto const& l : layers) ids += (ids.empty() ? "\"" : ",\"") + constant_digest_of(l).str() + '"';
        return R"({"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[)" + ids + "]}}";
    };
    auto const opened = [&](std::string const& of_config, std::string const& one, std::string const& two) {
        auto const saved = R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["1.tar","2.tar"]}])";
        auto const path = f.write("saved.tar", tar({{"manifest.json", saved}, {"c.json", of_config}, {"1.tar", one}, {"2.tar", two}}));
        auto files = image_on_disk::open(path).value();
        auto const r = files.reference("a:1");
        return r ? std::string("ok") : std::string(name_of(r.error().kind()));
    };
    CHECK(opened(named({"one", "two"}), "one", "two") == "ok");
    CHECK(opened(named({"one", "two"}), "one", "twO") == "diff_id_mismatch");
    CHECK(opened(named({"one", "two"}), "two", "one") == "diff_id_mismatch");
    CHECK(opened(named({"one"}), "one", "two") == "archive_invalid");
    CHECK(opened(named({}), "one", "two") == "ok"); // it names none
}

TEST_CASE("a layout without an image, as umoci init writes it, holds none") {
    folder f;
    f.write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    f.write("index.json", R"({"schemaVersion":2,"manifests":null})");
    auto const opened = image_on_disk::open(f.path.string());
    REQUIRE(!opened);
    CHECK(opened.error().message().find("holds no image") != std::string::npos);
}

} // namespace image_on_disk_test
