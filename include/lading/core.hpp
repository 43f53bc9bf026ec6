// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Everything that needs no library but Boost's headers: inject a transport, and a hash if the built-in one is too slow.

#include "bulk/inspect_all.hpp"
#include "client/basic_client.hpp"
#include "constexpr/embedded_manifest.hpp"
#include "endpoint/short_names.hpp"
#include "print/writers.hpp"
#include "store/file_sink.hpp"
