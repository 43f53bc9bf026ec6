// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `platform_choice`: which image of an index is meant (doc/protocol.md#platforms). The record says what was asked.

#include "descriptor.hpp"
#include "platform_match.hpp"

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

/// True for entries that may be chosen: images whose platform, where there is one, says what it is.
inline bool is_choosable(descriptor const& d) { return !is_attestation(d) && (!d.platform || d.platform->is_complete()); }

/// True for entries whose image has zstd layers, which its index says so that a reader may prefer or avoid it.
inline bool is_zstd(descriptor const& d) {
    auto const at = d.annotations.find("io.github.containers.compression.zstd");
    return at != d.annotations.end() && at->second == "true";
}

/// Which of the entries that fit a platform equally well is taken (doc/protocol.md#platforms).
enum class compression : std::uint8_t {
    first_listed, ///< whatever its layers are; the default by the rules of containerd and Docker
    zstd,         ///< the first with zstd layers, if there is one; the default by the rules of containers/image
    gzip          ///< the first without
};

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
    /// No image: an index is looked at for itself.
    static platform_choice none() { return platform_choice(kind::none, {}); }

    /// How an entry is found that is like the one wanted. Sets the preference for a compression to that of the rules.
    platform_choice& with_rules(platform_rules r) {
        rules_ = r;
        prefers_ = r == platform_rules::containers_image ? compression::zstd : compression::first_listed;
        return *this;
    }
    /// Which of several that fit equally well is taken. The platform always goes first.
    platform_choice& with_compression(compression c) { return prefers_ = c, *this; }

    /// What was asked for, in words: "host (linux/amd64)", "linux/arm/v7", "exactly linux/arm/v7", "any", "none"; other
    /// rules than those of containerd are named.
    std::string str() const {
        auto out = wanted_.str();
        if (kind_ == kind::host) out = "host (" + out + ")";
        if (kind_ == kind::exact) out = "exactly " + out;
        if (kind_ == kind::any) return "any";
        if (kind_ == kind::none) return "none";
        if (rules_ == platform_rules::containers_image) out += " by the rules of containers/image";
        if (rules_ == platform_rules::docker_20_10) out += " by the rules of Docker 20.10";
        return out;
    }

    bool is_none() const noexcept { return kind_ == kind::none; }

    /// True when a platform was named and this one does not satisfy it. The host's is a default: nobody named it.
    bool excludes(platform p) const {
        std::optional<platform> const only(std::move(p));
        return (kind_ == kind::like || kind_ == kind::exact) && !choose_platform({&only, 1}, wanted_, kind_ == kind::exact, rules_);
    }

    /// The entry that is meant, or `platform_not_found` with every platform there is. Linear in the entries.
    result<descriptor> choose(std::vector<descriptor> const& entries) const {
        // Of equal entries the first is taken, so that those of the preferred compression are put in front.
        std::vector<descriptor const*> images;
        auto const add = [&](bool others) {
            for (auto const& e : entries)
                if (is_choosable(e) && preferred(e) != others) images.push_back(&e);
        };
        add(false);
        add(true);
        if (kind_ == kind::any && !images.empty()) return *images.front();
        std::vector<std::optional<platform>> offered;
        offered.reserve(images.size());
        for (auto const* e : images) offered.push_back(e->platform);
        if (kind_ != kind::any && kind_ != kind::none)
            if (auto const i = choose_platform({offered.data(), offered.size()}, wanted_, kind_ == kind::exact, rules_))
                return *images[*i];

        std::vector<std::string> available;
        for (auto const& e : entries)
            if (is_choosable(e)) available.push_back(e.platform ? e.platform->str() : "(no platform)");
        if (available.empty()) available.emplace_back("nothing");
        return error(errc::platform_not_found).with_values(str(), {}).with_available(std::move(available));
    }

  private:
    enum class kind : std::uint8_t { host,
                                     like,
                                     exact,
                                     any,
                                     none };
    platform_choice(kind k, platform p) : kind_(k), wanted_(std::move(p)) {}

    bool preferred(descriptor const& d) const {
        return prefers_ == compression::first_listed || is_zstd(d) == (prefers_ == compression::zstd);
    }

    kind kind_;
    platform wanted_;
    platform_rules rules_ = platform_rules::containerd;
    compression prefers_ = compression::first_listed;
};

} // namespace lading
