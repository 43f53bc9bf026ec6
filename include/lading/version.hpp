// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The version of the library: three numbers, read by CMake too.
#define LADING_VERSION_MAJOR 0
#define LADING_VERSION_MINOR 1
#define LADING_VERSION_PATCH 0
#define LADING_VERSION_STRING "0.1.0"
