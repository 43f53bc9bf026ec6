// SPDX-License-Identifier: BSL-1.0
// Uploads, without a network: which requests are made, and what their answers mean.

#include "catch.hpp"
#include "conversation.hpp"

#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/operation/upload.hpp>
#include <lading/store/file_source.hpp>

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace upload_test {

using namespace lading;
using strings = std::vector<std::string>;
using fields = std::vector<std::pair<std::string, std::string>>;

namespace {

struct policies {
    using hash = openssl_hash;
    using json = strict_json;
};
using upload = upload_operation<policies>;

constexpr std::uint64_t mib = std::uint64_t(1) << 20;
std::string const sha_of(std::string_view bytes) { return digest_of<openssl_hash>(bytes).value().str(); }
using lading::describe;
descriptor describe(std::string_view bytes) { return {"application/octet-stream", digest::parse(sha_of(bytes)).value(), static_cast<std::int64_t>(bytes.size())}; }
std::string closing(std::string const& place, std::string_view bytes) {
    return place + (place.find('?') == place.npos ? '?' : '&') + "digest=sha256%3A" + sha_of(bytes).substr(7);
}

/// One upload of `bytes` as the conversation goes.
struct outcome {
    result<pushed_blob> value;
    strings said;
};
struct world {
    test::conversation talk;
    push_options options;
    upload_notes notes;
    std::string bytes = "0123456789";
    std::optional<descriptor> what;
    std::unique_ptr<body_source> source;
    unsigned tries = 5; // of the client
    bool without_digest = false;
    testing::manual_clock clock;

    result<pushed_blob> run() {
        call_context c("https://r.example", repository::parse("r.example/a/b").value());
        c.uploads = &notes;
        c.tries = tries;
        c.small_limit = std::chrono::seconds(3);
        if (!source) source = std::make_unique<text_source>(bytes);
        std::optional<descriptor> known = what ? *what : describe(bytes);
        if (without_digest) known.reset();
        upload op(std::move(c), known, *source, options);
        auto out = lading::run(op, talk, clock);
        INFO((out ? std::string() : out.error().message()));
        CHECK(talk.over());
        return out;
    }
    std::string head() const { return "HEAD /v2/a/b/blobs/" + sha_of(bytes); }
    std::string put(std::string const& place = "/v2/a/b/blobs/uploads/U?_state=S") const { return "PUT " + closing(place, bytes); }
    world& begins() {
        talk.answers(404).answers(202, session());
        return *this;
    }
    static fields session(std::string const& place = "/v2/a/b/blobs/uploads/U?_state=S") { return {{"Location", place}, {"Range", "0-0"}}; }
    fields kept() const { return {{"Docker-Content-Digest", sha_of(bytes)}}; }
};
std::string const post = "POST /v2/a/b/blobs/uploads/";
std::string const gone = R"({"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid","detail":{}}]})";
std::string const cancels = "DELETE /v2/a/b/blobs/uploads/U?_state=S";

errc code_of(result<pushed_blob> const& r) { return r ? errc::ok : r.assume_error().kind(); }

} // namespace

static_assert(!std::is_constructible_v<view_source, std::string> && !std::is_constructible_v<view_source, std::string const>); // it would not outlive it
static_assert(std::is_constructible_v<view_source, std::string&> && std::is_constructible_v<view_source, std::string const&> && std::is_constructible_v<view_source, char const*>);

TEST_CASE("a blob that is not there takes three requests", "[upload][PU01][PU03][PU15][PU17][PU24][PU30][PU31][G1]") {
    world w;
    w.begins().talk.answers(201, w.kept());
    auto const got = w.run();
    REQUIRE(got);
    CHECK(got.value().way == push_way::sent);
    CHECK(w.talk.said() == strings{w.head(), post, w.put()});
    auto const& put = w.talk.journal[2];
    CHECK(put.body == w.bytes);
    CHECK(put.headers.find("Content-Type") == "application/octet-stream");
    CHECK_FALSE(put.headers.find("Content-Range"));
    CHECK_FALSE(put.headers.find("Expect"));
    CHECK_FALSE(w.talk.journal[1].headers.find("Content-Type"));
}

TEST_CASE("a blob that is there takes one request", "[upload][PU02]") {
    for (auto const& head : {fields{{"Content-Length", "10"}}, fields{}}) {
        world w;
        w.talk.answers(200, head);
        auto const got = w.run();
        REQUIRE(got);
        CHECK(got.value().way == push_way::existing);
        CHECK(w.talk.said() == strings{w.head()});
    }
    world w;
    w.talk.answers(200, {{"Content-Length", "11"}});
    CHECK(code_of(w.run()) == errc::size_mismatch);
}

TEST_CASE("a registry that does not say whether it has a blob gets it", "[upload][PU06]") {
    for (int const status : {400, 403, 405, 500, 503}) {
        world w;
        w.talk.answers(status);
        if (status >= 500) w.talk.answers(status); // once more
        w.talk.answers(202, w.session()).answers(201);
        CHECK(w.run());
    }
    world w;
    w.talk.answers(401);
    CHECK(code_of(w.run()) == errc::auth_required);
}

TEST_CASE("a question whose answer is lost is asked once more, and then the blob is sent", "[upload][PU06]") {
    for (auto const failure : {errc::connection_reset, errc::timeout_header, errc::http_body_truncated}) {
        world once, twice;
        once.talk.answers(testing::scripted_answer(error(failure))).answers(200, {{"Content-Length", "10"}});
        CHECK(once.run().value().way == push_way::existing);
        twice.talk.answers(testing::scripted_answer(error(failure))).answers(testing::scripted_answer(error(failure))).answers(202, twice.session()).answers(201);
        REQUIRE(twice.run());
        CHECK(twice.talk.said() == strings{twice.head(), twice.head(), post, twice.put()});
    }
    world never;
    never.talk.answers(testing::scripted_answer(error(errc::tls_cert_untrusted)));
    CHECK(code_of(never.run()) == errc::tls_cert_untrusted);
}

TEST_CASE("the question may be left out", "[upload][PU07]") {
    world w;
    w.options.with_question(false);
    w.talk.answers(202, w.session()).answers(201);
    CHECK(w.run());
    CHECK(w.talk.said() == strings{post, w.put()});
}

TEST_CASE("an empty blob is sent like any other", "[upload][PU08]") {
    world w;
    w.bytes.clear();
    w.begins().talk.answers(201);
    CHECK(w.run());
    CHECK(w.talk.said().back() == w.put());
}

TEST_CASE("a digest of another algorithm is announced", "[upload][PU16]") {
    world w;
    auto const d = digest_of<openssl_hash>(w.bytes, digest_algorithm::sha512).value();
    w.what = descriptor("x/y", d, 10);
    SECTION("and kept") {
        w.begins().talk.answers(201, {{"Docker-Content-Digest", d.str()}});
        CHECK(w.run());
        CHECK(w.talk.said()[1] == post + "?digest-algorithm=sha512");
    }
    SECTION("a registry that keeps it under another must know it by this one, too") {
        w.begins().talk.answers(201, w.kept()).answers(200);
        CHECK(w.run());
    }
    SECTION("or it does not do the algorithm") {
        w.begins().talk.answers(201, w.kept()).answers(404).answers(204);
        CHECK(code_of(w.run()) == errc::digest_unsupported);
    }
}

TEST_CASE("a session that is none is refused, with the reason", "[upload][PU18][PU19][AM21]") {
    SECTION("201: it is there") {
        world w;
        w.talk.answers(404).answers(201);
        CHECK(w.run().value().way == push_way::existing);
    }
    for (int const status : {200, 204}) {
        world w;
        w.talk.answers(404).answers(status);
        CHECK(code_of(w.run()) == errc::upload_protocol);
    }
    world page;
    page.talk.answers(404).answers(200, {{"Content-Type", "text/html"}}, "<html><title>Sign in</title></html>");
    CHECK(code_of(page.run()) == errc::not_a_registry);
    world moved;
    moved.talk.answers(404).answers(301, {{"Location", "/elsewhere"}});
    CHECK(code_of(moved.run()) == errc::http_unexpected_status);
    world nowhere;
    nowhere.talk.answers(404).answers(202);
    CHECK(code_of(nowhere.run()) == errc::upload_protocol);
}

TEST_CASE("not a byte goes to another host", "[upload][PU22][C14]") {
    world w;
    w.talk.answers(404).answers(202, w.session("https://b.test/up?_state=s"));
    CHECK(code_of(w.run()) == errc::upload_location_cross_origin);
    CHECK(w.talk.said() == strings{w.head(), post});
}

TEST_CASE("an allowed host gets the bytes and no credentials", "[upload][PU22]") {
    world w;
    w.options.with_upload_host("b.test");
    w.talk.answers(404).answers(202, w.session("https://b.test/up?sig=s")).answers(200).answers(200);
    auto const got = w.run();
    REQUIRE(got);
    CHECK(w.talk.said() == strings{w.head(), post, "PUT " + closing("https://b.test/up?sig=s", w.bytes), w.head()});
    CHECK(w.talk.journal[2].address_policy == address_policy::outside);
    CHECK(w.talk.journal[2].named_by == "r.example");
}

TEST_CASE("a rewritten location is remarked on", "[upload][PU21]") {
    world w;
    w.talk.answers(404).answers(202, w.session("http://r.example:5000/up?s")).answers(201);
    auto const got = w.run();
    REQUIRE(got);
    CHECK(w.talk.said().back() == w.put("/up?s"));
    REQUIRE(got.value().warnings.size() == 1);
    CHECK(got.value().warnings[0].code == warning_code::upload_location_rewritten);
}

TEST_CASE("what the registry says that it got has to be what was sent", "[upload][PU26][PU96][P07]") {
    world w;
    w.begins().talk.answers(201, {{"Docker-Content-Digest", sha_of("other")}}).answers(204);
    CHECK(code_of(w.run()) == errc::digest_mismatch);
    CHECK(w.talk.said().back() == cancels);
}

TEST_CASE("an answer that does not say that a blob was kept is proved", "[upload][PU31]") {
    SECTION("204 says so") {
        world w;
        w.begins().talk.answers(204);
        CHECK(w.run());
    }
    for (int const status : {200, 202}) {
        world named;
        named.begins().talk.answers(status, named.kept());
        CHECK(named.run());
        world proved;
        proved.begins().talk.answers(status).answers(200);
        CHECK(proved.run());
        world not_proved;
        not_proved.begins().talk.answers(status).answers(404).answers(204);
        CHECK(code_of(not_proved.run()) == errc::upload_protocol);
    }
}

TEST_CASE("an upload below another repository is proved in ours", "[upload][PU91]") {
    world w;
    w.talk.answers(404).answers(202, w.session("/v2/other/blobs/uploads/x")).answers(201).answers(404).answers(204);
    CHECK(code_of(w.run()) == errc::upload_protocol);
    world there;
    there.talk.answers(404).answers(202, there.session("/v2/other/blobs/uploads/x")).answers(201).answers(200);
    CHECK(there.run());
}

TEST_CASE("chunks of the size that is asked for, the last in the closing request", "[upload][PU32][PU34][PU35][PU36][G5]") {
    world w;
    w.bytes = std::string(5 * mib / 2, 'x') + "end";
    w.options.with_chunks(mib);
    w.begins()
        .talk.answers(202, {{"Location", "/u1"}, {"Range", "0-1048575"}})
        .answers(202, {{"Location", "/u2?digest=x"}, {"Range", "0-2097151"}})
        .answers(201, w.kept());
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, "PATCH /v2/a/b/blobs/uploads/U?_state=S [0-1048575]", "PATCH /u1 [1048576-2097151]",
                                   "PUT " + closing("/u2", w.bytes) + " [2097152-2621442]"});
    CHECK(w.talk.journal[2].body + w.talk.journal[3].body + w.talk.journal[4].body == w.bytes);
}

