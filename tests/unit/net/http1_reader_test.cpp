// SPDX-License-Identifier: BSL-1.0
// doc/threats.md in memory: each row by its id; whole, in 1-byte pieces and in every two pieces.
#include "catch.hpp"
#include <lading/net/http1_reader.hpp>
#include <lading/net/http1_request.hpp>
#include <lading/protocol/body.hpp>

namespace http1_reader_test {

using namespace lading;

namespace {

struct outcome {
    errc code = errc::ok;
    int status = 0;
    std::string body;
    bool reusable = false;
    friend bool operator==(outcome const&, outcome const&) = default;
};
std::ostream& operator<<(std::ostream& o, outcome const& x) {
    return o << name_of(x.code) << ' ' << x.status << " [" << x.body.substr(0, 80) << "] " << x.reusable;
}

/// Feeds pieces, then the end of the stream.
outcome read(std::vector<std::string_view> const& pieces, bool head_only = false) {
    limits const l;
    std::string const url = "http://a.test/";
    response_body sink(8u << 20, l);
    detail::http1_reader reader(l, sink, url, head_only);
    outcome out;
    auto finish = [&] {
        auto head = reader.take_head();
        out.status = head.status;
        out.body = sink.text();
        return out;
    };
    for (auto p : pieces) {
        auto const over = reader.feed(p);
        if (!over) return out.code = over.error().kind(), out;
        if (over.value()) {
            out.reusable = reader.reusable();
            return finish();
        }
    }
    if (auto const ended = reader.end(false); !ended) return out.code = ended.error().kind(), out;
    return finish();
}
outcome whole(std::string_view bytes) {
    auto const expected = read({bytes});
    if (bytes.size() <= 600) {
        std::vector<std::string_view> ones;
        for (std::size_t i = 0; i < bytes.size(); ++i) ones.push_back(bytes.substr(i, 1));
        CHECK(read(ones).code == expected.code);
        for (std::size_t i = 1; i < bytes.size(); ++i) {
            auto const split = read({bytes.substr(0, i), bytes.substr(i)});
            CHECK(split.code == expected.code);
            if (split.code == errc::ok) CHECK(split.body == expected.body);
        }
    }
    return expected;
}
std::string ok(std::string_view headers, std::string_view body = "") {
    return "HTTP/1.1 200 OK\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
std::string chunked(std::string_view body) { return ok("Transfer-Encoding: chunked\r\n", body); }

} // namespace

TEST_CASE("honest answers") {
    CHECK(whole(ok("Content-Length: 5\r\n", "hello")) == outcome{errc::ok, 200, "hello", true});
    CHECK(whole(ok("content-length:0\r\n")) == outcome{errc::ok, 200, "", true});
    CHECK(whole(ok("Content-Length: 5\r\nConnection: close\r\n", "hello")) == outcome{errc::ok, 200, "hello", false});
    CHECK(whole(chunked("5\r\nhello\r\n0\r\n\r\n")) == outcome{errc::ok, 200, "hello", true});
    CHECK(whole(chunked("2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n")) == outcome{errc::ok, 200, "hello", true});
    CHECK(whole("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx") == outcome{errc::ok, 200, "x", true}); // H03
    CHECK(whole("HTTP/1.0 200 OK\r\n\r\nto the end") == outcome{errc::ok, 200, "to the end", false}); // H35
    CHECK(whole("HTTP/1.1 204 No Content\r\n\r\n").status == 204);
    CHECK(whole("HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n" + ok("Content-Length: 1\r\n", "x")).body == "x");
    CHECK(read({ok("Content-Length: 5\r\n")}, true) == outcome{errc::ok, 200, "", true});
}

TEST_CASE("http1 reader: status lines", "[H01][H02][H03]") {
    for (auto bad : {"SSH-2.0-OpenSSH_9\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n",
                     "HTTP/1.1 1000 X\r\n\r\n", "HTTP/1.1 2OO X\r\n\r\n", "HTTP/1.1 +200 X\r\n\r\n", "HTTP/1.1  200 X\r\n\r\n",
                     "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/x.y 200 OK\r\n\r\n"}) {
        INFO(bad);
        CHECK(whole(bad).code == errc::http_malformed);
    }
    CHECK(whole(std::string(64, '\0')).code == errc::http_malformed);
    for (auto bad : {"HTTP/2.0 200 X\r\n\r\n", "HTTP/1.2 200 X\r\n\r\n", "HTTP/01.1 200 X\r\n\r\n"}) {
        INFO(bad);
        CHECK(whole(bad).code == errc::http_version);
    }
}

TEST_CASE("statuses without a body", "[H04][H05][H06]") {
    CHECK(whole("HTTP/1.1 101 Switching Protocols\r\n\r\n").code == errc::http_unexpected_status);
    std::string many;
    for (int i = 0; i < 6; ++i) many += "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
    CHECK(whole(many + ok("Content-Length: 0\r\n")).code == errc::http_too_many_informational);
    for (auto status : {"204", "304"}) {
        auto const r = whole("HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 5\r\n\r\nextra");
        CHECK(r.code == errc::ok);
        CHECK(r.body.empty());
    }
}

TEST_CASE("an answer that nobody asked for spoils the connection", "[H07]") {
    auto const r = read({ok("Content-Length: 1\r\n", "x") + ok("Content-Length: 4\r\n", "evil")});
    CHECK(r == outcome{errc::ok, 200, "x", false});
}

TEST_CASE("http1 reader: framing headers", "[H09][H10][H11][H12][H13][H14]") {
    CHECK(whole(ok("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!")).code == errc::http_malformed);
    CHECK(whole(ok("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")).body == "hello");
    for (auto bad : {"5, 5", "+5", "-1", "0x5", "5 5", "", "5;", "18446744073709551616", "9223372036854775808"}) {
        INFO(bad);
        CHECK(whole(ok("Content-Length: " + std::string(bad) + "\r\n", "hello")).code == errc::http_malformed);
    }
    CHECK(whole(ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")).code == errc::http_malformed);
    for (auto bad : {"gzip", "identity", "chunked, gzip", "gzip, chunked", "xchunked", "chunked\x0b", ""}) {
        INFO(bad);
        CHECK(whole(ok("Transfer-Encoding: " + std::string(bad) + "\r\n", "0\r\n\r\n")).code == errc::http_malformed);
    }
    CHECK(whole(ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")).code ==
          errc::http_malformed);
    CHECK(whole("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").code == errc::http_malformed);
    CHECK(whole(ok("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n")).code == errc::ok);
}

TEST_CASE("http1 reader: chunks", "[H15][H16][H17][H18][H19]") {
    for (auto bad : {"-2\r\n", "+a\r\n", "0xa\r\n", "\r\n", "g\r\n", "12345678901234567\r\n", "ffffffffffffffff\r\nx", "5 \r\nhello",
                     " 5\r\nhello", "5\nhello\n0\n\n", "5\r\nhelloX0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello!\r\n"}) {
        INFO(bad);
        CHECK(whole(chunked(bad)).code == errc::http_malformed);
    }
    std::string const good = "5\r\nhello\r\n0\r\n\r\n";
    for (std::size_t n = 0; n < good.size(); ++n) CHECK(whole(chunked(good.substr(0, n))).code == errc::http_body_truncated);
}

TEST_CASE("extensions, small chunks and trailers", "[H20][H21][H22]") {
    std::string extensions, small, trailers = "0\r\n";
    for (int i = 0; i < 10; ++i) extensions += "1;" + std::string(4000, 'e') + "\r\nx\r\n";
    CHECK(read({chunked(extensions)}).code == errc::http_malformed);
    CHECK(read({chunked("1;" + std::string(100'000, 'e'))}).code == errc::http_malformed);
    for (int i = 0; i < 100'000; ++i) small += "1\r\nx\r\n";
    CHECK(read({chunked(small + "0\r\n\r\n")}).body.size() == 100'000);
    for (int i = 0; i < 1000; ++i) trailers += "A" + std::to_string(i) + ": bbbbbbbbbbbbbbbb\r\n";
    CHECK(read({chunked(trailers)}).code == errc::http_header_too_large);
    CHECK(read({chunked(trailers + "\r\n")}).code == errc::http_header_too_large);
}

TEST_CASE("a trailer does not say whether the connection is kept", "[H22]") {
    CHECK(whole(chunked("0\r\nConnection: close\r\n\r\n")) == whole(chunked("0\r\n\r\n")));
    auto const closing = [](std::string_view trailer) {
        return whole("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + std::string(trailer) + "\r\n");
    };
    CHECK_FALSE(closing("").reusable);
    CHECK(closing("Connection: keep-alive\r\n") == closing(""));
}

TEST_CASE("the encoded text of an error is not read, however long", "[H28][L05]") {
    auto const head = std::string("HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\n\r\n");
    CHECK(read({head}) == outcome{errc::ok, 500, "", false}); // over with the head
    CHECK(read({head, std::string(1000, 'x')}) == outcome{errc::ok, 500, "", false});
}

TEST_CASE("a quoted string ends in its line", "[H20]") {
    CHECK(whole(chunked("1;a=\"b\\\"c\"\r\nx\r\n0\r\n\r\n")) == outcome{errc::ok, 200, "x", true});
    for (auto open : {"1;a=\"\r\n", "1;a=\"\\\r\n\"\r\n", "0;a=\"\r\n\r\n", "1;a=\"\r\n\"\r\nx\r\n0\r\n\r\n"}) {
        INFO(open);
        CHECK(whole(chunked(open)).code == errc::http_malformed);
    }
    // Nothing is waited for: what follows is not kept.
    CHECK(read({chunked("1;a=\"\r\n"), std::string(1000, 'x')}).code == errc::http_malformed);
}

TEST_CASE("the bounds are the same in any pieces", "[H20][H22]") {
    auto in_pieces = [](std::string const& bytes, std::size_t n) {
        std::vector<std::string_view> pieces;
        for (std::size_t at = 0; at < bytes.size(); at += n) pieces.push_back(std::string_view(bytes).substr(at, n));
        return read(pieces).code;
    };
    limits const l;
    for (std::size_t const over : {0u, 1u}) {
        auto const extension = chunked("1;" + std::string(l.chunk_extensions - 1 + over, 'e') + "\r\nx\r\n0\r\n\r\n");
        auto const two = chunked("1;" + std::string(9999, 'e') + "\r\nx\r\n1;" + std::string(l.chunk_extensions - 10'001 + over, 'e') +
                                 "\r\nx\r\n0\r\n\r\n");
        auto const trailer = chunked("0\r\nA:" + std::string(l.trailer_bytes - 4 + over, 'b') + "\r\n\r\n");
        for (std::size_t const n : {1u, 7u, 1000u, 100'000u}) {
            INFO(over << " over, pieces of " << n);
            CHECK(in_pieces(extension, n) == (over ? errc::http_malformed : errc::ok));
            CHECK(in_pieces(two, n) == (over ? errc::http_malformed : errc::ok));
            CHECK(in_pieces(trailer, n) == (over ? errc::http_header_too_large : errc::ok));
        }
    }
}

TEST_CASE("http1 reader: heads", "[H23][H24][H25][H26]") {
    CHECK(read({ok("A: " + std::string(300'000, 'a'))}).code == errc::http_header_too_large);
    CHECK(read({ok("A: " + std::string(64u << 10, 'a') + "\r\nContent-Length: 0\r\n")}).code == errc::http_header_too_large);
    std::string lines;
    for (int i = 0; i < 513; ++i) lines += "A" + std::to_string(i) + ": b\r\n";
    CHECK(read({ok(lines)}).code == errc::http_too_many_headers);
    for (auto bad : {"A: b\r\n c\r\n", "A : b\r\n", "A: b\nB: c\r\n", "A: b\rc\r\n", ": b\r\n", "no colon\r\n", "A b: c\r\n"}) {
        INFO(bad);
        CHECK(whole(ok(std::string(bad) + "Content-Length: 0\r\n")).code == errc::http_malformed);
    }
    CHECK(whole(ok(std::string("A: b\0c\r\n", 8) + "Content-Length: 0\r\n")).code == errc::http_malformed);
    for (auto name : {"Location", "Content-Type", "Content-Range", "Docker-Content-Digest"}) {
        auto const one = std::string(name) + ": a\r\n", other = std::string(name) + ": b\r\n";
        CHECK(whole(ok(one + other + "Content-Length: 0\r\n")).code == errc::http_malformed);
        CHECK(whole(ok(one + one + "Content-Length: 0\r\n")).code == errc::ok);
    }
}

TEST_CASE("lines of 64 KiB and 512 of them are read; a bare LF is refused, and the error says why", "[W56]") {
    CHECK(read({ok("A: " + std::string((64u << 10) - 3, 'a') + "\r\nContent-Length: 1\r\n", "x")}).body == "x");
    std::string lines;
    for (int i = 0; i < 511; ++i) lines += "A" + std::to_string(i) + ": b\r\n";
    CHECK(read({ok(lines + "Content-Length: 1\r\n", "x")}).body == "x");
    CHECK(read({ok(lines + "B: c\r\nContent-Length: 1\r\n", "x")}).code == errc::http_too_many_headers);
    limits const l;
    for (auto const& bad : {std::string("HTTP/1.1 200 OK\nContent-Length: 1\n\nx"), ok("A: b\nContent-Length: 1\r\n", "x")}) {
        response_body sink(100, l);
        std::string const url = "http://a.test/";
        detail::http1_reader reader(l, sink, url, false);
        auto const r = reader.feed(bad);
        CHECK(r.error() == errc::http_malformed);
        CHECK(r.error().message().find("LF without CR") != std::string::npos);
        auto const checked = detail::check_head(bad, l);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().message().find("LF without CR") != std::string::npos);
    }
}

TEST_CASE("what may not go into a request", "[H27]") {
    auto const target = url::parse("https://a.test:5000/v2/?x=1").value();
    request q("GET", target.str());
    q.headers.add("User-Agent", "u");
    CHECK(detail::http1_request_text(q, target).value() ==
          "GET /v2/?x=1 HTTP/1.1\r\nHost: a.test:5000\r\nAccept-Encoding: identity\r\nUser-Agent: u\r\n\r\n");
    for (auto bad : {"a\r\nX: y", "a\nb", "\x80", "a\tb"}) {
        request r("GET", target.str());
        r.headers.add("A", bad);
        CHECK(detail::http1_request_text(r, target).error() == errc::invalid_argument);
        request name("GET", target.str());
        name.headers.add(bad, "b");
        CHECK(detail::http1_request_text(name, target).error() == errc::invalid_argument);
    }
    CHECK(detail::http1_request_text(request("G T", target.str()), target).error() == errc::invalid_argument);
}

TEST_CASE("encoded bodies are refused unread, encoded errors lose their text", "[H28]") {
    CHECK(whole(ok("Content-Encoding: gzip\r\nContent-Length: 3\r\n", "xyz")).code == errc::http_content_encoding);
    CHECK(whole(ok("Content-Encoding: identity\r\nContent-Length: 3\r\n", "xyz")).body == "xyz");
    auto const e = whole("HTTP/1.1 404 X\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz");
    CHECK(e.status == 404);
    CHECK(e.body.empty());
}

TEST_CASE("http1 reader: announced lengths", "[L02][L10]") {
    CHECK(read({ok("Content-Length: 8388609\r\n")}).code == errc::body_too_large);
    CHECK(read({ok("Content-Length: 8388608\r\n", "x")}).code == errc::http_body_truncated);
}

TEST_CASE("every prefix of an answer is an error") {
    std::string const one = ok("Content-Length: 5\r\nDocker-Content-Digest: x\r\n", "hello");
    for (std::size_t n = 0; n < one.size(); ++n) CHECK(read({std::string_view(one).substr(0, n)}).code != errc::ok);
}

TEST_CASE("every byte of an answer, changed to every value, is read without harm") {
    std::string const one = chunked("5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n");
    for (std::size_t i = 0; i < one.size(); ++i)
        for (int b = 0; b < 256; ++b) {
            auto bad = one;
            bad[i] = static_cast<char>(b);
            auto const r = read({bad});
            if (r.code == errc::ok) CHECK(r.body.size() <= bad.size());
        }
}

} // namespace http1_reader_test
