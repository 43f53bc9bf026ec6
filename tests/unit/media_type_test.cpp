// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/media_type.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace media_type_test {

using namespace lading;

namespace {
std::string essence(std::string_view text) {
    auto const r = media_type::parse(text);
    if (r) return std::string(r.value().essence());
    return std::string(name_of(r.error().kind()));
}
} // namespace

TEST_CASE("media types that are read", "[D12]") {
    struct row {
        std::string in, out;
    };
    for (auto const& [in, out] : std::vector<row>{
             {"application/vnd.oci.image.manifest.v1+json; charset=utf-8",
              std::string(media_types::oci_manifest)},
             {"APPLICATION/Vnd.OCI.image.manifest.V1+JSON", std::string(media_types::oci_manifest)},
             {"a/b", "a/b"},
             {" \ta/b\t ", "a/b"},
             {"a/b;", "a/b"},
             {"a/b;;c=d", "a/b"},
             {"a/b ;\tc=d ; e=f", "a/b"},
             {R"(a/b;c="x;y, \"z\"")", "a/b"},
             {R"(a/b;c="")", "a/b"},
             {"!#$%&'*+-.^_`|~/x", "!#$%&'*+-.^_`|~/x"},
         }) {
        INFO(in);
        CHECK(essence(in) == out);
        CHECK(essence(essence(in)) == essence(in));
    }
}

TEST_CASE("media types that are refused", "[D12]") {
    using namespace std::string_literals;
    std::string const kib = "a/b; c=" + std::string(1024 - 7, 'd');
    REQUIRE(kib.size() == 1024);
    for (auto const& in : std::vector<std::string>{"",
                                                   " ",
                                                   "a",
                                                   "/",
                                                   "a/",
                                                   "/b",
                                                   "a/b/c",
                                                   "a /b",
                                                   "a/ b",
                                                   "a/b, c/d",
                                                   "a/b,c/d",
                                                   "a/b c",
                                                   "a/b;c",
                                                   "a/b;c=",
                                                   "a/b;=d",
                                                   "a/b;c =d",
                                                   "a/b;c= d",
                                                   "a/b;c=d e",
                                                   "a/b;c=\"",
                                                   "a/b;c=\"\\",
                                                   "a/b;c=\"x\ny\"",
                                                   "a/b;c=\"x\"y",
                                                   "a/b\0"s,
                                                   "\0a/b"s,
                                                   "a\0/b"s,
                                                   "a/b;c=\0"s,
                                                   "a/b\r\n",
                                                   "a/b;c=\x7f",
                                                   "\xc3\xa9/b",
                                                   "a(b)/c",
                                                   kib,
                                                   "application/" + std::string(1 << 20, 'x')}) {
        INFO(in.substr(0, 40));
        CHECK(essence(in) == "media_type_invalid");
        auto const said = media_type::parse(in).error().message();
        CHECK(said.size() < 400);
        CHECK(std::all_of(said.begin(), said.end(), [](char c) { return c >= ' ' && c < 0x7f; }));
    }
    CHECK(essence(kib.substr(0, 1023)) == "a/b");
    CHECK(essence("a/" + std::string(253, 'b')) == "a/" + std::string(253, 'b'));
    CHECK(essence("a/" + std::string(254, 'b')) == "media_type_invalid");
}

TEST_CASE("media types are literal and ordered") {
    using namespace lading::literals;
    constexpr auto json = "Application/JSON; charset=utf-8"_media_type;
    static_assert(json.essence() == "application/json");
    static_assert(json == "application/json"_media_type);
    static_assert("a/b"_media_type < "a/c"_media_type);

    auto kept = media_type::parse("a/b").value();
    CHECK_FALSE(kept.assign("nonsense"));
    CHECK(kept.essence() == "a/b");
}

TEST_CASE("the known media types are in normal form and differ") {
    std::vector<std::string_view> const all{media_types::oci_manifest,
                                            media_types::oci_index,
                                            media_types::oci_config,
                                            media_types::oci_empty,
                                            media_types::oci_layer,
                                            media_types::oci_layer_gzip,
                                            media_types::oci_layer_zstd,
                                            media_types::docker_manifest,
                                            media_types::docker_list,
                                            media_types::docker_schema1,
                                            media_types::docker_schema1_signed,
                                            media_types::docker_config,
                                            media_types::docker_layer,
                                            media_types::docker_layer_tar,
                                            media_types::docker_layer_foreign};
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(essence(all[i]) == all[i]);
        for (std::size_t j = 0; j < i; ++j) CHECK(all[i] != all[j]);
    }
}

} // namespace media_type_test
