// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `upload_session`: the place where an upload goes on, answer by answer, and how requests are made to it.

#include "../http/address.hpp"
#include "../http/upload_location.hpp"
#include "../http/url.hpp"
#include "../protocol/call_context.hpp"
#include "../protocol/routing.hpp"
#include "../warning.hpp"

#include <string>
#include <utility>
#include <vector>

namespace lading {

/// The conversation must outlive it. `hosts`: others than the registry's own that it may lead to.
class upload_session {
  public:
    upload_session(call_context const& talk, std::vector<std::string> hosts) : talk_(talk), hosts_(std::move(hosts)) {}

    /// A token is renewed that is good for less than half a minute: it ends ten seconds early anyway.
    static constexpr std::chrono::seconds token_for{20};

    /// The place as the registry said it last; empty when there is no session.
    std::string const& place() const noexcept { return at_.url; }
    bool is_open() const noexcept { return !at_.url.empty(); }
    /// It is on a host that the registry has named: no credentials go there, and nobody else is told of it.
    bool is_elsewhere() const noexcept { return at_.elsewhere; }
    bool is_of_another_repository() const noexcept { return at_.other_repository; }

    /// Another begins. Errors: those of `locate_upload`.
    result<void> begin(response const& head, std::vector<warning>& remarks) {
        at_ = {};
        return take(head, remarks);
    }
    /// The place after an answer, which may say another one. Errors: those of `locate_upload`.
    result<void> follow(response const& head, std::vector<warning>& remarks) {
        if (!head.headers.find("Location")) return success();
        return take(head, remarks);
    }
    /// The registry does not know it any more, or is told to forget it: its place.
    std::string end() { return std::exchange(at_.url, {}); }

    /// A request to it, with what it needs to be allowed.
    std::pair<request, routing> ask(std::string method, std::string url) const {
        std::pair<request, routing> out(talk_.send(std::move(method), std::move(url)), talk_.push());
        out.second.once = out.first.method == "PUT" || out.first.method == "PATCH";
        out.second.token_for = token_for;
        if (at_.elsewhere) {
            out.second = routing::without_credentials();
            out.first.address_policy = far_;
            out.first.named_by = named_by_;
        }
        return out;
    }

  private:
    result<void> take(response const& head, std::vector<warning>& remarks) {
        auto found = locate_upload(head.headers, head.url, talk_.name.path(), hosts_);
        if (!found) return std::move(found).assume_error().with_status(head.status).with_url(safe_url(head.url));
        auto& next = found.assume_value();
        if (next.rewritten && !std::exchange(rewritten_, true))
            remarks.emplace_back(warning_code::upload_location_rewritten, "the proxy in front of the registry is misconfigured: " + safe_url(head.url));
        next.other_repository = next.other_repository || at_.other_repository;
        if (next.elsewhere) {
            far_ = policy_from(head, address_policy::anywhere, next.from->host, next.to->host);
            named_by_ = next.from->authority();
        }
        next.elsewhere = next.elsewhere || at_.elsewhere;
        at_ = std::move(next);
        return success();
    }

    call_context const& talk_;
    std::vector<std::string> hosts_;
    upload_location at_;
    address_policy far_ = address_policy::anywhere; ///< how far a host is that the registry named, and
    std::string named_by_;                          ///< its own
    bool rewritten_ = false;                        ///< said already
};

} // namespace lading
