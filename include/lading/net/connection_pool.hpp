// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `connection_pool`: the connections of a transport that wait for their next exchange, and who may have how many.
///
/// A key says which exchanges would have made the same connection: origin, proxy, and who named the host (and with it
/// whether a client certificate was shown, and which addresses could be dialled). The TLS options of a transport do not
/// change, so that the origin also says which of them hold (doc/threats.md#c17).

#include "../limits.hpp"
#include "connection.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lading::detail {

class connection_pool;
class pool_place;

/// Somebody who waits for a place.
class pool_waiter {
  public:
    /// Called once for one who waits, by any thread, without a lock.
    virtual void on_place(pool_place place) = 0;

  protected:
    ~pool_waiter() = default;
};

/// What the pool knows of a key.
struct pool_key {
    std::string const* name = nullptr; ///< in the pool's map
    std::size_t in_use = 0;            ///< places taken; with `idle` never more than `limits::connections`
    std::size_t idle = 0;              ///< connections that wait for an exchange
    std::deque<std::pair<pool_waiter*, std::weak_ptr<pool_waiter>>> waiting; ///< for a place; while they do none is idle
};

/// One of the places of a key, and the connection in it, if there is one. Given back at its end: whoever has waited
/// longest gets it. A connection that is not kept is closed.
class pool_place {
  public:
    pool_place() = default;
    pool_place(std::shared_ptr<connection_pool> p, pool_key& of, std::unique_ptr<connection> c)
        : link(std::move(c)), pool_(std::move(p)), of_(&of) {}
    pool_place(pool_place&& other) noexcept
        : link(std::move(other.link)), pool_(std::move(other.pool_)), of_(other.of_) {}
    pool_place& operator=(pool_place&& other) noexcept {
        pool_place const old(std::move(*this)); // its destructor gives it back, which may need memory
        link = std::move(other.link);
        pool_ = std::move(other.pool_);
        of_ = other.of_;
        return *this;
    }
    ~pool_place() {
#if LADING_HAS_EXCEPTIONS
        try {
            end();
        } catch (...) { // no memory to tell the next one who waits, whose own deadline ends that
        }
#else
        end();
#endif
    }

    inline void keep();    ///< gives the place back with the connection, for the next exchange
    inline void end();     ///< closes the connection and gives the place back
    inline void another(); ///< closes the connection; another idle one takes its place, if there is one

    std::unique_ptr<connection> link;

  private:
    std::shared_ptr<connection_pool> pool_; ///< empty when the place was given back
    pool_key* of_ = nullptr;
};

/// Thread-safe. Connections are closed outside its lock.
class connection_pool : public std::enable_shared_from_this<connection_pool> {
  public:
    explicit connection_pool(limits const& l)
        : in_use_(l.connections), idle_(l.idle_connections), pooled_(l.pooled) {}

    /// A place, with a connection if one is idle. Nothing when all are taken: `who` waits then, and is told.
    std::optional<pool_place> acquire(std::string const& name, std::shared_ptr<pool_waiter> const& who) {
        closing over;
        std::scoped_lock const lock(mutex_);
        auto const at = keys_.try_emplace(name).first;
        auto& key = at->second;
        key.name = &at->first;
        if (key.in_use != 0 && key.in_use >= in_use_) {
            key.waiting.emplace_back(who.get(), who);
            return std::nullopt;
        }
        ++key.in_use;
        return pool_place(shared_from_this(), key, take_idle(key, over));
    }
    /// `who` does not wait any longer.
    void withdraw(std::string const& name, pool_waiter const& who) {
        std::scoped_lock const lock(mutex_);
        auto const at = keys_.find(name);
        if (at == keys_.end()) return;
        auto& waiting = at->second.waiting;
        for (auto w = waiting.begin(); w != waiting.end(); ++w)
            if (w->first == &who) return waiting.erase(w), void();
    }

  private:
    friend class pool_place;

    struct idle_connection {
        pool_key* of;
        std::unique_ptr<connection> link;
    };
    /// Connections that are closed when the lock is no longer held.
    using closing = std::vector<std::unique_ptr<connection>>;

    void give_back(pool_key& key, std::unique_ptr<connection> link) {
        closing over;
        std::shared_ptr<pool_waiter> next;
        {
            std::scoped_lock const lock(mutex_);
            while (!next && !key.waiting.empty()) {
                next = key.waiting.front().second.lock();
                key.waiting.pop_front();
            }
            if (!next) {
                if (link) add_idle(key, std::move(link), over);
                --key.in_use;
                forget_unused(key);
            }
        }
        if (next) next->on_place(pool_place(shared_from_this(), key, std::move(link)));
    }
    std::unique_ptr<connection> other(pool_key& key) {
        closing over;
        std::scoped_lock const lock(mutex_);
        return take_idle(key, over);
    }

    /// The connection of a key that was used last. Closes all that have been idle for too long.
    std::unique_ptr<connection> take_idle(pool_key& key, closing& over) {
        auto const now = std::chrono::steady_clock::now();
        while (!all_idle_.empty() && now - all_idle_.front().link->idle_since > pooled_) over.push_back(remove_idle(0));
        if (key.idle == 0) return nullptr;
        auto at = all_idle_.size() - 1;
        while (all_idle_[at].of != &key) --at;
        return remove_idle(at);
    }
    void add_idle(pool_key& key, std::unique_ptr<connection> link, closing& over) {
        link->idle_since = std::chrono::steady_clock::now();
        all_idle_.push_back({&key, std::move(link)});
        ++key.idle;
        if (all_idle_.size() > idle_) over.push_back(remove_idle(0));
    }
    std::unique_ptr<connection> remove_idle(std::size_t at) {
        auto out = std::move(all_idle_[at]);
        all_idle_.erase(all_idle_.begin() + static_cast<std::ptrdiff_t>(at));
        --out.of->idle;
        forget_unused(*out.of);
        return std::move(out.link);
    }
    void forget_unused(pool_key& key) {
        if (key.in_use == 0 && key.idle == 0 && key.waiting.empty()) keys_.erase(*key.name);
    }

    std::size_t in_use_, idle_;
    std::chrono::milliseconds pooled_;
    std::mutex mutex_;
    std::unordered_map<std::string, pool_key> keys_;
    std::vector<idle_connection> all_idle_; ///< idle for the longest time first
};

inline void pool_place::keep() {
    if (auto const pool = std::move(pool_)) pool->give_back(*of_, std::move(link));
}
inline void pool_place::end() {
    link.reset();
    keep();
}
inline void pool_place::another() { link = pool_->other(*of_); }

} // namespace lading::detail
