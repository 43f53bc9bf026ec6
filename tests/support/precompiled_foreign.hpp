// SPDX-License-Identifier: BSL-1.0
// No include guard: nothing includes this file, the build precompiles it. Other people's headers only, so that it outlives a change
// in any of our own.
#include "catch.hpp"

#include <boost/hana.hpp>
#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/try.hpp>

#include <asio.hpp>
#include <asio/ssl.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <variant>
