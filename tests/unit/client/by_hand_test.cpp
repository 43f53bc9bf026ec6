// SPDX-License-Identifier: BSL-1.0
// A whole call driven by hand: what `start_inspect` and the like give is what the plain calls give, over any transport.
#include "catch.hpp"
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

namespace by_hand_test {

using namespace lading;

namespace {

struct policies : default_policies {
    using credentials = fixed_credentials;
};

/// Carries out what the operation asks for, and counts the exchanges.
template <class Op>
result<typename Op::value_type> drive(Op op, asio_sync_transport& transport, int& exchanges) {
    for (auto next = op.start();;) {
        if (auto* const over = std::get_if<done<typename Op::value_type>>(&next)) return std::move(over->value());
        if (auto* const x = std::get_if<need_exchange>(&next)) ++exchanges, next = op.on_response(transport.exchange(x->query, *x->sink));
        else next = op.on_delay();
    }
}

} // namespace

TEST_CASE("A call driven by hand logs in, is the plain call, and asks what that asks") {
    testing::registry fake{testing::registry_options().with_protection(testing::access::bearer).with_account("user", "word")};
    fake.add_image("demo/app", "latest", image_kind::index);
    auto const ref = reference::parse(fake.host() + "/demo/app:latest").value();
    auto const options = client_options().with_plaintext(fake.host());
    asio_sync_transport transport;

    basic_client<policies> registry(options, fixed_credentials(credential("user", "word")));
    int exchanges = 0;
    auto const image = drive(registry.start_inspect(ref, inspect_options().with_platform(platform_choice::like(platform("linux", "amd64")))),
                             transport, exchanges);
    REQUIRE(image);
    CHECK(image.value().config);
    CHECK(exchanges == 5); // refused, token, index, manifest, config

    exchanges = 0;
    auto const manifest = drive(registry.start_manifest(ref), transport, exchanges);
    REQUIRE(manifest);
    CHECK(manifest.value().bytes == image.value().manifest_bytes);
    CHECK(exchanges == 1); // the client knows its token
    auto const bytes = drive(registry.start_raw_manifest(ref), transport, exchanges);
    REQUIRE(bytes);
    CHECK(bytes.value().bytes == manifest.value().bytes);
    CHECK(drive(registry.start_config(ref, platform_choice::like(platform("linux", "amd64"))), transport, exchanges));
    CHECK(drive(registry.start_tags(ref.repository()), transport, exchanges));
    CHECK(drive(registry.start_ping(ref.repository()), transport, exchanges));
    memory_sink sink(1u << 20);
    CHECK(drive(registry.start_blob(ref.repository(), *image.value().config, sink), transport, exchanges));
    CHECK(sink.take() == image.value().config_bytes);
}

} // namespace by_hand_test
