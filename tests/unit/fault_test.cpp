// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/fault.hpp>
#include <lading/reference.hpp>

#include <string>

namespace fault_test {

using namespace lading;

namespace {
constexpr fault nested() {
    fault out(errc::descriptor_invalid);
    out.under("digest");
    out.under(13);
    out.under("layers");
    return out;
}
static_assert(nested() && nested().path.view() == "layers[13].digest");
static_assert(!fault());
static_assert(fault(errc::ref_invalid, "rule", 7).offset == 7);
} // namespace

TEST_CASE("fault: an error with its path, its rule and its offset") {
    CHECK(from(nested(), "text").detail().context == "at layers[13].digest");
    CHECK(from(nested(), "text").detail().actual == "text");
    CHECK(from(nested()) == errc::descriptor_invalid);
    CHECK(from(errc::manifest_schema).detail().context == "at the top level");
    CHECK(from(fault(errc::ref_invalid, "no space", 3)).detail().context == "no space, at byte 3");
    fault about(errc::manifest_schema, "is not 2");
    about.under("schema\nVersion");
    CHECK(from(about).detail().context == "schema?Version is not 2");
}

TEST_CASE("fault: a path that is too long keeps its beginning") {
    fault out(errc::manifest_schema);
    out.under("end");
    out.under(std::string(500, 'k'));
    CHECK(out.path.view() == std::string(160, 'k'));
    out.under("annotations");
    CHECK(out.path.view() == "annotations." + std::string(148, 'k'));
}

} // namespace fault_test
