// SPDX-License-Identifier: BSL-1.0
// For the preset tsan, included before all else. Asio's shared counts are released by each thread and acquired by the last one
// with a fence; the thread sanitizer knows no fences, and calls what the last thread then does a race. Here each release acquires
// too, which the sanitizer sees. Nothing else is changed by it, and no other build includes this file.
#pragma once

#include <asio/detail/config.hpp>

#include <atomic>

#define memory_order_release memory_order_acq_rel
#include <asio/detail/atomic_count.hpp>
#undef memory_order_release
