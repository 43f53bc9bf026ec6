// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Documents for unit tests, and the policies they are tested with.

#include "any_policy.hpp"
#include "client_of.hpp"

#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/store/memory_cache.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <string>

namespace test {

struct policies : lading::core_policies {
    using transport = lading::testing::scripted_transport;
    using json = lading::strict_json;
    using hash = lading::openssl_hash;
    using clock = lading::testing::manual_clock;
    using credentials = lading::fixed_credentials;
};

/// With any clock and any credentials: the policies of the clients that most tests make, compiled once (clients/).
struct scripted_policies : policies {
    using clock = any_clock;
    using credentials = any_credentials;
};
using client = client_of<scripted_policies>;

struct cached_policies : scripted_policies {
    using cache = lading::memory_cache;
};
using cached_client = client_of<cached_policies>;

inline std::string digest_of(std::string_view bytes,
                             lading::digest_algorithm a = lading::digest_algorithm::sha256) {
    return lading::digest_of<lading::openssl_hash>(bytes, a).value().str();
}

inline std::string entry(std::string_view type, std::string_view bytes, std::string_view more = "") {
    return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_of(bytes) + R"(","size":)" +
           std::to_string(bytes.size()) + std::string(more) + "}";
}

inline std::string const config_bytes =
    R"({"created":"2024-01-02T03:04:05Z","architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],)"
    R"("Labels":{"a":"<b>"}},"rootfs":{"type":"layers","diff_ids":[]},)"
    R"("history":[{"created_by":"ADD"},{"created_by":"CMD","empty_layer":true}]})";

inline std::string const layer_bytes = "layer";

inline std::string schema2(std::string_view config = config_bytes,
                           std::string_view config_type = lading::media_types::docker_config) {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(lading::media_types::docker_manifest) +
           R"(","config":)" + entry(config_type, config) + R"(,"layers":[)" +
           entry("application/vnd.docker.image.rootfs.diff.tar.gzip", layer_bytes) + "]}";
}

inline std::string oci(std::string_view more = "", std::string_view config = config_bytes,
                       std::string_view config_type = lading::media_types::oci_config) {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(lading::media_types::oci_manifest) + R"(","config":)" +
           entry(config_type, config) + R"(,"layers":[)" +
           entry("application/vnd.oci.image.layer.v1.tar", layer_bytes) + "]" + std::string(more) + "}";
}

/// An index of entries made with `entry`.
inline std::string index(std::string_view entries, std::string_view type = lading::media_types::oci_index) {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(type) + R"(","manifests":[)" + std::string(entries) +
           "]}";
}

inline std::string on(std::string_view os, std::string_view arch, std::string_view more = "") {
    return R"(,"platform":{"os":")" + std::string(os) + R"(","architecture":")" + std::string(arch) + "\"" +
           std::string(more) + "}";
}

} // namespace test
