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
    resumed,  ///< it continues from `bytes`, which an earlier run or a lost connection left
    running,  ///< bytes came; at most ten such events a second and content
    retrying, ///< it is asked for again, as `reason` says: the connection was lost, or what came is of no use and `bytes` is 0 again
    done,     ///< whole, verified and kept
    skipped,  ///< not transferred, as `reason` says: it is at the destination already, or is not to be copied
    failed    ///< it could not be transferred, after `bytes`; the error is the result of the whole call
};

/// One event. Of each content the first is `started` and the last `done`, `failed` or `skipped`, which may be the only one. The byte counts
/// never fall, except with `retrying`. Valid during the call only: texts and descriptor are views.
struct transfer_event {
    descriptor const& what;
    transfer_state state;
    std::uint64_t bytes = 0;     ///< of this content, so far, those of an earlier run included
    std::uint64_t all_bytes = 0; ///< of all contents of the call, so far
    std::uint64_t all_total = 0; ///< of all contents of the call that are known by now
    std::string_view reason{};   ///< why it was skipped, is asked again or failed
};

/// Takes events. One call at a time, from any of the threads that transfer; it must return soon, must not throw, and is not
/// called after the transfer has returned.
using transfer_observer = std::function<void(transfer_event const&)>;

} // namespace lading
