// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The compiled part of the library. With `LADING_SEPARATE_COMPILATION`, one unit of a program includes this, and has the
/// bodies of `client` and `async_client`; all others include `<lading/client/client.hpp>` for their calls. The CMake target
/// `lading::compiled` is that unit, made already.

#include "lading.hpp"

#if !defined(LADING_SEPARATE_COMPILATION)
#error "lading: src.hpp is for programs that define LADING_SEPARATE_COMPILATION, in every unit; lading.hpp has it all without"
#else
#include "impl/async_client.ipp"
#include "impl/client.ipp"
#endif
