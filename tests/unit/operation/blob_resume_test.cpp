// SPDX-License-Identifier: BSL-1.0
#include "../../support/scratch_folder.hpp"
#include "catch.hpp"
#include "client_of_body.hpp"
#include "documents.hpp"
#include "range_wire.hpp"

#include <lading/store/file_sink.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace blob_resume_test {

using namespace lading;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::range_answer;
using test::serve;

namespace {

struct patient_clock : testing::manual_clock {
    explicit patient_clock(std::vector<std::chrono::milliseconds>& w) : waits(&w) {}
    void sleep_for(std::chrono::milliseconds d) {
        waits->push_back(d);
        testing::manual_clock::sleep_for(d);
    }
    std::vector<std::chrono::milliseconds>* waits;
};

struct wire_policies : test::scripted_policies {
    using transport = test::range_wire;
};

/// Bytes that are not the same anywhere.
std::string text_of_size(std::size_t n) {
    std::string out;
    out.reserve(n + 8);
    for (std::uint32_t i = 1; out.size() < n; i = i * 1664525u + 1013904223u) out.append(reinterpret_cast<char const*>(&i), 4);
    out.resize(n);
    return out;
}
constexpr std::size_t size = 512u << 10, kib = 1024;
std::string const blob = text_of_size(size);

lading::descriptor describe(std::string_view bytes, std::int64_t n) { return {"a/b", digest::parse(test::digest_of(bytes)).value(), n}; }

/// Counts what is asked of it; keeps the bytes.
struct counting final : blob_sink {
    result<std::uint64_t> resume(std::int64_t, held_bytes const& each) override {
        ++resumed;
        if (!held.empty() && !each(std::as_bytes(std::span(held)))) return error(errc::cancelled);
        text = held;
        return held.size();
    }
    result<void> begin() override { return ++begun, text.clear(), success(); }
    result<void> write(std::span<std::byte const> p) override {
        if (text.size() + p.size() > room) return error(errc::sink_failed);
        text.append(reinterpret_cast<char const*>(p.data()), p.size());
        if (after_write) after_write();
        return success();
    }
    result<void> commit() override { return ++committed, success(); }
    void discard() noexcept override { ++discarded; }
    void suspend() noexcept override { ++suspended; }
    int ended() const { return committed + discarded + suspended; }

    std::string held; ///< what an earlier run has left
    std::string text;
    std::size_t room = SIZE_MAX;
    std::function<void()> after_write;
    int resumed = 0, begun = 0, committed = 0, discarded = 0, suspended = 0;
};

struct world : test::range_world {
    world() {
        answer = [](request const& q) { return serve(q, blob); };
    }
    result<lading::descriptor> fetch(blob_sink& out, blob_options o = {}) {
        auto what = wanted ? *wanted : describe(blob, static_cast<std::int64_t>(size));
        patient_clock clock(waits);
        test::client_of<wire_policies> registry(test::range_wire(*this), options, {}, clock);
        return registry.blob(repository::parse("r.example/x").value(), what, out, std::move(o), stop.get_token());
    }
    errc outcome(blob_sink& out, blob_options o = {}) {
        auto const r = fetch(out, std::move(o));
        return r ? errc::ok : r.error().kind();
    }
    /// The n-th request, from 0, is answered by `f`; all others as usual.
    void on(std::size_t n, std::function<range_answer(request const&)> f) {
        answer = [this, n, f, usual = answer](request const& q) { return journal.size() == n + 1 ? f(q) : usual(q); };
    }
    std::optional<lading::descriptor> wanted;
    client_options options;
    std::vector<std::chrono::milliseconds> waits;
    std::stop_source stop;
};

using folder = test::scratch_folder;

std::string const other = [] {
    auto out = blob;
    for (auto& c : out) c = static_cast<char>(c ^ 1);
    return out;
}();

} // namespace

TEST_CASE("a blob is one request, without Range", "[blob][PD01][PD02][PD04][PD51]") {
    for (bool const announced : {true, false}) {
        world w;
        w.on(0, [&](request const& q) { return announced ? serve(q, blob) : serve(q, blob).chunked(); });
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        REQUIRE(w.journal.size() == 1);
        CHECK(w.journal[0].method == "GET");
        CHECK(w.journal[0].url == "https://r.example/v2/x/blobs/" + test::digest_of(blob));
        CHECK(w.asked(0).empty());
        CHECK((out.text == blob));
        CHECK(out.begun == 1);
        CHECK(out.committed == 1);
        CHECK(out.ended() == 1);
    }
}

TEST_CASE("a size that is not that of the blob", "[blob][PD03][PD06][PD08]") {
    world w;
    counting out;
    w.on(0, [](request const&) { return range_answer(200, blob + "x"); }); // announced
    CHECK(w.outcome(out) == errc::size_mismatch);
    CHECK(w.bytes == 0);
    CHECK(out.begun == 0);
    world longer;
    counting second;
    longer.on(0, [](request const&) { return range_answer(200, blob + blob).chunked(); });
    CHECK(longer.outcome(second) == errc::size_mismatch);
    CHECK(longer.bytes <= size + 16 * kib);
    world shorter;
    counting third;
    shorter.on(0, [](request const&) { return range_answer(200, blob.substr(1)).chunked(); });
    CHECK(shorter.outcome(third) == errc::size_mismatch);
    for (auto const* of : {&w, &longer, &shorter}) CHECK(of->journal.size() == 1); // the server believes in it
    CHECK(second.discarded == 1);
    CHECK(third.discarded == 1);
    CHECK(third.ended() == 1);
}

