// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/layout_files.hpp"

#include <lading/store/docker_archive.hpp>
#include <lading/store/oci_archive.hpp>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace docker_archive_test {

using namespace lading;
using namespace layout_files;

static_assert(check_content_store<docker_archive>::ok);

namespace {

std::string output_of(std::string const& command) {
    std::FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::string out;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
    ::pclose(pipe);
    return out;
}
std::string listed(folder const& f, std::string const& name) { return output_of("tar -tf '" + f.str(name) + "'"); }

/// The golden image: one layer with /etc/hello.
struct golden {
    golden() {
        detail::tar_writer to([this](std::span<std::byte const> piece) -> result<void> {
            layer.append(reinterpret_cast<char const*>(piece.data()), piece.size());
            return success();
        });
        REQUIRE(to.add({"etc/", 0, 0755}));
        REQUIRE(to.add({"etc/hello"}, "hello\n"));
        REQUIRE(to.finish());
        config = R"({"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/hello"]},"rootfs":{"type":"layers","diff_ids":[")" + constant_digest_of(layer).str() +
                 R"("]},"history":[{"created":"2024-01-02T03:04:05Z","created_by":"lading append"}]})";
        manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(config, media_types::oci_config)) +
                   R"(,"layers":[)" + text_of(described(layer)) + "]}";
    }
    descriptor what() const { return described(manifest, media_types::oci_manifest); }
    std::string layer, config, manifest;
};

template <class Image>
std::string refused(Image const& i, std::string const& name = "a:1", archive_options o = {}) {
    folder f;
    auto store = docker_archive::create(f.str("x.tar"), std::move(o)).value();
    REQUIRE(put_blobs(store, i));
    REQUIRE(store.tag(name, i.what()));
    auto const done = store.complete();
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    return done ? "" : std::string(name_of(done.error().kind()));
}

using members = std::vector<std::pair<std::string, std::string>>;
std::string tar(members const& all) {
    std::string out;
    detail::tar_writer to([&](std::span<std::byte const> piece) -> result<void> {
        out.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    });
    for (auto const& [name, bytes] : all) {
        if (bytes.starts_with("-> ")) REQUIRE(to.add({name, 0, 0777, 0, std::string_view(bytes).substr(3)}));
        else REQUIRE(to.add({name}, bytes));
    }
    REQUIRE(to.finish());
    return out;
}

/// What reading the only image, or the one that is named, comes to: its config, or the name of the code.
std::string read_back(std::string const& path, std::string const& words = "", std::string* layer = nullptr) {
    auto opened = docker_archive::open(path);
    if (!opened) return std::string(name_of(opened.error().kind()));
    auto& store = opened.value();
    auto const what = store.resolve(words);
    if (!what) return std::string(name_of(what.error().kind()));
    auto const text = store.document(what.value());
    if (!text) return std::string(name_of(text.error().kind()));
    auto const listed = contents_of(text.value(), what.value().media_type, {});
    REQUIRE(listed);
    memory_sink sink(1 << 20);
    for (auto const& l : listed.value().layers) {
        auto const got = store.read(l, sink);
        if (!got) return std::string(name_of(got.error().kind()));
    }
    if (layer) *layer = sink.bytes();
    auto const got = store.read(*listed.value().config, sink);
    return got ? sink.bytes() : std::string(name_of(got.error().kind()));
}

} // namespace

