// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The library with its default backends: standalone Asio and OpenSSL for the transport, the strict JSON reader,
/// OpenSSL for hashing.

#include "core.hpp"
#include "fwd.hpp"

#include "bulk/async_inspect_all.hpp"
#include "bulk/each.hpp"
#include "client/async.hpp"
#include "config_files/certs_d.hpp"
#include "config_files/config_credentials.hpp"
#include "hash/openssl_hash.hpp"
#include "json/strict_json.hpp"
#include "net/asio_sync_transport.hpp"
#include "net/asio_transport.hpp"

namespace lading {

/// The policies of `client`. Derive from it and replace one.
struct default_policies : core_policies {
    using transport = asio_sync_transport;
    using json = strict_json;
    using hash = openssl_hash;
};

/// The policies of `async_client`.
struct async_policies : default_policies {
    using transport = asio_transport;
};

/// The blocking client: `lading::client registry;`.
using client = basic_client<default_policies>;
/// The asynchronous client: `lading::async_client registry{lading::asio_transport(executor)};`.
using async_client = basic_client<async_policies>;

} // namespace lading
