// expect: [lading] hash policy: H needs `lading::result<lading::digest> finish()`
// SPDX-License-Identifier: BSL-1.0
#include <lading/policy/hash.hpp>

struct mine {
    explicit mine(lading::digest_algorithm) {}
    void update(std::span<std::byte const>) {}
#if LADING_BAD
    std::string finish() { return "sha256:00"; }
#else
    lading::result<lading::digest> finish() { return lading::error(lading::errc::digest_unsupported); }
#endif
};

static_assert(lading::check_hash<mine>::ok);
