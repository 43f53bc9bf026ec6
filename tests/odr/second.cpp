// SPDX-License-Identifier: BSL-1.0
#include <lading/client/async.hpp>
#include <lading/lading.hpp>
#include <lading/print/writers.hpp>

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref);

int main() {
    lading::client registry;
    auto const r = inspect(registry, lading::reference::parse("127.0.0.1:1/x").value());
    return !r && r.error() == lading::errc::connection_refused ? 0 : 1;
}
