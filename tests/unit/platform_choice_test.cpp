// SPDX-License-Identifier: BSL-1.0
// doc/protocol.md#platforms, row 2: of the entries of an index that fit equally well, which one is taken.
#include "catch.hpp"

#include <lading/platform_choice.hpp>

#include <string>
#include <vector>

namespace platform_choice_test {

using namespace lading;

namespace {

/// Entries "os/architecture[/variant]" or "-", each followed by "+zstd" where its index says so. The size is the position.
std::vector<descriptor> offer(std::vector<std::string> const& texts) {
    std::vector<descriptor> out;
    for (auto const& text : texts) {
        auto const plus = text.find('+');
        out.emplace_back("a/b", digest::parse("sha256:" + std::string(64, '0')).value(), static_cast<std::int64_t>(out.size()));
        if (text[0] != '-') out.back().platform = platform::parse(text.substr(0, plus)).value();
        if (plus != text.npos) out.back().annotations["io.github.containers.compression.zstd"] = text.substr(plus + 1) == "zstd" ? "true" : text.substr(plus + 1);
    }
    return out;
}
/// The position of the entry that is taken, or -1.
std::int64_t take(platform_choice const& choice, std::vector<std::string> const& texts) {
    auto const got = choice.choose(offer(texts));
    return got ? got.value().size : -1;
}
platform_choice like(std::string_view text) { return platform_choice::like(platform::parse(text).value()); }
platform_choice like_containers_image(std::string_view text) { return like(text).with_rules(platform_rules::containers_image); }

using names = std::vector<std::string>;

} // namespace

TEST_CASE("of equal entries the one with zstd layers, by the rules of containers/image", "[spec-7.1][row-2]") {
    names const both{"linux/s390x+zstd", "linux/amd64", "linux/amd64+zstd", "linux/amd64+zstd"};
    CHECK(take(like_containers_image("linux/amd64"), both) == 2);
    CHECK(take(like_containers_image("linux/amd64").with_compression(compression::gzip), both) == 1);
    CHECK(take(like_containers_image("linux/amd64").with_compression(compression::first_listed), both) == 1);
    CHECK(take(like_containers_image("linux/amd64"), {"linux/amd64+zstd", "linux/amd64"}) == 0);
    CHECK(take(like_containers_image("linux/amd64").with_compression(compression::gzip), {"linux/amd64+zstd", "linux/amd64"}) == 1);
    SECTION("one alone is taken whatever it is") {
        CHECK(take(like_containers_image("linux/amd64"), {"linux/amd64"}) == 0);
        CHECK(take(like_containers_image("linux/amd64").with_compression(compression::gzip), {"linux/amd64+zstd"}) == 0);
    }
    SECTION("the platform goes before the compression") {
        names const arms{"linux/arm/v5+zstd", "linux/arm/v6+zstd", "linux/arm/v7"};
        CHECK(take(like_containers_image("linux/arm/v7"), arms) == 2);
        CHECK(take(like_containers_image("linux/arm/v6"), arms) == 1);
        CHECK(take(like_containers_image("linux/arm/v6").with_compression(compression::gzip), arms) == 1);
        CHECK(take(like_containers_image("linux/amd64"), {"-+zstd", "linux/amd64"}) == 1);
    }
    SECTION("entries without platform are equal among themselves") {
        CHECK(take(like_containers_image("linux/amd64"), {"-", "-+zstd"}) == 1);
        CHECK(take(like_containers_image("linux/amd64").with_compression(compression::gzip), {"-+zstd", "-"}) == 1);
    }
    SECTION("only the value true says so") {
        for (auto const* value : {"TRUE", "1", "", "false", "true "})
            CHECK(take(like_containers_image("linux/amd64"), {"linux/amd64", "linux/amd64+" + std::string(value)}) == 0);
    }
}

TEST_CASE("by the other rules the first one listed, unless told", "[spec-7.1][row-2]") {
    for (auto rules : {platform_rules::containerd, platform_rules::docker_20_10})
        for (auto const* entry : {"linux/amd64", "linux/x86_64", "linux/amd64/v1"}) { // equal in normal form
            INFO(entry);
            auto choice = like("linux/amd64").with_rules(rules);
            CHECK(take(choice, {"linux/amd64", std::string(entry) + "+zstd"}) == 0);
            CHECK(take(choice, {std::string(entry) + "+zstd", "linux/amd64"}) == 0);
            CHECK(take(choice.with_compression(compression::zstd), {"linux/amd64", std::string(entry) + "+zstd"}) == 1);
            CHECK(take(choice.with_compression(compression::gzip), {std::string(entry) + "+zstd", "linux/amd64"}) == 1);
        }
    CHECK(take(platform_choice::exact({"linux", "amd64"}).with_compression(compression::zstd), {"linux/amd64", "linux/amd64+zstd"}) == 1);
    CHECK(take(platform_choice::any(), {"linux/amd64", "linux/amd64+zstd"}) == 0);
    CHECK(take(platform_choice::any().with_compression(compression::zstd), {"linux/amd64", "linux/s390x+zstd"}) == 1);
}

TEST_CASE("an image that Docker 20.10 would take", "[spec-7.1][row-7]") {
    CHECK(take(like("linux/arm/v5").with_rules(platform_rules::docker_20_10), {"linux/amd64", "linux/arm/v7"}) == 1);
    CHECK(take(like("linux/arm/v5"), {"linux/amd64", "linux/arm/v7"}) == -1);
}

TEST_CASE("a choice in words, and what is available in the order of the index") {
    CHECK(like("linux/arm/v7").str() == "linux/arm/v7");
    CHECK(like_containers_image("linux/arm/v7").str() == "linux/arm/v7 by the rules of containers/image");
    CHECK(platform_choice::exact({"linux", "arm"}).with_rules(platform_rules::docker_20_10).str() == "exactly linux/arm by the rules of Docker 20.10");
    CHECK(platform_choice::host().str() == "host (" + host_platform().str() + ")");
    CHECK(platform_choice::any().with_rules(platform_rules::docker_20_10).str() == "any");
    auto const none = like_containers_image("linux/riscv64").choose(offer({"linux/amd64", "linux/s390x+zstd", "unknown/unknown"}));
    REQUIRE(!none);
    CHECK(none.error().detail().available == names{"linux/amd64", "linux/s390x"});
    CHECK(none.error().detail().expected == "linux/riscv64 by the rules of containers/image");
}

} // namespace platform_choice_test
