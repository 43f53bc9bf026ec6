// expect: [lading] the _digest literal is not a well-formed digest
// SPDX-License-Identifier: BSL-1.0
#include <lading/digest.hpp>

using namespace lading::literals;
#if LADING_BAD
constexpr auto d = "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"_digest;
#else
constexpr auto d = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"_digest;
#endif
static_assert(d.algorithm() == lading::digest_algorithm::sha256);