TEST_CASE("bytes that are not the blob are not kept, and not asked for again", "[blob][PD05]") {
    world w;
    counting out;
    w.answer = [](request const& q) { return serve(q, other); };
    CHECK(w.outcome(out) == errc::digest_mismatch);
    CHECK(w.journal.size() == 1);
    CHECK(out.discarded == 1);
    CHECK(out.ended() == 1);
}

TEST_CASE("what the answer says of its digest does not count", "[blob][PD09]") {
    for (auto const& said : {"sha256:" + std::string(64, '0'), "sha512:" + std::string(128, '0'), std::string("nonsense")}) {
        world w;
        counting out;
        w.on(0, [&](request const& q) { return serve(q, blob).with("Docker-Content-Digest", said); });
        std::vector<warning> odd;
        CHECK(w.outcome(out, blob_options().with_remarks([&](warning x) { odd.push_back(std::move(x)); })) == errc::ok);
        CHECK(odd.size() == (said.starts_with("sha256:") ? 1u : 0u)); // of the same algorithm
        if (!odd.empty()) CHECK(odd[0].code == warning_code::digest_header_differs);
    }
}

TEST_CASE("a call that is stopped while it reads what is there asks for nothing, and keeps that", "[blob][PD49]") {
    world w;
    counting out;
    out.held = blob.substr(0, size / 2);
    w.stop.request_stop();
    CHECK(w.outcome(out) == errc::cancelled);
    CHECK(w.journal.empty());
    CHECK(out.suspended == 1);
    CHECK(out.ended() == 1);
}

TEST_CASE("a refusal is one, and nothing is written", "[blob][PD10]") {
    for (auto [status, code, requests] : {std::tuple(404, errc::blob_unknown, 1u), {401, errc::auth_required, 1u}, {403, errc::denied, 1u}, {429, errc::rate_limited, 5u}, {503, errc::server_error, 5u}}) {
        INFO(status);
        world w;
        counting out;
        w.answer = [s = status](request const&) { return range_answer(s, "{}"); };
        CHECK(w.outcome(out) == code);
        CHECK(w.journal.size() == requests);
        CHECK(out.begun == 0);
        CHECK(out.suspended == 1);
    }
    world w; // a mirror that has it not says nothing of others
    w.options.with_mirror("r.example", mirror("m.example"));
    w.answer = [](request const& q) { return q.url.starts_with("https://m.example") ? range_answer(404) : serve(q, blob); };
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.journal.size() == 2);
    counting again;
    CHECK(w.outcome(again) == errc::ok);
    CHECK(w.journal.size() == 4);
}

TEST_CASE("a lost connection is gone on from", "[blob][X06][GX13][PD07][PD11][PD12][PD24]") {
    for (auto how : {errc::connection_reset, errc::http_body_truncated, errc::tls_truncated, errc::timeout_body, errc::too_slow})
        for (bool const total : {true, false})
            for (std::size_t at : {std::size_t{1}, 100 * kib, size - 1}) {
                INFO(name_of(how) << " after " << at);
                world w;
                w.piece = 10'000;
                w.on(0, [&](request const& q) { return serve(q, blob).cut(at, how); });
                w.on(1, [&](request const& q) {
                    auto a = serve(q, blob);
                    return total ? a : a.with("Content-Range", test::range_text(at, size - 1, "*")).chunked();
                });
                counting out;
                CHECK(w.outcome(out) == errc::ok);
                REQUIRE(w.journal.size() == 2);
                CHECK(w.asked(1) == "bytes=" + std::to_string(at) + "-");
                CHECK(w.asked(1, "If-Range").empty());
                CHECK((out.text == blob));
                CHECK(out.resumed == 1); // what has come is not read again
                CHECK(out.begun == 1);
                CHECK(w.waits.size() == 1);
                CHECK(w.bytes == size);
            }
    world w; // nothing has come: as if it were asked for the first time
    w.on(0, [&](request const& q) { return serve(q, blob).cut(0); });
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.asked(1).empty());
}

TEST_CASE("an answer that does not go on there is not taken; from the start, once", "[blob][PD13][PD63]") {
    auto const n = std::to_string(size);
    std::vector<std::pair<char const*, std::vector<std::string>>> const rows = {
        {"another start", {"bytes 99-524287/" + n}},
        {"beyond the end", {"bytes 102400-524288/" + n}},
        {"another total", {"bytes 102400-524287/524289"}},
        {"an open end", {"bytes 102400-524286/*"}},
        {"none", {}},
        {"two", {"bytes 102400-524287/" + n, "bytes 102400-524287/" + n}},
        {"half of one", {"bytes 102400"}},
        {"text behind", {"bytes 102400-524287/" + n + " x"}},
        {"too large a number", {"bytes 102400-524287/18446744073709551616"}},
        {"unsatisfied", {"bytes */" + n}},
        {"a tab", {"bytes\t102400-524287/" + n}},
    };
    for (auto const& [what, lines] : rows)
        for (bool const twice : {false, true}) {
            INFO(what);
            world w;
            w.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
            auto const odd = [&said = lines](request const& q) {
                auto a = serve(q, blob);
                a.head.headers.erase("Content-Range");
                for (auto const& l : said) a.head.headers.add("Content-Range", l);
                return a;
            };
            w.on(1, odd);
            if (twice) {
                w.on(2, [](request const& q) { return serve(q, blob).cut(100 * kib); });
                w.on(3, odd);
            }
            counting out;
            CHECK(w.outcome(out) == (twice ? errc::range_mismatch : errc::ok));
            CHECK(w.journal.size() == (twice ? 4u : 3u));
            CHECK(w.asked(2).empty());
            CHECK(out.begun == 2);
            CHECK(out.ended() == 1);
            if (!twice) CHECK((out.text == blob));
            if (twice) CHECK(out.suspended == 1); // nothing that came was wrong
        }
    world parts; // several ranges at once
    parts.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
    parts.on(1, [](request const&) { return range_answer(206, "--x--").with("Content-Type", "multipart/byteranges; boundary=x"); });
    counting out;
    CHECK(parts.outcome(out) == errc::ok);
    world announced; // its length is another one than its range
    announced.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
    announced.on(1, [](request const& q) {
        auto a = serve(q, blob);
        *a.length += 1;
        return a;
    });
    counting second;
    CHECK(announced.outcome(second) == errc::ok);
    CHECK((second.text == blob));
}

