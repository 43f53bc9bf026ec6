// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Rules of the transport kit: the body of a request comes from its source.

#include "probe.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lading::testing::detail {

/// A source that counts what happens to it.
class kit_source final : public body_source {
  public:
    explicit kit_source(std::string text, bool sized = true) : text_(std::move(text)), sized_(sized) {}

    std::optional<std::uint64_t> size() const override {
        if (sized_) return text_.size();
        return std::nullopt;
    }
    result<void> begin() override {
        ++begun;
        if (once && at_ != 0) return error(errc::source_spent);
        return at_ = 0, success();
    }
    result<std::size_t> read(std::span<std::byte> into) override {
        if (at_ >= fails_at) return error(errc::source_changed);
        auto const n = std::min({into.size(), text_.size() - at_, std::size_t(100'000), fails_at - at_});
        if (n != 0) std::memcpy(into.data(), text_.data() + at_, n);
        at_ += n;
        return n;
    }
    std::size_t given() const noexcept { return at_; }

    std::size_t begun = 0;
    std::size_t fails_at = std::size_t(-1); ///< bytes
    bool once = false;

  private:
    std::string text_;
    bool sized_;
    std::size_t at_ = 0;
};

/// The chunks of a body, put together.
inline std::string unchunked(std::string_view text) {
    std::string out;
    for (;;) {
        auto const line = text.find("\r\n");
        auto const digits = text.substr(0, std::min(line, text.size()));
        std::size_t n = 0;
        if (line == text.npos || std::from_chars(digits.data(), digits.data() + digits.size(), n, 16).ec != std::errc() || n == 0 || text.size() < line + 2 + n) return out;
        out += text.substr(line + 2, n);
        text.remove_prefix(std::min(text.size(), line + 4 + n));
    }
}

template <class P>
void sends_bodies(P& kit) {
    std::string const large(1'000'000, 'x'), text = large + "the end";
    auto const put = [](body_source& s) {
        request q("PUT", "/x");
        q.source = &s;
        return q;
    };
    auto const body_of = [](std::string const& received) { return received.substr(std::min(received.size(), received.find("\r\n\r\n") + 4)); };

    for (auto const& t : {std::string(), std::string("small"), text}) {
        kit_source sized(t), open(t, false);
        auto const a = kit.ask(answer_with(""), {}, put(sized));
        auto const length = "\r\nContent-Length: " + std::to_string(t.size()) + "\r\n";
        kit.require(a.answer && body_of(a.request) == t && a.request.find(length) != std::string::npos, "sends a source with its size",
                    std::to_string(t.size()) + " bytes: " + said(a.answer));
        kit.require(sized.begun >= 1, "begins a source before it reads", std::to_string(sized.begun));
        kit.require(a.answer && a.answer.assume_value().sent_whole, "says that the request was whole", said(a.answer));
        auto const b = kit.ask(answer_with(""), {}, put(open));
        kit.require(b.answer && unchunked(body_of(b.request)) == t && b.request.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos,
                    "sends a source of unknown size in chunks", std::to_string(t.size()) + " bytes: " + said(b.answer));
    }
    {
        kit_source breaks(text);
        breaks.fails_at = 300'000;
        auto const o = kit.ask(answer_with(""), {}, put(breaks));
        kit.require(!o.answer && o.answer.assume_error() == errc::source_changed && body_of(o.request).size() < text.size(),
                    "a source that fails ends the exchange before the request is whole", said(o.answer));
        kit_source open(text, false);
        open.fails_at = 300'000;
        auto const c = kit.ask(answer_with(""), {}, put(open));
        kit.require(!c.answer && c.answer.assume_error() == errc::source_changed, "a source that fails is not a short one", said(c.answer));
    }
    {
        // 24 MB do not fit into any buffer: who waits for the end of the body before it reads gets no answer.
        kit_source much(std::string(std::size_t(24) << 20, 'x'));
        byte_server server([&](std::string const&) {
            return byte_answer("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch", byte_answer::ending::hang);
        });
        server.read_at_most(0);
        auto t = kit.make();
        auto const o = kit.ask(t, server, {}, put(much));
        kit.require(o.answer && o.answer.assume_value().status == 413 && o.sink.body == "much", "reads an answer that comes while it sends", said(o.answer));
        kit.require(o.answer && !o.answer.assume_value().sent_whole, "says that the request was not whole", said(o.answer));
        kit.require(much.given() < (std::size_t(20) << 20), "stops sending when the answer has come", std::to_string(much.given()) + " bytes were read");
        auto const before = server.accepted();
        server.read_at_most(std::size_t(-1));
        auto const next = kit.ask(t, server);
        kit.require(server.accepted() > before, "keeps no connection whose request was not whole", said(next.answer));
    }
    {
        byte_server server([&](std::string const& q) {
            return q.starts_with("GET") ? answer_with("") : byte_answer("", byte_answer::ending::reset);
        });
        auto t = kit.make();
        kit.ask(t, server);
        kit_source whole("small");
        auto const o = kit.ask(t, server, {}, put(whole));
        kit.require(!o.answer && o.requests == 1, "does not send again what was sent whole", said(o.answer) + ", " + std::to_string(o.requests) + " requests");
    }
}

} // namespace lading::testing::detail
