// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `platform_choice`: which image of an index is meant (spec 7.1, 10.48). The record says what was asked.

#include "../descriptor.hpp"
#include "../platform_match.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// True for entries that describe another entry (build attestations) and are no image.
inline bool is_attestation(descriptor const& d) {
    return (d.platform && d.platform->os == "unknown" && d.platform->architecture == "unknown") ||
           d.annotations.contains("vnd.docker.reference.type");
}

class platform_choice {
  public:
    /// The platform this program was compiled for. The default.
    static platform_choice host() { return platform_choice(kind::host, host_platform()); }
    /// This platform, or the nearest older variant that it can run.
    static platform_choice like(platform p) { return platform_choice(kind::like, std::move(p)); }
    /// This platform and no other variant.
    static platform_choice exact(platform p) { return platform_choice(kind::exact, std::move(p)); }
    /// The first image of the index, whatever it runs on.
    static platform_choice any() { return platform_choice(kind::any, {}); }

    /// What was asked for, in words: "host (linux/amd64)", "linux/arm/v7", "exactly linux/arm/v7", "any".
    std::string str() const {
        switch (kind_) {
        case kind::host: return "host (" + wanted_.str() + ")";
        case kind::exact: return "exactly " + wanted_.str();
        case kind::any: return "any";
        case kind::like: break;
        }
        return wanted_.str();
    }

    /// The entry that is meant, or `platform_not_found` with every platform there is. Linear in the entries.
    result<descriptor> choose(std::vector<descriptor> const& entries) const {
        std::vector<std::optional<platform>> offered;
        std::vector<descriptor const*> images;
        for (auto const& e : entries)
            if (!is_attestation(e)) {
                offered.push_back(e.platform);
                images.push_back(&e);
            }
        if (kind_ == kind::any && !images.empty()) return *images.front();
        if (kind_ != kind::any)
            if (auto const i = choose_platform(offered, wanted_, kind_ == kind::exact)) return *images[*i];

        std::vector<std::string> available;
        for (auto const& p : offered) available.push_back(p ? p->str() : "(no platform)");
        if (available.empty()) available.emplace_back("nothing");
        return error(errc::platform_not_found).with_values(str(), {}).with_available(std::move(available));
    }

  private:
    enum class kind : std::uint8_t { host, like, exact, any };
    platform_choice(kind k, platform p) : kind_(k), wanted_(std::move(p)) {}

    kind kind_;
    platform wanted_;
};

} // namespace lading
