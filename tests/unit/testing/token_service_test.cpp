// SPDX-License-Identifier: BSL-1.0
// The client and the library's own token service, over a socket (doc/protocol.md#oauth).
#include "catch.hpp"
#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <memory>

namespace token_service_test {

using namespace lading;

TEST_CASE("a client and testing::token_service", "[spec-3.6][row-4][row-5]") {
    testing::registry fake(testing::registry_options().with_protection(testing::access::bearer).with_anonymous_tokens(false));
    fake.add_image("x", "1", image_kind::image);
    auto const ref = reference::parse(fake.host() + "/x:1").value();
    struct moved_clock : steady_clock_policy {
        std::shared_ptr<std::chrono::hours> by = std::make_shared<std::chrono::hours>(0);
        std::chrono::steady_clock::time_point now() const noexcept { return steady_clock_policy::now() + *by; }
    };
    struct over_sockets : default_policies {
        using clock = moved_clock;
        using credentials = fixed_credentials;
    };
    /// The requests to the service: G of a login, P of a password by form, R of a refresh token.
    auto const ways = [&] {
        std::string out;
        for (auto const& q : fake.journal()) {
            if (!q.target.starts_with("/token")) continue;
            bool const refresh = q.body.starts_with("grant_type=refresh_token");
            out += q.method == "GET" ? 'G' : refresh ? 'R'
                                                     : 'P';
            out += q.status == 200 ? "" : "!";
        }
        fake.clear_journal();
        return out;
    };
    auto const run = [&](bool by_form, bool offline) {
        client_options options;
        options.with_plaintext(fake.host()).with_retry(retry_rules(1));
        options.auth.oauth_password = by_form;
        options.auth.offline_token = offline;
        moved_clock clock;
        basic_client<over_sockets> registry{asio_sync_transport(), options, fixed_credentials(credential("user", "secret")), clock};
        for (int i = 0; i < 3; ++i, *clock.by += std::chrono::hours(2)) CHECK(registry.manifest(ref).has_value());
        auto out = ways();
        fake.revoke_tokens(); // the refresh tokens too
        CHECK(registry.manifest(ref).has_value());
        return out + ' ' + ways();
    };
    CHECK(run(false, false) == "GGG G");
    CHECK(run(false, true) == "GRR R!G");
    CHECK(run(true, false) == "PRR R!P");
}

} // namespace token_service_test