TEST_CASE("201 and 204 are as good for a chunk, and a place that is not said stays", "[upload][PU35]") {
    for (int const status : {201, 204}) {
        world w;
        w.bytes = std::string(mib + 1, 'x');
        w.options.with_chunks(mib);
        w.begins().talk.answers(status).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said().back() == w.put() + " [1048576-1048576]");
    }
}

TEST_CASE("a chunk has at least the size that the registry wants", "[upload][PU32][PU33][P05]") {
    world w;
    w.bytes = std::string(3 * mib, 'x');
    w.options.with_chunks(mib);
    w.talk.answers(404).answers(202, {{"Location", "/u"}, {"OCI-Chunk-Min-Length", "2097152"}}).answers(202, {{"Range", "0-2097151"}}).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said()[2] == "PATCH /u [0-2097151]");
    for (auto const* odd : {"9223372036854775807", "-1", "many", "67108865"}) {
        world too_large;
        too_large.bytes = w.bytes;
        too_large.options.with_chunks(mib);
        too_large.talk.answers(404).answers(202, {{"Location", "/u"}, {"OCI-Chunk-Min-Length", odd}}).answers(204);
        CHECK(code_of(too_large.run()) == errc::upload_chunk_refused);
        world whole; // is not bound by it
        whole.talk.answers(404).answers(202, {{"Location", "/u"}, {"OCI-Chunk-Min-Length", odd}}).answers(201);
        CHECK(whole.run());
    }
}

