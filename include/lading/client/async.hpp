// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the `async_` calls of `basic_client` need beside it: the driver over Asio, and the inspection that asks for the
/// tags at the same time. `lading.hpp` includes it.

#include "../bulk/inspect_beside_tags.hpp"
#include "../driver/asio.hpp"
#include "basic_client.hpp"
