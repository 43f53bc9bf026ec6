// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The library with its default backends: standalone Asio and OpenSSL for the transport, the strict JSON reader,
/// OpenSSL for hashing.

#include "core.hpp"
#include "fwd.hpp"

#include "bulk/async_inspect_all.hpp"
#include "bulk/each.hpp"
#include "client/async.hpp"
#include "client/async_client.hpp"
#include "client/client.hpp"
#include "client/default_policies.hpp"
#include "config_files/certs_d.hpp"
#include "config_files/config_credentials.hpp"
#include "impl/front.hpp"

#if !defined(LADING_SEPARATE_COMPILATION)
#include "impl/async_client.ipp"
#include "impl/client.ipp"
#endif