TEST_CASE("a range that is absent, unreadable or stale does not count", "[upload][PU37][PU38]") {
    for (auto const* range : {"", "0--1", "bytes=0-9", "0-0"}) {
        INFO(range);
        world w;
        w.bytes = std::string(3 * mib, 'x');
        w.options.with_chunks(mib);
        fields const said = *range ? fields{{"Range", range}} : fields{};
        w.begins().talk.answers(202, said).answers(202, said).answers(201);
        auto const got = w.run();
        REQUIRE(got);
        CHECK(got.value().warnings.size() == (std::string_view(range) == "0--1" || *range == 'b'));
        CHECK(w.talk.said()[3] == "PATCH /v2/a/b/blobs/uploads/U?_state=S [1048576-2097151]");
    }
}

TEST_CASE("a range that never moves does not count, however many chunks there are", "[upload][PU38][QK04]") {
    world w;
    w.bytes = std::string(8 * mib, 'x');
    w.options.with_chunks(mib);
    w.begins();
    for (int i = 0; i < 7; ++i) w.talk.answers(202, {{"Range", "0-1048575"}});
    w.talk.answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said()[8] == "PATCH /v2/a/b/blobs/uploads/U?_state=S [6291456-7340031]");
}

TEST_CASE("of a chunk that was taken in part the rest is sent", "[upload][PU38]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    w.begins().talk.answers(202, {{"Location", "/n"}, {"Range", "0-99"}}).answers(202, {{"Range", "0-1048575"}}).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said()[3] == "PATCH /n [100-1048575]");
    CHECK(w.talk.journal[3].body.size() == mib - 100);
}

TEST_CASE("a registry that has more than was sent is asked to forget it, once", "[upload][PU39][P06]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    fields const more{{"Range", "0-1048576"}};
    w.begins().talk.answers(202, more).answers(204).answers(202, w.session()).answers(202, more).answers(204);
    CHECK(code_of(w.run()) == errc::upload_offset_mismatch);
    CHECK(w.talk.said()[3] == cancels);
}

TEST_CASE("a lost session costs a new one, three at most", "[upload][PU40][PU94][AM03][QK18]") {
    world w;
    w.begins().talk.answers(404, {}, gone).answers(404).answers(202, w.session("/u2")).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, w.put(), w.head(), post, w.put("/u2")});
    world there;
    there.begins().talk.answers(404, {}, gone).answers(200);
    CHECK(there.run());
    world always;
    always.begins();
    for (int i = 0; i < 3; ++i) {
        always.talk.answers(404, {}, gone).answers(404);
        if (i < 2) always.talk.answers(202, always.session());
    }
    CHECK(code_of(always.run()) == errc::upload_session_lost);
}

