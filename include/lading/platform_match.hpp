// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Which entry of an index fits a platform (doc/protocol.md#platforms): ordered wishes, the Windows build rule, OS
/// features.

#include "detail/algorithm.hpp"
#include "platform.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lading {

/// How wishes are made from a platform.
enum class platform_rules : std::uint8_t {
    containerd,       ///< normal form first, then each older variant that the machine runs too; the default
    containers_image, ///< as written; the variant, then older ones, then none
    docker_20_10 ///< as containerd, and where no variant of arm fits, any arm there is, whether it runs or not
};

namespace detail {

inline int variant_number(std::string_view v) { // "v7" -> 7, "v8.2" -> 8, else -1
    int n = -1;
    if (!v.starts_with('v') || v.size() < 2 || !is_digit(v[1])) return -1;
    auto const end = std::from_chars(v.data() + 1, v.data() + v.size(), n).ptr;
    return end == v.data() + v.size() || *end == '.' ? n : -1;
}

inline std::vector<platform> wishes_containerd(platform const& wanted) {
    platform const p = normalise(wanted);
    std::vector<platform> out{p};
    auto add = [&](std::string a, std::string v) { out.emplace_back(p.os, std::move(a), std::move(v)); };
    int const n = variant_number(p.variant);
    if (p.architecture == "amd64") {
        for (int v = std::min(n, 64) - 1; v >= 2; --v) add("amd64", "v" + std::to_string(v));
        if (!p.variant.empty()) add("amd64", "");
        add("386", "");
    } else if (p.architecture == "arm") {
        for (int v = std::min(n, 8) - 1; v >= 5; --v) add("arm", "v" + std::to_string(v));
    } else if (p.architecture == "arm64") {
        // v9.x runs v8.(x+5) and below; v8.x runs v8.(x-1) and below.
        int minor = 0;
        if (auto const dot = p.variant.find('.'); dot != p.variant.npos)
            std::from_chars(p.variant.data() + dot + 1, p.variant.data() + p.variant.size(), minor);
        minor = std::clamp(minor, 0, 9);
        if (n == 9) {
            for (int m = minor - 1; m >= 0; --m) add("arm64", m ? "v9." + std::to_string(m) : "v9");
            minor += 6;
        }
        if (n == 8 || n == 9) {
            for (int m = std::min(minor, 10) - 1; m >= 1; --m) add("arm64", "v8." + std::to_string(m));
            add("arm64", "");
        }
        for (int v = 8; v >= 5; --v) add("arm", "v" + std::to_string(v));
    }
    return out;
}

inline std::vector<platform> wishes_containers_image(platform const& wanted) {
    std::vector<platform> out;
    auto add = [&](std::string v) { out.emplace_back(wanted.os, wanted.architecture, std::move(v)); };
    std::vector<std::string> compatible;
    if (wanted.architecture == "arm") compatible = {"v8", "v7", "v6", "v5"};
    if (wanted.architecture == "arm64") compatible = {"v8"};
    if (wanted.variant.empty()) {
        add("");
        for (auto& v : compatible) add(v);
        return out;
    }
    auto const at = std::find(compatible.begin(), compatible.end(), wanted.variant);
    if (at == compatible.end()) add(wanted.variant);
    for (auto i = at; i != compatible.end(); ++i) add(*i);
    add("");
    return out;
}

struct windows_version {
    std::array<long, 3> part{}; ///< major, minor, build
    bool valid = false;
};
inline windows_version parse_windows_version(std::string_view text) {
    windows_version out;
    for (auto& p : out.part) {
        auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), p);
        if (bad != std::errc()) return out;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (text.starts_with('.')) text.remove_prefix(1);
    }
    out.valid = true;
    return out;
}

} // namespace detail

/// The platforms that satisfy `wanted`, best first.
inline std::vector<platform> wish_list(platform const& wanted,
                                       platform_rules rules = platform_rules::containerd) {
    return rules == platform_rules::containers_image ? detail::wishes_containers_image(wanted)
                                                     : detail::wishes_containerd(wanted);
}

