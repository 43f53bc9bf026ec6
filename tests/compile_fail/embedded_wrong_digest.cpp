// expect: [lading] embedded_manifest: the text has another digest; embedded_digest<ACTUAL, EXPECTED> shows both
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

inline constexpr std::string_view text = R"({"schemaVersion":2,"manifests":[]})";
#if LADING_BAD
static_assert(lading::embedded_manifest<text>::digest_is<
              "sha256:0000000000000000000000000000000000000000000000000000000000000000">());
#else
static_assert(lading::embedded_manifest<text>::digest() == lading::constant_digest_of(text));
#endif
