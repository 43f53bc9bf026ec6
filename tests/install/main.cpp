// SPDX-License-Identifier: BSL-1.0
// The program every consumer here builds: prints a parsed reference, and links what a client needs.
#include <lading/lading.hpp>

#include <cstdio>

int main() {
    lading::client registry;
    auto const parsed = lading::reference::parse("debian:12");
    if (!parsed) return 1;
    std::puts(parsed.value().str().c_str());
    return 0;
}
