// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#if __has_include(<toml++/toml.h>)
#include <lading/config_files/registries_conf.hpp>
#include <lading/endpoint/endpoints.hpp>
#include <lading/endpoint/short_names.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace registries_conf_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

registry_rules rules_of(std::string_view text) {
    registry_rules out;
    auto const r = add_registries_conf(out, text);
    INFO((r ? "" : r.error().message()));
    CHECK(r.has_value());
    return out;
}
std::string refusal_of(std::string_view text) {
    registry_rules out;
    auto const r = add_registries_conf(out, text, "x.conf");
    if (r) return "accepted";
    CHECK(r.error() == errc::config_invalid);
    CHECK(r.error().detail().context.starts_with("x.conf, "));
    CHECK(!r.error().detail().expected.empty());
    return r.error().detail().context.substr(8);
}
std::string list(std::string_view name, registry_rules const& rules, bool by_digest = false) {
    auto const found = modern_endpoints(repository::parse(name).value(), rules, by_digest);
    if (!found) return std::string(name_of(found.error().kind()));
    std::string out;
    for (auto const& e : found.value())
        out += (out.empty() ? "" : "|") + e.base_url + '/' + std::string(e.name.path());
    return out;
}

constexpr auto example = R"(
unqualified-search-registries = ["docker.io"]
short-name-mode = "enforcing"

[[registry]]
prefix = "example.com/foo"
location = "internal.example/bar"
insecure = false
[[registry.mirror]]
location = "mirror.example:5000/x"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"

[[registry]]
location = "plain.example:5000"
insecure = true

[[registry]]
prefix = "evil.example"
blocked = true

[[registry]]
prefix = "*.wild.example"
[[registry.mirror]]
location = "wild-mirror.example"

[[registry]]
prefix = "docker.io"
mirror-by-digest-only = true
[[registry.mirror]]
location = "hub-mirror.example"

[aliases]
debian = "docker.io/library/debian"
tool = "quay.io/team/tool"
)";

} // namespace

TEST_CASE("registries.conf: version 2") {
    auto const rules = rules_of(example);
    CHECK(list("example.com/foo/a", rules) == "https://mirror.example:5000/x/a|http://mirror.example:5000/x/a|"
                                              "https://tags.example/a|https://internal.example/bar/a");
    CHECK(list("example.com/foo/a", rules, true) == "https://mirror.example:5000/x/a|http://mirror.example:5000/x/a|"
                                                    "https://digests.example/a|https://internal.example/bar/a");
    CHECK(list("example.com/other", rules) == "https://example.com/other");
    CHECK(list("plain.example:5000/a", rules) == "https://plain.example:5000/a|http://plain.example:5000/a");
    CHECK(!rules.tls().find("plain.example:5000").verify);
    CHECK(rules.tls().find("internal.example").verify);
    CHECK(list("evil.example/a", rules) == "registry_blocked");
    CHECK(list("a.wild.example/b", rules) == "https://wild-mirror.example/b|https://a.wild.example/b");
    CHECK(list("debian", rules) == "https://registry-1.docker.io/library/debian");
    CHECK(list("debian", rules, true) ==
          "https://hub-mirror.example/library/debian|https://registry-1.docker.io/library/debian");
}

TEST_CASE("short names") {
    auto const rules = rules_of(example);
    CHECK(expand_alias("tool", rules) == "quay.io/team/tool");
    CHECK(expand_alias("tool:1", rules) == "quay.io/team/tool:1");
    CHECK(expand_alias("tool:1@sha256:ab", rules) == "quay.io/team/tool:1@sha256:ab");
    CHECK(expand_alias("tool@sha256:ab", rules) == "quay.io/team/tool@sha256:ab");
    CHECK(expand_alias("tools", rules) == "tools");
    CHECK(expand_alias("r.example/tool", rules) == "r.example/tool");
    CHECK(expand_alias("localhost:5000/tool", rules) == "localhost:5000/tool");
    CHECK(expand_alias("", rules).empty());
}

