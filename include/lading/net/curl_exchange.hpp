// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `curl_exchange`: one exchange of `curl_transport`: what libcurl's callbacks are given, our limits, and our errors for libcurl's.

#include "../config.hpp"
#include "../detail/mutex.hpp"
#include "../detail/stop_token.hpp"
#include "../endpoint/network_options.hpp"
#include "../http/address.hpp"
#include "../limits.hpp"
#include "../policy/transport.hpp"
#include "curl_request.hpp"
#include "http1_head.hpp"
#include "transport_failure.hpp"

#include <curl/curl.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::detail {

/// One exchange: what libcurl's callbacks are given.
class curl_exchange {
  public:
    using clock = std::chrono::steady_clock;

    curl_exchange(CURL* easy, network_options const& n, limits const& l, request const& q, body_sink& out)
        : easy_(easy), network_(n), bounds_(l), query_(q), sink_(out), asked_(easy, n, l, q), pace_(l) {}

    result<response> run(CURLM* multi) {
        if (auto ready = prepare(); !ready) return fail(std::move(ready).assume_error());
        multi_ = multi;
        stop_callback const wake(query_.stop, [multi] { curl_multi_wakeup(multi); }); // by whichever thread stops it
        curl_multi_add_handle(multi, easy_);
        auto const code = drive(multi);
        curl_multi_remove_handle(multi, easy_);
        if (woken_) woken_->end();
#if LADING_HAS_EXCEPTIONS
        if (thrown_) std::rethrow_exception(thrown_);
#endif
        head_.peer = peer_;
        head_.sent_whole = sent_whole();
        head_.warnings = asked_.take_remarks();
        // A forwarded request has its answer from the proxy, which means itself here.
        if (begun_ && head_.status == 407 && !asked_.proxy().empty() && asked_.target()->scheme() == "http")
            return fail(error(errc::proxy_failed).with_context(asked_.proxy() + ": it answered 407"));
        if (stopped_ && !failure_) return std::move(head_);
        if (failure_) return fail(std::move(*failure_));
        if (code != CURLE_OK) return fail(error_of(code));
        if (!begun_) return fail(error(errc::http_malformed).with_context("no head"));
        return std::move(head_);
    }

  private:
    error fail(error e) const {
        exchange_progress p;
        p.target = asked_.target();
        p.started = !raw_head_.empty() || begun_;
        p.status = begun_ ? head_.status : 0;
        p.proxied = !asked_.proxy().empty();
        return complete_failure(std::move(e), query_, bounds_, p);
    }

    result<void> prepare() {
        LADING_TRY_V(asked_.prepare());
        prepare_callbacks();
        return asked_.accepted();
    }
    void prepare_callbacks() {
        asked_.set(CURLOPT_HEADERFUNCTION, &on_header);
        asked_.set(CURLOPT_HEADERDATA, this);
        asked_.set(CURLOPT_WRITEFUNCTION, &on_body);
        asked_.set(CURLOPT_WRITEDATA, this);
        asked_.set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
        asked_.set(CURLOPT_OPENSOCKETDATA, this);
        asked_.set(CURLOPT_PREREQFUNCTION, &on_request);
        asked_.set(CURLOPT_PREREQDATA, this);
        asked_.set(CURLOPT_NOPROGRESS, 1L);
        if (!query_.source) return;
        asked_.set(CURLOPT_READFUNCTION, &on_more);
        asked_.set(CURLOPT_READDATA, this);
        asked_.set(CURLOPT_SEEKFUNCTION, &on_seek);
        asked_.set(CURLOPT_SEEKDATA, this);
    }

