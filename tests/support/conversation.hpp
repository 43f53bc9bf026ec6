// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `test::conversation`: a transport for operations that is told what is asked, in order, and what is answered.

#include <lading/driver/blocking.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// Models `sync_transport`. `said()` is what was asked, a line each: method, target, and the headers that matter to uploads.
class conversation {
  public:
    explicit conversation(std::string base = "https://r.example") : base_(std::move(base)) {}

    /// The next answer.
    conversation& answers(lading::testing::scripted_answer a) { return answers_.push_back(std::move(a)), *this; }
    conversation& answers(int status, std::vector<std::pair<std::string, std::string>> const& fields = {}, std::string body = {}) {
        return answers({status, std::move(body), fields});
    }
    /// No more answers than those: what is asked beyond them fails.
    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        if (journal.size() == answers_.size()) {
            said_.push_back(line(q) + " (unexpected)");
            return lading::error(lading::errc::cancelled).with_context("unexpected: " + said_.back());
        }
        lading::testing::script s;
        s.on(q.url, answers_[journal.size()]);
        large_body body(q, out);
        auto out_of = lading::testing::scripted_transport(s).exchange(q, body);
        journal.push_back(s.journal.front());
        said_.push_back(line(journal.back()));
        return out_of;
    }
    std::vector<std::string> const& said() const { return said_; }
    bool over() const { return journal.size() == answers_.size(); }

    std::vector<lading::request> journal; ///< with the bodies as they were taken

  private:
    /// An answer to HEAD announces the length of what there would be.
    struct large_body final : lading::body_sink {
        large_body(lading::request const& q, lading::body_sink& t) : is_head(q.method == "HEAD"), to(t) {}
        lading::result<lading::sink_action> begin(lading::response const& head, std::optional<std::uint64_t> n) override {
            return to.begin(head, is_head ? std::uint64_t(1) << 40 : n);
        }
        lading::result<lading::sink_action> write(std::span<std::byte const> piece) override { return to.write(piece); }
        bool is_head;
        lading::body_sink& to;
    };

    std::string line(lading::request const& q) const {
        auto out = q.method + ' ' + (q.url.starts_with(base_) ? q.url.substr(base_.size()) : q.url);
        if (auto const range = q.headers.find("Content-Range")) out.append(" [").append(*range).append("]");
        return out;
    }

    std::string base_;
    std::vector<lading::testing::scripted_answer> answers_;
    std::vector<std::string> said_;
};

} // namespace test
