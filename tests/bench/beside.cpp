// SPDX-License-Identifier: BSL-1.0
// What asking side by side saves where an answer takes time: wall time one after the other, and at once, as a ratio.
//   bench_beside [MILLISECONDS] [RUNS]     of each answer of the embedded registry (default 20), median of RUNS (15)

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

namespace {

using lading::inspect_options;
using clock_type = std::chrono::steady_clock;

struct world {
    lading::testing::registry fake;
    lading::reference ref;
    lading::client_options options = lading::client_options().with_plaintext(fake.host());

    world(lading::image_kind kind, std::chrono::milliseconds delay)
        : ref((fake.add_image("app", "1", kind), lading::reference::parse(fake.host() + "/app:1").value())) {
        // Each path that an inspection asks for answers so late.
        lading::client registry{options};
        auto slow = [&](std::string const& path) { fake.answer("GET", path, lading::testing::canned().with_delay(delay)); };
        auto slow_image = [&](lading::inspection const& image) {
            slow("/v2/app/manifests/" + image.resolved.digest.str());
            if (image.config) slow("/v2/app/blobs/" + image.config->digest.str());
        };
        std::vector<lading::inspection> entries;
        auto const top = lading::inspect_all(registry, ref, {}, [&](auto const&, auto r) { entries.push_back(std::move(r).value()); });
        slow("/v2/app/manifests/1");
        slow("/v2/app/tags/list");
        slow_image(top.value());
        for (auto const& image : entries) slow_image(image);
    }
};

template <class Go>
double median_ms(int runs, Go go) {
    std::vector<double> all;
    for (int i = 0; i < runs; ++i) {
        auto const began = clock_type::now();
        go();
        all.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - began).count());
    }
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

void row(char const* what, double in_turn, double beside) {
    std::printf("%-44s %8.1f ms %8.1f ms %6.2fx\n", what, in_turn, beside, beside / in_turn);
}

} // namespace

int main(int argc, char** argv) {
    auto const delay = std::chrono::milliseconds(argc > 1 ? std::atoi(argv[1]) : 20);
    int const runs = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 15;
    std::printf("%-44s %11s %11s %7s\n", "each answer takes a while; new connections", "in turn", "at once", "ratio");

    // Each run with a client of its own: the connections of one run are not there for the next.
    world image(lading::image_kind::image, delay);
    auto const inspect = [&](inspect_options what) {
        asio::io_context context(1);
        lading::async_client registry{lading::asio_transport(context.get_executor()), image.options};
        registry.async_inspect(image.ref, std::move(what), [](auto r) {
            if (!r || r.value().tags.state != lading::tags_state::complete) std::abort();
        });
        context.run();
    };
    row("an image and its tags", median_ms(runs, [&] { inspect(inspect_options().with_tags().with_tags_first()); }),
        median_ms(runs, [&] { inspect(inspect_options().with_tags()); }));

    world index(lading::image_kind::index, delay);
    auto const inspect_all = [&](std::size_t in_flight) {
        asio::io_context context(1);
        lading::async_client registry{lading::asio_transport(context.get_executor()), index.options};
        std::size_t images = 0;
        lading::async_inspect_all(
            registry, index.ref, lading::each_options().with_in_flight(in_flight), [&](auto const&, auto r) { images += r.has_value(); },
            [](auto r) {
                if (!r) std::abort();
            });
        context.run();
        if (images != 5) std::abort();
    };
    row("the five images of an index", median_ms(runs, [&] { inspect_all(1); }), median_ms(runs, [&] { inspect_all(64); }));
}
