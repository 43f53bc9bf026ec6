// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `testing::scripted_transport`: a transport that answers from a script and journals what it was asked. No socket.

#include "../policy/transport.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading::testing {

/// One scripted answer: a response with a body, or a failure of the transport.
struct scripted_answer {
    scripted_answer(int status, std::string b = {}, std::vector<std::pair<std::string, std::string>> const& fields = {})
        : head(status), body(std::move(b)) {
        for (auto const& [n, v] : fields) head.headers.add(n, v);
    }
    scripted_answer(error e) : failure(std::move(e)) {}

    response head;
    std::string body;
    std::optional<error> failure;
    std::size_t takes = std::size_t(-1); ///< bytes of the request's body that are read before it

    /// Answers, or fails, after so many bytes of the request's body.
    scripted_answer& after(std::size_t bytes) { return takes = bytes, *this; }
};

/// What a script shares with the test that made it.
struct script {
    /// Answers by absolute URL, in turn; the last one of a URL repeats. A URL without an answer is a 404.
    std::map<std::string, std::vector<scripted_answer>> answers;
    std::vector<request> journal;
    std::size_t piece = 0; ///< bytes given to the sink at once; 0 for all

    script& on(std::string url, scripted_answer a) { return answers[std::move(url)].push_back(std::move(a)), *this; }
};

/// Models `sync_transport`. The script outlives it.
class scripted_transport {
  public:
    explicit scripted_transport(script& s) : script_(&s) {}

    result<response> exchange(request const& q, body_sink& out) {
        script_->journal.push_back(q);
        auto& asked = script_->journal.back();
        asked.source = nullptr;
        auto const known = script_->answers.find(q.url);
        scripted_answer a(404);
        if (known != script_->answers.end()) {
            a = known->second.front();
            if (known->second.size() > 1) known->second.erase(known->second.begin());
        }
        if (q.source) {
            LADING_TRY(a.head.sent_whole, take_body(*q.source, a.takes, asked.body));
        }
        if (a.failure) return *a.failure;
        a.head.url = q.url;
        LADING_TRY(auto const verdict, out.begin(a.head, a.body.size()));
        std::span<char const> rest(a.body);
        while (verdict == sink_action::proceed && !rest.empty()) {
            auto const n = script_->piece ? std::min(script_->piece, rest.size()) : rest.size();
            LADING_TRY(auto const next, out.write(std::as_bytes(rest.first(n))));
            if (next == sink_action::stop) break;
            rest = rest.subspan(n);
        }
        return a.head;
    }

  private:
    /// Collects what a source gives, at most `most` bytes; whether that is all.
    static result<bool> take_body(body_source& from, std::size_t most, std::string& into) {
        LADING_TRY_V(from.begin());
        auto const size = from.size();
        while (into.size() < most && into.size() != size) {
            std::byte piece[4096];
            LADING_TRY(auto const n, from.read(std::span(piece).first(std::min(most - into.size(), sizeof piece))));
            if (n == 0) return true;
            into.append(reinterpret_cast<char const*>(piece), n);
        }
        return into.size() == size;
    }

    script* script_;
};

/// A clock that stands until it is told to go; sleeping advances it.
class manual_clock {
  public:
    std::chrono::steady_clock::time_point now() const noexcept { return now_; }
    void sleep_for(std::chrono::milliseconds d) noexcept { now_ += d; }

  private:
    std::chrono::steady_clock::time_point now_{};
};

} // namespace lading::testing
