// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `accept_notes`: what a client has learnt of how registries read the `Accept` header, shared by its operations.
///
/// Most read a list in one line, and some read the first line only; a few old ones do not part a line at its commas, and
/// know nothing of the one long type that they see (RFC 9110 section 5.2 allows neither).

#include "../detail/mutex.hpp"

#include <map>
#include <string>

namespace lading {

class accept_notes {
  public:
    enum class form : unsigned char { unknown, one_line, line_a_type };

    form find(std::string const& origin) {
        std::lock_guard const lock(mutex_);
        auto const at = known_.find(origin);
        return at == known_.end() ? form::unknown : at->second;
    }
    void note(std::string const& origin, form f) {
        std::lock_guard const lock(mutex_);
        if (known_.size() >= 1024) known_.clear(); // costs each one request
        known_[origin] = f;
    }

  private:
    std::mutex mutex_;
    std::map<std::string, form> known_;
};

} // namespace lading