    /// Runs libcurl until the exchange is over, under our limits.
    CURLcode drive(CURLM* multi) {
        moved_ = clock::now();
        for (;;) {
            int running = 0;
            if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
            int left = 0;
            while (auto const* const message = curl_multi_info_read(multi, &left))
                if (message->msg == CURLMSG_DONE) return message->data.result;
            if (failure_ || stopped_ || running == 0) return CURLE_ABORTED_BY_CALLBACK;
            if (query_.stop.stop_requested()) {
                failure_ = error(errc::cancelled);
                return CURLE_ABORTED_BY_CALLBACK;
            }
            errc what = errc::timeout_header;
            auto until = moved_ + bounds_.header;
            if (!sent_) until = moved_ + bounds_.connect + bounds_.handshake, what = errc::connect_timeout;
            bool const sending = query_.source && sent_ && !begun_ && !given_all_;
            if (sending) until = moved_ + bounds_.idle, what = errc::timeout_write;
            if (sending && paused_) until = clock::time_point::max(); // the peer is not to blame
            if (begun_) until = moved_ + bounds_.idle, what = errc::timeout_body;
            if (query_.deadline && *query_.deadline < until) until = *query_.deadline, what = errc::timeout;
            auto const now = clock::now();
            if (now >= until) {
                failure_ = what == errc::connect_timeout ? connect_timeout() : error(what);
                return CURLE_ABORTED_BY_CALLBACK;
            }
            if (paused_ && woken_->take()) {
                paused_ = false;
                moved_ = now;
                curl_easy_pause(easy_, CURLPAUSE_CONT);
                continue;
            }
            auto const wait = until == clock::time_point::max() ? 1000 : std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
            curl_multi_poll(multi, nullptr, 0, static_cast<int>(std::min<std::int64_t>(wait, 1000)), nullptr);
        }
    }

