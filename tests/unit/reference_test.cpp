// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/reference.hpp>

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace reference_test {

using namespace lading;

namespace {

std::string times(std::size_t n, std::string_view what) {
    std::string out;
    while (n--) out += what;
    return out;
}
std::string const hex64 = times(8, "0123abcd");
std::string const sha = "sha256:" + hex64;

errc code(std::string_view text) {
    auto const r = reference::parse(text);
    return r ? errc::ok : r.error().kind();
}
std::string rule(std::string_view text) {
    auto const r = reference::parse(text);
    return r ? "accepted" : r.error().detail().context;
}
std::string canonical(std::string_view text) {
    auto const r = reference::parse(text);
    return r ? r.value().str() : r.error().message();
}
/// Accepted, and the canonical and the familiar texts name the same.
bool stable(std::string_view text) {
    auto const r = reference::parse(text);
    if (!r) return false;
    auto const& name = r.value().repository();
    return reference::parse(r.value().str()).value() == r.value() &&
           repository::parse(name.str()).value() == name &&
           repository::parse(name.familiar()).value() == name && name.str().size() <= repository::max_size;
}

} // namespace

TEST_CASE("one splitter for every name", "[spec-1.1]") {
    struct row {
        std::string in, host, path;
    };
    for (auto const& [in, host, path] : std::vector<row>{
             {"fedora", "docker.io", "library/fedora"},
             {"fedora:23", "docker.io", "library/fedora"},
             {"localhost:5000", "docker.io", "library/localhost"},
             {"library/fedora", "docker.io", "library/fedora"},
             {"foo/bar", "docker.io", "foo/bar"},
             {"foo/bar/baz", "docker.io", "foo/bar/baz"},
             {"docker.io", "docker.io", "library/docker.io"},
             {"a.b/x", "a.b", "x"},
             {"a:1/x", "a:1", "x"},
             {"localhost/x", "localhost", "x"},
         }) {
        INFO(in);
        auto const r = reference::parse(in);
        REQUIRE(r);
        CHECK(r.value().repository().host() == host);
        CHECK(r.value().repository().path() == path);
    }
    CHECK(code("my_host.com/foo") == errc::ref_invalid); // row 2: a host part that is no host
    CHECK(reference::parse("localhost:5000").value().tag() == "5000");
}

TEST_CASE("names that are accepted keep their meaning when printed", "[spec-1.2]") {
    for (auto const& text :
         std::vector<std::string>{"a",
                                  "a/aa/a",
                                  "foo_bar",
                                  "foo_bar.com",
                                  "foo.com/foo_bar",
                                  "do__cker/docker",
                                  "dock__er/docker",
                                  "docker---rules/docker",
                                  "a.b/a--b",
                                  "xn--7o8h.com/myimage",
                                  "registry.io/foo/project--id.module--name.ver---sion--name",
                                  "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
                                  times(64, "a/") + "a",
                                  "a.b/c:_t",
                                  "a:V_1.x-Y",
                                  "a@" + sha,
                                  "a.b:1/c:t@" + sha,
                                  "localhost:8080@" + sha,
                                  "A.B/c",
                                  "UPPER/x",
                                  "1A/x",
                                  "[::1]/x",
                                  "[FE80::1:2]:65535/x",
                                  "docker.io/" + hex64,
                                  hex64 + ":t",
                                  "a.b/" + hex64,
                                  "docker.io/a.b/c",
                                  "docker.io/localhost/c",
                                  "docker.io/library/localhost",
                                  "docker.io/library/a.b"}) {
        INFO(text);
        CHECK(stable(text));
    }
}

TEST_CASE("names that are refused, with the rule", "[spec-1.2]") {
    struct row {
        std::string in, rule;
    };
    for (auto const& [in, why] : std::vector<row>{
             {"", "a name has at least one component, at byte 0"},
             {"a//a/a", "a path has no empty component, at byte 2"},
             {"a/a/", "a path has no empty component, at byte 4"},
             {"/a", "a path has no empty component, at byte 0"},
             {"-foo/bar", "a component starts with a-z or 0-9, at byte 0"},
             {"foo/bar-", "a component ends with a-z or 0-9, at byte 7"},
             {"foo-/bar", "a component ends with a-z or 0-9, at byte 3"},
             {"foo/-bar", "a component starts with a-z or 0-9, at byte 4"},
             {"_foo/bar", "a component starts with a-z or 0-9, at byte 0"},
             {"____/____", "a component starts with a-z or 0-9, at byte 0"},
             {"a.b/a___b", "a separator is '.', '_', '__' or dashes, at byte 5"},
             {"docker.er/a..b", "a separator is '.', '_', '__' or dashes, at byte 11"},
             {"dock..er/docker", "a host has no empty label, at byte 5"},
             {"dock_.er/docker", "a host is made of letters, digits, '-' and '.', at byte 4"},
             {"dock-.er/docker", "a label of a host ends with a letter or digit, at byte 4"},
             {"-a.b/docker", "a label of a host starts with a letter or digit, at byte 0"},
             {"a/dock_.er", "a separator is '.', '_', '__' or dashes, at byte 6"},
             {"a/dock-.er", "a separator is '.', '_', '__' or dashes, at byte 6"},
             {"foo_bar.com:8080/app", "a host is made of letters, digits, '-' and '.', at byte 3"},
             {"foo.com:http/bar", "a port is made of digits, at byte 8"},
             {"foo.com/", "a path has no empty component, at byte 8"},
             {"docker/Docker", "a path has no upper-case letter, at byte 7"},
             {"a^a", "a path is made of a-z, 0-9, '.', '_', '-' and '/', at byte 1"},
             {"a.b/c:", "a tag follows ':', at byte 6"},
             {"a.b/c:-t", "a tag starts with a letter, a digit or '_', at byte 6"},
             {"a.b/c:.t", "a tag starts with a letter, a digit or '_', at byte 6"},
             {"a.b/c:t:u", "a tag is made of letters, digits, '_', '.' and '-', at byte 7"},
             {"https://a.b/c", "a name has no scheme: leave out what ends in ://, at byte 0"},
             {" a", "a path is made of a-z, 0-9, '.', '_', '-' and '/', at byte 0"},
             {"a\n", "a path is made of a-z, 0-9, '.', '_', '-' and '/', at byte 1"},
             {"a:t\n", "a tag is made of letters, digits, '_', '.' and '-', at byte 3"},
         }) {
        INFO(in);
        CHECK(code(in) == errc::ref_invalid);
        CHECK(rule(in) == why);
    }
    CHECK(code("a.b/c@") == errc::digest_invalid);
    CHECK(code("a.b/c:t@") == errc::digest_invalid);
}

TEST_CASE("limits and rules", "[spec-1.2][spec-10.73][spec-10.74][spec-10.75]") {
    SECTION("row 1: a name has at most 255 bytes, host included, tag and digest not") {
        CHECK(stable("a.b/" + times(251, "x") + ":t@" + sha));
        CHECK(code("a.b/" + times(252, "x")) == errc::ref_invalid);
        CHECK(stable("docker.io/library/" + times(237, "x")));
        CHECK(stable(times(237, "x")));
        CHECK(rule(times(238, "x")) == "a name has at most 255 bytes, host included, at byte 0");
        CHECK_FALSE(stable("index.docker.io/" + times(244, "x") + "/y"));
        CHECK(stable("index.docker.io/" + times(243, "x") + "/y"));
        CHECK(code(times(128, "a/") + "a") == errc::ref_invalid); // well-formed, and too long
    }
    SECTION("row 2: the empty string has its own sentence") {
        CHECK(rule("") == "a name has at least one component, at byte 0");
        CHECK(rule(":t") == "a name has at least one component, at byte 0");
        CHECK(rule("@" + sha) == "a name has at least one component, at byte 0");
    }
    SECTION("row 3: the digest is validated") {
        CHECK(code("a@sha256:" + hex64) == errc::ok);
        CHECK(code("a@sha384:" + times(96, "a")) == errc::ok);
        CHECK(code("a@sha512:" + times(128, "a")) == errc::ok);
        CHECK(code("a@sha1:" + times(40, "a")) == errc::digest_unsupported);
        CHECK(code("a@md5:" + times(32, "a")) == errc::digest_unsupported);
        CHECK(code("a@made+up:" + times(32, "a")) == errc::digest_unsupported);
        CHECK(code("a@sha256:" + times(63, "a")) == errc::digest_invalid);
        CHECK(code("a@sha256:" + times(128, "a")) == errc::digest_invalid);
        CHECK(code("a@" + sha + "@" + sha) == errc::digest_invalid);
    }
    SECTION("row 4: upper-case hex is refused") {
        CHECK(code("a@sha256:" + times(64, "A")) == errc::digest_invalid);
    }
    SECTION("row 5: ports are 1 to 65535 without leading zeros") {
        for (auto port : {"1", "80", "65535"}) CHECK(stable("a.b:" + std::string(port) + "/c"));
        for (auto port : {"", "0", "00", "00080", "080", "65536", "99999", "100000", "4294967297", "http",
                          "1x", "-1", "1:2"}) {
            INFO(port);
            CHECK(code("a.b:" + std::string(port) + "/c") == errc::ref_invalid);
            CHECK(code("[::1]:" + std::string(port) + "/c") == errc::ref_invalid);
        }
    }
    SECTION("row 6: IPv6 hosts are bracketed, without zone") {
        for (auto host :
             {"[::1]", "[::]", "[1:2:3:4:5:6:7:8]", "[2001:db8::1]", "[1::]", "[1:2:3:4:5:6:7::]"}) {
            INFO(host);
            CHECK(stable(std::string(host) + "/x"));
            CHECK(stable(std::string(host) + ":5000/x"));
        }
        for (auto host : {"[]", "[", "[::1", "[:]", "[:::]", "[1:2]", "[1::2::3]", "[12345::]",
                          "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:]", "[:1:2:3:4:5:6:7]", "[::1%25lo]",
                          "[::g]", "[::1]x", "[::1]]", "[1:2:3:4:5:6:7:8::]", "[127.0.0.1]"}) {
            INFO(host);
            CHECK(code(std::string(host) + "/x") == errc::ref_invalid);
        }
        CHECK(code("[::1]") == errc::ref_invalid); // no slash, hence no host
        CHECK(canonical("[2001:DB8::A]:1/x") == "[2001:db8::a]:1/x");
    }
    SECTION("row 7: upper case is accepted in the host, where it is folded, and nowhere else") {
        CHECK(canonical("Registry.EXAMPLE/x") == "registry.example/x");
        CHECK(canonical("Docker.IO/x") == "docker.io/library/x");
        CHECK(canonical("LOCALHOST/x") == "localhost/x");
        auto const single = repository::parse("BUILDER/x").value();
        CHECK(single.host() == "builder");
        CHECK(single.str() == "Builder/x"); // in lower case it would be a path on docker.io
        CHECK(single == repository::parse("Builder/x").value());
        CHECK_FALSE(single == repository::parse("builder/x").value());
        CHECK(repository::parse("builder/x").value().host() == "docker.io");
        CHECK(code("a.b/X") == errc::ref_invalid);
        CHECK(code("Ubuntu") == errc::ref_invalid);
    }
    SECTION("row 8: white space and prefixes are refused") {
        for (auto text : {" a", "a ", "a b", "a\n", "\ta", "a.b /c", "https://a.b/c", "docker://a.b/c"}) {
            INFO(text);
            CHECK(code(text) == errc::ref_invalid);
        }
    }
    SECTION("row 9: a text of exactly 64 hex digits is an image ID") {
        CHECK(rule(hex64) == "64 hex digits are an image ID, not a name, at byte 0");
        CHECK_FALSE(repository::parse(hex64));
        CHECK(stable(hex64.substr(1)));
        CHECK(stable("x.y/" + hex64));
        CHECK(canonical("docker.io/" + hex64) == "docker.io/library/" + hex64);
        CHECK(repository::parse("docker.io/" + hex64).value().familiar() == "docker.io/library/" + hex64);
    }
    SECTION("row 10: scratch is reserved on docker.io") {
        for (auto text : {"scratch", "scratch:1", "docker.io/scratch", "index.docker.io/library/scratch",
                          "library/scratch"})
            CHECK(code(text) == errc::ref_invalid);
        CHECK(stable("a.b/scratch"));
        CHECK(stable("foo/scratch"));
        CHECK(stable("library/library/scratch"));
    }
    SECTION("tags") {
        CHECK(is_tag("_t"));
        CHECK(is_tag("V_1.x-Y"));
        CHECK(is_tag(times(128, "t")));
        CHECK_FALSE(is_tag(times(129, "t")));
        CHECK_FALSE(is_tag(""));
    }
    SECTION("a name without slash has no host, however it looks") {
        auto const r = reference::parse("localhost:8080@" + sha).value();
        CHECK(r.repository().str() == "docker.io/library/localhost");
        CHECK(r.tag() == "8080");
        CHECK(r.target() == sha);
    }
}

TEST_CASE("reference: normalisation", "[spec-1.3]") {
    struct row {
        std::string in, familiar, full;
    };
    for (auto const& [in, familiar, full] : std::vector<row>{
             {"docker.io/fedora", "fedora", "docker.io/library/fedora"},                    // row 1
             {"index.docker.io/library/fedora", "fedora", "docker.io/library/fedora"},      // row 1
             {"library/fedora", "fedora", "docker.io/library/fedora"},                      // row 1
             {"docker.io/foo/bar", "foo/bar", "docker.io/foo/bar"},                         // row 2
             {"localhost/foo", "localhost/foo", "localhost/foo"},                           // row 3
             {"127.0.0.1:5000/x/y/z", "127.0.0.1:5000/x/y/z", "127.0.0.1:5000/x/y/z"},      // row 4
             {"registry-1.docker.io/library/fedora", "registry-1.docker.io/library/fedora", // row 5
              "registry-1.docker.io/library/fedora"},                                       //
             {"docker.io/library/a/b", "library/a/b", "docker.io/library/a/b"},             // row 6
             {"docker.io/library/library/foo", "library/library/foo",                       // row 7
              "docker.io/library/library/foo"},                                             //
             {"docker.io:443/x", "docker.io:443/x", "docker.io:443/x"},                     //
             {"docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"}, // "a.b/c" would be another registry's
         }) {
        INFO(in);
        auto const r = repository::parse(in);
        REQUIRE(r);
        CHECK(r.value().familiar() == familiar);
        CHECK(r.value().str() == full);
        CHECK(std::string(r.value().host()) + '/' + std::string(r.value().path()) == full);
        CHECK(stable(in));
    }
    CHECK(registry_host(repository::parse("debian").value()) == "registry-1.docker.io");
    CHECK(registry_host(repository::parse("[::1]:5000/x").value()) == "[::1]:5000");
    CHECK(repository::parse("a.b/x").value() < repository::parse("a.b/y").value());
}

TEST_CASE("tag, digest, both, neither", "[spec-1.4][R04]") {
    auto const neither = reference::parse("a.b/c").value(); // row 1
    CHECK(neither.tag().empty());
    CHECK_FALSE(neither.has_digest());
    CHECK(neither.effective_tag() == "latest");
    CHECK(neither.target() == "latest");
    CHECK(neither.str() == "a.b/c");

    auto const tagged = reference::parse("a.b/c:t").value(); // row 2
    CHECK(tagged.tag() == "t");
    CHECK(tagged.effective_tag() == "t");
    CHECK(tagged.target() == "t");
    CHECK_FALSE(tagged.digest());

    auto const pinned = reference::parse("a.b/c@" + sha).value(); // row 3
    CHECK(pinned.tag().empty());
    CHECK(pinned.effective_tag().empty());
    CHECK(pinned.target() == sha);
    CHECK(pinned.digest()->str() == sha);

    auto const both = reference::parse("a.b/c:t@" + sha).value(); // row 4, R04, 10.72
    CHECK(both.tag() == "t");
    CHECK(both.effective_tag() == "t");
    CHECK(both.target() == sha);
    CHECK(both.str() == "a.b/c:t@" + sha);
    CHECK(tagged.with_digest(*both.digest()) == both);
    CHECK(neither.with_digest(*both.digest()) == pinned);
    CHECK_FALSE(both == pinned);
    CHECK_FALSE(both == tagged);
    CHECK_FALSE(neither == reference::parse("a.b/c:latest").value()); // what was written stays
}

TEST_CASE("reference: credential keys", "[spec-1.6]") {
    for (auto text : {"debian", "docker.io/x", "index.docker.io/x/y"}) {
        CHECK(credential_key(repository::parse(text).value()) == "docker.io");
        CHECK(legacy_credential_key(repository::parse(text).value()) == "https://index.docker.io/v1/");
    }
    auto const other = repository::parse("Localhost:5000/x").value();
    CHECK(credential_key(other) == "localhost:5000");
    CHECK(legacy_credential_key(other) == "localhost:5000");
    CHECK_FALSE(repository::parse("-a.b/x"));
    CHECK_FALSE(repository::parse("a.b-/x"));
}

TEST_CASE("nothing that could reshape a request is a reference", "[R01]") {
    using namespace std::string_literals;
    for (auto const& text : std::vector<std::string>{
             "a\r\nX-Inj: 1", "../x", "a/../b", "./a", "a/.", "..", "a//b", "a%2f..",
             "a?x=1", "a#f", "a b", "-a", "a.b/Repo", "a\0b"s, "a\0"s, "a.b\0/c"s,
             "caf\xc3\xa9", "a.b/\xff", "a\\b", "a;b", "a.b/c:t?x", "a.b/c:t/u/.."}) {
        INFO(text);
        CHECK(code(text) == errc::ref_invalid);
        auto const shown = reference::parse(text).error().message();
        CHECK(std::all_of(shown.begin(), shown.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    }
    CHECK(reference::parse(times(1'000'000, "?")).error().message().size() < 600);
    CHECK(reference::parse(times(1'000'000, "a/") + "a").error().message().size() < 600);
    CHECK(reference::parse("a:" + times(1'000'000, "t")).error().message().size() < 600);
    CHECK(reference::parse("a@" + times(1'000'000, "t")).error().message().size() < 600);
}

TEST_CASE("reference: hosts", "[R02]") {
    CHECK(code("good@evil/x") == errc::digest_invalid);
    CHECK(code("good\\@evil/x") == errc::digest_invalid);
    CHECK(code("good\\.evil/x") == errc::ref_invalid);
    CHECK(code("[::1%25lo]/x") == errc::ref_invalid);
    CHECK(stable("[::1]:5000/x"));
    CHECK(stable("127.1/x")); // a host name like another: nothing here takes it for an address
    CHECK(code("a.b./x") == errc::ref_invalid);
    CHECK(code(".a/x") == errc::ref_invalid);
    CHECK(code(":5000/x") == errc::ref_invalid);

    CHECK(stable(times(63, "l") + ".b/x"));
    CHECK(rule(times(64, "l") + ".b/x") == "a label of a host has at most 63 bytes, at byte 63");
    auto const host = times(126, "h.") + "h";
    REQUIRE(host.size() == 253);
    CHECK(stable(host + "/x"));
    CHECK(code(host + "/xy") == errc::ref_invalid); // 256 in all
    CHECK(rule("h" + host + "/x") == "a host has at most 253 bytes, at byte 253");
    CHECK(rule(host + ":65535/x") == "a name has at most 255 bytes, host included, at byte 0");

    SECTION("what precedes '@' may be a secret and is not quoted") {
        auto const said = reference::parse("https://user:hunter2@a.b/x").error().message();
        CHECK(said.find("hunter2") == said.npos);
        CHECK(said.find("a.b/x") != said.npos);
    }
}

TEST_CASE("reference: boundaries", "[R03]") {
    CHECK(stable("a.b/c:" + times(128, "t")));
    CHECK(rule("a.b/c:" + times(129, "t")) == "a tag has at most 128 bytes, at byte 134");
    CHECK(stable("a.b/" + times(251, "x")));                 // 255
    CHECK_FALSE(reference::parse("a.b/" + times(252, "x"))); // 256
    CHECK(stable("a.b/" + times(99, "c/") + "c"));
}

TEST_CASE("the normal form of short names", "[R05]") {
    CHECK(canonical("ubuntu") == "docker.io/library/ubuntu");
    CHECK(canonical("docker.io/ubuntu") == "docker.io/library/ubuntu");
    CHECK(canonical("index.docker.io/ubuntu:1") == "docker.io/library/ubuntu:1");
    CHECK(canonical("INDEX.docker.io/a/b") == "docker.io/a/b");
    CHECK(canonical("localhost/x") == "localhost/x");
    CHECK(canonical("a.b/x@" + sha) == "a.b/x@" + sha);
}

TEST_CASE("references are made by every mutation of a good one or refused, and print stably") {
    std::string const seed = "Reg.example:5000/team/app_x__y--z:v1.0_b@" + sha;
    std::string const alphabet("aZ09.:/@-_[] \n\0\x80", 16);
    std::size_t accepted = 0;
    for (std::size_t i = 0; i <= seed.size(); ++i)
        for (char c : alphabet)
            for (int kind = 0; kind < 2; ++kind) {
                auto text = seed;
                if (kind == 0)
                    text.insert(i, 1, c);
                else if (i < seed.size())
                    text[i] = c;
                if (code(text) != errc::ok) continue;
                ++accepted;
                INFO(text);
                CHECK(stable(text));
            }
    CHECK(accepted > 200);
}

TEST_CASE("references are literal") {
    using namespace lading::literals;
    constexpr auto r = "docker.io/library/debian:12"_ref;
    static_assert(r.repository().host() == "docker.io");
    static_assert(r.repository().path() == "library/debian");
    static_assert(r.tag() == "12" && r.effective_tag() == "12" && !r.has_digest());
    static_assert(r == "debian:12"_ref);
    static_assert("Index.Docker.io/debian"_ref.effective_tag() == "latest");
    constexpr auto pinned =
        "[::1]:5000/x:t@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"_ref;
    static_assert(pinned.has_digest() && pinned.digest()->algorithm() == digest_algorithm::sha256);
    static_assert(pinned.tag() == "t" && pinned.repository().host() == "[::1]:5000");
    static_assert(r.with_digest(*pinned.digest()).has_digest());
    static_assert(!std::is_default_constructible_v<reference> &&
                  !std::is_default_constructible_v<repository>);
    CHECK(r == reference::parse("docker.io/library/debian:12").value());

    auto kept = reference::parse("a.b/c:t").value();
    CHECK(kept.assign("a.b/c:u@sha256:0"));
    CHECK(kept.assign("A"));
    CHECK(kept.str() == "a.b/c:t");
}

TEST_CASE("every accepted reference makes a request path of the protocol and nothing else", "[R07]") {
    // Texts of a small alphabet that has everything a path could be confused with.
    constexpr std::string_view parts[] = {"a", "b-c", "d.e", "f_g", "..", ".", "/", "//", ":", "@", "%2f", "?", "#", "\\", " ", "\r\n", "\0", "A", "9", "localhost", ":5000", "sha256:"};
    std::uint32_t state = 1;
    auto const next = [&] { return (state = state * 1664525u + 1013904223u) >> 8; };
    std::size_t accepted = 0;
    for (int n = 0; n < 60'000; ++n) {
        std::string text;
        for (auto k = 1 + next() % 7; k > 0; --k) text += parts[next() % std::size(parts)];
        auto const ref = reference::parse(text);
        if (!ref) continue;
        ++accepted;
        auto const path = "/v2/" + std::string(ref.value().repository().path()) + "/manifests/" + ref.value().target();
        INFO(text << " -> " << path);
        bool plain = path.find("..") == path.npos || ref.value().target().find("..") != std::string::npos;
        for (char const c : path)
            plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '/' || c == '-' || c == ':');
        CHECK(plain);
        CHECK(path.find("/../") == path.npos);
        CHECK(path.find("//") == path.npos);
        CHECK(!path.ends_with("/.."));
    }
    CHECK(accepted > 1000);
}

} // namespace reference_test
