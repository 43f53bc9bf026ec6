// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

#include <lading/lading.hpp>
#include <lading/store/directory_cache.hpp>
#include <lading/testing/registry.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <sys/stat.h>

namespace directory_cache_test {

using namespace lading;
namespace fs = std::filesystem;

namespace {

/// A folder of this test's own, gone at the end.
struct folder {
    fs::path path;
    folder() {
        std::string name = (fs::temp_directory_path() / "lading-cache-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~folder() { fs::remove_all(path); }
    std::string cache() const { return (path / "cache").string(); }
    std::vector<fs::path> files() const {
        std::vector<fs::path> out;
        for (auto const& e : fs::recursive_directory_iterator(path))
            if (e.is_regular_file()) out.push_back(e.path());
        return out;
    }
};
digest named(std::string_view bytes) { return digest::parse(test::digest_of(bytes)).value(); }
std::string read(fs::path const& p) {
    std::ostringstream out;
    out << std::ifstream(p, std::ios::binary).rdbuf();
    return out.str();
}

struct policies : default_policies {
    using cache = directory_cache;
};

} // namespace

TEST_CASE("directory_cache: a file is there whole or not at all, and for its owner only") {
    folder f;
    directory_cache kept(f.cache(), 100);
    CHECK_FALSE(kept.find(named("x")));
    CHECK(f.files().empty());
    kept.store(named("x"), "x");
    CHECK(kept.find(named("x")) == "x");
    kept.store(named("x"), "x");
    REQUIRE(f.files().size() == 1);
    CHECK(f.files()[0] == fs::path(f.cache()) / "sha256" / named("x").hex());
    CHECK(fs::status(f.cache()).permissions() == fs::perms::owner_all);
    std::string const large(101, 'x');
    kept.store(named(large), large);
    CHECK_FALSE(kept.find(named(large)));
    kept.drop(named(large));
    kept.drop(named("x"));
    kept.drop(named("x"));
    CHECK(f.files().empty());

    directory_cache nowhere("/proc/no/such");
    nowhere.store(named("x"), "x");
    CHECK_FALSE(nowhere.find(named("x")));
}

TEST_CASE("a pipe or a folder in the place of a cache file is not waited for", "[V06]") {
    folder f;
    directory_cache kept(f.cache());
    kept.store(named("y"), "y"); // makes the folders
    auto const path = fs::path(f.cache()) / "sha256" / named("x").hex();
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK_FALSE(kept.find(named("x")));
    kept.store(named("x"), "x");
    CHECK(kept.find(named("x")) == "x");
    fs::remove(path);
    fs::create_directory(path);
    CHECK_FALSE(kept.find(named("x")));
    kept.store(named("x"), "x");
    CHECK_FALSE(kept.find(named("x")));
    CHECK(f.files().size() == 1); // no part is left
}

TEST_CASE("a cache file that is a link is replaced, not written through", "[V01]") {
    folder f;
    directory_cache kept(f.cache());
    kept.store(named("y"), "y");
    auto const path = fs::path(f.cache()) / "sha256" / named("x").hex();
    std::ofstream(f.path / "victim") << "precious";
    fs::create_symlink(f.path / "victim", path);
    kept.store(named("x"), "x");
    CHECK(read(f.path / "victim") == "precious");
    CHECK(kept.find(named("x")) == "x");
    CHECK(fs::is_regular_file(fs::symlink_status(path)));
}

TEST_CASE("directory_cache: writers and readers of one document at once") {
    folder f;
    std::string const bytes(60'000, 'b');
    std::vector<std::thread> all;
    std::atomic<int> wrong{0};
    for (int i = 0; i < 4; ++i)
        all.emplace_back([&] {
            directory_cache kept(f.cache());
            for (int n = 0; n < 50; ++n) {
                kept.store(named(bytes), bytes);
                if (kept.find(named(bytes)) != bytes) ++wrong;
            }
        });
    for (auto& t : all) t.join();
    CHECK(wrong == 0);
    CHECK(f.files().size() == 1);
}

TEST_CASE("a wrong file is dropped and fetched anew", "[spec-5.8]") {
    folder f;
    testing::registry fake;
    auto const name = fake.add_image("app", "1", image_kind::index);
    auto const by_digest = reference::parse(fake.host() + "/app@" + name).value();
    auto inspect = [&] {
        fake.clear_journal();
        basic_client<policies> registry(client_options().with_plaintext(fake.host()), {}, {}, directory_cache(f.cache()));
        auto const r = registry.inspect(by_digest, inspect_options().with_platform(platform_choice::any()));
        REQUIRE(r.has_value());
        CHECK(r.value().resolved.digest.str() == name);
        return fake.journal().size();
    };
    CHECK(inspect() == 3);
    CHECK(inspect() == 0);
    auto const files = f.files();
    REQUIRE(files.size() == 3);
    for (auto const& path : files) {
        auto const good = read(path);
        for (auto const& poison : {std::string(), good.substr(0, good.size() / 2), std::string(good.size(), ' ')}) {
            std::ofstream(path, std::ios::binary | std::ios::trunc) << poison;
            CHECK(inspect() == 1);
            CHECK(read(path) == good);
            CHECK(inspect() == 0);
        }
    }
}

} // namespace directory_cache_test