TEST_CASE("docker_archive: the golden image is the golden archive, and is read as the golden manifest", "[store][AR11][AR12][AR18][V11][V12]") {
    folder f;
    golden const g;
    CHECK(hex_of(g.config) == "b6e7bf975259e0c681d5f650f505488efb1f48738ee213ef661b889d5226cfc8");
    CHECK(hex_of(g.manifest) == "5296914748694da1c17acde516e5cf57a91d3d3d7128fd26c4edaa19aa895fee");
    std::string first;
    for (std::string const name : {"x.tar", "y.tar"}) {
        auto store = docker_archive::create(f.str(name)).value();
        REQUIRE(put_blobs(store, g));
        REQUIRE(store.tag("hello:v1", g.what()));
        REQUIRE(store.complete());
        CHECK(listed(f, name) == hex_of(g.layer) + ".tar\n" + hex_of(g.config) + ".json\nmanifest.json\n");
        auto const list = output_of("tar -xOf '" + f.str(name) + "' manifest.json");
        CHECK(list.size() == 208);
        CHECK(hex_of(list) == "da2c75b08cb9a48b359aa796d6a278b01e760184e920354e86148bd3f6a01a2c");
        CHECK(output_of("tar -xOf '" + f.str(name) + "' " + hex_of(g.config) + ".json") == g.config);
        CHECK(output_of("tar -xOf '" + f.str(name) + "' " + hex_of(g.layer) + ".tar | sha256sum").substr(0, 64) == hex_of(g.layer));
        for (std::istringstream lines(output_of("TZ=UTC tar --numeric-owner -tvf '" + f.str(name) + "'")); std::getline(lines, first);)
            CHECK((first.starts_with("-r--r--r-- 0/0 ") && first.find("1970-01-01 00:00 ") != std::string::npos));
        CHECK(f.list().size() == (name == "x.tar" ? 1 : 2));
        std::string layer;
        CHECK(read_back(f.str(name), "hello:v1", &layer) == g.config);
        CHECK(layer == g.layer);
        CHECK(docker_archive::open(f.str(name)).value().resolve("hello:v1").value() == g.what()); // the manifest that is made
        CHECK(store.names().value() == std::vector<std::string>{"docker.io/library/hello:v1"});
    }
    CHECK((f.read("x.tar") == f.read("y.tar")));

    auto hybrid = oci_archive::create(f.str("h.tar"), archive_options().with_form(archive_form::hybrid)).value();
    REQUIRE(put_blobs(hybrid, g));
    REQUIRE(hybrid.tag("docker.io/library/hello:v1", g.what()));
    REQUIRE(hybrid.complete());
    CHECK(read_back(f.str("h.tar"), "hello:v1") == g.config);
    CHECK(hybrid.resolve("hello:v1").value().digest == g.what().digest); // a manifest is kept there
}

TEST_CASE("docker_archive: one entry of the list for each config, with all of its names", "[store][AR12][AR34]") {
    folder f;
    image const a("a"), b("b");
    auto again = b; // the same config by another manifest
    again.manifest.insert(again.manifest.size() - 1, R"(,"annotations":{"a":"b"})");
    auto store = docker_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, a));
    REQUIRE(put_blobs(store, b));
    REQUIRE(put_blobs(store, again));
    REQUIRE(store.tag("b", b.what()));
    REQUIRE(store.tag("", a.what()));
    REQUIRE(store.tag("quay.io/team/b:2", b.what()));
    REQUIRE(store.tag("b:3", again.what()));
    CHECK(store.tag("no reference::", b.what()).error() == errc::ref_invalid);
    CHECK(store.tag("-x", b.what()).error() == errc::ref_invalid);
    REQUIRE(store.complete());
    CHECK(output_of("tar -xOf '" + f.str("x.tar") + "' manifest.json") ==
          R"([{"Config":")" + hex_of(b.config) + R"(.json","RepoTags":["docker.io/library/b:latest","quay.io/team/b:2","docker.io/library/b:3"],"Layers":[")" + hex_of(b.layer) + R"(.tar"]},{"Config":")" +
              hex_of(a.config) + R"(.json","RepoTags":[],"Layers":[")" + hex_of(a.layer) + R"(.tar"]}])");
    CHECK(read_back(f.str("x.tar"), "b:3") == b.config);
    CHECK(read_back(f.str("x.tar"), "@1") == a.config);
    CHECK(read_back(f.str("x.tar")) == "tag_ambiguous");
    CHECK(read_back(f.str("x.tar"), "c") == "manifest_unknown");
}

