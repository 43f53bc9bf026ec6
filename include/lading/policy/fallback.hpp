// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The fallback policy: which endpoints there are, and what an error allows next.
///
/// Requirements, on a copyable `F` of which every call gets its own copy:
///  1. `F::endpoints(repository const&, registry_rules const&, bool by_digest)` returns
///     `result<std::vector<endpoint>>`, in the order they are to be asked;
///  2. `f.failed(endpoint const&, error const&)` takes note of a failure; false ends the call;
///  3. `f.admits(endpoint const&)` says whether an endpoint may be asked after what has failed so far;
///  4. `f.primary()` is the index, among the failures noted, of the one to report.
/// A policy reads codes and facts of an error, never its text.
/// Models: `modern_fallback` (default). Registries that speak v1 only, and the behaviour of Docker 1.10, have policies and a
/// client of their own: `legacy/legacy_client.hpp`.

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
template <class F, class Place = endpoint>
concept reads_errors = requires(F& f, F const& c, Place const& at, error const& e) {
    { f.failed(at, e) } -> std::same_as<bool>;
    { c.admits(at) } -> std::same_as<bool>;
    { c.primary() } -> std::convertible_to<std::size_t>;
};
} // namespace detail

template <class F>
concept fallback_policy = std::copyable<F> && detail::lists_endpoints<F> && detail::reads_errors<F>;

/// Explains at compile time why `F` is no fallback policy.
template <class F>
struct check_fallback {
    static_assert(detail::lists_endpoints<F>,
                  "[lading] fallback policy: F needs `static lading::result<std::vector<lading::endpoint>> "
                  "endpoints(lading::repository const&, lading::registry_rules const&, bool by_digest)`");
    static_assert(detail::reads_errors<F>,
                  "[lading] fallback policy: F needs `bool failed(lading::endpoint const&, lading::error const&)`, "
                  "`bool admits(lading::endpoint const&) const` and `std::size_t primary() const`");
    static constexpr bool ok = true;
};

/// Mirrors in turn, whatever their failure; the origin once; http only where the rules name the host for it and nothing
/// ever answered there over TLS. A failure of the caller's own (cancelled, out of time, the sink) ends it. The error reported
/// is the origin's.
class modern_fallback {
  public:
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
        last_ = at;
        last_facts_ = f;
        return at.is_mirror ? !is_callers_own(e.kind()) : !f.stop();
    }
    bool admits(endpoint const& next) const {
        if (!last_) return true;
        bool const same_host = next.authority() == last_->authority() && next.is_mirror == last_->is_mirror;
        if (same_host && last_->over_tls() && !next.over_tls()) return last_facts_.plaintext && !answered_over_tls(next);
        return last_->is_mirror && !(!next.over_tls() && answered_over_tls(next));
    }
    std::size_t primary() const noexcept { return primary_; }

  protected:
    /// Of the failure noted last.
    fallback_facts const& last_facts() const noexcept { return last_facts_; }

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
};

} // namespace lading
