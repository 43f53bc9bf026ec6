// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit about what is sent: the request as it is, once, with nothing added.

#include "../../detail/text.hpp"
#include "probe.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading::testing::detail {

/// The fields of a head as received, in order.
inline std::vector<std::pair<std::string_view, std::string_view>> fields_of(std::string_view text) {
    std::vector<std::pair<std::string_view, std::string_view>> out;
    text = text.substr(0, text.find("\r\n\r\n"));
    for (auto at = text.find("\r\n"); at != text.npos;) {
        auto const end = text.find("\r\n", at + 2);
        auto const line = text.substr(at + 2, end == text.npos ? text.npos : end - at - 2);
        auto const colon = std::min(line.find(':'), line.size());
        out.emplace_back(line.substr(0, colon), lading::detail::trim(line.substr(std::min(colon + 1, line.size()))));
        at = end;
    }
    return out;
}

/// Every field of `q` is in the head, once; beside them only what frames a message or names the program.
template <class P>
void expect_fields(P& kit, request const& q, std::string_view received) {
    std::vector<std::pair<std::string_view, std::string_view>> wanted;
    for (auto const& field : q.headers) wanted.push_back(field);
    for (auto const& [name, value] : fields_of(received)) {
        auto const is_it = [&, n = name, v = value](auto const& w) { return iequal(w.first, n) && w.second == v; };
        if (auto const at = std::find_if(wanted.begin(), wanted.end(), is_it); at != wanted.end()) {
            wanted.erase(at);
            continue;
        }
        bool may_be = iequal(name, "Accept-Encoding") && iequal(value, "identity");
        for (auto const free : {"Host", "Connection", "User-Agent", "Accept", "Content-Length"}) may_be = may_be || iequal(name, free);
        kit.require(may_be && !q.headers.find(name), "adds nothing to a request", shown(std::string(name) + ": " + std::string(value)));
    }
    for (auto const& [name, value] : wanted)
        kit.require(false, "sends the headers as they are", shown(std::string(name) + ": " + std::string(value)) + " is not there");
}

template <class P>
void sends_as_is(P& kit) {
    request q("POST", "/a%2Fb/c?x=1&y=%20");
    q.headers.add("Accept", "one, two");
    q.headers.add("User-Agent", "kit/1");
    q.headers.add("X-Own", "as it is");
    q.body = "grant=1&x=%26";
    auto const o = kit.ask(answer_with(""), {}, q);
    kit.require(o.request.starts_with("POST /a%2Fb/c?x=1&y=%20 HTTP/1.1\r\n"), "sends method and target as they are", shown(o.request));
    auto const has = [&](std::string_view line) { return lading::detail::lower(o.request).find(lading::detail::lower(line)) != std::string::npos; };
    kit.require(has("\r\nHost: 127.0.0.1:"), "sends Host", shown(o.request));
    kit.require(has("\r\nContent-Length: 13\r\n") && o.request.ends_with("\r\n\r\ngrant=1&x=%26"), "sends the body with its length", shown(o.request));
    expect_fields(kit, q, o.request);
    request const bare("GET", "/x"), head("HEAD", "/x");
    for (auto const* const r : {&bare, &head}) expect_fields(kit, *r, kit.ask(answer_with(""), {}, *r).request);

    for (char const* bad : {"a\r\nX-Evil: 1", "a\nb"}) {
        request evil("GET", "/x");
        evil.headers.add("X-Own", bad);
        auto const e = kit.ask(answer_with(""), {}, evil);
        kit.require(!e.answer && lading::detail::lower(e.request).find("\nx-evil") == std::string::npos, "refuses line breaks in a header", shown(bad));
    }
}

/// A request that may have been carried out is not sent again by the transport, whatever connection it was sent on.
template <class P>
void sends_once(P& kit) {
    for (auto const* part : {"", "HTTP/1.1 200 OK\r\nContent-Le"})
        for (bool const kept : {false, true}) {
            byte_server server([&](std::string const& q) { return q.starts_with("GET") ? answer_with("") : byte_answer(part, byte_answer::ending::reset); });
            auto t = kit.make();
            if (kept) kit.ask(t, server);
            request q("POST", "/x");
            q.body = "a=1";
            auto const o = kit.ask(t, server, {}, q);
            auto const what = std::string("a POST that was lost on a ") + (kept ? "kept" : "new") + " connection";
            kit.require(!o.answer, "a lost connection is a failure", what);
            kit.require(o.requests == 1, "sends a request once", what + ": " + std::to_string(o.requests) + " times");
        }
}

/// No redirect is followed, no challenge answered, no cookie kept, no encoding asked for.
template <class P>
void takes_no_steps(P& kit) {
    std::string host;
    byte_server server([&](std::string const& q) {
        if (q.starts_with("GET /moved/"))
            return byte_answer("HTTP/1.1 " + q.substr(11, 3) + " Moved\r\nLocation: http://" + host + "/x\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
        if (q.starts_with("GET /auth")) return byte_answer("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
        return answer_with("");
    });
    host = "127.0.0.1:" + std::to_string(server.port());
    auto t = kit.make();
    for (int const status : {301, 302, 303, 307, 308}) {
        auto const moved = kit.ask(t, server, {}, request("GET", "/moved/" + std::to_string(status)));
        kit.require(moved.answer && moved.answer.assume_value().status == status && moved.requests == 1, "follows no redirect",
                    std::to_string(status) + ": " + said(moved.answer) + " after " + std::to_string(moved.requests) + " requests");
    }
    auto const auth = kit.ask(t, server, {}, request("GET", "/auth"));
    kit.require(auth.answer && auth.answer.assume_value().status == 401 && auth.requests == 1, "answers no challenge", said(auth.answer));
    auto const after = kit.ask(t, server);
    expect_fields(kit, request("GET", "/x"), after.request);
    auto const sent = lading::detail::lower(after.request);
    kit.require(sent.find("gzip") == sent.npos && sent.find("deflate") == sent.npos, "asks for no encoding", shown(sent));
    auto const coded = kit.ask({std::string(ok_head) + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"});
    kit.require(!coded.answer ? coded.answer.assume_error() == errc::http_content_encoding : coded.sink.body == "abcd",
                "decodes no content encoding", said(coded.answer));
}

} // namespace lading::testing::detail