TEST_CASE("docker_archive: what Docker before 1.10 reads is written when it is asked for", "[store][AR13]") {
    folder f;
    image const a("a");
    std::string archive;
    for (std::string const name : {"x.tar", "y.tar"}) {
        auto store = docker_archive::create(f.str(name), archive_options().with_legacy()).value();
        REQUIRE(put_blobs(store, a));
        REQUIRE(store.tag("hello:v1", a.what()));
        REQUIRE(store.tag("hello:v2", a.what()));
        REQUIRE(store.complete());
        CHECK((archive.empty() || f.read(name) == archive));
        archive = f.read(name);
    }
    auto const read = [&](std::string const& member) { return output_of("tar -xOf '" + f.str("x.tar") + "' " + member); };
    auto const repositories = read("repositories");
    auto const id = repositories.substr(repositories.find("v1") + 5, 64);
    CHECK(repositories == R"({"docker.io/library/hello":{"v1":")" + id + R"(","v2":")" + id + R"("}})");
    CHECK(read(id + "/VERSION") == "1.0");
    CHECK(read(id + "/json") == R"({"id":")" + id + R"("})");
    CHECK(output_of("tar -tvf '" + f.str("x.tar") + "' " + id + "/layer.tar").find("-> ../" + hex_of(a.layer) + ".tar") != std::string::npos);
    CHECK(read_back(f.str("x.tar"), "hello:v2") == a.config);
    CHECK(listed(f, "x.tar").ends_with("repositories\nmanifest.json\n"));
    auto plain = docker_archive::create(f.str("z.tar")).value();
    REQUIRE(put_blobs(plain, a));
    REQUIRE(plain.tag("hello:v1", a.what()));
    REQUIRE(plain.complete());
    CHECK(listed(f, "z.tar").find("repositories") == std::string::npos);
}

TEST_CASE("docker_archive: a layer that is there twice is written once", "[store][AR10]") {
    folder f;
    golden g;
    auto const id = '"' + constant_digest_of(g.layer).str() + '"';
    g.config.replace(g.config.find(id), id.size(), id + ',' + id);
    g.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(g.config, media_types::oci_config)) +
                 R"(,"layers":[)" + text_of(described(g.layer)) + ',' + text_of(described(g.layer)) + "]}";
    auto store = docker_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, g));
    REQUIRE(store.tag("a:1", g.what()));
    REQUIRE(store.complete());
    CHECK(listed(f, "x.tar") == hex_of(g.layer) + ".tar\n" + hex_of(g.config) + ".json\nmanifest.json\n");
    CHECK(read_back(f.str("x.tar"), "a:1") == g.config);
}

TEST_CASE("docker_archive: a layer may be the config of another image", "[store][AR10]") {
    folder f;
    image const b("b");
    image a("a");
    a.layer = b.config;
    a.config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + constant_digest_of(a.layer).str() + R"("]}})";
    a.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(a.config, media_types::oci_config)) +
                 R"(,"layers":[)" + text_of(described(a.layer)) + "]}";
    auto store = docker_archive::create(f.str("x.tar")).value();
    REQUIRE(put_blobs(store, b));
    REQUIRE(put_blobs(store, a));
    REQUIRE(store.tag("a:1", a.what()));
    REQUIRE(store.tag("b:1", b.what()));
    stop_source source;
    source.request_stop();
    CHECK(store.complete(source.get_token()).error() == errc::cancelled);
    CHECK(f.list().size() > 1);
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    REQUIRE(store.complete());
    CHECK(read_back(f.str("x.tar"), "a:1") == a.config);
    CHECK(read_back(f.str("x.tar"), "b:1") == b.config);
}

TEST_CASE("docker_archive: a layer that is not what the config says is not written", "[store][AR10]") {
    golden g;
    auto const id = hex_of(g.layer);
    for (std::size_t at : {0u, 63u}) {
        auto changed = g;
        auto& digit = changed.config[changed.config.find(id) + at];
        digit = digit == '0' ? '1' : '0';
        changed.manifest.replace(changed.manifest.find(hex_of(g.config)), 64, hex_of(changed.config));
        CHECK(refused(changed) == "diff_id_mismatch");
    }
    auto fewer = g;
    fewer.config.replace(fewer.config.find("\"sha256:"), 73, "");
    fewer.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(fewer.config, media_types::oci_config)) +
                     R"(,"layers":[)" + text_of(described(g.layer)) + "]}";
    CHECK(refused(fewer) == "diff_id_mismatch");
}

