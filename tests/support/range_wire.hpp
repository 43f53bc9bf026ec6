// SPDX-License-Identifier: BSL-1.0
#pragma once

/// `test::range_wire`: a transport whose answers are made by a function of the request, and may break off anywhere; and how a
/// registry answers for one blob.

#include <lading/http/message.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// One answer.
struct range_answer {
    explicit range_answer(int status = 200, std::string b = {}) : head(status), body(std::move(b)) { length = body.size(); }
    range_answer& with(std::string_view name, std::string_view value) { return head.headers.set(name, value), *this; }
    /// Breaks off after so many bytes of the body.
    range_answer& cut(std::size_t n, lading::errc how = lading::errc::connection_reset) {
        if (n < body.size() || how != lading::errc::connection_reset) body.resize(std::min(n, body.size())), failure = lading::error(how);
        return *this;
    }
    /// No length is announced.
    range_answer& chunked() { return length.reset(), *this; }
    /// Before a head comes.
    range_answer& refused(lading::errc how) { return failure = lading::error(how), without_head = true, *this; }
    /// From another address, where a redirect led.
    range_answer& from(std::string url) { return head.url = std::move(url), *this; }

    lading::response head;
    std::string body;
    std::optional<std::uint64_t> length; ///< announced
    std::optional<lading::error> failure;
    bool without_head = false;
};

/// What the transport shares with the test.
struct range_world {
    std::function<range_answer(lading::request const&)> answer;
    std::vector<lading::request> journal;
    std::size_t piece = 16u << 10;
    std::uint64_t bytes = 0; ///< of bodies that sinks have taken

    std::string asked(std::size_t i, std::string_view header = "Range") const {
        return std::string(journal.at(i).headers.find(header).value_or(""));
    }
};

/// Models `sync_transport`. The world outlives it.
class range_wire {
  public:
    explicit range_wire(range_world& w) : world_(&w) {}

    lading::result<lading::response> exchange(lading::request const& q, lading::body_sink& out) {
        using namespace lading;
        world_->journal.push_back(q);
        auto a = world_->answer(q);
        if (a.without_head) return *a.failure;
        if (a.head.url.empty()) a.head.url = q.url;
        LADING_TRY(auto verdict, out.begin(a.head, a.length));
        std::span<char const> rest(a.body);
        while (verdict == sink_action::proceed && !rest.empty()) {
            auto const n = std::min(world_->piece, rest.size());
            LADING_TRY_V(take(out, std::as_bytes(rest.first(n)), verdict));
            world_->bytes += n;
            rest = rest.subspan(n);
        }
        if (a.failure && verdict == sink_action::proceed) {
            if (a.failure->facts().stop()) { // as transports over a network have them
                fallback_facts f;
                f.next_endpoint = f.retry = f.answered = true;
                a.failure->with_facts(f).with_status(a.head.status);
            }
            return *a.failure;
        }
        return a.head;
    }

  private:
    static lading::result<void> take(lading::body_sink& out, std::span<std::byte const> piece, lading::sink_action& verdict) {
        LADING_TRY(verdict, out.write(piece));
        return lading::success();
    }
    range_world* world_;
};

/// The first position that a request asks for; nothing when it has no `Range`.
inline std::optional<std::uint64_t> asked_from(lading::request const& q) {
    auto const range = q.headers.find("Range");
    if (!range || !range->starts_with("bytes=")) return std::nullopt;
    std::uint64_t out = 0;
    std::from_chars(range->data() + 6, range->data() + range->size(), out);
    return out;
}
inline std::string range_text(std::uint64_t first, std::uint64_t last, std::string_view total) {
    return "bytes " + std::to_string(first) + '-' + std::to_string(last) + '/' + std::string(total);
}
/// 200 or 206, as asked.
inline range_answer serve(lading::request const& q, std::string const& blob) {
    auto const from = asked_from(q);
    if (!from) return range_answer(200, blob);
    if (*from >= blob.size())
        return range_answer(416, "invalid range\n").with("Content-Range", "bytes */" + std::to_string(blob.size()));
    return range_answer(206, blob.substr(static_cast<std::size_t>(*from)))
        .with("Content-Range", range_text(*from, blob.size() - 1, std::to_string(blob.size())));
}

} // namespace test
