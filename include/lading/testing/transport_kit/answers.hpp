// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit about what is received: heads, bodies, and a sink that has enough.

#include "../../detail/text.hpp"
#include "probe.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing::detail {

template <class P>
void answers(P& kit) {
    auto const o = kit.ask({std::string(ok_head) + "Content-Type: text/plain\r\ncOnTeNt-LeNgTh: 5\r\nX-Twice: 1\r\nX-TWICE: 2\r\n\r\nhello"});
    kit.require(bool(o.answer), "answers", "a plain 200: " + said(o.answer));
    if (!o.answer) return;
    auto const& head = o.answer.assume_value();
    kit.require(head.status == 200 && o.sink.body == "hello", "answers", "200 with hello: " + said(o.answer) + ' ' + shown(o.sink.body));
    kit.require(head.headers.find("content-type") == "text/plain", "headers have no case", "Content-Type is not found");
    kit.require(head.headers.all("x-twice").size() == 2, "headers of one name are kept", "X-Twice");
    kit.require(o.sink.begins == 1 && !o.sink.wrote_before_begin, "begin comes once and first", std::to_string(o.sink.begins) + " times");
    kit.require(o.sink.length == 5u, "begin is told the length", "Content-Length in mixed case");
    kit.require(o.sink.head.status == 200 && o.sink.head.headers.find("x-twice").has_value(), "begin is given the head", said(o.answer));
    kit.require(head.url.ends_with("/x"), "the answer names its URL", shown(head.url));
    std::string many;
    for (int i = 0; i < 60; ++i) many += "X-" + std::to_string(i) + ": " + std::to_string(i * i) + "\r\n";
    auto const all = kit.ask({std::string(ok_head) + many + "Content-Length: 0\r\n\r\n"});
    std::string kept;
    if (all.answer)
        for (auto const& [name, value] : all.answer.assume_value().headers)
            if (lading::detail::lower(name).starts_with("x-")) kept.append("X-").append(name.substr(2)).append(": ").append(value).append("\r\n");
    kit.require(kept == many, "every header is kept, in order", "of 60 came " + std::to_string(all.answer ? all.answer.assume_value().headers.size() : 0));
    for (int const status : {201, 400, 401, 403, 404, 429, 500, 503}) {
        auto const e = kit.ask({"HTTP/1.1 " + std::to_string(status) + " X\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 3\r\n\r\nwhy"});
        kit.require(e.answer && e.answer.assume_value().status == status && e.sink.body == "why", "every status is an answer",
                    std::to_string(status) + ": " + said(e.answer));
    }
}

template <class P>
void expect_body(P& kit, std::string const& name, byte_answer a, std::string_view body) {
    auto const o = kit.ask(std::move(a));
    kit.require(o.answer && o.sink.body == body && o.sink.begins == 1, "streams the body", name + ": " + said(o.answer) + ", body " + shown(o.sink.body));
}

/// Bytes that do not repeat: a lost, doubled or changed piece shows.
inline std::string patterned(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t x = 1;
    for (auto& c : out) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    return out;
}

template <class P>
void large_bodies(P& kit) {
    std::string const large = patterned(8 << 20), half = large.substr(0, 1 << 20);
    std::string chunked = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0, size = 1; at < half.size(); at += size, size = size * 3 % 50'021) {
        auto const piece = std::string_view(half).substr(at, size);
        char digits[20];
        chunked.append(digits, std::to_chars(digits, digits + sizeof digits, piece.size(), 16).ptr).append("\r\n").append(piece).append("\r\n");
    }
    struct body_case {
        char const* name;
        byte_answer answer;
        std::string const& body;
        std::optional<std::uint64_t> length;
    };
    for (auto const& c : {body_case{"8 MiB", answer_with(large), large, large.size()},
                          body_case{"1 MiB in chunks", byte_answer(chunked + "0\r\n\r\n"), half, std::nullopt}}) {
        recording_sink sink;
        sink.expected = c.body;
        auto const o = kit.ask(c.answer, sink);
        kit.require(o.answer && o.sink.total == c.body.size(), "streams the body", std::string(c.name) + ": " + said(o.answer) + ", " + std::to_string(o.sink.total));
        if (o.sink.differs_at) kit.require(false, "streams the body", std::string(c.name) + " differ in the piece at " + std::to_string(*o.sink.differs_at));
        kit.require(o.sink.largest <= 1 << 20, "streams the body", std::string(c.name) + " came in a piece of " + std::to_string(o.sink.largest));
        kit.require(o.sink.length == c.length, "begin is told the length", c.name);
    }
}

