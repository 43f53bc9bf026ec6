// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The policies of the default backends: standalone Asio and OpenSSL for the transport, the strict JSON reader, OpenSSL
/// for hashing.

#include "../hash/openssl_hash.hpp"
#include "../json/strict_json.hpp"
#include "../net/asio_sync_transport.hpp"
#include "../net/asio_transport.hpp"
#include "policies.hpp"

namespace lading {

/// The policies of a blocking client. Derive from it, replace one, and name the result: `basic_client<mine>`.
struct default_policies : core_policies {
    using transport = asio_sync_transport;
    using json = strict_json;
    using hash = openssl_hash;
};

/// The same with the asynchronous transport.
struct async_policies : default_policies {
    using transport = asio_transport;
};

} // namespace lading
