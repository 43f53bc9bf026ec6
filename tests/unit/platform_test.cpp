// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/platform_match.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace platform_test {

using namespace lading;

namespace {

using names = std::vector<std::string>;

/// "-" is an entry without platform.
std::vector<std::optional<platform>> offer(names const& texts) {
    std::vector<std::optional<platform>> out;
    for (auto const& t : texts) {
        if (t == "-")
            out.push_back(std::nullopt);
        else
            out.push_back(platform::parse(t).value());
    }
    return out;
}
/// What is taken from `texts`, "none" when nothing is.
std::string pick(names const& texts, std::string_view wanted, bool exact = false,
                 platform_rules rules = platform_rules::containerd) {
    auto const i = choose_platform(offer(texts), platform::parse(wanted).value(), exact, rules);
    return i ? texts.at(*i) : "none";
}
names wishes(std::string_view wanted, platform_rules rules) {
    names out;
    for (auto const& p : wish_list(platform::parse(wanted).value(), rules)) out.push_back(p.str());
    return out;
}
std::string normal(std::string_view text) { return normalise(platform::parse(text).value()).str(); }

names const list{"linux/amd64", "linux/arm/v5", "linux/arm/v6", "linux/arm64/v8",
                 "linux/386", "linux/ppc64le", "linux/s390x"};
names const variants{"linux/amd64", "linux/arm/v6", "linux/arm/unrecognised", "linux/arm"};

} // namespace