TEST_CASE("a closing request whose fate is not known is never sent again blindly", "[upload][PU41][G7][AM19]") {
    for (auto const failure : {errc::connection_reset, errc::timeout_header, errc::http_body_truncated}) {
        world w;
        w.begins().talk.answers(testing::scripted_answer(error(failure))).answers(200, {{"Content-Length", "10"}});
        REQUIRE(w.run());
        CHECK(w.talk.said() == strings{w.head(), post, w.put(), w.head()});
    }
    for (int const status : {500, 502, 503, 504, 408}) {
        world w;
        w.begins().talk.answers(status).answers(404).answers(204).answers(202, w.session("/u2")).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said() == strings{w.head(), post, w.put(), w.head(), cancels, post, w.put("/u2")});
    }
    world other_size;
    other_size.begins().talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(200, {{"Content-Length", "9"}}).answers(204);
    CHECK(code_of(other_size.run()) == errc::size_mismatch);
}

TEST_CASE("a client that tries once tries an upload once", "[upload][AM19][AM20]") {
    for (int const status : {500, 503, 408}) {
        world opened;
        opened.tries = 1;
        opened.talk.answers(404).answers(status);
        CHECK_FALSE(opened.run());
        world sent;
        sent.tries = 1;
        sent.begins().talk.answers(status).answers(404).answers(204);
        CHECK_FALSE(sent.run());
        CHECK(sent.talk.said() == strings{sent.head(), post, sent.put(), sent.head(), cancels});
    }
    world own; // what the upload itself is told comes first
    own.tries = 1;
    own.options.with_tries(2);
    own.talk.answers(404).answers(503).answers(202, own.session()).answers(201);
    CHECK(own.run());
}

TEST_CASE("what is small within an upload takes no longer than any other call", "[upload]") {
    world w;
    w.begins().talk.answers(201, w.kept());
    auto const before = std::chrono::steady_clock::now();
    REQUIRE(w.run());
    for (auto const& q : w.talk.journal) {
        CHECK(q.deadline.has_value() == (q.method != "PUT"));
        if (q.deadline) CHECK(*q.deadline >= before + std::chrono::seconds(3));
    }
    w.talk = test::conversation();
    w.talk.answers(testing::scripted_answer(error(errc::timeout)));
    CHECK(code_of(w.run()) == errc::timeout); // nobody sends to a registry that does not answer
}

TEST_CASE("a registry that begins again is waited for, if it was there", "[upload][PU41][PU48]") {
    testing::scripted_answer const reset{error(errc::connection_reset)}, refused{error(errc::connection_refused)};
    world w;
    w.begins().talk.answers(reset).answers(refused).answers(404).answers(refused).answers(refused).answers(202, w.session("/u2")).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, w.put(), w.head(), w.head(), cancels, post, post, w.put("/u2")});
    world never;
    never.talk.answers(404).answers(refused);
    CHECK(code_of(never.run()) == errc::connection_refused);
    world first;
    first.talk.answers(refused);
    CHECK(code_of(first.run()) == errc::connection_refused);
}

TEST_CASE("a limit of requests is waited out first", "[upload][PU41][AM18]") {
    world w;
    w.begins().talk.answers(429, {{"Retry-After", "7"}}).answers(404).answers(204).answers(202, w.session()).answers(201);
    auto const before = w.clock.now();
    REQUIRE(w.run());
    CHECK(w.clock.now() - before >= std::chrono::seconds(7));
}

TEST_CASE("of a chunk whose fate is not known the registry is asked", "[upload][PU42][PU43][AM17][GX30]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    SECTION("and tells") {
        w.begins().talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(204, {{"Location", "/n"}, {"Range", "0-499999"}}).answers(202, {{"Location", "/m"}, {"Range", "0-1048575"}}).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[3] == "GET /v2/a/b/blobs/uploads/U?_state=S");
        CHECK(w.talk.said()[4] == "PATCH /n [500000-1048575]");
        CHECK(w.talk.said()[5] == "PUT " + closing("/m", w.bytes) + " [1048576-2097151]");
    }
    SECTION("it has all of it") {
        w.begins().talk.answers(416).answers(204, {{"Location", "/n"}, {"Range", "0-1048575"}}).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[4] == "PUT " + closing("/n", w.bytes) + " [1048576-2097151]");
    }
    SECTION("none or one byte: nobody can tell") {
        w.begins().talk.answers(502).answers(204, {{"Location", "/n"}, {"Range", "0-0"}}).answers(204).answers(202, w.session("/u2")).answers(202).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[4] == "DELETE /n");
        CHECK(w.talk.said()[6] == "PATCH /u2 [0-1048575]");
    }
    SECTION("more than was sent") {
        w.begins().talk.answers(502).answers(204, {{"Range", "0-1048576"}}).answers(204);
        CHECK(code_of(w.run()) == errc::upload_offset_mismatch);
    }
}

TEST_CASE("a session that does not answer after a lost chunk is lost", "[upload][PU42][G6]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    w.begins().talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(404, {}, gone).answers(404).answers(202, w.session("/u2")).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, "PATCH /v2/a/b/blobs/uploads/U?_state=S [0-1048575]", "GET /v2/a/b/blobs/uploads/U?_state=S", w.head(), post, w.put("/u2")});
    CHECK(w.talk.journal.back().body == w.bytes);
}

