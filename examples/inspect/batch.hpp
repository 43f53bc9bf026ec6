// SPDX-License-Identifier: BSL-1.0
#pragma once

// inspect --batch: references from a file or stdin, one JSON object a line on stdout, in bounded memory.

#include "lines.hpp"

#include <lading/lading.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <unistd.h>

namespace batch {

using lines::file;
using lines::stable_hash;

struct options {
    std::string file, resume;
    std::size_t jobs = 64;
    bool ordered = false;
    unsigned shard = 0, shards = 1;
    bool operator==(options const&) const = default;
};

/// A line of the input: a reference, or why it is none.
struct line {
    std::string text;
    lading::result<lading::reference> ref;
    operator lading::result<lading::reference>() const { return ref; }
};

/// What is to be done: the lines that are of this shard and were not done before. Read twice: first to learn how many
/// they are and which hosts will be asked, then, as a range of one pass, to do them.
class work {
  public:
    using parser = std::function<lading::result<lading::reference>(std::string const&)>;

    /// Errors: `config_invalid` for a file that cannot be read, and for one to resume that no former run has written.
    static lading::result<work> open(options const& o, parser parse) {
        work out(o, std::move(parse));
        LADING_TRY_V(out.skip_what_is_done());
        // stdin is copied: it can be read once only, and waiting for it would hold up what is under way.
        out.file_ = file(o.file == "-" ? std::tmpfile() : std::fopen(o.file.c_str(), "r"), &std::fclose);
        if (!out.file_) return lading::error(lading::errc::config_invalid).with_context(o.file + ": cannot be read");
        if (o.file == "-") {
            char piece[65536];
            while (auto const n = std::fread(piece, 1, sizeof piece, stdin))
                if (std::fwrite(piece, 1, n, out.file_.get()) != n)
                    return lading::error(lading::errc::config_invalid).with_context("stdin: no room for a copy");
            std::rewind(out.file_.get());
        }
        std::unordered_set<std::string> seen;
        for (; out.next(); ++out.size_)
            if (auto const& ref = out.at_->ref; ref && seen.emplace(ref.assume_value().repository().host()).second)
                out.hosts_.push_back(ref.assume_value().repository());
        std::rewind(out.file_.get());
        return out;
    }

    std::size_t size() const { return size_; }
    /// One name of each host.
    std::vector<lading::repository> const& hosts() const { return hosts_; }

    struct iterator {
        using value_type = line;
        using difference_type = std::ptrdiff_t;
        line const& operator*() const { return *from->at_; }
        iterator& operator++() { return from->next(), *this; }
        bool operator==(std::default_sentinel_t) const { return !from->at_; }
        work* from;
    };
    iterator begin() { return next(), iterator{this}; }
    std::default_sentinel_t end() const { return {}; }

  private:
    work(options const& o, parser p) : options_(o), parse_(std::move(p)), file_(nullptr, &std::fclose) {}

    bool next() {
        std::string text;
        while (lines::read_entry(file_.get(), text)) {
            if (done_.contains(stable_hash(text))) continue;
            auto ref = parse_(text);
            auto const key = ref ? ref.assume_value().repository().str() : text;
            if (stable_hash(key) % options_.shards != options_.shard) continue;
            at_.emplace(line{std::move(text), std::move(ref)});
            return true;
        }
        at_.reset();
        return false;
    }

    /// The lines of a former output that are whole. Of each its hash is kept: that two of a million are equal is as
    /// likely as 3 in 100 million.
    lading::result<void> skip_what_is_done() {
        if (options_.resume.empty()) return lading::success();
        return lines::read_former(options_.resume, "reference", [this](lading::json_view entry) {
            if (auto const ref = entry.find("reference"); ref && ref->as_string()) done_.insert(stable_hash(*ref->as_string()));
        });
    }

    options options_;
    parser parse_;
    file file_;
    std::optional<line> at_;
    std::size_t size_ = 0;
    std::vector<lading::repository> hosts_;
    std::unordered_set<std::uint64_t> done_;
};

/// A line on a terminal's stderr, five times a second: done, failed, rate, time left.
class progress {
  public:
    explicit progress(std::size_t total) : total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
    ~progress() {
        if (shown_) show(), std::fputc('\n', stderr);
    }
    void count(bool good) {
        ++done_;
        failed_ += !good;
        auto const now = clock::now();
        if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
        last_ = now;
        show();
    }

  private:
    using clock = std::chrono::steady_clock;
    void show() const {
        auto const seconds = std::chrono::duration<double>(clock::now() - began_).count();
        auto const rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
        auto const left = rate > 0 ? static_cast<long>(static_cast<double>(total_ - done_) / rate) : 0;
        std::fprintf(stderr, "\r%zu of %zu, %zu failed, %.0f/s, %ld:%02ld:%02ld left \033[K", done_, total_, failed_, rate,
                     left / 3600, left / 60 % 60, left % 60);
    }
    std::size_t total_, done_ = 0, failed_ = 0;
    bool shown_;
    clock::time_point began_ = clock::now(), last_ = began_;
};

/// The result as one line of JSON, `reference` first.
inline std::string json_line(std::string const& reference, lading::result<lading::inspection> const& outcome) {
    lading::json_writer w(lading::json_style(0, false, true));
    w.begin_object().key("reference").string(reference);
    if (outcome) return w.take() + ',' + lading::to_json(outcome.assume_value(), lading::json_style()).substr(1);
    auto const& e = outcome.assume_error();
    w.key("error").begin_object().key("code").string(lading::name_of(e.kind()));
    if (e.http_status()) w.key("status").integer(e.http_status());
    w.key("message").string(e.message()).end_object().end_object();
    return w.take() + '\n';
}

/// Does the work. True when all of it was done and nothing failed.
template <class Client>
bool run(asio::io_context& context, Client& registry, work& todo, lading::inspect_options what, options const& o) {
    asio::cancellation_signal stop;
    asio::signal_set interrupted(context, SIGINT, SIGTERM);
    interrupted.async_wait([&](asio::error_code ec, int) {
        if (!ec) stop.emit(asio::cancellation_type::terminal);
    });
    progress shown(todo.size());
    bool written = true, good = false;
    lading::async_inspect_each(
        registry, todo, lading::each_options().with_inspect(std::move(what)).with_in_flight(o.jobs).with_order(o.ordered),
        [&](std::size_t, line const& from, lading::result<lading::inspection> outcome) {
            if (!outcome && outcome.assume_error() == lading::errc::cancelled) return; // left for --resume
            auto const text = json_line(from.text, outcome);
            written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && written;
            shown.count(outcome.has_value());
        },
        asio::bind_cancellation_slot(stop.slot(), [&](lading::each_summary s) {
            interrupted.cancel();
            good = s.failed == 0 && !s.cancelled;
        }));
    context.run();
    written = std::fflush(stdout) == 0 && written;
    if (!written) std::fputs("inspect: the output cannot be written\n", stderr);
    return written && good;
}

} // namespace batch
