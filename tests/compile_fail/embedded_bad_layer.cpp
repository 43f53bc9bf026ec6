// expect: [lading] embedded_manifest: a client refuses this field; embedded_field<PATH, CODE> shows it
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

inline constexpr std::string_view text =
    R"({"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
#if !LADING_BAD
    R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
#endif
    R"("size":2}]})";
static_assert(lading::embedded_manifest<text>::value().manifests.size() == 1);
