// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref);

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref) {
    return registry.inspect(ref);
}
