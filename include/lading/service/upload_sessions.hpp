// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `upload_sessions`: uploads that are open, in the memory of a registry.

#include "../detail/mutex.hpp"
#include "repositories.hpp"

#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lading::service {

struct upload_session {
    std::string id, name; ///< its own, and that of the repository
    std::unique_ptr<staged_blob> bytes;
    std::size_t chunks = 0;          ///< that it got
    std::uint64_t first_chunk = 0;   ///< bytes of the first one
    bool over = false;
    std::mutex in_use; ///< is held while a request works on it
    std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

/// Threads: any call by several at once. After a restart no session is known.
class upload_sessions {
  public:
    static constexpr std::size_t most = 4096;                 ///< open at once; the one that has been idle longest ends then
    static constexpr std::chrono::hours idle{24};             ///< a session that nobody has used for so long ends
    static constexpr std::size_t remembered = 4096;           ///< that are over

    std::shared_ptr<upload_session> begin(std::string_view name, std::unique_ptr<staged_blob> bytes) {
        auto made = std::make_shared<upload_session>();
        made->name = name;
        made->bytes = std::move(bytes);
        std::lock_guard const locked(mutex_);
        sweep();
        do made->id = new_id();
        while (open_.contains(made->id));
        open_.emplace(made->id, made);
        return made;
    }
    /// Null when there is none.
    std::shared_ptr<upload_session> find(std::string_view id) {
        std::lock_guard const locked(mutex_);
        auto const at = open_.find(id);
        if (at == open_.end()) return nullptr;
        at->second->last = std::chrono::steady_clock::now();
        return at->second;
    }
    /// It has become a blob, or was given up. The caller uses it.
    void end(upload_session& s) {
        s.over = true;
        s.bytes.reset();
        std::lock_guard const locked(mutex_);
        over_.insert(s.id);
        order_.push_back(s.id);
        if (order_.size() > remembered) over_.erase(order_.front()), order_.pop_front();
        open_.erase(s.id);
    }
    bool was(std::string_view id) {
        std::lock_guard const locked(mutex_);
        return over_.contains(id);
    }
    std::size_t open() {
        std::lock_guard const locked(mutex_);
        return open_.size();
    }
    void forget() {
        std::lock_guard const locked(mutex_);
        open_.clear();
        over_.clear();
        order_.clear();
    }

  private:
    /// A random UUID (RFC 9562, section 5.4).
    std::string new_id() {
        unsigned word[4];
        for (auto& w : word) w = random_();
        char out[37];
        std::snprintf(out, sizeof out, "%08x-%04x-4%03x-%04x-%04x%08x", word[0], word[1] >> 16, word[1] & 0xfffu, 0x8000u | (word[2] >> 18), word[2] & 0xffffu, word[3]);
        return out;
    }
    void sweep() {
        auto const now = std::chrono::steady_clock::now();
        std::erase_if(open_, [&](auto const& s) { return s.second.use_count() == 1 && now - s.second->last > idle; });
        if (open_.size() < most) return;
        auto oldest = open_.end();
        for (auto at = open_.begin(); at != open_.end(); ++at)
            if (at->second.use_count() == 1 && (oldest == open_.end() || at->second->last < oldest->second->last)) oldest = at;
        if (oldest != open_.end()) open_.erase(oldest);
    }

    std::mutex mutex_;
    std::random_device random_;
    std::map<std::string, std::shared_ptr<upload_session>, std::less<>> open_;
    std::set<std::string, std::less<>> over_;
    std::deque<std::string> order_; ///< of `over_`, the oldest first
};

} // namespace lading::service
