// SPDX-License-Identifier: BSL-1.0
// The program of main.cpp with the compiled library: of lading it includes what declares the calls, and it makes one.
#include <lading/client/client.hpp>

#include <cstdio>

int main() {
    lading::client registry;
    auto const image = registry.inspect("127.0.0.1:1/x");
    if (image || image.error() != lading::errc::connection_refused) return 1;
    auto const parsed = lading::reference::parse("debian:12");
    if (!parsed) return 1;
    std::puts(parsed.value().str().c_str());
    return 0;
}