TEST_CASE("registries.conf: mistakes are named") {
    CHECK(refusal_of("[[registry]") == "line 1");
    CHECK(refusal_of("a = 1\na = 2") == "line 2");
    CHECK(refusal_of(std::string("a = \"\0\"", 7)) == "line 1");
    CHECK(refusal_of("[registries.search]\nregistries = ['docker.io']") == "registries");
    CHECK(refusal_of("registry = 7") == "registry");
    CHECK(refusal_of("[registry]\nlocation = 'a.example'") == "registry");
    CHECK(refusal_of("[[registry]]") == "registry");
    CHECK(refusal_of("[[registry]]\nlocation = 7") == "location");
    CHECK(refusal_of("[[registry]]\nlocation = 'https://a.example'") == "prefix");
    CHECK(refusal_of("[[registry]]\nprefix = 'a.example'\nlocation = 'no_host'") == "location");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\ninsecure = 'yes'") == "insecure");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\nblocked = 1") == "blocked");
    CHECK(refusal_of("[[registry]]\nprefix = '*.a.example/x'") == "prefix");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\nmirror = 7") == "registry.mirror");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = ''") == "registry.mirror.location");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = 'm.example'\n"
                     "pull-from-mirror = 'sometimes'") == "pull-from-mirror");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\nmirror-by-digest-only = true\n[[registry.mirror]]\n"
                     "location = 'm.example'\npull-from-mirror = 'all'") == "pull-from-mirror");
    CHECK(refusal_of("aliases = 7") == "aliases");
    CHECK(refusal_of("[aliases]\na = 7") == "aliases.a");
    CHECK(refusal_of("[aliases]\n'a/b' = 'docker.io/x'") == "accepted");
    CHECK(refusal_of("[aliases]\n'a.example/b' = 'docker.io/x'") == "aliases.a.example/b");
    CHECK(refusal_of("[aliases]\n'a:1' = 'docker.io/x'") == "aliases.a:1");
    CHECK(refusal_of("[aliases]\na = 'nohost/x'") == "aliases.a");
    CHECK(refusal_of("") == "accepted");
    CHECK(refusal_of("something-newer = true") == "accepted");
}

TEST_CASE("slashes at the end of a location or a prefix", "[W15]") {
    auto const rules = rules_of("[[registry]]\nprefix = 'a.example/x/'\nlocation = 'b.example/y//'\n[[registry.mirror]]\nlocation = 'm.example/'\n"
                                "[[registry]]\nlocation = 'c.example/'\nblocked = true");
    CHECK(list("a.example/x/z", rules) == "https://m.example/z|https://b.example/y/z");
    CHECK(list("c.example/z", rules) == "registry_blocked");
    CHECK(refusal_of("[[registry]]\nlocation = '/'") == "prefix");
    CHECK(refusal_of("[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = '/'") == "registry.mirror.location");
}

TEST_CASE("an entry for one tag or digest holds for that alone", "[W15]") {
    auto const rules = rules_of("[[registry]]\nprefix = 'a.example/x:1'\nlocation = 'b.example/x'\n[[registry]]\nprefix = 'a.example/x@sha256:" +
                                std::string(64, 'a') + "'\nlocation = 'b.example/x'\n[[registry]]\nlocation = 'a.example'\n"
                                                       "[[registry.mirror]]\nlocation = 'm.example'");
    CHECK(list("a.example/x", rules) == "https://m.example/x|https://a.example/x");
    CHECK(rules.warnings.empty());
    auto const of_image = [](char const* name, registry_rules const& all) {
        auto const own = rules_for(reference::parse(name).value(), all);
        return own ? list("a.example/x", *own) : "as they stand";
    };
    CHECK(of_image("a.example/x:1", rules) == "https://b.example/x");
    CHECK(of_image(("a.example/x:1@sha256:" + std::string(64, 'b')).c_str(), rules) == "https://b.example/x");
    CHECK(of_image(("a.example/x@sha256:" + std::string(64, 'a')).c_str(), rules) == "https://b.example/x");
    for (auto const* other : {"a.example/x:12", "a.example/x:2", "a.example/x/y:1", "a.example/y:1"})
        CHECK(of_image(other, rules) == "as they stand");
    auto const blocked = rules_of("[[registry]]\nprefix = 'a.example/x'\n[[registry]]\nprefix = 'a.example/x:1'\nblocked = true");
    CHECK(of_image("a.example/x:1", blocked) == "registry_blocked");
    CHECK(list("a.example/x", blocked) == "https://a.example/x");
    CHECK(refusal_of("[[registry]]\nprefix = 'a.example/x:'") == "prefix");
    CHECK(refusal_of("[[registry]]\nprefix = 'a.example/x@sha256:ab'") == "prefix");
}

