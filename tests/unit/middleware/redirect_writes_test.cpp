// SPDX-License-Identifier: BSL-1.0
// Redirects of requests that write.

#include "catch.hpp"
#include "conversation.hpp"

#include <lading/middleware/redirect.hpp>
#include <lading/protocol/body.hpp>

#include <string>

namespace redirect_writes_test {

using namespace lading;

namespace {

struct context {
    struct {
        limits bounds;
    } options;
};
/// Sends one request with a body; its value is the status.
struct sending : operation_base<int, int> {
    sending(context&, std::string m, body_source& s, bool c = true) : method(std::move(m)), source(s), may_authorize(c) {}
    step<int> start() {
        request q(method, "https://r.example" + path);
        q.source = &source;
        q.headers.add("Content-Type", "a/b");
        routing how("repository:x:pull,push");
        how.may_authorize = may_authorize;
        return need_exchange(std::move(q), body, std::move(how));
    }
    step<int> on_response(result<response> answer) {
        if (!answer) return std::move(answer).assume_error();
        return done<int>(answer.value().status);
    }
    std::string method, path = "/v2/up?x=1";
    body_source& source;
    bool may_authorize;
    response_body body{1000, limits()};
};

struct world {
    test::conversation talk;
    context shared;
    testing::manual_clock clock;
    text_source text{"the body"};
    result<int> send(std::string method, body_source* from = nullptr, bool may_authorize = true) {
        redirect_middleware<sending> op(shared, std::move(method), from ? *from : text, may_authorize);
        return run(op, talk, clock);
    }
};
using fields = std::vector<std::pair<std::string, std::string>>;

/// How many requests a removal takes that is sent on.
std::size_t requests_of_removal(std::string const& location) {
    struct removing : sending {
        removing(context& c, body_source& s) : sending(c, "DELETE", s) { path = "/v2/a/b/manifests/v1"; }
    };
    world w;
    w.talk.answers(307, {{"Location", location}}).answers(202);
    redirect_middleware<removing> op(w.shared, w.text);
    auto const got = run(op, w.talk, w.clock);
    CHECK(got.value() == (w.talk.said().size() == 2 ? 202 : 307));
    return w.talk.said().size();
}

} // namespace

TEST_CASE("a request that writes follows 307 and 308 on its origin, with its body", "[redirect][PU49]") {
    for (auto const* method : {"POST", "PUT", "PATCH", "DELETE"})
        for (int const status : {307, 308}) {
            world w;
            w.talk.answers(status, {{"Location", "/v2/other?y=2"}}).answers(201);
            CHECK(w.send(method).value() == 201);
            CHECK(w.talk.said().back() == std::string(method) + " /v2/other?y=2");
            CHECK(w.talk.journal.back().body == "the body");
            CHECK(w.talk.journal.back().headers.find("Content-Type") == "a/b");
        }
}

TEST_CASE("what is removed stays in its repository", "[redirect][HX24]") {
    CHECK(requests_of_removal("/v2/a/b/manifests/other") == 2);
    CHECK(requests_of_removal("https://r.example/v2/a/b/manifests/sha256:0?x=1") == 2);
    for (auto const* elsewhere : {"/v2/a/c/manifests/v1", "/v2/a/manifests/v1", "https://evil.example/v2/a/b/manifests/v1", "//evil.example/v2/a/b/manifests/v1", "../../c/manifests/v1", "/"})
        CHECK(requests_of_removal(elsewhere) == 1);
}

TEST_CASE("every other redirect is its answer", "[redirect][PU49][H29]") {
    for (int const status : {300, 301, 302, 303, 304}) {
        world w;
        w.talk.answers(status, {{"Location", "/other"}});
        CHECK(w.send("PUT").value() == status);
    }
    for (auto const* far : {"https://b.test/x", "http://r.example/x", "https://r.example:444/x", "//b.test/x", ""}) {
        world w;
        w.talk.answers(307, {{"Location", far}});
        CHECK(w.send("PUT").value() == 307);
        CHECK(w.talk.said().size() == 1);
    }
    world elsewhere; // a host that the registry has named leads nowhere
    elsewhere.talk.answers(307, {{"Location", "/other"}});
    CHECK(elsewhere.send("PUT", nullptr, false).value() == 307);
}

TEST_CASE("three are followed, not four", "[redirect][PU49]") {
    world w;
    for (int i = 0; i < 4; ++i) w.talk.answers(307, {{"Location", "/" + std::to_string(i)}});
    CHECK(w.send("PUT").value() == 307);
    CHECK(w.talk.said().size() == 4);
}

TEST_CASE("a body that cannot begin again fails as such", "[redirect][PU49][PU46]") {
    world w;
    bool given = false;
    stream_source once([&](std::span<std::byte> into) -> result<std::size_t> {
        if (std::exchange(given, true)) return std::size_t{0};
        into[0] = std::byte{'x'};
        return std::size_t{1};
    });
    w.talk.answers(307, {{"Location", "/other"}}).answers(201);
    auto const got = w.send("PUT", &once);
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::source_spent);
}

} // namespace redirect_writes_test
