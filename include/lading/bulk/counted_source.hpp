// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `counted_source`: a blob of a copy that is read by its destination.

#include "../http/body_source.hpp"
#include "copy_lanes.hpp"

#include <chrono>
#include <utility>

namespace lading::detail {

/// Passes a source on, and tells how far it is.
class counted_source final : public body_source {
  public:
    counted_source(descriptor const& what, body_source& from, copy_progress& p) : what_(what), from_(from), progress_(p) {}

    std::optional<std::uint64_t> size() const override { return from_.size(); }
    result<void> begin() override {
        progress_.restart(what_, std::exchange(bytes_, 0));
        return from_.begin();
    }
    result<std::size_t> read(std::span<std::byte> into) override {
        LADING_TRY(auto const n, from_.read(into));
        bytes_ += n;
        progress_.add(n);
        auto const now = std::chrono::steady_clock::now();
        if (n != 0 && now >= next_) {
            next_ = now + std::chrono::milliseconds(100);
            progress_.tell(what_, transfer_state::running, bytes_);
        }
        return n;
    }
    bool ready(std::function<void()> const& wake) override { return from_.ready(wake); }
    bool verifies(digest const& d) const override { return from_.verifies(d); }
    std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    descriptor const& what_;
    body_source& from_;
    copy_progress& progress_;
    std::chrono::steady_clock::time_point next_{};
    std::uint64_t bytes_ = 0;
};

} // namespace lading::detail
