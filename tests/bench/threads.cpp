// SPDX-License-Identifier: BSL-1.0
// What a second thread brings where no server takes a part of the machine: inspections of answers from memory.
//   bench_threads [COUNT] [RUNS]      least of RUNS (5); a client and an event loop a thread, then one client on one loop
//                                     that all threads run

#include <lading/lading.hpp>

#include <asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

std::string const config = R"({"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["/app"]},"rootfs":{"type":"layers",)"
                           R"("diff_ids":["sha256:1111111111111111111111111111111111111111111111111111111111111111"]},)"
                           R"("history":[{"created":"2024-05-06T07:08:09Z","created_by":"ADD file in /"}]})";

std::string hash_of(std::string const& bytes) {
    return lading::digest_of<lading::openssl_hash>(bytes, lading::digest_algorithm::sha256).value().str();
}
std::string const manifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":)"
    R"("application/vnd.oci.image.config.v1+json","digest":")" +
    hash_of(config) + R"(","size":)" + std::to_string(config.size()) +
    R"(},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":)"
    R"("sha256:2222222222222222222222222222222222222222222222222222222222222222","size":1024}]})";

/// Answers at once, from memory.
class memory_transport {
  public:
    explicit memory_transport(asio::any_io_executor e) : executor_(std::move(e)) {}
    asio::any_io_executor get_executor() const { return executor_; }
    template <class Handler>
    void async_exchange(lading::request const& q, lading::body_sink& out, Handler&& h) {
        auto const executor = asio::get_associated_executor(h, executor_);
        asio::post(executor, [&q, &out, h = std::forward<Handler>(h)]() mutable { std::move(h)(answer(q, out)); });
    }

  private:
    static lading::result<lading::response> answer(lading::request const& q, lading::body_sink& out) {
        lading::response head(200);
        head.url = q.url;
        auto const& body = q.url.find("/blobs/") == q.url.npos ? manifest : config;
        LADING_TRY_V(out.begin(head, body.size()));
        LADING_TRY_V(out.write(std::as_bytes(std::span(body))));
        return head;
    }
    asio::any_io_executor executor_;
};
struct policies : lading::async_policies {
    using transport = memory_transport;
};

std::vector<lading::reference> references(int count) {
    std::vector<lading::reference> out;
    for (int i = 0; i < count; ++i) out.push_back(lading::reference::parse("r.test/bulk/r" + std::to_string(i)).value());
    return out;
}

/// Milliseconds for all of `shares`, each through a client of its own, on `threads` threads for each.
double run(std::vector<std::vector<lading::reference>>& shares, int threads) {
    auto const began = std::chrono::steady_clock::now();
    std::vector<std::thread> all;
    std::vector<std::unique_ptr<asio::io_context>> loops;
    std::vector<std::unique_ptr<lading::basic_client<policies>>> clients;
    for (auto& share : shares) {
        auto& loop = *loops.emplace_back(std::make_unique<asio::io_context>(threads));
        auto& client = *clients.emplace_back(std::make_unique<lading::basic_client<policies>>(memory_transport(loop.get_executor())));
        lading::async_inspect_each(
            client, share, lading::each_options(), [](auto&&...) {},
            [&share](lading::each_summary s) {
                if (s.good != share.size()) std::abort();
            });
        for (int i = 0; i < threads; ++i) all.emplace_back([&loop] { loop.run(); });
    }
    for (auto& t : all) t.join();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

} // namespace

int main(int argc, char** argv) {
    int const count = argc > 1 ? std::max(std::atoi(argv[1]), 2) : 100'000;
    int const runs = argc > 2 ? std::max(std::atoi(argv[2]), 1) : 5;
    std::vector<std::vector<lading::reference>> whole{references(count)};
    std::vector<std::vector<lading::reference>> halves(2);
    halves[0].assign(whole[0].begin(), whole[0].begin() + count / 2);
    halves[1].assign(whole[0].begin() + count / 2, whole[0].end());

    double one = 1e300, apart = 1e300, together = 1e300;
    for (int i = 0; i < runs; ++i) {
        one = std::min(one, run(whole, 1));
        apart = std::min(apart, run(halves, 1));
        together = std::min(together, run(whole, 2));
    }
    auto const row = [&](char const* what, double ms) {
        std::printf("%-44s %8.1f us an image %6.2fx one thread\n", what, ms * 1e3 / count, one / ms);
    };
    std::printf("%d images from memory\n", count);
    row("one thread", one);
    row("two threads, a client each", apart);
    row("two threads, one client", together);
}