template <class P>
void bodies(P& kit) {
    using ending = byte_answer::ending;
    std::string const text = "the quick brown fox";
    auto const with_length = std::string(ok_head) + "Content-Length: 19\r\n\r\n" + text;
    expect_body(kit, "in pieces of one byte", {with_length, ending::keep, 1}, text);
    expect_body(kit, "in pieces of seven bytes", {with_length, ending::keep, 7}, text);
    std::string chunked = std::string(ok_head) + "Transfer-Encoding: chunked\r\n\r\n";
    for (char const c : text) chunked += std::string("1;x=y\r\n") + c + "\r\n";
    expect_body(kit, "in chunks of one byte", {chunked + "0\r\n\r\n"}, text);
    expect_body(kit, "in chunks, by one byte, with a trailer", {chunked + "0\r\nX-T: 1\r\n\r\n", ending::keep, 1}, text);
    expect_body(kit, "to the end of the connection", {std::string(ok_head) + "\r\n" + text, ending::close}, text);
    expect_body(kit, "empty", {std::string(ok_head) + "Content-Length: 0\r\n\r\n"}, "");
    expect_body(kit, "after 100 and 103", {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + with_length}, text);
    auto const none = kit.ask({"HTTP/1.1 204 None\r\n\r\n"});
    kit.require(none.answer && none.sink.total == 0 && none.sink.begins == 1, "some answers have no body", "204: " + said(none.answer));
    auto const head = kit.ask({std::string(ok_head) + "Content-Length: 1000\r\n\r\n"}, {}, request("HEAD", "/x"));
    kit.require(head.answer && head.sink.total == 0 && head.sink.begins == 1 && head.sink.length == 1000u, "some answers have no body", "HEAD: " + said(head.answer));
    large_bodies(kit);
}

template <class P>
void stops(P& kit) {
    byte_answer forever(std::string(ok_head) + "\r\n" + std::string(4096, 'x'), byte_answer::ending::close);
    forever.endless = 4096;
    byte_server server([&](std::string const& q) {
        return q.starts_with("GET /forever") ? forever : answer_with("ok");
    });
    auto t = kit.make();
    for (int n = 0; n < 2; ++n) {
        recording_sink s;
        if (n == 0) s.stop_begin = true;
        else s.stop_after = 10'000;
        auto const o = kit.ask(t, server, s, request("GET", "/forever"));
        auto const where = std::string(n == 0 ? "in begin" : "in write");
        kit.require(o.answer && o.answer.assume_value().status == 200, "stops when the sink has enough", where + ": " + said(o.answer));
        kit.require(o.sink.after_stop == 0 && (n == 1 || o.sink.pieces == 0), "stops when the sink has enough", where + ": it was given more");
        recording_sink bad;
        if (n == 0) bad.fail_begin = true;
        else bad.fail_after = 10'000;
        auto const f = kit.ask(t, server, bad, request("GET", "/forever"));
        kit.require(!f.answer && f.answer.assume_error() == errc::sink_failed && f.answer.assume_error().detail().context.find("kit") != std::string::npos,
                    "returns the failure of the sink", where + ": " + said(f.answer));
        auto const after = kit.ask(t, server);
        kit.require(after.answer && after.sink.body == "ok", "goes on after a stop", where + ": " + said(after.answer));
    }
}

} // namespace lading::testing::detail