TEST_CASE("what can be read once cannot be sent twice", "[upload][PU44]") {
    world w;
    auto const once = [&](std::size_t at = 0) {
        return std::make_unique<stream_source>([&w, at](std::span<std::byte> into) mutable -> result<std::size_t> {
            auto const n = std::min(into.size(), w.bytes.size() - at);
            std::memcpy(into.data(), w.bytes.data() + at, n);
            at += n;
            return n;
        });
    };
    SECTION("a session that is lost") {
        w.source = once();
        w.begins().talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(404).answers(204).answers(202, w.session("/u2")).answers(204);

        auto const got = w.run();
        CHECK(code_of(got) == errc::upload_session_lost);
    }
    SECTION("but within a chunk, which is held") {
        w.bytes = std::string(2 * mib, 'x');
        w.options.with_chunks(mib);
        w.source = once();
        w.begins().talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(204, {{"Range", "0-99"}}).answers(202, {{"Range", "0-1048575"}}).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[4] == "PATCH /v2/a/b/blobs/uploads/U?_state=S [100-1048575]");
    }
}

TEST_CASE("a large blob asks whether it is wanted, until the registry has taken one", "[upload][PU47]") {
    world w;
    w.bytes = std::string(9 * mib, 'x');
    w.begins().talk.answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.journal.back().headers.find("Expect") == "100-continue");
    w.talk = test::conversation();
    w.begins().talk.answers(201);
    REQUIRE(w.run());
    CHECK_FALSE(w.talk.journal.back().headers.find("Expect"));
}

TEST_CASE("a session is asked for again after what may pass", "[upload][PU48][GX32]") {
    for (int const status : {408, 429, 500, 502, 503, 504}) {
        world w;
        w.talk.answers(404).answers(status).answers(202, w.session()).answers(201);
        CHECK(w.run());
        CHECK(w.talk.said() == strings{w.head(), post, post, w.put()});
    }
    world reset;
    reset.talk.answers(404).answers(testing::scripted_answer(error(errc::connection_reset))).answers(202, reset.session()).answers(201);
    CHECK(reset.run());
    world always;
    always.talk.answers(404);
    for (int i = 0; i < 5; ++i) always.talk.answers(503);
    CHECK(code_of(always.run()) == errc::server_error);
}

TEST_CASE("a wish to wait for days is an error that says so", "[upload][PU101]") {
    world w;
    w.talk.answers(404).answers(429, {{"Retry-After", "999999"}});
    auto const got = w.run();
    REQUIRE(code_of(got) == errc::rate_limited);
    CHECK(got.error().retry_after_seconds() == 999999);
}

TEST_CASE("a registry that refuses the size gets smaller requests", "[upload][PU50][G8][AM14]") {
    world w;
    w.bytes = std::string(18 * mib, 'x');
    w.begins()
        .talk.answers(413)
        .answers(204)
        .answers(202, w.session("/u2"))
        .answers(416, {}, "chunk size exceeds limit")
        .answers(404)
        .answers(202, w.session("/u3"));
    for (int i = 0; i < 4; ++i) w.talk.answers(202);
    w.talk.answers(201);
    REQUIRE(w.run());
    auto const said = w.talk.said();
    CHECK(strings(said.begin(), said.begin() + 8) == strings{w.head(), post, w.put(), cancels, post, "PATCH /u2 [0-16777215]", "DELETE /u2", post});
    CHECK(said[8] == "PATCH /u3 [0-4194303]");
    CHECK(said.back() == w.put("/u3") + " [16777216-18874367]");
    CHECK(w.notes.of("https://r.example").chunk == 4 * mib);
    w.talk = test::conversation(); // remembered
    w.begins();
    for (int i = 0; i < 4; ++i) w.talk.answers(202);
    w.talk.answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said()[2].ends_with("[0-4194303]"));
    world never;
    never.bytes = w.bytes;
    never.begins().talk.answers(413).answers(204).answers(202, w.session()).answers(413).answers(204).answers(202, w.session()).answers(413).answers(204).answers(202, w.session()).answers(413).answers(204);
    auto const refused = never.run();
    REQUIRE(code_of(refused) == errc::upload_too_large);
    CHECK(refused.error().detail().context.find("18874368, 16777216, 4194304, 1048576") != std::string::npos);
}

/// So many bytes that take no memory.
class many_bytes final : public body_source {
  public:
    explicit many_bytes(std::uint64_t size) : size_(size) {}
    std::optional<std::uint64_t> size() const override { return size_; }
    result<void> begin() override { return left_ = size_, success(); }
    result<std::size_t> read(std::span<std::byte> into) override {
        auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, into.size()));
        if (n != 0) std::memset(into.data(), 'x', n);
        left_ -= n;
        return n;
    }

  private:
    std::uint64_t size_, left_ = 0;
};