TEST_CASE("a server that gives a part at a time, and says so", "[blob][PD14]") {
    auto const parted = [](std::size_t most) {
        return [most](request const& q) {
            auto const from = static_cast<std::size_t>(test::asked_from(q).value_or(0));
            if (from == 0) return serve(q, blob).cut(most);
            auto const some = blob.substr(from, most);
            return range_answer(206, some).with("Content-Range", test::range_text(from, from + some.size() - 1, std::to_string(size)));
        };
    };
    world w;
    w.answer = parted(100 * kib);
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.journal.size() == 6);
    CHECK(w.waits.size() == 1); // after the cut
    CHECK((out.text == blob));
    world slow; // less than 64 KiB is no progress
    slow.answer = parted(10);
    counting second;
    CHECK(slow.outcome(second) == errc::resume_exhausted);
    CHECK(slow.journal.size() == 5);
    world liar; // it says more than it brings
    liar.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
    liar.on(1, [](request const& q) {
        auto a = serve(q, blob).chunked();
        a.body.resize(100 * kib);
        return a;
    });
    counting third;
    CHECK(liar.outcome(third) == errc::ok);
    CHECK(liar.journal.size() == 3);
    CHECK((third.text == blob));
    world more; // and more than it says
    more.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
    more.on(1, [](request const& q) {
        return serve(q, blob).with("Content-Range", test::range_text(100 * kib, 200 * kib, std::to_string(size))).chunked();
    });
    counting fourth;
    CHECK(more.outcome(fourth) == errc::ok);
    CHECK((fourth.text == blob));
    CHECK(fourth.begun == 2);
}

TEST_CASE("a 200 in place of the rest is the blob from its start", "[blob][X08][GX15][PD15][PD70]") {
    world w;
    w.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
    w.on(1, [](request const&) { return range_answer(200, blob); });
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.journal.size() == 2);
    CHECK(out.begun == 2);
    CHECK((out.text == blob));
    CHECK(w.bytes == size + 300 * kib);
    world never; // who knows no ranges and breaks off each time makes no progress
    never.answer = [](request const&) { return range_answer(200, blob).cut(300 * kib); };
    counting second;
    CHECK(never.outcome(second) == errc::resume_exhausted);
    CHECK(never.journal.size() == 6);
    for (int status : {200, 206}) {
        world encoded;
        encoded.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
        encoded.on(1, [&](request const& q) {
            auto a = serve(q, blob).with("Content-Encoding", "gzip");
            a.head.status = status;
            return a;
        });
        counting third;
        CHECK(encoded.outcome(third) == errc::http_content_encoding);
        CHECK(third.suspended == 1); // what it had is still right
    }
    world page; // so is it when a 200 is none from its head
    page.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
    page.on(1, [](request const&) { return range_answer(200, "<html>log in first</html>"); });
    counting fourth;
    CHECK(page.outcome(fourth) == errc::size_mismatch);
    CHECK(fourth.suspended == 1);
    CHECK(fourth.text.size() == 300 * kib);
}

TEST_CASE("parts that do not fit together: all of it, once", "[blob][X09][PD16][PD61]") {
    world w;
    w.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
    w.on(1, [](request const& q) { return serve(q, other); });
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.journal.size() == 3);
    CHECK(w.asked(2).empty());
    CHECK(w.bytes == 2 * size);
    CHECK((out.text == blob));
    CHECK(out.committed == 1);
    CHECK(out.ended() == 1);
    world twice;
    twice.answer = [&](request const& q) { return test::asked_from(q) ? serve(q, other) : serve(q, blob).cut(300 * kib); };
    counting second;
    CHECK(twice.outcome(second) == errc::digest_mismatch);
    CHECK(twice.journal.size() == 4);
    CHECK(second.discarded == 1);
    CHECK(second.ended() == 1);
    CHECK(twice.bytes <= 2 * size);
}

