// SPDX-License-Identifier: BSL-1.0
// Every allocation of every golden session fails in turn, of operator new and of OpenSSL.
#include "short_of_memory.hpp"

namespace allocation_test {

using namespace lading;

TEST_CASE("every allocation of every golden session fails in turn", "[K02]") {
    REQUIRE(heap::openssl_is_watched());
    heap::summary all;
    for (auto& g : test::golden_sessions()) {
        g.world.urls.reserve(100);
        auto const whole = g.run(); // also fills what is made once a process
        g.world.rewind();
        auto const s = heap::exhaust([&](std::size_t n, bool ever_after) {
            return test::run_short_of_memory(
                n, ever_after, whole,
                [&] {
                    return std::make_unique<test::stream_client>(test::byte_stream_transport(g.world), client_options().with_retry(retry_rules(1)), g.secret);
                },
                [&](test::stream_client& c) {
                    g.world.rewind();
                    return g.call(c);
                },
                [&] { g.world.rewind(); });
        });
        test::report(g.name, s);
        all.runs += s.runs;
    }
    WARN(all.runs << " runs in memory");
}

TEST_CASE("every allocation of a push fails in turn", "[K02][push]") {
    auto const bytes = test::long_layer, manifest = test::oci("", bytes);
    auto const digest = test::digest_of(bytes), place = std::string("https://r.test/up?_state=s");
    auto const session = test::answer("202 Accepted", "Location: /up?_state=s\r\nRange: 0-0\r\n", "");
    test::byte_world w;
    w.urls.reserve(100);
    w.on(test::at + "/blobs/" + digest, test::answer("404 Not Found", "", "")).on(test::at + "/blobs/uploads/", session).on(place, test::answer("204 No Content", "", ""));
    w.on(place + "&digest=sha256%3A" + digest.substr(7), test::answer("201 Created", "Docker-Content-Digest: " + digest + "\r\n", ""));
    w.on(test::at + "/manifests/1", test::answer("201 Created", "Docker-Content-Digest: " + test::digest_of(manifest) + "\r\n", ""));
    auto const ref = reference::parse("r.test/team/app:1").value();
    auto const what = test::layer_descriptor(bytes);
    auto const make = [&] { return std::make_unique<test::stream_client>(test::byte_stream_transport(w), client_options().with_retry(retry_rules(1))); };
    auto const call = [&](test::stream_client& c) {
        w.rewind();
        view_source from(bytes);
        auto const sent = c.push_blob(ref.repository(), what, from, push_options().with_tries(1));
        if (!sent) return test::verdict(sent.error());
        auto const put = c.push_manifest(ref, manifest, manifest_push_options().with_tries(1));
        return put ? test::verdict(std::string("pushed")) : test::verdict(put.error());
    };
    auto const whole = call(*make());
    REQUIRE(whole == test::verdict(std::string("pushed")));
    test::report("a push", heap::exhaust([&](std::size_t n, bool ever_after) { return test::run_short_of_memory(n, ever_after, whole, make, call, [&] { w.rewind(); }); }));
}

} // namespace allocation_test
