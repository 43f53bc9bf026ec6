// SPDX-License-Identifier: BSL-1.0
// The kit of stores, given stores that keep its rules and some that break one.
#include "catch.hpp"
#include "layout_files.hpp"

#include <lading/store/docker_archive.hpp>
#include <lading/store/image_folder.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_archive.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/testing/check_store.hpp>

#include <memory>
#include <string>
#include <vector>

namespace check_store_test {

using namespace lading;
using layout_files::folder;

namespace {

void holds(testing::findings const& all) {
    for (auto const& f : all) UNSCOPED_INFO(f.str());
    CHECK(all.empty());
}
std::vector<std::string> rules(testing::findings const& all) {
    std::vector<std::string> out;
    for (auto const& f : all)
        if (out.empty() || out.back() != f.rule) out.push_back(f.rule);
    return out;
}
/// What the kit says of a store in memory that `S` changes.
template <class S>
std::vector<std::string> said_of() {
    std::unique_ptr<S> store;
    auto const make = [&]() -> S& { return *(store = std::make_unique<S>()); };
    return rules(testing::check_store(make, [&]() -> S& { return *store; }));
}
bool among(std::vector<std::string> const& all, std::string_view rule) { return std::find(all.begin(), all.end(), rule) != all.end(); }

struct forgets : memory_store {
    result<bool> has(descriptor const&, stop_token = {}) { return false; }
};
struct trusting : memory_store {
    result<void> read(descriptor const& what, blob_sink& out, stop_token stop = {}) {
        auto any = what;
        any.size = -1;
        return memory_store::read(any, out, stop);
    }
};
struct piles : memory_store {
    result<std::vector<std::string>> names(stop_token = {}) { return all; }
    result<void> tag(std::string_view name, descriptor const& what) {
        all.emplace_back(name);
        return memory_store::tag(name, what);
    }
    std::vector<std::string> all;
};
struct hasty : memory_store {
    result<std::unique_ptr<blob_sink>> writer(descriptor const& what) {
        if (auto there = put_document(what, std::string(static_cast<std::size_t>(what.size), ' ')); !there) return there.assume_error();
        return memory_store::writer(what);
    }
};

} // namespace

TEST_CASE("check_store: stores of the library keep their rules", "[store][kit]") {
    SECTION("memory") { CHECK(said_of<memory_store>() == std::vector<std::string>{}); }
    SECTION("a layout") {
        folder f;
        int n = 0;
        auto const options = layout_options().with_durability(durability::none);
        holds(testing::check_store([&] { return oci_layout::create(f.str(std::to_string(++n)), options); }, [&] { return oci_layout::open(f.str(std::to_string(n))); }));
    }
    SECTION("a layout with blobs that are shared") {
        folder f;
        int n = 0;
        auto const options = [&] { return layout_options().with_durability(durability::none).with_shared_blobs(f.str("blobs" + std::to_string(n))); };
        auto const make = [&] {
            layout_files::fs::create_directory(f.path / ("blobs" + std::to_string(++n)));
            return oci_layout::create(f.str(std::to_string(n)), options());
        };
        holds(testing::check_store(make, [&] { return oci_layout::open(f.str(std::to_string(n)), options()); }));
    }
    SECTION("an archive") {
        folder f;
        int n = 0;
        holds(testing::check_store([&] { return oci_archive::create(f.str(std::to_string(++n) + ".tar")); }, [&] { return oci_archive::open(f.str(std::to_string(n) + ".tar")); }));
    }
    SECTION("what docker save writes") { // which has no manifests, and calls images by references
        folder f;
        int n = 0;
        CHECK(rules(testing::check_store([&] { return docker_archive::create(f.str(std::to_string(++n) + ".tar")); },
                                         [&] { return docker_archive::open(f.str(std::to_string(n) + ".tar")); })) ==
              std::vector<std::string>{"what was completed is there"});
    }
    SECTION("a folder of one image") { // all but what takes several, or a name
        folder f;
        int n = 0;
        CHECK(rules(testing::check_store([&] { return image_folder::create(f.str(std::to_string(++n))); }, [&] { return image_folder::open(f.str(std::to_string(n))); })) ==
              std::vector<std::string>{"an image is written", "a name leads to its document", "every name is listed", "a document may have several names", "a name that leads there already stays",
                                       "an image is written", "a name that is given again leads to the new document", "a name that is given again leads nowhere else", "a name that is given again is listed once",
                                       "several images, and no name: tag_ambiguous", "an image is written", "a document without a name is found by its digest", "a document without a name adds no name",
                                       "what was completed is there", "what is there is read", "what was completed is there"});
    }
}

TEST_CASE("check_store: a finding says what was expected, and what came", "[store][kit]") {
    std::unique_ptr<piles> store;
    auto const make = [&]() -> piles& { return *(store = std::make_unique<piles>()); };
    std::vector<std::string> said;
    for (auto const& f : testing::check_store(make, [&]() -> piles& { return *store; })) said.push_back(f.str());
    CHECK(among(said, "a name that leads there already stays: expected v1, v2, v3, got v1, v1, v2, v3"));
}

TEST_CASE("check_store: what breaks a rule is told", "[store][kit]") {
    CHECK(among(said_of<forgets>(), "what is committed is there"));
    CHECK(among(said_of<trusting>(), "a blob that has not the size of its descriptor is size_mismatch"));
    CHECK(among(said_of<piles>(), "a name that leads there already stays"));
    CHECK(among(said_of<hasty>(), "a blob under way is not there"));
    CHECK(rules(testing::check_store([] { return result<oci_layout>(error(errc::disk_full)); }, [] { return result<oci_layout>(error(errc::disk_full)); })) == std::vector<std::string>{"is made"});
}

} // namespace check_store_test
