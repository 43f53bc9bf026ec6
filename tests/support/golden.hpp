// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a golden session is: a call of a client and the exact bytes of every answer it gets.

#include "byte_stream.hpp"
#include "documents.hpp"
#include "sanitizers.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct stream_policies : policies {
    using transport = byte_stream_transport;
};
using stream_client = lading::basic_client<stream_policies>;

/// What a call came to: all of its value as text, or its error.
struct verdict {
    explicit verdict(std::string v) : value(std::move(v)) {}
    explicit verdict(lading::error const& e) : failure(e.kind()), status(e.http_status()) {
        for (auto const& r : e.detail().registry_errors) value += r.code + ' ' + r.message + ' ' + r.detail;
        value += e.detail().rate.until_seconds < 0 ? "" : std::to_string(e.detail().rate.until_seconds);
    }
    friend bool operator==(verdict const&, verdict const&) = default;

    std::string value;
    lading::errc failure = lading::errc::ok;
    int status = 0;
};

struct golden {
    std::string name;
    byte_world world;
    lading::fixed_credentials secret;
    std::function<verdict(stream_client&)> call;
    lading::errc comes_to = lading::errc::ok; ///< of the answers as they are

    verdict run() {
        stream_client c(byte_stream_transport(world), lading::client_options().with_retry(lading::retry_rules(1)), secret);
        return call(c);
    }
};

/// The bytes of answers.
inline std::string answer(std::string const& status, std::string const& fields, std::string_view body) {
    return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string typed(std::string_view type, std::string_view body) {
    return answer("200 OK", "Content-Type: " + std::string(type) + "\r\nDocker-Distribution-Api-Version: registry/2.0\r\n", body);
}
inline std::string chunked(std::string_view body, std::size_t size, std::string const& extension = "", std::string const& trailers = "",
                           std::string const& fields = "") {
    std::string out = "HTTP/1.1 200 OK\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n";
    for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
        char digits[20];
        std::snprintf(digits, sizeof digits, "%zx", std::min(size, body.size()));
        out.append(digits).append(extension).append("\r\n").append(body.substr(0, size)).append("\r\n");
    }
    return out + "0\r\n" + trailers + "\r\n";
}

/// One exchange of one session.
struct golden_exchange {
    std::size_t session, at;
    stream_answer answer;
};

/// Every exchange that the sessions make, found by making them.
inline std::vector<golden_exchange> golden_exchanges(std::vector<golden>& sessions) {
    std::vector<golden_exchange> out;
    for (std::size_t s = 0; s < sessions.size(); ++s) {
        auto& w = sessions[s].world;
        w.rewind();
        sessions[s].run();
        auto const made = std::exchange(w.urls, {});
        for (std::size_t i = 0; i < made.size(); ++i) {
            w.urls.push_back(made[i]);
            out.push_back({s, i, w.answer_of(made[i])});
        }
        w.rewind();
    }
    return out;
}

/// 1, or the share of the runs that a sanitizer is given: they make everything several times slower.
inline constexpr std::size_t share = address_sanitizer || thread_sanitizer ? 16 : 1;

} // namespace test
