// SPDX-License-Identifier: BSL-1.0
#if defined(LADING_SEPARATE_COMPILATION)
#include <lading/client/client.hpp>
#else
#include <lading/lading.hpp>
#endif

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref);

lading::result<lading::inspection> inspect(lading::client& registry, lading::reference const& ref) {
    return registry.inspect(ref);
}
