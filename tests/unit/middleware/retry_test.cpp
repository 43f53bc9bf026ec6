// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "client_of_body.hpp"
#include "documents.hpp"

namespace retry_test {

using namespace lading;
using namespace std::chrono_literals;

namespace {

std::string const manifest = "https://r.example/v2/x/manifests/1";
std::string const config = "https://r.example/v2/x/blobs/" + test::digest_of(test::config_bytes);

/// A clock that says how long it was made to wait, each time.
struct patient_clock : testing::manual_clock {
    explicit patient_clock(std::vector<std::chrono::milliseconds>& w) : waits(&w) {}
    void sleep_for(std::chrono::milliseconds d) {
        waits->push_back(d);
        testing::manual_clock::sleep_for(d);
    }
    std::vector<std::chrono::milliseconds>* waits;
};

struct world {
    testing::script s;
    client_options options;
    std::vector<std::chrono::milliseconds> waits;
    std::chrono::milliseconds begun{0};

    result<inspection> inspect() {
        patient_clock clock(waits);
        clock.testing::manual_clock::sleep_for(begun);
        test::client registry(testing::scripted_transport(s), options, {}, clock);
        return registry.inspect(reference::parse("r.example/x:1").value());
    }
};

testing::scripted_answer with(int status, char const* retry_after) {
    return {status, "", {{"Retry-After", retry_after}, {"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}};
}

} // namespace

TEST_CASE("429 with Retry-After: 0 for ever", "[X01]") {
    world w;
    w.s.on(manifest, with(429, "0"));
    auto const got = w.inspect();
    CHECK(got.error() == errc::rate_limited);
    CHECK(got.error().facts().retry);
    CHECK(w.s.journal.size() == 5);
    REQUIRE(w.waits.size() == 4);
    for (auto d : w.waits) CHECK(d >= 100ms);
}

TEST_CASE("what Retry-After may say", "[X02]") {
    struct row {
        char const* text;
        std::size_t requests;
        std::int64_t said;
    };
    row const rows[] = {
        {"7", 2, -1},
        {"60", 2, -1},
        {"61", 1, 61},
        {"1000000000", 1, 1'000'000'000},
        {"9223372036854775807", 1, INT64_MAX},
        {"99999999999999999999", 1, INT64_MAX},
        {"1e9", 2, -1},
        {"abc", 2, -1},
        {"-5", 2, -1},
        {"Sun, 06 Nov 1994 08:49:30 GMT", 2, -1},
        {"Sun, 06 Nov 1994 08:49:42 GMT", 2, -1},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 1, 252618189022},
        {"Sunday, 06-Nov-94 08:59:37 GMT", 1, 600},
        {"Sun Nov  6 08:59:37 1994", 1, 600},
    };
    for (auto const& r : rows) {
        INFO(r.text);
        world w;
        w.options.with_timeout(0ms);
        w.s.on(manifest, with(429, r.text));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on(config, {200, test::config_bytes});
        auto const got = w.inspect();
        if (r.said < 0) {
            CHECK(got.has_value());
            CHECK(w.s.journal.size() == r.requests + 1);
        } else {
            CHECK(got.error() == errc::rate_limited);
            CHECK(got.error().retry_after_seconds() == r.said);
            CHECK(w.waits.empty());
        }
    }
    world w;
    w.s.on(manifest, with(429, "7"));
    w.s.on(manifest, with(503, "Sun, 06 Nov 1994 08:49:42 GMT"));
    w.s.on(manifest, {200, test::schema2()});
    w.s.on(config, {200, test::config_bytes});
    CHECK(w.inspect().has_value());
    CHECK(w.waits == std::vector<std::chrono::milliseconds>{7000ms, 5000ms});
}

TEST_CASE("what a gateway answers for a registry that fails is tried again", "[W51]") {
    for (int status : {520, 521, 522, 523, 524}) {
        INFO(status);
        world w;
        w.s.on(manifest, {status});
        auto const got = w.inspect();
        CHECK(got.error() == errc::server_error);
        CHECK(got.error().facts().retry);
        CHECK(w.s.journal.size() == 5);
    }
    for (int status : {519, 525, 526, 530}) {
        INFO(status);
        world w;
        w.s.on(manifest, {status});
        CHECK(!w.inspect().error().facts().retry);
        CHECK(w.s.journal.size() == 1);
    }
}

TEST_CASE("which statuses are tried again, and for how long", "[X03]") {
    for (int status : {408, 429, 500, 502, 503, 504}) {
        INFO(status);
        world w;
        w.s.on(manifest, {status});
        CHECK(!w.inspect().has_value());
        CHECK(w.s.journal.size() == 5);
        REQUIRE(w.waits.size() == 4);
        std::chrono::milliseconds bound = 250ms;
        for (auto d : w.waits) {
            CHECK(d >= 100ms);
            CHECK(d <= bound);
            bound *= 2;
        }
    }
    for (int status : {400, 401, 403, 404, 410, 501, 505, 599}) {
        INFO(status);
        world w;
        w.s.on(manifest, {status});
        CHECK(!w.inspect().has_value());
        CHECK(w.s.journal.size() == (status == 404 ? 2u : 1u)); // W40: the list in Accept may not have been read
    }
    SECTION("the waits differ") {
        std::vector<std::chrono::milliseconds> all;
        for (int i = 0; i < 20; ++i) {
            world w;
            w.begun = std::chrono::milliseconds(i);
            w.s.on(manifest, {503});
            CHECK(!w.inspect().has_value());
            all.push_back(w.waits.at(3));
        }
        CHECK(std::adjacent_find(all.begin(), all.end(), std::not_equal_to<>()) != all.end());
    }
    SECTION("the budget ends it") {
        world w;
        w.options.with_timeout(0ms);
        w.s.on(manifest, with(503, "40"));
        CHECK(w.inspect().error() == errc::server_error);
        CHECK(w.s.journal.size() == 3); // 40 s, 40 s, and no 120 s
    }
    SECTION("the deadline ends it") {
        world w;
        w.options.with_timeout(5s);
        w.s.on(manifest, with(503, "30"));
        CHECK(w.inspect().error() == errc::server_error);
        CHECK(w.s.journal.size() == 1);
        CHECK(w.waits.empty());
    }
    SECTION("once is enough for those who say so") {
        world w;
        w.options.with_retry(retry_rules(1));
        w.s.on(manifest, {503});
        CHECK(w.inspect().error() == errc::server_error);
        CHECK(w.s.journal.size() == 1);
    }
}

TEST_CASE("503 twice and then 200: three requests", "[X04]") {
    world w;
    w.s.on(manifest, {503});
    w.s.on(manifest, {503});
    w.s.on(manifest, {200, test::schema2()});
    w.s.on(config, {200, test::config_bytes});
    CHECK(w.inspect().has_value());
    CHECK(w.s.journal.size() == 4);
}

TEST_CASE("a connection that ends early is tried again, other failures are not") {
    for (auto code : {errc::connection_reset, errc::http_body_truncated, errc::tls_truncated}) {
        world w;
        w.s.on(manifest, error(code));
        w.s.on(manifest, {200, test::schema2()});
        w.s.on(config, error(code));
        w.s.on(config, {200, test::config_bytes});
        CHECK(w.inspect().has_value());
        CHECK(w.s.journal.size() == 4);
    }
    for (auto code : {errc::connection_refused, errc::host_not_found, errc::tls_cert_untrusted, errc::timeout,
                      errc::cancelled, errc::http_malformed, errc::body_too_large}) {
        world w;
        w.s.on(manifest, error(code));
        CHECK(w.inspect().error() == code);
        CHECK(w.s.journal.size() == 1);
    }
}

TEST_CASE("a request that is not safe is sent once") {
    world w;
    w.s.on(manifest, {401, "", {{"WWW-Authenticate", R"(Bearer realm="https://r.example/t",service="s")"}}});
    w.s.on("https://r.example/t", {503});
    test::client registry(testing::scripted_transport(w.s), w.options,
                          fixed_credentials(credential::identity("i")), patient_clock(w.waits));
    CHECK(registry.inspect(reference::parse("r.example/x:1").value()).error() == errc::auth_token_failed);
    REQUIRE(w.s.journal.size() == 2);
    CHECK(w.s.journal[1].method == "POST");
}

namespace {

/// Gives a part of a body and then fails, as often as it has been told; the script answers all else.
class broken_transport {
  public:
    struct state {
        testing::script script;
        std::vector<std::pair<std::size_t, error>> breaks; ///< bytes given of the next answer, and how it ends
    };
    explicit broken_transport(state& s) : state_(&s) {}

    result<response> exchange(request const& q, body_sink& out) {
        auto& left = state_->breaks;
        auto const known = state_->script.answers.find(q.url);
        if (left.empty() || known == state_->script.answers.end()) return testing::scripted_transport(state_->script).exchange(q, out);
        state_->script.journal.push_back(q);
        auto const [given, failure] = left.front();
        left.erase(left.begin());
        response head(200);
        head.url = q.url;
        std::string_view const body = known->second.front().body;
        LADING_TRY_V(out.begin(head, body.size()));
        LADING_TRY_V(out.write(std::as_bytes(std::span(body.substr(0, given)))));
        return failure;
    }

  private:
    state* state_;
};
struct broken_policies : test::scripted_policies {
    using transport = broken_transport;
};

} // namespace

TEST_CASE("a blob that breaks off is begun again, and committed once") {
    struct counting final : blob_sink {
        result<void> begin() override { return ++begun, text.clear(), success(); }
        result<void> write(std::span<std::byte const> p) override {
            text.append(reinterpret_cast<char const*>(p.data()), p.size());
            most = std::max(most, text.size());
            return success();
        }
        result<void> commit() override { return ++committed, success(); }
        void discard() noexcept override { ++discarded; }
        std::string text;
        std::size_t most = 0;
        int begun = 0, committed = 0, discarded = 0;
    };
    auto const bytes = std::string(500, 'a') + std::string(500, 'b');
    auto const digest = test::digest_of(bytes);
    auto const run = [&](std::vector<std::pair<std::size_t, error>> breaks, counting& sink, std::size_t requests) {
        broken_transport::state s;
        s.breaks = std::move(breaks);
        s.script.on("https://r.example/v2/x/blobs/" + digest, {200, bytes});
        std::vector<std::chrono::milliseconds> waits;
        test::client_of<broken_policies> registry(broken_transport(s), {}, {}, patient_clock(waits));
        lading::descriptor what("application/octet-stream", digest::parse(digest).value(), 1000);
        auto const got = registry.blob(reference::parse("r.example/x:1").value(), what, sink);
        CHECK(s.script.journal.size() == requests);
        CHECK(waits.size() == requests - 1);
        return got ? errc::ok : got.error().kind();
    };
    SECTION("at any place, by any end of a connection") {
        for (auto code : {errc::connection_reset, errc::http_body_truncated, errc::tls_truncated})
            for (std::size_t at : {0u, 1u, 499u, 700u, 999u, 1000u}) {
                INFO(name_of(code) << " after " << at);
                counting sink;
                bool const all = at == 1000; // nothing is missing but the end of the answer
                CHECK(run({{at, error(code)}}, sink, all ? 1 : 2) == errc::ok);
                CHECK(sink.text == bytes);
                CHECK(sink.most == 1000); // nothing of the first try stays in front of the second: this server knows no ranges
                CHECK(sink.begun == (all ? 1 : 2));
                CHECK(sink.committed == 1);
            }
    }
    SECTION("four times, and then all of it") {
        counting sink;
        CHECK(run({{10, error(errc::connection_reset)}, {20, error(errc::tls_truncated)}, {999, error(errc::http_body_truncated)}, {0, error(errc::connection_reset)}}, sink, 5) == errc::ok);
        CHECK(sink.text == bytes);
        CHECK(sink.committed == 1);
    }
    SECTION("for ever: five times, and nothing is committed") {
        counting sink;
        CHECK(run(std::vector<std::pair<std::size_t, error>>(9, {900, error(errc::connection_reset)}), sink, 5) == errc::resume_exhausted);
        CHECK(sink.committed == 0);
        CHECK(sink.discarded >= 1);
    }
    SECTION("by a failure that is not tried again: once") {
        counting sink;
        CHECK(run({{900, error(errc::http_malformed)}}, sink, 1) == errc::http_malformed);
        CHECK(sink.committed == 0);
        CHECK(sink.discarded == 1);
    }
    SECTION("twin: not at all") {
        counting sink;
        CHECK(run({}, sink, 1) == errc::ok);
        CHECK(sink.begun == 1);
        CHECK(sink.committed == 1);
        CHECK(sink.discarded == 0);
    }
}

} // namespace retry_test
