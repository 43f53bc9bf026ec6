// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `any_handler`: a completion handler of whatever type, so that what runs before it is compiled once for a client and not
/// for every call in a program (a further call: 0.02 s of g++, not 0.3). It costs one allocation a call. Ours because
/// `asio::any_completion_handler` came after Asio 1.22.

#include "../result.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace lading::detail {

/// Of `result<T>`, called once. Has the cancellation slot of the handler and its executor; where there is none, or one of a
/// kind that `asio::any_io_executor` does not hold (that of a future), the one given, and the handler is sent to its own.
template <class T>
class any_handler {
  public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    template <class Handler>
    any_handler(Handler h, executor_type const& otherwise)
        : executor_(executor_of(h, otherwise)), slot_(asio::get_associated_cancellation_slot(h)),
          model_(std::make_unique<model<Handler>>(std::move(h))) {}

    /// One that is erased already.
    any_handler(any_handler h, executor_type const&) : any_handler(std::move(h)) {}

    executor_type get_executor() const noexcept { return executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return slot_; }
    void operator()(result<T>&& r) { // a record is large: it is moved once, into what takes it
        auto& last = *model_;
        last.call(std::move(model_), std::move(r));
    }

  private:
    template <class Handler>
    static constexpr bool has_fitting_executor =
        std::is_convertible_v<asio::associated_executor_t<Handler, executor_type>, executor_type>;
    template <class Handler>
    static executor_type executor_of(Handler const& h, executor_type const& otherwise) {
        if constexpr (has_fitting_executor<Handler>) return asio::get_associated_executor(h, otherwise);
        else return otherwise;
    }

    struct callable {
        virtual ~callable() = default;
        virtual void call(std::unique_ptr<callable> self, result<T>&& r) = 0;
    };
    template <class Handler>
    struct model final : callable {
        explicit model(Handler h) : handler(std::move(h)) {}
        void call(std::unique_ptr<callable> self, result<T>&& r) override {
            auto last = std::move(handler);
            self.reset(); // before the handler is called: it may start the next operation with this memory
            if constexpr (has_fitting_executor<Handler>) {
                std::move(last)(std::move(r));
            } else {
                auto const where = asio::get_associated_executor(last);
                asio::dispatch(where, [h = std::move(last), value = std::move(r)]() mutable { std::move(h)(std::move(value)); });
            }
        }
        Handler handler;
    };

    executor_type executor_;
    cancellation_slot_type slot_;
    std::unique_ptr<callable> model_;
};

} // namespace lading::detail
