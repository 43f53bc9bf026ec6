// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `memory_cache`: documents in memory, within a bound, the least recently used go first.

#include "../policy/cache.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// Models the cache policy, tags too. Copies share one store, which lives as long as the last of them: give the same
/// cache to several clients. Each call is logarithmic in the number of entries, plus the copy of the bytes. Thread-safe.
class memory_cache {
  public:
    /// `limit`: bytes of keys and documents together; what is larger than that alone is not kept.
    explicit memory_cache(std::size_t limit = 16u << 20) : store_(std::make_shared<store_type>(limit)) {}

    std::optional<std::string> find(digest const& d) {
        auto const bytes = store_->get(d.str());
        return bytes ? std::optional(*bytes) : std::nullopt;
    }
    void store(digest const& d, std::string_view bytes) { store_->put(d.str(), bytes); }
    void drop(digest const& d) { store_->erase(d.str()); }

    std::optional<digest> tagged(std::string const& url) {
        auto const text = store_->get(url);
        if (!text) return std::nullopt;
        auto d = digest::parse(*text);
        return d ? std::optional(d.assume_value()) : std::nullopt;
    }
    void tag(std::string const& url, digest const& d) { store_->put(url, d.str()); }

    /// Bytes of keys and documents that are kept now.
    std::size_t bytes() const { return store_->bytes(); }

  private:
    /// A digest is no URL, so both kinds of entries share the keys and the bound.
    class store_type {
      public:
        explicit store_type(std::size_t limit) : limit_(limit) {}

        /// Shared, so that it is copied where nobody waits for the lock.
        std::shared_ptr<std::string const> get(std::string const& key) {
            std::scoped_lock const lock(mutex_);
            auto const at = index_.find(key);
            if (at == index_.end()) return nullptr;
            by_use_.splice(by_use_.begin(), by_use_, at->second);
            return at->second->value;
        }
        void put(std::string key, std::string_view value) {
            auto const size = key.size() + value.size();
            auto kept = size > limit_ ? nullptr : std::make_shared<std::string const>(value);
            std::scoped_lock const lock(mutex_);
            remove(key);
            if (!kept) return;
            while (bytes_ + size > limit_) remove(std::string(by_use_.back().key));
            by_use_.emplace_front(std::move(key), std::move(kept));
            index_.emplace(by_use_.front().key, by_use_.begin());
            bytes_ += size;
        }
        void erase(std::string const& key) {
            std::scoped_lock const lock(mutex_);
            remove(key);
        }
        std::size_t bytes() const {
            std::scoped_lock const lock(mutex_);
            return bytes_;
        }

      private:
        struct entry {
            entry(std::string k, std::shared_ptr<std::string const> v) : key(std::move(k)), value(std::move(v)) {}
            std::string key;
            std::shared_ptr<std::string const> value;
        };

        void remove(std::string const& key) {
            auto const at = index_.find(key);
            if (at == index_.end()) return;
            auto const gone = at->second;
            index_.erase(at);
            bytes_ -= gone->key.size() + gone->value->size();
            by_use_.erase(gone);
        }

        mutable std::mutex mutex_;
        std::list<entry> by_use_; ///< the last used first
        std::map<std::string_view, std::list<entry>::iterator> index_; ///< keys are those of the list
        std::size_t limit_;
        std::size_t bytes_ = 0;
    };

    std::shared_ptr<store_type> store_;
};

} // namespace lading
