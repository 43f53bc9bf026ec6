// SPDX-License-Identifier: BSL-1.0
// The golden exchanges of pushing and copying, each of whose requests fails in turn, in every way: never a tag on something incomplete,
// never a blob under a wrong digest, no upload left open that could be ended, and the next run finishes.

#include "catch.hpp"
#include "sanitizers.hpp"

#include <lading/bulk/copy.hpp>
#include <lading/client/basic_client.hpp>
#include <lading/client/default_policies.hpp>
#include <lading/net/asio_sync_transport.hpp>
#include <lading/policy/credentials.hpp>
#include <lading/store/memory_store.hpp>
#include <lading/store/registry_repository.hpp>
#include <lading/testing/registry.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace push_faults_test {

using namespace lading;

namespace {

enum class fault { before,           ///< the connection is lost before anything is sent
                   in_the_body,      ///< and in the middle of the body
                   after,            ///< the answer is lost
                   in_the_answer,    ///< and a part of it
                   no_answer,        ///< in time
                   answer_500,       ///< in place of the registry
                   truncated_500,    ///< whose body ends early
                   answer_503,
                   answer_429,
                   answer_401,
                   answer_404,
                   after_502,        ///< a gateway, when the registry has done it
                   restart,          ///< the registry knows of no session any more, and the connection is lost
                   no_token };       ///< none that it gave is good any more
constexpr fault faults[] = {fault::before, fault::in_the_body, fault::after, fault::in_the_answer, fault::no_answer, fault::answer_500, fault::truncated_500,
                            fault::answer_503, fault::answer_429, fault::answer_401, fault::answer_404, fault::after_502, fault::restart, fault::no_token};

/// Makes one exchange, counted from 0, fail. Several threads.
struct plan {
    std::size_t at = std::size_t(-1);
    fault how = fault::before;
    testing::registry* server = nullptr;

    std::mutex mutex;
    std::size_t count = 0;
    std::string method; ///< of the one that failed

    bool is_due(std::string const& m) {
        std::lock_guard const lock(mutex);
        if (count++ != at) return false;
        method = m;
        return true;
    }
};
struct faulty_transport {
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
    static error lost(errc why) {
        fallback_facts f;
        f.retry = f.next_endpoint = true;
        return error(why).with_facts(f);
    }

    result<response> exchange(request const& q, body_sink& out) {
        if (!todo->is_due(q.method)) return inner.exchange(q, out);
        auto const instead = [&](int status) -> result<response> {
            response head(status);
            head.url = q.url;
            head.sent_whole = false;
            LADING_TRY_V(out.begin(head, 0));
            return head;
        };
        auto const done_but = [&](errc why) -> result<response> {
            (void)inner.exchange(q, out);
            return lost(why);
        };
        switch (todo->how) {
        case fault::before: break;
        case fault::in_the_body:
            if (q.source) {
                auto cut = q;
                half part(*q.source);
                cut.source = &part;
                (void)inner.exchange(cut, out);
            }
            break;
        case fault::after: return done_but(errc::connection_reset);
        case fault::in_the_answer: return done_but(errc::http_body_truncated);
        case fault::no_answer: return done_but(errc::timeout_header);
        case fault::answer_500: return instead(500);
        case fault::truncated_500: {
            response head(500);
            head.url = q.url;
            LADING_TRY_V(out.begin(head, 1000));
            LADING_TRY_V(out.write(std::as_bytes(std::span("{\"errors", 8))));
            return lost(errc::http_body_truncated);
        }
        case fault::answer_503: return instead(503);
        case fault::answer_429: return instead(429);
        case fault::answer_401: return instead(401);
        case fault::answer_404: return instead(404);
        case fault::after_502: (void)inner.exchange(q, out); return instead(502);
        case fault::restart: todo->server->forget_uploads(); break;
        case fault::no_token: todo->server->revoke_tokens(); return inner.exchange(q, out);
        }
        return lost(errc::connection_reset);
    }

    plan* todo;
    asio_sync_transport inner;
};

/// Does not wait, and may be ahead of the time.
struct hasty_clock {
    std::chrono::steady_clock::time_point now() const { return std::chrono::steady_clock::now() + std::chrono::seconds(ahead.load()); }
    void sleep_for(std::chrono::milliseconds) const {}
    static inline std::atomic<int> ahead{0};
};
struct policies : default_policies {
    using transport = faulty_transport;
    using clock = hasty_clock;
    using credentials = fixed_credentials;
};
using faulty_client = basic_client<policies>;
using store = registry_repository<faulty_client>;

descriptor describe(std::string const& bytes, std::string type = "application/octet-stream") {
    return {std::move(type), digest::parse(testing::sha256_digest(bytes)).value(), static_cast<std::int64_t>(bytes.size())};
}

/// A registry, a client of it whose exchanges may fail, and an image.
struct world {
    explicit world(testing::registry_options o, std::size_t layer_size)
        : server(std::move(o)), layer(layer_size, 'l'),
          registry(faulty_transport(todo), client_options().with_plaintext(server.host()), fixed_credentials(credential("me", "secret"), server.host())) {
        todo.server = &server;
        for (auto const* bytes : {&layer, &config}) (void)memory.put_document(describe(*bytes), *bytes);
        (void)memory.put_document(describe(manifest, type), manifest);
        (void)memory.tag("v1", describe(manifest, type));
    }
    repository name(std::string const& path) const { return repository::parse(server.host() + '/' + path).value(); }
    reference ref(std::string const& path) const { return reference::parse(server.host() + '/' + path).value(); }
    static std::string entry(std::string const& t, std::string const& bytes) {
        return R"({"mediaType":")" + t + R"(","digest":")" + testing::sha256_digest(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    }

