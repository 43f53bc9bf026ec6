// SPDX-License-Identifier: BSL-1.0
// Compressed archives, over every model of `decompressor` whose library is here.

#include "catch.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/lading.hpp>
#include <lading/service/store_transport.hpp>
#include <lading/store/image_on_disk.hpp>

#ifdef LADING_TEST_ZLIB
#include "support/zlib_gzip.hpp"

#include <lading/unpack/zlib_gzip.hpp>
#endif
#ifdef LADING_TEST_ZSTD
#include <lading/unpack/zstd_frames.hpp>
#endif

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace decompression_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

struct model {
    char const* name;
    decompression undo;
    std::function<std::string(std::string const&)> compress;
};

std::vector<model> models() {
    std::vector<model> out;
#ifdef LADING_TEST_ZLIB
    out.push_back({"gzip", zlib_gzip::model(), [](std::string const& text) { return test::zlib_gzip(text); }});
#endif
#ifdef LADING_TEST_ZSTD
    out.push_back({"zstd", zstd_frames::model(), [](std::string const& text) {
                       std::string packed(::ZSTD_compressBound(text.size()), '\0');
                       packed.resize(::ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
                       return packed;
                   }});
#endif
    return out;
}

/// The whole text, read with pieces of these sizes; "damaged" or "early" when it is not to be had.
std::string undone(model const& m, std::string const& packed, std::size_t in_size, std::size_t out_size) {
    auto const d = m.undo.make();
    REQUIRE(d);
    std::string out;
    std::vector<std::byte> room(out_size);
    for (std::size_t at = 0; at < packed.size(); at += in_size) {
        auto in = std::as_bytes(std::span(packed)).subspan(at, std::min(in_size, packed.size() - at));
        for (;;) {
            auto const n = d->read(in, room);
            if (!n) return "damaged";
            if (n.assume_value() == 0) break;
            out.append(reinterpret_cast<char const*>(room.data()), n.assume_value());
        }
        REQUIRE(in.empty());
    }
    return d->complete() ? out : "early";
}

std::string member(std::string const& name, std::string const& bytes) {
    std::string head(512, '\0');
    head.replace(0, name.size(), name);
    head.replace(100, 7, "0000644");
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", bytes.size());
    head.replace(124, 11, size, 11);
    head[156] = '0';
    head.replace(257, 8, std::string("ustar\0"
                                     "00",
                                     8));
    head.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (char const c : head) sum += static_cast<unsigned char>(c);
    std::snprintf(size, sizeof size, "%06o", sum);
    head.replace(148, 7, std::string(size, 7));
    return head + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}

std::string const config = R"({"architecture":"arm64","os":"linux"})";

/// What `docker save` writes, with a layer that compresses to a thousandth.
std::string archive(std::size_t layer = 100'000) {
    return member("manifest.json", R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["l"]}])") + member("c.json", config) +
           member("l", std::string(layer, 'x')) + std::string(1024, '\0');
}

