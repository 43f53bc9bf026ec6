// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `any_credentials`: a credentials policy of whatever kind, chosen at run time.

#include "credentials.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

namespace lading {

/// Models the credentials policy by what it holds; holding nothing, it is anonymous everywhere. One virtual call a lookup.
/// Copies share what they hold. Threads, errors: those of what it holds.
class any_credentials {
  public:
    any_credentials() = default;
    template <class C>
        requires(!std::same_as<C, any_credentials>) && credentials_policy<C>
    any_credentials(C c) : held_(std::make_shared<model<C>>(std::move(c))) {}

    result<std::optional<credential>> lookup(credential_query const& q) {
        if (!held_) return std::optional<credential>();
        return held_->lookup(q);
    }

  private:
    struct lookups {
        virtual ~lookups() = default;
        virtual result<std::optional<credential>> lookup(credential_query const& q) = 0;
    };
    template <class C>
    struct model final : lookups {
        explicit model(C c) : held(std::move(c)) {}
        result<std::optional<credential>> lookup(credential_query const& q) override { return held.lookup(q); }
        C held;
    };

    std::shared_ptr<lookups> held_;
};

} // namespace lading
