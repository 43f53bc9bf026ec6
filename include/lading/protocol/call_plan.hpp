// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `call_plan`: the places that one call may ask, in turn, and how it talks to them.

#include "../endpoint/endpoints.hpp"
#include "../result.hpp"
#include "call_context.hpp"

#include <utility>
#include <vector>

namespace lading {

/// `Place` is an `endpoint`, or made of one.
template <class Place = endpoint>
struct call_plan {
    call_plan(call_context c, result<std::vector<Place>> p) : talk(std::move(c)), places(std::move(p)) {}

    call_context talk;                 ///< of which each place gets a copy with its own URL and name
    result<std::vector<Place>> places; ///< or why there is none
};

} // namespace lading
