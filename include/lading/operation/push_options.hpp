// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `push_options` and `pushed_blob`: how a blob is sent, and what came of it.

#include "../descriptor.hpp"
#include "../store/transfer_event.hpp"
#include "../warning.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// How one blob is sent. Every setter returns the object.
struct push_options {
    push_options() = default;

    /// A repository of the same registry that has the blob, by its path ("library/alpine"): the registry is asked to take it from
    /// there. Where it does not, the blob is sent.
    push_options& with_mount_from(std::string path) { return mount_from = std::move(path), *this; }
    /// Whether the registry is asked first if it has the blob.
    push_options& with_question(bool yes) { return ask_first = yes, *this; }
    /// In chunks of so many bytes; 0: whole, where size and registry allow it.
    push_options& with_chunks(std::uint64_t bytes) { return chunk = bytes, *this; }
    /// Send it with the first request (`POST ?digest=`), which some registries take; where it is not, it is sent once more.
    push_options& with_single_post(bool yes = true) { return single_post = yes, *this; }
    /// Another host ("uploads.example.com") that the registry may send the upload to; without credentials, and https only.
    push_options& with_upload_host(std::string host) { return upload_hosts.push_back(std::move(host)), *this; }
    /// Is told how far the blob is.
    push_options& with_observer(transfer_observer o) { return observer = std::move(o), *this; }
    /// How often what may pass is tried, the first time included; else as `client_options::with_retry` says.
    push_options& with_tries(unsigned n) { return tries = n, *this; }

    std::string mount_from;
    bool ask_first = true;
    bool single_post = false;
    std::uint64_t chunk = 0;
    std::vector<std::string> upload_hosts;
    transfer_observer observer;
    unsigned tries = 0; ///< 0: those of `retry_rules`
};

/// How a blob came to be in the repository.
enum class push_way : std::uint8_t { existing, ///< it was there
                                     mounted,  ///< from another repository
                                     sent };

/// A blob that is in the repository.
struct pushed_blob {
    explicit pushed_blob(descriptor w) : what(std::move(w)) {}
    descriptor what;
    push_way way = push_way::sent;
    std::vector<warning> warnings;
};

} // namespace lading
