// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What the wrong models of a transport are made of: the model that is right, and a sink in between.

#include <lading/net/asio_sync_transport.hpp>

#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace wrong_transports {

using namespace lading;

/// Over the model that is right, with one defect.
struct base {
    base(network_options n, limits l) : inner(std::move(n), std::move(l)) {}
    result<response> exchange(request const& q, body_sink& out) { return inner.exchange(q, out); }
    asio_sync_transport inner;
};
/// A sink between a transport and the caller's.
struct between : body_sink {
    explicit between(body_sink& s) : sink(s) {}
    result<sink_action> begin(response const& h, std::optional<std::uint64_t> n) override { return sink.begin(h, n); }
    result<sink_action> write(std::span<std::byte const> p) override { return sink.write(p); }
    body_sink& sink;
};

/// A blocking model behind one type, so that the kit is compiled once for all of them.
class any_transport {
  public:
    template <class T>
    static any_transport of(asio::any_io_executor, network_options n, limits l) {
        struct one final : model {
            one(network_options n, limits l) : wrong(std::move(n), std::move(l)) {}
            result<response> exchange(request const& q, body_sink& out) override { return wrong.exchange(q, out); }
            T wrong;
        };
        return any_transport(std::make_unique<one>(std::move(n), std::move(l)));
    }
    result<response> exchange(request const& q, body_sink& out) { return model_->exchange(q, out); }

  private:
    struct model {
        virtual ~model() = default;
        virtual result<response> exchange(request const&, body_sink&) = 0;
    };
    explicit any_transport(std::unique_ptr<model> m) : model_(std::move(m)) {}
    std::unique_ptr<model> model_;
};

} // namespace wrong_transports
