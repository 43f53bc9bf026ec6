// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `any_cache`: a cache policy of whatever kind, chosen at run time.

#include "cache.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// Models the cache policy by what it holds; holding nothing, it keeps nothing. One virtual call for each thing asked.
/// Copies share what they hold. Threads: those of what it holds.
class any_cache {
  public:
    any_cache() = default;
    template <class C>
        requires(!std::same_as<C, any_cache>) && cache_policy<C>
    any_cache(C c) : held_(std::make_shared<model<C>>(std::move(c))) {}

    /// False when it holds nothing: then nothing need be copied or hashed for it.
    bool in_use() const noexcept { return held_ != nullptr; }

    std::optional<std::string> find(digest const& d) { return held_ ? held_->find(d) : std::nullopt; }
    void store(digest const& d, std::string_view bytes) {
        if (held_) held_->store(d, bytes);
    }
    void drop(digest const& d) {
        if (held_) held_->drop(d);
    }
    std::optional<digest> tagged(std::string const& url) { return held_ ? held_->tagged(url) : std::nullopt; }
    void tag(std::string const& url, digest const& d) {
        if (held_) held_->tag(url, d);
    }

  private:
    struct place {
        virtual ~place() = default;
        virtual std::optional<std::string> find(digest const& d) = 0;
        virtual void store(digest const& d, std::string_view bytes) = 0;
        virtual void drop(digest const& d) = 0;
        virtual std::optional<digest> tagged(std::string const& url) = 0;
        virtual void tag(std::string const& url, digest const& d) = 0;
    };
    template <class C>
    struct model final : place {
        explicit model(C c) : held(std::move(c)) {}
        std::optional<std::string> find(digest const& d) override { return held.find(d); }
        void store(digest const& d, std::string_view bytes) override { held.store(d, bytes); }
        void drop(digest const& d) override { held.drop(d); }
        std::optional<digest> tagged([[maybe_unused]] std::string const& url) override {
            if constexpr (detail::cache_knows_tags<C>) return held.tagged(url);
            else return std::nullopt;
        }
        void tag([[maybe_unused]] std::string const& url, [[maybe_unused]] digest const& d) override {
            if constexpr (detail::cache_knows_tags<C>) held.tag(url, d);
        }
        C held;
    };

    std::shared_ptr<place> held_;
};

} // namespace lading
