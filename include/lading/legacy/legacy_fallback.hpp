// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Fallback policies that know v1, the protocol before v2: places of both versions, and whether pings come first.
///
/// Requirements, on a copyable `F`: those of `fallback_policy` (policy/fallback.hpp) with `legacy_endpoint` in place of
/// `endpoint`, and
///  1. `F::pings` is a constant: whether each place is pinged before it is asked; then `f.confirmed()` is called when a ping
///     says v2;
///  2. `F::tags_first` is a constant: whether inspect lists the tags before it asks for the manifest.
/// Models: `modern_fallback_with_v1`, `docker_1_10_fallback`.

#include "../policy/fallback.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lading {

enum class api_version : std::uint8_t { v1 = 1,
                                        v2 = 2 };

/// A place and the version of the protocol that it is asked in.
struct legacy_endpoint : endpoint {
    explicit legacy_endpoint(endpoint e, api_version v = api_version::v2) : endpoint(std::move(e)), version(v) {}
    api_version version;
};

template <class F>
concept legacy_fallback_policy =
    std::copyable<F> && detail::reads_errors<F, legacy_endpoint> &&
    requires(repository const& name, registry_rules const& rules) {
        { F::endpoints(name, rules, true) } -> std::same_as<result<std::vector<legacy_endpoint>>>;
        { F::pings } -> std::convertible_to<bool>;
        { F::tags_first } -> std::convertible_to<bool>;
    };

/// Explains at compile time why `F` is none.
template <class F>
struct check_legacy_fallback {
    static_assert(legacy_fallback_policy<F>,
                  "[lading] legacy fallback policy: F needs `endpoints`, which lists lading::legacy_endpoint, `failed`, `admits` "
                  "and `primary`, and `static constexpr bool pings` and `tags_first`");
    static constexpr bool ok = true;
};

/// `modern_fallback`, and last, where `registry_rules::with_v1` asks for it, the origin's v1, if nothing said v2.
class modern_fallback_with_v1 : public modern_fallback {
  public:
    static constexpr bool pings = false;
    static constexpr bool tags_first = false;

    static result<std::vector<legacy_endpoint>> endpoints(repository const& name, registry_rules const& rules, bool by_digest) {
        LADING_TRY(auto const places, modern_fallback::endpoints(name, rules, by_digest));
        std::vector<legacy_endpoint> out;
        for (auto const& place : places) out.emplace_back(place);
        for (auto const& place : places) {
            if (!rules.v1 || place.is_mirror) continue;
            auto& v1 = out.emplace_back(place, api_version::v1);
            if (v1.name.host() == detail::docker_hub::name) v1.base_url = detail::docker_hub::v1_url;
        }
        return out;
    }
    bool failed(legacy_endpoint const& at, error const& e) {
        v2_ = v2_ || (!at.is_mirror && e.facts().v2_confirmed);
        return modern_fallback::failed(at, e);
    }
    bool admits(legacy_endpoint const& next) const {
        if (next.version == api_version::v1) return last_facts().v1 && !v2_;
        return modern_fallback::admits(next);
    }

  private:
    bool v2_ = false; ///< the origin said v2
};

} // namespace lading
