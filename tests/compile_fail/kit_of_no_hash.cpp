// expect: [lading] hash policy: H needs `lading::result<lading::digest> finish()`
// SPDX-License-Identifier: BSL-1.0
#include <lading/hash/constexpr_sha2.hpp>
#include <lading/testing/check_hash.hpp>

struct mine {
    explicit mine(lading::digest_algorithm) {}
    void update(std::span<std::byte const>) {}
#if LADING_BAD
    lading::digest finish() { return lading::constant_digest_of(""); }
#else
    lading::result<lading::digest> finish() { return lading::constant_digest_of(""); }
#endif
};

bool good() { return lading::testing::check_hash<mine>().empty(); }
