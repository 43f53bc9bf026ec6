// expect: [lading] transport policy: T needs `lading::result<lading::response> exchange(
// SPDX-License-Identifier: BSL-1.0
#include <lading/lading.hpp>

struct forgot {};

struct mine : lading::default_policies {
#if LADING_BAD
    using transport = forgot;
#endif
};

lading::basic_client<mine> registry;
