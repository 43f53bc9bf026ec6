// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Schema1 documents for unit tests, signed with signatures that are only well-formed, and the fixtures from
/// outside.

#include "catch.hpp"

#include <lading/detail/base64.hpp>
#include <lading/document/decode.hpp>
#include <lading/document/reflect/schema1.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>
#include <lading/policy/hash.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace test {

inline std::string sha256(std::string_view bytes) {
    return lading::digest_of<lading::openssl_hash>(bytes).value().str();
}

inline std::string json_string(std::string_view text) { return lading::json_writer().string(text).take(); }

/// The bytes of a fixture, or nothing and a note when the test runs without them.
inline std::optional<std::string> fixture(std::string const& name) {
    char const* const folder = std::getenv("LADING_FIXTURES");
    if (!folder) {
        WARN("skipped: LADING_FIXTURES is not set, so " << name << " is not read");
        return std::nullopt;
    }
    std::ifstream file(folder + ("/" + name), std::ios::binary);
    REQUIRE(file);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// A signature whose protected header is this JSON.
inline std::string signature(std::string_view protected_json,
                             std::string_view header = R"({"alg":"ES256"})") {
    return R"({"header":)" + std::string(header) + R"(,"signature":"c2ln","protected":")" +
           lading::detail::base64url_encode(protected_json) + "\"}";
}
inline std::string protected_format(std::string_view length, std::string_view tail) {
    return R"({"formatLength":)" + std::string(length) + R"(,"formatTail":")" +
           lading::detail::base64url_encode(tail) + R"("})";
}

/// Where a signer cuts a document: behind the last member.
inline std::size_t format_length(std::string_view document) {
    auto const brace = document.rfind('}');
    return document.find_last_not_of(" \t\r\n", brace - 1) + 1;
}
inline std::string with_signatures(std::string_view document, std::string_view signatures) {
    return std::string(document.substr(0, format_length(document))) +
           ",\n   \"signatures\": " + std::string(signatures) + "\n}";
}
inline std::string sign(std::string_view document) {
    auto const n = format_length(document);
    return with_signatures(document, "[" + signature(protected_format(std::to_string(n), document.substr(n))) + "]");
}

/// 64 times the same hex digit.
inline std::string id(char digit) { return std::string(64, digit); }

/// A `v1Compatibility` of this id; `parent` '-' is none. `more` begins with a comma.
inline std::string v1(char name, char parent, std::string_view more = {}) {
    return R"({"id":")" + id(name) + "\"" + (parent == '-' ? "" : R"(,"parent":")" + id(parent) + "\"") +
           R"(,"created":"2016-01-02T03:04:05Z")" + std::string(more) + "}";
}

/// The text of a document with these entries, newest first, one layer each.
inline std::string schema1_text(std::vector<std::string> const& entries,
                                std::string_view architecture = "amd64", std::string_view version = "1",
                                std::optional<std::size_t> layers = std::nullopt) {
    std::string out =
        "{\n   \"schemaVersion\": " + std::string(version) +
        ",\n   \"name\": \"n\",\n   \"tag\": \"t\",\n   \"architecture\": " + json_string(architecture) +
        ",\n   \"fsLayers\": [";
    for (std::size_t i = 0; i < layers.value_or(entries.size()); ++i)
        out += (i ? ", " : "") + (R"({"blobSum": ")" + sha256(std::to_string(i)) + "\"}");
    out += "],\n   \"history\": [";
    for (std::size_t i = 0; i < entries.size(); ++i)
        out += (i ? ", " : "") + (R"({"v1Compatibility": )" + json_string(entries[i]) + "}");
    return out + "]\n}";
}

inline lading::schema1 decoded(std::string_view text) {
    auto const document = lading::json_document::parse<lading::strict_json>(text).value();
    return lading::decode<lading::schema1>(document.root()).value();
}
inline lading::schema1 schema1_of(std::vector<std::string> const& entries,
                                  std::string_view architecture = "amd64") {
    return decoded(schema1_text(entries, architecture));
}

} // namespace test
