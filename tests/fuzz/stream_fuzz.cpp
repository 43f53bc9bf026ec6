// SPDX-License-Identifier: BSL-1.0
// HTTP/1.1 answers as bytes: heads, whole answers in any slices, chunked bodies against a decoder of its own.
#include "target.hpp"

#include <lading/net/http1_reader.hpp>

#include <optional>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

/// Small enough to be reached by inputs of a few kilobytes.
limits small_limits() {
    limits l;
    l.header_bytes = 1024;
    l.header_line = 256;
    l.header_lines = 16;
    l.informational = 2;
    l.trailer_bytes = 128;
    l.chunk_extensions = 256;
    return l;
}

struct recording_sink final : body_sink {
    result<sink_action> begin(response const&, std::optional<std::uint64_t> n) override {
        ++begun;
        announced = n;
        return sink_action::proceed;
    }
    result<sink_action> write(std::span<std::byte const> piece) override {
        must(begun == 1, "a body comes after one begin");
        body.append(reinterpret_cast<char const*>(piece.data()), piece.size());
        return sink_action::proceed;
    }
    std::string body;
    std::optional<std::uint64_t> announced;
    int begun = 0;
};

struct outcome {
    errc code = errc::ok;
    bool complete = false; ///< before the end of the connection
    bool reusable = false;
    int status = 0;
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;
    std::size_t fed = 0;
};

/// Feeds slices of the sizes that the plan says, over and over, then the end of the connection.
outcome read(std::string_view bytes, std::string_view plan, bool head_only, bool cut) {
    static limits const l = small_limits();
    static std::string const url = "http://a.test/";
    recording_sink sink;
    detail::http1_reader reader(l, sink, url, head_only);
    outcome out;
    std::size_t turn = 0;
    auto fail = [&](error const& e) {
        check_error(e);
        out.code = e.kind();
        out.body = sink.body;
    };
    auto finish = [&] {
        out.body = sink.body;
        out.status = reader.status();
        auto const head = reader.take_head();
        for (auto const& [name, value] : head.headers) out.fields.emplace_back(name, value);
        must(sink.begun == 1, "an answer has begun once");
        if (sink.announced && !head_only && out.status != 204 && out.status != 304)
            must(out.body.size() == *sink.announced, "a complete body has the announced size");
    };
    while (out.fed < bytes.size()) {
        std::size_t n = plan.empty() ? bytes.size() : static_cast<unsigned char>(plan[turn++ % plan.size()]) + std::size_t(1);
        n = std::min(n, bytes.size() - out.fed);
        auto const over = reader.feed(bytes.substr(out.fed, n));
        out.fed += n;
        // What is not body is bounded: heads, trailers, extensions, and the line of each chunk.
        auto const bound = (l.informational + 2) * l.header_bytes + l.trailer_bytes + l.chunk_extensions + 64 +
                           21 * (sink.body.size() + 1) + n;
        must(out.fed <= bound, "no more than the limit is consumed", std::to_string(out.fed), std::to_string(bound));
        if (!over) return fail(over.assume_error()), out;
        if (over.assume_value()) {
            out.complete = true;
            out.reusable = reader.reusable() && out.fed == bytes.size(); // else bytes lie on the idle connection
            return finish(), out;
        }
    }
    if (auto const ended = reader.end(cut); !ended) return fail(ended.assume_error()), out;
    return finish(), out;
}

bool is_framing_error(errc e) {
    return e == errc::http_malformed || e == errc::http_version || e == errc::http_header_too_large ||
           e == errc::http_too_many_headers || e == errc::http_too_many_informational ||
           e == errc::http_unexpected_status;
}

