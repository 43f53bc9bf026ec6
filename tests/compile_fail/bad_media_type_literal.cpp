// expect: [lading] the _media_type literal is not a well-formed media type
// SPDX-License-Identifier: BSL-1.0
#include <lading/media_type.hpp>

using namespace lading::literals;
#if LADING_BAD
constexpr auto t = "application vnd.mine"_media_type;
#else
constexpr auto t = "application/vnd.mine"_media_type;
#endif
static_assert(!t.essence().empty());
