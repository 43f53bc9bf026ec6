// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `upload_notes`: what a client has learnt of how registries take uploads and list referrers, shared by its operations.

#include "../descriptor.hpp"
#include "../detail/mutex.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lading {

/// Thread-safe. Of more origins than `most` something is forgotten, which costs a request.
class upload_notes {
  public:
    static constexpr std::size_t most = 1024;

    struct note {
        bool has_taken = false;       ///< an upload, at least one
        std::uint64_t chunk = 0;      ///< bytes of a request that it takes where it has refused more; 0: it has refused none
        bool names_tags = false;      ///< it answers `OCI-Tag`
    };

    note of(std::string const& origin) const {
        std::lock_guard const lock(mutex_);
        auto const at = notes_.find(origin);
        return at == notes_.end() ? note() : at->second;
    }
    template <class F>
    void change(std::string const& origin, F&& change) {
        std::lock_guard const lock(mutex_);
        if (notes_.size() >= most && notes_.find(origin) == notes_.end()) notes_.erase(notes_.begin());
        change(notes_[origin]);
    }
    /// Whether a repository has the referrers API; nothing where that is not known. `which`: its origin, a space, its path.
    std::optional<bool> has_referrers(std::string const& which) const {
        std::lock_guard const lock(mutex_);
        auto const at = referrers_.find(which);
        return at == referrers_.end() ? std::nullopt : std::optional(at->second);
    }
    void note_referrers(std::string const& which, bool has) {
        std::lock_guard const lock(mutex_);
        if (referrers_.size() >= most && referrers_.find(which) == referrers_.end()) referrers_.erase(referrers_.begin());
        referrers_[which] = has;
    }
    /// A list of referrers that others write at the same time: what this client has put on it. Of more than `most` the first are forgotten.
    std::vector<descriptor> listed(std::string const& list) const {
        std::lock_guard const lock(mutex_);
        auto const at = lists_.find(list);
        return at == lists_.end() ? std::vector<descriptor>() : at->second;
    }
    bool is_contended(std::string const& list) const {
        std::lock_guard const lock(mutex_);
        return lists_.find(list) != lists_.end();
    }
    void note_listed(std::string const& list, std::vector<descriptor> const& added, std::vector<digest> const& removed) {
        std::lock_guard const lock(mutex_);
        if (lists_.size() >= most && lists_.find(list) == lists_.end()) lists_.erase(lists_.begin());
        auto& all = lists_[list];
        std::erase_if(all, [&](auto const& d) { return std::find(removed.begin(), removed.end(), d.digest) != removed.end(); });
        all.insert(all.end(), added.begin(), added.end());
        if (all.size() > most) all.erase(all.begin(), all.end() - most);
    }
    /// Whoever has it sends a content; when it goes, the next may. It may go after the notes.
    class turn {
      public:
        turn(turn const&) = delete;
        turn& operator=(turn const&) = delete;
        ~turn() {
            if (!held_) return;
            std::lock_guard const lock(of_->mutex);
            of_->keys.erase(key_);
        }

      private:
        friend class upload_notes;
        struct taken {
            std::mutex mutex;
            std::set<std::string> keys;
        };
        turn(std::shared_ptr<taken> of, std::string key) : of_(std::move(of)), key_(std::move(key)) {}
        std::shared_ptr<taken> of_;
        std::string key_;
        bool held_ = false;
    };
    /// Nothing while somebody else sends the same to the same place.
    std::shared_ptr<turn> take_turn(std::string const& key) {
        std::shared_ptr<turn> made(new turn(turns_, key)); // before it is held: what fails holds nobody up
        std::lock_guard const lock(turns_->mutex);
        if (!turns_->keys.insert(key).second) return nullptr;
        made->held_ = true;
        return made;
    }

    /// Mounting from a repository to another has been refused.
    void mount_failed(std::string const& which) {
        std::lock_guard const lock(mutex_);
        if (no_mounts_.size() >= most) no_mounts_.erase(no_mounts_.begin());
        no_mounts_[which] = true;
    }
    bool may_mount(std::string const& which) const {
        std::lock_guard const lock(mutex_);
        return no_mounts_.find(which) == no_mounts_.end();
    }

    /// This client is going to write to a repository, or has written to it: the token for what it reads there is to allow that, too, so that one serves
    /// both. `which`: its origin, a space, its path.
    void will_write(std::string const& which) {
        std::lock_guard const lock(mutex_);
        if (writes_.size() >= most && writes_.find(which) == writes_.end()) writes_.erase(writes_.begin());
        writes_.try_emplace(which, true);
        any_writes_.store(true, std::memory_order_release);
    }
    /// Such a token was refused: what is read there is asked for with less from now on.
    void may_not_write(std::string const& which) {
        std::lock_guard const lock(mutex_);
        if (auto const at = writes_.find(which); at != writes_.end()) at->second = false;
    }
    /// No lock is taken by a client that writes nowhere.
    bool any_writes() const noexcept { return any_writes_.load(std::memory_order_acquire); }
    bool writes(std::string const& which) const {
        std::lock_guard const lock(mutex_);
        auto const at = writes_.find(which);
        return at != writes_.end() && at->second;
    }

  private:
    mutable std::mutex mutex_;
    std::atomic<bool> any_writes_{false};
    std::map<std::string, bool> writes_;
    std::map<std::string, note> notes_;
    std::map<std::string, bool> no_mounts_;
    std::map<std::string, bool> referrers_;
    std::map<std::string, std::vector<descriptor>> lists_;
    std::shared_ptr<turn::taken> const turns_ = std::make_shared<turn::taken>();
};

} // namespace lading
