// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/backend/oci_layout.hpp>
#include <lading/lading.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace oci_layout_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

struct on_disk : default_policies {
    using transport = oci_layout;
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
    head.replace(257, 8, std::string("ustar\0" "00", 8));
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
    auto opened = oci_layout::open(path);
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

TEST_CASE("oci_layout: a folder and an archive") {
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

TEST_CASE("oci_layout: what docker save writes") {
    folder f;
    std::string const layer = "a layer";
    auto const saved = R"([{"Config":"c.json","RepoTags":["demo/app:1.0","demo/app:latest"],"Layers":["one/layer.tar"]}])";
    std::string const text = tar_member("c.json", config) + tar_member("blob", layer) + tar_member("one/layer.tar", "", '2', "../blob") +
                             tar_member("manifest.json", saved) + std::string(1024, '\0');
    auto opened = oci_layout::open(f.write("saved.tar", text));
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

TEST_CASE("oci_layout: answers like a registry") {
    folder f;
    for (auto const& [name, bytes] : layout()) f.write(name, bytes);
    auto files = oci_layout::open(f.path.string()).value();
    auto const status = [&](char const* method, std::string const& path) {
        response_body body(1000, limits());
        auto const r = files.exchange(request(method, "https://localhost" + path), body);
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

TEST_CASE("oci_layout: what is damaged is refused, by name") {
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
        CHECK(inspected(f.write("saved.tar", tar({{"manifest.json", saved}, {"c", config}}))) == "layout_invalid");
    // Links that lead in a circle, and out of the archive.
    CHECK(inspected(f.write("loop.tar", tar_member("index.json", "", '2', "index.json") + std::string(1024, '\0'))) == "layout_invalid");
    CHECK(inspected(f.write("out.tar", tar_member("index.json", "", '2', "../../../../etc/passwd") + std::string(1024, '\0'))) == "layout_invalid");
}

TEST_CASE("oci_layout: every prefix and every changed byte of an archive ends in an image or an error") {
    folder f;
    auto const whole = tar(layout());
    std::size_t good = 0;
    for (std::size_t n = 0; n < whole.size(); n += n < 1600 ? 13 : 97) {
        auto const said = inspected(f.write("part.tar", whole.substr(0, n)));
        CHECK((said.starts_with("ok ") || said == "layout_invalid" || said == "manifest_unknown" || said == "blob_unknown"));
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

} // namespace oci_layout_test
