// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"
#include "schema1_documents.hpp"

namespace schema1_digest_test {

using namespace lading;

TEST_CASE("a signed schema1 by digest is the one whose payload has it", "[spec-5.4][row-1]") {
    auto const payload = test::schema1_text({test::v1('a', '-')});
    auto const served = test::sign(payload);
    auto const ask = [&](std::string const& digest) {
        testing::script s;
        s.on("https://r.example/v2/n/manifests/" + digest, {200, served});
        test::client registry(testing::scripted_transport(s), client_options().with_retry(retry_rules(1)));
        return registry.inspect(reference::parse("r.example/n@" + digest).value());
    };
    auto const right = ask(test::sha256(payload));
    REQUIRE(right.has_value());
    CHECK(right.value().resolved.digest.str() == test::sha256(payload));
    CHECK(ask(test::sha256(served)).error() == errc::digest_mismatch); // the envelope's is not it
    CHECK(ask(test::sha256("another")).error() == errc::digest_mismatch);
}

} // namespace schema1_digest_test