TEST_CASE("an insecure domain", "[W15]") {
    auto const rules = rules_of("[[registry]]\nprefix = '*.a.example'\ninsecure = true\n[[registry]]\nlocation = 'safe.a.example'");
    CHECK(list("b.a.example/x", rules) == "https://b.a.example/x|http://b.a.example/x");
    CHECK(list("b.c.a.example:5000/x", rules) == "https://b.c.a.example:5000/x|http://b.c.a.example:5000/x");
    CHECK(list("a.example/x", rules) == "https://a.example/x");
    CHECK(list("ba.example/x", rules) == "https://ba.example/x");
    CHECK_FALSE(rules.tls().find("b.a.example").verify);
    CHECK_FALSE(rules.tls().find("b.a.example:5000").verify);
    CHECK(rules.tls().find("a.example").verify);
    auto more = rules; // what is said of one host begins as what holds for all
    more.host("b.a.example").with_plaintext(plaintext::never);
    CHECK_FALSE(more.tls().find("b.a.example").verify);
    CHECK(list("b.a.example/x", more) == "https://b.a.example/x");
    auto const moved = rules_of("[[registry]]\nprefix = '*.a.example'\nlocation = 'c.example'");
    CHECK(list("b.a.example/x", moved) == "https://c.example/x");
    CHECK(list("b.a.example:5000/x", moved) == "https://c.example:5000/x");
}

TEST_CASE("keys that are not known", "[W15]") {
    auto const rules = rules_of("new = 1\nshort-name-mode = 'disabled'\n[[registry]]\nlocation = 'a.example'\ncolour = 'red'\n"
                                "[[registry.mirror]]\nlocation = 'm.example'\nshape = 'round'\n[credential-helpers]\n[[registry]]\nlocation='b.example'\ncolour=1");
    std::string said;
    for (auto const& w : rules.warnings) {
        CHECK(w.code == warning_code::config_key_unknown);
        said += w.text + '|';
    }
    CHECK(said == "registries.conf, new|registries.conf, registry.colour|registries.conf, registry.mirror.shape|");
    CHECK(list("a.example/x", rules) == "https://m.example/x|https://a.example/x");
}

