// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The text of an HTTP/1.1 request.
///
/// Written by hand: Beast's message and serializer headers would take `lading.hpp` from about eight to thirteen times
/// an empty unit to compile (measured), for a dozen lines; and every byte has to be checked anyway, because tags,
/// tokens and user agents come from outside (doc/threats.md#h27).

#include "../detail/text.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"

#include <string>

namespace lading::detail {

/// Head and body of a request to `target`, of one with a source the head; `through_proxy` names the whole URL, as a forwarding
/// proxy needs it. Errors: `invalid_argument` for a byte that no header may hold.
inline result<std::string> http1_request_text(request const& q, url const& target, bool through_proxy = false) {
    auto is_token = [](std::string_view text) {
        for (char c : text)
            if (!is_tchar(c)) return false;
        return !text.empty();
    };
    auto refuse = [](std::string what) { return error(errc::invalid_argument).with_context(std::move(what)); };
    if (!is_token(q.method)) return refuse("the method of a request");
    std::string out;
    out.reserve(1024); // most heads
    out.append(q.method).append(" ").append(through_proxy ? target.str() : target.target());
    out.append(" HTTP/1.1\r\nHost: ").append(target.authority()).append("\r\nAccept-Encoding: identity\r\n");
    for (auto const& [name, value] : q.headers) {
        if (!is_token(name)) return refuse("the name of a header");
        for (char c : value)
            if (!is_print(c)) return refuse("a byte in the header " + std::string(name));
        out.append(name).append(": ").append(value).append("\r\n");
    }
    if (q.source) {
        if (auto const size = q.source->size()) out.append("Content-Length: ").append(std::to_string(*size)).append("\r\n");
        else out.append("Transfer-Encoding: chunked\r\n");
        return out.append("\r\n");
    }
    bool const may_have_body = q.method != "GET" && q.method != "HEAD"; // RFC 9110, section 8.6: then none is said, too
    if (may_have_body || !q.body.empty()) out.append("Content-Length: ").append(std::to_string(q.body.size())).append("\r\n");
    return out.append("\r\n").append(q.body);
}

} // namespace lading::detail
