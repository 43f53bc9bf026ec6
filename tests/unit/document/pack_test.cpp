// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/document/decode.hpp>
#include <lading/document/pack.hpp>
#include <lading/json/strict_json.hpp>

#include <string>
#include <vector>

namespace pack_test {

using namespace lading;

std::string const type = "application/vnd.example+type";
std::string const created = "org.opencontainers.image.created";

digest of(std::string_view bytes) { return constant_digest_of(bytes); }
descriptor hello(std::string media_type = std::string(media_types::oci_layer)) {
    descriptor out(std::move(media_type), of("hello\n"), 6);
    out.annotations.emplace("org.opencontainers.image.title", "hello.txt");
    return out;
}
pack_options at_noon() { return pack_options().with_annotation(created, "2024-01-02T03:04:05Z"); }
oci_image read(made_document const& m) {
    return decode<oci_image>(json_document::parse<strict_json>(m.bytes).value().root()).value();
}
errc why(result<made_document> const& r) { return r ? errc::ok : r.error().kind(); }

void check(made_document const& m, std::size_t size, std::string const& hex) {
    CHECK(m.bytes.size() == size);
    CHECK(m.self.digest.hex() == hex);
    CHECK(of(m.bytes) == m.self.digest);
    CHECK(m.self.size == static_cast<std::int64_t>(size));
    CHECK(m.self.media_type == media_types::oci_manifest);
}

TEST_CASE("pack: the golden artifacts, byte for byte", "[artifact][AF01]") {
    check(pack({}, at_noon().with_artifact_type(type)).value(), 528, "fee8fa825216ac0f078729ca600ee67d36eafd6ff429779df7e2dcbb6e635505"); // V1
    auto const file = pack({hello()}, at_noon().with_artifact_type(type)).value();
    check(file, 580, "e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8"); // V2
    auto const signature = pack({}, at_noon().with_artifact_type("application/vnd.example.sig").with_subject(file.self).with_annotation("a", "<&>")).value();
    check(signature, 715, "e53766ce68e86da5377601cf782913994021151bc1e8a6df69bc7c60fff0b8f8"); // V3
    CHECK(signature.self.artifact_type == "application/vnd.example.sig");
    CHECK(signature.is_new());
}

TEST_CASE("pack: an artifact without a config needs a type", "[artifact][AF01]") {
    CHECK(why(pack({hello()})) == errc::invalid_argument);
    CHECK(why(pack({}, pack_options().with_config({std::string(media_types::oci_empty), of("{}"), 2}))) == errc::invalid_argument);
    auto const empty = read(pack({}, pack_options().with_artifact_type(type)).value());
    REQUIRE(empty.layers.size() == 1);
    CHECK(empty.layers[0] == empty.config);
    CHECK(empty.config.data.bytes == "{}");
}

TEST_CASE("pack: the empty config without its bytes", "[artifact][AF02]") {
    auto const packed = pack({}, at_noon().with_artifact_type(type).with_inline_data(false)).value();
    CHECK(packed.bytes.find("\"data\"") == std::string::npos);
    CHECK(read(packed).config.digest == of("{}"));
}

TEST_CASE("pack: with a config of its own the type may be left out", "[artifact][AF03]") {
    descriptor const config("application/vnd.example.config.v1+json", of("config"), 6);
    auto const packed = read(pack({hello()}, at_noon().with_config(config)).value());
    CHECK(packed.artifact_type.empty());
    CHECK(packed.config == config);
    CHECK(read(pack({hello()}, at_noon().with_config(config).with_artifact_type(type)).value()).artifact_type == type);
}

TEST_CASE("pack: in the form 1.0 the type is that of the config", "[artifact][AF04]") {
    auto const old = at_noon().with_form(pack_form::oci_1_0);
    auto const bare = pack({}, old).value();
    CHECK(bare.bytes == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.unknown.config.v1+json",)"
                        R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],)"
                        R"("annotations":{"org.opencontainers.image.created":"2024-01-02T03:04:05Z"}})");
    auto const typed = read(pack({hello()}, pack_options(old).with_artifact_type(type)).value());
    CHECK(typed.artifact_type.empty());
    CHECK(typed.config.media_type == type);
    CHECK(why(pack({}, pack_options(old).with_subject(hello()))) == errc::invalid_argument);
    CHECK(why(pack({}, pack_options(old).with_artifact_type(type).with_config(hello()))) == errc::invalid_argument);
    CHECK(read(pack({}, pack_options(old).with_config(hello())).value()).config == hello());
}

