// SPDX-License-Identifier: BSL-1.0
// A program of both forms: this object has the library compiled once, the other was made header-only. Each has its own
// client, and neither takes the other's.
#include <lading/client/client.hpp>

bool refused();
bool refused_header_only();

bool refused() {
    lading::client registry;
    auto const r = registry.inspect("127.0.0.1:1/x");
    return !r && r.error() == lading::errc::connection_refused;
}

int main() { return refused() && refused_header_only() ? 0 : 1; }
