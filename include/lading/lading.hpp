// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The library with its default backends: standalone Asio and OpenSSL for the transport, the strict JSON reader,
/// OpenSSL for hashing.

#include "core.hpp"
#include "fwd.hpp"

#include "backend/asio_sync_transport.hpp"
#include "backend/asio_transport.hpp"
#include "backend/certs_d.hpp"
#include "backend/config_credentials.hpp"
#include "backend/openssl_hash.hpp"
#include "backend/strict_json.hpp"
#include "run/asio.hpp"
#include "run/async_inspect_all.hpp"
#include "run/each.hpp"

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
