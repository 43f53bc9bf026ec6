// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `std::mutex` and `std::lock_guard`, without the rest of `<mutex>` where the standard library allows it.

#include "../config.hpp"

#if __has_include(<bits/std_mutex.h>)
#include <bits/std_mutex.h>
#else
#include <mutex>
#endif
