// expect: [lading] embedded_manifest: a client refuses this field; embedded_field<PATH, CODE> shows it
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

inline constexpr std::string_view text =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
    R"("artifactType":"application/vnd.example.model","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,)"
    R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[{"mediaType":"a/b","size":2,)"
    R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
#if LADING_BAD
    R"("annotations":"no object","urls":7}]})";
#else
    R"("annotations":{"k":"v"},"urls":["u"]}]})";
#endif
static_assert(lading::embedded_manifest<text>::size() > 0);
