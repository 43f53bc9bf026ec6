// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `accept_notes`: what a client has learnt of how registries read the `Accept` header, shared by its operations.
///
/// Most read a list in one line, and some read the first line only; a few old ones do not part a line at its commas, and
/// know nothing of the one long type that they see (RFC 9110 section 5.2 allows neither).

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lading {

/// Thread-safe, without a lock: each manifest asks here, and something new comes once an origin. A note is changed in place
/// and stays as long as the object; of more origins than `most` nothing is noted, which costs each manifest that the server
/// does not read lists for one request.
class accept_notes {
  public:
    enum class form : unsigned char { unknown,
                                      one_line,
                                      line_a_type };
    static constexpr std::size_t most = 1024;

    accept_notes() = default;
    accept_notes(accept_notes const&) = delete;
    accept_notes& operator=(accept_notes const&) = delete;
    ~accept_notes() {
        for (auto& first : buckets_)
            for (std::unique_ptr<entry> one(first.load()); one;) one.reset(one->next);
    }

    form find(std::string_view origin) const noexcept {
        auto const* const known = look_up(origin, first_of(origin).load(std::memory_order_acquire));
        return known ? known->how.load(std::memory_order_relaxed) : form::unknown;
    }
    void note(std::string_view origin, form f) {
        auto& first = buckets_[index_of(origin)];
        auto* seen = first.load(std::memory_order_acquire);
        if (auto* const known = look_up(origin, seen)) {
            if (known->how.load(std::memory_order_relaxed) != f) known->how.store(f, std::memory_order_relaxed);
            return;
        }
        if (count_.load(std::memory_order_relaxed) >= most) return;
        auto made = std::make_unique<entry>(std::string(origin), f);
        do {
            if (look_up(origin, seen)) return; // another thread was faster
            made->next = seen;
        } while (!first.compare_exchange_weak(seen, made.get(), std::memory_order_acq_rel));
        (void)made.release();
        count_.fetch_add(1, std::memory_order_relaxed);
    }

  private:
    struct entry {
        entry(std::string o, form f) : origin(std::move(o)), how(f) {}
        std::string const origin;
        std::atomic<form> how;
        entry* next = nullptr; ///< never changes once others see this
    };
    using bucket = std::atomic<entry*>;

    static std::size_t index_of(std::string_view origin) noexcept { return std::hash<std::string_view>()(origin) % buckets; }
    bucket const& first_of(std::string_view origin) const noexcept { return buckets_[index_of(origin)]; }
    static entry* look_up(std::string_view origin, entry* at) noexcept {
        while (at && at->origin != origin) at = at->next;
        return at;
    }

    static constexpr std::size_t buckets = 64;
    std::array<bucket, buckets> buckets_{};
    std::atomic<std::size_t> count_{0};
};

} // namespace lading
