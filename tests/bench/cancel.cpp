// SPDX-License-Identifier: BSL-1.0
// bench_cancel HOST:PORT/NAME:TAG FOLDER RUNS: a pull into a new layout each time, stopped at moments spread over its first half second:
// milliseconds from the request to the end of the call, over RUNS, by stop token and by cancellation slot. A run that ended before
// is not counted. Blobs should take longer than that.
#include <lading/bulk/async_pull.hpp>
#include <lading/bulk/pull.hpp>
#include <lading/lading.hpp>
#include <lading/store/oci_layout.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {
using clock_type = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

void say(char const* what, std::vector<double> all, int runs) {
    std::sort(all.begin(), all.end());
    if (all.empty()) return void(std::printf("%-20s no run was stopped\n", what));
    auto const at = [&](double part) { return all[std::min(all.size() - 1, static_cast<std::size_t>(part * static_cast<double>(all.size())))]; };
    std::printf("%-20s %4zu of %d stopped   p50 %7.2f ms   p99 %7.2f ms   most %7.2f ms\n", what, all.size(), runs, at(0.5), at(0.99), all.back());
}
} // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fputs("usage: bench_cancel HOST:PORT/NAME:TAG FOLDER RUNS\n", stderr), 2;
    auto const ref = lading::reference::parse(argv[1]).value();
    std::string const folder = argv[2];
    int const runs = std::atoi(argv[3]);
    auto const options = lading::client_options().with_plaintext(std::string(ref.repository().host()));
    auto const moment = [&](int run) { return std::chrono::milliseconds(5 + 495 * run / runs); };
    std::vector<double> by_token, by_slot;

    lading::client calls(options);
    for (int run = 0; run < runs; ++run) {
        auto to = lading::oci_layout::create(folder + "/layout").value();
        lading::stop_source stop;
        clock_type::time_point asked;
        std::thread stopping([&] {
            std::this_thread::sleep_for(moment(run));
            asked = clock_type::now();
            stop.request_stop();
        });
        auto const r = calls.pull(ref, to, lading::copy_options(), stop.get_token());
        auto const ended = clock_type::now();
        stopping.join();
        if (!r && r.error() == lading::errc::cancelled) by_token.push_back(milliseconds(ended - asked).count());
        std::filesystem::remove_all(folder + "/layout");
    }
    say("stop token", std::move(by_token), runs);

    for (int run = 0; run < runs; ++run) {
        auto to = lading::oci_layout::create(folder + "/layout").value();
        asio::io_context context(1);
        lading::async_client registry(context.get_executor(), options);
        asio::cancellation_signal signal;
        asio::steady_timer timer(context, moment(run));
        clock_type::time_point asked;
        timer.async_wait([&](auto failed) {
            if (failed) return;
            asked = clock_type::now();
            signal.emit(asio::cancellation_type::terminal);
        });
        registry.async_pull(ref, to, lading::copy_options(), asio::bind_cancellation_slot(signal.slot(), [&](auto r) {
                                timer.cancel();
                                if (!r && r.error() == lading::errc::cancelled) by_slot.push_back(milliseconds(clock_type::now() - asked).count());
                            }));
        context.run();
        std::filesystem::remove_all(folder + "/layout");
    }
    say("cancellation slot", std::move(by_slot), runs);
}