    result<void> push(push_options const& o = {}) {
        for (auto const* bytes : {&layer, &config}) {
            view_source from(*bytes);
            LADING_TRY_V(registry.push_blob(name("r"), describe(*bytes), from, o));
        }
        LADING_TRY_V(registry.push_manifest(ref("r:v1"), manifest));
        return success();
    }
    result<void> copy_from_memory(std::string const& path) {
        store to(registry, name(path));
        LADING_TRY_V(copy(memory, "v1", to, "v1", copy_options().with_lanes(1)));
        return success();
    }
    result<void> copy_between(std::string const& from_path, std::string const& to_path) {
        store from(registry, name(from_path)), to(registry, name(to_path));
        LADING_TRY_V(copy(from, "v1", to, "v1", copy_options().with_lanes(1)));
        return success();
    }

    bool whole(std::string const& path) const {
        return server.blob(path, testing::sha256_digest(layer)) == layer && server.blob(path, testing::sha256_digest(config)) == config;
    }

    testing::registry server;
    plan todo;
    std::string const layer, config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})", type = "application/vnd.oci.image.manifest.v1+json";
    std::string const manifest = R"({"schemaVersion":2,"mediaType":")" + type + R"(","config":)" + entry("application/vnd.oci.image.config.v1+json", config) + R"(,"layers":[)" +
                                 entry("application/vnd.oci.image.layer.v1.tar", layer) + "]}";
    memory_store memory;
    faulty_client registry;
};

/// Something that is done at a registry, after something else.
struct workflow {
    char const* name;
    std::string path; ///< of the repository that it writes to
    testing::registry_options server;
    std::size_t layer;
    std::function<result<void>(world&)> before, run;
};

// Under a sanitizer all take minutes; the builds without one do each.
constexpr std::size_t step = test::thread_sanitizer ? 6 : test::address_sanitizer ? 3
                                                                                  : 1;