/// May an image for Windows `entry` run on `wanted`? major.minor are equal; a host before build 20348 runs
/// its own build only, a newer one every build from the last long-term release (20348, 26100) up to its own.
/// Nothing wanted, or an entry without version, fits.
inline bool windows_version_matches(std::string_view wanted, std::string_view entry) {
    if (wanted.empty() || entry.empty()) return true;
    auto const w = detail::parse_windows_version(wanted), e = detail::parse_windows_version(entry);
    if (!w.valid || !e.valid) return wanted == entry;
    if (w.part[0] != e.part[0] || w.part[1] != e.part[1]) return false;
    long const host = w.part[2], image = e.part[2];
    if (host < 20348) return image == host;
    long const oldest = host > 26100 ? 26100 : 20348;
    return image >= oldest && image <= host;
}

/// Everything the entry needs of the OS is among what is offered: an entry that needs something fits none who offers
/// nothing.
inline bool os_features_match(std::span<std::string const> wanted, std::span<std::string const> entry) {
    for (auto const& needed : entry)
        if (std::find(wanted.begin(), wanted.end(), needed) == wanted.end()) return false;
    return true;
}

/// The index of the entry to take, or nothing; the first one when several are equally good. O(wishes *
/// entries).
///
/// By the rules of containerd, the default, three rounds are made:
///  1. the wishes against entries in normal form that say their variant (`arm64/v8` is `arm64`, `amd64/v1` is
///  `amd64`);
///     a bare `arm` entry says nothing, so it waits unless a bare `arm` is wanted, which it then fits best;
///  2. the same with bare `arm` entries taken for `arm/v7`;
///  3. the wishes by the rules of containers/image: for a variant that nothing fits, the entry without
///  variant; when no
///     variant was wanted, every one there is.
/// On lists that tell their variants the outcome is the same as by containers/image rules alone, save that
/// other architectures which the machine runs too (386 on amd64, arm on arm64) are taken before nothing is.
///
/// By those of Docker 20.10 there is the second round, and then for arm the first entry of that system and architecture
/// whatever its variant: what older versions did, which looked at no variant.
///
/// Entries without platform come last, `unknown/unknown` never. The Windows build and the OS features must
/// fit, except by containers/image rules, which look at neither. With `exact` only the platform itself, in
/// normal form, is taken.
inline std::optional<std::size_t> choose_platform(std::span<std::optional<platform> const> entries,
                                                  platform const& wanted, bool exact = false,
                                                  platform_rules rules = platform_rules::containerd) {
    enum class form { as_written,
                      variant_said,
                      normal };
    bool const modern = rules != platform_rules::containers_image;
    auto usable = [&](platform const& e) {
        if (e.os == "unknown" && e.architecture == "unknown") return false;
        return !modern ||
               ((wanted.os != "windows" || windows_version_matches(wanted.os_version, e.os_version)) &&
                os_features_match(wanted.os_features, e.os_features));
    };
    auto fits = [&](platform const& e, platform const& wish, form as) {
        auto n = as == form::as_written ? e : normalise(e);
        if (as == form::variant_said && e.variant.empty() && detail::lower(e.architecture) == "arm")
            n.variant.clear();
        return n.os == wish.os && n.architecture == wish.architecture && n.variant == wish.variant;
    };
    auto find = [&](std::vector<platform> const& wishes, form as) -> std::optional<std::size_t> {
        for (auto const& wish : wishes)
            for (std::size_t i = 0; i < entries.size(); ++i)
                if (entries[i] && usable(*entries[i]) && fits(*entries[i], wish, as)) return i;
        return std::nullopt;
    };

    if (exact) return modern ? find({normalise(wanted)}, form::normal) : find({wanted}, form::as_written);
    if (rules == platform_rules::containerd) {
        if (wanted.variant.empty() && wanted.architecture == "arm")
            if (auto const i = find({platform(wanted.os, "arm")}, form::variant_said)) return i;
        if (auto const i = find(wish_list(wanted), form::variant_said)) return i;
    }
    if (modern)
        if (auto const i = find(wish_list(wanted), form::normal)) return i;
    if (rules == platform_rules::docker_20_10) {
        auto const p = normalise(wanted);
        for (std::size_t i = 0; p.architecture == "arm" && i < entries.size(); ++i)
            if (entries[i] && entries[i]->os == p.os && entries[i]->architecture == p.architecture) return i;
    } else if (auto const i = find(wish_list(wanted, platform_rules::containers_image), form::as_written)) {
        return i;
    }
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (!entries[i]) return i;
    return std::nullopt;
}

} // namespace lading
