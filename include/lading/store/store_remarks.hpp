// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `store_remarks`: what a store finds odd, and gives for all that, until somebody asks for it.

#include "../detail/mutex.hpp"
#include "../warning.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace lading::detail {

/// A base of stores that have `take_warnings`. Copies share what was found. Thread-safe.
class store_remarks {
  public:
    /// What was odd since this was asked last, each once; at most 100.
    std::vector<warning> take_warnings() {
        std::lock_guard const lock(noted_->mutex);
        return std::exchange(noted_->list, {});
    }

  protected:
    void remark(warning w) const {
        std::lock_guard const lock(noted_->mutex);
        auto& list = noted_->list;
        if (list.size() < most_remarks && std::find(list.begin(), list.end(), w) == list.end()) list.push_back(std::move(w));
    }

  private:
    static constexpr std::size_t most_remarks = 100;
    struct noted {
        std::mutex mutex;
        std::vector<warning> list;
    };
    std::shared_ptr<noted> noted_ = std::make_shared<noted>();
};

} // namespace lading::detail
