// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The processor time of this process: what bounds of work are stated in. A busy machine does not lengthen it.

#include <chrono>
#include <ctime>

namespace test {

inline std::chrono::duration<double> cpu_time() {
    return std::chrono::duration<double>(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
}

} // namespace test
