// SPDX-License-Identifier: BSL-1.0
// doc/threats.md : a fault at every exchange in turn, of every kind, in every workflow, blocking and asynchronous.
// What ends a loop is a clean run: proof that every place has had its turn.
#include "../../support/documents.hpp"
#include "../../support/schema1_documents.hpp"

#include "../../support/catch.hpp"

#include <lading/client/async.hpp>
#include <lading/net/transport_failure.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fault_test {

using namespace lading;
using answer = testing::scripted_answer;

namespace {

/// Fails exchange number `at`; the facts are those of the model that ships.
struct plan {
    std::size_t at = SIZE_MAX;
    errc kind = errc::connection_reset;
    bool after_head = false; ///< the head and half of the body came
    std::string challenge; ///< with which all but the ping is refused that has no Authorization; empty: nothing is
    std::size_t n = 0;
    bool fired = false;
};

/// Models both transports.
class faulty_transport {
  public:
    faulty_transport(testing::script& s, plan& p, asio::any_io_executor e) : inner_(s), plan_(&p), executor_(std::move(e)) {}
    asio::any_io_executor get_executor() const { return executor_; }

    result<response> exchange(request const& q, body_sink& out) {
        if (plan_->n++ != plan_->at) {
            if (plan_->challenge.empty() || q.headers.find("Authorization") || q.url.ends_with("/v2/")) return inner_.exchange(q, out);
            testing::script closed;
            closed.on(q.url, testing::scripted_answer{401, "", {{"WWW-Authenticate", plan_->challenge}}});
            return testing::scripted_transport(closed).exchange(q, out);
        }
        plan_->fired = true;
        detail::exchange_progress p;
        LADING_TRY(p.target, url::parse(q.url));
        if (plan_->after_head) {
            response head(200);
            p.status = 200;
            LADING_TRY_V(out.begin(head, std::nullopt));
            LADING_TRY_V(out.write(std::as_bytes(std::span("{\"ha", 4))));
        }
        return detail::complete_failure(error(plan_->kind), q, limits(), p);
    }
    template <class Handler>
    void async_exchange(request const& q, body_sink& out, Handler handler) {
        asio::post(executor_, [handler = std::move(handler), r = exchange(q, out)]() mutable { std::move(handler)(std::move(r)); });
    }

  private:
    testing::scripted_transport inner_;
    plan* plan_;
    asio::any_io_executor executor_;
};

struct faulty : test::policies {
    using transport = faulty_transport;
};

constexpr errc kinds[] = {errc::host_not_found, errc::connection_refused, errc::connect_failed, errc::connect_timeout, errc::connection_reset,
                          errc::tls_timeout, errc::tls_handshake_failed, errc::tls_truncated, errc::timeout_header, errc::timeout_body,
                          errc::timeout_write, errc::http_body_truncated, errc::http_malformed, errc::cancelled};

/// A client under fault, and how it is called.
struct bench {
    bench(testing::script& s, plan& p, client_options o, fixed_credentials c, bool a)
        : client(faulty_transport(s, p, context.get_executor()), std::move(o), std::move(c)), async(a) {}
    asio::io_context context;
    basic_client<faulty> client;
    bool async;

