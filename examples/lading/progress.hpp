// SPDX-License-Identifier: BSL-1.0
#pragma once

/// How far a transfer is, on stderr: bars on a terminal, lines for a log, JSON for programs.

#include <lading/json/writer.hpp>
#include <lading/store/transfer_event.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

enum class progress_form { automatic,
                           none,
                           plain,
                           bar,
                           json };

/// "12.3 MiB".
inline std::string in_units(double bytes) {
    constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
    char text[32];
    std::snprintf(text, sizeof text, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

/// A `transfer_observer`. Threads: several copies may tell it of theirs at once.
class progress {
  public:
    explicit progress(progress_form form)
        : form_(form != progress_form::automatic ? form
                : isatty(STDERR_FILENO) == 1     ? progress_form::bar
                                                 : progress_form::plain) {}
    progress(progress const&) = delete;
    progress& operator=(progress const&) = delete;
    ~progress() { finish(); }

    void tell(lading::transfer_event const& e) {
        std::lock_guard const lock(mutex_);
        switch (form_) {
        case progress_form::json: return as_json(e);
        case progress_form::plain: return as_lines(e);
        case progress_form::bar: return as_bars(e);
        case progress_form::none:
        case progress_form::automatic: break;
        }
    }
    /// Nothing more comes: what is said next on stderr stands below.
    void finish() {
        std::lock_guard const lock(mutex_);
        if (form_ != progress_form::bar) return;
        erase();
        running_.clear();
    }

  private:
    using clock = std::chrono::steady_clock;
    struct transfer {
        std::uint64_t first = 0, bytes = 0; ///< `first`: those that an earlier run left
        std::int64_t size = 0;
        clock::time_point since{}, told{};
    };

    static std::string short_digest(lading::descriptor const& d) { return std::string(d.digest.hex()).substr(0, 12); }
    static bool ends(lading::transfer_state s) {
        return s == lading::transfer_state::done || s == lading::transfer_state::skipped || s == lading::transfer_state::failed;
    }
    static char const* name_of(lading::transfer_state s) {
        switch (s) {
        case lading::transfer_state::started: return "started";
        case lading::transfer_state::resumed: return "resumed";
        case lading::transfer_state::running: return "running";
        case lading::transfer_state::retrying: return "retrying";
        case lading::transfer_state::done: return "done";
        case lading::transfer_state::skipped: return "skipped";
        case lading::transfer_state::failed: break;
        }
        return "failed";
    }
    /// How it ended, or what happened, in words.
    static std::string words(lading::transfer_event const& e) {
        if (e.state == lading::transfer_state::skipped)
            return e.reason == "it is there" ? "exists" : (e.reason.starts_with("mounted ") ? "" : "skipped: ") + std::string(e.reason);
        if (e.state == lading::transfer_state::resumed) return "resumed at " + in_units(static_cast<double>(e.bytes));
        if (e.state == lading::transfer_state::failed && e.reason == "cancelled") return "stopped";
        return name_of(e.state) + (e.reason.empty() ? std::string() : ": " + std::string(e.reason));
    }

    void as_json(lading::transfer_event const& e) {
        lading::json_writer w(lading::json_style(0, false, true));
        w.begin_object().key("digest").string(e.what.digest.str()).key("mediaType").string(e.what.media_type);
        w.key("size").integer(e.what.size).key("state").string(name_of(e.state)).key("bytes").unsigned_integer(e.bytes);
        w.key("allBytes").unsigned_integer(e.all_bytes).key("allTotal").unsigned_integer(e.all_total);
        if (!e.reason.empty()) w.key("reason").string(e.reason);
        auto const line = w.end_object().take() + '\n';
        std::fwrite(line.data(), 1, line.size(), stderr);
    }

    /// A line for each beginning and end, and every ten seconds for what takes long.
    void as_lines(lading::transfer_event const& e) {
        auto& t = note(e);
        if (e.state == lading::transfer_state::running) {
            auto const now = clock::now();
            if (now - t.told < std::chrono::seconds(10)) return;
            t.told = now;
            std::fprintf(stderr, "%s %s\n", short_digest(e.what).c_str(), amounts(t).c_str());
        } else {
            std::fprintf(stderr, "%s %s %s\n", short_digest(e.what).c_str(), in_units(static_cast<double>(std::max<std::int64_t>(t.size, 0))).c_str(), words(e).c_str());
        }
        if (ends(e.state)) running_.erase(e.what.digest);
    }

    /// A bar for each that is under way, and one for all, drawn over the last; what has ended stands above them.
    void as_bars(lading::transfer_event const& e) {
        note(e);
        all_bytes_ = e.all_bytes, all_total_ = e.all_total;
        auto const now = clock::now();
        bool const over = ends(e.state);
        if (!over && now - drawn_ < std::chrono::milliseconds(100)) return;
        drawn_ = now;
        erase();
        if (over) {
            std::fprintf(stderr, "%s %s %s\n", short_digest(e.what).c_str(),
                         in_units(static_cast<double>(std::max<std::int64_t>(e.what.size, 0))).c_str(), words(e).c_str());
            running_.erase(e.what.digest);
        }
        winsize window{};
        auto const width = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20 ? window.ws_col : std::size_t{80};
        std::string out;
        for (auto const& [digest, t] : running_)
            line(out, std::string(digest.hex()).substr(0, 12) + ' ' + bar(t.bytes, static_cast<std::uint64_t>(std::max<std::int64_t>(t.size, 0))) + ' ' + amounts(t), width);
        if (!running_.empty()) {
            transfer all;
            all.bytes = all_bytes_, all.size = static_cast<std::int64_t>(all_total_), all.since = began_;
            line(out, "all          " + bar(all_bytes_, all_total_) + ' ' + amounts(all), width);
        }
        lines_ = running_.empty() ? 0 : running_.size() + 1;
        std::fwrite(out.data(), 1, out.size(), stderr);
    }
    void erase() {
        if (lines_ > 0) std::fprintf(stderr, "\033[%zuA\033[J", lines_);
        lines_ = 0;
    }
    static void line(std::string& out, std::string const& text, std::size_t width) { out += text.substr(0, width - 1) + "\033[K\n"; }
    static std::string bar(std::uint64_t bytes, std::uint64_t total) {
        constexpr std::size_t cells = 20;
        auto const full = total ? static_cast<std::size_t>(std::min<std::uint64_t>(bytes, total) * cells / total) : 0;
        return '[' + std::string(full, '=') + (full < cells ? ">" + std::string(cells - full - 1, ' ') : std::string()) + ']';
    }
    /// "12.3 MiB/45.6 MiB 8.1 MiB/s".
    static std::string amounts(transfer const& t) {
        auto const seconds = std::chrono::duration<double>(clock::now() - t.since).count();
        auto out = in_units(static_cast<double>(t.bytes));
        if (t.size >= 0) out += '/' + in_units(static_cast<double>(t.size));
        if (seconds > 0.1) out += ' ' + in_units(static_cast<double>(t.bytes - std::min(t.first, t.bytes)) / seconds) + "/s";
        return out;
    }
    transfer& note(lading::transfer_event const& e) {
        auto const [at, is_new] = running_.try_emplace(e.what.digest);
        auto& t = at->second;
        if (is_new) t.since = t.told = clock::now();
        if (e.state == lading::transfer_state::resumed) t.first = e.bytes;
        t.bytes = e.bytes, t.size = e.what.size;
        return t;
    }

    progress_form form_;
    std::mutex mutex_;
    std::map<lading::digest, transfer> running_;
    std::uint64_t all_bytes_ = 0, all_total_ = 0;
    std::size_t lines_ = 0; ///< that are drawn and will be drawn over
    clock::time_point drawn_{}, began_ = clock::now();
};
