// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include <lading/hash/openssl_hash.hpp>
#include <lading/policy/hash.hpp>

namespace openssl_hash_test {

using namespace lading;
static_assert(check_hash<openssl_hash>::ok);

TEST_CASE("digests of the empty text and of abc (FIPS 180-2)") {
    CHECK(digest_of<openssl_hash>("").value().str() ==
          "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(digest_of<openssl_hash>("abc").value().str() ==
          "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(digest_of<openssl_hash>("abc", digest_algorithm::sha384).value().hex() ==
          "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    CHECK(digest_of<openssl_hash>("abc", digest_algorithm::sha512).value().hex() ==
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
          "2a9ac94fa54ca49f");
}

TEST_CASE("pieces give the digest of the whole, and a moved hash goes on") {
    openssl_hash h(digest_algorithm::sha256);
    h.update(std::as_bytes(std::span("a", 1)));
    openssl_hash moved(std::move(h));
    moved.update(std::as_bytes(std::span("bc", 2)));
    CHECK(moved.finish().value() == digest_of<openssl_hash>("abc").value());
}

} // namespace openssl_hash_test
