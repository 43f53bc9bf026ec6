// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/store/tar_index.hpp>
#include <lading/store/tar_writer.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace tar_writer_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

using folder = test::scratch_folder;

std::string output_of(std::string const& command) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const pipe(::popen(command.c_str(), "r"), &::pclose);
    std::string out;
    char piece[4096];
    while (auto const n = std::fread(piece, 1, sizeof piece, pipe.get())) out.append(piece, n);
    return out;
}

struct archive {
    std::string bytes;
    detail::tar_writer writer{[this](std::span<std::byte const> piece) -> result<void> {
        bytes.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return success();
    }};
};

} // namespace

TEST_CASE("tar_writer: the bytes are those of the golden archives", "[store][AR02]") {
    archive a;
    REQUIRE(a.writer.add({"etc/", 0, 0755}));
    REQUIRE(a.writer.add({"etc/hello"}, "hello\n"));
    REQUIRE(a.writer.finish());
    CHECK(a.bytes.size() == 2560);
    CHECK(constant_digest_of(a.bytes).hex() == "ad9ed769e9dd2f885fb58c186f1cec7a8fe312ac6c4c59778d8bfa6ba2189113");
    archive empty;
    REQUIRE(empty.writer.finish());
    CHECK(constant_digest_of(empty.bytes).hex() == "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

TEST_CASE("tar_writer: every name and size is read back, by tar and by us", "[store][AR02]") {
    folder f;
    std::vector<std::string> names{"short", std::string(100, 'a'), std::string(101, 'b'), std::string(50, 'c') + '/' + std::string(100, 'd'),
                                   std::string(155, 'e') + '/' + std::string(100, 'f'), std::string(156, 'g') + '/' + std::string(100, 'h'),
                                   std::string(300, 'i'), "x/" + std::string(120, 'j') + "/y", "\xc3\xa4", "blobs/sha256/" + std::string(64, '0'),
                                   "deep/" + std::string(98, 'k') + "/z"};
    archive a;
    std::string listed;
    for (auto const& name : names) {
        REQUIRE(a.writer.add({name, 0, 0444}, "of " + name));
        listed += name + '\n';
    }
    REQUIRE(a.writer.add({std::string(140, 'l') + '/', 0, 0755}));
    listed += std::string(140, 'l') + "/\n";
    REQUIRE(a.writer.add({"link", 0, 0777, 0, "short"}));
    REQUIRE(a.writer.add({"far", 0, 0777, 0, names[6]}));
    listed += "link\nfar\n";
    REQUIRE(a.writer.finish());
    auto const path = f.write("a.tar", a.bytes);
    CHECK(output_of("tar --quoting-style=literal -tf '" + path + "' 2>&1") == listed);
    CHECK(output_of("tar -xOf '" + path + "' " + names[6] + " 2>&1") == "of " + names[6]);
    auto const file = detail::regular_file::open(path.c_str());
    auto const index = detail::tar_index::of(*file);
    REQUIRE(index);
    names.emplace_back("link");
    for (auto const& name : names) {
        auto const* const m = index.value().find(name);
        REQUIRE(m);
        CHECK(a.bytes.substr(m->from, m->size) == "of " + (name == "link" ? names[0] : name));
    }
    CHECK(a.bytes.substr(index.value().find("far")->from, 6) == "of iii");
}

TEST_CASE("tar_writer: a size beyond 8 GiB and a late time are in a PAX header", "[store][AR02]") {
    auto const head = detail::tar_header({"big", std::uint64_t{9} << 30, 0644, std::uint64_t{1} << 34});
    REQUIRE(head.size() == 3 * 512);
    CHECK(head.substr(512, 40).starts_with("21 mtime=17179869184\n19 size=9663676416\n"));
    CHECK(head.substr(1024 + 124, 12) == std::string("00000000000\0", 12));
    CHECK(detail::tar_header({"big", detail::tar_largest}).size() == 512);
    CHECK(detail::tar_header({"big", detail::tar_largest + 1}).size() == 3 * 512);
    CHECK(detail::pax_record("path", std::string(88, 'x')).substr(0, 4) == "97 p"); // the length counts its own digits
    CHECK(detail::pax_record("path", std::string(91, 'x')).substr(0, 4) == "101 ");
    CHECK(detail::pax_record("path", std::string(92, 'x')).substr(0, 4) == "102 ");
}

TEST_CASE("tar_writer: a member has as many bytes as were announced", "[store][AR02]") {
    archive a;
    auto const three = std::as_bytes(std::span("abc", 3));
    REQUIRE(a.writer.add({"x", 4}));
    REQUIRE(a.writer.write(three));
    CHECK(a.writer.write(three).error() == errc::size_mismatch);
    CHECK(a.writer.finish().error() == errc::size_mismatch);
    CHECK(a.writer.add({"y"}).error() == errc::size_mismatch);
    REQUIRE(a.writer.write(three.first(1)));
    CHECK(a.writer.finish());
    CHECK(a.bytes.size() == 4 * 512);
    detail::tar_writer full([](std::span<std::byte const>) -> result<void> { return error(errc::disk_full); });
    CHECK(full.add({"x", 4}).error() == errc::disk_full);
}

} // namespace tar_writer_test