std::string answer(std::string_view headers, std::string_view body = {}) {
    return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

/// A chunked body by RFC 9112, 7.1, with any text as an extension and any lines as trailers: the body, or nothing
/// (malformed or not complete). `plain` tells that there were neither.
struct reference_decoder {
    bool complete = false, plain = true;
    std::string body;
    std::size_t used = 0;

    explicit reference_decoder(std::string_view text) {
        auto const whole = text.size();
        for (;;) {
            auto const end = text.find("\r\n");
            if (end == text.npos) return;
            auto const line = text.substr(0, end);
            auto const digits = std::min(line.find(';'), line.size());
            if (digits == 0 || digits > 16) return;
            std::uint64_t size = 0;
            for (char const c : line.substr(0, digits)) {
                if (!detail::is_hex(c)) return;
                size = size << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
            }
            plain = plain && digits == line.size();
            text.remove_prefix(end + 2);
            if (size == 0) break;
            if (size > text.size() || text.substr(static_cast<std::size_t>(size), 2) != "\r\n") return;
            body += text.substr(0, static_cast<std::size_t>(size));
            text.remove_prefix(static_cast<std::size_t>(size) + 2);
        }
        for (;; plain = false) {
            auto const end = text.find("\r\n");
            if (end == text.npos) return;
            text.remove_prefix(end + 2);
            if (end == 0) break;
        }
        complete = true;
        used = whole - text.size();
    }
};

} // namespace

FUZZ_TARGET(http_head, "http",
            {answer("Content-Length: 5\r\nContent-Type: a/b\r\nX: \t y \r\n"), answer("Transfer-Encoding: chunked\r\n"),
             answer("Content-Length: 5\r\nContent-Length: 5\r\nLocation: /x\r\nLocation: /x\r\n"), "HTTP/1.0 404\r\nContent-Encoding: gzip\r\n\r\n",
             "HTTP/2.0 200 X\r\n\r\n", answer("Content-Length: +5\r\n"), answer("Docker-Content-Digest: x\r\nDocker-Content-Digest: y\r\n"),
             answer(" fold: x\r\n"), "HTTP/1.1 200 OK\nA: b\n\n", answer("A:\r\nB:b\r\nConnection: close\r\n")}) {
    limits const l = small_limits();
    auto const end = input.find("\r\n\r\n");
    if (end == input.npos || end + 4 > l.header_bytes) return;
    auto const head = input.substr(0, end + 4);
    auto const framing = detail::check_head(head, l);
    if (!framing) return check_error(framing.assume_error());

    // Taken apart the simplest way, it says the same.
    std::vector<std::pair<std::string, std::string>> fields;
    std::optional<std::uint64_t> length;
    bool chunked = false;
    auto rest = head.substr(head.find("\r\n") + 2);
    for (auto line_end = rest.find("\r\n"); line_end != 0; line_end = rest.find("\r\n")) {
        auto const line = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 2);
        auto const colon = line.find(':');
        must(colon != line.npos && colon > 0, "a header line that was accepted has a name", line);
        auto const name = line.substr(0, colon), value = detail::trim(line.substr(colon + 1));
        must(name.find_first_of(" \t") == name.npos, "a header name has no white space", line);
        fields.emplace_back(name, value);
        if (iequal(name, "Content-Length")) {
            must(value.find_first_not_of("0123456789") == value.npos && !value.empty(), "a length is digits", line);
            must(!length || *length == std::strtoull(std::string(value).c_str(), nullptr, 10), "a body has one length", line);
            length = std::strtoull(std::string(value).c_str(), nullptr, 10);
        }
        if (iequal(name, "Transfer-Encoding")) chunked = true;
    }
    must(framing.assume_value().content_length == length, "the length is that of the header", head);
    must(framing.assume_value().chunked == chunked && !(chunked && length), "a body is framed in one way", head);

    // And the parser behind the check reads the same fields.
    recording_sink sink;
    std::string const url = "http://a.test/";
    detail::http1_reader reader(l, sink, url, true);
    auto const over = reader.feed(head);
    if (!over) return check_error(over.assume_error());
    if (!reader.has_head()) return; // an informational answer
    auto const got = reader.take_head();
    must(got.status == std::atoi(std::string(head.substr(9, 3)).c_str()), "the status is that of the line", head);
    auto field = fields.begin();
    for (auto const& [name, value] : got.headers)
        must(field != fields.end() && field->first == name && field++->second == value, "the fields are those of the lines", head);
    must(field == fields.end(), "the fields are those of the lines", head);
}

