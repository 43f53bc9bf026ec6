// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"

#include <lading/store/file_title.hpp>

#include <string>
#include <vector>

namespace file_title_test {

using namespace lading;

errc verdict(std::vector<std::string> const& titles) {
    auto const r = check_titles(titles);
    return r ? errc::ok : r.error().kind();
}

TEST_CASE("titles: which may be written", "[store][AF12]") {
    for (std::string const good : {"a", "a/b/c.txt", "model.gguf", "\xc3\xa4.txt", "a b", "console", "com", "com10", "COM1x", "nulls.txt", "...a", ".hidden", "ab:c",
                                   "a~", "dir/~x", "\xe2\x80\xae"}) {
        CAPTURE(good);
        CHECK(verdict({good}) == errc::ok);
    }
    for (std::string const bad : {"", "/a", "~", "~root/x", "a//b", "a/", ".", "..", "a/../b", "../a", "a/..", "./a", "a\\b", "C:x", "c:/x", "1:x", "CON", "con",
                                  "NUL.txt", "a/nul.tar.gz", "COM1", "com9.x", "LPT0", "lpt\xc2\xb2", "aux ", "CONIN$", "a.", "a ", "a./b", "a /b", "a\nb", "a\x7f",
                                  "a\x1b[2J", "\xc2\x85", "\xff", "a\xc3", "\xed\xa0\x80", "nul .txt"}) {
        CAPTURE(bad);
        CHECK(verdict({bad}) == errc::path_refused);
    }
    CHECK(verdict({std::string("a\0b", 3)}) == errc::path_refused);
    CHECK(verdict({std::string(250, 'x')}) == errc::ok);
    CHECK(verdict({std::string(251, 'x')}) == errc::path_refused);
    std::string longest;
    while (longest.size() + 17 <= 4096) longest += "0123456789abcdef/";
    longest.resize(4095, 'y');
    CHECK(verdict({longest + 'z'}) == errc::ok);
    CHECK(verdict({longest + "zz"}) == errc::path_refused);
}

TEST_CASE("titles: two that are one place on some system", "[store][AF13][HX26]") {
    std::string const composed = "caf\xc3\xa9", apart = "cafe\xcc\x81", viet = "\xe1\xba\xad", viet_apart = "a\xcc\xa3\xcc\x82", viet_other = "\xc3\xa2\xcc\xa3";
    for (auto const& [a, b] : std::vector<std::pair<std::string, std::string>>{{"A", "a"},
                                                                               {"x", "x"},
                                                                               {composed, apart},
                                                                               {"CAF\xc3\x89", apart},
                                                                               {viet, viet_apart},
                                                                               {viet, viet_other},
                                                                               {"\xd0\x99", "\xd0\xb8\xcc\x86"},         // a Cyrillic short i
                                                                               {"\xce\xa3", "\xcf\x82"},                 // sigma, and the one at ends
                                                                               {"stra\xc3\x9f"
                                                                                "e",
                                                                                "STRASSE"},
                                                                               {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1"}, // Hangul
                                                                               {"\xe2\x84\xab", "\xc3\xa5"},             // the sign of the angstrom
                                                                               {"a", "a/b"},
                                                                               {"a/b", "a"},
                                                                               {"A/b", "a/c"},
                                                                               {"d/A", "d/a"},
                                                                               {"m", "m.part"},
                                                                               {"d/M.PART", "d/m"}}) {
        CAPTURE(a, b);
        CHECK(verdict({a, b}) == errc::path_refused);
        CHECK(verdict({b, "between", a}) == errc::path_refused);
    }
    CHECK(verdict({"a", "b", "a.txt", "c/a", "c/b", "c.part", "cafe", composed, "\xd0\xb8", "\xd0\x99", "\xc3\xb6", "o", "\xc3\xa4"}) == errc::ok);
}

TEST_CASE("titles: parts are counted, and looked at once each", "[store][AF12][HX26]") {
    auto const deep = [](std::size_t parts, std::string const& first) {
        auto out = first;
        for (std::size_t i = 1; i < parts; ++i) out += "/a";
        return out;
    };
    CHECK(verdict({deep(255, "x")}) == errc::ok);
    CHECK(verdict({deep(256, "x")}) == errc::path_refused);
    std::vector<std::string> many;
    for (int i = 0; i < 200; ++i) many.push_back(deep(255, std::to_string(i)));
    CHECK(verdict(many) == errc::ok);
    CHECK(verdict({"a/B/c", "a/b/d"}) == errc::path_refused);
    CHECK(verdict({"a/b/c", "d/B/c"}) == errc::ok);
    CHECK(verdict({"a/m", "b/m.part"}) == errc::ok);
}

} // namespace file_title_test
