// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `transport_state`: what the exchanges of one `asio_transport` share.

#include "../endpoint/network_options.hpp"
#include "../limits.hpp"
#include "connection_pool.hpp"
#include "deadlines.hpp"
#include "tls_contexts.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>

#include <memory>
#include <utility>

namespace lading::detail {

/// Everything that changes is thread-safe by itself.
struct transport_state {
    transport_state(asio::any_io_executor e, network_options n, limits l, bool one)
        : executor(std::move(e)), network(std::move(n)), bounds(std::move(l)), one_thread(one),
          pool(std::make_shared<connection_pool>(bounds)), times(std::make_shared<deadlines>(executor)) {}

    asio::any_io_executor const executor;
    network_options const network;
    limits const bounds;
    bool const one_thread; ///< runs the executor
    tls_contexts contexts;
    std::shared_ptr<connection_pool> const pool;
    std::shared_ptr<deadlines> const times;

    /// An executor for one exchange, which runs one handler at a time.
    asio::any_io_executor serial() const { return one_thread ? executor : asio::any_io_executor(asio::make_strand(executor)); }
};

} // namespace lading::detail
