// SPDX-License-Identifier: BSL-1.0
// Compressed layers in what `docker save` writes, over every model of `decompressor` whose library is here.

#include "catch.hpp"
#include "support/layout_files.hpp"

#include <lading/store/docker_archive.hpp>
#include <lading/store/oci_archive.hpp>

#ifdef LADING_TEST_ZLIB
#include "support/zlib_gzip.hpp"

#include <lading/unpack/zlib_gzip.hpp>
#endif
#ifdef LADING_TEST_ZSTD
#include <lading/unpack/zstd_frames.hpp>
#endif

#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace docker_archive_layers_test {

using namespace lading;
using namespace layout_files;

namespace {

struct model {
    char const* name;
    decompression undo;
    std::string_view type;
    std::function<std::string(std::string const&)> compress;
};
std::vector<model> models() {
    std::vector<model> out;
#ifdef LADING_TEST_ZLIB
    out.push_back({"gzip", zlib_gzip::model(), media_types::oci_layer_gzip, [](std::string const& text) { return test::zlib_gzip(text, 9); }});
#endif
#ifdef LADING_TEST_ZSTD
    out.push_back({"zstd", zstd_frames::model(), media_types::oci_layer_zstd, [](std::string const& text) {
                       std::string packed(::ZSTD_compressBound(text.size()), '\0');
                       packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
                       return packed;
                   }});
#endif
    return out;
}

/// An image of one compressed layer. `of` is what the config says that it is.
struct packed_image {
    packed_image(std::string const& packed, std::string_view layer_type, std::string const& of)
        : layer(packed), type(layer_type), config(R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" + digest_of<openssl_hash>(of).value().str() + R"("]}})"),
          manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + text_of(described(config, media_types::oci_config)) +
                   R"(,"layers":[)" + text_of(described(layer, type)) + "]}") {}
    descriptor what() const { return described(manifest, media_types::oci_manifest); }
    std::string layer;
    std::string_view type;
    std::string config, manifest;
};

/// "" or the name of the code.
template <class Store>
std::string write(Store store, packed_image const& i) {
    REQUIRE(put(store.writer(described(i.layer, i.type)), i.layer));
    REQUIRE(put(store.writer(described(i.config)), i.config));
    REQUIRE(store.put_document(i.what(), i.manifest));
    REQUIRE(store.tag("docker.io/library/a:1", i.what()));
    auto const done = store.complete();
    return done ? std::string() : std::string(name_of(done.error().kind()));
}

} // namespace

