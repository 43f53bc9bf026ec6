// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `new_connection`: what an exchange takes to have a new connection made, through a proxy where there is one.

#include "../http/message.hpp"
#include "dialler.hpp"

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace lading::detail {

/// Takes the body of a proxy's answer, which is nobody's.
struct discarding_sink final : body_sink {
    result<sink_action> begin(response const&, std::optional<std::uint64_t>) override { return sink_action::proceed; }
    result<sink_action> write(std::span<std::byte const>) override { return sink_action::stop; }
};

struct new_connection {
    /// `e` of the transport, `serial` of the exchange.
    new_connection(asio::any_io_executor const& e, asio::any_io_executor const& serial) : dial(e, serial) {}

    dialler dial;
    std::string tunnel_text; ///< of the CONNECT, where there is a proxy
    std::string tunnel_url;  ///< of the proxy; the reader keeps a reference to it
    discarding_sink tunnel_body;
};

} // namespace lading::detail
