// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Durations, clocks and `sleep_for`, without the calendars, time zones and formats of `<chrono>` and the threads of
/// `<thread>`: on libstdc++ a third of the cost.

#include "../config.hpp"

#if __has_include(<bits/chrono.h>) && __has_include(<bits/this_thread_sleep.h>)
#include <bits/chrono.h>
#include <bits/this_thread_sleep.h>
#else
#include <chrono>
#include <thread>
#endif
