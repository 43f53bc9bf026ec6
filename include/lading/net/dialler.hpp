// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `dialler`: connects to one of several addresses of a host (happy eyeballs, RFC 8305).
///
/// Families take turns; every 250 ms, and as soon as an attempt fails, the next address is tried beside those under way.
/// The first to connect wins, the others are closed.

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace lading::detail {

/// The addresses so that families take turns, beginning with that of the first; the order within a family is kept.
inline std::vector<asio::ip::tcp::endpoint> interleaved(std::vector<asio::ip::tcp::endpoint> const& all) {
    std::vector<asio::ip::tcp::endpoint> out;
    out.reserve(all.size());
    std::size_t next[2] = {0, 0}; // of the first family, of the other
    for (std::size_t turn = 0; out.size() < all.size(); turn ^= 1) {
        auto& at = next[turn];
        while (at < all.size() && (all[at].protocol() == all.front().protocol()) == (turn != 0)) ++at;
        if (at < all.size()) out.push_back(all[at++]);
    }
    return out;
}

/// Opens a socket that programs which this one starts do not inherit. Without success it stays closed: the attempt to
/// connect opens it then, or says why not.
inline void open_for_us(asio::ip::tcp::socket& socket, asio::ip::tcp const& protocol) {
#if defined(SOCK_CLOEXEC)
    int const made = ::socket(protocol.family(), protocol.type() | SOCK_CLOEXEC, protocol.protocol());
    if (made < 0) return;
    asio::error_code ec;
    socket.assign(protocol, made, ec);
    if (ec) ::close(made);
#else
    asio::error_code ec;
    socket.open(protocol, ec);
#if defined(FD_CLOEXEC)
    if (!ec) ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
#endif
#endif
}

/// Used on one executor, that of its owner, which runs one handler at a time. One use an object.
class dialler {
  public:
    static constexpr std::chrono::milliseconds step{250};
    static constexpr std::size_t most = 32; ///< addresses that are tried

    dialler(asio::any_io_executor e, asio::any_io_executor serial)
        : executor_(std::move(e)), serial_(std::move(serial)), timer_(executor_) {}

    /// Calls `owner->on_dialled(error_code)` on that executor, once, later; without an error there is a socket to `take`.
    /// The error is that of the first attempt that failed. `this` is part of the owner. At least one address.
    template <class Owner>
    void start(std::vector<asio::ip::tcp::endpoint> const& addresses, std::shared_ptr<Owner> const& owner) {
        addresses_ = interleaved(addresses);
        if (addresses_.size() > most) addresses_.resize(most);
        attempts_.reserve(addresses_.size());
        attempt(owner);
    }
    /// No more attempts; those under way end now. `on_dialled` is called if it was not yet.
    void cancel() {
        cancelled_ = true;
        settle();
    }
    asio::ip::tcp::socket take() { return std::move(*winner_); }

  private:
    template <class Owner>
    void attempt(std::shared_ptr<Owner> const& owner) {
        auto const at = attempts_.size();
        auto& socket = attempts_.emplace_back(executor_);
        open_for_us(socket, addresses_[at].protocol());
        ++under_way_;
        socket.async_connect(addresses_[at], asio::bind_executor(serial_, [this, owner, at](asio::error_code const& ec) {
                                 on_attempt(owner, at, ec);
                             }));
        if (attempts_.size() == addresses_.size()) return;
        timer_.expires_after(step);
        timer_.async_wait(asio::bind_executor(serial_, [this, owner, at](asio::error_code const& ec) {
            bool const mine = at + 1 == attempts_.size();
            if (!ec && mine && !over()) attempt(owner);
        }));
    }
    template <class Owner>
    void on_attempt(std::shared_ptr<Owner> const& owner, std::size_t at, asio::error_code const& ec) {
        --under_way_;
        if (winner_) return; // somebody was faster, and has told the owner
        if (!ec && !cancelled_) {
            winner_.emplace(std::move(attempts_[at]));
            settle();
            return owner->on_dialled(asio::error_code());
        }
        if (!failure_) failure_ = ec;
        if (cancelled_) failure_ = asio::error::operation_aborted;
        else if (attempts_.size() < addresses_.size()) return attempt(owner);
        if (under_way_ == 0) owner->on_dialled(failure_);
    }
    bool over() const noexcept { return winner_ || cancelled_; }
    void settle() {
        timer_.cancel();
        for (auto& s : attempts_) {
            asio::error_code ignored;
            s.close(ignored);
        }
    }

    asio::any_io_executor executor_;
    asio::any_io_executor serial_;
    asio::steady_timer timer_;
    std::vector<asio::ip::tcp::endpoint> addresses_;
    std::vector<asio::ip::tcp::socket> attempts_;
    std::optional<asio::ip::tcp::socket> winner_;
    std::size_t under_way_ = 0;
    asio::error_code failure_;
    bool cancelled_ = false;
};

} // namespace lading::detail