TEST_CASE("a range that the server does not have", "[blob][X10][PD17][PD18][PD62]") {
    for (int status : {412, 416})
        for (bool const twice : {false, true}) {
            INFO(status);
            world w;
            auto const refuse = [status](request const&) { // announced, and cut short
                auto a = range_answer(status, std::string(33, 'x')).with("Content-Range", "bytes */" + std::to_string(size));
                a.length = size;
                return a.cut(10, errc::http_body_truncated);
            };
            w.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
            w.on(1, refuse);
            if (twice) {
                w.on(2, [](request const& q) { return serve(q, blob).cut(300 * kib); });
                w.on(3, refuse);
            }
            counting out;
            CHECK(w.outcome(out) == (twice ? errc::registry_error : errc::ok));
            CHECK(w.journal.size() == (twice ? 4u : 3u));
            CHECK(w.asked(2).empty());
            if (!twice) CHECK((out.text == blob));
        }
    SECTION("nobody knows the size, and all is there") {
        world w;
        w.wanted = describe(blob, -1);
        w.on(0, [](request const&) { return range_answer(200, blob).chunked().cut(size, errc::http_body_truncated); });
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 2);
        CHECK(w.asked(1) == "bytes=524288-");
        CHECK(out.committed == 1);
    }
}

TEST_CASE("an error whose text is cut short is that error", "[blob][PD62]") {
    for (auto [status, code, requests] : {std::tuple(404, errc::blob_unknown, 1u), {403, errc::denied, 1u}, {416, errc::registry_error, 1u}, {412, errc::registry_error, 1u}, {503, errc::server_error, 5u}}) {
        INFO(status);
        world w;
        w.answer = [s = status](request const&) {
            return range_answer(s, R"({"errors":[{"code":"X")").with("Content-Length", "120").cut(10, errc::http_body_truncated);
        };
        counting out;
        CHECK(w.outcome(out) == code);
        CHECK(w.journal.size() == requests);
    }
}

TEST_CASE("a refusal that was answered is none of the request that is sent for it", "[blob][PD07][PD10]") {
    world w;
    int asked = 0;
    w.answer = [&](request const& q) {
        auto const fields = q.headers.find("Authorization").value_or("");
        if (q.url.ends_with("/v2/")) return range_answer(401).with("WWW-Authenticate", "Basic realm=\"x\"");
        if (fields.empty()) return range_answer(404); // hidden from those who show no login
        if (++asked == 1) return range_answer().refused(errc::connection_reset);
        return serve(q, blob);
    };
    counting out;
    patient_clock clock(w.waits);
    test::client_of<wire_policies> registry(test::range_wire(w), {}, fixed_credentials(credential("u", "p")), clock);
    CHECK(registry.blob(repository::parse("r.example/x").value(), describe(blob, static_cast<std::int64_t>(size)), out));
    CHECK((out.text == blob));
    CHECK(asked == 2);
}

TEST_CASE("where a redirect led may be good for a while only", "[blob][GX17][PD19]") {
    for (int status : {400, 403, 404}) {
        INFO(status);
        world w;
        auto const store = std::string("https://store.example/signed?sig=");
        int signs = 0;
        w.answer = [&](request const& q) {
            if (q.url.starts_with("https://r.example")) return range_answer(307).with("Location", store + std::to_string(++signs));
            if (signs == 1) return serve(q, blob).cut(300 * kib);
            if (signs == 2) return range_answer(status, "<Error>expired</Error>");
            return serve(q, blob);
        };
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        REQUIRE(w.journal.size() == 6);
        for (std::size_t i : {0u, 2u, 4u}) CHECK(w.journal[i].url.starts_with("https://r.example/v2/x/blobs/"));
        CHECK(w.journal[3].url == store + "2");
        CHECK(w.journal[5].url == store + "3");
        for (std::size_t i : {2u, 3u, 4u, 5u}) CHECK(w.asked(i) == "bytes=307200-");
        CHECK((out.text == blob));
    }
    world w; // for the first time it counts
    w.answer = [&](request const& q) {
        if (q.url.starts_with("https://r.example")) return range_answer(307).with("Location", "https://store.example/x");
        return range_answer(403);
    };
    counting out;
    CHECK(w.outcome(out) == errc::denied);
    CHECK(w.journal.size() == 2);
    world always; // and not for ever
    always.answer = [&](request const& q) {
        if (q.url.starts_with("https://r.example")) return range_answer(307).with("Location", "https://store.example/x");
        return test::asked_from(q) ? range_answer(403) : serve(q, blob).cut(10);
    };
    counting second;
    CHECK(always.outcome(second) == errc::resume_exhausted);
    CHECK(always.journal.size() == 10);
}

TEST_CASE("a redirect of the rest goes where one of the whole may", "[blob][PD69]") {
    world w;
    w.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
    w.on(1, [](request const&) { return range_answer(307).with("Location", "http://store.example/x"); });
    counting out;
    CHECK(w.outcome(out) == errc::redirect_downgrade);
    CHECK(w.journal.size() == 2);
    CHECK(out.suspended == 1);
    world challenged;
    challenged.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
    challenged.on(1, [](request const&) { return range_answer(307).with("Location", "https://store.example/x"); });
    challenged.on(2, [](request const&) { return range_answer(401).with("WWW-Authenticate", "Basic realm=\"x\""); });
    counting second;
    CHECK(challenged.outcome(second) == errc::auth_denied);
    CHECK(challenged.journal.size() == 3);
}

