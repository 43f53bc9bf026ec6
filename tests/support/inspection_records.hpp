// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Inspection records for tests of their writers.

#include "schema1_documents.hpp"

#include <lading/document/schema1/schema1_conversion.hpp>
#include <lading/document/schema1/schema1_payload.hpp>

namespace test {

using namespace lading;

inline descriptor of(std::string_view type, std::string_view bytes, std::int64_t size = -2) {
    return {std::string(type), digest::parse(sha256(bytes)).value(),
            size == -2 ? static_cast<std::int64_t>(bytes.size()) : size};
}
inline inspection record(std::string_view name = "busybox", image_kind kind = image_kind::image) {
    inspection out(reference::parse(name).value(), of(media_types::oci_manifest, "top"));
    out.kind = kind;
    return out;
}
inline image_config decoded_config(std::string_view text) {
    auto const document = json_document::parse<strict_json>(text).value();
    return decode<image_config>(document.root(), errc::config_schema).value();
}
inline inspection with_config(std::string_view config, std::string_view name = "busybox") {
    auto out = record(name);
    out.image = decoded_config(config);
    return out;
}
inline bool has(std::string const& text, std::string_view part) { return text.find(part) != text.npos; }
inline json_document parsed(std::string const& text) {
    return json_document::parse<strict_json>(text).value();
}

/// What a schema1 body is shown as.
inline inspection schema1_record(std::string const& body, std::string_view name, schema1_rules rules) {
    auto const payload = schema1_payload<strict_json>(body).value();
    auto const document = decoded(payload);
    auto const chain = check_schema1<strict_json>(document, limits(), rules).value();
    auto converted = convert_schema1<strict_json>(document, chain, limits(), rules).value();
    inspection out(reference::parse(name).value(), of(media_types::docker_schema1_signed, payload));
    out.kind = image_kind::schema1;
    out.image = std::move(converted.image);
    out.history = std::move(converted.history);
    out.layers = std::move(converted.layers);
    out.total_size = descriptor::unknown_size;
    out.embedded_tag = document.tag;
    out.tags.state = tags_state::complete;
    out.tags.values = {"v1", "latest"};
    return out;
}

/// Every part of the record set, with text that must be escaped.
inline inspection full() {
    auto out = with_config(
        R"({"created":"2024-01-02T03:04:05.100Z","author":"A <a@b>","architecture":"arm64","os":"linux",
        "variant":"v8","os.version":"10","docker_version":"20","comment":"c\u2028",
        "config":{"Env":["PATH=/bin","X=\u001b[31m"],"Labels":{"z":"&","a":"\u202e"},"Cmd":["sh","-c","a b"],
        "Entrypoint":"/x","User":"u","WorkingDir":"/w","ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},
        "StopSignal":"9"}})",
        "localhost:5000/a/b:t");
    out.kind = image_kind::index;
    out.platform_wanted = "host (linux/arm64)";
    auto entry = of(media_types::oci_manifest, "child");
    entry.platform = platform("linux", "arm64", "v8");
    out.chosen = entry;
    out.platforms = {entry, of(media_types::oci_manifest, "other")};
    auto attestation = of(media_types::oci_manifest, "attested");
    attestation.annotations = {{"vnd.docker.reference.type", "attestation-manifest"}};
    out.attestations = {attestation};
    out.config = of(media_types::oci_config, "config");
    history_entry made;
    made.created_by = "ADD " + std::string(150, 'x');
    out.history = {made};
    auto blob = of("application/vnd.oci.image.layer.v1.tar", "layer");
    blob.annotations = {{"k", "<v>"}};
    blob.urls = {"https://example.org/l"};
    out.layers.emplace_back(blob);
    out.layers.back().history = made;
    out.layers.emplace_back(of("application/vnd.oci.image.layer.v1.tar", "longer layer"));
    out.total_size = 17;
    out.annotations = {{"title", "t\n2"}};
    out.subject = of(media_types::oci_manifest, "subject");
    out.artifact_type = "a/b";
    out.tags.state = tags_state::truncated;
    out.tags.values = {"t", "a"};
    out.tags.why = "at the limit";
    out.warnings = {{warning_code::history_mismatch, "careful"}};
    out.source = "http://localhost:5000";
    return out;
}

} // namespace test
