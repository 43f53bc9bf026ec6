// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_options`: how one blob is fetched.

#include "../detail/chrono.hpp"
#include "../store/transfer_event.hpp"

#include <utility>

namespace lading {

/// How one blob is fetched. Every setter returns the object.
struct blob_options {
    blob_options() = default;

    /// Is told how far the blob is.
    blob_options& with_observer(transfer_observer o) { return observer = std::move(o), *this; }
    /// Whether to go on where an earlier run or a lost connection has ended; without, the blob is begun afresh.
    blob_options& with_resume(bool on) { return resume = on, *this; }
    /// How often it is asked for in turn without 64 KiB of progress; 0 for what `retry_rules` say.
    blob_options& with_tries(unsigned n) { return tries = n, *this; }
    /// How long to wait, in milliseconds, for another program, thread or call that writes the same file; then `part_in_use`.
    blob_options& with_wait(std::chrono::milliseconds d) { return wait = d, *this; }

    transfer_observer observer;
    bool resume = true;
    unsigned tries = 0;
    std::chrono::milliseconds wait{60'000};
};

} // namespace lading