TEST_CASE("so many attempts without progress, and as many as it takes with it", "[blob][X11][PD20][PD64][PD65]") {
    SECTION("ten bytes each time") {
        world w;
        w.answer = [](request const& q) { return serve(q, blob).cut(10); };
        counting out;
        auto const r = w.fetch(out);
        CHECK(r.error() == errc::resume_exhausted);
        CHECK(r.error().facts().retry);
        CHECK(r.error().detail().context.find("at byte 50") == 0);
        CHECK(w.journal.size() == 5);
        REQUIRE(w.waits.size() == 4);
        auto bound = 250ms;
        for (auto d : w.waits) {
            CHECK(d >= 100ms);
            CHECK(d <= bound);
            bound *= 2;
        }
        CHECK(out.suspended == 1);
        CHECK(out.ended() == 1);
    }
    SECTION("64 KiB each time") {
        world w;
        w.answer = [](request const& q) { return serve(q, blob).cut(64 * kib); };
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 8);
        for (auto d : w.waits) CHECK(d <= 250ms);
        CHECK(w.bytes == size);
    }
    SECTION("a little, then more, then a little: it is the last ones that count") {
        world w;
        w.answer = [&](request const& q) { return serve(q, blob).cut(w.journal.size() % 4 == 0 ? 64 * kib : 10); };
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        CHECK((out.text == blob));
    }
    SECTION("as the caller says") {
        world w;
        w.answer = [](request const& q) { return serve(q, blob).cut(10); };
        counting out, second;
        CHECK(w.outcome(out, blob_options().with_tries(2)) == errc::resume_exhausted);
        CHECK(w.journal.size() == 2);
        w.options.with_retry(retry_rules(1));
        CHECK(w.outcome(second) == errc::resume_exhausted);
        CHECK(w.journal.size() == 3);
    }
    SECTION("a network that is away for a moment") {
        world w;
        w.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
        auto const away = {errc::host_not_found, errc::connection_refused, errc::connect_timeout, errc::timeout_header};
        std::size_t i = 1;
        for (auto code : away) w.on(i++, [code](request const&) { return range_answer().refused(code); });
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 6);
        world never;
        never.on(0, [](request const&) { return range_answer().refused(errc::connection_refused); });
        counting second;
        CHECK(never.outcome(second) == errc::connection_refused);
        CHECK(never.journal.size() == 1);
    }
    SECTION("Retry-After is obeyed") {
        world w;
        w.on(0, [](request const& q) { return serve(q, blob).cut(100 * kib); });
        w.on(1, [](request const&) { return range_answer(503).with("Retry-After", "7"); });
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        REQUIRE(w.waits.size() == 2);
        CHECK(w.waits[1] == 7s);
        CHECK(w.asked(2) == "bytes=102400-");
    }
}

TEST_CASE("a token that has run out meanwhile", "[blob][PD21]") {
    world w;
    int tokens = 0;
    w.answer = [&](request const& q) {
        if (q.url.starts_with("https://r.example/token"))
            return range_answer(200, R"({"token":"t)" + std::to_string(++tokens) + R"("})").with("Content-Type", "application/json");
        auto const shown = q.headers.find("Authorization").value_or("");
        if (shown == "Bearer t1" && !test::asked_from(q)) return serve(q, blob).cut(300 * kib);
        if (shown == "Bearer t2") return serve(q, blob);
        return range_answer(401).with("WWW-Authenticate", R"(Bearer realm="https://r.example/token",service="s")");
    };
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(tokens == 2);
    CHECK(w.asked(w.journal.size() - 1) == "bytes=307200-");
    CHECK((out.text == blob));
}

TEST_CASE("what the sink has whole is not asked for", "[blob][GX16][PD22][PD29]") {
    world w;
    counting out;
    out.held = blob;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.journal.empty());
    CHECK(out.begun == 0);
    CHECK(out.committed == 1);
    counting wrong; // its length is no proof
    wrong.held = other;
    CHECK(w.outcome(wrong) == errc::ok);
    CHECK(w.journal.size() == 1);
    CHECK(w.asked(0).empty());
    CHECK((wrong.text == blob));
    CHECK(wrong.ended() == 1);
    world lost; // the last byte came, and no end
    lost.on(0, [](request const& q) { return serve(q, blob).cut(size, errc::tls_truncated); });
    counting third;
    CHECK(lost.outcome(third) == errc::ok);
    CHECK(lost.journal.size() == 1);
}

TEST_CASE("another place goes on where a mirror has broken off", "[blob][PD23]") {
    world w;
    w.options.with_mirror("r.example", mirror("m.example")).with_retry(retry_rules(1));
    w.answer = [](request const& q) {
        if (q.url.starts_with("https://m.example")) return serve(q, blob).with("ETag", "\"of the mirror\"").cut(300 * kib);
        return serve(q, blob);
    };
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    REQUIRE(w.journal.size() == 2);
    CHECK(w.asked(1) == "bytes=307200-");
    CHECK(w.asked(1, "If-Range").empty());
    CHECK(w.bytes == size);
    CHECK(out.resumed == 1);
    CHECK(out.begun == 1);
    world wrong; // bytes of a mirror that are not the blob are not gone on with
    wrong.options = w.options;
    wrong.answer = [](request const& q) { return serve(q, q.url.starts_with("https://m.example") ? other : blob); };
    counting second;
    CHECK(wrong.outcome(second) == errc::ok);
    CHECK(wrong.asked(1).empty());
    CHECK((second.text == blob));
    CHECK(second.ended() == 1);
}

