// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `transfer_event`: how far the transfer of one content has got.

#include "../descriptor.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace lading {

/// What happened to it.
enum class transfer_state : std::uint8_t {
    started,  ///< the first bytes are asked for
    resumed,  ///< what an earlier run or a lost connection left is gone on with, from `bytes`
    running,  ///< bytes came; told at most ten times a second
    retrying, ///< the connection was lost, or the answer was of no use: it is asked again
    done,     ///< whole, verified and kept
    skipped,  ///< it is at the destination already, or not to be copied: `reason`
    failed    ///< it could not be had; the error is the result of the whole
};

/// Valid during the call only. Texts and descriptor are views.
struct transfer_event {
    descriptor const& what;
    transfer_state state;
    std::uint64_t bytes = 0;     ///< of this content, so far
    std::uint64_t all_bytes = 0; ///< of all contents of the call, so far
    std::uint64_t all_total = 0; ///< of all contents of the call that are known by now
    std::string_view reason{};   ///< why it was skipped, is asked again or failed
};

/// Takes events. One call at a time, from any of the threads that transfer; it must return soon, must not throw, and is not
/// called after the transfer has returned.
using transfer_observer = std::function<void(transfer_event const&)>;

} // namespace lading
