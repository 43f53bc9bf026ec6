// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Runs one program with bounded output and time (POSIX). Ours because nothing that the library needs anyway does so,
/// and a credential helper that hangs or babbles must not take its caller with it.

#include "../result.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#if defined(_WIN32)
namespace lading::detail {
struct child_output {
    int exit_code = 0;
    std::string out;
};
/// Windows is not supported yet: says so.
inline result<child_output> run_program(std::vector<std::string> const& argv, std::string const&,
                                        std::chrono::milliseconds, std::size_t) {
    return error(errc::credential_helper_failed).with_context(argv.front() + ": helpers are run on POSIX systems only");
}
} // namespace lading::detail
#else

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace lading::detail {

/// What a program wrote, and how it ended.
struct child_output {
    int exit_code = 0; ///< 128 + the signal when one ended it
    std::string out;
};

/// A file descriptor that closes itself.
class owned_fd {
  public:
    explicit owned_fd(int fd = -1) noexcept : fd_(fd) {}
    owned_fd(owned_fd const&) = delete;
    owned_fd& operator=(owned_fd const&) = delete;
    ~owned_fd() { reset(); }
    int get() const noexcept { return fd_; }
    void reset(int fd = -1) noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
    }

  private:
    int fd_;
};

/// A child of ours, in a process group of its own. Killed, with all that it started, and reaped when it goes.
class child {
  public:
    explicit child(pid_t pid) noexcept : pid_(pid) {}
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
    }
    /// The exit code, when it has ended.
    bool ended(int& code) noexcept {
        int status = 0;
        auto const got = ::waitpid(pid_, &status, WNOHANG);
        if (got == 0 || (got < 0 && errno == EINTR)) return false;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 255;
        ::kill(-pid_, SIGKILL); // what it left behind
        pid_ = -1;
        return true;
    }

  private:
    pid_t pid_;
};

/// Runs `argv` (found on PATH) with `input` on its standard input; its standard error goes nowhere.
/// Errors: `credential_helper_failed` when it cannot be started, `credential_helper_timeout` after `limit`,
/// `credential_helper_output` when it writes more than `most` bytes. Errors name the program, never what it wrote.
/// Blocks at most `limit`. Thread-safe.
inline result<child_output> run_program(std::vector<std::string> const& argv, std::string const& input,
                                        std::chrono::milliseconds limit, std::size_t most) {
    auto fail = [&](errc e, std::string why) { return error(e).with_context(argv.front() + ": " + std::move(why)); };
    // A pair of sockets, not pipes: writing to a reader that has gone is then an error, not a signal.
    int pair[2], pipe_out[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fail(errc::credential_helper_failed, std::strerror(errno));
    owned_fd to_child(pair[0]), child_in(pair[1]);
    if (::pipe2(pipe_out, O_CLOEXEC) != 0) return fail(errc::credential_helper_failed, std::strerror(errno));
    owned_fd from_child(pipe_out[0]), child_out(pipe_out[1]);

    std::vector<char*> args;
    for (auto const& a : argv) args.push_back(const_cast<char*>(a.c_str()));
    args.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    pid_t pid = -1;
    int const refused = ::posix_spawnp(&pid, args[0], &actions, &attributes, args.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (refused != 0) return fail(errc::credential_helper_failed, std::strerror(refused));
    child process(pid);
    child_in.reset();
    child_out.reset();

    using clock = std::chrono::steady_clock;
    auto const until = clock::now() + limit;
    auto left = [&] {
        auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
        return ms < 0 ? 0 : static_cast<int>(ms < 100'000 ? ms : 100'000);
    };
    child_output out;
    std::size_t written = 0;
    while (from_child.get() >= 0) {
        if (written == input.size()) to_child.reset();
        pollfd watch[2] = {{from_child.get(), POLLIN, 0}, {to_child.get(), POLLOUT, 0}};
        auto const ready = ::poll(watch, to_child.get() >= 0 ? 2 : 1, left());
        if (ready < 0 && errno != EINTR) return fail(errc::credential_helper_failed, std::strerror(errno));
        if (left() == 0) return fail(errc::credential_helper_timeout, std::to_string(limit.count()) + " ms");
        if (ready <= 0) continue;
        if (to_child.get() >= 0 && watch[1].revents) {
            auto const n = ::send(to_child.get(), input.data() + written, input.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n >= 0) written += static_cast<std::size_t>(n);
            else if (errno != EAGAIN && errno != EINTR) written = input.size(); // it does not want to know
        }
        if (watch[0].revents) {
            char piece[4096];
            auto const n = ::read(from_child.get(), piece, sizeof piece);
            if (n > 0) out.out.append(piece, static_cast<std::size_t>(n));
            else if (n == 0 || errno != EINTR) from_child.reset();
            if (out.out.size() > most)
                return fail(errc::credential_helper_output, "more than " + std::to_string(most) + " bytes");
        }
    }
    while (!process.ended(out.exit_code)) {
        if (left() == 0) return fail(errc::credential_helper_timeout, std::to_string(limit.count()) + " ms");
        ::poll(nullptr, 0, 5);
    }
    return out;
}

} // namespace lading::detail

#endif
