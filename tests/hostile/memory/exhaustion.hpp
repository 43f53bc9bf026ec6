// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Runs a piece of work again and again, each time with the next allocation failing, in a child process: that it is
/// killed, or does not end, is a result too.

#include "../../support/sanitizers.hpp"
#include "heap.hpp"

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heap {

/// What became of one run.
struct outcome {
    bool fired = false;  ///< an allocation has failed
    std::string wrong;   ///< what must not be; empty when all is well
    bool threw = false;  ///< std::bad_alloc reached the caller
    bool failed = false; ///< the call returned an error
};

/// What became of all runs.
struct summary {
    std::size_t runs = 0, threw = 0, failed = 0, unharmed = 0;
    std::vector<std::string> wrong; ///< at most a few
};

/// Each allocation, or each third under a sanitizer: the builds without one do all.
inline constexpr std::size_t every = test::address_sanitizer ? 3 : 1;

/// One run: allocation `n` fails, and with `ever_after` all that follow.
using work = std::function<outcome(std::size_t n, bool ever_after)>;

/// For n = 0, `stride`, ... until a run in which none has failed. `serve` starts what the parent serves, after the fork
/// because a process with threads is better not forked, and returns the port that `connect` is told in the child.
inline summary exhaust(work const& run, std::size_t stride = every, std::function<std::uint16_t()> const& serve = {},
                       std::function<void()> const& stop = {}, std::function<void(std::uint16_t)> const& connect = {}) {
    struct shared {
        std::size_t n, runs, threw, failed, unharmed;
        bool over;
        char wrong[400];
    };
    void* const page = ::mmap(nullptr, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    summary out;
    for (bool const ever_after : {false, true}) {
        auto& s = *new (page) shared{};
        while (!s.over && out.wrong.size() < 5) {
            int pipe[2] = {-1, -1};
            if (::pipe(pipe) != 0) return out.wrong.push_back("no pipe"), out;
            s.wrong[0] = 0;
            ::pid_t const child = ::fork();
            if (child == 0) {
                std::uint16_t port = 0;
                if (::read(pipe[0], &port, sizeof port) != sizeof port) ::_exit(2);
                if (connect) connect(port);
                for (;; s.n += stride) {
                    ::alarm(60); // a run that does not end
                    auto o = run(s.n, ever_after);
                    // What a library keeps once a process is no leak: a leak is there again.
                    if (o.wrong.starts_with("leaks")) o = run(s.n, ever_after);
                    ++s.runs;
                    s.threw += o.threw, s.failed += o.failed, s.unharmed += !o.threw && !o.failed;
                    std::snprintf(s.wrong, sizeof s.wrong, "%s", o.wrong.c_str());
                    if (!o.fired) s.over = true;
                    if (!o.fired || !o.wrong.empty()) ::_exit(0);
                }
            }
            std::uint16_t const port = serve ? serve() : std::uint16_t(0);
            (void)!::write(pipe[1], &port, sizeof port);
            int status = 0;
            ::waitpid(child, &status, 0);
            ::close(pipe[0]);
            ::close(pipe[1]);
            if (stop) stop();
            auto const where = " (allocation " + std::to_string(s.n) + (ever_after ? " and all after it)" : ")");
            if (WIFSIGNALED(status)) out.wrong.push_back("killed by signal " + std::to_string(WTERMSIG(status)) + where);
            else if (WEXITSTATUS(status) != 0) out.wrong.push_back("exit " + std::to_string(WEXITSTATUS(status)) + where);
            else if (s.wrong[0]) out.wrong.push_back(s.wrong + where);
            s.n += stride;
        }
        out.runs += s.runs, out.threw += s.threw, out.failed += s.failed, out.unharmed += s.unharmed;
    }
    ::munmap(page, sizeof(shared));
    return out;
}

} // namespace heap
