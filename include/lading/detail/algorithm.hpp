// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The algorithms of `std`, without those of `std::ranges` where the standard library allows it.

#include "../config.hpp"

#if __has_include(<bits/stl_algo.h>)
#include <bits/stl_algo.h>
#else
#include <algorithm>
#endif
