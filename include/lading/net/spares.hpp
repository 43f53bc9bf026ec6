// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `spares`: what one thread at a time can use, as many of it as threads need at once.

#include "../detail/mutex.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace lading::detail {

/// Thread-safe. What was used last is taken first: its connections are the freshest.
template <class T>
class spares {
  public:
    /// One that nobody uses, or a new one by `make()`, which gives a `std::unique_ptr<T>`. What is not given back is lost.
    template <class Make>
    std::unique_ptr<T> take(Make make) {
        {
            std::lock_guard const lock(mutex_);
            if (!idle_.empty()) {
                auto out = std::move(idle_.back());
                idle_.pop_back();
                return out;
            }
            idle_.reserve(++made_); // so that giving back needs no memory
        }
        return make();
    }
    void give(std::unique_ptr<T> one) noexcept {
        std::lock_guard const lock(mutex_);
        idle_.push_back(std::move(one));
    }

  private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<T>> idle_;
    std::size_t made_ = 0; ///< lost ones too
};

} // namespace lading::detail