    /// libcurl does not say whether the handshake was under way.
    error connect_timeout() const {
        return error(errc::connect_timeout)
            .with_values(limit_text(bounds_.connect + bounds_.handshake, "limits::connect and limits::handshake"), "more");
    }
    error error_of(CURLcode code) const {
        // A header line over libcurl's own limit is CURLE_TOO_LARGE (100) since 8.6, and said to be no memory before.
        if (static_cast<int>(code) == 100 || (code == CURLE_OUT_OF_MEMORY && sent_))
            return error(errc::http_header_too_large)
                .with_context(begun_ ? "trailers" : "the head of the answer")
                .with_values("lines of at most " + std::to_string(bounds_.header_line) + " bytes (limits::header_line)", "more");
        auto const text = [&](errc e) { return error(e).with_context(curl_easy_strerror(code)); };
        auto const proxy_error = [&](char const* why) { return error(errc::proxy_failed).with_context(asked_.proxy() + ": " + why); };
        switch (code) {
        case CURLE_URL_MALFORMAT: return text(errc::url_invalid);
        case CURLE_COULDNT_RESOLVE_HOST: return error(errc::host_not_found).with_context(asked_.target()->host());
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_PROXY: return proxy_error(curl_easy_strerror(code));
        case CURLE_COULDNT_CONNECT: {
            long number = 0;
            curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &number);
            if (!asked_.proxy().empty()) return proxy_error(std::strerror(static_cast<int>(number)));
            return error(number == ECONNREFUSED ? errc::connection_refused : errc::connect_failed)
                .with_context(std::strerror(static_cast<int>(number)));
        }
        case CURLE_OPERATION_TIMEDOUT: return connect_timeout();
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM: return text(errc::tls_config_invalid);
        case CURLE_PEER_FAILED_VERIFICATION: {
            long verdict = 0; // what the chain says; 0 or 1 (not said) when the chain is good and the name is not
            curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verdict);
            return text(verdict <= 1 ? errc::tls_host_mismatch : errc::tls_cert_untrusted);
        }
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER: return text(errc::tls_handshake_failed);
        case CURLE_PARTIAL_FILE: return text(errc::http_body_truncated);
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
            return !asked_.proxy().empty() && !sent_ ? proxy_error(curl_easy_strerror(code)) : text(errc::connection_reset);
        case CURLE_OUT_OF_MEMORY: return text(errc::out_of_memory);
        default: return text(errc::http_malformed);
        }
    }

    // ---- callbacks

    /// What a callback does. An exception must not pass libcurl: it is thrown where the exchange is over.
    template <class T, class F>
    static T guarded(void* self, T otherwise, F&& what) {
        auto& of = *static_cast<curl_exchange*>(self);
#if LADING_HAS_EXCEPTIONS
        try {
            return what(of);
        } catch (...) {
            of.thrown_ = std::current_exception();
            of.stopped_ = true;
            return otherwise;
        }
#else
        (void)otherwise;
        return what(of);
#endif
    }
    static std::size_t on_header(char* bytes, std::size_t, std::size_t n, void* self) {
        return guarded(self, std::size_t{0}, [&](auto& of) { return of.take_header({bytes, n}) ? n : 0; });
    }
    static std::size_t on_body(char* bytes, std::size_t, std::size_t n, void* self) {
        return guarded(self, std::size_t{0}, [&](auto& of) { return n == 0 || of.take_body({bytes, n}) ? n : 0; });
    }
    static std::size_t on_more(char* into, std::size_t size, std::size_t n, void* self) {
        return guarded(self, std::size_t{CURL_READFUNC_ABORT}, [&](auto& of) { return of.give_body(into, size * n); });
    }
    static int on_seek(void* self, curl_off_t to, int from) {
        return guarded(self, int{CURL_SEEKFUNC_FAIL}, [&](auto& of) -> int { return of.seek(to, from) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL; });
    }
    static curl_socket_t on_open(void* self, curlsocktype, curl_sockaddr* to) {
        if (!guarded(self, false, [&](auto& of) { return of.may_dial(to->addr); })) return CURL_SOCKET_BAD;
        return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    }
    static int on_request(void* self, char* address, char*, int port, int) {
        return guarded(self, int{CURL_PREREQFUNC_ABORT}, [&](auto& of) -> int { return of.may_use(address, port) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT; });
    }

    std::size_t give_body(char* into, std::size_t room) {
        moved_ = clock::now();
        if (!woken_) woken_ = std::make_shared<waker>(multi_);
        if (!query_.source->ready([w = woken_] { w->wake(); })) return paused_ = true, CURL_READFUNC_PAUSE;
        auto n = query_.source->read(std::as_writable_bytes(std::span(into, room)));
        auto const size = query_.source->size();
        if (!n) {
            refuse(std::move(n).assume_error());
            return CURL_READFUNC_ABORT;
        }
        given_ += n.assume_value();
        bool const end = n.assume_value() == 0;
        if (size && (given_ > *size || (end && given_ < *size))) {
            refuse(error(errc::source_changed).with_values(std::to_string(*size) + " bytes", end ? std::to_string(given_) : "more"));
            return CURL_READFUNC_ABORT;
        }
        given_all_ = end || given_ == size;
        return n.assume_value();
    }
    bool seek(curl_off_t to, int from) {
        if (to != 0 || from != SEEK_SET || !query_.source->begin()) return false;
        given_ = 0;
        given_all_ = false;
        return true;
    }
    /// All that libcurl was given has left.
    bool sent_whole() {
        if (!query_.source) return true;
        curl_off_t n = 0;
        curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &n);
        auto const size = query_.source->size();
        return (given_all_ || size == std::uint64_t{0}) && static_cast<std::uint64_t>(n) >= given_;
    }

    bool refuse(error e) {
        if (!failure_) failure_ = std::move(e);
        return false;
    }
    bool take_header(std::string_view line) {
        moved_ = clock::now();
        sent_ = true;
        if (begun_) { // a trailer: counted and dropped
            trailers_ += line.size();
            return trailers_ <= bounds_.trailer_bytes || refuse(error(errc::http_header_too_large).with_context("trailers"));
        }
        if (!line.ends_with("\r\n")) return refuse(bare_line_feed());
        if (raw_head_.empty() && line.starts_with("HTTP/2 ")) raw_head_ = "HTTP/1.1" + std::string(line.substr(6));
        else raw_head_ += line;
        if (raw_head_.size() > bounds_.header_bytes)
            return refuse(error(errc::http_header_too_large).with_values("at most " + std::to_string(bounds_.header_bytes) + " bytes (limits::header_bytes)", "more"));
        return line != "\r\n" || take_head();
    }
    bool take_head() {
        auto const framing = check_head(raw_head_, bounds_);
        if (!framing) return refuse(framing.assume_error());
        std::string_view rest = raw_head_;
        response head((rest[9] - '0') * 100 + (rest[10] - '0') * 10 + (rest[11] - '0'));
        head.url = query_.url;
        if (head.status == 101)
            return refuse(error(errc::http_unexpected_status).with_context("nothing was to be upgraded").with_status(101));
        if (head.status < 200) {
            raw_head_.clear();
            return ++informational_ <= bounds_.informational || refuse(error(errc::http_too_many_informational));
        }
        for (rest.remove_prefix(rest.find("\r\n") + 2); !rest.starts_with("\r\n");) {
            auto const line = rest.substr(0, rest.find("\r\n"));
            auto const colon = line.find(':');
            head.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
            rest.remove_prefix(line.size() + 2);
        }
        head_ = std::move(head);
        begun_ = true;
        return obey(sink_.begin(head_, framing.assume_value().content_length));
    }
    bool take_body(std::string_view piece) {
        moved_ = clock::now();
        if (!pace_.keeps(piece.size(), moved_)) return refuse(pace_.too_slow());
        return obey(sink_.write(std::as_bytes(std::span(piece.data(), piece.size()))));
    }
    bool obey(result<sink_action> verdict) {
        if (!verdict) return refuse(std::move(verdict).assume_error());
        stopped_ = verdict.assume_value() == sink_action::stop;
        return !stopped_;
    }

    /// May the connection go to this address? A proxy may be anywhere, but only the proxy: that one was meant is not enough.
    bool may_connect(ip_bytes const& to, std::uint16_t port) {
        if (query_.address_policy == address_policy::anywhere || network_.inner_addresses) return true;
        if (asked_.is_proxy(to, port)) return true;
        return may_reach(query_.address_policy, scope_of(to.span())) || refuse(error(errc::address_refused).with_context(asked_.target()->host()));
    }
    bool may_dial(sockaddr const& to) {
        if (to.sa_family == AF_INET) {
            sockaddr_in in{};
            std::memcpy(&in, &to, sizeof in);
            ip_bytes at;
            at.size = sizeof in.sin_addr;
            std::memcpy(at.bytes.data(), &in.sin_addr, at.size);
            return may_connect(at, ntohs(in.sin_port));
        }
        if (to.sa_family != AF_INET6) return may_connect({}, 0);
        sockaddr_in6 in{}; // libcurl's own structure is as large as any address
        std::memcpy(&in, static_cast<void const*>(&to), sizeof in);
        ip_bytes at;
        at.size = sizeof in.sin6_addr;
        std::memcpy(at.bytes.data(), &in.sin6_addr, at.size);
        return may_connect(at, ntohs(in.sin6_port));
    }
    /// A kept connection may have been made for a request that could go further.
    bool may_use(char const* address, int port) {
        sent_ = true;
        moved_ = clock::now();
        auto const to = parse_ip(std::string_view(address).substr(0, std::string_view(address).find('%')));
        if (asked_.proxy().empty() && to) peer_ = scope_of(to.span());
        return may_connect(to, static_cast<std::uint16_t>(port));
    }

    /// Lets a source that was waited for wake the loop, as long as it waits.
    class waker {
      public:
        explicit waker(CURLM* m) : multi_(m) {}
        void wake() {
            std::lock_guard const lock(mutex_);
            woken_ = true;
            if (multi_) curl_multi_wakeup(multi_);
        }
        bool take() {
            std::lock_guard const lock(mutex_);
            return std::exchange(woken_, false);
        }
        void end() {
            std::lock_guard const lock(mutex_);
            multi_ = nullptr;
        }

      private:
        std::mutex mutex_;
        CURLM* multi_;
        bool woken_ = false;
    };

    CURL* easy_;
    network_options const& network_;
    limits const& bounds_;
    request const& query_;
    body_sink& sink_;
    curl_request asked_;
    pace_watch pace_;
    std::optional<address_scope> peer_;    ///< where the connection goes
    bool sent_ = false; ///< the connection stands
    CURLM* multi_ = nullptr;
    std::shared_ptr<waker> woken_;
    std::uint64_t given_ = 0; ///< bytes of the body
    bool given_all_ = false;
    bool paused_ = false; ///< until the source has more
    clock::time_point moved_;

    std::string raw_head_;
    response head_;
    bool begun_ = false;
    bool stopped_ = false;
    std::size_t informational_ = 0;
    std::size_t trailers_ = 0;
    std::optional<error> failure_;
#if LADING_HAS_EXCEPTIONS
    std::exception_ptr thrown_; ///< by what a callback called
#endif
};

} // namespace lading::detail