TEST_CASE("docker_archive: of an index one image is written", "[store][AR15]") {
    folder f;
    image const a("a"), b("b", "arm64");
    auto const entry = [](image const& i, std::string const& arch) { return text_of(i.what(), R"(,"platform":{"architecture":")" + arch + R"(","os":"linux"})"); };
    auto const list = index_of({entry(a, "amd64"), entry(b, "arm64"), entry(image("gone"), "s390x")});
    auto const top = described(list, media_types::oci_index);
    auto const write = [&](std::vector<image> const& images, platform_choice which) {
        fs::remove_all(f.path / "x.tar");
        auto store = docker_archive::create(f.str("x.tar"), archive_options().with_platform(std::move(which))).value();
        for (auto const& i : images) REQUIRE(put_blobs(store, i));
        REQUIRE(store.put_document(top, list));
        REQUIRE(store.tag("a:1", top));
        auto const done = store.complete();
        if (done) return read_back(f.str("x.tar"));
        CHECK_FALSE(fs::exists(f.path / "x.tar"));
        CHECK((done.error() != errc::platform_not_found || done.error().detail().available.size() == 3)); // those that are offered
        return std::string(name_of(done.error().kind()));
    };
    CHECK(write({a, b}, platform_choice::like({"linux", "arm64"})) == b.config);
    CHECK(write({a, b}, platform_choice::like({"linux", "amd64"})) == a.config);
    CHECK(write({a, b}, platform_choice::like({"linux", "riscv64"})) == "platform_not_found");
    CHECK(write({b}, platform_choice::like({"linux", "riscv64"})) == b.config); // only that was copied
    CHECK(write({a, b}, platform_choice::like({"linux", "s390x"})) == "manifest_unknown");
}

TEST_CASE("docker_archive: what docker save has no form for is refused", "[store][AR16]") {
    golden const g;
    auto artifact = g;
    artifact.config = "{}";
    artifact.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described("{}", media_types::oci_empty)) +
                        R"(,"layers":[)" + text_of(described(g.layer, "text/plain")) + "]}";
    CHECK(refused(artifact) == "config_not_image");
    folder f; // and by copy, before anything of it is fetched
    CHECK(docker_archive::create(f.str("y.tar")).value().accepts_config(described("{}", media_types::oci_empty)).error() == errc::config_not_image);
    CHECK(docker_archive::create(f.str("y.tar")).value().accepts_config(described(g.config, media_types::oci_config)).has_value());
    auto unsaid = g;
    unsaid.config = R"({"architecture":"amd64","os":"linux"})";
    unsaid.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(unsaid.config, media_types::oci_config)) +
                      R"(,"layers":[)" + text_of(described(g.layer)) + "]}";
    CHECK(refused(unsaid) == "config_not_image");
    for (auto const magic : {"\x1f\x8b\x08 gzip", "\x28\xb5\x2f\xfd zstd", "BZh9"}) { // no model of any of them here
        auto packed = g;
        packed.layer = magic;
        packed.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(g.config, media_types::oci_config)) +
                          R"(,"layers":[)" + text_of(described(packed.layer, media_types::oci_layer_gzip)) + "]}";
        CHECK(refused(packed) == "would_change_digest");
    }
    auto foreign = g;
    foreign.manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(g.config, media_types::oci_config)) +
                       R"(,"layers":[)" + text_of(described("elsewhere", media_types::docker_layer_foreign)) + "]}";
    CHECK(refused(foreign) == "external_layer");
}

// ---- what others have written

namespace {

std::string saved(std::string const& config, std::string const& layers, std::string const& tags = R"(["a:1"])", std::string const& more = "") {
    return R"([{"Config":")" + config + R"(","RepoTags":)" + tags + R"(,"Layers":)" + layers + more + "}]";
}

} // namespace

