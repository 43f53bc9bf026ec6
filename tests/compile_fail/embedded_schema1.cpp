// expect: [lading] embedded_manifest: schema1 has no constant form
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

#if LADING_BAD
inline constexpr std::string_view text = R"({"schemaVersion":1,"fsLayers":[],"history":[]})";
#else
inline constexpr std::string_view text = R"({"schemaVersion":2,"manifests":[]})";
#endif
static_assert(lading::embedded_manifest<text>::size() > 0);
