// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The fallback policy of Docker 1.10, as it was: three classes of errors, a confirmation of v2 that sticks, the last error
/// reported, and every endpoint pinged. For comparison and for old registries; it asks http after https and v1 after v2
/// wherever a host is insecure.

#include "../detail/algorithm.hpp"
#include "../http/url.hpp"
#include "legacy_fallback.hpp"

#include <charconv>
#include <utility>

namespace lading {

namespace detail {

/// True when an address is in a network "a.b.c.d/n", or is the one address.
inline bool in_network(std::string_view address, std::string_view network) {
    auto const a = parse_ip(address);
    return a && (network.find('/') == network.npos ? a == parse_ip(network) : ip_network::parse(network).holds(a));
}

} // namespace detail

/// May this host be spoken to without TLS, by the rule of Docker 1.10? An exact entry in `rules.hosts`
/// decides; else any address of the host in an insecure network, 127.0.0.0/8 always among them. docker.io never.
inline bool is_insecure_host(std::string_view host, registry_rules const& rules) {
    if (host == detail::docker_hub::name) return false;
    if (auto const* named = rules.find_host(host)) return named->http != plaintext::never;
    auto bare = host;
    if (auto const colon = bare.rfind(':'); colon != bare.npos && bare.find(']', colon) == bare.npos)
        bare = bare.substr(0, colon);
    std::vector<std::string> addresses;
    if (rules.resolve) addresses = rules.resolve(std::string(bare));
    if (addresses.empty()) addresses.emplace_back(bare == "localhost" ? "127.0.0.1" : bare);
    for (auto const& a : addresses) {
        if (detail::in_network(a, "127.0.0.0/8")) return true;
        for (auto const& n : rules.insecure_networks)
            if (detail::in_network(a, n)) return true;
    }
    return false;
}

class docker_1_10_fallback {
  public:
    static constexpr bool pings = true;
    static constexpr bool tags_first = true;

    /// Mirrors are for docker.io only, and may be given with their scheme.
    static result<std::vector<legacy_endpoint>> endpoints(repository const& name, registry_rules const& rules, bool) {
        std::vector<legacy_endpoint> out;
        auto const host = std::string(name.host());
        if (host == detail::docker_hub::name) {
            if (auto const* entry = find_registry(name, rules))
                for (auto const& m : entry->mirrors) {
                    auto const scheme = m.location.find("://");
                    auto const where = scheme == m.location.npos ? m.location : m.location.substr(scheme + 3);
                    LADING_TRY(auto const there, detail::relocate(name, detail::docker_hub::name, where));
                    auto const prefix = scheme == m.location.npos ? "https" : m.location.substr(0, scheme);
                    out.emplace_back(endpoint(prefix + "://" + registry_host(there), there, true));
                }
            out.emplace_back(endpoint("https://" + registry_host(name), name));
            if (rules.v1) out.emplace_back(endpoint(std::string(detail::docker_hub::v1_url), name), api_version::v1);
            return out;
        }
        bool const insecure = is_insecure_host(host, rules);
        for (auto version : {api_version::v2, api_version::v1}) {
            if (version == api_version::v1 && !rules.v1) continue;
            out.emplace_back(endpoint("https://" + host, name), version);
            if (insecure) out.emplace_back(endpoint("http://" + host, name), version);
        }
        return out;
    }

    /// A ping of the endpoint under way said v2.
    void confirmed() noexcept { said_v2_ = true; }

    bool failed(legacy_endpoint const& at, error const& e) {
        auto const index = seen_++;
        bool const v2_here = std::exchange(said_v2_, false) || e.facts().tags_listed;
        auto const what = class_of(at, e);
        if (what == verdict::stop) return last_ = index, false;
        if (what == verdict::next && v2_here) confirmed_ = true;
        bool const unsupported = e == errc::v1_unsupported;
        if (!unsupported || !kept_) last_ = index;
        kept_ = kept_ || !unsupported;
        return true;
    }
    bool admits(legacy_endpoint const& next) const noexcept { return !(confirmed_ && next.version == api_version::v1); }
    std::size_t primary() const noexcept { return last_; }

  private:
    enum class verdict : std::uint8_t { v1_ok,
                                        next,
                                        stop };

    /// The table of doc/protocol.md#docker-1-10.
    static verdict class_of(legacy_endpoint const& at, error const& e) noexcept {
        if (is_callers_own(e.kind())) return verdict::stop;
        auto const f = e.facts();
        if (at.version == api_version::v1) {
            bool const no_session = e == errc::v1_unsupported || (f.what == asked::ping && !f.answered);
            return no_session ? verdict::next : verdict::stop;
        }
        if (f.what == asked::blob && e.http_status() == 404) return verdict::next; // "unknown blob", whatever the body
        switch (f.said) {
        case refusal_form::other: return verdict::stop;
        case refusal_form::unknown:
            return f.what == asked::tags || f.what == asked::manifest ? verdict::v1_ok : verdict::next;
        default: return verdict::next;
        }
    }

    bool confirmed_ = false; ///< sticks: some endpoint that failed had said v2
    bool said_v2_ = false;   ///< the endpoint under way did
    bool kept_ = false;      ///< an error other than "not supported" is kept
    std::size_t seen_ = 0, last_ = 0;
};

} // namespace lading
