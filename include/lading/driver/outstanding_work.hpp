// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `outstanding_work`: keeps the event loop of a handler's executor running until the handler is called.
///
/// Not `asio::executor_work_guard`, which Asio 1.22 does not compile for a strand of an `any_io_executor`.

#include <asio/execution/outstanding_work.hpp>
#include <asio/prefer.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace lading::detail {

template <class Executor>
class outstanding_work {
    using tracked =
        std::decay_t<decltype(asio::prefer(std::declval<Executor const&>(), asio::execution::outstanding_work.tracked))>;

  public:
    explicit outstanding_work(Executor const& e) : executor_(asio::prefer(e, asio::execution::outstanding_work.tracked)) {}

    tracked const& get_executor() const noexcept { return *executor_; } ///< not after `reset`
    void reset() noexcept { executor_.reset(); }

  private:
    std::optional<tracked> executor_;
};

} // namespace lading::detail