TEST_CASE("docker_archive: the forms of others are read", "[store][AR20][AR23][AR24][AR29][AR32]") {
    folder f;
    golden const g;
    auto const id = hex_of(g.layer), config = hex_of(g.config);
    auto const layers = R"([")" + id + R"(.tar"])";
    members const minimal{{id + ".tar", g.layer}, {config + ".json", g.config}, {"manifest.json", saved(config + ".json", layers)}};
    std::string layer;
    CHECK(read_back(f.write("minimal.tar", tar(minimal)), "a:1", &layer) == g.config);
    CHECK(layer == g.layer);
    CHECK(read_back(f.write("first.tar", tar({minimal[2], minimal[0], minimal[1]}))) == g.config);
    CHECK(read_back(f.write("null.tar", tar({minimal[0], minimal[1], {"manifest.json", saved(config + ".json", layers, "null")}}))) == g.config);
    CHECK(read_back(f.write("none.tar", tar({minimal[0], minimal[1], {"manifest.json", saved(config + ".json", layers, "[]")}})), "a:1") == "manifest_unknown");
    CHECK(read_back(f.write("named.tar", tar({{"l", g.layer}, {"config.json", g.config}, {"manifest.json", saved("config.json", R"(["l"])")}}))) == g.config);
    auto dotted = minimal;
    for (auto& [name, bytes] : dotted) name.insert(0, "./");
    CHECK(read_back(f.write("dotted.tar", tar(dotted))) == g.config);
    auto const dotted_list = saved("./" + config + ".json", R"(["./)" + id + R"(.tar"])");
    CHECK(read_back(f.write("both.tar", tar({dotted[0], dotted[1], {"manifest.json", dotted_list}}))) == g.config);
    auto odd = docker_archive::open(f.str("named.tar")).value();
    REQUIRE(odd.resolve(""));
    auto const said = odd.take_warnings();
    REQUIRE(said.size() == 1);
    CHECK(said[0].code == warning_code::config_name_differs);
    CHECK(said[0].text == "config.json is " + constant_digest_of(g.config).str());
    CHECK(odd.take_warnings().empty());
    for (auto const* usual : {"minimal.tar", "dotted.tar"}) {
        auto store = docker_archive::open(f.str(usual)).value();
        REQUIRE(store.resolve(""));
        CHECK(store.take_warnings().empty());
    }
    // The manifest that is made is the same for the same parts, whatever the files are called.
    auto const made = [&](char const* name) { return docker_archive::open(f.str(name)).value().resolve("").value().digest; };
    CHECK(made("minimal.tar") == made("named.tar"));
    CHECK(made("minimal.tar") == made("both.tar"));
}

TEST_CASE("docker_archive: where there is a layout too it has the digests, the list the tags", "[store][AR22]") {
    folder f;
    golden const g;
    auto const list = saved(blob_name(g.config), R"([")" + blob_name(g.layer) + R"("])", R"(["team/app:3"])");
    auto const path = f.write("x.tar", tar({{"manifest.json", list}, {"index.json", index_of({text_of(g.what())})}, {"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"}, {blob_name(g.manifest), g.manifest}, {blob_name(g.config), g.config}, {blob_name(g.layer), g.layer}}));
    auto store = docker_archive::open(path).value();
    CHECK(store.resolve("team/app:3").value().digest == g.what().digest);
    CHECK(store.names().value() == std::vector<std::string>{"team/app:3"});
    CHECK(read_back(path, "team/app:3") == g.config);
}

