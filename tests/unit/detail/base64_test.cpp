// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/detail/base64.hpp>

namespace base64_test {

using namespace lading::detail;

TEST_CASE("base64 of RFC 4648, section 10") {
    std::pair<char const*, char const*> const rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (auto [plain, coded] : rows) {
        CHECK(base64_encode(plain) == coded);
        CHECK(base64_decode(coded) == plain);
        CHECK(base64url_decode(base64url_encode(plain)) == plain);
    }
    CHECK(base64url_encode("\xfb\xff") == "-_8");
}
TEST_CASE("base64 that is not") {
    for (auto bad : {"Z", "Zg=", "Zg", "Zh==", "Zm9v====", "Zm 9v", "Zm9v\n", "=Zg=", "Zm-_"}) CHECK(!base64_decode(bad));
    for (auto bad : {"Z", "Zg==", "Zh", "Zm+/", "Zm 8"}) CHECK(!base64url_decode(bad));
}

} // namespace base64_test
