// SPDX-License-Identifier: BSL-1.0
// A push whose every request fails once, in every way: never a tag on something incomplete, never a blob under a wrong digest, and the
// next run finishes.

#include "catch.hpp"

#include <lading/client/basic_client.hpp>
#include <lading/client/default_policies.hpp>
#include <lading/net/asio_sync_transport.hpp>
#include <lading/testing/registry.hpp>

#include <chrono>
#include <string>

namespace push_faults_test {

using namespace lading;

namespace {

enum class fault { before,       ///< the connection is lost before anything is sent
                   in_the_body,  ///< and in the middle of the body
                   after,        ///< the answer is lost
                   answer_500,   ///< in place of the registry
                   answer_503,
                   answer_429,
                   answer_404,
                   after_502 };  ///< a gateway, when the registry has done it

/// Makes one exchange, counted from 0, fail.
struct faulty_transport {
    struct plan {
        std::size_t at = std::size_t(-1), count = 0;
        fault how = fault::before;
    };
    explicit faulty_transport(plan& p) : todo(&p), inner(network_options(), limits()) {}

    /// Gives half of a body, and fails.
    struct half final : body_source {
        explicit half(body_source& f) : from(f) {}
        std::optional<std::uint64_t> size() const override { return from.size(); }
        result<void> begin() override { return from.begin(); }
        result<std::size_t> read(std::span<std::byte> into) override {
            if (given * 2 > from.size().value_or(0)) return error(errc::connection_reset);
            LADING_TRY(auto const n, from.read(into.first(std::min<std::size_t>(into.size(), 1000))));
            given += n;
            return n;
        }
        body_source& from;
        std::uint64_t given = 0;
    };

    result<response> exchange(request const& q, body_sink& out) {
        if (todo->count++ != todo->at) return inner.exchange(q, out);
        auto const lost = [] {
            fallback_facts f;
            f.retry = f.next_endpoint = true;
            return error(errc::connection_reset).with_facts(f);
        };
        auto const instead = [&](int status) -> result<response> {
            response head(status);
            head.url = q.url;
            head.sent_whole = false;
            LADING_TRY_V(out.begin(head, 0));
            return head;
        };
        switch (todo->how) {
        case fault::before: return lost();
        case fault::in_the_body:
            if (q.source) {
                auto cut = q;
                half part(*q.source);
                cut.source = &part;
                (void)inner.exchange(cut, out);
            }
            return lost();
        case fault::after: (void)inner.exchange(q, out); return lost();
        case fault::answer_500: return instead(500);
        case fault::answer_503: return instead(503);
        case fault::answer_429: return instead(429);
        case fault::answer_404: return instead(404);
        case fault::after_502: (void)inner.exchange(q, out); return instead(502);
        }
        return lost();
    }

    plan* todo;
    asio_sync_transport inner;
};

/// Does not wait.
struct hasty_clock {
    std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now(); }
    void sleep_for(std::chrono::milliseconds) const {}
};
struct policies : default_policies {
    using transport = faulty_transport;
    using clock = hasty_clock;
};

descriptor describe(std::string const& bytes) { return {"application/octet-stream", digest::parse(testing::sha256_digest(bytes)).value(), static_cast<std::int64_t>(bytes.size())}; }

} // namespace

TEST_CASE("no fault in a push leaves half of it, and the next push finishes", "[push][X05][PU40][PU41][PU42][PU48][PU77]") {
    std::string const layer(200'000, 'l'), config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
    auto const entry = [](std::string const& type, std::string const& bytes) {
        return R"({"mediaType":")" + type + R"(","digest":")" + testing::sha256_digest(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    };
    std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + entry("application/vnd.oci.image.config.v1+json", config) +
                                 R"(,"layers":[)" + entry("application/vnd.oci.image.layer.v1.tar", layer) + "]}";
    std::size_t finished = 0, failed = 0;
    for (std::uint64_t const chunk : {std::uint64_t(0), std::uint64_t(64) << 10})
        for (auto const how : {fault::before, fault::in_the_body, fault::after, fault::answer_500, fault::answer_503, fault::answer_429, fault::answer_404, fault::after_502})
            for (std::size_t at = 0;; ++at) {
                INFO("chunk " << chunk << ", fault " << static_cast<int>(how) << " at exchange " << at);
                testing::registry server(testing::registry_options().with_writing().with_removal());
                faulty_transport::plan plan;
                plan.at = at, plan.how = how;
                basic_client<policies> registry(faulty_transport(plan), client_options().with_plaintext(server.host()));
                auto const name = repository::parse(server.host() + "/r").value();
                auto const ref = reference::parse(server.host() + "/r:v1").value();
                auto const push = [&]() -> result<void> {
                    for (auto const* bytes : {&layer, &config}) {
                        view_source from(*bytes);
                        LADING_TRY_V(registry.push_blob(name, describe(*bytes), from, push_options().with_chunks(chunk)));
                    }
                    LADING_TRY_V(registry.push_manifest(ref, manifest));
                    return success();
                };
                auto const whole = [&] { return server.blob("r", testing::sha256_digest(layer)) == layer && server.blob("r", testing::sha256_digest(config)) == config; };
                auto const first = push();
                if (first) CHECK(whole());
                if (!server.tagged("r", "v1").empty()) CHECK(whole());
                first ? ++finished : ++failed;
                if (plan.count <= at) break; // the fault was never reached: all have been
                plan.at = std::size_t(-1);
                auto const second = push();
                INFO((second ? std::string() : second.error().message()));
                REQUIRE(second);
                CHECK(whole());
                CHECK(server.tagged("r", "v1") == testing::sha256_digest(manifest));
            }
    CHECK(finished > 100);
    UNSCOPED_INFO("finished in spite of it: " << finished << ", failed: " << failed);
    CHECK(failed < finished / 4);
}

} // namespace push_faults_test
