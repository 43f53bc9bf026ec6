// SPDX-License-Identifier: BSL-1.0
// A user includes several kits in one file.
#include "catch.hpp"

#include <lading/testing/check_transport.hpp>

#include <lading/testing/check_json.hpp>

#include <lading/testing/check_hash.hpp>

#include <lading/testing/check_credentials.hpp>

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/json/strict_json.hpp>

namespace kits_test {

using namespace lading;

TEST_CASE("kit: all kits in one file") {
    struct refuses_everything {
        result<response> exchange(request const&, body_sink&) { return error(errc::connection_refused); }
    };
    CHECK(testing::check_json<strict_json>().empty());
    CHECK(testing::check_hash<constexpr_sha2>().empty());
    CHECK(testing::check_credentials([] { return no_credentials(); }, testing::known_login({"r.example", "x"}, std::nullopt)).empty());
    CHECK_FALSE(testing::check_transport<refuses_everything>().empty());
}

} // namespace kits_test
