// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/constexpr/embedded_manifest.hpp>
#include <lading/document/parse_and_verify.hpp>
#include <lading/document/visit.hpp>
#include <lading/platform.hpp>

#include <string>
#include <string_view>

namespace embedded_test {

using namespace lading;
using namespace lading::literals;

namespace {

constexpr std::string_view image_text = R"({
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
   "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1512,
              "digest": "sha256:c0a6b3a0b8e6a7f6ee9b9ad3c0a6b3a0b8e6a7f6ee9b9ad3c0a6b3a0b8e6a7f6"},
   "layers": [
      {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 2811478,
       "digest": "sha256:8c662931926fa990b41da3c9f42663a537ccd498130030f9149173a0493832ad"},
      {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 17,
       "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000001"}
   ]
})";
constexpr std::string_view index_text =
    R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":7,)"
    R"("digest":"sha256:8c662931926fa990b41da3c9f42663a537ccd498130030f9149173a0493832ad",)"
    R"("platform":{"os":"linux","architecture":"arm","variant":"v7"}}]})";

using image = embedded_manifest<image_text>;
using index = embedded_manifest<index_text>;

// Everything here is done by the compiler.
static_assert(image::digest() == constant_digest_of(image_text));
static_assert(std::is_same_v<image::document, schema2>);
static_assert(image::media_type() == "application/vnd.docker.distribution.manifest.v2+json"_media_type);
static_assert(image::value().config.size == 1512);
static_assert(image::value().layers.size() == 2);
static_assert(image::value().layers[0].digest == "sha256:8c662931926fa990b41da3c9f42663a537ccd498130030f9149173a0493832ad"_digest);
static_assert(image::value().layers[1].size == 17);
static_assert(std::is_same_v<index::document, oci_index>);
static_assert(index::value().manifests[0].variant.view() == "v7");
static_assert(image::visit(overloaded{[](std::type_identity<schema2>, auto const& v) { return v.layers.size(); },
                                      [](auto, auto const&) { return std::size_t(0); }}) == 2);
static_assert(default_manifests::accept().starts_with("application/vnd.oci.image.manifest.v1+json, "));

struct p {
    using json = strict_json;
    using hash = constexpr_sha2;
    using manifests = default_manifests;
};

} // namespace

TEST_CASE("embedded: what the compiler reads is what a client reads") {
    auto const opened = parse_and_verify_manifest<p>(std::string(image::bytes()), response(200), manifest_expectation(image::digest()), limits());
    REQUIRE(opened);
    auto const& doc = std::get<schema2>(opened.value().document);
    constexpr auto v = image::value();
    CHECK(doc.config.digest == v.config.digest);
    CHECK(doc.config.media_type == v.config.media_type.essence());
    REQUIRE(doc.layers.size() == v.layers.size());
    for (std::size_t i = 0; i < v.layers.size(); ++i) {
        CHECK(doc.layers[i].digest == v.layers[i].digest);
        CHECK(doc.layers[i].size == v.layers[i].size);
    }
    CHECK(opened.value().self.digest.str() == image::digest().str());
}

TEST_CASE("platform literal") {
    CHECK("linux/arm/v7"_platform == platform::parse("linux/arm/v7").value());
    CHECK("windows/amd64:10.0.17763.1"_platform == platform::parse("windows/amd64:10.0.17763.1").value());
}

} // namespace embedded_test
