// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/detail/calendar.hpp>
#include <lading/detail/utf8.hpp>

#include <string>

namespace utf8_test {

using namespace lading::detail;

TEST_CASE("every character survives being written and read") {
    std::size_t read = 0;
    for (std::uint32_t c = 0; c <= 0x10ffff; ++c) {
        std::string text;
        encode_utf8(c, [&](char byte) { text += byte; });
        auto const got = first_character(text);
        bool const surrogate = c >= 0xd800 && c <= 0xdfff;
        if (surrogate ? got.size != 0 : got.code != c || got.size != text.size()) FAIL("character " << c);
        read += got.size != 0;
    }
    CHECK(read == 0x110000 - 0x800);
}
TEST_CASE("bytes that are no character") {
    for (std::string_view bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
                                 "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
        CHECK(utf8_length(bad) == 0);
        CHECK(first_character(bad).size == 0);
    }
    CHECK(character_count("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == 4);
}
TEST_CASE("the days of the calendar follow each other") {
    CHECK(days_since_1970(1970, 1, 1) == 0);
    CHECK(days_since_1970(2000, 2, 29) == 11'016);
    CHECK_FALSE(days_since_1970(1900, 2, 29));
    CHECK_FALSE(days_since_1970(2024, 4, 31));
    CHECK_FALSE(days_since_1970(2024, 1, 0));
    auto before = *days_since_1970(1, 1, 1) - 1;
    for (int year = 1; year <= 2400; ++year)
        for (int month = 1; month <= 12; ++month)
            for (int day = 1; day <= days_of_month(year, month); ++day)
                if (*days_since_1970(year, month, day) != ++before) FAIL(year << '-' << month << '-' << day);
}

} // namespace utf8_test
