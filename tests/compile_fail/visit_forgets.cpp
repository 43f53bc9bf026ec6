// expect: [lading] visit: the visitor has no handler for one document of the manifest set
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/parse_and_verify.hpp>
#include <lading/document/visit.hpp>

using manifest = lading::basic_manifest<lading::default_manifests>;

int kind(manifest const& m) {
    return lading::visit(lading::overloaded{
                             [](lading::oci_image const&) { return 1; }, [](lading::oci_index const&) { return 2; },
                             [](lading::manifest_list const&) { return 3; }, [](lading::schema1 const&) { return 4; },
#if !LADING_BAD
                             [](lading::schema2 const&) { return 5; },
#endif
                             [](lading::opaque const&) { return 6; }},
                         m);
}