TEST_CASE("pack: when it was made", "[artifact][AF05][CJ10]") {
    auto const typed = pack_options().with_artifact_type(type);
    auto const time_in = [](pack_options o) {
        auto const packed = read(pack({}, std::move(o)).value());
        auto const at = packed.annotations.find(created);
        return at == packed.annotations.end() ? std::string() : at->second;
    };
    auto const now = time_in(typed);
    REQUIRE(normalise_timestamp(now));
    CHECK(normalise_timestamp(now).value() == now);
    CHECK(now.size() == 20); // seconds, UTC
    CHECK(now > "2024");
    CHECK(time_in(pack_options(typed).with_time(1'704'164'645)) == "2024-01-02T03:04:05Z");
    CHECK(time_in(pack_options(typed).with_time(951'782'400)) == "2000-02-29T00:00:00Z");
    CHECK(time_in(pack_options(typed).with_time(-1)) == "1969-12-31T23:59:59Z");
    CHECK(time_in(pack_options(typed).with_reproducibility()).empty());
    CHECK(time_in(pack_options(typed).with_reproducibility().with_time(0)) == "1970-01-01T00:00:00Z");
    CHECK(time_in(pack_options(typed).with_annotation(created, "2024-01-02T03:04:05.5+01:00")) == "2024-01-02T03:04:05.5+01:00");
    for (auto const* wrong : {"", "yesterday", "2024-01-02", "2024-02-30T00:00:00Z"})
        CHECK(why(pack({}, pack_options(typed).with_annotation(created, wrong))) == errc::invalid_argument);
}

TEST_CASE("pack: the same twice is the same", "[artifact][MU13]") {
    auto const o = pack_options().with_artifact_type(type).with_reproducibility();
    CHECK(pack({hello()}, o).value().bytes == pack({hello()}, o).value().bytes);
}

TEST_CASE("pack: media types are a type and a subtype", "[artifact][AF06]") {
    auto const most = std::string(127, 'a');
    for (auto const& good : std::vector<std::string>{"a/b", "application/vnd.oci.image.layer.v1.tar+gzip", "0/1!#$&^_.+-", most + '/' + most})
        CHECK(why(pack({}, pack_options().with_artifact_type(good))) == errc::ok);
    for (auto const& bad : std::vector<std::string>{"a", "/", "a/", "/b", "a/b/c", "a/b;c=d", "a b/c", ".a/b", "a/+b", "a/b\n", "\xc3\xa4/b", "a/" + most + 'a', "*/*"}) {
        CAPTURE(bad);
        CHECK(why(pack({}, pack_options().with_artifact_type(bad))) == errc::media_type_invalid);
        CHECK(why(pack({hello(bad)}, pack_options().with_artifact_type(type))) == errc::media_type_invalid);
        CHECK(why(pack({}, pack_options().with_config(hello(bad)))) == errc::media_type_invalid);
    }
    CHECK(why(pack({hello("")}, pack_options().with_artifact_type(type))) == errc::media_type_invalid);
}

TEST_CASE("pack: the withdrawn artifact manifest is never written", "[artifact][AF17]") {
    auto const packed = pack({hello()}, at_noon().with_artifact_type("application/vnd.oci.artifact.manifest.v1+json")).value();
    CHECK(read(packed).media_type == media_types::oci_manifest);
    CHECK(packed.bytes.find("\"blobs\"") == std::string::npos);
}

TEST_CASE("pack: what has no JSON is refused", "[artifact][CJ08]") {
    CHECK(why(pack({}, at_noon().with_artifact_type(type).with_annotation("a", "\xff"))) == errc::invalid_argument);
    CHECK(why(pack({descriptor("a/b", of("x"), -1)}, at_noon().with_artifact_type(type))) == errc::invalid_argument);
}

} // namespace pack_test
