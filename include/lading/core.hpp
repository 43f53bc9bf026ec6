// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Everything that needs no library but Boost's headers: inject a transport, and a hash if the built-in one is too slow.

#include "client.hpp"
#include "embedded.hpp"
#include "endpoint/short_names.hpp"
#include "image/writers.hpp"
#include "policy/docker_1_10_fallback.hpp"
#include "run/inspect_all.hpp"
