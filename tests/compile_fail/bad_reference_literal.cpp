// expect: [lading] the _ref literal is not a well-formed image reference
// SPDX-License-Identifier: BSL-1.0
#include <lading/reference.hpp>

using namespace lading::literals;

#if LADING_BAD
constexpr auto base = "docker.io/library/Debian:12"_ref;
#else
constexpr auto base = "docker.io/library/debian:12"_ref;
#endif
static_assert(base.tag() == "12");