TEST_CASE("If-Range is sent with a strong tag of the same place only", "[blob][PD25]") {
    auto const sent = [](std::string const& tag, bool redirected) {
        world w;
        w.answer = [&](request const& q) {
            if (redirected && q.url.starts_with("https://r.example")) return range_answer(307).with("Location", "https://store.example/x");
            auto a = serve(q, blob);
            if (!tag.empty()) a.with("ETag", tag);
            return test::asked_from(q) ? a : a.cut(300 * kib);
        };
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        return w.asked(w.journal.size() - 1, "If-Range");
    };
    CHECK(sent("\"abc\"", false) == "\"abc\"");
    for (std::string_view const tag : {"", "W/\"abc\"", "abc", "\"abc", "\"a\"b\"", "\"\"", "Sun, 06 Nov 1994 08:49:37 GMT"}) CHECK(sent(std::string(tag), false).empty());
    CHECK(sent('"' + std::string(300, 'a') + '"', false).empty());
    CHECK(sent("\"abc\"", true).empty());
    world w; // the tag of a registry is not told to where it leads
    w.on(0, [](request const& q) { return serve(q, blob).with("ETag", "\"abc\"").cut(300 * kib); });
    w.on(1, [](request const&) { return range_answer(307).with("Location", "https://store.example/x"); });
    counting out;
    CHECK(w.outcome(out) == errc::ok);
    CHECK(w.asked(1, "If-Range") == "\"abc\"");
    CHECK(w.asked(2, "If-Range").empty());
    CHECK(w.asked(2) == "bytes=307200-");
}

TEST_CASE("the next run goes on with what is on the disk", "[blob][GX14][PD27][PD28][PD30][PD68]") {
    folder f;
    auto const path = f.str("blob"), part = f.str("blob.part");
    {
        world w;
        w.options.with_retry(retry_rules(1));
        w.on(0, [](request const& q) { return serve(q, blob).with("ETag", "\"abc\"").cut(300 * kib); });
        file_sink out(path);
        CHECK(w.outcome(out) == errc::resume_exhausted);
        CHECK(fs::file_size(part) == 300 * kib);
    }
    SECTION("from its last byte on") {
        world w;
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        REQUIRE(w.journal.size() == 1);
        CHECK(w.asked(0) == "bytes=307200-");
        CHECK(w.asked(0, "If-Range").empty());
        CHECK(w.bytes == size - 300 * kib);
    }
    SECTION("whose size nobody knows") {
        world w;
        w.wanted = describe(blob, -1);
        {
            file_sink out(path);
            CHECK(w.outcome(out) == errc::ok);
        }
        CHECK(w.asked(0) == "bytes=307200-");
        std::ofstream(part, std::ios::binary) << blob; // whole, and the registry says so
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.asked(1) == "bytes=524288-");
        CHECK(w.bytes == size - 300 * kib);
    }
    SECTION("and may be more than it may have") {
        world w;
        w.wanted = describe(blob, -1);
        w.options.with_limits([] { limits l; l.blob_bytes = 200 * kib; return l; }());
        file_sink out(path);
        CHECK(w.outcome(out) == errc::body_too_large);
        CHECK(w.asked(0).empty());
        CHECK_FALSE(fs::exists(path));
        w.options = {};
        file_sink again(path);
        CHECK(w.outcome(again) == errc::ok);
    }
    SECTION("unless it is not to") {
        world w;
        file_sink out(path);
        CHECK(w.outcome(out, blob_options().with_resume(false)) == errc::ok);
        CHECK(w.asked(0).empty());
    }
    SECTION("somebody has changed it") {
        std::ofstream(part, std::ios::in | std::ios::out | std::ios::binary) << "evil";
        world w;
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 2);
        CHECK(w.asked(1).empty());
    }
    SECTION("somebody has put another one there, of the right length") {
        std::ofstream(part, std::ios::binary) << other;
        world w;
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 1);
    }
    SECTION("or a longer one") {
        std::ofstream(part, std::ios::binary) << blob << "x";
        world w;
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.size() == 1);
        CHECK(w.asked(0).empty());
    }
    SECTION("it is whole but for its name") {
        std::ofstream(part, std::ios::binary) << blob;
        world w;
        file_sink out(path);
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.empty());
    }
    CHECK((test::file_text(path) == blob));
    CHECK_FALSE(fs::exists(part));
    world w;
    file_sink again(path);
    CHECK(w.outcome(again) == errc::ok); // it is there
    CHECK(w.journal.empty());
}

TEST_CASE("an answer that cannot be gone on with is no reason to lose what is on the disk", "[blob][PD13][PD17][PD31]") {
    std::vector<std::pair<char const*, range_answer>> const rows = {
        {"other positions", range_answer(206, "zz").with("Content-Range", "bytes 0-1/" + std::to_string(size))},
        {"no such range", range_answer(416)},
        {"it has changed", range_answer(412)},
    };
    for (auto const& [what, odd] : rows) {
        INFO(what);
        folder f;
        auto const path = f.str("blob"), part = f.str("blob.part");
        std::ofstream(part, std::ios::binary) << blob.substr(0, 300 * kib);
        world w;
        w.answer = [](request const&) { return range_answer().refused(errc::host_not_found); };
        w.on(0, [&said = odd](request const&) { return said; });
        {
            file_sink out(path);
            CHECK(w.outcome(out) == errc::host_not_found);
        }
        REQUIRE(fs::exists(part));
        CHECK((test::file_text(part) == blob.substr(0, 300 * kib)));
    }
}

