// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

#include <lading/lading-core.hpp>

lading::reference const& asked(lading::client& registry, lading::reference const& ref);

lading::reference const& asked(lading::client& registry, lading::reference const& ref) {
    registry.options();
    return ref;
}
