// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `endpoint` and where the endpoints of a name come from: pure functions of the configuration
/// (doc/protocol.md#endpoints).

#include "../reference.hpp"
#include "../result.hpp"
#include "registry_rules.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// One place to ask for one repository.
struct endpoint {
    endpoint(std::string base, repository r, bool m = false) : base_url(std::move(base)), name(r), is_mirror(m) {}

    std::string base_url; ///< scheme, host and port, no trailing slash
    repository name;      ///< what the repository is called there
    bool is_mirror;

    bool over_tls() const noexcept { return base_url.starts_with("https:"); }
    /// Host and port, without scheme.
    std::string_view authority() const noexcept {
        return std::string_view(base_url).substr(base_url.find("//") + 2);
    }
    friend bool operator==(endpoint const&, endpoint const&) = default;
};

/// True when `prefix` (`host[:port][/path]`, or `*.domain`) stands for the name.
inline bool prefix_matches(std::string_view prefix, repository const& name) {
    if (prefix.starts_with("*.")) return tls_rules::without_port(name.host()).ends_with(prefix.substr(1)); // on every port
    auto const text = std::string(name.host()) + '/' + std::string(name.path());
    return text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == '/');
}

/// What holds for a name: the entry with the longest prefix, the first of equal ones; or nothing.
inline registry_entry const* find_registry(repository const& name, registry_rules const& rules) {
    registry_entry const* best = nullptr;
    for (auto const& r : rules.registries)
        if (prefix_matches(r.prefix, name) && (!best || r.prefix.size() > best->prefix.size())) best = &r;
    return best;
}

/// The rules as they are for one reference: the entries for it alone hold for its repository and come first. Nothing when there is no
/// such entry, and the rules are as they stand.
inline std::optional<registry_rules> rules_for(reference const& ref, registry_rules const& rules) {
    auto const text = ref.str();
    std::optional<registry_rules> out;
    for (auto const& r : rules.registries) {
        bool const whole = text.starts_with(r.prefix) && (text.size() == r.prefix.size() || text[r.prefix.size()] == '@');
        if (!r.is_of_one_image() || !whole) continue;
        if (!out) out.emplace(rules);
        auto entry = r;
        entry.prefix = ref.repository().str();
        out->registries.insert(out->registries.begin(), std::move(entry));
    }
    return out;
}

namespace detail {

/// The name with the prefix replaced by a location. Errors: `config_invalid`.
inline result<repository> relocate(repository const& name, std::string_view prefix, std::string const& location) {
    if (location.empty()) return name;
    auto const text = std::string(name.host()) + '/' + std::string(name.path());
    bool const wildcard = prefix.starts_with("*.");
    // A host that stands for a domain keeps the port of the name.
    bool const keeps_port = wildcard && location.find_first_of(":/") == location.npos;
    auto const kept = keeps_port ? tls_rules::without_port(name.host()).size() : wildcard ? name.host().size()
                                                                                          : prefix.size();
    auto const whole = location + text.substr(kept);
    auto out = repository::parse(whole);
    auto const host = whole.substr(0, whole.find('/'));
    if (!out || lower(host) != lower(out.assume_value().host()))
        return error(errc::config_invalid)
            .with_context("the location of a registry or mirror")
            .with_values("host[:port][/path]", printable(location, 160));
    return out;
}

/// A rule whose name no host can have would hold for nothing (an empty name means that). Errors: `config_invalid`.
inline result<void> check_names(registry_rules const& rules) {
    auto const wrong = [](char const* what, char const* form, std::string const& text) {
        return error(errc::config_invalid).with_context(what).with_values(form, printable(text, 160));
    };
    for (auto const& h : rules.hosts)
        if (h.host.find('/') != h.host.npos) return wrong("a rule for a host", "host[:port]", h.host);
    for (auto const& r : rules.registries)
        if (r.prefix.find("//") != r.prefix.npos)
            return wrong("a rule for a registry", "host[:port][/path]", r.prefix);
    return success();
}

inline void add_v2(std::vector<endpoint>& out, repository const& name, bool is_mirror, registry_rules const& rules) {
    auto const* host = rules.find_host(name.host());
    auto const http = host ? host->http : plaintext::never;
    if (http != plaintext::only) out.emplace_back("https://" + registry_host(name), name, is_mirror);
    if (http != plaintext::never) out.emplace_back("http://" + registry_host(name), name, is_mirror);
}

} // namespace detail

/// The endpoints of a name in the order they are asked: its mirrors, then its origin; each over https, and over http
/// where the rules of that host allow it by name. `by_digest` says whether the reference pins its content (some mirrors may
/// only be asked then). Errors: `registry_blocked`, `config_invalid`; both final.
inline result<std::vector<endpoint>> modern_endpoints(repository const& name, registry_rules const& rules,
                                                      bool by_digest) {
    LADING_TRY_V(detail::check_names(rules));
    std::vector<endpoint> out;
    auto const* entry = find_registry(name, rules);
    if (entry && entry->blocked)
        return error(errc::registry_blocked).with_context(detail::printable(entry->prefix, 160));
    repository origin = name;
    if (entry) {
        for (auto const& m : entry->mirrors) {
            if (m.use == (by_digest ? mirror_use::tag_only : mirror_use::digest_only)) continue;
            LADING_TRY(auto const there, detail::relocate(name, entry->prefix, m.location));
            detail::add_v2(out, there, true, rules);
        }
        LADING_TRY(origin, detail::relocate(name, entry->prefix, entry->location));
    }
    detail::add_v2(out, origin, false, rules);
    return out;
}

} // namespace lading
