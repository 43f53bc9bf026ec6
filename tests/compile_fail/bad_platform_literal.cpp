// expect: [lading] the _platform literal is not os/architecture[/variant][:os_version], nor a known one of the two
// SPDX-License-Identifier: BSL-1.0
#include <lading/platform.hpp>

using namespace lading::literals;
#if LADING_BAD
lading::platform const p = "linux-arm"_platform;
#else
lading::platform const p = "linux/arm"_platform;
#endif
