// SPDX-License-Identifier: BSL-1.0
// What goes on where it broke off: `Content-Range`, and a blob whatever its answers are.
#include "target.hpp"

#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/blob.hpp>
#include <lading/policy/clock.hpp>

#include <algorithm>
#include <array>
#include <span>

using namespace lading;
using fuzz::check_error;
using fuzz::must;
using namespace std::string_literals;

namespace {

/// A clock that stands still but where it is made to wait.
struct still_clock {
    std::chrono::steady_clock::time_point at{};
    std::chrono::steady_clock::time_point now() const { return at; }
    void sleep_for(std::chrono::milliseconds d) { at += d; }
};
struct policies {
    using json = strict_json;
    using hash = openssl_hash;
    using clock = still_clock;
};

constexpr std::size_t size = 160u << 10; // some progress, and an end without
std::string const blob = [] {
    std::string out;
    for (std::uint32_t i = 1; out.size() < size; i = i * 1664525u + 1013904223u) out.append(reinterpret_cast<char const*>(&i), 4);
    return out;
}();
std::string const other = [] {
    auto out = blob;
    for (auto& c : out) c = static_cast<char>(c ^ 1);
    return out;
}();
digest const known = digest_of<openssl_hash>(blob).value();

/// Says what the rules of a sink are, and keeps the bytes.
struct strict_sink final : blob_sink {
    std::string held, text;
    bool is_sized = true;
    bool begun = false, ended = false, committed = false;

    result<std::uint64_t> resume(std::int64_t n, held_bytes const& each) override {
        must(!begun && !ended, "resume comes first, and once");
        if (n >= 0 && held.size() > static_cast<std::size_t>(n)) held.clear();
        if (!held.empty()) must(each(std::as_bytes(std::span(held))), "nobody has said to stop");
        text = held;
        begun = !text.empty();
        return text.size();
    }
    result<void> begin() override {
        must(!ended, "nothing is begun after the end");
        begun = true;
        return text.clear(), success();
    }
    result<void> write(std::span<std::byte const> p) override {
        must(begun && !ended, "nothing is written before the beginning or after the end");
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        must(!is_sized || text.size() <= size, "no more is written than the blob has");
        return success();
    }
    result<void> commit() override {
        end();
        committed = true;
        return success();
    }
    void discard() noexcept override { end(); }
    void suspend() noexcept override { end(); }
    void end() {
        must(!ended, "a sink is ended once");
        ended = true;
    }
};

struct answer {
    response head;
    std::string body;
    std::optional<std::uint64_t> length;
    std::optional<errc> failure;
};

std::size_t position(fuzz::input& in) { return (in.byte() << 10 | in.byte() << 2) % (size + 1); }

answer answer_to(request const& q, fuzz::input& in) {
    std::size_t from = 0;
    auto const range = q.headers.find("Range");
    if (range) {
        must(range->starts_with("bytes=") && range->ends_with("-"), "a range is from a byte to the end", *range);
        std::from_chars(range->data() + 6, range->data() + range->size(), from);
        must(from > 0 && from < size + 1, "a range begins within the blob", *range);
    }
    answer out{response(range ? 206 : 200), {}, {}, {}};
    out.head.url = q.url;
    auto const kind = in.byte() % 12;
    auto const& source = kind == 2 ? other : blob;
    auto const begin = kind == 5 ? 0 : from;
    out.body = begin < size ? source.substr(begin) : std::string();
    if (kind == 5) out.head.status = 200;
    if (kind == 6) {
        constexpr std::array statuses{401, 403, 404, 412, 416, 429, 503, 204, 206, 500};
        out.head.status = statuses[in.byte() % statuses.size()];
        out.body = in.text();
    }
    if (kind == 7) {
        constexpr std::array codes{errc::connection_reset, errc::too_slow, errc::host_not_found, errc::http_malformed, errc::timeout};
        out.failure = codes[in.byte() % codes.size()];
        out.head.status = 0;
        return out;
    }
    if (kind == 8) out.body += blob; // more than there is
    if (kind == 9) out.body.resize(std::min(out.body.size(), position(in))); // less, and so announced
    if (kind == 10) out.head.url = "https://elsewhere.test/x";
    out.length = out.body.size();
    if (out.head.status == 206 && from < size)
        out.head.headers.add("Content-Range", kind == 9 && !out.body.empty()
                                                  ? "bytes " + std::to_string(from) + '-' + std::to_string(from + out.body.size() - 1) + '/' + std::to_string(size)
                                                  : "bytes " + std::to_string(from) + '-' + std::to_string(size - 1) + '/' + std::to_string(size));
    if (kind == 3) out.head.headers.set("Content-Range", in.text());
    if (kind == 4) out.head.headers.add(in.text(), in.text());
    if (kind == 11 || kind == 8) out.length.reset();
    if (kind == 1 || kind == 11) {
        out.failure = errc::connection_reset;
        out.body.resize(std::min(out.body.size(), position(in)));
    }
    return out;
}

result<response> exchange(answer const& a, body_sink& out) {
    if (a.head.status == 0) return error(*a.failure);
    LADING_TRY(auto verdict, out.begin(a.head, a.length));
    std::span<char const> rest(a.body);
    while (verdict == sink_action::proceed && !rest.empty()) {
        auto const n = std::min<std::size_t>(rest.size(), 16u << 10);
        LADING_TRY(auto next, out.write(std::as_bytes(rest.first(n))));
        verdict = next;
        rest = rest.subspan(n);
    }
    if (a.failure && verdict == sink_action::proceed) return error(*a.failure);
    return a.head;
}

} // namespace

