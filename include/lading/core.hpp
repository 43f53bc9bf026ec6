// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Everything but the backends: inject your own transport, JSON and hash.

#include "client.hpp"
#include "endpoint/short_names.hpp"
#include "image/writers.hpp"
#include "policy/docker_1_10_fallback.hpp"
