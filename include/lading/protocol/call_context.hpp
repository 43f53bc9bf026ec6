// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `call_context`: what every operation of one call shares, and the requests of the v2 protocol
/// (doc/protocol.md#requests).

#include "../detail/chrono.hpp"
#include "../http/message.hpp"
#include "../http/url.hpp"
#include "../limits.hpp"
#include "../reference.hpp"
#include "../version.hpp"
#include "accept_notes.hpp"
#include "routing.hpp"
#include "upload_notes.hpp"

#include <optional>
#include <string>
#include <utility>

namespace lading {

/// Where and how one call talks. Copied into the operation.
struct call_context {
    call_context(std::string base, repository r, limits l = {})
        : base_url(std::move(base)), home(detail::origin_of(base_url)), name(r), bounds(std::move(l)) {}

    std::string base_url; ///< scheme, host and port, no trailing slash
    origin home;          ///< the same, read once; port 0 where that is no URL
    repository name;
    limits bounds;
    std::string user_agent = "lading/" LADING_VERSION_STRING;
    std::optional<std::chrono::steady_clock::time_point> deadline;
    std::chrono::milliseconds small_limit{0}; ///< of a request without a body, within a call that takes as long as its bytes; 0: none
    unsigned tries = 5;     ///< of what is sent, where its options do not say
    std::string time_limit; ///< that set it, in words, for the error when it is over
    accept_notes* accepts = nullptr; ///< outlives the call; without, a manifest is asked for once
    upload_notes* uploads = nullptr; ///< outlives the call; without, nothing is known of a registry

    /// The same call at another place.
    void move_to(std::string base, repository there) {
        base_url = std::move(base);
        home = detail::origin_of(base_url);
        name = std::move(there);
    }

    /// What a token must allow.
    std::string pull_scope() const { return "repository:" + std::string(name.path()) + ":pull"; }
    std::string push_scope() const { return pull_scope() + ",push"; }
    /// For requests that pull: with the right to push as well, as far as it is given, where the client writes to the repository.
    routing pull() const {
        if (!uploads || !uploads->any_writes() || !uploads->writes(repository_key())) return routing(pull_scope());
        routing out(push_scope());
        out.at_least = pull_scope();
        return out;
    }
    /// For requests that push.
    routing push() const {
        if (uploads) uploads->will_write(repository_key());
        return routing(push_scope());
    }
    /// The repository where it is, for the notes: origin, a space, path.
    std::string repository_key() const { return base_url + ' ' + std::string(name.path()); }

    /// A GET below `/v2/<name>/`. The parts come from parsed words, so the path needs no escaping.
    request get(std::string_view what, std::string_view which) const {
        return get("/v2/" + std::string(name.path()) + "/" + std::string(what) + "/" + std::string(which));
    }
    /// A GET of a path on the registry.
    request get(std::string const& path) const { return send("GET", base_url + path); }
    /// A request with any method for any URL.
    request send(std::string method, std::string url) const {
        request q(std::move(method), std::move(url));
        q.headers.add("User-Agent", user_agent);
        q.deadline = deadline;
        return q;
    }
};

} // namespace lading
