// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Runs one program with bounded output and time (POSIX). Ours because nothing that the library needs anyway does so,
/// and a credential helper that hangs or babbles must not take its caller with it.

#include "../detail/text.hpp"
#include "../result.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#if defined(_WIN32)
namespace lading::detail {
struct child_output {
    int exit_code = 0;
    std::string out, err;
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
    std::string err;   ///< the first 4 KiB of the standard error
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
    /// The exit code, when it has ended; 0 where the program lets the system reap its children, for nobody knows it then.
    bool ended(int& code) noexcept {
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
            if (errno == EINTR) return false;
            code = 0;
            pid_ = -1; // reaped by another: the number may be somebody else's by now
            return true;
        }
        if (info.si_pid == 0) return false;
        code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        ::kill(-pid_, SIGKILL); // what it left behind, as long as the number of the group is surely its own
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
        pid_ = -1;
        return true;
    }

  private:
    pid_t pid_;
};

/// What a program that failed wrote, for people: one printable line, at most 300 characters of each stream. Its standard output
/// is left out where it looks like an answer, which holds a secret.
inline std::string words_of(child_output const& ran) {
    std::string out;
    auto add = [&](std::string_view text) {
        auto const begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
        text.remove_prefix(begin);
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
        if (text.empty()) return;
        std::string line;
        for (char c : text.substr(0, 600))
            if (c != '\n' && c != '\r') line += c;
            else if (!line.ends_with("; ")) line += "; ";
        out.append(out.empty() ? ": " : "; ").append(printable(line, 300));
    };
    add(ran.err);
    if (ran.out.find('{') == ran.out.npos && lower(ran.out).find("secret") == std::string::npos) add(ran.out);
    return out;
}

inline constexpr std::size_t most_words = 4096; ///< bytes that are kept of a standard error

/// Runs `argv` (found on PATH) with `input` on its standard input, with no other open file of ours, with all signals at their
/// default and none blocked. Errors: `credential_helper_failed` when it cannot be started, `credential_helper_timeout` after
/// `limit`, `credential_helper_output` when it writes more than `most` bytes. Errors name the program, and what it wrote on
/// its standard error. Blocks at most `limit`. Thread-safe.
inline result<child_output> run_program(std::vector<std::string> const& argv, std::string const& input,
                                        std::chrono::milliseconds limit, std::size_t most) {
    auto fail = [&](errc e, std::string why) { return error(e).with_context(argv.front() + ": " + std::move(why)); };
    // A pair of sockets, not pipes: writing to a reader that has gone is then an error, not a signal.
    int pair[2], pipe_out[2], pipe_err[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fail(errc::credential_helper_failed, std::strerror(errno));
    owned_fd to_child(pair[0]), child_in(pair[1]);
    if (::pipe2(pipe_out, O_CLOEXEC) != 0) return fail(errc::credential_helper_failed, std::strerror(errno));
    owned_fd from_child(pipe_out[0]), child_out(pipe_out[1]);
    if (::pipe2(pipe_err, O_CLOEXEC) != 0) return fail(errc::credential_helper_failed, std::strerror(errno));
    owned_fd complaints(pipe_err[0]), child_err(pipe_err[1]);
    ::fcntl(complaints.get(), F_SETFL, O_NONBLOCK); // ours alone: what is left behind may keep the other end

    std::vector<char*> args;
    args.reserve(argv.size() + 1);
    for (auto const& a : argv) args.push_back(const_cast<char*>(a.c_str()));
    args.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, child_err.get(), 2);
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
    posix_spawn_file_actions_addclosefrom_np(&actions, 3); // what others opened without close-on-exec
#endif
#endif
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    pid_t pid = -1;
    int const refused = ::posix_spawnp(&pid, args[0], &actions, &attributes, args.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (refused != 0) return fail(errc::credential_helper_failed, std::strerror(refused));
    child process(pid);
    child_in.reset();
    child_out.reset();
    child_err.reset();

    using clock = std::chrono::steady_clock;
    auto const until = clock::now() + limit;
    auto left = [&] {
        auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
        return ms < 0 ? 0 : static_cast<int>(ms < 100'000 ? ms : 100'000);
    };
    child_output out;
    auto listen = [&] { // never more than is there
        char piece[4096];
        for (;;) {
            auto const n = ::read(complaints.get(), piece, sizeof piece);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EAGAIN) return;
            if (n <= 0) return complaints.reset();
            out.err.append(piece, std::min(static_cast<std::size_t>(n), most_words - out.err.size()));
            if (left() == 0) return;
        }
    };
    auto dependent = [&] {
        return fail(errc::credential_helper_timeout, std::to_string(limit.count()) + " ms" + words_of({0, {}, out.err}));
    };
    std::size_t written = 0;
    while (from_child.get() >= 0) {
        if (written == input.size()) to_child.reset();
        // A negative number is one that poll leaves out.
        pollfd watch[3] = {{from_child.get(), POLLIN, 0}, {to_child.get(), POLLOUT, 0}, {complaints.get(), POLLIN, 0}};
        auto const ready = ::poll(watch, 3, left());
        if (ready < 0 && errno != EINTR) return fail(errc::credential_helper_failed, std::strerror(errno));
        if (left() == 0) return dependent();
        if (ready <= 0) continue;
        if (complaints.get() >= 0 && watch[2].revents) listen();
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
        if (left() == 0) return dependent();
        if (complaints.get() >= 0) listen();
        ::poll(nullptr, 0, 5);
    }
    if (complaints.get() >= 0) listen();
    return out;
}

} // namespace lading::detail

#endif
