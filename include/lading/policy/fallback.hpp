// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The fallback policy: which endpoints there are, and what an error allows next.
///
/// Requirements, on a copyable `F` of which every call gets its own copy:
///  1. `F::endpoints(repository const&, registry_rules const&, bool by_digest)` returns
///     `result<std::vector<endpoint>>`, in the order they are to be asked;
///  2. `f.failed(endpoint const&, error const&)` takes note of a failure; false ends the call;
///  3. `f.admits(endpoint const&)` says whether an endpoint may be asked after what has failed so far;
///  4. `f.primary()` is the index, among the failures noted, of the one to report;
///  5. `F::pings` and `F::tags_first` are constants: whether each endpoint is pinged before it is asked (spec 3.1,
///     3.2; then `f.confirmed()` is called when a ping says v2), and whether inspect lists the tags first;
///  6. `F::speaks_v1` is a constant: whether the v1 protocol is compiled in. Endpoints of it are offered only where
///     `registry_rules::v1` asks for them.
/// A policy reads codes and facts of an error, never its text.
/// Models: `modern_fallback` (default), `modern_fallback_with_v1`, `docker_1_10_fallback` (legacy/docker_1_10_fallback.hpp).

#include "../endpoint/endpoints.hpp"
#include "../error_groups.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <vector>

namespace lading {

namespace detail {
template <class F>
concept lists_endpoints = requires(repository const& name, registry_rules const& rules) {
    { F::endpoints(name, rules, true) } -> std::same_as<result<std::vector<endpoint>>>;
};
template <class F>
concept reads_errors = requires(F& f, F const& c, endpoint const& at, error const& e) {
    { f.failed(at, e) } -> std::same_as<bool>;
    { c.admits(at) } -> std::same_as<bool>;
    { c.primary() } -> std::convertible_to<std::size_t>;
};
template <class F>
concept has_order = requires {
    { F::pings } -> std::convertible_to<bool>;
    { F::tags_first } -> std::convertible_to<bool>;
    { F::speaks_v1 } -> std::convertible_to<bool>;
};
} // namespace detail

template <class F>
concept fallback_policy =
    std::copyable<F> && detail::lists_endpoints<F> && detail::reads_errors<F> && detail::has_order<F>;

/// Explains at compile time why `F` is no fallback policy.
template <class F>
struct check_fallback {
    static_assert(detail::lists_endpoints<F>,
                  "[lading] fallback policy: F needs `static lading::result<std::vector<lading::endpoint>> "
                  "endpoints(lading::repository const&, lading::registry_rules const&, bool by_digest)`");
    static_assert(detail::reads_errors<F>,
                  "[lading] fallback policy: F needs `bool failed(lading::endpoint const&, lading::error const&)`, "
                  "`bool admits(lading::endpoint const&) const` and `std::size_t primary() const`");
    static_assert(detail::has_order<F>,
                  "[lading] fallback policy: F needs `static constexpr bool pings`, `tags_first` and `speaks_v1`");
    static constexpr bool ok = true;
};

/// What spec 2.7 recommends. Mirrors in turn, whatever their failure; the origin once; http only where the rules name
/// the host for it and nothing ever answered there over TLS; v1 only where it is asked for and nothing said v2. A
/// failure of the caller's own (cancelled, out of time, the sink) ends it. The error reported is the origin's.
class modern_fallback {
  public:
    static constexpr bool pings = false;
    static constexpr bool tags_first = false;
    static constexpr bool speaks_v1 = false;

    static result<std::vector<endpoint>> endpoints(repository const& name, registry_rules const& rules, bool by_digest) {
        return modern_endpoints(name, rules, by_digest);
    }

    bool failed(endpoint const& at, error const& e) {
        auto const f = e.facts();
        if (f.answered && at.over_tls()) answered_.emplace_back(at.authority());
        if (!at.is_mirror && (!origin_failed_ || f.answered)) primary_ = seen_;
        if (!at.is_mirror) origin_failed_ = true;
        else if (!origin_failed_) primary_ = seen_;
        ++seen_;
        v2_ = v2_ || (!at.is_mirror && f.v2_confirmed);
        last_ = at;
        last_facts_ = f;
        return at.is_mirror ? !is_callers_own(e.kind()) : !f.stop();
    }
    bool admits(endpoint const& next) const {
        if (!last_) return true;
        if (next.version == api_version::v1) return last_facts_.v1 && !v2_;
        bool const same_host = next.authority() == last_->authority() && next.is_mirror == last_->is_mirror;
        if (same_host && last_->over_tls() && !next.over_tls()) return last_facts_.plaintext && !answered_over_tls(next);
        return last_->is_mirror && !(!next.over_tls() && answered_over_tls(next));
    }
    std::size_t primary() const noexcept { return primary_; }
    void confirmed() noexcept { v2_ = true; }

  private:
    bool answered_over_tls(endpoint const& e) const {
        for (auto const& a : answered_)
            if (a == e.authority()) return true;
        return false;
    }

    std::vector<std::string> answered_; ///< hosts that gave an answer over TLS
    std::optional<endpoint> last_;
    fallback_facts last_facts_;
    std::size_t seen_ = 0, primary_ = 0;
    bool origin_failed_ = false;
    bool v2_ = false; ///< the origin said v2
};

/// The same for those who still have v1 registries, of whom `registry_rules::with_v1` must know.
// [fallback]
class modern_fallback_with_v1 : public modern_fallback {
  public:
    static constexpr bool speaks_v1 = true;
};
// [fallback]

} // namespace lading
