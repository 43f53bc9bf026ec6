// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a proxy is asked: the CONNECT request of a tunnel (RFC 9110, 9.3.6; doc/threats.md#c18).

#include "../detail/base64.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"
#include "../result.hpp"

#include <charconv>
#include <string>
#include <string_view>

namespace lading::detail {

/// An http proxy and the value of its `Proxy-Authorization`, empty for none.
struct proxy_address {
    url where;
    std::string authorization;
};

/// Reads "http://[user:password@]host[:port]"; the scheme may be left out. Errors: `config_invalid`, which never shows
/// the text, because it may hold a password.
inline result<proxy_address> parse_proxy(std::string_view text) {
    auto refuse = [](char const* why) {
        return error(errc::config_invalid).with_context(std::string("the proxy: ") + why);
    };
    if (auto const scheme = text.find("://"); scheme != text.npos) {
        if (!iequal(text.substr(0, scheme), "http")) return refuse("only http proxies are spoken");
        text.remove_prefix(scheme + 3);
    }
    std::string login;
    if (auto const at = text.rfind('@'); at != text.npos) {
        auto const encoded = text.substr(0, at);
        text.remove_prefix(at + 1);
        for (std::size_t i = 0; i < encoded.size(); ++i) {
            unsigned value = 0;
            auto const* p = encoded.data() + i;
            if (encoded[i] == '%') {
                if (i + 2 >= encoded.size() || std::from_chars(p + 1, p + 3, value, 16).ptr != p + 3)
                    return refuse("its user information is malformed");
                login += static_cast<char>(value);
                i += 2;
            } else {
                login += encoded[i];
            }
        }
    }
    if (!login.empty() && login.find(':') == login.npos) login += ':'; // a user without a password
    auto where = url::parse("http://" + std::string(text));
    if (!where) return refuse("it is not host[:port]");
    return proxy_address{std::move(where).assume_value(), login.empty() ? "" : "Basic " + base64_encode(login)};
}

/// The request for a tunnel to a host.
inline std::string connect_text(url const& target, proxy_address const& proxy, std::string_view user_agent) {
    auto const to = target.host() + ':' + std::to_string(target.port());
    std::string out = "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n";
    if (!user_agent.empty()) out.append("User-Agent: ").append(user_agent).append("\r\n");
    if (!proxy.authorization.empty()) out.append("Proxy-Authorization: ").append(proxy.authorization).append("\r\n");
    return out.append("\r\n");
}

} // namespace lading::detail
