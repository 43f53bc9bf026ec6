// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"

#include <lading/store/image_files.hpp>
#include <lading/store/tar_index.hpp>
#include <lading/store/tar_writer.hpp>

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tar_index_test {

using namespace lading;

namespace {

/// Bytes as a file, without a folder.
detail::regular_file file_of(std::string_view bytes, std::uint64_t hole = 0) {
    detail::file_handle made(::memfd_create("tar", 0));
    REQUIRE(::write(made.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    if (hole) REQUIRE(::ftruncate(made.get(), static_cast<off_t>(bytes.size() + hole)) == 0);
    return std::move(*detail::regular_file::from(std::move(made)));
}
/// A member, its header changed and sealed.
template <class F>
std::string member(std::string_view name, std::string_view bytes, F&& change) {
    auto out = detail::tar_header({name, bytes.size()});
    auto const at = out.size() - 512;
    change(out.data() + at);
    std::memset(out.data() + at + 148, ' ', 8);
    unsigned sum = 0;
    for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(out[at + i]);
    std::snprintf(out.data() + at + 148, 8, "%06o", sum);
    return out.append(bytes).append(detail::tar_padding(bytes.size()), '\0');
}
std::string member(std::string_view name, std::string_view bytes = "x") {
    return member(name, bytes, [](char*) {});
}
std::string link(std::string_view name, std::string_view to, char type = '2') {
    return member(name, "", [&](char* head) { head[156] = type, std::memcpy(head + 157, to.data(), to.size()); });
}
std::string of_type(char type, std::string_view bytes = "", std::string_view name = "odd") {
    return member(name, bytes, [&](char* head) { head[156] = type; });
}
std::string const end(1024, '\0');

/// "" or the name of the code.
std::string said(std::string_view bytes) {
    auto const index = detail::tar_index::of(file_of(bytes));
    if (index) return {};
    CHECK_FALSE(index.error().detail().context.empty());
    return std::string(name_of(index.error().kind()));
}

} // namespace

TEST_CASE("tar_index: names are relative, portable and there once", "[store][AR05][AR32][HX06]") {
    CHECK(said(member("index.json") + member("index.json") + end) == "archive_invalid");
    CHECK(said(member("./index.json") + member("index.json") + end) == "archive_invalid");
    CHECK(said(member("a/./x") + member("a/x") + end) == "archive_invalid");
    CHECK(said(member("blobs//sha256/x") + end) == "archive_invalid");
    for (std::string const name : {"../x", "a/../x", "a/..", "/etc/passwd", "a\\b", "C:/x", "c:x", "..", "."}) {
        INFO(name);
        CHECK(said(member(name) + end) == "archive_invalid");
        CHECK(said(member("first") + member(name) + end) == "archive_invalid");
    }
    CHECK(said(of_type('x', std::string("9 path=\0x\n", 10)) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('x', detail::pax_record("path", std::string(4097, 'n'))) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('x', detail::pax_record("path", std::string(4096, 'n'))) + member("y") + end).empty());
    CHECK(said(of_type('L', std::string(4098, 'n')) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('5', "", "../up/") + end) == "archive_invalid");
    CHECK(said(of_type('5', "", "./") + of_type('5', "", "./a/") + of_type('5', "", "a/") + member("./sha256:abc") + member("...") + end).empty());
    auto const dotted = detail::tar_index::of(file_of(of_type('5', "", "./") + member("./blobs/./x", "abc") + end));
    REQUIRE(dotted);
    CHECK(dotted.value().find("blobs/x")->size == 3);
    CHECK_FALSE(dotted.value().find("./blobs/x"));
}

TEST_CASE("tar_index: a link leads one step to a member, and a layout has none", "[store][AR05][AR25][AR31]") {
    auto const file = member("layer", "abc") + link("a/soft", "../layer") + link("hard", "layer", '1') + link("twice", "a/soft") + link("gone", "nothing") + end;
    auto const index = detail::tar_index::of(file_of(file));
    REQUIRE(index);
    CHECK(index.value().find("a/soft")->size == 3);
    CHECK(index.value().find("hard")->size == 3);
    CHECK_FALSE(index.value().find("twice"));
    CHECK_FALSE(index.value().find("gone"));
    for (auto const to : {"/etc/passwd", "../../x", ".."}) CHECK(said(member("x") + link("a/l", to) + end) == "archive_invalid");
    CHECK(said(member("x") + link("l", "../x", '1') + end) == "archive_invalid");
    CHECK(said(member("index.json") + link("l", "index.json") + end) == "archive_invalid");
    CHECK(said(member("oci-layout") + link("l", "oci-layout", '1') + end) == "archive_invalid");
    for (char const type : {'3', '4', '6', 'S', 'M', 'D', 'N', 'A', 'q'}) CHECK(said(member("x") + of_type(type) + end) == "archive_invalid");
    CHECK(said(of_type('V') + member("x") + of_type('7', "y", "y") + end).empty());
}

TEST_CASE("tar_index: sizes that two readers would take for two are refused", "[store][HX06][HX10]") {
    CHECK(said(of_type('5', "x", "a/") + end) == "archive_invalid");
    CHECK(said(member("x") + member("l", "y", [](char* head) { head[156] = '2', head[157] = 'x'; }) + end) == "archive_invalid");
    auto const with_size = [](std::string_view digits) {
        return member("x", "", [&](char* head) { std::memcpy(head + 124, digits.data(), digits.size()); });
    };
    for (std::string_view const digits : {"0000 000001", "00000000008", "0000000000x", "-0000000001"}) CHECK(said(member("y") + with_size(digits) + end) == "archive_invalid");
    for (std::string_view const eight_eib : {std::string_view("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12), std::string_view("\x80\0\0\0\0\x80\0\0\0\0\0\0", 12),
                                             std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12), std::string_view("77777777777\0", 12)})
        CHECK(said(member("y") + with_size(eight_eib) + end) == "archive_invalid");
    CHECK(said(of_type('x', detail::pax_record("size", "9223372036854775807")) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('x', detail::pax_record("size", "")) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('x', detail::pax_record("GNU.sparse.major", "1")) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('g', detail::pax_record("path", "all")) + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('g', detail::pax_record("comment", "git")) + member("y") + end).empty());
    // A PAX size is that of the member, not of the long name between.
    auto const index = detail::tar_index::of(file_of(of_type('x', detail::pax_record("size", "3")) + of_type('L', std::string("name\0", 5)) +
                                                     member("y", "", [](char*) {}) + "abc" + std::string(509, '\0') + end));
    REQUIRE(index);
    CHECK(index.value().find("name")->size == 3);
}

TEST_CASE("tar_index: reading ends with the two blocks of zeros", "[store][HX10]") {
    CHECK(said(member("x") + end + "garbage").empty());
    CHECK(said(member("x") + end + member("x")).empty()); // would be the second of its name
    CHECK(said(member("x") + std::string(512, '\0')).empty());
    CHECK(said(member("x")).empty());
    CHECK(said(member("x") + std::string(512, '\0') + member("y") + end) == "archive_invalid");
    CHECK(said(of_type('L', std::string("name\0", 5)) + end) == "archive_invalid"); // a name of nothing
    CHECK(said(end) == "layout_invalid");
    auto const sparse = detail::tar_index::of(file_of(member("x") + end, std::uint64_t{1} << 40)); // a terabyte of nothing behind it
    CHECK(sparse);
}

TEST_CASE("tar_index: headers are bounded", "[store][AR05][HX10]") {
    auto const filled = [](std::size_t n) { return of_type('x', detail::pax_record("comment", std::string(n, 'c'))); };
    CHECK(said(filled((1u << 20) - 100) + member("x") + end).empty());
    CHECK(said(filled(1u << 20) + member("x") + end) == "archive_invalid");
    std::string run;
    for (int i = 0; i < 5; ++i) run += filled((1u << 20) - 1000);
    CHECK(said(run + member("x") + end) == "archive_invalid");
    std::string many;
    for (int i = 0; i <= 100'000; ++i) many += detail::tar_header({std::to_string(i)});
    CHECK(said(many + end) == "archive_invalid");
}

TEST_CASE("tar_index: cut anywhere and with any byte of a header changed it ends in an index or a typed error", "[store][HX07]") {
    auto const whole = member("oci-layout", "{}") + of_type('x', detail::pax_record("path", "index.json")) + member("y", std::string(600, 'i')) +
                       of_type('L', std::string("blobs/sha256/a\0", 15)) + member("z", "blob") + end;
    auto const all = [](std::string_view bytes) {
        auto const index = detail::tar_index::of(file_of(bytes));
        if (!index) {
            CHECK((index.error() == errc::archive_invalid || index.error() == errc::layout_invalid));
            return false;
        }
        for (auto const name : {"oci-layout", "index.json", "blobs/sha256/a"})
            if (auto const* const m = index.value().find(name)) CHECK(m->from + m->size <= bytes.size());
            else return false;
        return true;
    };
    REQUIRE(all(whole));
    auto const needed = whole.size() - 1024 - 508;
    for (std::size_t n = 0; n < whole.size(); ++n) {
        INFO(n);
        CHECK((all(whole.substr(0, n)) == (n >= needed && !(n > whole.size() - 1024 && n < whole.size() - 512))));
    }
    for (std::size_t at = 0; at < 512; ++at)
        for (unsigned const bit : {0x01u, 0x80u}) {
            auto changed = whole;
            changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bit);
            CHECK_FALSE(all(changed)); // every byte of a header counts for its checksum, but for two behind it
        }
}

} // namespace tar_index_test
