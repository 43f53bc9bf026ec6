// SPDX-License-Identifier: BSL-1.0
#include "../../support/scratch_folder.hpp"
#include "catch.hpp"

#include <lading/store/file_sink.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>

namespace file_sink_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

using folder = test::scratch_folder;

void put(std::string const& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }
auto bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
errc kind_of(auto const& r) { return r ? errc::ok : r.error().kind(); }

/// What a sink holds, and says that it holds.
std::string resumed(blob_sink& s, std::int64_t size) {
    std::string out;
    auto const n = s.resume(size, [&](std::span<std::byte const> p) { out.append(reinterpret_cast<char const*>(p.data()), p.size()); return true; });
    REQUIRE(n);
    CHECK(n.assume_value() == out.size());
    return out;
}
errc resume_fails(blob_sink& s, std::int64_t size) {
    return kind_of(s.resume(size, [](auto) { return true; }));
}

struct umask_of {
    explicit umask_of(::mode_t m) : before(::umask(m)) {}
    ~umask_of() { ::umask(before); }
    ::mode_t before;
};

std::string const big(200'000, 'B');

} // namespace

TEST_CASE("the part lies beside the file, and is the owner's only", "[store][PD26][PD33][PD36]") {
    umask_of const mask(027);
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    for (auto d : {durability::none, durability::file, durability::full}) {
        file_sink s(path, file_options().with_durability(d));
        CHECK(resumed(s, 200'000).empty());
        REQUIRE(s.begin());
        REQUIRE(s.write(bytes_of(big)));
        CHECK(fs::status(part).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
        CHECK((test::file_text(part) == big));
        CHECK_FALSE(fs::exists(path));
        REQUIRE(s.commit());
        CHECK((test::file_text(path) == big));
        CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
        CHECK(f.count() == 1);
        fs::remove(path);
    }
    file_sink s(path); // unless it is verified there is nothing
    REQUIRE(s.begin());
    REQUIRE(s.write(bytes_of(big)));
    s.discard();
    CHECK(f.count() == 0);
}

TEST_CASE("the reading of what a transfer has left is stopped by who hashes it, and nothing is lost", "[store][PD27][PD49]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    put(part, big);
    std::size_t pieces = 0;
    {
        file_sink s(path);
        CHECK(kind_of(s.resume(static_cast<std::int64_t>(big.size()) + 1, [&](auto) { return ++pieces, false; })) == errc::cancelled);
        s.suspend();
    }
    CHECK(pieces == 1);
    CHECK((test::file_text(part) == big));
    fs::rename(part, path); // the same of the file itself
    file_sink s(path);
    CHECK(kind_of(s.resume(static_cast<std::int64_t>(big.size()), [&](auto) { return ++pieces, false; })) == errc::cancelled);
    CHECK(pieces == 2);
    s.suspend();
    CHECK((test::file_text(path) == big));
}

TEST_CASE("what a transfer has left is read again, and gone on with", "[store][PD27][PD30][PD35]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    auto const interrupted = [&](file_options o, std::size_t n) {
        file_sink s(path, o);
        REQUIRE(resumed(s, 200'000).empty());
        REQUIRE(s.begin());
        REQUIRE(s.write(bytes_of(big).first(n)));
        s.suspend();
    };
    interrupted({}, 100'000);
    CHECK(test::file_text(part).size() == 100'000);
    {
        file_sink s(path);
        CHECK(resumed(s, 200'000).size() == 100'000);
        REQUIRE(s.write(bytes_of(big).subspan(100'000)));
        REQUIRE(s.commit());
        CHECK((test::file_text(path) == big));
        CHECK(f.count() == 1);
    }
    fs::remove(path);
    interrupted({}, 1000); // too little to be worth it
    CHECK(f.count() == 0);
    interrupted(file_options().with_resume(false), 100'000);
    CHECK(f.count() == 0);
    put(part, big.substr(0, 100'000));
    {
        file_sink s(path, file_options().with_resume(false));
        CHECK(resumed(s, 200'000).empty());
    }
    put(part, big.substr(0, 100'000)); // as a killed program leaves it
    {
        file_sink s(path);
        CHECK(resumed(s, 200'000).size() == 100'000);
        REQUIRE(s.begin()); // it was wrong
        REQUIRE(s.write(bytes_of("new")));
        CHECK(test::file_text(part) == "new");
        s.discard();
    }
    put(part, big);
    {
        file_sink unsized(path); // nobody knows how much there should be
        CHECK((resumed(unsized, -1) == big));
    }
    fs::resize_file(part, 1u << 30); // but this was never written
    file_sink unsized(path);
    CHECK(resumed(unsized, -1).empty());
    unsized.discard();
    CHECK(f.count() == 0);
}

TEST_CASE("a part that is longer than the blob is emptied", "[store][PD28][PD67]") {
    folder f;
    auto const part = f.str("blob.part");
    put(part, big);
    {
        file_sink s(f.str("blob"));
        CHECK(resumed(s, 199'999).empty());
        CHECK(fs::file_size(part) == 0);
    }
    std::error_code ec;
    for (std::uintmax_t n : {std::uintmax_t{1} << 62, std::uintmax_t{1} << 43}) { // some file systems end before
        fs::resize_file(part, n, ec);
        if (!ec) break;
    }
    REQUIRE(fs::file_size(part) > std::uintmax_t{1} << 40);
    file_sink s(f.str("blob"));
    CHECK(resumed(s, 1000).empty());
    CHECK(fs::file_size(part) == 0);
}

TEST_CASE("what somebody has put in the place of the part is not touched", "[store][PD32][PD66]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part"), victim = f.str("victim");
    put(victim, "precious");
    SECTION("a link") { fs::create_symlink(victim, part); }
    SECTION("a link that leads nowhere") { fs::create_symlink(f.str("nowhere"), part); }
    SECTION("a second name") { fs::create_hard_link(victim, part); }
    SECTION("a pipe") { REQUIRE(::mkfifo(part.c_str(), 0666) == 0); }
    SECTION("a folder") { fs::create_directory(part); }
    SECTION("a link to a device") { fs::create_symlink("/dev/null", part); }
    SECTION("another user's file") {
        if (::geteuid() != 0) return;
        put(part, "precious");
        REQUIRE(::chown(part.c_str(), 12345, 12345) == 0);
    }
    auto const before = f.count();
    file_sink s(path);
    CHECK(resume_fails(s, 200'000) == errc::path_refused);
    CHECK(kind_of(s.begin()) == errc::path_refused);
    s.suspend();
    s.discard();
    CHECK(test::file_text(victim) == "precious");
    CHECK(f.count() == before);
}

TEST_CASE("two sinks never write one file", "[store][PD34]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    file_sink first(path), second(path);
    REQUIRE(first.begin());
    CHECK(resume_fails(second, 200'000) == errc::part_in_use);
    CHECK(kind_of(second.begin()) == errc::part_in_use);
    second.discard(); // what it does not have it does not remove
    REQUIRE(first.write(bytes_of(big)));
    SECTION("who comes after has the file") {
        REQUIRE(first.commit());
        CHECK((resumed(second, 200'000) == big));
        REQUIRE(second.commit());
        CHECK((test::file_text(path) == big));
        CHECK(f.count() == 1);
    }
    SECTION("a part that has got its name while one waited for its lock is no part any more") {
        detail::file_handle const late(::open(part.c_str(), O_RDWR));
        REQUIRE(first.commit());
        REQUIRE(second.begin());
        REQUIRE(second.write(bytes_of("other")));
        CHECK((test::file_text(path) == big));
        second.discard();
    }
    SECTION("nor is one that was removed") {
        first.discard();
        REQUIRE(second.begin());
        REQUIRE(second.write(bytes_of(big)));
        REQUIRE(second.commit());
    }
}

TEST_CASE("a file that has the name already", "[store][PD37]") {
    folder f;
    auto const path = f.str("blob"), other = f.str("other");
    put(path, big);
    SECTION("and the size is read, and stays if it is the blob") {
        for (bool const keep : {false, true}) {
            auto const before = fs::last_write_time(path);
            file_sink s(path, file_options().with_no_clobber(keep));
            CHECK((resumed(s, 200'000) == big));
            REQUIRE(s.commit());
            CHECK(fs::last_write_time(path) == before);
            CHECK(f.count() == 1);
        }
    }
    SECTION("and is another one is replaced") {
        file_sink s(path);
        CHECK((resumed(s, 200'000) == big));
        REQUIRE(s.begin());
        REQUIRE(s.write(bytes_of("new")));
        CHECK((test::file_text(path) == big));
        REQUIRE(s.commit());
        CHECK(test::file_text(path) == "new");
    }
    SECTION("or left") {
        file_sink s(path, file_options().with_no_clobber());
        CHECK(resume_fails(s, 3) == errc::file_exists);
        CHECK((resumed(s, 200'000) == big));
        CHECK(kind_of(s.begin()) == errc::file_exists);
        s.discard();
        CHECK((test::file_text(path) == big));
        fs::remove(path);
        REQUIRE(s.begin());
        put(path, "somebody was faster");
        CHECK(kind_of(s.commit()) == errc::file_exists);
        CHECK(test::file_text(path) == "somebody was faster");
        CHECK(f.count() == 1);
    }
    SECTION("a link or a folder is neither followed nor replaced") {
        fs::rename(path, other);
        auto const make = [&](int what) { what ? fs::create_symlink(other, path) : (void)fs::create_directory(path); };
        for (int what : {0, 1}) {
            make(what);
            file_sink s(path);
            CHECK(resume_fails(s, 200'000) == errc::path_refused);
            CHECK(kind_of(s.begin()) == errc::path_refused);
            s.discard();
            fs::remove(path);
            REQUIRE(s.begin());
            make(what); // meanwhile
            CHECK(kind_of(s.commit()) == errc::path_refused);
            fs::remove(path);
        }
        CHECK((test::file_text(other) == big));
        CHECK(f.count() == 1);
    }
}

TEST_CASE("a part outlives what has its name", "[store][PD31][PD37]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    put(part, big.substr(0, 100'000));
    SECTION("a folder") {
        fs::create_directory(path);
        for (bool const from_start : {false, true}) {
            file_sink s(path);
            CHECK((from_start ? kind_of(s.begin()) : resume_fails(s, 200'000)) == errc::path_refused);
            s.suspend();
        }
    }
    SECTION("another file, which is to stay") {
        put(path, "mine");
        file_sink s(path, file_options().with_no_clobber());
        CHECK(resume_fails(s, 200'000) == errc::file_exists);
        s.suspend();
    }
    SECTION("but not the blob itself") {
        put(path, big);
        file_sink s(path);
        CHECK((resumed(s, 200'000) == big));
        REQUIRE(s.commit());
        CHECK(f.count() == 1);
        return;
    }
    CHECK((test::file_text(part) == big.substr(0, 100'000)));
}

TEST_CASE("a disk without room says so, and what was written stays", "[store][PD31]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const at_most = [&](rlim_t n) {
        struct rlimit less = before;
        less.rlim_cur = n;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &less) == 0);
    };
    at_most(100'000);
    {
        file_sink s(path);
        REQUIRE(resumed(s, 200'000).empty());
        REQUIRE(s.begin());
        auto const r = s.write(bytes_of(big));
        CHECK(kind_of(r) == errc::disk_full);
        CHECK(r.error().detail().context.find(part) == 0);
        CHECK(r.error().detail().expected == "room for 100000 bytes more");
        s.suspend();
    }
    CHECK(fs::file_size(part) == 100'000);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    file_sink s(path);
    CHECK(resumed(s, 200'000).size() == 100'000);
    REQUIRE(s.write(bytes_of(big).subspan(100'000)));
    REQUIRE(s.commit());
    CHECK((test::file_text(path) == big));
    CHECK(fs::exists(path));
}

TEST_CASE("more than the disk has is not asked of it", "[store][PD71]") {
    folder f;
    file_sink s(f.str("blob"));
    auto const r = s.resume(std::int64_t{1} << 62, [](auto) { return true; });
    CHECK(kind_of(r) == errc::disk_full);
    CHECK(r.error().detail().expected == "room for 4611686018427387904 bytes more");
    CHECK(f.count() == 0);
    CHECK(resumed(s, 3 << 20).empty()); // what is reserved makes the part no longer
    CHECK(fs::file_size(f.str("blob.part")) == 0);
    s.discard();
}

TEST_CASE("a folder that is not there is no place for a file") {
    file_sink s("/nonexistent/x");
    CHECK(resume_fails(s, 3) == errc::sink_failed);
    CHECK(kind_of(s.begin()) == errc::sink_failed);
}

} // namespace file_sink_test
