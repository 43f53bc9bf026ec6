// expect: [lading] embedded_manifest: a client refuses this field; embedded_field<PATH, CODE> shows it
// SPDX-License-Identifier: BSL-1.0
#include <lading/constexpr/embedded_manifest.hpp>

struct model {
    static constexpr std::string_view matches_artifact_type = "application/vnd.example.model";
    lading::string_map annotations;
};
LADING_REFLECT(model, annotations);
template <>
struct lading::document_rules<model> : lading::default_rules {
    static constexpr std::array<std::string_view, 1> required{"annotations"};
};

inline constexpr std::string_view text =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
    R"("artifactType":"application/vnd.example.model","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,)"
    R"("digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[])"
#if !LADING_BAD
    R"(,"annotations":{})"
#endif
    "}";
static_assert(lading::embedded_manifest<text, lading::extend_t<lading::default_manifests, model>>::size() > 0);