TEST_CASE("who has no patience with a large request may have passed it on: the registry is asked first", "[upload][PU41][PU50]") {
    for (int const status : {502, 504}) {
        world w;
        w.source = std::make_unique<many_bytes>(100'000'001);
        w.what = describe<openssl_hash>(*w.source).value();
        auto const begins = [&] { w.begins().talk.answers(testing::scripted_answer(status).after(10)); };
        auto const head = "HEAD /v2/a/b/blobs/" + w.what->digest.str();
        auto const put = "PUT " + std::string("/v2/a/b/blobs/uploads/U?_state=S&digest=sha256%3A") + w.what->digest.str().substr(7);
        SECTION("it is there: " + std::to_string(status)) {
            begins();
            w.talk.answers(200, {{"Content-Length", "100000001"}});
            REQUIRE(w.run());
            CHECK(w.talk.said() == strings{head, post, put, head});
        }
        SECTION("it is not: in chunks, which are nobody else's affair: " + std::to_string(status)) {
            begins();
            w.talk.answers(404).answers(204).answers(202, w.session()).answers(403).answers(204);
            CHECK(code_of(w.run()) == errc::denied);
            CHECK(w.talk.said() == strings{head, post, put, head, cancels, post, "PATCH /v2/a/b/blobs/uploads/U?_state=S [0-16777215]", cancels});
            CHECK(w.notes.of("https://r.example").chunk == 0);
        }
    }
    world chunks; // the last of which is small, whatever the blob is
    chunks.bytes = std::string(3 * mib, 'x');
    chunks.options.with_chunks(2 * mib);
    chunks.begins().talk.answers(202).answers(502).answers(404).answers(204).answers(202, chunks.session()).answers(202).answers(201);
    REQUIRE(chunks.run());
    CHECK(chunks.talk.said()[4] == chunks.head());
    CHECK(chunks.talk.said()[7].ends_with("[0-2097151]"));
}

TEST_CASE("a session is ended when the upload has failed", "[upload][PU51]") {
    for (int const outcome : {204, 202, 401, 404, 500}) {
        world w;
        w.begins().talk.answers(403).answers(outcome);
        CHECK(code_of(w.run()) == errc::denied);
        CHECK(w.talk.said().back() == cancels);
    }
}

TEST_CASE("a blob may go with the first request where that is wanted", "[upload][PU54]") {
    world w;
    w.options.with_single_post();
    SECTION("it is taken") {
        w.talk.answers(404).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said().back() == closing(post, w.bytes));
        CHECK(w.talk.journal.back().body == w.bytes);
    }
    SECTION("it is not: once more") {
        w.begins().talk.answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said() == strings{w.head(), closing(post, w.bytes), w.put()});
        CHECK(w.talk.journal.back().body == w.bytes);
    }
    SECTION("its answer is lost, or comes before the last byte: the blob is asked for") {
        auto const lost = GENERATE(0, 1, 2);
        w.talk.answers(404);
        if (lost == 0) w.talk.answers(testing::scripted_answer(error(errc::connection_reset)));
        else if (lost == 1) w.talk.answers(503);
        else w.talk.answers(testing::scripted_answer(201).after(5));
        bool const there = GENERATE(false, true);
        if (there) w.talk.answers(200, {{"Content-Length", "10"}});
        else w.talk.answers(404).answers(202, w.session()).answers(201);
        auto const got = w.run();
        REQUIRE(got);
        CHECK(got.value().way == push_way::sent);
        strings said{w.head(), closing(post, w.bytes), w.head()};
        if (!there) said.insert(said.end(), {post, w.put()});
        CHECK(w.talk.said() == said);
    }
    SECTION("something else was taken") {
        w.talk.answers(404).answers(201, {{"Docker-Content-Digest", sha_of("other")}});
        CHECK(code_of(w.run()) == errc::digest_mismatch);
    }
}

TEST_CASE("what is no repository is mounted from by nobody", "[upload][PU55]") {
    for (auto const* const odd : {"x:pull repository:prod", "../x", "X", "a//b", ""}) {
        world w;
        w.options.with_mount_from(odd);
        w.begins().talk.answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said() == strings{w.head(), post, w.put()});
    }
}

TEST_CASE("a blob is taken from another repository", "[upload][PU55][PU57][G3]") {
    world w;
    w.options.with_mount_from("library/x");
    w.talk.answers(201, w.kept());
    auto const got = w.run();
    REQUIRE(got);
    CHECK(got.value().way == push_way::mounted);
    CHECK(w.talk.said() == strings{post + "?mount=sha256%3A" + sha_of(w.bytes).substr(7) + "&from=library%2Fx"});
    world other;
    other.options.with_mount_from("library/x");
    other.talk.answers(201, {{"Docker-Content-Digest", sha_of("other")}});
    CHECK(code_of(other.run()) == errc::digest_mismatch);
}

TEST_CASE("a mount needs the right to read the other repository", "[upload][PU56][QK01]") {
    text_source source("0123456789");
    push_options o;
    o.with_mount_from("c/d");
    call_context c("https://r.example", repository::parse("r.example/a/b").value());
    upload op(c, describe("0123456789"), source, o);
    auto const first = op.start();
    CHECK(std::get<need_exchange>(first).routing.scope == "repository:a/b:pull,push repository:c/d:pull");
}

TEST_CASE("a session in place of a mount is used", "[upload][PU58][PU60][G4]") {
    world w;
    w.options.with_mount_from("c/d");
    w.talk.answers(202, w.session()).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said().size() == 2);
    CHECK(w.talk.said()[1] == w.put());
}

TEST_CASE("a mount that is refused costs one request, and is not tried again", "[upload][PU59][P08][QK11]") {
    for (int const status : {400, 401, 403, 404, 405, 500}) {
        world w;
        w.options.with_mount_from("c/d");
        w.talk.answers(status).answers(202, w.session()).answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[1] == post);
        w.talk = test::conversation();
        w.begins().talk.answers(201);
        REQUIRE(w.run());
        CHECK(w.talk.said()[0] == w.head());
    }
    world reset;
    reset.options.with_mount_from("c/d");
    reset.talk.answers(testing::scripted_answer(error(errc::connection_reset))).answers(202, reset.session()).answers(201);
    CHECK(reset.run());
}

