// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/scratch_folder.hpp"

#include <lading/hash/openssl_hash.hpp>
#include <lading/store/file_source.hpp>
#include <lading/store/folder_source.hpp>
#include <lading/unpack/zlib_gzip.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/un.h>

namespace folder_source_test {

using namespace lading;
using test::scratch_folder;

result<std::string> all_of(body_source& from, std::size_t piece = 65'536) {
    LADING_TRY_V(from.begin());
    std::string out;
    std::vector<std::byte> into(piece);
    for (;;) {
        LADING_TRY(auto const n, from.read(into));
        if (n == 0) return out;
        out.append(reinterpret_cast<char const*>(into.data()), n);
    }
}
std::string tar_of(std::string const& path, std::string_view name, folder_options o = {}) {
    auto folder = folder_source::open(path, name, std::move(o)).value();
    return all_of(folder).value();
}
std::string text(char const* field, std::size_t width) { return std::string(field).substr(0, width); }

struct member {
    std::string name, mode, mtime, link;
    std::uint64_t size;
    char type;
};
std::vector<member> members(std::string const& tar) {
    std::vector<member> out;
    for (std::size_t at = 0; at + 1024 < tar.size() + 1 && tar[at] != '\0';) {
        auto const* const h = tar.data() + at;
        member m{text(h, 100), text(h + 100, 7), text(h + 136, 11), text(h + 157, 100), std::stoull(text(h + 124, 11), nullptr, 8), h[156]};
        at += 512 + (m.size + 511) / 512 * 512;
        out.push_back(std::move(m));
    }
    return out;
}

TEST_CASE("folder: the golden archive, byte for byte", "[artifact][AF08]") {
    scratch_folder f;
    f.write("etc/hello", "hello\n");
    auto const tar = tar_of(f / "etc", "etc");
    CHECK(tar.size() == 2560);
    CHECK(digest_of<openssl_hash>(tar).value().hex() == "ad9ed769e9dd2f885fb58c186f1cec7a8fe312ac6c4c59778d8bfa6ba2189113"); // V8
}

TEST_CASE("folder: the order, the modes and the times do not depend on the machine", "[artifact][AF08][MU13]") {
    scratch_folder f, g;
    for (auto const* name : {"d/b", "d/a/x", "d/a-b", "d/a0", "d/\xc3\xa4"}) f.write(name, name);
    for (auto const* name : {"d/\xc3\xa4", "d/a0", "d/a-b", "d/a/x", "d/b"}) g.write(name, name);
    std::filesystem::create_directory(f / "d/empty");
    std::filesystem::create_directory(g / "d/empty");
    for (auto* folder : {&f, &g}) REQUIRE(::chmod((*folder / "d/b").c_str(), folder == &f ? 0700 : 0511) == 0);
    REQUIRE(::chmod((f / "d/a0").c_str(), 0600) == 0);
    REQUIRE(::chmod((g / "d/a0").c_str(), 0664) == 0);
    REQUIRE(::chmod((f / "d").c_str(), 0700) == 0);
    auto const tar = tar_of(f / "d", "p/d");
    CHECK(tar == tar_of(g / "d", "p/d"));
    std::vector<std::string> names;
    for (auto const& m : members(tar)) {
        if (m.type == 'x') continue; // before the name that is not ASCII
        names.push_back(m.name);
        CHECK(m.mtime == "00000000000");
        CHECK(m.mode == (m.type == '5' || m.name == "p/d/b" ? "0000755" : "0000644"));
    }
    CHECK(names == std::vector<std::string>{"p/d/", "p/d/a-b", "p/d/a/", "p/d/a/x", "p/d/a0", "p/d/b", "p/d/empty/", "p/d/\xc3\xa4"});
    CHECK(members(tar_of(f / "d", "d", folder_options().with_time(8)))[1].mtime == "00000000010");
}

TEST_CASE("folder: links stay links, and a file of several names is there once", "[artifact][AF08]") {
    scratch_folder f;
    f.write("d/z", std::string(5000, 'z'));
    std::filesystem::create_hard_link(f / "d/z", f / "d/b");
    std::filesystem::create_symlink("/etc/passwd", f / "d/s");
    std::filesystem::create_symlink("nowhere", f / "d/t");
    auto const all = members(tar_of(f / "d", "d"));
    REQUIRE(all.size() == 5);
    CHECK((all[1].name == "d/b" && all[1].type == '0' && all[1].size == 5000));
    CHECK((all[2].name == "d/s" && all[2].type == '2' && all[2].link == "/etc/passwd"));
    CHECK((all[3].name == "d/t" && all[3].link == "nowhere"));
    CHECK((all[4].name == "d/z" && all[4].type == '1' && all[4].size == 0 && all[4].link == "d/b"));
}

TEST_CASE("folder: what is neither a file nor a folder is refused", "[artifact][AF08]") {
    scratch_folder f;
    auto const why = [&](std::string const& path) {
        auto const r = folder_source::open(path, "d");
        return r ? errc::ok : r.error().kind();
    };
    CHECK(why(f / "nothing") == errc::invalid_argument);
    CHECK(why(f.write("file", "x")) == errc::invalid_argument);
    std::filesystem::create_directory(f / "fifo");
    REQUIRE(::mkfifo((f / "fifo/p").c_str(), 0600) == 0);
    CHECK(why(f / "fifo") == errc::path_refused);
    f.write("bad/\xff", "x");
    CHECK(why(f / "bad") == errc::path_refused);
    f.write("good/x", "x");
    CHECK(why(f / "good") == errc::ok);
}

TEST_CASE("folder: a file that is another one meanwhile is noticed", "[artifact][AF08]") {
    scratch_folder f;
    f.write("d/a", "12345");
    auto folder = folder_source::open(f / "d", "d").value();
    auto const before = all_of(folder).value();
    CHECK(all_of(folder).value() == before);
    CHECK(all_of(folder, 7).value() == before);
    for (auto const* other : {"1234", "123456"}) {
        f.write("d/a", other);
        auto const now = all_of(folder);
        REQUIRE_FALSE(now);
        CHECK(now.error().kind() == errc::source_changed);
    }
    std::filesystem::remove(f / "d/a");
    std::filesystem::create_symlink("/etc/passwd", f / "d/a");
    CHECK_FALSE(all_of(folder));
}

TEST_CASE("folder: compressed, the same each time, without a time or a system", "[artifact][AF08]") {
    scratch_folder f;
    f.write("d/a", std::string(300'000, 'a'));
    f.write("d/b", "b");
    auto folder = folder_source::open(f / "d", "d", folder_options().with_compression(zlib_gzip_writer::model())).value();
    std::string tar;
    auto const packed = all_of(folder.watched_by([&](std::span<std::byte const> p) { tar.append(reinterpret_cast<char const*>(p.data()), p.size()); })).value();
    CHECK(tar == tar_of(f / "d", "d"));
    CHECK(packed.size() < 5000);
    CHECK(packed.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
    CHECK(all_of(folder, 11).value() == packed);
    auto const undo = zlib_gzip::model().make();
    auto in = std::as_bytes(std::span(packed));
    std::string back;
    std::vector<std::byte> room(10'000);
    for (std::size_t n = 0; (n = undo->read(in, room).value()) != 0;) back.append(reinterpret_cast<char const*>(room.data()), n);
    CHECK(undo->complete());
    CHECK(back == tar_of(f / "d", "d"));
}

} // namespace folder_source_test
