// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::exchange` and `testing::canned`: what the embedded server was asked, and what it is told to
/// answer.

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../json/writer.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing {

/// One request as the server received it, and the status it was answered with (0: without an answer, or with
/// raw bytes).
struct exchange {
    exchange() = default;
    std::string method;
    std::string target; ///< path and query, as sent
    header_map headers;
    std::string body;
    int status = 0;
    std::size_t connection = 0; ///< 1-based number of the TCP connection
    std::string client_name;    ///< common name of the client's certificate; empty when none was shown
};

/// An answer, or an amendment of the usual one: what is not said stays as usual. A value.
struct canned {
    /// Amends the usual answer.
    canned() = default;
    /// Replaces the usual answer; nothing but framing is added.
    explicit canned(int status_, std::string body_ = {}, std::string_view content_type = {})
        : status(status_), body(std::move(body_)), whole(true) {
        if (!content_type.empty()) headers.add("Content-Type", content_type);
    }

    canned& with_status(int s) { return status = s, *this; }
    /// Replaces the usual fields of the name; may be called for several fields of one name. `Content-Length`
    /// and `Transfer-Encoding` given here are sent as they are.
    canned& with_header(std::string_view name, std::string_view value) {
        return headers.add(name, value), *this;
    }
    canned& with_body(std::string bytes) { return body = std::move(bytes), *this; }
    /// Sends these bytes instead of any answer, and ends the connection in good order.
    canned& with_raw(std::string bytes) { return raw = std::move(bytes), *this; }
    /// Waits before the first byte of the answer.
    canned& with_delay(std::chrono::milliseconds d) { return delay = d, *this; }
    /// Cuts the connection, without TLS's closing message, right after the answer.
    canned& with_cut() { return cut = true, *this; }
    /// Sends so many bytes at once, and waits between two pieces; 0 for all at once.
    canned& with_pieces(std::size_t bytes, std::chrono::milliseconds between) { return piece = bytes, pause = between, *this; }
    /// Cuts the connection instead of answering.
    canned& without_answer() { return raw = std::string(), cut = true, *this; }
    /// Holds for that many requests, then the usual answer is back; 0 for always.
    canned& with_times(std::size_t n) { return times = n, *this; }

    /// This over the usual answer.
    canned over(canned usual) const {
        if (whole || raw) return *this;
        if (status) usual.status = status;
        if (body) usual.body = body;
        for (auto const& [name, value] : headers) usual.headers.erase(name);
        for (auto const& [name, value] : headers) usual.headers.add(name, value);
        usual.delay = delay;
        if (cut) usual.cut = cut;
        if (piece) usual.with_pieces(piece, pause);
        return usual;
    }

    std::optional<int> status;
    header_map headers;
    std::optional<std::string> body;
    std::optional<std::string> raw;
    std::chrono::milliseconds delay{0};
    std::size_t piece = 0;
    std::chrono::milliseconds pause{0};
    bool cut = false;
    bool whole = false; ///< replaces rather than amends
    std::size_t times = 0;
};

/// An answer with the error envelope of registries (doc/protocol.md#errors).
inline canned registry_error(int status, std::string_view code, std::string_view message, std::string_view about = {}) {
    json_writer w;
    w.begin_object().key("errors").begin_array().begin_object();
    w.key("code").string(code).key("message").string(message).key("detail");
    about.empty() ? w.null() : w.string(about);
    w.end_object().end_array().end_object();
    return canned(status, w.take(), "application/json");
}

namespace detail {

using namespace lading::detail;

inline constexpr std::size_t max_request_head = 64u << 10;
inline constexpr std::size_t max_request_body = 1u << 20;

/// How a request is framed; `refusal` is the status that answers a head that cannot be served.
struct request_frame {
    int refusal = 0;
    std::size_t body = 0;
    bool chunked = false;
    bool keep_alive = true;
};

/// Digits only, at most 18 of them.
inline std::optional<std::size_t> parse_size(std::string_view text) {
    std::size_t out = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || text.size() > 18 || bad != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return out;
}

/// Parses a request head, which ends with the empty line. Linear.
inline request_frame parse_request_head(std::string_view head, exchange& out) {
    request_frame frame;
    auto refuse = [&](int status) { return frame.refusal = status, frame; };
    auto line = [&] {
        auto const end = head.find("\r\n");
        auto const l = head.substr(0, end);
        head.remove_prefix(end + 2);
        return l;
    };
    auto const first = line();
    auto const a = first.find(' '), b = first.rfind(' ');
    if (a == first.npos || a == b) return refuse(400);
    out.method = first.substr(0, a);
    out.target = first.substr(a + 1, b - a - 1);
    auto const version = first.substr(b + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return refuse(version.starts_with("HTTP/") ? 505 : 400);
    for (char c : out.method)
        if (!is_tchar(c)) return refuse(400);
    for (char c : out.target)
        if (c <= ' ' || c >= 0x7f) return refuse(400);
    if (!out.target.starts_with('/')) return refuse(400);
    while (!head.starts_with("\r\n")) {
        auto const field = line();
        auto const colon = field.find(':');
        if (colon == field.npos || colon == 0) return refuse(400);
        for (char c : field.substr(0, colon))
            if (!is_tchar(c)) return refuse(400);
        out.headers.add(std::string(field.substr(0, colon)), std::string(trim(field.substr(colon + 1))));
    }
    if (auto const coding = out.headers.find("transfer-encoding")) {
        if (!iequal(*coding, "chunked")) return refuse(501);
        frame.chunked = true;
    }
    auto const lengths = out.headers.all("content-length");
    for (auto const text : lengths) {
        auto const n = parse_size(text);
        if (!n || text != lengths.front()) return refuse(400);
        frame.body = *n;
    }
    auto const connection = out.headers.find("connection").value_or("");
    frame.keep_alive =
        version == "HTTP/1.1" ? !iequal(connection, "close") : iequal(connection, "keep-alive");
    return frame;
}

inline std::string_view reason_of(int status) {
    switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Status";
    }
}

/// The bytes of an answer. `keep` becomes false when the connection cannot go on behind it.
inline std::string write_answer(canned const& a, std::string_view method, bool& keep) {
    if (a.raw) {
        keep = false;
        return *a.raw;
    }
    int const status = a.status.value_or(200);
    bool const bodiless = status < 200 || status == 204 || status == 304;
    auto const body = std::string_view(a.body ? *a.body : std::string_view());
    std::string out = "HTTP/1.1 " + std::to_string(status) + ' ' + std::string(reason_of(status)) + "\r\n";
    for (auto const& [name, value] : a.headers) out.append(name).append(": ").append(value).append("\r\n");
    bool const framed = a.headers.find("content-length") || a.headers.find("transfer-encoding");
    if (!framed && !bodiless) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    if (iequal(a.headers.find("connection").value_or(""), "close"))
        keep = false;
    else if (!keep)
        out += "Connection: close\r\n";
    out += "\r\n";
    if (method != "HEAD" && !bodiless) out += body;
    return out;
}

} // namespace detail

} // namespace lading::testing
