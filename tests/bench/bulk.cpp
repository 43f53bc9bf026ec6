// SPDX-License-Identifier: BSL-1.0
// bench_bulk HOST:PORT COUNT CHAINS THREADS: inspects bulk/r0, bulk/r1, ... over plain http, CHAINS at a time on each of THREADS
// threads, each with a client and an event loop of its own.
#include <lading/lading.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

struct work {
    std::string host;
    int count;
    std::atomic<int> next{0}, done{0}, failed{0};
};

/// Inspects what is next, one after the other.
class chain {
  public:
    chain(lading::async_client& client, work& w) : client_(client), work_(w) {}
    void go_on() {
        int const number = work_.next++;
        if (number >= work_.count) return;
        auto const ref = lading::reference::parse(work_.host + "/bulk/r" + std::to_string(number) + ":latest").value();
        client_.async_inspect(ref, [this](lading::result<lading::inspection> image) {
            if (!image && work_.failed++ == 0) std::fprintf(stderr, "bench_bulk: %s\n", image.error().message().c_str());
            ++work_.done;
            go_on();
        });
    }

  private:
    lading::async_client& client_;
    work& work_;
};

void inspect_many(work& w, int chains) {
    asio::io_context loop(1);
    lading::async_client client{lading::asio_transport(loop.get_executor(), {}, {}, lading::asio_transport::threads::one), lading::client_options().with_plaintext(w.host)};
    std::vector<chain> all(static_cast<std::size_t>(chains), chain(client, w));
    for (auto& c : all) c.go_on();
    loop.run();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) return std::fputs("usage: bench_bulk HOST:PORT COUNT CHAINS THREADS\n", stderr), 2;
    work w{argv[1], std::atoi(argv[2])};
    std::vector<std::thread> others;
    for (int i = 1; i < std::atoi(argv[4]); ++i) others.emplace_back([&] { inspect_many(w, std::atoi(argv[3])); });
    inspect_many(w, std::atoi(argv[3]));
    for (auto& t : others) t.join();
    return w.failed == 0 && w.done == w.count ? 0 : 1;
}
