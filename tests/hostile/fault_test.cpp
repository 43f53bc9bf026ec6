// SPDX-License-Identifier: BSL-1.0
// hostile.md 2K: a fault at every exchange in turn, and answers cut at every byte. What ends a loop is a clean run: proof
// that every place has had its turn.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>
#include <lading/testing/scripted_transport.hpp>

#include "../support/documents.hpp"

#include <array>
#include <functional>
#include <string>
#include <utility>

using namespace lading;
using namespace lading::literals;
using ending = testing::byte_answer::ending;

namespace {

/// Fails exchange number `at`; the facts are those of the model that ships.
struct plan {
    std::size_t at = 0;
    errc kind = errc::connection_reset;
    bool after_head = false; ///< the head and half of the body came
    std::size_t n = 0;
    bool fired = false;
};

class faulty_transport {
  public:
    faulty_transport(testing::script& s, plan& p) : inner_(s), plan_(&p) {}
    result<response> exchange(request const& q, body_sink& out) {
        if (plan_->n++ != plan_->at) return inner_.exchange(q, out);
        plan_->fired = true;
        detail::exchange_progress p;
        LADING_TRY(p.target, url::parse(q.url));
        if (plan_->after_head) {
            response head(200);
            p.status = 200;
            LADING_TRY_V(out.begin(head, 1000));
            LADING_TRY_V(out.write(std::as_bytes(std::span("{\"half", 6))));
        }
        return detail::complete_failure(error(plan_->kind), q, p);
    }

  private:
    testing::scripted_transport inner_;
    plan* plan_;
};

struct faulty : test::policies {
    using transport = faulty_transport;
};
using client_under_fault = basic_client<faulty>;

constexpr errc kinds[] = {errc::host_not_found,   errc::connection_refused, errc::connect_failed,       errc::connect_timeout,
                          errc::connection_reset, errc::tls_handshake_failed, errc::tls_timeout,        errc::tls_truncated,
                          errc::timeout_header,   errc::timeout_body,       errc::http_body_truncated, errc::timeout_write,
                          errc::cancelled,        errc::http_malformed};

std::string const base = "https://r.test/v2/team/app";

void good_registry(testing::script& s, bool tokens) {
    using answer = testing::scripted_answer;
    auto const oci = test::oci(), index = test::index(test::descriptor(media_types::oci_manifest, oci, R"(,"platform":{"os":"linux","architecture":"amd64"})"));
    if (tokens) {
        s.on(base + "/manifests/1", answer(401, "", {{"WWW-Authenticate", "Bearer realm=\"https://r.test/token\",service=\"s\""}}));
        s.on("https://r.test/token?scope=repository%3Ateam%2Fapp%3Apull&service=s", answer(200, R"({"token":"t0ken"})"));
        s.on("https://r.test/token?service=s&scope=repository%3Ateam%2Fapp%3Apull", answer(200, R"({"token":"t0ken"})"));
    }
    s.on(base + "/manifests/1", answer(200, index));
    s.on(base + "/manifests/" + test::digest_of(oci), answer(200, oci));
    s.on(base + "/blobs/" + test::digest_of(test::config_bytes), answer(200, test::config_bytes));
    s.on(base + "/blobs/" + test::digest_of(test::layer_bytes), answer(200, test::layer_bytes));
    s.on(base + "/tags/list?n=1000", answer(200, R"({"name":"team/app","tags":["1"]})", {{"Link", "</v2/team/app/tags/list?n=1000&last=1>; rel=\"next\""}}));
    s.on(base + "/tags/list?n=1000&last=1", answer(200, R"({"name":"team/app","tags":["2"]})"));
}

/// A workflow: true when it succeeded, and then what it gave is checked; else its error is left in `failure`.
using workflow = std::function<bool(client_under_fault&, error&)>;

template <class R>
bool over(R r, error& failure) {
    if (!r) failure = r.error();
    return r.has_value();
}

std::pair<char const*, workflow> const workflows[] = {
    {"inspect with tags",
     [](auto& c, error& e) {
         auto const r = c.inspect("r.test/team/app:1"_ref, inspect_options().with_tags().with_platform(platform_choice::any()));
         if (r) CHECK(r.value().chosen->digest.str() == test::digest_of(test::oci()));
         return over(r, e);
     }},
    {"manifest", [](auto& c, error& e) { return over(c.manifest("r.test/team/app:1"_ref), e); }},
    {"config",
     [](auto& c, error& e) {
         auto const r = c.config("r.test/team/app:1"_ref, platform_choice::any());
         if (r) CHECK(r.value().bytes == test::config_bytes);
         return over(r, e);
     }},
    {"tags",
     [](auto& c, error& e) {
         auto const r = c.tags(repository::parse("r.test/team/app").value());
         if (r) CHECK(r.value().values.size() == 2);
         return over(r, e);
     }},
    {"blob",
     [](auto& c, error& e) {
         memory_sink sink(1000);
         descriptor const what("x/y", digest::parse(test::digest_of(test::layer_bytes)).value(), static_cast<std::int64_t>(test::layer_bytes.size()));
         auto const r = c.blob("r.test/team/app:1"_ref, what, sink);
         CHECK(sink.bytes() == (r ? test::layer_bytes : "")); // nothing half
         return over(r, e);
     }},
    {"ping", [](auto& c, error& e) { return over(c.ping(repository::parse("r.test/team/app").value()), e); }},
};

} // namespace