struct folder {
    folder() {
        std::string name = (fs::temp_directory_path() / "lading-packed-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~folder() { fs::remove_all(path); }
    std::string write(char const* name, std::string const& bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
        return (path / name).string();
    }
    fs::path path;
};

} // namespace

TEST_CASE("a decompressor gives what was compressed, whatever the pieces", "[W08]") {
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += std::to_string(i * i);
    for (auto const& m : models()) {
        INFO(m.name);
        auto const packed = m.compress(text);
        CHECK((undone(m, packed, packed.size(), text.size()) == text));
        CHECK((undone(m, packed, 4096, 1 << 16) == text));
        CHECK((undone(m, packed, 7, 1 << 16) == text));
        CHECK((undone(m, packed, 1 << 16, 13) == text));
        CHECK((undone(m, packed + m.compress("and more"), 100, 1000) == text + "and more")); // as parallel compressors write it
        CHECK(undone(m, m.compress(""), 100, 100).empty());
        CHECK(undone(m, packed.substr(0, packed.size() - 1), 1000, 1000) == "early");
        CHECK(undone(m, packed.substr(0, packed.size() / 2), 1000, 1000) == "early");
        CHECK(undone(m, packed + "rubbish", 1000, 1000) == "damaged");
        CHECK(undone(m, "rubbish", 1000, 1000) == "damaged");
        for (std::size_t at = 0; at < packed.size(); at += 1 + packed.size() / 200) { // ends, and never in more than the half again
            auto changed = packed;
            changed[at] = static_cast<char>(changed[at] ^ 0x40);
            CHECK(undone(m, changed, 1000, 1 << 16).size() < 2 * text.size());
        }
    }
}

TEST_CASE("compressed archives are read, within bounds, and leave nothing behind", "[W08]") {
    folder f;
    REQUIRE(::setenv("TMPDIR", f.path.c_str(), 1) == 0);
    for (auto const& m : models()) {
        INFO(m.name);
        auto const path = f.write("image", m.compress(archive()));
        auto const options = image_on_disk_options().with_decompression(m.undo);
        auto opened = image_on_disk::open(path, options);
        REQUIRE(opened);
        fs::remove(path); // what has been read needs it no more
        CHECK(fs::is_empty(f.path));
        auto const ref = opened.value().reference("a:1");
        REQUIRE(ref);
        CHECK(ref.value() == image_on_disk::open(f.write("plain", archive())).value().reference("a:1").value());
        fs::remove(f.path / "plain");

        auto const refused = [&](std::string const& bytes, image_on_disk_options const& o) {
            auto const r = image_on_disk::open(f.write("image", bytes), o);
            REQUIRE_FALSE(r);
            CHECK(std::distance(fs::directory_iterator(f.path), fs::directory_iterator()) == 1);
            return r.error();
        };
        auto const unknown = refused(m.compress(archive()), image_on_disk_options());
        CHECK(unknown == errc::layout_invalid);
        CHECK(unknown.message().find("compressed with " + std::string(m.name)) != std::string::npos);
        CHECK(unknown.message().find(m.name == std::string("gzip") ? "gunzip" : "unzstd") != std::string::npos);
        limits small;
        small.archive_bytes = 50'000;
        auto const large = refused(m.compress(archive()), image_on_disk_options(small).with_decompression(m.undo));
        CHECK(large == errc::layout_invalid);
        CHECK(large.detail().expected == "at most 50000 bytes");
        auto const late = image_on_disk_options().with_decompression(m.undo).with_deadline(std::chrono::steady_clock::now());
        CHECK(refused(m.compress(archive(20'000'000)), late) == errc::timeout);
        stop_source source;
        source.request_stop();
        CHECK(image_on_disk::open(f.write("image", m.compress(archive())), options, source.get_token()).error() == errc::cancelled);
        auto const half = m.compress(archive());
        CHECK(refused(half.substr(0, half.size() / 2), options) == errc::layout_invalid);
        CHECK(refused(m.compress("no archive"), options).message().find("neither") != std::string::npos);
        CHECK(refused(m.compress(m.compress(archive())), options) == errc::layout_invalid); // one layer of it only
    }
    for (auto const& [magic, name] : {std::pair(std::string("\xfd"
                                                            "7zXZ\0",
                                                            6),
                                                "unxz"),
                                      std::pair(std::string("BZh91"), "bunzip2")}) {
        auto const r = image_on_disk::open(f.write("image", magic + std::string(600, 'x')));
        CHECK(r.error().message().find(name) != std::string::npos);
    }
    REQUIRE(::setenv("TMPDIR", "/nonexistent", 1) == 0); // then in another place
    for (auto const& m : models()) CHECK(image_on_disk::open(f.write("image", m.compress(archive())), image_on_disk_options().with_decompression(m.undo)));
    ::unsetenv("TMPDIR");
}

TEST_CASE("compressed layers of docker save are known by what they are uncompressed", "[W08]") {
    struct on_disk : default_policies {
        using transport = store_transport<image_on_disk>;
    };
    folder f;
    for (auto const& m : models()) {
        INFO(m.name);
        std::string const layer(100'000, 'x');
        auto const with = [&](std::string const& bytes) {
            return f.write("image", member("manifest.json", R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["l","l"]}])") + member("c.json", config) +
                                        member("l", bytes) + std::string(1024, '\0'));
        };
        auto const path = with(m.compress(layer));
        auto const options = image_on_disk_options().with_decompression(m.undo);
        auto opened = image_on_disk::open(path, options).value();
        auto const ref = opened.reference().value();
        CHECK(image_on_disk::open(path).value().reference().value() != ref); // as it is, where it cannot be undone
        basic_client<on_disk> client(std::move(opened));
        auto const manifest = client.manifest(ref);
        REQUIRE(manifest);
        auto const& layers = std::get<schema2>(manifest.value().document).layers;
        CHECK(layers[1].digest == constant_digest_of(layer));
        CHECK(layers[1].size == 100'000);
        memory_sink sink(100'000);
        CHECK(client.blob(ref, layers[1], sink));
        CHECK((sink.bytes() == layer));

        limits small;
        small.archive_bytes = 50'000;
        auto bounded = image_on_disk::open(path, image_on_disk_options(small).with_decompression(m.undo)).value();
        CHECK(bounded.reference().error() == errc::archive_invalid);
        auto const packed = m.compress(layer);
        for (auto const& bytes : {packed.substr(0, packed.size() - 3), packed + "x"}) {
            auto broken = image_on_disk::open(with(bytes), options).value();
            CHECK(broken.reference().error() == errc::archive_invalid);
        }
    }
}

} // namespace decompression_test
