// SPDX-License-Identifier: BSL-1.0
// Inside an event loop of your own (Qt, poll, a game): a whole call (login, redirects, retries, mirrors) driven by hand, one
// turn at a time. Nothing blocks, no thread is started, no coroutine is needed.

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <asio/io_context.hpp>

#include <poll.h>

#include <chrono>
#include <cstdio>
#include <optional>

// [drive] A call says what it needs; this gives it to it, and never waits.
template <class T>
class hand_driven {
  public:
    hand_driven(lading::asio_transport& t, lading::any_operation<T> call)
        : transport_(t), call_(std::move(call)), next_(call_.start()) {}

    /// One turn of the loop. True when the result is there.
    bool turn() {
        if (auto* const over = std::get_if<lading::done<T>>(&next_)) return result.emplace(std::move(over->value())), true;
        if (auto* const wait = std::get_if<lading::need_delay>(&next_)) {
            if (!until_) until_ = std::chrono::steady_clock::now() + wait->duration;
            if (std::chrono::steady_clock::now() >= *until_) until_.reset(), next_ = call_.on_delay();
        } else if (!asked_) {
            asked_ = true;
            auto& x = std::get<lading::need_exchange>(next_);
            transport_.async_exchange(x.query, *x.sink, [this](lading::result<lading::response> answer) {
                asked_ = false;
                next_ = call_.on_response(std::move(answer));
            });
        }
        return false;
    }
    std::optional<lading::result<T>> result;

  private:
    lading::asio_transport& transport_;
    lading::any_operation<T> call_;
    lading::step<T> next_;
    std::optional<std::chrono::steady_clock::time_point> until_;
    bool asked_ = false;
};
// [drive]

int main() {
    lading::testing::registry server(lading::testing::registry_options().with_protection(lading::testing::access::bearer));
    server.add_image("demo/app", "latest", lading::image_kind::index);
    auto const ref = lading::reference::parse(server.host() + "/demo/app").value();

    asio::io_context sockets(1);
    lading::asio_transport transport(sockets.get_executor());
    lading::client registry(lading::client_options().with_plaintext(server.host())); // it opens no connection here
    registry.with_login(server.host(), "user", "secret");
    hand_driven job(transport, registry.start_inspect(ref));

    int frames = 0; // the program's own loop: its descriptors, its timers, its frames, and one call for us
    while (!job.turn()) {
        ::poll(nullptr, 0, 1);
        sockets.restart();
        sockets.poll(); // what is ready, and no more
        ++frames;
    }
    auto const& image = *job.result;
    std::printf("%s\nafter %d turns\n", image ? lading::to_table(image.value()).c_str() : image.error().message().c_str(), frames);
    return image ? 0 : 1;
}
