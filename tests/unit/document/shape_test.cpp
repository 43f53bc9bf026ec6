// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/document/shape.hpp>
#include <lading/json/strict_json.hpp>

namespace shape_test {

using namespace lading;

namespace {
struct row {
    char const* what;
    char const* text;
    errc code;
    std::string_view type;
};
result<std::string> decide(std::string_view text) {
    auto const d = json_document::parse<strict_json>(text).value();
    LADING_TRY(auto const s, decide_shape(d.root()));
    return std::string(s.media_type);
}
} // namespace

TEST_CASE("the type of a manifest is decided from its bytes", "[D10][D17]") {
    constexpr auto ok = errc::ok;
    row const rows[] = {
        {"oci image", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})", ok, media_types::oci_manifest},
        {"docker image", R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},"layers":[]})", ok, media_types::docker_manifest},
        {"oci index", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})", ok, media_types::oci_index},
        {"docker list", R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]})", ok, media_types::docker_list},
        {"old oci image", R"({"schemaVersion":2,"config":{},"layers":[]})", ok, media_types::oci_manifest},
        {"old oci index", R"({"schemaVersion":2,"manifests":[]})", ok, media_types::oci_index},
        {"schema1 unsigned", R"({"schemaVersion":1,"fsLayers":[],"history":[]})", ok, media_types::docker_schema1},
        {"schema1 signed", R"({"schemaVersion":1,"fsLayers":[],"history":[],"signatures":[]})", ok, media_types::docker_schema1_signed},
        {"unknown type is data", R"({"schemaVersion":2,"mediaType":"application/vnd.example+json"})", ok, "application/vnd.example+json"},
        {"unknown type without version", R"({"mediaType":"application/vnd.example+json","blobs":[]})", ok, "application/vnd.example+json"},
        {"escaped key is the same key", R"({"schemaVersion":2,"config":{},"l\u0061yers":[]})", ok, media_types::oci_manifest},
        {"D10 both, no type", R"({"schemaVersion":2,"config":{},"layers":[],"manifests":[]})", errc::manifest_ambiguous, {}},
        {"D10 image with empty manifests", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[],"manifests":[]})", errc::manifest_ambiguous, {}},
        {"W41 null tells nothing", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[],"manifests":null})", ok, media_types::oci_manifest},
        {"W41 null version", R"({"schemaVersion":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})", errc::manifest_schema, {}},
        {"W41 no layers", R"({"schemaVersion":2,"config":{}})", ok, media_types::oci_manifest},
        {"layers alone", R"({"schemaVersion":2,"layers":[]})", errc::media_type_unknown, {}},
        {"index with layers", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"layers":[]})", errc::manifest_ambiguous, {}},
        {"index with config", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"config":{}})", errc::manifest_ambiguous, {}},
        {"index with history", R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[],"history":[]})", errc::manifest_ambiguous, {}},
        {"image with fsLayers", R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},"layers":[],"fsLayers":[]})", errc::manifest_ambiguous, {}},
        {"schema1 with layers", R"({"schemaVersion":1,"fsLayers":[],"history":[],"layers":[]})", errc::manifest_ambiguous, {}},
        {"schema1 named oci", R"({"schemaVersion":1,"mediaType":"application/vnd.oci.image.manifest.v1+json","fsLayers":[]})", errc::media_type_mismatch, {}},
        {"schema1 type, version 2", R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json","fsLayers":[]})", errc::media_type_mismatch, {}},
        {"version 2, keys of schema1", R"({"schemaVersion":2,"fsLayers":[],"history":[]})", errc::media_type_unknown, {}},
        {"known type, version 3", R"({"schemaVersion":3,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})", errc::manifest_schema, {}},
        {"known type, no version", R"({"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})", errc::manifest_schema, {}},
        {"J07 version as text", R"({"schemaVersion":"2","manifests":[]})", errc::manifest_schema, {}},
        {"J07 version 2.0", R"({"schemaVersion":2.0,"manifests":[]})", errc::manifest_schema, {}},
        {"type not text", R"({"schemaVersion":2,"mediaType":7})", errc::manifest_schema, {}},
        {"nothing", R"({})", errc::media_type_unknown, {}},
        {"D17 wrong case", R"({"schemaVersion":2,"CONFIG":{},"LAYERS":[]})", errc::media_type_unknown, {}},
        {"J12 null", "null", errc::media_type_unknown, {}},
        {"J12 array", "[]", errc::media_type_unknown, {}},
        {"J12 text", "\"x\"", errc::media_type_unknown, {}},
        {"J12 number", "0", errc::media_type_unknown, {}},
    };
    for (auto const& r : rows) {
        INFO(r.what);
        auto const got = decide(r.text);
        if (r.code == errc::ok) {
            REQUIRE(got.has_value());
            CHECK(got.value() == r.type);
        } else {
            REQUIRE(!got.has_value());
            CHECK(got.error().kind() == r.code);
            CHECK(got.error().facts().stop());
        }
    }
}

} // namespace shape_test
