// SPDX-License-Identifier: BSL-1.0
// One program of two units that include both files, each in its own order.
#include <lading/lading-core.hpp>

#include <lading/lading.hpp>

#include <cstdio>

lading::reference const& asked(lading::client& registry, lading::reference const& ref);

int main() {
    lading::client registry;
    auto const parsed = lading::reference::parse("debian:12");
    if (!parsed) return 1;
    std::puts(asked(registry, parsed.value()).str().c_str());
    return 0;
}
