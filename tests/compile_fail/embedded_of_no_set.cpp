// expect: [lading] embedded_manifest: the manifest set does not speak this type
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

inline constexpr std::string_view text = R"({"schemaVersion":2,"manifests":[]})";
#if LADING_BAD
using spoken = lading::manifest_set<lading::oci_image>;
#else
using spoken = lading::manifest_set<lading::oci_image, lading::oci_index>;
#endif
static_assert(lading::embedded_manifest<text, spoken>::size() > 0);