TEST_CASE("bytes that are not those that were announced are never complete at the registry", "[upload][PU65][PU67][P09]") {
    world w;
    w.bytes = std::string(3 * mib, 'x');
    w.what = describe(w.bytes);
    auto changed = w.bytes;
    changed.back() = 'y';
    SECTION("whole") {
        w.source = std::make_unique<text_source>(changed);
        w.begins().talk.answers(201).answers(204);
        CHECK(code_of(w.run()) == errc::source_changed);
        CHECK(w.talk.journal[2].body.size() < w.bytes.size());
        CHECK(w.talk.said().back() == cancels);
    }
    SECTION("in chunks") {
        w.source = std::make_unique<text_source>(changed);
        w.options.with_chunks(mib);
        w.begins().talk.answers(202).answers(202).answers(204);
        CHECK(code_of(w.run()) == errc::source_changed);
        CHECK(w.talk.said().back() == cancels);
    }
    SECTION("shorter and longer, found before anything is asked") {
        for (auto const& other : {w.bytes + 'x', w.bytes.substr(1)}) {
            w.source = std::make_unique<text_source>(other);
            CHECK(code_of(w.run()) == errc::source_changed);
        }
    }
    SECTION("shorter and longer, found on the way") {
        for (std::size_t const n : {w.bytes.size() - 1, w.bytes.size() + 1}) {
            world v;
            v.bytes = w.bytes;
            v.source = std::make_unique<stream_source>([left = n](std::span<std::byte> into) mutable -> result<std::size_t> {
                auto const now = std::min(into.size(), left);
                std::memset(into.data(), 'x', now);
                left -= now;
                return now;
            });
            v.begins().talk.answers(201).answers(204);
            CHECK(code_of(v.run()) == errc::source_changed);
            CHECK(v.talk.journal[2].body.size() < v.bytes.size());
        }
    }
}

