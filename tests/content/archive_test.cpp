// SPDX-License-Identifier: BSL-1.0
// Images copied into archives, as programs do it.
#include "support/catch.hpp"
#include "support/layout_files.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/store/docker_archive.hpp>
#include <lading/store/image_folder.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_archive.hpp>

#include <string>
#include <vector>

namespace archive_test {

using namespace lading;
using namespace layout_files;

namespace {

void fill(memory_store& store, std::vector<image> const& images) {
    for (auto const& i : images) REQUIRE(put_image(store, i, i.layer.substr(9)));
}

} // namespace

TEST_CASE("several images are copied into one archive, which is completed once", "[store][AR07]") {
    folder f;
    image const a("a"), b("b");
    memory_store from;
    fill(from, {a, b});
    auto const more = copy_options().with_completion(false);
    auto to = oci_archive::create(f.str("x.tar")).value();
    REQUIRE(copy(from, "a", to, "docker.io/library/a:1", more));
    REQUIRE(copy(from, "b", to, "docker.io/library/b:1", more));
    CHECK_FALSE(fs::exists(f.path / "x.tar"));
    REQUIRE(to.complete());
    auto saved = docker_archive::create(f.str("y.tar")).value();
    REQUIRE(copy(to, "docker.io/library/b:1", saved, "b:1", more));
    REQUIRE(copy(to, "docker.io/library/a:1", saved, "a:1"));
    CHECK(saved.names().value() == std::vector<std::string>{"docker.io/library/b:1", "docker.io/library/a:1"});
    CHECK(copy(to, "docker.io/library/a:1", saved, "a:2").error() == errc::archive_exists);
}

TEST_CASE("a copy to and from each form of an image in one place has the digest", "[store][AR01][AR14][AR22][AR40]") {
    folder f;
    image const a("a"), b("b", "arm64");
    memory_store from;
    fill(from, {a, b});
    auto const list = index_of({text_of(a.what(), R"(,"platform":{"architecture":"amd64","os":"linux"})"), text_of(b.what(), R"(,"platform":{"architecture":"arm64","os":"linux"})")});
    REQUIRE(from.put_document(described(list), list));
    REQUIRE(from.tag("all", described(list, media_types::oci_index)));
    for (std::string const name : {"a", "all"}) {
        INFO(name);
        auto const expected = from.resolve(name).value().digest;
        auto archive = oci_archive::create(f.str(name + ".tar")).value();
        REQUIRE(copy(from, name, archive, "v1"));
        auto both = oci_archive::create(f.str(name + "-both.tar"), archive_options().with_form(archive_form::hybrid)).value();
        REQUIRE(copy(archive, "v1", both, "docker.io/library/x:1"));
        auto dir = image_folder::create(f.str(name)).value();
        REQUIRE(copy(both, "x:1", dir, ""));
        memory_store back;
        auto const done = copy(dir, "", back, "back");
        REQUIRE(done);
        CHECK(done.value().top.digest == expected);
        CHECK(back.document(a.what()).value() == a.manifest);
        memory_sink sink(1000);
        CHECK(back.read(described(a.layer), sink));
    }
    // The image of a platform alone.
    auto saved = docker_archive::create(f.str("saved.tar")).value();
    REQUIRE(copy(from, "all", saved, "x:1", copy_options().with_platform(platform("linux", "arm64"))));
    auto const what = saved.resolve("x:1").value();
    CHECK(contents_of(saved.document(what).value(), {}, {}).value().config->digest == described(b.config).digest);
}

TEST_CASE("a copy that is cut leaves nothing under the name, and the next one finishes", "[store][AR37][HX07]") {
    folder f;
    image const a("a");
    memory_store from;
    fill(from, {a});
    for (std::string const form : {"oci", "docker", "dir"}) {
        INFO(form);
        auto const run = [&](auto create, bool whole) -> result<copy_summary> {
            auto to = create(f.str(form));
            if (!to) return to.assume_error();
            return copy(from, "a", to.assume_value(), form == "dir" ? "" : "x:1", copy_options().with_completion(whole)); // killed before it is complete
        };
        auto const both = [&](auto create) {
            REQUIRE(run(create, false));
            CHECK_FALSE(fs::exists(f.path / form));
            auto const next = run(create, true);
            REQUIRE(next);
            CHECK(next.value().fetched.contents == 0); // everything was there
            CHECK(fs::exists(f.path / form));
            CHECK_FALSE(fs::exists(f.path / (form + ".part")));
            CHECK(run(create, true).error() == errc::archive_exists);
        };
        if (form == "oci") both([](std::string const& path) { return oci_archive::create(path); });
        if (form == "docker") both([](std::string const& path) { return docker_archive::create(path); });
        if (form == "dir") both([](std::string const& path) { return image_folder::create(path); });
    }
}

} // namespace archive_test
