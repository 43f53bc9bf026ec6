// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `name_lookups`: host names become addresses, each in a thread of its own, so that a name whose servers never answer holds
/// up nobody but the one who named it.
///
/// What resolves names blocks and cannot be interrupted. Under way at once are at most `limits::lookups` for one who names
/// hosts (a registry, for the hosts in its answers; each name by itself where the caller gave it), and `limits::all_lookups`
/// of the names that the caller gave, and as many of those that servers gave. Others wait their turn.

#include "../endpoint/network_options.hpp"
#include "../limits.hpp"

#include <asio/error.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if !defined(_WIN32)
#include <signal.h>
#endif

namespace lading::detail {

/// Somebody who waits for addresses.
class lookup_waiter {
  public:
    using addresses = std::vector<asio::ip::tcp::endpoint>;
    /// Called once, by another thread and under a lock: to be passed on, with `self`, which may be the last reference and must not
    /// end here.
    virtual void on_looked_up(std::shared_ptr<lookup_waiter> self, asio::error_code ec, addresses found) = 0;

  protected:
    ~lookup_waiter() = default;
};

/// What is looked up, and for whom.
struct lookup {
    std::string host;
    std::uint16_t port = 0;
    std::string named_by;   ///< shares its bound
    bool by_server = false; ///< a server named the host
    std::shared_ptr<name_resolver> resolver; ///< null: the system's
    std::weak_ptr<lookup_waiter> who;
};

/// Tells who waits, if he is still there. One who cannot be told, for want of memory, has a deadline of his own.
inline void tell(lookup const& l, asio::error_code ec, lookup_waiter::addresses found) {
    auto who = l.who.lock();
    if (!who) return;
    auto& waiter = *who;
#if LADING_HAS_EXCEPTIONS
    try {
        waiter.on_looked_up(std::move(who), ec, std::move(found));
    } catch (...) {
    }
#else
    waiter.on_looked_up(std::move(who), ec, std::move(found));
#endif
}

/// The look-ups of an event loop; thread-safe. Its end does not wait for those under way, which tell nobody then.
class name_lookups final : public asio::execution_context::service {
  public:
    inline static asio::execution_context::id id;

    explicit name_lookups(asio::execution_context& c) : asio::execution_context::service(c) {}

    void start(lookup what, limits const& bounds) {
        std::scoped_lock const lock(work_->mutex);
        work_->most = {bounds.lookups, bounds.all_lookups};
        if (!work_->may_run(what)) return work_->waiting.push_back(std::move(what));
        work_->count(what, true);
        run(std::move(what));
    }

  private:
    /// Outlives the loop, as long as a thread is busy.
    struct work {
        struct bounds {
            std::size_t one = 1, all = 1;
        };
        std::mutex mutex;
        bool closed = false; ///< the loop has ended: nobody is told any more
        bounds most;
        std::map<std::pair<bool, std::string>, std::size_t> under_way; ///< by who named the host
        std::size_t running[2] = {0, 0};                               ///< the caller's, the servers'
        std::deque<lookup> waiting;

        bool may_run(lookup const& l) const {
            auto const known = under_way.find({l.by_server, l.named_by});
            return running[l.by_server] < most.all && (known == under_way.end() || known->second < most.one);
        }
        void count(lookup const& l, bool begins) {
            auto const at = under_way.try_emplace({l.by_server, l.named_by}).first;
            running[l.by_server] += begins ? 1 : std::size_t(-1);
            at->second += begins ? 1 : std::size_t(-1);
            if (at->second == 0) under_way.erase(at);
        }
        /// Tells who has waited, and takes the next that may run.
        bool go_on(lookup& l, asio::error_code ec, lookup_waiter::addresses found) {
            std::scoped_lock const lock(mutex);
            count(l, false);
            if (closed) return false;
            tell(l, ec, std::move(found));
            for (auto next = waiting.begin(); next != waiting.end();) {
                if (next->who.expired()) {
                    next = waiting.erase(next);
                } else if (may_run(*next)) {
                    l = std::move(*next);
                    waiting.erase(next);
                    count(l, true);
                    return true;
                } else {
                    ++next;
                }
            }
            return false;
        }
    };

    void shutdown() noexcept override {
        std::scoped_lock const lock(work_->mutex);
        work_->closed = true;
        work_->waiting.clear();
    }

    /// In a new thread, which takes no signals. Without one the look-up fails.
    void run(lookup l) {
#if !defined(_WIN32)
        sigset_t all, before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before);
#endif
        auto const body = [w = work_, l]() mutable { serve(*w, l); };
#if LADING_HAS_EXCEPTIONS
        try {
            std::thread(body).detach();
        } catch (...) {
            work_->count(l, false);
            tell(l, asio::error::no_memory, {});
        }
#else
        std::thread(body).detach();
#endif
#if !defined(_WIN32)
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
    }
    static void serve(work& w, lookup& l) {
#if LADING_HAS_EXCEPTIONS
        try {
            while (step(w, l)) {
            }
        } catch (...) { // no memory to tell who waits, whose own deadline ends that
        }
#else
        while (step(w, l)) {
        }
#endif
    }
    static bool step(work& w, lookup& l) {
        asio::error_code ec;
        lookup_waiter::addresses found;
#if LADING_HAS_EXCEPTIONS
        try {
            found = resolve(l, ec);
        } catch (...) { // a resolver of the caller's, or no memory
            ec = asio::error::no_recovery;
        }
#else
        found = resolve(l, ec);
#endif
        return w.go_on(l, ec, std::move(found));
    }
    static lookup_waiter::addresses resolve(lookup const& l, asio::error_code& ec) {
        lookup_waiter::addresses out;
        if (!l.resolver) {
            asio::io_context context(1);
            auto const all = asio::ip::tcp::resolver(context).resolve(l.host, std::to_string(l.port), ec);
            for (auto const& one : all) out.push_back(one.endpoint());
            return out;
        }
        auto const texts = l.resolver->resolve(l.host);
        if (!texts) return ec = asio::error::host_not_found, out;
        for (auto const& text : texts.assume_value()) {
            asio::error_code no_address;
            auto const address = asio::ip::make_address(text, no_address);
            if (!no_address) out.emplace_back(address, l.port);
        }
        if (out.empty()) ec = asio::error::host_not_found;
        return out;
    }

    std::shared_ptr<work> const work_ = std::make_shared<work>();
};

} // namespace lading::detail