TEST_CASE("a stream of unknown size and digest is sent in chunks and named by what it was", "[upload][PU68]") {
    for (auto const size : {std::size_t(0), std::size_t(10), std::size_t(mib), std::size_t(2 * mib), std::size_t(2 * mib + 5)}) {
        INFO(size);
        world w;
        w.bytes = std::string(size, 'z');
        w.without_digest = true;
        w.options.with_chunks(mib);
        w.source = std::make_unique<stream_source>([left = size](std::span<std::byte> into) mutable -> result<std::size_t> {
            auto const now = std::min({into.size(), left, std::size_t(70'000)});
            std::memset(into.data(), 'z', now);
            left -= now;
            return now;
        });
        w.talk.answers(202, w.session());
        for (std::size_t at = mib; at < size; at += mib) w.talk.answers(202);
        w.talk.answers(201);
        auto const got = w.run();
        REQUIRE(got);
        CHECK(got.value().what.digest.str() == sha_of(w.bytes));
        CHECK(got.value().what.size == static_cast<std::int64_t>(size));
        std::string all;
        for (std::size_t i = 1; i < w.talk.journal.size(); ++i) all += w.talk.journal[i].body;
        CHECK(all == w.bytes);
        CHECK(w.talk.said().back().starts_with(w.put()));
    }
}

TEST_CASE("a login that was shown and is refused is final", "[upload][PU05][AM08]") {
    text_source from("0123456789");
    call_context c("https://r.example", repository::parse("r.example/a/b").value());
    upload op(c, describe("0123456789"), from, {});
    REQUIRE(std::holds_alternative<need_exchange>(op.start()));
    auth_note shown;
    shown.sent = true;
    auto const over = op.on_response(response(401), shown);
    CHECK(std::get<done<pushed_blob>>(over).value().error() == errc::auth_denied);
}

TEST_CASE("the empty object is sent like any other blob", "[upload][PU09][PU61]") {
    world w;
    w.bytes = "{}";
    w.begins().talk.answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, w.put()}); // and nothing is mounted from nowhere
}

TEST_CASE("refusals by code: a size in chunks, a quota, a full disk", "[upload][AM02][AM13][AM20]") {
    world size;
    size.bytes = std::string(2 * mib, 'x');
    size.begins().talk.answers(400, {}, R"({"errors":[{"code":"SIZE_INVALID"}]})").answers(204).answers(202, size.session()).answers(202).answers(201);
    CHECK(size.run());
    world quota;
    quota.begins().talk.answers(412, {}, R"({"errors":[{"code":"X","message":"quota exceeded"}]})").answers(204);
    auto const got = quota.run();
    REQUIRE(code_of(got) == errc::precondition_failed);
    CHECK(got.error().message().find("quota exceeded") != std::string::npos);
    world full; // it will not have room at once
    full.begins().talk.answers(507, {}, R"({"errors":[{"code":"X","message":"no room left"}]})").answers(204);
    auto const none = full.run();
    REQUIRE(code_of(none) == errc::server_error);
    CHECK(none.error().message().find("no room left") != std::string::npos);
}

TEST_CASE("one at a time sends a blob, and the others find it there", "[upload][PU10]") {
    world w;
    auto const key = "https://r.example a/b " + sha_of(w.bytes);
    call_context c("https://r.example", repository::parse("r.example/a/b").value());
    c.uploads = &w.notes;
    text_source from(w.bytes);
    upload op(c, describe(w.bytes), from, {});
    auto other = w.notes.take_turn(key);
    REQUIRE(other);
    CHECK(std::holds_alternative<need_delay>(op.start()));
    CHECK(std::holds_alternative<need_delay>(op.on_delay()));
    other.reset();
    auto const next = op.on_delay();
    REQUIRE(std::holds_alternative<need_exchange>(next));
    CHECK(std::get<need_exchange>(next).query.method == "HEAD");
    CHECK_FALSE(w.notes.take_turn(key));
    auto const over = op.on_response(response(200));
    CHECK(std::get<done<pushed_blob>>(over).value().value().way == push_way::existing);
    CHECK(w.notes.take_turn(key));
}

TEST_CASE("a registry cannot have a stream whose digest nobody knows", "[upload][PU18]") {
    world w;
    w.without_digest = true;
    w.talk.answers(201);
    CHECK(code_of(w.run()) == errc::upload_protocol);
}

TEST_CASE("a chunk whose answer leads elsewhere is the last one", "[upload][PU90]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    w.begins().talk.answers(202, {{"Location", "https://b.test/x"}}).answers(204);
    CHECK(code_of(w.run()) == errc::upload_location_cross_origin);
    CHECK(w.talk.said().back() == cancels);
}

TEST_CASE("a registry that counts backwards is given up", "[upload][PU93][P06]") {
    world w;
    w.bytes = std::string(2 * mib, 'x');
    w.options.with_chunks(mib);
    w.talk.answers(404);
    for (int session = 0; session < 3; ++session) {
        w.talk.answers(202, w.session());
        for (int i = 0; i < 4; ++i) w.talk.answers(202, {{"Range", "0-" + std::to_string(1000 - 100 * i)}});
        w.talk.answers(204);
    }
    CHECK(code_of(w.run()) == errc::upload_offset_mismatch);
}

TEST_CASE("an answer before the end of the request is no success", "[upload][PU100][HX15]") {
    world w;
    testing::scripted_answer early(201);
    early.after(5);
    w.begins().talk.answers(early).answers(404).answers(204).answers(202, w.session("/u2")).answers(201);
    REQUIRE(w.run());
    CHECK(w.talk.said() == strings{w.head(), post, w.put(), w.head(), cancels, post, w.put("/u2")});
    CHECK(w.talk.journal.back().body == w.bytes);
    world whole;
    whole.begins().talk.answers(early).answers(200, {{"Content-Length", "10"}});
    CHECK(whole.run()); // it has read it all the same
}

TEST_CASE("every body has a length: who asks for one is not answered", "[upload][AM12]") {
    world w;
    w.begins().talk.answers(411).answers(204);
    CHECK(code_of(w.run()) == errc::http_unexpected_status);
    for (auto const& q : w.talk.journal) {
        CHECK_FALSE(q.headers.find("Transfer-Encoding"));
        if (q.method == "PUT") CHECK(q.body.size() == w.bytes.size());
    }
}

TEST_CASE("a repository that has to be made first is named so", "[upload][AM07][AM06][AM09][AM10]") {
    auto const after = [](int status, std::string const& code) {
        world w;
        w.talk.answers(404).answers(status, {}, R"({"errors":[{"code":")" + code + R"("}]})");
        return w.run().error();
    };
    CHECK(after(404, "NAME_UNKNOWN") == errc::name_unknown);
    CHECK(after(404, "NAME_UNKNOWN").detail().context.find("made first") != std::string::npos);
    CHECK(after(400, "NAME_INVALID") == errc::ref_invalid);
    CHECK(after(405, "UNSUPPORTED") == errc::unsupported_by_registry);
    CHECK(after(403, "DENIED") == errc::denied);
}

TEST_CASE("bytes that were damaged on the way are sent once more", "[upload][AM01]") {
    std::string const damaged = R"({"errors":[{"code":"DIGEST_INVALID"}]})";
    world w;
    w.begins().talk.answers(400, {}, damaged).answers(204).answers(202, w.session("/u2")).answers(201);
    CHECK(w.run());
    world twice;
    twice.begins().talk.answers(400, {}, damaged).answers(204).answers(202, twice.session()).answers(400, {}, damaged).answers(204);
    CHECK(code_of(twice.run()) == errc::digest_mismatch);
}

TEST_CASE("a session's name is neither shown nor used", "[upload][PU103]") {
    world w;
    w.talk.answers(404).answers(202, {{"Location", "/u"}, {"Docker-Upload-UUID", "\x1b[31mevil/../../x"}}).answers(403).answers(204);
    auto const got = w.run();
    CHECK(got.error().message().find("evil") == std::string::npos);
    for (auto const& line : w.talk.said()) CHECK(line.find("evil") == std::string::npos);
}

TEST_CASE("a warning of the registry is passed on once", "[upload][PU83]") {
    world w;
    fields const warned{{"Location", "/u"}, {"Warning", R"(299 - "going away")"}};
    w.talk.answers(404, {{"Warning", R"(299 - "going away")"}}).answers(202, warned).answers(201);
    auto const got = w.run();
    REQUIRE(got);
    REQUIRE(got.value().warnings.size() == 1);
    CHECK(got.value().warnings[0].text == "going away");
}

TEST_CASE("progress is told, also of a start from the beginning", "[upload][PU53]") {
    world w;
    std::vector<transfer_state> states;
    w.options.with_observer([&](transfer_event const& e) {
        if (e.state != transfer_state::running) states.push_back(e.state);
    });
    w.begins().talk.answers(404, {}, gone).answers(404).answers(202, w.session("/u2")).answers(201);
    REQUIRE(w.run());
    CHECK(states == std::vector{transfer_state::started, transfer_state::retrying, transfer_state::started, transfer_state::done});
}

} // namespace upload_test