TEST_CASE("docker_archive: compressed layers are written uncompressed, once they are what the config says", "[store][AR10][AR17]") {
    std::string plain;
    for (std::int64_t i = 0; i < 100'000; ++i) plain += std::to_string(i * i);
    for (auto const& m : models()) {
        INFO(m.name);
        folder f;
        auto const with = archive_options().with_decompression(m.undo);
        packed_image const good(m.compress(plain), m.type, plain);
        CHECK(write(docker_archive::create(f.str("x.tar"), with).value(), good).empty());
        CHECK(f.list() == std::vector<std::string>{"x.tar"}); // nothing was spooled
        auto const index = detail::tar_index::of(*detail::regular_file::open(f.str("x.tar").c_str()));
        auto const* const layer = index.value().find(hex_of(plain) + ".tar");
        REQUIRE(layer);
        CHECK(layer->size == plain.size()); // known only at its end
        CHECK((f.read("x.tar").substr(layer->from, layer->size) == plain));
        CHECK(write(docker_archive::create(f.str("y.tar"), with).value(), good).empty());
        CHECK((f.read("x.tar") == f.read("y.tar")));

        auto const refused = [&](packed_image const& i, archive_options const& o) {
            auto const said = write(docker_archive::create(f.str("z.tar"), o).value(), i);
            CHECK_FALSE(fs::exists(f.path / "z.tar"));
            fs::remove_all(f.path / "z.tar.part");
            return said;
        };
        CHECK(refused(packed_image(m.compress(plain + "x"), m.type, plain), with) == "diff_id_mismatch");
        CHECK(refused(packed_image(m.compress(plain), m.type, m.compress(plain)), with) == "diff_id_mismatch");
        CHECK(refused(packed_image(good.layer.substr(0, good.layer.size() / 2), m.type, plain), with) == "compression_invalid");
        CHECK(refused(packed_image(good.layer + "rubbish", m.type, plain), with) == "compression_invalid");
        CHECK(refused(good, {}) == "would_change_digest");
        limits small;
        small.layer_bytes = plain.size() - 1;
        CHECK(refused(good, archive_options(with).with_limits(small)) == "layer_limit");
        small.layer_bytes = plain.size();
        CHECK(write(docker_archive::create(f.str("s.tar"), archive_options(with).with_limits(small)).value(), good).empty());
        // Zeros are as dense as honest bytes can be.
        std::string const zeros(200u << 20, '\0');
        CHECK(write(docker_archive::create(f.str("0.tar"), with).value(), packed_image(m.compress(zeros), m.type, zeros)).empty());
    }
}

TEST_CASE("docker_archive: compressed layers and archives of others are read", "[store][AR21][AR26][AR27][AR04][HX10]") {
    std::string const plain(100'000, 'x');
    for (auto const& m : models()) {
        INFO(m.name);
        folder f;
        auto const with = archive_options().with_decompression(m.undo);
        std::string archive;
        detail::tar_writer to([&](std::span<std::byte const> piece) -> result<void> {
            archive.append(reinterpret_cast<char const*>(piece.data()), piece.size());
            return success();
        });
        auto const layer = m.compress(plain);
        packed_image const i(layer, m.type, plain);
        auto const config = "sha256:" + hex_of(i.config), name = hex_of(layer) + ".tar.gz";
        REQUIRE(to.add({config}, i.config));
        REQUIRE(to.add({name}, layer));
        REQUIRE(to.add({"manifest.json"}, R"([{"Config":")" + config + R"(","RepoTags":["a.test/a:1"],"Layers":[")" + name + R"("]}])"));
        REQUIRE(to.finish());
        for (auto const& path : {f.write("x.tar", archive), f.write("x.tar.packed", m.compress(archive))}) {
            auto store = docker_archive::open(path, with);
            REQUIRE(store);
            auto const what = store.value().resolve("a.test/a:1");
            REQUIRE(what);
            auto const listed = contents_of(store.value().document(what.value()).value(), {}, {}).value();
            CHECK(listed.layers[0].digest == described(plain).digest); // known by what it is
            memory_sink sink(1 << 20);
            REQUIRE(store.value().read(listed.layers[0], sink));
            CHECK((sink.bytes() == plain));
        }
        // Another layer than the config says; one that cannot be looked into is not judged, and not what the config says.
        auto const other = packed_image(layer, m.type, plain + "x").config;
        archive.clear();
        REQUIRE(to.add({"c"}, other));
        REQUIRE(to.add({"l"}, layer));
        REQUIRE(to.add({"manifest.json"}, R"([{"Config":"c","RepoTags":[],"Layers":["l"]}])"));
        REQUIRE(to.finish());
        CHECK(docker_archive::open(f.write("y.tar", archive), with).value().resolve("").error() == errc::diff_id_mismatch);
        CHECK(docker_archive::open(f.str("x.tar.packed")).error() == errc::layout_invalid);

        // No room to decompress it, and more than honest bytes become.
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
        auto const handler = ::signal(SIGXFSZ, SIG_IGN);
        rlimit small = before;
        small.rlim_cur = 512;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        auto const full = docker_archive::open(f.str("x.tar.packed"), with);
        ::setrlimit(RLIMIT_FSIZE, &before);
        ::signal(SIGXFSZ, handler);
        CHECK(full.error() == errc::disk_full);
        CHECK(detail::most_decompressed(1000, *detail::compression_of(layer, detail::known_compressions), UINT64_MAX) < 100u << 20);
        CHECK(detail::most_decompressed(std::uint64_t{1} << 40, *detail::compression_of(layer, detail::known_compressions), 1000) == 1000);

        auto const packed_layout = [&] {
            CHECK(write(oci_archive::create(f.str("o.tar")).value(), i).empty());
            return f.write("o.tar.packed", m.compress(f.read("o.tar")));
        }();
        CHECK(oci_archive::open(packed_layout, with).value().resolve("a:1").value().digest == i.what().digest);
    }
}

} // namespace docker_archive_layers_test
