// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A small HTTP/1.1 server: one thread a connection, bodies of requests and answers passed on as they come.

#include "wire.hpp"

#include <lading/http/message.hpp>
#include <lading/result.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

/// Listens on one address. Threads: `answer` is called by several at once.
class http_server {
  public:
    /// Answers a request by way of `out`; an error after `begin` cuts the connection, one before is answered with 500, 503 or 507. The body of the request is
    /// its `source`, which is read from the connection.
    using answerer = std::function<lading::result<lading::response>(lading::request const&, lading::body_sink& out)>;

    /// `where` is HOST:PORT; port 0: a free one. With `tls`, https. Errors: `invalid_argument`, `connect_failed` with the reason.
    static lading::result<http_server> listen(std::string const& where, std::optional<server_tls> tls = {});

    /// "HOST:PORT", as a reference begins.
    std::string const& address() const noexcept { return address_; }
    std::string url() const { return (tls_ ? "https://" : "http://") + address_; }
    bool is_loopback() const noexcept { return loopback_; } ///< only this machine can reach it

    /// Serves until `stop` is requested; connections that are open then are closed.
    void serve(answerer const& answer, std::stop_token const& stop);

    http_server(http_server&& other) noexcept;
    http_server& operator=(http_server&&) = delete;
    ~http_server();

  private:
    http_server(int socket, std::string address, bool loopback) : socket_(socket), address_(std::move(address)), loopback_(loopback) {}

    static constexpr std::size_t most_connections = 256;

    int socket_;
    std::string address_;
    bool loopback_;
    std::optional<server_tls> tls_;
};
