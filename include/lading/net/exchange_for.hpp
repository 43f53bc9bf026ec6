// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `exchange_for`: an exchange and who is told of its end.

#include "../driver/outstanding_work.hpp"
#include "exchange.hpp"

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/dispatch.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace lading::detail {

template <class Handler>
class exchange_for final : public exchange {
  public:
    exchange_for(std::shared_ptr<transport_state> t, request const& q, body_sink& out, Handler h)
        : exchange(std::move(t), q, out), handler_(std::move(h)),
          work_(asio::get_associated_executor(*handler_, transport_->executor)) {}

    /// Lets the handler's cancellation slot end the exchange.
    void listen() {
        if (auto slot = asio::get_associated_cancellation_slot(*handler_); slot.is_connected())
            slot.assign([weak = weak_from_this()](asio::cancellation_type) {
                if (auto const self = weak.lock()) self->cancel();
            });
    }

  private:
    void complete(result<response> outcome) override {
        auto const executor = work_.get_executor();
        asio::dispatch(executor, [h = std::move(*handler_), w = std::move(work_), o = std::move(outcome)]() mutable {
            if (auto slot = asio::get_associated_cancellation_slot(h); slot.is_connected()) slot.clear();
            w.reset();
            std::move(h)(std::move(o));
        });
        handler_.reset();
    }

    std::optional<Handler> handler_;
    outstanding_work<asio::associated_executor_t<Handler, asio::any_io_executor>> work_;
};

} // namespace lading::detail
