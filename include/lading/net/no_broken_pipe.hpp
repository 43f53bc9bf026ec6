// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `no_broken_pipe`: a time without SIGPIPE.

#include <cerrno>
#include <csignal>
#include <ctime>

namespace lading::detail {

/// Blocks SIGPIPE for this thread and takes one that came meanwhile. libcurl is told to use no signals, and then leaves it
/// to the program that a TLS peer which resets does not kill it: before 7.87 its OpenSSL backend writes by write(2).
class no_broken_pipe {
  public:
    no_broken_pipe() noexcept : was_pending_(pending()) {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    no_broken_pipe(no_broken_pipe const&) = delete;
    no_broken_pipe& operator=(no_broken_pipe const&) = delete;
    ~no_broken_pipe() {
        if (!was_pending_ && pending()) take();
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

  private:
    /// One of the process may be pending too, and another thread may take it first: this must not wait then.
    void take() noexcept {
#if defined(__APPLE__)
        int number = 0;
        sigwait(&pipe_, &number);
#else
        timespec const now{};
        while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
        }
#endif
    }
    static bool pending() noexcept {
        sigset_t now;
        sigemptyset(&now);
        return sigpending(&now) == 0 && sigismember(&now, SIGPIPE) == 1;
    }
    sigset_t pipe_, before_;
    bool was_pending_;
};

} // namespace lading::detail