TEST_CASE("one who finds the file in use waits, and then uses it", "[blob][PD34]") {
    folder f;
    auto const path = f.str("blob");
    world w;
    file_sink first(path), second(path);
    REQUIRE(first.begin());
    struct busy_clock : testing::manual_clock {
        void sleep_for(std::chrono::milliseconds d) {
            testing::manual_clock::sleep_for(d);
            if (++waits == 3 && then) then();
        }
        int waits = 0;
        std::function<void()> then;
    };
    auto const fetch = [&](std::function<void()> then, blob_options o) {
        busy_clock clock;
        clock.then = std::move(then);
        test::client_of<wire_policies> registry(test::range_wire(w), {}, {}, clock);
        auto const r = registry.blob(repository::parse("r.example/x").value(), describe(blob, static_cast<std::int64_t>(size)), second, std::move(o));
        return r ? errc::ok : r.error().kind();
    };
    CHECK(fetch({}, blob_options().with_wait(0ms)) == errc::part_in_use);
    CHECK(fetch({}, blob_options().with_wait(1s)) == errc::part_in_use);
    CHECK(fetch([&] {
              CHECK(first.write(std::as_bytes(std::span(blob))));
              CHECK(first.commit());
          },
                {}) == errc::ok);
    CHECK(w.journal.empty());
    CHECK((test::file_text(path) == blob));
}

TEST_CASE("what everybody has is not asked for", "[blob][PD41][PD42]") {
    for (std::string const& text : {std::string(), std::string("{}")}) {
        world w;
        w.wanted = describe(text, static_cast<std::int64_t>(text.size()));
        counting out;
        CHECK(w.outcome(out) == errc::ok);
        CHECK(w.journal.empty());
        CHECK(out.text == text);
        CHECK(out.committed == 1);
        folder f;
        file_sink file(f.str("blob"));
        CHECK(w.outcome(file) == errc::ok);
        CHECK(test::file_text(f.str("blob")) == text);
    }
    world w;
    w.wanted = describe(blob, 0);
    counting out;
    CHECK(w.outcome(out) == errc::descriptor_invalid);
    CHECK(w.journal.empty());
    CHECK(out.discarded == 1);
}

TEST_CASE("zeros are written, not left out", "[blob][PD47]") {
    folder f;
    std::string const zeros(size, '\0');
    world w;
    w.wanted = describe(zeros, static_cast<std::int64_t>(size));
    w.answer = [&](request const& q) { return serve(q, zeros); };
    file_sink out(f.str("blob"));
    REQUIRE(w.outcome(out) == errc::ok);
    detail::file_handle const file(::open(f.str("blob").c_str(), O_RDONLY));
    CHECK(::lseek(file.get(), 0, SEEK_HOLE) == static_cast<off_t>(size)); // the end is the only one
}

TEST_CASE("an observer is told what happens, in order", "[blob][PD48]") {
    using s = transfer_state;
    std::vector<std::pair<transfer_state, std::uint64_t>> told;
    std::vector<std::string> reasons;
    bool over = false;
    auto const watched = [&](world& w, blob_sink& out) {
        told.clear(), reasons.clear();
        over = false;
        auto const code = w.outcome(out, blob_options().with_observer([&](transfer_event const& e) {
            CHECK_FALSE(over);
            CHECK(e.what.digest.str() == test::digest_of(blob));
            CHECK(e.bytes == e.all_bytes);
            CHECK(e.all_total == size);
            told.emplace_back(e.state, e.bytes);
            reasons.emplace_back(e.reason);
        }));
        over = true;
        return code;
    };
    using events = std::vector<std::pair<transfer_state, std::uint64_t>>;
    {
        world w;
        counting out;
        CHECK(watched(w, out) == errc::ok);
        CHECK(told == events{{s::started, 0}, {s::done, size}});
    }
    {
        world w;
        w.on(0, [](request const& q) { return serve(q, blob).cut(300 * kib); });
        counting out;
        out.held = blob.substr(0, 100 * kib);
        CHECK(watched(w, out) == errc::ok);
        CHECK(told == events{{s::resumed, 100 * kib}, {s::resumed, 100 * kib}, {s::retrying, 400 * kib}, {s::resumed, 400 * kib}, {s::done, size}});
        CHECK(reasons[2].starts_with("connection_reset"));
    }
    {
        world w;
        w.answer = [](request const&) { return range_answer(404); };
        counting out;
        CHECK(watched(w, out) == errc::blob_unknown);
        CHECK(told == events{{s::started, 0}, {s::failed, 0}});
        CHECK(reasons[1].starts_with("blob_unknown"));
    }
    SECTION("at most ten times a second") {
        struct running_clock : testing::manual_clock {
            std::chrono::steady_clock::time_point now() const noexcept { return testing::manual_clock::now() + ++n * 30ms; }
            mutable int n = 0;
        };
        world w;
        w.piece = 4 * kib; // 128 pieces, 30 ms each
        counting out;
        running_clock clock;
        std::size_t running = 0;
        test::client_of<wire_policies> registry(test::range_wire(w), {}, {}, clock);
        CHECK(registry.blob(repository::parse("r.example/x").value(), describe(blob, static_cast<std::int64_t>(size)), out,
                            blob_options().with_observer([&](transfer_event const& e) { running += e.state == s::running; })));
        CHECK(running >= 25);
        CHECK(running <= 39);
    }
}

TEST_CASE("what an observer throws comes out of the call, and leaves what has come", "[blob][PD48]") {
    for (bool const whole : {true, false}) { // with the end of a call that failed, too
        world w;
        if (!whole) w.answer = [](request const&) { return range_answer(404); };
        counting out;
        out.held = blob.substr(0, 100 * kib);
        CHECK_THROWS_AS(w.fetch(out, blob_options().with_observer([&](transfer_event const&) { throw std::bad_alloc(); })), std::bad_alloc);
        CHECK(out.suspended == 1);
        CHECK(out.ended() == 1);
    }
}