TEST_CASE("docker_archive: a layer may be a link to another member, one step, and to nothing else", "[store][AR25][AR30][AR31]") {
    folder f;
    golden const g;
    auto const with = [&](members const& more, std::string const& layer) {
        members all{{"c.json", g.config}, {"l.tar", g.layer}, {"manifest.json", saved("c.json", R"([")" + layer + R"("])")}};
        all.insert(all.end(), more.begin(), more.end());
        return read_back(f.write("x.tar", tar(all)));
    };
    CHECK(with({{"v1/layer.tar", "-> ../l.tar"}}, "v1/layer.tar") == g.config);
    CHECK(with({{"v1/layer.tar", "-> ../v2/layer.tar"}, {"v2/layer.tar", "-> ../l.tar"}}, "v1/layer.tar") == "archive_invalid");
    CHECK(with({{"v1/layer.tar", "-> /etc/passwd"}}, "v1/layer.tar") == "archive_invalid");
    CHECK(with({{"v1/layer.tar", "-> ../../etc/passwd"}}, "v1/layer.tar") == "archive_invalid");
    CHECK(with({{"v1/layer.tar", "-> layer.tar"}}, "v1/layer.tar") == "archive_invalid");
    CHECK(with({}, "../../../../tmp/x") == "archive_invalid");
    CHECK(with({{"../../../../tmp/x", "y"}}, "../../../../tmp/x") == "archive_invalid");
    CHECK(with({}, "/etc/passwd") == "archive_invalid");
}

TEST_CASE("docker_archive: layers are those that the config names", "[store][AR28][AR33]") {
    folder f;
    golden const g;
    auto const with = [&](std::string const& layer, std::string const& layers) {
        return read_back(f.write("x.tar", tar({{"c.json", g.config}, {"l.tar", layer}, {"m.tar", "more"}, {"manifest.json", saved("c.json", layers)}})));
    };
    CHECK(with(g.layer, R"(["l.tar"])") == g.config);
    auto changed = g.layer;
    changed[600] ^= 1;
    CHECK(with(changed, R"(["l.tar"])") == "diff_id_mismatch");
    CHECK(with(g.layer, R"([])") == "archive_invalid");
    CHECK(with(g.layer, "null") == "archive_invalid");
    CHECK(with(g.layer, R"(["l.tar","m.tar"])") == "archive_invalid");
    CHECK(with(g.layer, R"(["gone.tar"])") == "archive_invalid");
}

TEST_CASE("docker_archive: without a list it is said why nothing is read", "[store][AR35]") {
    folder f;
    auto const old = docker_archive::open(f.write("x.tar", tar({{"repositories", R"({"a":{"1":"x"}})"}, {"x/layer.tar", "l"}, {"x/json", "{}"}})));
    CHECK(old.error() == errc::archive_invalid);
    CHECK(old.error().detail().context.find("1.10") != std::string::npos);
    CHECK(read_back(f.write("y.tar", tar({{"x", "y"}}))) == "layout_invalid");
}

