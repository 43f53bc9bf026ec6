// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `registry_rules`: what the caller has configured about registries: how each host is spoken to, which mirrors stand
/// for which names, what is blocked. Plain data; `endpoint/endpoints.hpp` makes endpoints of it, `backend/` has
/// loaders that read it from the files of the container tools.

#include "../detail/docker_hub.hpp"
#include "../detail/text.hpp"
#include "../warning.hpp"
#include "tls_options.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lading {

/// Which schemes a host may be spoken to with. Independent of certificate checks.
enum class plaintext : std::uint8_t {
    never,   ///< https only
    allowed, ///< https, then http if nothing answered over TLS
    only     ///< http only
};

/// How one host is spoken to: three switches that do not imply each other.
struct host_rules {
    explicit host_rules(std::string h) : host(std::move(h)) {}
    host_rules& with_plaintext(plaintext p) { return http = p, *this; }
    host_rules& with_tls(tls_options o) { return tls = std::move(o), has_tls = true, *this; }

    std::string host; ///< `host` or `host:port`, as in references; "docker.io" is for its registry; "*.example.com" for all below
    plaintext http = plaintext::never;
    bool has_tls = false; ///< `tls` replaces the options of the transport for this host
    tls_options tls;
};

/// When a mirror may be asked.
enum class mirror_use : std::uint8_t { all,
                                       digest_only,
                                       tag_only };

/// A place that serves the same content under another name.
struct mirror {
    explicit mirror(std::string l, mirror_use u = mirror_use::all) : location(std::move(l)), use(u) {}
    std::string location; ///< `host[:port][/path]`; takes the place of the prefix in a name
    mirror_use use = mirror_use::all;
};

/// What holds for all names below a prefix, or for one image.
struct registry_entry {
    explicit registry_entry(std::string p) : prefix(std::move(p)) {}
    registry_entry& with_location(std::string l) { return location = std::move(l), *this; }
    registry_entry& with_mirror(mirror m) { return mirrors.push_back(std::move(m)), *this; }
    registry_entry& with_blocked(bool yes = true) { return blocked = yes, *this; }

    std::string prefix;   ///< `host[:port][/path]`, `*.example.com` for all sub-domains, or one image, `host/path:tag` or `host/path@digest`
    std::string location; ///< takes the place of the prefix in a name; empty: the prefix itself
    std::vector<mirror> mirrors; ///< in the order they are asked, before the origin
    bool blocked = false;        ///< refuse every name below the prefix

    /// True when the prefix is one image: it has a tag or a digest.
    bool is_of_one_image() const noexcept {
        auto const slash = prefix.find('/');
        return slash != prefix.npos && prefix.find_first_of(":@", slash) != prefix.npos && prefix.find("//") == prefix.npos;
    }
};

/// Everything that is configured about registries. Every setter returns the object.
struct registry_rules {
    registry_rules() = default;
    registry_rules& with_host(host_rules h) {
        h.host = detail::lower(h.host);
        return host(h.host) = std::move(h), *this;
    }
    registry_rules& with_registry(registry_entry r) { return registries.push_back(std::move(r)), *this; }
    /// A mirror for all names below a prefix, behind those that it has.
    registry_rules& with_mirror(std::string prefix, mirror m) {
        for (auto& r : registries)
            if (r.prefix == prefix) return r.with_mirror(std::move(m)), *this;
        return with_registry(registry_entry(std::move(prefix)).with_mirror(std::move(m)));
    }
    registry_rules& with_v1(bool yes = true) { return v1 = yes, *this; }
    /// Said once, however often it is found.
    void add_warning(warning w) {
        for (auto const& known : warnings)
            if (known == w) return;
        warnings.push_back(std::move(w));
    }

    std::vector<host_rules> hosts; ///< one entry a host
    std::vector<registry_entry> registries; ///< the longest matching prefix counts, the first of equal ones
    std::vector<std::pair<std::string, std::string>> aliases; ///< short names and the names they stand for
    std::vector<warning> warnings; ///< what was odd in the files that were read; nothing here changes what the rules say
    bool v1 = false; ///< offer v1 endpoints to the fallback policy (doc/protocol.md#v1); off unless asked for

    /// Read by `docker_1_10_fallback` only (doc/protocol.md#docker-1-10): networks ("10.0.0.0/8") whose hosts are
    /// insecure, and how a host name becomes addresses (in text; empty: it does not resolve). Without `resolve` only
    /// IP literals match.
    std::vector<std::string> insecure_networks;
    std::vector<std::string> (*resolve)(std::string const& host) = nullptr;

    /// The rules of a host: its own, else those of the longest name above it ("*.example.com", for every port); or nothing.
    host_rules const* find_host(std::string_view host) const noexcept {
        host_rules const* best = nullptr;
        for (auto const& h : hosts) {
            if (h.host == host) return &h;
            bool const above = h.host.starts_with("*.") && tls_rules::without_port(host).ends_with(std::string_view(h.host).substr(1));
            if (above && (!best || h.host.size() > best->host.size())) best = &h;
        }
        return best;
    }
    /// The rules of a host, to be changed; when it has none of its own they begin as what holds for it. Capitals are taken for
    /// small letters.
    host_rules& host(std::string_view text) {
        auto const name = detail::lower(text);
        for (auto& h : hosts)
            if (h.host == name) return h;
        auto const* above = find_host(name);
        auto made = above ? *above : host_rules(name);
        made.host = name;
        return hosts.emplace_back(std::move(made));
    }
    /// What a transport must be told: the options of the hosts that have their own.
    tls_rules tls(tls_options everywhere = {}) const {
        tls_rules out(std::move(everywhere));
        for (auto const& h : hosts)
            if (h.has_tls) out.with_host(h.host == detail::docker_hub::name ? std::string(detail::docker_hub::registry_host) : h.host, h.tls);
        return out;
    }
};

} // namespace lading