TEST_CASE("K01: a fault at every exchange in turn, of every kind, in every workflow") {
    std::size_t runs = 0;
    for (auto const& [name, run] : workflows)
        for (bool const tokens : {false, true})
            for (bool const after_head : {false, true})
                for (unsigned const tries : {1u, 3u})
                    for (errc const kind : kinds)
                        for (std::size_t at = 0;; ++at) {
                            INFO(name << ' ' << name_of(kind) << " at " << at << (tokens ? ", tokens" : "") << (after_head ? ", half a body" : ""));
                            testing::script s;
                            good_registry(s, tokens);
                            plan p;
                            p.at = at;
                            p.kind = kind;
                            p.after_head = after_head;
                            client_under_fault c{faulty_transport(s, p), client_options().with_retry(retry_rules(tries))};
                            error failure(errc::ok);
                            bool const good = run(c, failure);
                            ++runs;
                            REQUIRE(at < 40);
                            if (!p.fired) break; // a clean run
                            if (!good) {
                                REQUIRE(failure.kind() != errc::ok);
                                CHECK(!failure.message().empty());
                            }
                            // The object still works, and nothing of the failed run is left in it.
                            p.at = SIZE_MAX;
                            error again(errc::ok);
                            bool const works = run(c, again);
                            if (std::string_view(name) != "ping") CHECK(works);
                        }
    CHECK(runs > 1000);
    WARN(runs << " runs with a fault each");
}

TEST_CASE("G3: answers cut at every byte are never complete") {
    using testing::byte_answer;
    auto const config_path = "/v2/r/blobs/" + test::digest_of(test::config_bytes);
    std::map<std::string, std::string> const whole = {
        {"/v2/r/manifests/1", "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(media_types::docker_manifest) + "\r\nContent-Length: " +
                                  std::to_string(test::schema2().size()) + "\r\n\r\n" + test::schema2()},
        {config_path, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + test::config_bytes.substr(0, 64) + "\r\n" +
                          [] {
                              char size[16];
                              std::snprintf(size, sizeof size, "%zx", test::config_bytes.size() - 64);
                              return std::string(size);
                          }() + "\r\n" + test::config_bytes.substr(64) + "\r\n0\r\n\r\n"}};
    std::string cut_path;
    byte_answer cut;
    testing::byte_server server([&](std::string const& q) {
        auto const path = q.substr(4, q.find(' ', 4) - 4);
        return path == cut_path ? cut : byte_answer(whole.count(path) ? whole.at(path) : "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    });
    auto const host = "127.0.0.1:" + std::to_string(server.port());
    auto const ref = reference::parse(host + "/r:1").value();
    client registry(client_options().with_plaintext(host).with_retry(retry_rules(1)));
    REQUIRE(registry.inspect(ref));
    std::size_t runs = 0;
    for (auto const& [path, bytes] : whole)
        for (auto const end : {ending::close, ending::reset})
            for (std::size_t n = 0; n < bytes.size(); n += bytes.size() > 400 && n > 100 && n + 100 < bytes.size() ? 3 : 1) {
                INFO(path << " cut at " << n << " of " << bytes.size());
                cut_path = path;
                cut = byte_answer(bytes.substr(0, n), end);
                auto const r = registry.inspect(ref);
                ++runs;
                REQUIRE(!r);
                CHECK((r.error() == errc::connection_reset || r.error() == errc::http_body_truncated || r.error() == errc::http_malformed));
            }
    cut_path.clear();
    CHECK(registry.inspect(ref)); // and the client still works
    WARN(runs << " cut answers, none taken for complete");
}
