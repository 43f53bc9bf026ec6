// SPDX-License-Identifier: BSL-1.0
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"

#include <lading/bulk/copy.hpp>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

namespace copy_test {

using namespace lading;
using test::config_of;
using test::entry_for;
using test::image_of;
using test::index_of;
using test::journal_store;
using test::json_of;
using test::layer_of;
using test::made;

struct world {
    made small = layer_of("small"), large = layer_of(std::string(5000, 'x')), middle = layer_of(std::string(700, 'm'));
    made config_a = config_of(R"({"os":"linux"})"), config_b = config_of(R"({"os":"linux" })");
    made image_a = image_of(config_a, {small, large}), image_b = image_of(config_b, {small, middle});
    made index = index_of({entry_for(image_a, "linux", "amd64"), entry_for(image_b, "linux", "arm64")});
    journal_store from, to;

    world() {
        from.put_all(small, large, middle, config_a, config_b, image_a, image_b, index);
        from.name("image", image_a);
        from.name("index", index);
    }
    bool holds(made const& m) { return to.inside().has(m.self).value(); }
};

TEST_CASE("copy: an image comes whole, its name last", "[copy]") {
    world w;
    auto const done = copy(w.from, "image", w.to, "v1", copy_options().with_lanes(1));
    REQUIRE(done);
    CHECK(done.value().top.digest == w.image_a.self.digest);
    CHECK(done.value().fetched.contents == 4);
    CHECK(done.value().fetched.bytes == w.small.bytes.size() + w.large.bytes.size() + w.config_a.bytes.size() + w.image_a.bytes.size());
    CHECK(w.to.inside().resolve("v1").value().digest == w.image_a.self.digest);
    for (auto const* m : {&w.small, &w.large, &w.config_a, &w.image_a}) CHECK(w.holds(*m));
    CHECK_FALSE(w.holds(w.middle));
    auto const journal = w.to.journal();
    REQUIRE(journal.size() >= 3);
    CHECK(journal[journal.size() - 3].first == "put");
    CHECK(journal[journal.size() - 2].first == "tag");
    CHECK(journal.back().first == "complete");
}

TEST_CASE("copy: the config first, then layers from the largest", "[copy][PD44]") {
    world w;
    REQUIRE(copy(w.from, "index", w.to, "v1", copy_options().with_lanes(1)));
    CHECK(w.from.of("read") == std::vector<std::string>{w.config_b.self.digest.str(), w.config_a.self.digest.str(), w.large.self.digest.str(),
                                                        w.middle.self.digest.str(), w.small.self.digest.str()});
    auto const put = w.to.of("put");
    REQUIRE(put.size() == 3);
    CHECK(put.back() == w.index.self.digest.str());
}

} // namespace copy_test
