// SPDX-License-Identifier: BSL-1.0
// Every allocation of a copy to a layout, and of an artifact to a folder, fails in turn: nothing has a name that is not whole, and the next
// run finishes.
#include "../../support/catch.hpp"
#include "../../support/made_images.hpp"
#include "../../support/scratch_folder.hpp"
#include "exhaustion.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/bulk/pull_artifact.hpp>
#include <lading/store/oci_layout.hpp>

#include <openssl/crypto.h>

#include <cstdio>
#include <new>
#include <string>

namespace memory_copy_test {

using namespace lading;
using test::config_of;
using test::image_of;
using test::index_of;
using test::json_of;
using test::layer_of;
using test::made;

struct world {
    made large = layer_of(std::string(300'000, 'x')), small = layer_of("small"), empty = layer_of(""), config = config_of("{ }");
    made named{"application/octet-stream", "a file"};
    made image = image_of(config, {large, small, empty});
    made artifact = image_of(json_of(config.self), {json_of(named.self, R"(,"annotations":{"org.opencontainers.image.title":"dir/file"})")});
    made index = index_of({json_of(image.self)});
    memory_store from;

    world() {
        for (auto const* m : {&large, &small, &empty, &config, &named, &image, &artifact, &index}) (void)from.put_document(m->self, m->bytes);
        (void)from.tag("index", index.self);
        (void)from.tag("artifact", artifact.self);
    }
};

/// `work` with failing memory, then `check`, which says what is wrong, without.
template <class Work, class Check>
heap::outcome run(std::size_t n, bool ever_after, Work const& work, Check const& check, bool everywhere = false) {
    heap::outcome out;
    OPENSSL_thread_stop();
    std::ptrdiff_t kept = 0;
    {
        heap::watch const w(n, ever_after, everywhere);
        try {
            out.failed = !work();
        } catch (std::bad_alloc const&) {
            out.threw = true;
        }
        out.fired = heap::watch::now().fired;
        heap::watch::heal();
        OPENSSL_thread_stop();
        kept = heap::watch::now().live;
    }
    out.wrong = check();
    if (out.wrong.empty() && kept > 0) out.wrong = "leaks " + std::to_string(kept) + " blocks";
    return out;
}
void report(char const* name, heap::summary const& s) {
    for (auto const& w : s.wrong) UNSCOPED_INFO(w);
    CHECK(s.wrong.empty());
    CHECK(s.threw > 0);
    std::printf("%-52s%8zu runs: %zu thrown, %zu returned, %zu unharmed\n", name, s.runs, s.threw, s.failed, s.unharmed);
}

TEST_CASE("every allocation of a copy to a layout fails in turn", "[K02][copy]") {
    world w;
    std::size_t lanes = 1;
    auto const one = [&](std::size_t n, bool ever_after) {
        test::scratch_folder folder;
        auto const path = folder / "layout";
        return run(
            n, ever_after,
            [&] {
                auto to = oci_layout::create(path);
                return to && copy(w.from, "index", to.value(), "v1", copy_options().with_lanes(lanes));
            },
            [&]() -> std::string {
                auto to = oci_layout::create(path);
                if (!to) return "the layout cannot be opened: " + to.error().message();
                auto const names = to.value().names();
                if (!names) return "the layout cannot be read: " + names.error().message();
                for (auto const* m : {&w.large, &w.small, &w.empty, &w.config, &w.image, &w.index})
                    if (!names.value().empty() && !to.value().has(m->self).value()) return "named, and incomplete";
                auto const again = copy(w.from, "index", to.value(), "v1", copy_options().with_lanes(lanes));
                return again ? "" : "does not work afterwards: " + again.error().message();
            },
            lanes > 1);
    };
    report("copy to a layout", heap::exhaust(one));
    lanes = 3; // and those of every thread
    report("copy to a layout, three lanes", heap::exhaust(one, 3 * heap::every));
}

TEST_CASE("an index of many names takes little more memory than its text", "[store][HX02]") {
    constexpr std::size_t names = 2000;
    layout_index<strict_json> index;
    std::ptrdiff_t bytes = 0;
    {
        heap::watch const w;
        for (std::size_t i = 0; i < names; ++i) {
            auto const name = "t" + std::to_string(i);
            descriptor const what(std::string(media_types::oci_manifest), constant_digest_of(name), 400);
            REQUIRE(index.add(name, what));
        }
        bytes = heap::watch::now().bytes;
    }
    auto const text = index.str().size();
    std::printf("an index of %zu names: %zu bytes of text a name, %td of memory\n", names, text / names, bytes / std::ptrdiff_t(names));
    CHECK(static_cast<std::size_t>(bytes) < text + 150 * names);
}

TEST_CASE("every allocation of an artifact to a folder fails in turn", "[K02][artifact]") {
    world w;
    auto const one = [&](std::size_t n, bool ever_after) {
        test::scratch_folder folder;
        auto const path = folder / "files";
        auto const pull = [&] { return copy_artifact(w.from, "artifact", path, artifact_options().with_lanes(1)); };
        return run(
            n, ever_after, [&] { return pull().has_value(); },
            [&]() -> std::string {
                auto const file = path + "/dir/file";
                if (std::filesystem::exists(file) && test::file_text(file) != "a file") return "a file that is not whole";
                auto const again = pull();
                return again ? "" : "does not work afterwards: " + again.error().message();
            });
    };
    report("an artifact to a folder", heap::exhaust(one));
}

} // namespace memory_copy_test
