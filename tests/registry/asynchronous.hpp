// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The asynchronous row of the matrix: the inspect program over the asynchronous client, each call a future that an event
/// loop of this thread makes ready.

#include <lading/lading.hpp>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <utility>

/// `asio_transport` with its event loop; models `async_transport` alone.
class looped_transport {
  public:
    looped_transport(lading::network_options n, lading::limits l)
        : loop_(std::make_unique<asio::io_context>(1)), inner_(loop_->get_executor(), std::move(n), std::move(l)) {}

    auto get_executor() const { return inner_.get_executor(); }
    template <class Token>
    auto async_exchange(lading::request const& q, lading::body_sink& out, Token&& token) {
        return inner_.async_exchange(q, out, std::forward<Token>(token));
    }
    asio::io_context& loop() { return *loop_; }

  private:
    std::unique_ptr<asio::io_context> loop_; // outlives the transport
    lading::asio_transport inner_;
};

struct base_policies : lading::async_policies {
    using transport = looped_transport;
};

/// The calls that the program makes, in the form of the blocking client.
template <class Policies>
class client_of {
    static_assert(!lading::sync_transport<typename Policies::transport>);

  public:
    client_of(typename Policies::transport t, lading::client_options o, typename Policies::credentials c)
        : client_(std::move(t), std::move(o), std::move(c)) {}

    auto inspect(lading::reference const& ref, lading::inspect_options o) { return get(client_.async_inspect(ref, std::move(o), asio::use_future)); }
    auto manifest(lading::reference const& ref) { return get(client_.async_manifest(ref, asio::use_future)); }
    auto raw_manifest(lading::reference const& ref) { return get(client_.async_raw_manifest(ref, asio::use_future)); }
    auto config(lading::reference const& ref, lading::platform_choice p) {
        return get(client_.async_config(ref, std::move(p), asio::use_future));
    }

  private:
    template <class T>
    T get(std::future<T> outcome) {
        auto& loop = client_.transport().loop();
        loop.restart();
        while (outcome.wait_for(std::chrono::seconds(0)) != std::future_status::ready) loop.run_one();
        return outcome.get();
    }

    lading::basic_client<Policies> client_;
};
