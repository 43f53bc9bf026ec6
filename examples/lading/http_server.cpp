// SPDX-License-Identifier: BSL-1.0
#include "http_server.hpp"

#include "request_body.hpp"

#include <lading/detail/text.hpp>
#include <lading/http/url.hpp>
#include <lading/service/small_answer.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <span>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::size_t most_head = 64 << 10; ///< bytes of a request

lading::error lost() { return lading::error(lading::errc::connection_reset).with_context("the client is gone"); }

/// Writes an answer to a connection.
class wire_body final : public lading::body_sink {
  public:
    wire_body(wire& to, request_body const& asked, bool keep_alive, bool head_only) : to_(to), asked_(asked), keep_alive_(keep_alive), head_only_(head_only) {}

    lading::result<lading::sink_action> begin(lading::response const& head, std::optional<std::uint64_t> length) override {
        begun_ = true;
        keep_alive_ = keep_alive_ && (length || head_only_) && asked_.can_be_skipped();
        left_ = head_only_ ? 0 : length.value_or(0);
        std::string text = "HTTP/1.1 " + std::to_string(head.status) + " \r\n";
        for (auto const& [name, value] : head.headers) text.append(name).append(": ").append(value).append("\r\n");
        text += keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n";
        if (!to_.send(text)) return lost();
        return lading::sink_action::proceed;
    }
    lading::result<lading::sink_action> write(std::span<std::byte const> piece) override {
        if (head_only_) return lading::sink_action::stop;
        left_ -= std::min<std::uint64_t>(left_, piece.size());
        if (!to_.send({reinterpret_cast<char const*>(piece.data()), piece.size()})) return lost();
        return lading::sink_action::proceed;
    }
    bool begun() const noexcept { return begun_; }
    /// Another request may follow: all that was announced has been sent.
    bool keep_alive() const noexcept { return keep_alive_ && left_ == 0; }

  private:
    wire& to_;
    request_body const& asked_;
    bool keep_alive_, head_only_, begun_ = false;
    std::uint64_t left_ = 0;
};

/// A request of its head, which ends with the empty line; nothing for one that is not well-formed.
std::optional<lading::request> request_of(std::string_view head, std::string const& origin, std::string const& address, bool& keep_alive) {
    auto const line = [&head] {
        auto const end = head.find("\r\n");
        auto const out = head.substr(0, end);
        head.remove_prefix(end + 2);
        return out;
    };
    auto const first = line();
    auto const a = first.find(' '), b = first.rfind(' ');
    if (a == first.npos || a == b || first[a + 1] != '/' || !first.substr(b + 1).starts_with("HTTP/1.")) return std::nullopt;
    lading::request out(std::string(first.substr(0, a)), {});
    keep_alive = first.ends_with("1.1");
    while (!head.starts_with("\r\n")) {
        auto const field = line();
        auto const colon = field.find(':');
        auto const name = field.substr(0, colon);
        auto const odd = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
        if (colon == field.npos || name.empty() || !std::all_of(name.begin(), name.end(), lading::detail::is_tchar)) return std::nullopt;
        if (std::any_of(field.begin(), field.end(), odd)) return std::nullopt; // other line ends, that somebody else may take for one
        auto value = field.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
        out.headers.add(name, value);
    }
    if (lading::iequal(out.headers.find("Connection").value_or(""), "close")) keep_alive = false;
    auto const host = out.headers.find("Host").value_or(address);
    auto const of_hosts = [](char c) { return lading::detail::is_alnum(c) || std::string_view(".-_:[]").find(c) != std::string_view::npos; };
    if (host.empty() || !std::all_of(host.begin(), host.end(), of_hosts)) return std::nullopt;
    out.url = origin + std::string(host) + std::string(first.substr(a + 1, b - a - 1));
    if (!lading::url::parse(out.url)) return std::nullopt;
    return out;
}

/// Answers what could not be answered otherwise.
void refuse(wire_body& out, lading::error const& e) {
    bool const is_full = e == lading::errc::disk_full || e == lading::errc::manifest_limit;
    bool const is_busy = e == lading::errc::layout_locked || e == lading::errc::part_in_use;
    int const status = is_full ? 507 : is_busy ? 503
                                               : 500;
    auto const* const text = is_full ? "no room is left, or none that may be used" : is_busy ? "another program writes to it; later"
                                                                                             : "unknown error";
    auto said = lading::service::refusal(status, "UNKNOWN", text);
    said.head.headers.set("Content-Length", std::to_string(said.body.size()));
    if (out.begin(said.head, said.body.size())) (void)out.write(std::as_bytes(std::span(said.body)));
}

/// Answers what cannot be read, and reads a little of what follows, so that the client sees the answer.
void give_up(wire& with) {
    with.send("HTTP/1.1 400 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    with.finish();
    char piece[16384];
    for (int n = 0; n < 64 && with.receive(piece, sizeof piece) > 0; ++n) {}
}

/// The requests of one connection, until it ends.
void talk(wire& with, std::string const& origin, std::string const& address, http_server::answerer const& answer, std::stop_token const& stop) {
    std::string buffer;
    for (bool keep_alive = true; keep_alive && !stop.stop_requested();) {
        std::size_t end;
        while ((end = buffer.find("\r\n\r\n")) == buffer.npos && buffer.size() < most_head) {
            char piece[16384];
            auto const n = with.receive(piece, sizeof piece);
            if (n <= 0) return;
            buffer.append(piece, static_cast<std::size_t>(n));
            if (buffer[0] < 'A' || buffer[0] > 'Z') return give_up(with); // a TLS client would wait for an answer
        }
        auto query = end == buffer.npos ? std::nullopt : request_of(std::string_view(buffer).substr(0, end + 4), origin, address, keep_alive);
        auto const framing = query ? body_framing::of(*query) : std::nullopt;
        if (!framing) return give_up(with);
        buffer.erase(0, end + 4);
        request_body body(with, buffer, *framing);
        query->source = &body;
        query->stop = stop;
        wire_body out(with, body, keep_alive, query->method == "HEAD");
        auto const answered = answer(*query, out);
        if (body.is_broken() && !out.begun()) return give_up(with);
        if (!answered && !out.begun()) refuse(out, answered.assume_error());
        if (!answered && !out.keep_alive()) return with.finish();
        keep_alive = out.keep_alive() && answered.has_value();
        if (!keep_alive) { // what the client still sends is read, so that it sees the answer
            with.finish();
            return body.skip(std::uint64_t{64} << 20);
        }
        if (!body.skip_rest()) return;
    }
}

} // namespace

