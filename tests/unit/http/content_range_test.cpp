// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/http/content_range.hpp>

#include <string>

namespace content_range_test {

using namespace lading;

TEST_CASE("the three forms of Content-Range", "[http][PD11][PD12]") {
    auto const whole = parse_content_range("bytes 5-9/120");
    REQUIRE(whole);
    CHECK(whole->first == 5);
    CHECK(whole->last == 9);
    CHECK(whole->total == 120u);
    CHECK(whole->satisfied);
    CHECK(parse_content_range("Bytes 0-0/1")->total == 1u);
    auto const open = parse_content_range("bytes 5-119/*");
    REQUIRE(open);
    CHECK(open->last == 119);
    CHECK_FALSE(open->total);
    auto const none = parse_content_range("bytes */120");
    REQUIRE(none);
    CHECK_FALSE(none->satisfied);
    CHECK(none->total == 120u);
    auto const most = parse_content_range("bytes 9223372036854775805-9223372036854775806/9223372036854775807");
    REQUIRE(most);
    CHECK(most->last == 9223372036854775806u);
}

TEST_CASE("any other Content-Range is none", "[http][PD13][PD63]") {
    for (std::string const text :
         {"", "bytes", "bytes ", "bytes 5", "bytes 5-", "bytes -5/10", "bytes 5-9", "bytes 5-9/", "bytes 5-9/120 ", " bytes 5-9/120",
          "bytes  5-9/120", "bytes\t5-9/120", "bytes 5 -9/120", "bytes 5- 9/120", "bytes 5-9 /120", "bytes 5-9/ 120", "bytes 5-9/120x",
          "bytes 5-9/120, 10-11/120", "bytes 5-9,10-11/120", "bytes 0x5-9/120", "bytes 5-a/120", "bytes +5-9/120", "bytes 5-9/-1",
          "bytes 5-9/+120", "bytes=5-9/120", "items 5-9/120", "bytes 9-5/120", "bytes 5-120/120", "bytes 5-9/9", "bytes 0-0/0",
          "bytes */*", "bytes *", "bytes */", "bytes *-9/120", "bytes 5-9/18446744073709551616", "bytes 5-9/9223372036854775808",
          "bytes 5-18446744073709551616/*", "bytes 18446744073709551616-18446744073709551617/*", "bytes 5-9/1e3", "bytes 5-9/120\r",
          "bytes n-9/120"}) {
        INFO(text);
        CHECK_FALSE(parse_content_range(text));
    }
    CHECK_FALSE(parse_content_range(std::string("bytes 5-9/120\0", 14)));
    header_map headers;
    CHECK_FALSE(content_range_of(headers));
    headers.add("content-range", "bytes 5-9/120");
    CHECK(content_range_of(headers));
    headers.add("Content-Range", "bytes 5-9/120"); // two, even if they agree
    CHECK_FALSE(content_range_of(headers));
}

} // namespace content_range_test