TEST_CASE("docker_archive: a layer that is kept elsewhere is listed as that", "[store][AR36]") {
    folder f;
    golden const g;
    auto const sources = [&](std::string const& urls) {
        return R"(,"LayerSources":{")" + constant_digest_of(g.layer).str() + R"(":)" + text_of(described("packed", media_types::docker_layer_foreign), urls) + "}";
    };
    auto const elsewhere = sources(R"(,"urls":["https://other.example/layer"])");
    auto const path = f.write("x.tar", tar({{"c.json", g.config}, {"manifest.json", saved("c.json", R"(["l.tar"])", "[]", elsewhere)}}));
    auto store = docker_archive::open(path).value();
    auto const what = store.resolve("");
    REQUIRE(what);
    auto const listed = contents_of(store.document(what.value()).value(), {}, {}).value();
    REQUIRE(listed.layers.size() == 1);
    CHECK(listed.layers[0].digest == described("packed").digest);
    CHECK(listed.layers[0].urls.size() == 1);
    CHECK(listed.layers[0].media_type == "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
    CHECK(read_back(path) == "external_layer");
    CHECK(read_back(f.write("y.tar", tar({{"c.json", g.config}, {"manifest.json", saved("c.json", R"(["l.tar"])", "[]", sources(""))}}))) == "archive_invalid");
    CHECK(read_back(f.write("z.tar", tar({{"c.json", g.config}, {"l.tar", g.layer}, {"manifest.json", saved("c.json", R"(["l.tar"])", "[]", elsewhere)}}))) == g.config);
}

TEST_CASE("docker_archive: a hostile list ends in a typed error, and opens nothing but members", "[store][HX08]") {
    folder f;
    golden const g;
    auto const with = [&](std::string const& list) { return read_back(f.write("x.tar", tar({{"c.json", g.config}, {"l.tar", g.layer}, {"manifest.json", list}}))); };
    auto const padded = saved("c.json", R"(["l.tar"])");
    CHECK(with(padded + std::string((4u << 20) - padded.size(), ' ')) == g.config);
    CHECK(with(padded + std::string((4u << 20) + 1 - padded.size(), ' ')) == "body_too_large");
    std::string many = R"("l.tar")";
    for (int i = 0; i < 50'000; ++i) many += R"(,"l.tar")";
    CHECK(with(saved("c.json", '[' + many + ']')) == "manifest_limit");
    std::string million = R"("")";
    for (int i = 0; i < 1'000'000; ++i) million += R"(,"")";
    CHECK(with(saved("c.json", '[' + million + ']')) == "archive_invalid");
    for (std::string const config : {"../../etc/passwd", "/etc/passwd", "", ".", "..", "gone", "c.json/"}) {
        INFO(config);
        auto const said = with(saved(config, R"(["l.tar"])"));
        CHECK(said == (config == "c.json/" ? g.config : "archive_invalid"));
    }
    for (auto const layers : {R"([""])", "[1]", R"("l.tar")", R"([["l.tar"]])", R"([null])", "{}"}) CHECK(with(saved("c.json", layers)) == "archive_invalid");
    for (auto const list : {"", "[", "{}", "[7]", "[null]", "[[]]", R"([{"Config":1,"Layers":[]}])", R"([{"Config":"c.json","Config":"c.json","Layers":[]}])", "null", "\xff"})
        CHECK(with(list) == "archive_invalid");
    CHECK(with("[]") == "layout_invalid"); // no image
}

TEST_CASE("docker_archive: tags that are no references are names of nothing else", "[store][HX09]") {
    folder f;
    golden const g;
    auto const path = f.write("x.tar", tar({{"c.json", g.config}, {"l.tar", g.layer}, {"manifest.json", saved("c.json", R"(["l.tar"])", R"(["-x","a b","x:y:z","\u001b[2J",7,null])")}}));
    CHECK(read_back(path) == g.config);
    auto store = docker_archive::open(path).value();
    CHECK(store.names().value() == std::vector<std::string>{"-x", "a b", "x:y:z", "\x1b[2J"}); // who shows them makes them visible
    CHECK(store.resolve("x").error() == errc::manifest_unknown);
    auto const unknown = store.resolve("other").error().message();
    CHECK(unknown.find('\x1b') == std::string::npos);
    auto disk = image_on_disk::open(path).value();
    CHECK(disk.reference("-x").value().repository().str() == "localhost/layout"); // not what it is called
}

TEST_CASE("docker_archive: cut anywhere, and with any byte of a header changed, it ends in the image or a typed error", "[store][HX07]") {
    folder f;
    golden const g;
    auto const whole = tar({{"c.json", g.config}, {"l.tar", g.layer}, {"manifest.json", saved("c.json", R"(["l.tar"])")}});
    REQUIRE(read_back(f.write("x.tar", whole)) == g.config);
    auto const good = [&](std::string const& bytes) {
        auto const said = read_back(f.write("x.tar", bytes));
        CHECK((said == g.config || said == "layout_invalid" || said == "archive_invalid"));
        return said == g.config;
    };
    std::size_t read = 0;
    for (std::size_t n = 0; n < whole.size(); ++n) read += good(whole.substr(0, n));
    CHECK(read < 1024 + 512); // the end, and padding
    auto const second = 512 + (g.config.size() + 511) / 512 * 512;
    for (std::size_t const from : {std::size_t{0}, second, second + 512 + g.layer.size()})
        for (std::size_t at = from; at < from + 512; ++at) {
            if (at == from + 148) continue; // a space for a zero: the same number
            auto changed = whole;
            changed[at] = static_cast<char>(changed[at] ^ 0x10);
            CHECK_FALSE(good(changed));
        }
}

} // namespace docker_archive_test