lading::result<http_server> http_server::listen(std::string const& where, std::optional<server_tls> tls) {
    auto const colon = where.rfind(':');
    auto host = where.substr(0, colon);
    auto const port_text = where.substr(colon + 1);
    bool const brackets = host.starts_with('[') && host.ends_with(']');
    bool const port_fits = !port_text.empty() && port_text.size() < 6 && port_text.find_first_not_of("0123456789") == port_text.npos && std::stoul(port_text) < 65'536;
    if (colon == where.npos || host.empty() || !port_fits || (!brackets && host.find(':') != host.npos))
        return lading::error(lading::errc::invalid_argument).with_context("--listen is HOST:PORT, or [IPV6]:PORT, and a port is at most 65535: " + where);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    auto const wrong = getaddrinfo((brackets ? host.substr(1, host.size() - 2) : host).c_str(), port_text.c_str(), &hints, &found);
    if (wrong) return lading::error(lading::errc::invalid_argument).with_context(where + ": " + gai_strerror(wrong));
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const place(found, &freeaddrinfo);
    auto const failed = [&where] { return lading::error(lading::errc::connect_failed).with_context(errno == EADDRINUSE ? where + " is in use by another program" : where + ": " + std::strerror(errno)); };
    http_server out(::socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), {}, false);
    int const yes = 1;
    if (out.socket_ < 0) return failed();
    setsockopt(out.socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(out.socket_, place->ai_addr, place->ai_addrlen) != 0 || ::listen(out.socket_, 64) != 0) return failed();
    sockaddr_storage got{};
    socklen_t size = sizeof got;
    if (getsockname(out.socket_, reinterpret_cast<sockaddr*>(&got), &size) != 0) return failed();
    auto const port = got.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(got).sin6_port : reinterpret_cast<sockaddr_in&>(got).sin_port;
    out.tls_ = std::move(tls);
    out.address_ = host + ':' + std::to_string(ntohs(port));
    out.loopback_ = got.ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6&>(got).sin6_addr)
                                              : (ntohl(reinterpret_cast<sockaddr_in&>(got).sin_addr.s_addr) >> 24) == 127;
    return out;
}

void http_server::serve(answerer const& answer, std::stop_token const& stop) {
    std::signal(SIGPIPE, SIG_IGN); // of a client that is gone, inside TLS
    struct connection {
        int socket;
        std::atomic<bool> over{false};
        std::thread thread;
    };
    std::mutex mutex;
    std::list<connection> open;
    std::stop_callback const closing(stop, [&] {
        ::shutdown(socket_, SHUT_RDWR); // ends `accept`
        std::lock_guard const lock(mutex);
        for (auto& c : open) ::shutdown(c.socket, SHUT_RDWR);
    });
    auto const sweep = [&](bool all) {
        std::list<connection> ended;
        {
            std::lock_guard const lock(mutex);
            for (auto at = open.begin(); at != open.end();) {
                auto const next = std::next(at);
                if (all || at->over) ended.splice(ended.end(), open, at);
                at = next;
            }
        }
        for (auto& c : ended) {
            if (all) ::shutdown(c.socket, SHUT_RDWR);
            c.thread.join();
            ::close(c.socket);
        }
    };
    auto const talk_on = [&](connection& c) {
        timeval const patience{60, 0};
        int const yes = 1;
        setsockopt(c.socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(c.socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        try {
            wire with(c.socket);
            if (!tls_ || with.secure(*tls_)) talk(with, tls_ ? "https://" : "http://", address_, answer, stop);
        } catch (std::exception const&) { // no memory: this connection ends, and the others go on
        }
        ::shutdown(c.socket, SHUT_RDWR); // the client need not wait for the sweep
        c.over = true;
    };
    /// With the mutex. False: there are too many, or there is no memory or no thread for one more.
    auto const begin = [&](int socket) {
        if (open.size() >= most_connections) return false;
        try {
            open.emplace_back().socket = socket;
            open.back().thread = std::thread([&talk_on, &c = open.back()] { talk_on(c); });
            return true;
        } catch (std::exception const&) {
            if (!open.empty() && open.back().socket == socket) open.pop_back();
            return false;
        }
    };
    while (!stop.stop_requested()) {
        int const socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0 && stop.stop_requested()) break;
        if (socket < 0) { // too many files, or a client that is gone: others may come, when those that are over have given theirs back
            sweep(false);
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            continue;
        }
        sweep(false);
        std::lock_guard const lock(mutex);
        if (begin(socket)) continue;
        if (!tls_) wire(socket).send("HTTP/1.1 503 \r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n");
        ::close(socket);
    }
    sweep(true);
}

http_server::http_server(http_server&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), address_(std::move(other.address_)), loopback_(other.loopback_), tls_(std::move(other.tls_)) {}

http_server::~http_server() {
    if (socket_ >= 0) ::close(socket_);
}