FUZZ_TARGET(content_range, "http",
            {"bytes 0-3/120", "bytes 5-9/*", "bytes */120", "bytes 9223372036854775805-9223372036854775806/9223372036854775807", "bytes 5-2/7", "items 0-1/2", ""}) {
    auto const r = parse_content_range(input);
    if (!r) return;
    must(r->satisfied || r->total, "what is not there has a total");
    must(!r->satisfied || (r->first <= r->last && r->last < UINT64_MAX / 2 && (!r->total || r->last < *r->total)), "positions are in order", input);
    auto const total = r->total ? std::to_string(*r->total) : "*";
    auto const again = "bytes " + (r->satisfied ? std::to_string(r->first) + '-' + std::to_string(r->last) : "*") + '/' + total;
    must(parse_content_range(again) == r, "what was read can be written", input, again);
}

FUZZ_TARGET(blob_answers, "http",
            {"\0\0"s, "\1\1\x50\1\1\x60"s, "\2\1\x20\x20\5"s, "\1\0\x20\x80\3bytes 33280-163839/163840\x1e"s, "\1\0\x50\0\6\4x\x1e\0"s, "\1\0\x50\0\7\2\7\2\0"s,
             "\1\0\x10\0\x09\x10\0\x09\x10\0"s, "\3\0\x70\0\4ETag\x1e\"a\"\x1e"s, "\1\0\x50\0\2\0\1\2\2"s, "\4\x08"s, "\0\x0b\x10\0\x0b\1\0\5"s}) {
    fuzz::input in(input);
    strict_sink sink;
    auto const how = in.byte();
    if (how & 1) sink.held = (how & 2 ? other : blob).substr(0, position(in));
    descriptor what("a/b", known, how & 4 ? descriptor::unknown_size : static_cast<std::int64_t>(size));
    sink.is_sized = what.size >= 0;
    still_clock clock;
    std::size_t requests = 0;
    {
        auto const transfer = std::make_shared<blob_transfer<policies>>(what, sink, blob_options(), limits(), retry_rules(), clock);
        auto const name = repository::parse("r.test/x").value();
        blob_operation<policies> op(call_context("https://r.test", name), transfer);
        for (auto next = op.start();;) {
            if (auto* over = std::get_if<done<descriptor>>(&next)) {
                must(over->value().has_value() == sink.committed, "a success is what is committed");
                if (!over->value()) check_error(over->value().error());
                break;
            }
            if (auto* wait = std::get_if<need_delay>(&next)) {
                must(wait->duration.count() > 0, "a wait is one");
                clock.sleep_for(wait->duration);
                next = op.on_delay();
                continue;
            }
            auto& x = std::get<need_exchange>(next);
            must(++requests <= 60, "a blob takes so many requests");
            auto const a = answer_to(x.query, in);
            next = op.on_response(exchange(a, *x.sink));
        }
    }
    must(!sink.committed || sink.text == blob, "what is committed is the blob");
    must(sink.ended || !sink.begun, "what was begun is ended");
}