FUZZ_TARGET(http_stream, "http",
            {std::string("\x00\x01\x02\x03\x00\x00\x00\x00\x00", 9) + answer("Content-Length: 5\r\n", "hello"),
             std::string("\x00\x00\x00\x00\x00\x00\x00\x00\x00", 9) + answer("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
             std::string("\x02\x05\x01\x07\x00\x00\x00\x00\x00", 9) + answer("", "to the end"),
             std::string("\x01\x10\x00\x00\x00\x00\x00\x00\x00", 9) + answer("Content-Length: 500\r\n"),
             std::string("\x00\x40\x00\x00\x00\x00\x00\x00\x00", 9) + "HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" + answer("Content-Length: 1\r\n", "x"),
             std::string("\x00\x02\x00\x00\x00\x00\x00\x00\x00", 9) + answer("Content-Length: 1\r\n", "x") + answer("Content-Length: 4\r\n", "evil"),
             std::string("\x00\x02\x00\x00\x00\x00\x00\x00\x00", 9) + "HTTP/1.1 101 Switching\r\n\r\n",
             std::string("\x00\x02\x00\x00\x00\x00\x00\x00\x00", 9) + answer("Transfer-Encoding: chunked\r\n", "1;eeee\r\nx\r\n-2\r\n"),
             std::string("\x00\x02\x00\x00\x00\x00\x00\x00\x00", 9) + answer("A: " + std::string(300, 'a') + "\r\n")}) {
    if (input.size() < 9) return;
    bool const head_only = input[0] & 1, cut = input[0] & 2;
    auto const plan = input.substr(1, 8), bytes = input.substr(9);
    auto const whole = read(bytes, {}, head_only, cut), sliced = read(bytes, plan, head_only, cut);
    auto const name = std::string(name_of(whole.code)) + " / " + std::string(name_of(sliced.code));
    must((whole.code == errc::ok) == (sliced.code == errc::ok), "whether an answer is accepted does not depend on the slices", name);
    must(whole.code == sliced.code || (is_framing_error(whole.code) && is_framing_error(sliced.code)),
         "why an answer is refused does not depend on the slices", name);
    if (whole.code != errc::ok) return;
    must(whole.status == sliced.status && whole.fields == sliced.fields, "the head does not depend on the slices");
    must(whole.body == sliced.body, "the body does not depend on the slices", whole.body, sliced.body);
    must(whole.complete == sliced.complete, "the end does not depend on the slices");
    must(whole.reusable == sliced.reusable, "whether the connection is kept does not depend on the slices", bytes);
}

FUZZ_TARGET(chunked, "http",
            {"5\r\nhello\r\n0\r\n\r\n", "2;x=y\r\nhe\r\n3;z\r\nllo\r\n00\r\nA: b\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\nrest", "0\r\n\r\n",
             "-2\r\nhe\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\n0\n\n", "5\r\nhelloX0\r\n\r\n", "ffffffffffffffff\r\n",
             "1;a=\"b\\\"c\"\r\nx\r\n0;y\r\n\r\n", "00000000000000001\r\nx\r\n0\r\n\r\n"}) {
    auto const got = read(answer("Transfer-Encoding: chunked\r\n", input), {}, false, false);
    reference_decoder const expected(input);
    if (got.code == errc::ok) {
        must(expected.complete, "a chunked body that is accepted is well-formed", input);
        must(got.body == expected.body, "a chunked body is decoded as by the reference", got.body, expected.body);
        must(got.reusable == (expected.used == input.size()), "nothing lies behind the last chunk of a kept connection", input);
    } else {
        must(!(expected.complete && expected.plain), "a chunked body without extensions and trailers is accepted", input);
    }
}
