// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `exchange_plan`: what an exchange knows before it has a connection: where it goes, through which proxy, which kept connections
/// will do, and the text of the request.

#include "../endpoint/network_options.hpp"
#include "../http/url.hpp"
#include "http1_request.hpp"
#include "proxy.hpp"
#include "transport_failure.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lading::detail {

struct exchange_plan {
    /// Errors: `url_invalid`, `config_invalid` (the proxy), those of `http1_request_text`. What was known by then is kept.
    result<void> make(request const& q, network_options const& network) {
        LADING_TRY(target, url::parse(q.url));
        auto const via = network.proxy.find(target->scheme(), target->host(), target->port());
        if (!via.empty()) {
            LADING_TRY(auto found, parse_proxy(via));
            proxy = std::make_unique<proxy_address>(std::move(found));
        }
        key = target->origin().str();
        key.append(1, ' ').append(1, static_cast<char>('0' + static_cast<int>(q.address_policy)));
        if (target->scheme() == "https") key.append(1, ' ').append(q.named_by); // who lends it trust
        if (proxy) key.append(1, ' ').append(proxy->where.authority());
        bool const forwarded = proxy && target->scheme() == "http";
        LADING_TRY(text, http1_request_text(q, *target, forwarded));
        if (forwarded && !proxy->authorization.empty())
            text.insert(text.find("\r\n") + 2, "Proxy-Authorization: " + proxy->authorization + "\r\n");
        return success();
    }

    /// A failure, with what is known of the way. `status` of a complete head; 0 for none.
    error explained(error e, request const& q, limits const& bounds, bool started, int status) const {
        exchange_progress p;
        p.target = target;
        p.started = started;
        p.status = status;
        p.proxied = proxy != nullptr;
        if (proxy && e == errc::connect_timeout) e.with_context("through the proxy " + proxy->where.authority());
        return complete_failure(std::move(e), q, bounds, p);
    }

    std::optional<url> target;
    std::string key;  ///< the pool's
    std::string text; ///< of the request
    std::unique_ptr<proxy_address> proxy;
};

} // namespace lading::detail