TEST_CASE("registries.conf: what the parser itself would not survive") {
    CHECK(refusal_of("a = 1\n[[[x]") == "line 2");
    CHECK(refusal_of("[\x01") == "line 1");
    CHECK(refusal_of("[]") == "line 1");
    CHECK(refusal_of("[\xc3\xa9]") == "line 1");
    CHECK(refusal_of("pull\xcd\x99rom=1") == "line 1");
    CHECK(refusal_of("a=\xe3\x80\x80") == "line 1");
    CHECK(refusal_of("a = 197h\":\"(\"\xc6\xbe\"") == "line 1");
    CHECK(refusal_of("a=[}") == "line 1");
    CHECK(refusal_of("a=[1,}") == "line 1");
    CHECK(refusal_of("a=[\n,1]") == "line 2");
    CHECK(refusal_of("a=1979-05-27T") == "line 1");
    CHECK(refusal_of("a=1979-05-27true") == "line 1");
    CHECK(refusal_of("a = 1979-05-27 7 =1") == "line 1");
    CHECK(refusal_of("a=1979-05-27T7") == "line 1");
    CHECK(refusal_of("a=1979-05-27 07:32:00\nb = 1979-05-27 # a day") == "accepted");
    std::string deep;
    for (int i = 0; i < 500'000; ++i) deep += "a.";
    CHECK(refusal_of(deep + "a=1") == "line 1");
    CHECK(refusal_of('[' + deep + "a]") == "line 1");
    CHECK(refusal_of("a=" + std::string(500'000, '[')) == "line 1");
    // What is well formed still passes.
    CHECK(refusal_of("a=\"\"\"\"x\"\"\"\"\"\nb=\'\'\'x\'\'\'\'\n") == "accepted");
    CHECK(refusal_of("\xef\xbb\xbf'a'=1") == "accepted");
    CHECK(refusal_of("\xef\xbb\xbf# \xc3\xa9\n\"\xc3\xa9\"='\xcd\x99'") == "accepted");
    CHECK(refusal_of("a=[[1],[\n[],{}],\n]\n['x'.\"y\"]\nz=1979-05-27T07:32:00Z#[\nw='''\n[[[''' \nv=\"\\\"[[[\"") == "accepted");
}

TEST_CASE("registries.conf: whatever else TOML has is let through to the parser") {
    CHECK(refusal_of(R"(# a file
a.'b c'."d\"e" = 1 # one
f=[1,2 , # two
   'x', [ { g = 1, h.i = {} }, [ ] ],
]
"j" = {k=1_000,l = 0x1F, 'm'=[1.5e+10]}
n = 1979-05-27 07:32:00.5-07:00
o = [1979-05-27T07:32:00Z, 1979-05-27, 07:32:00]
p = """ "quoted" \
    and "" continued\n"""
q = '''
as it \ is'''
r = "\u00e9 \t é" # é
s = true
t = +inf
[ u . "v" ]
w = ''
[[x]] # a list
y = -nan
[[x]]
)") == "accepted");
    CHECK(refusal_of("\xef\xbb\xbf[a]\r\nb = 1\r\n\r\n[c]") == "accepted");
    CHECK(refusal_of("") == "accepted");
}

TEST_CASE("registries.conf: the short names that a system ships") {
    registry_rules rules;
    auto const text = detail::read_file("/etc/containers/registries.conf.d/shortnames.conf", errc::config_invalid).value();
    if (!text) {
        WARN("skipped: this system has none");
        return;
    }
    auto const r = add_registries_conf(rules, *text);
    INFO((r ? "" : r.error().message()));
    CHECK(r.has_value());
    CHECK(rules.aliases.size() > 10);
}

TEST_CASE("registries.conf: files and drop-ins") {
    char name[] = "/tmp/lading-conf-XXXXXX";
    fs::path const folder = ::mkdtemp(name);
    auto const write = [&](char const* file, char const* text) {
        fs::create_directories((folder / file).parent_path());
        std::ofstream(folder / file) << text;
        return (folder / file).string();
    };
    auto const main = write("registries.conf", "[[registry]]\nlocation='a.example'\n[aliases]\nx='a.example/x'\ny='a.example/y'\n");
    write("registries.conf.d/20.conf", "[[registry]]\nprefix='a.example'\nblocked=true\n");
    write("registries.conf.d/10.conf", "[aliases]\nx='b.example/x'\ny=''\n");
    write("registries.conf.d/note.txt", "[[[");
    ::setenv("CONTAINERS_REGISTRIES_CONF", main.c_str(), 1);
    auto const all = load_registries_conf().value();
    CHECK(list("a.example/z", all) == "registry_blocked");
    CHECK(expand_alias("x", all) == "b.example/x");
    CHECK(expand_alias("y", all) == "y");
    CHECK(expand_alias("x", load_registries_conf(main).value()) == "a.example/x"); // a given path stands alone
    CHECK(load_registries_conf((folder / "none").string()).error() == errc::config_invalid);
    write("registries.conf.d/30.conf", "[[registry]");
    CHECK(load_registries_conf().error().detail().context.find("30.conf, line 1") != std::string::npos);
    ::setenv("CONTAINERS_REGISTRIES_CONF", (folder / "none").c_str(), 1);
    CHECK(load_registries_conf().value().registries.empty());
    ::unsetenv("CONTAINERS_REGISTRIES_CONF");
    fs::remove_all(folder);
}

} // namespace registries_conf_test
#endif
