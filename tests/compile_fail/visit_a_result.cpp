// expect: [lading] visit: the second argument is a manifest; unwrap the result that holds it first
// SPDX-License-Identifier: BSL-1.0
#include <lading/document/parse_and_verify.hpp>
#include <lading/document/visit.hpp>

using manifest = lading::basic_manifest<lading::default_manifests>;

int kind(lading::result<manifest> const& m) {
#if LADING_BAD
    return lading::visit([](auto const&) { return 1; }, m);
#else
    return lading::visit([](auto const&) { return 1; }, m.value());
#endif
}
