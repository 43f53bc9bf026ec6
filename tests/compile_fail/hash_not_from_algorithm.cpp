// expect: [lading] hash policy: H must be constructible from lading::digest_algorithm
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/hash.hpp>

struct mine {
#if !LADING_BAD
    explicit mine(lading::digest_algorithm) {}
#endif
    void update(std::span<std::byte const>) {}
    lading::result<lading::digest> finish() { return lading::error(lading::errc::digest_unsupported); }
};

static_assert(lading::check_hash<mine>::ok);
