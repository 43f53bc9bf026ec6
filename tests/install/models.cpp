// SPDX-License-Identifier: BSL-1.0
// A consumer of models that need a library: each that CMake found is linked and used.
#include <lading/lading.hpp>

#ifdef HAS_curl
#include <lading/net/curl_transport.hpp>
#endif
#ifdef HAS_boost_json
#include <lading/json/readers/boost_json.hpp>
#endif
#ifdef HAS_nlohmann_json
#include <lading/json/readers/nlohmann_json.hpp>
#endif
#ifdef HAS_rapidjson
#include <lading/json/readers/rapidjson_reader.hpp>
#endif
#ifdef HAS_simdjson
#include <lading/json/readers/simdjson_dom.hpp>
#endif
#ifdef HAS_mbedtls
#include <lading/hash/mbedtls_hash.hpp>
#endif

#include <cstdio>

template <class J>
bool reads() {
    return lading::json_document::parse<J>(R"({"a":[1]})").has_value();
}

int main() {
    bool good = reads<lading::strict_json>();
#ifdef HAS_curl
    struct p : lading::default_policies {
        using transport = lading::curl_transport;
    };
    lading::basic_client<p> registry;
#endif
#ifdef HAS_boost_json
    good = good && reads<lading::boost_json>();
#endif
#ifdef HAS_nlohmann_json
    good = good && reads<lading::nlohmann_json>();
#endif
#ifdef HAS_rapidjson
    good = good && reads<lading::rapidjson_reader>();
#endif
#ifdef HAS_simdjson
    good = good && reads<lading::simdjson_dom>();
#endif
#ifdef HAS_mbedtls
    good = good && lading::digest_of<lading::mbedtls_hash>("abc").value() == lading::constant_digest_of("abc");
#endif
    std::puts(good ? "docker.io/library/debian:12" : "wrong");
}
