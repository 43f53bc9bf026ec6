// SPDX-License-Identifier: BSL-1.0
// No include guard: nothing includes this file, the build precompiles it. Tests include what they use as if it did not exist.
#include "catch.hpp"

#include <lading/lading.hpp>

#include <lading/testing/registry.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <thread>
