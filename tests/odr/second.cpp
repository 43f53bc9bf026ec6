// SPDX-License-Identifier: BSL-1.0
// With the library compiled once, this unit sees all of it, the first one only what declares the calls.
#include <lading/client/async.hpp>
#include <lading/lading.hpp>
#include <lading/print/writers.hpp>

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref);

int main() {
    auto const ref = lading::reference::parse("127.0.0.1:1/x").value();
    lading::client registry;
    auto const r = inspect(registry, ref);
    lading::basic_client<lading::default_policies> basic; // is a template in either form
    auto const b = basic.inspect(ref);
    return !r && !b && r.error() == lading::errc::connection_refused && b.error() == r.error().kind() ? 0 : 1;
}