    template <class T, class Start>
    result<T> wait(Start start) {
        std::optional<result<T>> out;
        std::size_t calls = 0;
        start([&](result<T> r) { ++calls, out.emplace(std::move(r)); });
        REQUIRE(calls == 0);
        context.restart();
        context.run();
        REQUIRE(calls == 1);
        return std::move(*out);
    }
};

/// What a call came to: what it gave, as text, or its error.
using verdict = result<std::string>;
using work = std::function<verdict(bench&)>;

reference const ref = reference::parse("r.test/team/app:1").value();
std::string const base = "https://r.test/v2/team/app";

verdict inspect(bench& b, inspect_options o) {
    o.with_platform(platform_choice::any());
    auto const r = b.async ? b.wait<inspection>([&](auto h) { b.client.async_inspect(ref, o, std::move(h)); }) : b.client.inspect(ref, o);
    if (!r) return r.error();
    auto const& i = r.value();
    if (i.tags.state == tags_state::complete && i.tags.values.size() != 2) return std::string("half of the tags");
    if (i.tags.state != tags_state::complete && i.tags.why.empty() && o.tags) return std::string("tags are missing without a reason");
    return i.manifest_bytes + i.chosen_bytes + i.config_bytes;
}
verdict manifest(bench& b) {
    auto const r = b.async ? b.wait<basic_manifest<default_manifests>>([&](auto h) { b.client.async_manifest(ref, std::move(h)); }) : b.client.manifest(ref);
    if (!r) return r.error();
    return r.value().bytes;
}
verdict config(bench& b) {
    auto const any = platform_choice::any();
    auto const r = b.async ? b.wait<config_document>([&](auto h) { b.client.async_config(ref, any, std::move(h)); }) : b.client.config(ref, any);
    if (!r) return r.error();
    return r.value().bytes;
}
verdict tags(bench& b) {
    auto const r = b.async ? b.wait<tag_list>([&](auto h) { b.client.async_tags(ref.repository(), std::move(h)); }) : b.client.tags(ref.repository());
    if (!r) return r.error();
    if (auto const& why = r.value().failure; why && !r.value().values.empty()) return *why; // what came before it is kept
    std::string out;
    for (auto const& t : r.value().values) out += t + ' ';
    return out;
}
verdict blob(bench& b) {
    memory_sink sink(1000);
    descriptor const what("x/y", digest::parse(test::digest_of(test::layer_bytes)).value(), static_cast<std::int64_t>(test::layer_bytes.size()));
    auto const r = b.async ? b.wait<descriptor>([&](auto h) { b.client.async_blob(ref.repository(), what, sink, std::move(h)); }) : b.client.blob(ref, what, sink);
    if (sink.bytes() != (r ? test::layer_bytes : "")) return std::string("a part of a blob");
    if (!r) return r.error();
    return sink.take();
}
verdict ping(bench& b) {
    auto const r = b.async ? b.wait<void>([&](auto h) { b.client.async_ping(ref.repository(), std::move(h)); }) : b.client.ping(ref.repository());
    if (!r) return r.error();
    return std::string("pong");
}

std::string const pushed = std::string(200'000, 'p'), pushed_image = test::oci("", pushed);

/// Blob and manifest, whole or in chunks: the outcome of a lost exchange is asked for, so that most faults do no harm.
verdict push(bench& b, std::uint64_t chunk) {
    text_source from(pushed);
    descriptor const what("x/y", digest::parse(test::digest_of(pushed)).value(), static_cast<std::int64_t>(pushed.size()));
    auto const sent = b.client.push_blob(ref.repository(), what, from, push_options().with_chunks(chunk));
    if (!sent) return sent.error();
    auto const put = b.client.push_manifest(reference::parse("r.test/team/app:pushed").value(), pushed_image);
    if (!put) return put.error();
    return sent.value().what.digest.str() + put.value().self.digest.str();
}

struct called {
    char const* name;
    work call;
    bool writes = false;
};
called const calls[] = {
    {"inspect", [](bench& b) { return inspect(b, {}); }},
    {"inspect with tags", [](bench& b) { return inspect(b, inspect_options().with_tags()); }},
    {"manifest", manifest},
    {"config", config},
    {"tags", tags},
    {"blob", blob},
    {"ping", ping},
    {"push", [](bench& b) { return push(b, 0); }, true},
    {"push in chunks", [](bench& b) { return push(b, 64u << 10); }, true},
};

/// What a registry serves, and how a client comes to it.
struct scene {
    std::string name;
    testing::script script;
    client_options options;
    fixed_credentials secret;
    std::string challenge{};
    bool takes = false; ///< what is pushed
};

/// A registry at `at` whose tag 1 is `document`, and everything that it leads to.
void serve(testing::script& s, std::string const& at, std::string const& document) {
    auto const oci = test::oci(), schema2 = test::schema2();
    auto const inner = test::index(test::entry(media_types::oci_manifest, oci, test::on("linux", "amd64")));
    for (auto const& known : {oci, schema2, inner}) s.on(at + "/manifests/" + test::digest_of(known), answer(200, known));
    for (auto const& known : {test::config_bytes, test::layer_bytes}) s.on(at + "/blobs/" + test::digest_of(known), answer(200, known));
    s.on(at + "/manifests/1", answer(200, document));
    s.on(at + "/tags/list?n=1000", answer(200, R"({"name":"team/app","tags":["1"]})", {{"Link", "</v2/team/app/tags/list?n=1000&last=1>; rel=\"next\""}}));
    s.on(at + "/tags/list?n=1000&last=1", answer(200, R"({"name":"team/app","tags":["2"]})"));
    s.on(at.substr(0, at.find("/v2/") + 4), answer(200, "{}"));
}
/// Takes what is pushed, and forgets it: it is never there when it is asked for.
void take(testing::script& s) {
    auto const session = base + "/blobs/uploads/U", closing = "digest=sha256%3A" + test::digest_of(pushed).substr(7);
    answer const goes_on(202, "", {{"Location", "/v2/team/app/blobs/uploads/U"}});
    s.on(base + "/blobs/" + test::digest_of(pushed), answer(404)).on(base + "/blobs/uploads/", goes_on);
    s.on(session, goes_on).on(session + '?' + closing, answer(201));
    s.on(base + "/manifests/pushed", answer(201)).on(base + "/manifests/" + test::digest_of(pushed_image), answer(404));
}

/// Before each answer of the script comes a refusal, until the client is let in.
void guard(testing::script& s, std::string const& challenge) {
    for (auto& [url, list] : s.answers)
        if (!url.ends_with("/v2/")) list.insert(list.begin(), answer(401, "", {{"WWW-Authenticate", challenge}}));
}

std::vector<scene> scenes() {
    auto const oci = test::oci(), schema2 = test::schema2();
    auto const inner = test::index(test::entry(media_types::oci_manifest, oci, test::on("linux", "amd64")));
    auto const platform = test::on("linux", "amd64");
    std::vector<scene> out;
    auto add = [&](std::string name, std::string const& document) -> scene& {
        out.push_back({std::move(name), {}, {}, {}});
        serve(out.back().script, base, document);
        return out.back();
    };
    add("schema2", schema2);
    auto& plain = add("OCI", oci);
    take(plain.script);
    plain.takes = true;
    add("index in an index", test::index(test::entry(media_types::oci_index, inner)));
    add("docker list", test::index(test::entry(media_types::docker_manifest, schema2, platform), media_types::docker_list));
    add("schema1", test::sign(test::schema1_text({test::v1('b', 'a', R"(,"os":"linux")"), test::v1('a', '-')})));

    auto& bearer = add("tokens", inner);
    guard(bearer.script, "Bearer realm=\"https://r.test/token\",service=\"s\"");
    for (char const* query : {"scope=repository%3Ateam%2Fapp%3Apull&service=s", "service=s&scope=repository%3Ateam%2Fapp%3Apull", "service=s"})
        bearer.script.on(std::string("https://r.test/token?") + query, answer(200, R"({"token":"t0ken"})"));
    auto& basic = add("Basic", oci);
    basic.challenge = "Basic realm=\"r\"";
    basic.secret = fixed_credentials(credential("alice", "secret"));
    take(basic.script);
    basic.takes = true;
    auto& redirected = add("redirects", schema2);
    for (auto& [url, list] : redirected.script.answers)
        if (auto const slash = url.find("/blobs/"); slash != url.npos) list.assign(1, answer(307, "", {{"Location", "https://cdn.test" + url.substr(slash)}}));
    for (auto const& known : {test::config_bytes, test::layer_bytes}) redirected.script.on("https://cdn.test/blobs/" + test::digest_of(known), answer(200, known));
    auto& mirrored = add("a mirror", inner);
    serve(mirrored.script, "https://m.test/v2/team/app", inner);
    mirrored.options.with_mirror("r.test", mirror("m.test"));
    auto& in_the_clear = add("http allowed", schema2);
    serve(in_the_clear.script, "http://r.test/v2/team/app", schema2);
    in_the_clear.options.with_plaintext_fallback("r.test");
    return out;
}

} // namespace

TEST_CASE("a fault at every exchange in turn, of every kind, in every workflow", "[K01]") {
    std::size_t runs = 0, failed = 0, workflows = 0;
    for (auto const& s : scenes())
        for (auto const& [name, call, writes] : calls) {
            if (writes && !s.takes) continue;
            std::string whole;
            {
                auto script = s.script;
                plan none;
                none.challenge = s.challenge;
                bench b(script, none, s.options, s.secret, false);
                auto const r = call(b);
                INFO(s.name << ", " << name << (r ? "" : r.error().message()));
                REQUIRE(r);
                whole = r.value();
            }
            ++workflows;
            // Waiting for the next try takes no time only where the clock is ours.
            for (auto const& [async, tries] : {std::pair(false, 1u), std::pair(false, 3u), std::pair(true, 1u)})
                for (bool const after_head : {false, true})
                    for (errc const kind : writes&& async ? std::span<errc const>() : std::span<errc const>(kinds)) // an upload waits, whatever the rules
                        for (std::size_t at = 0;; ++at) {
                            auto script = s.script;
                            plan p;
                            p.at = at, p.kind = kind, p.after_head = after_head, p.challenge = s.challenge;
                            auto options = s.options;
                            bench b(script, p, options.with_retry(retry_rules(tries)), s.secret, async);
                            auto const first = call(b);
                            ++runs;
                            bool good = first ? first.assume_value() == whole : first.assume_error().kind() != errc::ok && !first.assume_error().message().empty();
                            if (!p.fired) {
                                good = good && first;
                            } else { // the object still works, and nothing of the failed run is left in it
                                failed += !first;
                                auto const again = call(b);
                                good = good && again && again.assume_value() == whole;
                            }
                            INFO(s.name << ", " << name << ", " << name_of(kind) << " at " << at << (async ? ", async" : "") << (after_head ? ", half a body" : ""));
                            if (!good) FAIL((first ? first.assume_value() : first.assume_error().message()));
                            REQUIRE(at < 40);
                            if (!p.fired) break;
                        }
        }
    CHECK(workflows >= 40);
    WARN(workflows << " workflows, blocking and asynchronous, " << std::size(kinds) << " kinds of fault: " << runs << " runs, " << failed << " failed, each with a type");
}

} // namespace fault_test
