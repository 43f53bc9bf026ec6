// SPDX-License-Identifier: BSL-1.0
#pragma once

/// What a run of a benchmark allocates and how many bytes it reads, as counters of Google Benchmark.

#include <benchmark/benchmark.h>

#include <cstddef>

namespace bench {

/// Calls of `operator new` of the program so far.
std::size_t allocations() noexcept;

/// Runs `work` in the loop of `state` and reports `bytes` a run as bytes per second, and the allocations a run.
template <class Work>
void measure(benchmark::State& state, std::size_t bytes, Work work) {
    work(); // what is made once is not counted
    auto const before = allocations();
    for (auto _ : state) work();
    auto const runs = state.iterations();
    state.counters["allocs"] = static_cast<double>(allocations() - before) / static_cast<double>(runs);
    state.SetBytesProcessed(static_cast<std::int64_t>(runs) * static_cast<std::int64_t>(bytes));
}

} // namespace bench
