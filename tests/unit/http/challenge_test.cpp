// SPDX-License-Identifier: BSL-1.0
// Challenges (doc/protocol.md#challenges): the list syntax of RFC 9110, section 11.6.1.
#include "catch.hpp"
#include "cpu_time.hpp"
#include <lading/http/challenge.hpp>

#include <array>
#include <cstddef>

namespace challenge_test {

using namespace lading;

namespace {
/// "scheme{name=value,...}" of each challenge, "scheme:token68", and "!" when something was malformed.
std::string read(std::string_view line) {
    auto const p = parse_challenges(std::span(&line, 1));
    std::string out;
    for (auto const& c : p.challenges) {
        out += (out.empty() ? "" : " ") + c.scheme;
        if (!c.token68.empty()) {
            out += ":" + c.token68;
            continue;
        }
        out += '{';
        for (auto const& [n, v] : c.params) out += (out.ends_with('{') ? "" : ",") + n + '=' + v;
        out += '}';
    }
    return p.malformed ? out + "!" : out;
}
} // namespace

TEST_CASE("quoted strings with escapes", "[spec-3.3][row-1]") {
    CHECK(read(R"(Bearer realm="https://auth.example.com/token",service="registry.example.com",other=fun,slashed="he\"\l\lo")") ==
          R"(bearer{realm=https://auth.example.com/token,service=registry.example.com,other=fun,slashed=he"llo})");
}
TEST_CASE("a second challenge is not lost", "[spec-3.3][row-2]") {
    CHECK(read(R"(Bearer realm="a",service="b", Basic realm="c")") == "bearer{realm=a,service=b} basic{realm=c}");
}
TEST_CASE("a second challenge is not lost in the other order", "[spec-3.3][row-3]") {
    CHECK(read(R"(Basic realm="c", Bearer realm="x")") == "basic{realm=c} bearer{realm=x}");
}
TEST_CASE("white space around the comma", "[spec-3.3][row-4]") {
    CHECK(read(R"(Bearer realm="a" , service="b")") == "bearer{realm=a,service=b}");
}
TEST_CASE("white space around the equals sign", "[spec-3.3][row-5]") {
    CHECK(read(R"(Bearer realm = "a")") == "bearer{realm=a}");
}
TEST_CASE("a semicolon separates, though it should not", "[spec-3.3][row-6]") {
    CHECK(read(R"(Bearer realm="a"; service="b")") == "bearer{realm=a,service=b}");
    CHECK(read(R"(Bearer realm="a";service="b")") == "bearer{realm=a,service=b}");
}
TEST_CASE("an empty quoted value is a value", "[spec-3.3][row-7]") {
    CHECK(read(R"(Bearer realm="a",service="",scope="s")") == "bearer{realm=a,service=,scope=s}");
}
TEST_CASE("empty list elements", "[spec-3.3][row-8]") {
    CHECK(read(R"(Bearer realm="a",,service="b")") == "bearer{realm=a,service=b}");
}
TEST_CASE("an unquoted URL is no token, and is read", "[spec-3.3][row-9]") {
    CHECK(read("Bearer realm=https://x/y") == "bearer{realm=https://x/y}");
}
TEST_CASE("unterminated, token68, and a comma after the scheme", "[spec-3.3][row-10]") {
    CHECK(read(R"(Bearer realm="unterminated)") == "bearer{}!");
    CHECK(read("Bearer token68==") == "bearer:token68==");
    CHECK(read(R"(Bearer,realm="a")") == "bearer{realm=a}");
}
TEST_CASE("names are without case", "[spec-3.3][row-11]") { CHECK(read("basic Realm=foo") == "basic{realm=foo}"); }
TEST_CASE("leading white space, nothing, no scheme", "[spec-3.3][row-12]") {
    CHECK(read(R"(  Basic realm="x")") == "basic{realm=x}");
    CHECK(read("") == "");
    CHECK(read("  ,, ") == "");
    CHECK(read(R"("x")") == "!");
}
TEST_CASE("what cannot be read is left out, the rest stays") {
    CHECK(read(R"(Basic realm="c", Bearer realm="x",realm="y", Digest a=b)") == "basic{realm=c} bearer{realm=x} digest{a=b}!");
    CHECK(read("Negotiate abc, Basic realm=y") == "negotiate:abc basic{realm=y}");
    CHECK(read("Basic, Bearer realm=x") == "basic{} bearer{realm=x}");
}
TEST_CASE("a token68 ends with its padding, and takes no parameter") {
    CHECK(read("Negotiate abc=, Bearer x=y") == "negotiate:abc= bearer{x=y}");
    CHECK(read("Negotiate =abc") == "negotiate{}!");
    CHECK(read("Basic realm=y, Negotiate a/b=c") == "basic{realm=y} negotiate{}!");
    CHECK(read("Negotiate a/b==, Basic realm=y") == "negotiate:a/b== basic{realm=y}");
}
TEST_CASE("several header lines, and bounds") {
    std::string_view const lines[] = {"Basic realm=a", R"(Bearer realm="https://r/t")"};
    CHECK(parse_challenges(lines).challenges.size() == 2);
    std::string many, params = "Bearer a0=b";
    for (int i = 0; i < 20; ++i) many += "S" + std::to_string(i) + ",";
    for (int i = 1; i < 40; ++i) params += ",a" + std::to_string(i) + "=b";
    std::string_view line = many;
    CHECK(parse_challenges(std::span(&line, 1)).challenges.size() == 16);
    CHECK(parse_challenges(std::span(&(line = params), 1)).challenges.at(0).params.size() == 32);
}
TEST_CASE("the scheme is enough for Basic", "[W28]") {
    CHECK(read("Basic realm=/") == "basic{realm=/}");
    CHECK(read("Basic realm=Artifactory Realm") == "basic{realm=Artifactory Realm}");
    CHECK(read("Basic realm=Artifactory Realm, Bearer realm=https://r/t") == "basic{realm=Artifactory Realm} bearer{realm=https://r/t}");
    CHECK(read(R"(Basic realm="x" charset="UTF-8")") == "basic{realm=x,charset=UTF-8}");
    CHECK(read(R"(Basic realm="x", charset="UTF-8")") == "basic{realm=x,charset=UTF-8}");
    CHECK(read(R"(BASIC realm="x)") == "basic{}!");
    CHECK(read("Basic") == "basic{}");
    CHECK(read("Basic realm") == "basic:realm");
    CHECK(read("Basic realm=") == "basic:realm=");
    CHECK(read("Basic <none>") == "basic{}!");
    CHECK(read("Basic realm=\"caf\xc3\xa9\"") == "basic{realm=caf\xc3\xa9}");
    CHECK(read(R"(Basic realm="say "please"")") == R"(basic{realm=say "please"}!)");
}

TEST_CASE("of Bearer what can be read is read", "[W28]") {
    CHECK(read("Bearer realm=https://a/t?x=1,service=s,scope=repository:r:pull") ==
          "bearer{realm=https://a/t?x=1,service=s,scope=repository:r:pull}");
    CHECK(read(R"(Bearer realm="https://a/t" service="s" scope="repository:r:pull,push")") ==
          "bearer{realm=https://a/t,service=s,scope=repository:r:pull,push}");
    CHECK(read("Bearer realm=https://a/t service=my registry scope=x") == "bearer{realm=https://a/t,service=my registry,scope=x}");
    CHECK(read(R"(Bearer realm="https://a/t",service="s",scope="a:b:pull",scope="c:d:pull")") ==
          "bearer{realm=https://a/t,service=s,scope=a:b:pull c:d:pull}!");
    CHECK(read(R"(Bearer realm="https://a/t",error_description="The "token" is "old"",service="s")") ==
          R"(bearer{realm=https://a/t,error_description=The "token" is "old",service=s}!)");
    CHECK(read(R"(Bearer realm="https://a/t",error_description="no, "x", y",service="s")") ==
          R"(bearer{realm=https://a/t,error_description=no, "x,service=s}!)"); // it ends where it seems to
    CHECK(read(R"(Bearer realm="https://a/t",,;service='s')") == "bearer{realm=https://a/t,service='s'}");
    CHECK(read(R"(Basic realm="x" Bearer realm="https://a/t")") == "basic{realm=x} bearer{realm=https://a/t}");
    CHECK(read(R"(Bearer realm = https://a/t , service = s)") == "bearer{realm=https://a/t,service=s}");
    CHECK(read(R"(Bearer realm="https://a/t",service=)") == "bearer{realm=https://a/t,service=}");
    SECTION("but no value with a control character, and none without bounds") {
        CHECK(read("Bearer realm=\"https://a/\x01t\",service=\"s\"") == "bearer{service=s}!");
        CHECK(read("Bearer realm=https://a/\x7ft,service=s") == "bearer{service=s}!");
        CHECK(read(std::string("Bearer realm=\"a\0b\",service=s", 28)) == "bearer{service=s}!");
        CHECK(read("Bearer realm=\"" + std::string(17'000, 'a') + "\",service=s") == "bearer{service=s}!");
        CHECK(read("Bearer realm=a,scope=" + std::string(16'000, 'a') + ",scope=" + std::string(16'000, 'b')).size() < 16'100);
    }
    SECTION("and in time that grows with the line") {
        std::string quotes, blanks = "Bearer realm=a";
        for (int i = 0; i < 30'000; ++i) quotes += "\" ", blanks += " a";
        CHECK(parse_challenges(std::array{std::string_view(quotes), std::string_view(blanks)}).challenges.size() <= 16);
        auto const open = "Bearer realm=\"" + quotes;
        CHECK(read(open).ends_with('!'));
    }
}

TEST_CASE("a line of blanks costs what its length does", "[W28]") {
    auto const grown = test::growth(8000, [](std::size_t n) {
        for (auto const* const end : {"x", "\x80", "", "\""}) {
            CHECK_NOTHROW(read("Bearer realm=a" + std::string(n, ' ') + end));
            std::string words = "Bearer realm=";
            for (std::size_t i = 0; i < n / 4; ++i) words += "a ";
            CHECK_NOTHROW(read(words + std::string(n / 2, ' ') + end));
        }
    });
    CHECK(grown < test::linear);
}

TEST_CASE("every prefix and every byte of a challenge is read without harm") {
    std::string const good = R"(Bearer realm="https://a/t",service="s" , Basic realm="x\"y", Negotiate abc==)";
    for (std::size_t n = 0; n <= good.size(); ++n) CHECK_NOTHROW(read(good.substr(0, n)));
    for (std::size_t i = 0; i < good.size(); ++i)
        for (int b = 0; b < 256; ++b) {
            auto bad = good;
            bad[i] = static_cast<char>(b);
            (void)read(bad);
        }
}

} // namespace challenge_test
