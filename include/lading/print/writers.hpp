// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Every writer of an `inspection`.

#include "write_docker_1_10.hpp"
#include "write_json.hpp"
#include "write_modern.hpp"
#include "write_table.hpp"