std::vector<workflow> workflows() {
    auto const plain = testing::registry_options().with_writing().with_removal();
    auto const tokens = testing::registry_options().with_writing().with_removal().with_protection(testing::access::bearer).with_account("me", "secret");
    auto const nothing = [](world&) -> result<void> { return success(); };
    auto const push = [](world& w) { return w.push(); };
    std::vector<workflow> out;
    out.push_back({"G1, a new image", "r", plain, 200'000, nothing, push});
    out.push_back({"G1 as a copy", "r", plain, 200'000, nothing, [](world& w) { return w.copy_from_memory("r"); }});
    out.push_back({"G2, once more", "r", plain, 2000, push, [](world& w) { return w.copy_from_memory("r"); }});
    out.push_back({"G3, blobs are mounted", "q", plain, 2000, push, [](world& w) { return w.copy_between("r", "q"); }});
    out.push_back({"G4, a mount that is none", "q", plain, 200'000, nothing, [](world& w) -> result<void> {
                       for (auto const* bytes : {&w.layer, &w.config}) {
                           view_source from(*bytes);
                           LADING_TRY_V(w.registry.push_blob(w.name("q"), describe(*bytes), from, push_options().with_mount_from("nothing")));
                       }
                       LADING_TRY_V(w.registry.push_manifest(w.ref("q:v1"), w.manifest));
                       return success();
                   }});
    out.push_back({"G5, in chunks", "r", plain, 200'000, nothing, [](world& w) { return w.push(push_options().with_chunks(std::uint64_t(64) << 10)); }});
    out.push_back({"G8, a size that is refused", "r", testing::registry_options().with_writing((1u << 20) + 1000).with_removal(), 2'500'000, nothing, push});
    out.push_back({"G9, with a token", "r", tokens, 200'000, nothing, push});
    out.push_back({"G9, with a token and in chunks", "r", tokens, 200'000, nothing, [](world& w) { return w.push(push_options().with_chunks(std::uint64_t(64) << 10)); }});
    out.push_back({"GX29, with a token for two", "q", tokens, 2000, push, [](world& w) { return w.copy_between("r", "q"); }});
    return out;
}

} // namespace

TEST_CASE("no fault in a push or a copy leaves half of it, and the next run finishes", "[push][copy][X05][G6][G7][PU40][PU41][PU42][PU48][PU51][PU77]") {
    std::size_t finished = 0, failed = 0, cells = 0;
    for (auto const& flow : workflows())
        for (auto const how : faults)
            for (std::size_t at = 0;; at += step) {
                INFO(flow.name << ", fault " << static_cast<int>(how) << " at exchange " << at);
                world w(flow.server, flow.layer);
                REQUIRE(flow.before(w));
                w.todo.count = 0;
                w.todo.at = at, w.todo.how = how;
                auto const first = flow.run(w);
                INFO((first ? std::string() : first.error().message()));
                if (first) CHECK(w.whole(flow.path));
                if (!w.server.tagged(flow.path, "v1").empty()) CHECK(w.whole(flow.path));
                first ? ++finished : ++failed;
                // What is left open is a session that nobody was told of, that cannot be named any more, that is said to be none, or whose end
                // was what failed.
                bool const nameless = how == fault::answer_404 || w.todo.method == "POST" || w.todo.method == "PATCH" || w.todo.method == "DELETE";
                bool const may_end = flow.server.protection == testing::access::anonymous; // a token that pushes does not remove
                if (may_end) CHECK(w.server.open_uploads() <= (nameless ? 1u : 0u));
                if (w.todo.count <= at) break; // the fault was never reached: all have been
                ++cells;
                w.todo.at = std::size_t(-1);
                auto const second = flow.run(w);
                INFO((second ? std::string() : second.error().message()));
                REQUIRE(second);
                CHECK(w.whole(flow.path));
                CHECK(w.server.tagged(flow.path, "v1") == testing::sha256_digest(w.manifest));
                REQUIRE(at < 60);
            }
    CHECK(cells > 800 / step);
    CHECK(failed < finished / 4);
    WARN(cells << " faults: " << finished << " finished in spite of it, " << failed << " failed, and all finished the second time");
}

TEST_CASE("a source that changes while it is sent leaves nothing, and the next run finishes", "[push][PU65][PU66][P09]") {
    struct changing final : body_source {
        changing(std::string const& b, std::size_t w, int h) : bytes(b), where(w), how(h) {}
        std::optional<std::uint64_t> size() const override { return bytes.size(); }
        result<void> begin() override { return at = 0, success(); }
        result<std::size_t> read(std::span<std::byte> into) override {
            auto text = bytes;
            if (how == 0) text[where] = 'X';
            else if (how == 1) text.resize(where);
            else if (how == 2) text += 'X';
            auto const n = std::min({into.size(), text.size() - std::min(text.size(), at), std::size_t(7000)});
            std::memcpy(into.data(), text.data() + at, n);
            at += n;
            return n;
        }
        std::string const& bytes;
        std::size_t where;
        int how;
        std::size_t at = 0;
    };
    std::size_t runs = 0;
    for (std::uint64_t const chunk : {std::uint64_t(0), std::uint64_t(64) << 10})
        for (std::size_t const where : {0u, 1u, 50'000u, 65'535u, 65'536u, 131'072u, 199'999u})
            for (int const how : {0, 1, 2}) {
                INFO("chunk " << chunk << ", at " << where << ", how " << how);
                world w(testing::registry_options().with_writing().with_removal(), 200'000);
                changing from(w.layer, where, how);
                auto const options = push_options().with_chunks(chunk);
                auto const got = w.registry.push_blob(w.name("r"), describe(w.layer), from, options);
                REQUIRE_FALSE(got);
                CHECK(got.error() == errc::source_changed);
                CHECK(w.server.open_uploads() == 0);
                CHECK_FALSE(w.server.blob("r", testing::sha256_digest(w.layer)));
                auto changed = w.layer;
                changed[where] = 'X';
                for (auto const& other : {changed, w.layer.substr(0, where), w.layer + 'X'}) CHECK_FALSE(w.server.blob("r", testing::sha256_digest(other)));
                CHECK(w.push(options));
                CHECK(w.whole("r"));
                ++runs;
            }
    CHECK(runs == 42);
}

TEST_CASE("a token that ends soon is renewed before a request of an upload", "[push][PU46]") {
    world w(testing::registry_options().with_writing().with_protection(testing::access::bearer).with_account("me", "secret").with_token_seconds(300), 2000);
    auto const tokens = [&] {
        auto const all = w.server.journal();
        return std::count_if(all.begin(), all.end(), [](auto const& x) { return x.target.starts_with("/token"); });
    };
    auto const refused = [&] {
        auto const all = w.server.journal();
        return std::count_if(all.begin(), all.end(), [](auto const& x) { return x.status == 401; });
    };
    auto const push = [&](std::string const& bytes) {
        view_source from(bytes);
        return w.registry.push_blob(w.name("r"), describe(bytes), from).has_value();
    };
    hasty_clock::ahead = 0;
    CHECK(push("one"));
    CHECK(tokens() == 1);
    CHECK(refused() == 1);
    hasty_clock::ahead = 265; // 35 seconds left
    CHECK(push("two"));
    CHECK(tokens() == 1);
    hasty_clock::ahead = 275; // 25
    CHECK(push("three"));
    CHECK(tokens() == 2);
    CHECK(refused() == 1);
    hasty_clock::ahead = 0;
}

} // namespace push_faults_test
