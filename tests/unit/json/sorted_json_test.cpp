// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/json/sorted_json.hpp>
#include <lading/json/strict_json.hpp>

#include <string>

namespace sorted_json_test {

using namespace lading;

std::string sorted(std::string_view text) {
    json_limits l;
    l.repeated_keys = true;
    auto const document = json_document::parse<strict_json>(text, l).value();
    auto const out = sorted_json(document.root());
    return out ? out.value() : std::string(name_of(out.error().kind()));
}

TEST_CASE("sorted JSON: members by their UTF-16 units, texts as they are", "[json][CJ13]") {
    CHECK(sorted(" { \"b\" : [ 1 , -2 , true , null ] , \"a\" : { \"d\" : \"<&>\" , \"c\" : \"/\\u2028\\u007f\" } } ") ==
          "{\"a\":{\"c\":\"/\xe2\x80\xa8\x7f\",\"d\":\"<&>\"},\"b\":[1,-2,true,null]}");
    // The example of RFC 8785, section 3.2.3.
    CHECK(sorted("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,\"\\u00f6\":7}") ==
          "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
    CHECK(sorted(R"({"a":1,"":2,"ab":3})") == R"({"":2,"a":1,"ab":3})");
    CHECK(sorted("\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\\"") == "\"\\u0000\\u001f\\b\\f\\n\\r\\t\\\"\\\\\"");
    CHECK(sorted("[9007199254740992,-9007199254740992,0]") == "[9007199254740992,-9007199254740992,0]");
    CHECK(sorted("{}") == "{}");
    for (auto const* none : {"1.5", "[1e3]", "9007199254740993", "-9223372036854775808", R"({"a":1,"a":2})"}) CHECK(sorted(none) == "invalid_argument");
}

} // namespace sorted_json_test
