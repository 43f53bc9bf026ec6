// SPDX-License-Identifier: BSL-1.0
#pragma once

/// One connection of a server: a socket, with TLS or without.

#include <lading/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

/// The certificate and the key that a server shows.
class server_tls {
  public:
    /// Of two PEM files. Errors: `invalid_argument` with the file and OpenSSL's reason.
    static lading::result<server_tls> of(std::string const& certificates, std::string const& key);

  private:
    friend class wire;
    std::shared_ptr<ssl_ctx_st> context_;
};

/// Blocks; each wait ends after a minute. Does not own the socket. Threads: one at a time; `shutdown` of the socket by another ends its waits.
class wire {
  public:
    explicit wire(int socket) : socket_(socket) {}
    wire(wire const&) = delete;
    ~wire();

    /// The handshake; false: it failed.
    bool secure(server_tls const& with);
    /// Bytes that came, 0 at the end, -1 on failure.
    std::ptrdiff_t receive(char* into, std::size_t room);
    bool send(std::string_view bytes);
    /// Says that nothing more is sent.
    void finish();

  private:
    int socket_;
    ssl_st* tls_ = nullptr;
};
