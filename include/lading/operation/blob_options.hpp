// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `blob_options`: how one blob is fetched.

#include "../detail/chrono.hpp"
#include "../store/transfer_event.hpp"
#include "../warning.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

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

    /// Is told what is odd of an answer that is taken, as a digest that it announces and does not have (`digest_header_differs`).
    blob_options& with_remarks(std::function<void(warning)> f) { return remark = std::move(f), *this; }

    /// Ask for it at these URLs, as a descriptor lists them, in turn, and not at the registry: over https, without credentials or client
    /// certificate, and never at an address inside a network. Others are passed over.
    blob_options& with_urls(std::vector<std::string> u) { return urls = std::move(u), *this; }

    transfer_observer observer;
    std::function<void(warning)> remark;
    std::vector<std::string> urls;
    bool resume = true;
    unsigned tries = 0;
    std::chrono::milliseconds wait{60'000};
};

} // namespace lading
