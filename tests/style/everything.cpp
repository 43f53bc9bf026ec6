// SPDX-License-Identifier: BSL-1.0
// What examples/inspect/command.cpp leaves out, so that clang-tidy reads every header.
#include <lading/constexpr/embedded_manifest.hpp>
#include <lading/hash/constexpr_sha2.hpp>
#include <lading/hash/mbedtls_hash.hpp>
#include <lading/json/readers/boost_json.hpp>
#include <lading/json/readers/nlohmann_json.hpp>
#include <lading/json/readers/rapidjson_reader.hpp>
#include <lading/json/readers/simdjson_dom.hpp>
#include <lading/lading.hpp>
#include <lading/net/curl_transport.hpp>
#include <lading/ostream.hpp>
#include <lading/std_hash.hpp>
#include <lading/store/directory_cache.hpp>
#include <lading/store/docker_archive.hpp>
#include <lading/store/image_folder.hpp>
#include <lading/store/image_on_disk.hpp>
#include <lading/store/memory_cache.hpp>
#include <lading/store/oci_archive.hpp>
#include <lading/store/saved_images.hpp>
#include <lading/testing/check_credentials.hpp>
#include <lading/testing/check_hash.hpp>
#include <lading/testing/check_json.hpp>
#include <lading/testing/check_transport.hpp>
#include <lading/testing/registry.hpp>
#include <lading/testing/scripted_transport.hpp>
#include <lading/unpack/zlib_gzip.hpp>
#include <lading/unpack/zstd_frames.hpp>