TEST_CASE("a stopped transfer leaves its part", "[blob][PD49]") {
    folder f;
    world w;
    w.piece = 4 * kib;
    std::size_t events = 0;
    struct stopping final : blob_sink {
        stopping(std::string p, std::stop_source& s) : file(std::move(p)), stop(s) {}
        result<std::uint64_t> resume(std::int64_t n, held_bytes const& each) override { return file.resume(n, each); }
        result<void> begin() override { return file.begin(); }
        result<void> write(std::span<std::byte const> p) override {
            if ((bytes += p.size()) >= 200 * kib) stop.request_stop();
            return file.write(p);
        }
        result<void> commit() override { return file.commit(); }
        void discard() noexcept override { file.discard(); }
        void suspend() noexcept override { file.suspend(); }
        file_sink file;
        std::stop_source& stop;
        std::size_t bytes = 0;
    } out(f.str("blob"), w.stop);
    w.answer = [&](request const& q) { return serve(q, blob).cut(200 * kib); };
    CHECK(w.outcome(out, blob_options().with_observer([&](auto const&) { ++events; })) == errc::cancelled);
    CHECK(w.journal.size() == 1);
    CHECK(fs::file_size(f.str("blob.part")) == 200 * kib);
    CHECK_FALSE(fs::exists(f.str("blob")));
    CHECK(events == 3); // started, retrying, failed
}

TEST_CASE("a call that is stopped with the last byte commits nothing any more, and keeps it", "[blob][PD49]") {
    world w;
    counting out;
    out.after_write = [&] {
        if (out.text.size() == size) w.stop.request_stop();
    };
    CHECK(w.outcome(out) == errc::cancelled);
    CHECK((out.text == blob));
    CHECK(out.suspended == 1);
    CHECK(out.ended() == 1);
}

TEST_CASE("a sink that fails ends it", "[blob][PD50]") {
    world w;
    counting out;
    out.room = 100'000;
    CHECK(w.outcome(out) == errc::sink_failed);
    CHECK(w.journal.size() == 1);
    CHECK(w.bytes <= out.room);
    CHECK(out.suspended == 1);
    CHECK(out.ended() == 1);
    struct relay final : blob_sink { // whatever its reason is called
        result<void> begin() override { return success(); }
        result<void> write(std::span<std::byte const>) override { return error(errc::connection_reset); }
        result<void> commit() override { return success(); }
        void discard() noexcept override {}
    } broken;
    CHECK(w.outcome(broken) == errc::connection_reset);
    CHECK(w.journal.size() == 2);
}

TEST_CASE("a 206 that nobody asked for", "[blob][PD60]") {
    world w;
    w.on(0, [](request const&) { return range_answer(206, blob).with("Content-Range", test::range_text(0, size - 1, std::to_string(size))); });
    counting out;
    CHECK(w.outcome(out) == errc::http_unexpected_status);
    CHECK(w.journal.size() == 1);
    CHECK(out.begun == 0);
}

TEST_CASE("every place of a cut, every answer to it, in this run and the next", "[blob][grid]") {
    enum what { right,
                wrong,
                whole,
                unsatisfied,
                missing,
                precondition };
    for (bool const next_run : {false, true})
        for (auto answer : {right, wrong, whole, unsatisfied, missing, precondition})
            for (std::size_t i = 1; i <= 16; ++i) {
                auto const at = size / 16 * i - (i == 16);
                INFO("cut at " << at << ", answer " << answer << (next_run ? ", next run" : ""));
                folder f;
                auto const path = f.str("blob");
                world w;
                std::uint64_t before = 0;
                if (next_run) {
                    w.options.with_retry(retry_rules(1));
                    w.answer = [&](request const& q) { return serve(q, blob).cut(at); };
                    file_sink out(path);
                    CHECK(w.outcome(out) == errc::resume_exhausted);
                    before = at < detail::part_file::worth_keeping ? 0 : at;
                    CHECK(fs::exists(path + ".part") == (before > 0));
                    w.journal.clear();
                    w.bytes = 0;
                    w.options = {};
                }
                std::size_t const odd = next_run ? 0 : 1;
                w.answer = [&](request const& q) {
                    auto const n = w.journal.size() - 1;
                    if (!next_run && n == 0) return serve(q, blob).cut(at);
                    if (n != odd || !test::asked_from(q)) return serve(q, blob);
                    switch (answer) {
                    case right: break;
                    case wrong: return serve(q, blob).with("Content-Range", test::range_text(at + 1, size - 1, std::to_string(size)));
                    case whole: return range_answer(200, blob);
                    case unsatisfied: return range_answer(416).with("Content-Range", "bytes */" + std::to_string(size));
                    case missing: return range_answer(404);
                    case precondition: return range_answer(412);
                    }
                    return serve(q, blob);
                };
                file_sink out(path);
                bool const resumes = !next_run || before > 0;
                auto const got = w.outcome(out);
                if (answer == missing && resumes) { // the registry has lost it: what is here stays
                    CHECK(got == errc::blob_unknown);
                    CHECK_FALSE(fs::exists(path));
                    CHECK(fs::exists(path + ".part") == (at >= detail::part_file::worth_keeping));
                    continue;
                }
                CHECK(got == errc::ok);
                CHECK((test::file_text(path) == blob));
                CHECK_FALSE(fs::exists(path + ".part"));
                if (answer == right) CHECK(w.bytes + before == size);
                CHECK(w.bytes <= 2 * size);
            }
}

} // namespace blob_resume_test