TEST_CASE("platform text") {
    for (auto text : {"linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763.1", "linux/arm64/v8:1"}) {
        INFO(text);
        CHECK(platform::parse(text).value().str() == text);
    }
    auto const p = platform::parse("windows/arm64/v8:10.0.1").value();
    CHECK(p.os == "windows");
    CHECK(p.architecture == "arm64");
    CHECK(p.variant == "v8");
    CHECK(p.os_version == "10.0.1");
    for (auto const& text :
         names{"", "what", "linuxx", "linux/", "/amd64", "linux//v7", "linux/arm/", "linux/arm/v7/x", "linux:", "*", "/",
               "linux/amd 64", "linux/amd64:", "linux/amd64:a:b", "linux/amd64\n",
               std::string("linux/amd64\0", 12), "linux/\xc3\xa9", "linux/" + std::string(65, 'a'),
               std::string(1 << 20, '/')}) {
        INFO(text.substr(0, 40));
        auto const r = platform::parse(text);
        REQUIRE_FALSE(r);
        CHECK(r.error() == errc::platform_invalid);
        auto const said = r.error().message();
        CHECK(said.size() < 400);
        CHECK(std::all_of(said.begin(), said.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    }
    CHECK(platform::parse("linux/" + std::string(64, 'a')).value().str() == "linux/" + std::string(64, 'a'));
    platform const hostile("a\nb", std::string(1 << 20, 'x'), "\x1b[0m");
    CHECK(hostile.str().size() < 300);
    CHECK(hostile.str().find_first_of("\n\x1b") == std::string::npos);
}

TEST_CASE("a system or an architecture alone, upper case, other names", "[W54]") {
    auto const host = host_platform();
    auto const is = [](std::string_view text) { return platform::parse(text).value().str(); };
    CHECK(is("linux") == platform("linux", host.architecture, host.variant).str());
    CHECK(is("Windows") == platform("windows", host.architecture, host.variant).str());
    CHECK(is("macOS") == platform("darwin", host.architecture, host.variant).str());
    CHECK(is("windows:10.0.17763") == platform("windows", host.architecture, host.variant).str() + ":10.0.17763");
    for (auto const& [text, rest] : std::vector<std::pair<std::string, std::string>>{
             {"arm64", "arm64"}, {"ARM64", "arm64"}, {"aarch64", "arm64"}, {"amd64", "amd64"}, {"x86_64", "amd64"}, {"x86-64", "amd64"}, {"i386", "386"}, {"386", "386"}, {"armhf", "arm/v7"}, {"armel", "arm/v6"}, {"arm", "arm"}, {"s390x", "s390x"}, {"riscv64", "riscv64"}})
        CHECK(is(text) == host.os + "/" + rest);
    CHECK(is("linux/AMD64") == "linux/amd64");
    CHECK(is("Linux/Arm/V7") == "linux/arm/v7");
    CHECK(is("linux/aarch64/v8") == "linux/arm64/v8");
    CHECK(is("linux/X86_64") == "linux/amd64");
    CHECK(is("linux/armhf") == "linux/arm/v7");
    CHECK(is("what/ever") == "what/ever"); // two words name what they name
    using namespace lading::literals;
    CHECK("arm64"_platform == platform::parse("arm64").value());
    CHECK("linux/AMD64"_platform == platform("linux", "amd64"));
}

TEST_CASE("the host has a platform in normal form") {
    auto const host = host_platform();
    CHECK(normalise(host) == host);
    CHECK(platform::parse(host.str()).value() == host);
#if defined(__x86_64__) && defined(__linux__)
    CHECK(host.str() == "linux/amd64");
#endif
}

TEST_CASE("platform: containers/image wishes", "[spec-7.1][row-1]") {
    auto const rules = platform_rules::containers_image;
    CHECK(wishes("linux/arm/v8", rules) ==
          names{"linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5", "linux/arm"});
    CHECK(wishes("linux/arm/v6", rules) == names{"linux/arm/v6", "linux/arm/v5", "linux/arm"});
    CHECK(wishes("linux/arm", rules) ==
          names{"linux/arm", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"});
    CHECK(wishes("linux/arm64", rules) == names{"linux/arm64", "linux/arm64/v8"});
    CHECK(wishes("linux/arm64/v8", rules) == names{"linux/arm64/v8", "linux/arm64"});
    CHECK(wishes("linux/amd64", rules) == names{"linux/amd64"});
    CHECK(wishes("linux/amd64/v3", rules) == names{"linux/amd64/v3", "linux/amd64"});
    CHECK(wishes("linux/arm/odd", rules) == names{"linux/arm/odd", "linux/arm"});

    SECTION("wishes are equal in all three, and os.version and os.features are not looked at") {
        CHECK(pick({"windows/amd64", "linux/arm64"}, "linux/amd64", false, rules) == "none");
        CHECK(pick({"windows/amd64:10.0.1", "windows/amd64:10.0.2"}, "windows/amd64:10.0.2", false, rules) ==
              "windows/amd64:10.0.1");
        auto demanding = offer({"linux/amd64"});
        demanding[0]->os_features = {"x"};
        platform wanted("linux", "amd64");
        wanted.os_features = {"y"};
        CHECK(choose_platform(demanding, wanted, false, rules) == 0u);
        CHECK_FALSE(choose_platform(demanding, wanted));
    }
    SECTION("the first of equal entries wins") {
        CHECK(choose_platform(offer({"linux/386", "linux/amd64", "linux/amd64"}), {"linux", "amd64"}, false,
                              rules) == 1u);
        CHECK(choose_platform(offer({"linux/386", "linux/amd64", "linux/amd64"}), {"linux", "amd64"}) == 1u);
    }
}

TEST_CASE("an entry without platform is the last resort", "[spec-7.1][row-2]") {
    for (auto rules : {platform_rules::containerd, platform_rules::containers_image, platform_rules::docker_20_10}) {
        CHECK(pick({"-", "linux/s390x"}, "linux/amd64", false, rules) == "-");
        CHECK(pick({"-", "linux/amd64"}, "linux/amd64", false, rules) == "linux/amd64");
        CHECK(pick({"linux/s390x", "-"}, "linux/amd64", true, rules) == "none");
        CHECK(choose_platform(offer({"linux/s390x", "-", "-"}), {"linux", "amd64"}, false, rules) == 1u);
        CHECK(pick({}, "linux/amd64", false, rules) == "none");
    }
}

TEST_CASE("unknown/unknown is never an image", "[spec-7.1]") {
    for (auto rules : {platform_rules::containerd, platform_rules::containers_image})
        for (bool exact : {false, true}) {
            CHECK(pick({"unknown/unknown"}, "unknown/unknown", exact, rules) == "none");
            CHECK(pick({"unknown/unknown", "linux/amd64"}, "linux/amd64", exact, rules) == "linux/amd64");
        }
}

TEST_CASE("containerd normal form", "[spec-7.1][row-4]") {
    CHECK(normal("linux/x86_64") == "linux/amd64");
    CHECK(normal("linux/x86-64") == "linux/amd64");
    CHECK(normal("linux/i386") == "linux/386");
    CHECK(normal("linux/aarch64") == "linux/arm64");
    CHECK(normal("linux/aarch64/v8") == "linux/arm64");
    CHECK(normal("linux/armhf") == "linux/arm/v7");
    CHECK(normal("linux/armel") == "linux/arm/v6");
    CHECK(normal("linux/arm") == "linux/arm/v7");
    CHECK(normal("linux/arm/5") == "linux/arm/v5");
    CHECK(normal("linux/arm64/v8") == "linux/arm64");
    CHECK(normal("linux/amd64/v1") == "linux/amd64");
    CHECK(normal("linux/amd64/v2") == "linux/amd64/v2");
    CHECK(normal("macos/arm64") == "darwin/arm64");
    CHECK(normalise({"Linux", "AMD64"}) == platform("linux", "amd64"));
    for (auto const& text : list) CHECK(normal(normal(text)) == normal(text));

    CHECK(pick({"linux/x86_64"}, "linux/amd64") == "linux/x86_64");
    CHECK(pick({"linux/amd64/v1"}, "linux/x86-64", true) == "linux/amd64/v1");
    CHECK(pick({"linux/arm64/v8"}, "linux/aarch64", true) == "linux/arm64/v8");
    CHECK(pick({"linux/armel", "linux/armhf"}, "linux/arm/v7") == "linux/armhf");
}

TEST_CASE("platform: containerd fallbacks", "[spec-7.1][row-4]") {
    auto const rules = platform_rules::containerd;
    CHECK(wishes("linux/amd64", rules) == names{"linux/amd64", "linux/386"});
    CHECK(wishes("linux/amd64/v3", rules) ==
          names{"linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"});
    CHECK(wishes("linux/arm/v8", rules) ==
          names{"linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"});
    CHECK(wishes("linux/arm", rules) == names{"linux/arm/v7", "linux/arm/v6", "linux/arm/v5"});
    CHECK(wishes("linux/arm64", rules) ==
          names{"linux/arm64", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"});
    CHECK(wishes("linux/arm64/v9.1", rules) ==
          names{"linux/arm64/v9.1", "linux/arm64/v9", "linux/arm64/v8.6", "linux/arm64/v8.5",
                "linux/arm64/v8.4", "linux/arm64/v8.3", "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64",
                "linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"});
    CHECK(wishes("linux/arm64/v8.2", rules) == names{"linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64",
                                                     "linux/arm/v8", "linux/arm/v7", "linux/arm/v6",
                                                     "linux/arm/v5"});
    CHECK(wishes("linux/riscv64", rules) == names{"linux/riscv64"});
    CHECK(wishes("linux/arm/v7x", rules) == names{"linux/arm/v7x"});
    CHECK(wishes("linux/amd64/v999999999", rules).size() < 100);
    CHECK(wishes("linux/amd64/v99999999999999999999", rules).size() < 100);

    CHECK(pick({"linux/386"}, "linux/amd64") == "linux/386");
    CHECK(pick({"linux/386", "linux/amd64"}, "linux/amd64/v3") == "linux/amd64");
    CHECK(pick({"linux/amd64/v2"}, "linux/amd64") == "none");
    CHECK(pick({"linux/arm/v6", "linux/arm/v7"}, "linux/arm64") == "linux/arm/v7");
    CHECK(pick({"linux/arm/v7"}, "linux/arm/v6") == "none");
    CHECK(pick({"linux/arm"}, "linux/arm64") == "linux/arm");
    CHECK(pick({"linux/arm64/v9"}, "linux/arm64") == "none");
}

TEST_CASE("os.features are a subset of those wanted", "[spec-7.1][row-5]") {
    using set = std::vector<std::string>;
    CHECK(os_features_match(set{"a", "b"}, set{"b"}));
    CHECK(os_features_match(set{"a"}, set{}));
    CHECK(os_features_match(set{"a"}, set{"a"}));
    CHECK_FALSE(os_features_match(set{"a"}, set{"a", "b"}));
    CHECK_FALSE(os_features_match(set{"a"}, set{"A"}));
    CHECK_FALSE(os_features_match(set{}, set{"a"}));
    CHECK(os_features_match(set{}, set{}));

    auto entries = offer({"linux/amd64", "linux/amd64"});
    entries[0]->os_features = {"a", "b"};
    platform wanted("linux", "amd64");
    wanted.os_features = {"a"};
    CHECK(choose_platform(entries, wanted) == 1u);
    wanted.os_features = {"b", "a"};
    CHECK(choose_platform(entries, wanted) == 0u);
    wanted.os_features = {};
    CHECK(choose_platform(entries, wanted) == 1u);
}

TEST_CASE("platform: Windows builds", "[spec-7.1][row-6]") {
    CHECK(windows_version_matches("10.0.17763.1", "10.0.17763.9999"));
    CHECK(windows_version_matches("10.0.17763", "10.0.17763.1"));
    CHECK_FALSE(windows_version_matches("10.0.17763.1", "10.0.17762.1"));
    CHECK_FALSE(windows_version_matches("10.0.20347.1", "10.0.17763.1"));
    CHECK_FALSE(windows_version_matches("10.0.17763.1", "6.1.17763.1"));
    CHECK_FALSE(windows_version_matches("10.0.17763.1", "10.1.17763.1"));
    CHECK(windows_version_matches("10.0.20348.1", "10.0.20348.2"));
    CHECK_FALSE(windows_version_matches("10.0.20348.1", "10.0.20347.1"));
    CHECK_FALSE(windows_version_matches("10.0.20348.1", "10.0.20349.1"));
    CHECK(windows_version_matches("10.0.22000.1", "10.0.20348.1"));
    CHECK_FALSE(windows_version_matches("10.0.22000.1", "10.0.22001.1"));
    CHECK(windows_version_matches("10.0.26100.1", "10.0.20348.1"));
    CHECK(windows_version_matches("10.0.26101.1", "10.0.26100.1"));
    CHECK_FALSE(windows_version_matches("10.0.26101.1", "10.0.26099.1"));
    CHECK(windows_version_matches("", "10.0.17763.1"));
    CHECK(windows_version_matches("10.0.17763.1", ""));
    for (auto odd : {"x", "10", "10.0", "10.0.", "10.0.x", "99999999999999999999.0.1"}) {
        INFO(odd);
        CHECK_FALSE(windows_version_matches("10.0.17763.1", odd));
    }

    names const servers{"windows/amd64:10.0.17763.1", "windows/amd64:10.0.20348.2"};
    CHECK(pick(servers, "windows/amd64") == servers[0]);
    CHECK(pick(servers, "windows/amd64:10.0.20348.9") == servers[1]);
    CHECK(pick(servers, "windows/amd64:10.0.26100.9") == servers[1]);
    CHECK(pick(servers, "windows/amd64:10.0.14393.1") == "none");
    CHECK(pick({"linux/amd64:10.0.1"}, "linux/amd64:10.0.2") ==
          "linux/amd64:10.0.1"); // Windows alone has builds
}

TEST_CASE("Docker 20.10, no variant of arm matches: any arm there is", "[spec-7.1][row-7]") {
    auto const docker = platform_rules::docker_20_10;
    CHECK(pick({"linux/arm/v7"}, "linux/arm/v5", false, docker) == "linux/arm/v7");
    CHECK(pick({"linux/amd64", "linux/arm/v8", "linux/arm/v7"}, "linux/arm/v6", false, docker) == "linux/arm/v8"); // the first
    CHECK(pick({"linux/arm/v7", "linux/arm"}, "linux/arm/v5", false, docker) == "linux/arm/v7");
    CHECK(pick({"linux/arm/odd"}, "linux/arm", false, docker) == "linux/arm/odd");
    CHECK(pick({"linux/arm/v8"}, "linux/armel", false, docker) == "linux/arm/v8"); // what is wanted is in normal form
    SECTION("only where none does") {
        CHECK(pick({"linux/arm/v8", "linux/arm/v6"}, "linux/arm/v7", false, docker) == "linux/arm/v6");
        CHECK(pick({"linux/arm/v8", "linux/arm"}, "linux/arm/v7", false, docker) == "linux/arm");
        CHECK(pick({"linux/arm/v6", "linux/arm/v7"}, "linux/arm", false, docker) == "linux/arm/v7");
    }
    SECTION("only for arm, and on the same system") {
        CHECK(pick({"linux/arm64/v9"}, "linux/arm64", false, docker) == "none");
        CHECK(pick({"linux/amd64/v2"}, "linux/amd64", false, docker) == "none");
        CHECK(pick({"windows/arm/v7", "linux/arm64"}, "linux/arm/v5", false, docker) == "none");
        CHECK(pick({"unknown/unknown"}, "linux/arm", false, docker) == "none");
    }
    SECTION("not by the other rules, and not where exactly one is wanted") {
        for (auto rules : {platform_rules::containerd, platform_rules::containers_image})
            CHECK(pick({"linux/arm/v7"}, "linux/arm/v5", false, rules) == "none");
        CHECK(pick({"linux/arm/v7"}, "linux/arm/v5", true, docker) == "none");
    }
    SECTION("otherwise as containerd has it") {
        CHECK(wishes("linux/arm64/v8.2", docker) == wishes("linux/arm64/v8.2", platform_rules::containerd));
        for (auto const* wanted : {"linux/amd64", "linux/386", "linux/arm64", "linux/s390x", "linux/arm/v6", "linux/riscv64"})
            CHECK(pick(list, wanted, false, docker) == pick(list, wanted));
    }
}

TEST_CASE("no variant matches: another variant is not taken, an entry without one is", "[spec-7.1]") {
    CHECK(pick({"linux/arm/v7"}, "linux/arm/v5") == "none");
    CHECK(pick({"linux/arm/v7", "linux/arm"}, "linux/arm/v5") == "linux/arm");
    CHECK(pick({"linux/arm/v8"}, "linux/arm") == "linux/arm/v8"); // no variant wanted: every one there is
}

TEST_CASE("vectors, the same by both rules", "[spec-7.1]") {
    for (auto rules : {platform_rules::containerd, platform_rules::containers_image}) {
        CHECK(pick(list, "linux/amd64", false, rules) == "linux/amd64");
        CHECK(pick(list, "linux/arm/v6", false, rules) == "linux/arm/v6");
        CHECK(pick(list, "linux/arm/v7", false, rules) == "linux/arm/v6");
        CHECK(pick(list, "linux/arm/v5", false, rules) == "linux/arm/v5");
        CHECK(pick(list, "linux/arm64", false, rules) == "linux/arm64/v8");
        CHECK(pick(list, "linux/arm64/v8", false, rules) == "linux/arm64/v8");
        CHECK(pick(list, "linux/arm", false, rules) == "linux/arm/v6");
        CHECK(pick(list, "linux/s390x", false, rules) == "linux/s390x");
        CHECK(pick(list, "linux/riscv64", false, rules) == "none");
        CHECK(pick(list, "windows/amd64", false, rules) == "none");

        CHECK(pick(variants, "linux/amd64", false, rules) == "linux/amd64");
        CHECK(pick(variants, "linux/arm/v5", false, rules) == "linux/arm");
        CHECK(pick(variants, "linux/arm/v6", false, rules) == "linux/arm/v6");
        CHECK(pick(variants, "linux/arm/v7", false, rules) == "linux/arm/v6");
        CHECK(pick(variants, "linux/arm/v8", false, rules) == "linux/arm/v6");
        CHECK(pick(variants, "linux/arm", false, rules) == "linux/arm");
        CHECK(pick(variants, "linux/arm/unrecognised", false, rules) == "linux/arm/unrecognised");
        CHECK(pick(variants, "linux/arm/other", false, rules) == "linux/arm");
    }
    CHECK(pick(variants, "linux/arm64") == "linux/arm/v6");
    CHECK(pick(variants, "linux/arm64", false, platform_rules::containers_image) == "none");
}

TEST_CASE("an exact wish takes nothing else") {
    CHECK(pick(list, "linux/arm/v7", true) == "none");
    CHECK(pick(list, "linux/arm/v6", true) == "linux/arm/v6");
    CHECK(pick(list, "linux/arm64", true) == "linux/arm64/v8");
    CHECK(pick({"linux/386"}, "linux/amd64", true) == "none");
    CHECK(pick(variants, "linux/arm/v7", true) == "linux/arm"); // one platform in normal form
    CHECK(pick(variants, "linux/arm/v5", true) == "none");
    CHECK(pick({"windows/amd64:10.0.17763.1"}, "windows/amd64:10.0.20348.1", true) == "none");
    CHECK(pick({"linux/arm64/v8"}, "linux/arm64", true, platform_rules::containers_image) == "none");
}

} // namespace platform_test
