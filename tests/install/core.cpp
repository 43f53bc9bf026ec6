// SPDX-License-Identifier: BSL-1.0
// Links lading::core only: the whole library but its backends.
#include <lading/core.hpp>

#include <cstdio>

int main() {
    auto const parsed = lading::reference::parse("debian:12");
    if (!parsed) return 1;
    std::puts(parsed.value().str().c_str());
    return 0;
}
