// SPDX-License-Identifier: BSL-1.0
#include "program.hpp"

#include <lading/detail/visible_text.hpp>
#include <lading/error_groups.hpp>
#include <lading/json/document.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/platform.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stop_token>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace {

int wake[2] = {-1, -1};
std::atomic<int> signals = 0;

extern "C" void on_signal(int) {
    if (signals.fetch_add(1) > 0) _exit(status::interrupted);
    auto const before = errno;
    char const byte = 0;
    [[maybe_unused]] auto const n = write(wake[1], &byte, 1);
    errno = before;
}

} // namespace

lading::stop_token stop_at_signals() {
    static std::stop_source source;
    if (pipe2(wake, O_CLOEXEC) != 0) return source.get_token(); // then signals do what they do anyway
    try {
        std::thread([] {
            char byte;
            while (read(wake[0], &byte, 1) < 0 && errno == EINTR) {}
            source.request_stop();
        }).detach();
    } catch (std::system_error const&) { // no thread can be started: likewise
        return source.get_token();
    }
    struct sigaction how{};
    how.sa_handler = on_signal;
    how.sa_flags = SA_RESTART;
    for (int const s : {SIGINT, SIGTERM}) sigaction(s, &how, nullptr);
    return source.get_token();
}

int status_of(lading::error const& e) {
    if (e == lading::errc::cancelled) return status::interrupted;
    if (lading::is_not_found(e)) return status::not_found;
    if (lading::is_auth(e)) return status::denied;
    for (auto const code : {lading::errc::ref_invalid, lading::errc::invalid_argument, lading::errc::digest_invalid, lading::errc::digest_unsupported, lading::errc::media_type_invalid,
                            lading::errc::platform_invalid, lading::errc::url_invalid})
        if (e == code && e.http_status() == 0) return status::usage;
    return status::failed;
}

int tell(std::string_view doing, lading::error const& e, registry_access const& args) {
    auto const hint = hint_for(e, args);
    auto text = e == lading::errc::cancelled ? "interrupted" : e.message();
    auto const next = "; next: " + e.next_steps();
    if (auto const at = text.find(next); !hint.empty() && at != text.npos) text.erase(at, next.size());
    std::fprintf(stderr, "%s: %s: %s\n", args.program, shown(doing).c_str(), text.c_str());
    if (!hint.empty()) std::fprintf(stderr, "%s: %s\n", args.program, hint.c_str());
    return status_of(e);
}

bool is_meant(std::string_view doing, bool yes) {
    if (yes || isatty(STDIN_FILENO) == 0) return true;
    std::fprintf(stderr, "lading: %s: nothing is removed without --yes\n", shown(doing).c_str());
    return false;
}

int print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return status::done;
    std::fprintf(stderr, "lading: the output cannot be written: %s\n", std::strerror(errno));
    return status::failed;
}

std::optional<lading::platform> platform_of_config(std::string const& bytes) {
    auto const parsed = lading::json_document::parse<lading::strict_json>(bytes, lading::json_limits());
    if (!parsed || !parsed.assume_value().root().is_object()) return std::nullopt;
    auto const word = [&](char const* key) {
        auto const at = parsed.assume_value().root().find(key);
        auto const text = at ? at->as_string() : std::nullopt;
        return text ? std::string(*text) : std::string();
    };
    auto const os = word("os"), architecture = word("architecture"), variant = word("variant");
    auto const own = lading::platform::parse(os + '/' + architecture + (variant.empty() ? "" : '/' + variant));
    return own && !os.empty() && !architecture.empty() ? std::optional(own.assume_value()) : std::nullopt;
}

std::string shown(std::string_view text) { return lading::detail::visible(text); }
