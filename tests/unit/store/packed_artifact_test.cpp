// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/store/packed_artifact.hpp>
#include <lading/unpack/zlib_gzip.hpp>

#include <string>
#include <vector>

namespace packed_artifact_test {

using namespace lading;
using test::scratch_folder;

template <class R>
errc why(R const& r) {
    return r ? errc::ok : r.error().kind();
}
pack_options typed() { return pack_options().with_artifact_type("application/vnd.example+type").with_reproducibility(); }

TEST_CASE("packed: what a file is called, unless it is said", "[artifact][AF07]") {
    for (auto const& [path, title] : std::vector<std::pair<std::string, std::string>>{
             {"a", "a"}, {"a/b.txt", "a/b.txt"}, {"./a//b/", "a/b"}, {"a/../b", "b"}, {"/tmp/x/model.bin", "model.bin"}, {"../up/x", "x"}, {"/", ""}, {".", "."}}) {
        CAPTURE(path);
        CHECK(detail::title_of_path(path) == title);
    }
}

TEST_CASE("packed: the layer of a file", "[artifact][AF07]") {
    scratch_folder f;
    packed_artifact a;
    a.add(f.write("hello.txt", "hello\n")).value();
    a.add(f / "hello.txt", "docs/hello.txt", std::string(media_types::oci_layer)).value();
    a.add_bytes("", "empty").value();
    REQUIRE(a.layers().size() == 3);
    CHECK(a.layers()[0].media_type == "application/octet-stream");
    CHECK(a.layers()[0].digest.hex() == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    CHECK(a.layers()[0].size == 6);
    CHECK(a.layers()[0].annotations == string_map{{"org.opencontainers.image.title", "hello.txt"}});
    CHECK(a.layers()[1].media_type == media_types::oci_layer);
    CHECK(a.layers()[1].annotations == string_map{{"org.opencontainers.image.title", "docs/hello.txt"}});
    CHECK(a.layers()[2].size == 0);
    CHECK(why(a.add(f / "nothing")) == errc::invalid_argument);
    CHECK(why(a.add(f / "hello.txt", "x", "no type")) == errc::media_type_invalid);
    CHECK(a.layers().size() == 3);
    // V2, from a file.
    packed_artifact golden;
    golden.add(f / "hello.txt", {}, std::string(media_types::oci_layer)).value();
    auto const packed = golden.pack(pack_options().with_artifact_type("application/vnd.example+type").with_annotation("org.opencontainers.image.created", "2024-01-02T03:04:05Z")).value();
    CHECK(packed.digest.hex() == "e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8");
}

TEST_CASE("packed: reading ends when it is to stop") {
    scratch_folder f;
    stop_source source;
    source.request_stop();
    packed_artifact a;
    CHECK(why(a.add(f.write("etc/hello", "hello\n"), {}, {}, {}, source.get_token())) == errc::cancelled);
    CHECK(why(a.add(f / "etc", {}, {}, {}, source.get_token())) == errc::cancelled);
    CHECK(why(a.set_config(f / "etc/hello", "text/plain", source.get_token())) == errc::cancelled);
    CHECK(a.layers().empty());
    CHECK(why(a.pack(typed())) == errc::ok);
    CHECK(why(a.annotate_config({{"a", "b"}})) == errc::no_config); // none was kept
}

TEST_CASE("packed: the layer of a folder", "[artifact][AF08]") {
    scratch_folder f;
    f.write("etc/hello", "hello\n");
    auto const gzip = folder_options().with_compression(zlib_gzip_writer::model());
    packed_artifact a;
    a.add(f / "etc").value();
    a.add(f / "etc", "other", {}, gzip).value();
    a.add(f / "etc", "third", "application/vnd.example.tar", gzip).value();
    CHECK(a.layers()[0].media_type == media_types::oci_layer);
    CHECK(a.layers()[0].digest.hex() == "ad9ed769e9dd2f885fb58c186f1cec7a8fe312ac6c4c59778d8bfa6ba2189113"); // V8
    CHECK(a.layers()[0].annotations == string_map{{"io.deis.oras.content.digest", a.layers()[0].digest.str()},
                                                  {"io.deis.oras.content.unpack", "true"},
                                                  {"org.opencontainers.image.title", "etc"}});
    CHECK(a.layers()[1].media_type == media_types::oci_layer_gzip);
    CHECK(a.layers()[1].size < a.layers()[0].size);
    CHECK(a.layers()[1].annotations.at("io.deis.oras.content.digest") != a.layers()[1].digest.str());
    CHECK(a.layers()[2].annotations.at("io.deis.oras.content.digest") == a.layers()[2].digest.str());
    CHECK(why(a.add(f / "etc", "x", "application/vnd.example.zip", gzip)) == errc::media_type_mismatch);
    CHECK(why(a.add(f / "etc", "x", std::string(media_types::oci_layer_gzip))) == errc::media_type_mismatch);
}

TEST_CASE("packed: two files of one name, before anything is sent", "[artifact][AF09]") {
    for (auto const& [one, other] : std::vector<std::pair<std::string, std::string>>{{"a", "a"}, {"a", "A"}, {"a", "a/b"}}) {
        CAPTURE(one, other);
        packed_artifact a;
        a.add_bytes("1", one).value();
        a.add_bytes("2", other).value();
        CHECK(why(a.pack(typed())) == errc::path_refused);
        CHECK(why(a.resolve("")) == errc::manifest_unknown);
    }
    packed_artifact same;
    same.add_bytes("1", "a").value();
    same.add_bytes("1", "b").value();
    CHECK(why(same.pack(typed())) == errc::ok);
}

TEST_CASE("packed: a name that not every system can write is refused", "[artifact][AF12]") {
    scratch_folder f;
    auto const file = f.write("x", "x");
    packed_artifact a;
    for (auto const* title : {"/x", "../x", "a/../x", "~x", "a\\b", "NUL", "c:x", "x.", "a\nb", "\xff"}) CHECK(why(a.add(file, title)) == errc::path_refused);
    CHECK(why(a.add(".")) == errc::path_refused);
    CHECK(a.layers().empty());
}

TEST_CASE("packed: it is a source", "[artifact][AF16]") {
    scratch_folder f;
    packed_artifact a;
    f.write("d/x", std::string(700'000, 'x'));
    a.add(f.write("file", std::string(600'000, 'f'))).value();
    a.add(f / "d", "folder").value();
    a.set_config_bytes("{\"a\":1}", "application/vnd.example.config.v1+json").value();
    auto const top = a.pack(typed()).value();
    CHECK(a.resolve("").value().digest == top.digest);
    CHECK(a.resolve(top.digest.str()).value().digest == top.digest);
    CHECK(why(a.resolve("latest")) == errc::manifest_unknown);
    CHECK(constant_digest_of(a.document(top).value()) == top.digest);
    for (auto const& l : a.layers()) {
        memory_sink sink(2'000'000);
        a.read(l, sink).value();
        CHECK(constant_digest_of(sink.bytes()) == l.digest);
    }
    null_sink none;
    CHECK(why(a.read(top, none)) == errc::blob_unknown);
    // What the sink has already is not passed again, also of an archive, which is made from its start.
    class second_half final : public blob_sink {
      public:
        explicit second_half(std::string first) : bytes(std::move(first)) {}
        result<std::uint64_t> resume(std::int64_t, held_bytes const& each) override {
            each(std::as_bytes(std::span(bytes)));
            return bytes.size();
        }
        result<void> begin() override { return bytes.clear(), ++begun, success(); }
        result<void> write(std::span<std::byte const> p) override { return bytes.append(reinterpret_cast<char const*>(p.data()), p.size()), success(); }
        result<void> commit() override { return ++committed, success(); }
        void discard() noexcept override {}
        std::string bytes;
        int begun = 0, committed = 0;
    };
    for (auto const& l : a.layers()) {
        memory_sink whole(2'000'000);
        a.read(l, whole).value();
        second_half sink(whole.bytes().substr(0, 300'001));
        a.read(l, sink).value();
        CHECK(sink.begun == 0);
        CHECK(sink.committed == 1);
        CHECK(sink.bytes == whole.bytes());
        second_half wrong(std::string(1000, '?'));
        a.read(l, wrong).value();
        CHECK(wrong.begun == 1);
        CHECK(wrong.bytes == whole.bytes());
    }
}

TEST_CASE("packed: a file that is another one when it is sent", "[artifact][AF16]") {
    scratch_folder f;
    packed_artifact a;
    f.write("d/x", "12345");
    a.add(f.write("file", "12345")).value();
    a.add(f / "d", "folder").value();
    for (auto const* other : {"54321", "1234", "123456"}) {
        f.write("file", other);
        f.write("d/x", other);
        for (auto const& l : a.layers()) {
            memory_sink sink(100'000);
            CHECK(why(a.read(l, sink)) == errc::source_changed);
            CHECK(sink.bytes().empty());
        }
    }
}

} // namespace packed_artifact_test
