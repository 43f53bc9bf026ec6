// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The checks of a response head that are stricter than those of a general parser (doc/threats.md#h01).
/// They run on the raw bytes, before Beast's parser sees them.

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../limits.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lading::detail {

/// What the framing headers of a head say.
struct http1_framing {
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    std::size_t lines = 0, bytes = 0; ///< of the head
};

inline error malformed(std::string what) { return error(errc::http_malformed).with_context(std::move(what)); }

/// RFC 9112 2.2 lets a recipient take a bare LF for a line's end. What one reader takes so and another does not lets a
/// server put a second answer into the first (smuggling), so nobody here takes it.
inline error bare_line_feed() {
    return malformed("line ending: LF without CR, which readers understand in different ways (smuggling)");
}

/// Digits only, within 63 bits.
inline std::optional<std::uint64_t> parse_content_length(std::string_view text) {
    if (text.empty() || text.size() > 19) return std::nullopt;
    std::uint64_t out = 0;
    for (char c : text) {
        if (!is_digit(c)) return std::nullopt;
        out = out * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (out > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return out;
}

/// `HTTP/1.1 SP 3DIGIT [SP reason]`, or 1.0.
inline result<void> check_status_line(std::string_view line) {
    if (!line.starts_with("HTTP/")) return malformed("status line");
    if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) {
        auto const space = std::min(line.find(' '), line.size());
        for (char c : line.substr(5, space - 5))
            if (!is_digit(c) && c != '.') return malformed("status line");
        if (space < 6 || space == line.size()) return malformed("status line");
        return error(errc::http_version).with_values("HTTP/1.1", printable(line.substr(0, space), 32));
    }
    auto const code = line.substr(9, 3);
    bool const digits = code.size() == 3 && code[0] >= '1' && is_digit(code[0]) && is_digit(code[1]) && is_digit(code[2]);
    if (!digits || (line.size() > 12 && line[12] != ' ')) return malformed("status code");
    return BOOST_OUTCOME_V2_NAMESPACE::success();
}

/// Checks a complete head, the empty line included. Errors: `http_malformed` (the context names the place),
/// `http_version`, `http_header_too_large`, `http_too_many_headers`.
inline result<http1_framing> check_head(std::string_view head, limits const& l) {
    http1_framing out;
    std::optional<std::string_view> once[4];
    constexpr std::string_view only_once[4] = {"Location", "Content-Type", "Content-Range", "Docker-Content-Digest"};
    out.bytes = head.size();
    bool http11 = true, has_te = false;
    auto& lines = out.lines;
    while (!head.empty()) {
        auto const end = head.find("\r\n");
        auto const line = head.substr(0, end);
        if (line.find('\n') != line.npos) return bare_line_feed();
        if (end == head.npos) return malformed("line ending");
        head.remove_prefix(end + 2);
        if (line.size() > l.header_line)
            return error(errc::http_header_too_large)
                .with_values("lines of at most " + std::to_string(l.header_line) + " bytes (limits::header_line)", std::to_string(line.size()));
        for (char c : line)
            if (c != '\t' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)) return malformed("control character");
        if (lines++ == 0) {
            LADING_TRY_V(check_status_line(line));
            http11 = line[7] == '1';
            continue;
        }
        if (line.empty()) break;
        if (lines - 1 > l.header_lines)
            return error(errc::http_too_many_headers).with_values("at most " + std::to_string(l.header_lines) + " (limits::header_lines)", "more");
        auto const colon = line.find(':');
        auto const name = line.substr(0, colon);
        if (colon == line.npos || name.empty()) return malformed("header field");
        for (char c : name)
            if (!is_tchar(c)) return malformed("header name");
        auto const value = trim(line.substr(colon + 1));

        if (iequal(name, "Content-Length")) {
            auto const n = parse_content_length(value);
            if (!n || (out.content_length && *out.content_length != *n)) return malformed("content_length");
            out.content_length = n;
        } else if (iequal(name, "Transfer-Encoding")) {
            if (has_te || !http11 || !iequal(value, "chunked")) return malformed("transfer_encoding");
            has_te = out.chunked = true;
        }
        for (std::size_t i = 0; i < 4; ++i)
            if (iequal(name, only_once[i])) {
                if (once[i] && *once[i] != value) return malformed("duplicate_header " + std::string(only_once[i]));
                once[i] = value;
            }
    }
    if (out.chunked && out.content_length) return malformed("content_length with transfer_encoding");
    return out;
}

} // namespace lading::detail
