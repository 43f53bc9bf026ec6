// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Clocks and credentials of any type behind one, so that tests that differ in these only share one client.

#include <lading/policy/clock.hpp>
#include <lading/policy/credentials.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <concepts>
#include <functional>
#include <memory>

namespace test {

/// By default a `manual_clock`. Copies are of one clock.
class any_clock {
  public:
    any_clock() : any_clock(lading::testing::manual_clock()) {}
    template <class C>
        requires(!std::derived_from<C, any_clock> && lading::clock_policy<C>)
    any_clock(C c) {
        auto const shared = std::make_shared<C>(std::move(c));
        now_ = [shared] { return shared->now(); };
        sleep_for_ = [shared](std::chrono::milliseconds d) { shared->sleep_for(d); };
    }
    std::chrono::steady_clock::time_point now() const { return now_(); }
    void sleep_for(std::chrono::milliseconds d) const { sleep_for_(d); }

  private:
    std::function<std::chrono::steady_clock::time_point()> now_;
    std::function<void(std::chrono::milliseconds)> sleep_for_;
};

/// By default the machine's.
struct any_steady_clock : any_clock {
    any_steady_clock() : any_clock(lading::steady_clock_policy()) {}
    using any_clock::any_clock;
};

/// By default none. Copies are of one object.
class any_credentials {
  public:
    any_credentials() : any_credentials(lading::fixed_credentials()) {}
    template <class C>
        requires(!std::same_as<C, any_credentials> && lading::credentials_policy<C>)
    any_credentials(C c) {
        lookup_ = [shared = std::make_shared<C>(std::move(c))](lading::credential_query const& q) { return shared->lookup(q); };
    }
    lading::result<std::optional<lading::credential>> lookup(lading::credential_query const& q) const { return lookup_(q); }

  private:
    std::function<lading::result<std::optional<lading::credential>>(lading::credential_query const&)> lookup_;
};

} // namespace test
