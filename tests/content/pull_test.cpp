// SPDX-License-Identifier: BSL-1.0
#include "../support/catch.hpp"
#include "../support/made_images.hpp"

#include <lading/bulk/pull.hpp>
#include <lading/client/client.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/testing/registry.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

namespace pull_test {

using namespace lading;
using test::config_of;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::json_of;
using test::layer_of;
using test::made;

/// A folder that is gone with its test.
struct scratch {
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "lading-pull-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(path); }
    std::string operator/(std::string const& name) const { return path + '/' + name; }
    std::string path;
};

struct origin {
    testing::registry registry;
    made l1 = layer_of("one"), l2 = layer_of(std::string(100'000, '2')), l3 = layer_of("three");
    made c1 = config_of(R"({"os":"linux","architecture":"amd64"})"), c2 = config_of(R"({"os":"linux","architecture":"arm64"})");
    made image = image_of(c1, {l1, l2}), other = image_of(c2, {l1, l3});
    made index = index_of({entry_for(image, "linux", "amd64"), entry_for(other, "linux", "arm64")});
    client calls{client_options().with_plaintext(registry.host())};

    origin() {
        for (auto const* m : {&l1, &l2, &l3, &c1, &c2}) registry.put_blob(m->bytes);
        put(image, "image");
        put(other, "");
        put(index, "index");
    }
    void put(made const& m, std::string_view tag) { registry.put_manifest("x", tag, m.bytes, m.self.media_type); }
    reference named(std::string const& tag) const { return reference::parse(registry.host() + "/x:" + tag).value(); }
    /// "GET manifests", one a request, sorted; and the journal is empty again.
    std::vector<std::string> asked() {
        std::vector<std::string> out;
        for (auto const& q : registry.journal()) {
            auto const kind = q.target.find("/blobs/") != std::string::npos ? " blobs" : q.target.find("/manifests/") != std::string::npos ? " manifests"
                                                                                                                                           : q.target;
            out.push_back(q.method + kind);
        }
        registry.clear_journal();
        std::sort(out.begin(), out.end());
        return out;
    }
};
using words = std::vector<std::string>;
words times(std::size_t manifests, std::size_t blobs) {
    words out(blobs, "GET blobs");
    out.insert(out.end(), manifests, "GET manifests");
    return out;
}

TEST_CASE("pull: an image of two layers to a layout is four requests, and again one HEAD", "[PD43][CP07]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const first = pull(o.calls, o.named("image"), to).value();
    CHECK(first.top.digest == o.image.self.digest);
    CHECK(o.asked() == times(1, 3));
    CHECK(to.resolve("image").value().digest == o.image.self.digest);

    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(o.asked() == words{"HEAD manifests"});
    CHECK(again.fetched.contents == 0);
    CHECK(again.existing.contents == 4);

    auto opened = oci_layout::open(folder / "layout").value();
    pull(o.calls, o.named("image"), opened).value();
    CHECK(o.asked() == words{"HEAD manifests"});
}

TEST_CASE("pull: an index of two images, three layers and two configs is eight requests", "[CP01]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    pull(o.calls, o.named("index"), to).value();
    CHECK(o.asked() == times(3, 5));
    for (auto const* m : {&o.l1, &o.l2, &o.l3, &o.c1, &o.c2, &o.image, &o.other, &o.index}) CHECK(to.has(m->self).value());
    pull(o.calls, o.named("index"), to).value();
    CHECK(o.asked() == words{"HEAD manifests"});
}

TEST_CASE("pull: one platform of an index, and again without a blob", "[CP02]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const options = copy_options().with_platform("linux/arm64"_platform);
    auto const first = pull(o.calls, o.named("index"), to, options).value();
    CHECK(first.named.digest == o.index.self.digest);
    CHECK(first.top.digest == o.other.self.digest);
    CHECK(o.asked() == times(2, 3));
    CHECK(to.resolve("index").value().digest == o.other.self.digest);
    CHECK_FALSE(to.has(o.index.self).value());
    CHECK_FALSE(to.has(o.l2.self).value());
    pull(o.calls, o.named("index"), to, options).value();
    CHECK(o.asked() == times(1, 0));
}

TEST_CASE("pull: by digest, and again nothing", "[CP29]") {
    origin o;
    scratch folder;
    auto to = oci_layout::create(folder / "layout").value();
    auto const ref = reference::parse(o.registry.host() + "/x@" + o.image.self.digest.str()).value();
    pull(o.calls, ref, to).value();
    CHECK(o.asked() == times(1, 3));
    CHECK(to.names().value().empty());
    CHECK(to.resolve("").value().digest == o.image.self.digest);
    pull(o.calls, ref, to).value();
    CHECK(o.asked().empty());
}

TEST_CASE("pull: a tag that was moved brings what it leads to now", "[HX11]") {
    origin o;
    memory_store to;
    pull(o.calls, o.named("image"), to).value();
    o.put(o.other, "image");
    o.asked();
    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(again.top.digest == o.other.self.digest);
    CHECK(to.resolve("image").value().digest == o.other.self.digest);
    CHECK(o.asked() == words{"GET blobs", "GET blobs", "GET manifests", "HEAD manifests"});
}

TEST_CASE("pull: a registry whose HEAD and GET disagree", "[HX11]") {
    origin o;
    memory_store to;
    pull(o.calls, o.named("image"), to).value();
    o.registry.answer("HEAD", "/v2/x/manifests/image", testing::canned(200).with_header("Docker-Content-Digest", o.index.self.digest.str()));
    o.put(o.other, "image");
    auto const again = pull(o.calls, o.named("image"), to).value();
    CHECK(again.top.digest == o.other.self.digest);
    CHECK(to.resolve("image").value().digest == o.other.self.digest);
}

} // namespace pull_test
