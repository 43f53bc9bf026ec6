// SPDX-License-Identifier: BSL-1.0
// doc/threats.md H, L and D: what a peer may send, as bytes over loopback sockets, against a whole client.
#include "peer.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace peer_test {

using namespace lading;
using test::chunked_head, test::ok, test::padded, test::peer;
using testing::byte_answer;
using testing::byte_server;
using ending = byte_answer::ending;

TEST_CASE("endless informational answers", "[H05]") {
    byte_answer hints("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n", ending::close);
    hints.endless = hints.bytes.size();
    CHECK(peer().manifest(hints) == errc::http_too_many_informational);
    std::string five;
    for (int i = 0; i < 5; ++i) five += hints.bytes;
    CHECK(peer().manifest(five + ok(test::schema2())) == errc::ok);
}

TEST_CASE("a body that may not be there is not the next answer", "[H06]") {
    CHECK(peer().manifest({"HTTP/1.1 204 None\r\nContent-Length: 500\r\n\r\n" + std::string(500, 'x')}) == errc::http_unexpected_status);
    CHECK(peer().manifest({"HTTP/1.1 304 Same\r\nContent-Length: 500\r\n\r\n" + std::string(500, 'x')}) == errc::http_unexpected_status);
}

TEST_CASE("a second answer that nobody asked for", "[H07]") {
    peer p;
    auto const evil = ok(test::schema2("{}"));
    CHECK(p.manifest(ok(test::schema2()) + evil) == errc::ok); // the config is asked over another connection
    CHECK(p.with_client([](auto& registry, auto const& ref, auto& server) {
        auto const one = registry.manifest(ref), two = registry.manifest(ref);
        CHECK(server.accepted() == 2);
        return one && two && one.value().bytes == two.value().bytes;
    }));
}

TEST_CASE("bytes on an idle connection", "[H08]") {
    peer p;
    byte_answer a(ok(test::schema2()));
    a.dependent = ok(test::schema2("{}"));
    p.on("/v2/r/manifests/1", a);
    CHECK(p.with_client([](auto& registry, auto const& ref, auto& server) {
        auto const one = registry.manifest(ref);
        std::this_thread::sleep_for(std::chrono::milliseconds(500)); // a moment after the answer
        auto const two = registry.manifest(ref);
        CHECK(server.accepted() == 2); // dropped on acquire
        return one && two && one.value().bytes == two.value().bytes;
    }));
}

TEST_CASE("closed before the first byte", "[H33]") {
    CHECK(peer().manifest({"", ending::close}) == errc::connection_reset);
    CHECK(peer().manifest({"", ending::reset}) == errc::connection_reset);
    peer p; // a kept one may have been closed meanwhile: once more, silently
    p.on("/v2/r/manifests/1", {ok(test::schema2()), ending::close});
    CHECK(p.with_client([](auto& registry, auto const& ref, auto& server) {
        bool const one = registry.manifest(ref).has_value();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        bool const two = registry.manifest(ref).has_value();
        CHECK(server.requests().size() == 2);
        return one && two;
    }));
}

TEST_CASE("an answer to the end of the connection", "[H35]") {
    CHECK(peer().manifest({"HTTP/1.1 200 OK\r\n\r\n" + test::schema2(), ending::close}) == errc::ok);
    auto const text = test::schema2();
    CHECK(peer().manifest({"HTTP/1.1 200 OK\r\n\r\n" + text.substr(0, text.size() - 1), ending::close}) == errc::json_syntax);
}

TEST_CASE("manifests about the limit", "[L01][L02][L03]") {
    constexpr std::size_t limit = 4u << 20;
    CHECK(peer().manifest({ok(padded(test::schema2(), limit))}) == errc::ok);
    CHECK(peer().manifest({ok(padded(test::schema2(), limit + 1))}) == errc::body_too_large);
    CHECK(peer().manifest({"HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n", ending::hang}) == errc::body_too_large); // unread
    byte_answer endless(chunked_head() + "1000\r\n" + std::string(0x1000, ' ') + "\r\n", ending::close);
    endless.endless = 0x1000 + 8;
    CHECK(peer().manifest(endless) == errc::body_too_large);
}

TEST_CASE("token answers without end", "[L04]") {
    peer p;
    byte_server tokens([](std::string const&) {
        byte_answer a("HTTP/1.1 200 OK\r\n\r\n{\"token\":\"" + std::string(4096, 'x'), ending::close);
        a.endless = 4096;
        return a;
    });
    p.on("/v2/r/manifests/1", "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"http://127.0.0.1:" + std::to_string(tokens.port()) +
                                  "/token\",service=\"s\"\r\nContent-Length: 0\r\n\r\n");
    CHECK(p.inspect() == errc::auth_token_too_large);
    CHECK(tokens.requests().size() == 1);
}

TEST_CASE("error bodies without end keep their status", "[L05]") {
    peer p;
    byte_answer error("HTTP/1.1 500 Broken\r\n\r\n" + std::string(4096, 'e'), ending::close);
    error.endless = 4096;
    p.on("/v2/r/manifests/1", error);
    p.with_client([](auto& registry, auto const& ref, auto&) {
        auto const r = registry.manifest(ref);
        REQUIRE(!r);
        CHECK(r.error().http_status() == 500);
        CHECK(r.error().message().size() < 8192);
        return 0;
    });
}

TEST_CASE("tag lists and configs without end", "[L06][L07]") {
    byte_answer list("HTTP/1.1 200 OK\r\n\r\n{\"tags\":[" + std::string(4096, ' '), ending::close);
    list.endless = 4096;
    peer p;
    p.options.bounds.tag_page_bytes = 1 << 20; // which is read long before the server's patience ends
    p.on("/v2/r/tags/list?n=1000", list);
    p.with_client([](auto& registry, auto const& ref, auto&) {
        CHECK(registry.tags(ref.repository()).error() == errc::body_too_large);
        return 0;
    });
    byte_answer config("HTTP/1.1 200 OK\r\n\r\n" + test::config_bytes + std::string(4096, ' '), ending::close);
    config.endless = 4096;
    peer q;
    q.on("/v2/r/blobs/" + test::digest_of(test::config_bytes), config);
    CHECK(q.inspect() == errc::size_mismatch);
}

TEST_CASE("a tag list of 120,000 names in a page of 5.7 MB, with 7,000 manifests beside it", "[W45]") {
    std::string page = R"({"child":[],"manifest":{)";
    for (int i = 0; i < 7000; ++i)
        page += (i ? "," : "") + ("\"sha256:" + std::string(60, 'a') + std::to_string(1000 + i)) + R"(":{"imageSizeBytes":"1","tag":["t"],"timeUploadedMs":"2"})";
    page += R"(},"name":"r","tags":[)";
    for (int i = 0; i < 120'000; ++i) page += (i ? ",\"" : "\"") + std::string("v1.2.3-branch-of-somebody.with-a.") + std::to_string(i) + '"';
    page += "]}";
    CHECK(page.size() > 5'700'000);
    peer p;
    p.on("/v2/r/tags/list?n=1000", ok(page));
    p.with_client([&](auto& registry, auto const& ref, auto&) {
        auto const got = registry.tags(ref.repository()).value();
        CHECK(got.state == tags_state::complete);
        CHECK(got.values.size() == 120'000);
        return 0;
    });
    peer cut; // W47: the connection ends within a name: what was complete is kept
    cut.on("/v2/r/tags/list?n=1000", {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(page.size()) + "\r\n\r\n" + page.substr(0, page.size() - 20), ending::close});
    cut.with_client([&](auto& registry, auto const& ref, auto&) {
        auto const got = registry.tags(ref.repository()).value();
        CHECK(got.state == tags_state::truncated);
        CHECK(got.failure == errc::http_body_truncated);
        CHECK(got.values.size() == 119'999);
        return 0;
    });
}

TEST_CASE("pages and nothing over a socket, with their status and their words", "[W52]") {
    std::string const html = "<html><title>Corp sign-in</title></html>";
    auto const message = [](peer& p, bool tags = false) {
        return p.with_client([&](auto& registry, auto const& ref, auto&) {
            if (tags) return registry.tags(ref.repository()).error().message();
            return registry.inspect(ref).error().message();
        });
    };
    peer page, nothing, refused, config, list, by_digest, ping;
    page.on("/v2/r/manifests/1", ok(html, "Content-Type: text/html; charset=utf-8\r\n"));
    CHECK(message(page).find("not_a_registry: the server does not behave like a v2 registry: the answer is a web page (text/html), not a manifest; status 200; the answer says: Corp sign-in") == 0);
    nothing.on("/v2/r/manifests/1", ok(""));
    CHECK(message(nothing).find("the answer is empty, not a manifest") != std::string::npos);
    refused.on("/v2/r/manifests/1", "HTTP/1.1 403 No\r\nContent-Length: " + std::to_string(html.size()) + "\r\n\r\n" + html);
    CHECK(message(refused).find("denied: the registry denies access; status 403; the answer says: Corp sign-in") == 0);
    config.on("/v2/r/blobs/" + test::digest_of(test::config_bytes), ok(html, "Content-Type: text/html\r\n"));
    CHECK(message(config).find("size_mismatch") == 0);
    CHECK(message(config).find("the answer is a web page (text/html), not the blob") != std::string::npos);
    list.on("/v2/r/tags/list?n=1000", ok(html, "Content-Type: text/html\r\n"));
    CHECK(message(list, true).find("the answer is a web page (text/html), not a tag list; status 200; the answer says: Corp sign-in") != std::string::npos);
    auto const wanted = test::digest_of(test::schema2());
    by_digest.on("/v2/r/manifests/" + wanted, ok(html, "Content-Type: text/html\r\n"));
    by_digest.on("/v2/r/manifests/" + test::digest_of("x"), ok(""));
    by_digest.with_client([&](auto& registry, auto const& ref, auto&) {
        auto const of = [&](std::string const& d) { return registry.manifest(reference::parse(ref.repository().str() + '@' + d).value()).error(); };
        CHECK(of(wanted) == errc::not_a_registry);
        CHECK(of(wanted).message().find("web page") != std::string::npos);
        CHECK(of(test::digest_of("x")).message().find("the answer is empty, not a manifest") != std::string::npos);
        return 0;
    });
    ping.on("/v2/", ok(html, "Content-Type: text/html\r\n"));
    ping.with_client([](auto& registry, auto const& ref, auto&) {
        auto const text = registry.ping(ref.repository()).error().message();
        CHECK(text.find("the answer is a web page (text/html)") != std::string::npos);
        CHECK(text.find("next endpoint") == std::string::npos); // W53
        return 0;
    });
}

TEST_CASE("a blob longer than its descriptor", "[L08]") {
    peer p;
    auto const d = digest::parse(test::digest_of(test::layer_bytes)).value();
    byte_answer more("HTTP/1.1 200 OK\r\n\r\n" + test::layer_bytes + std::string(4096, 'x'), ending::close);
    more.endless = 4096;
    p.on("/v2/r/blobs/" + d.str(), more);
    p.with_client([&](auto& registry, auto const& ref, auto&) {
        memory_sink sink(1 << 20);
        descriptor const what("application/octet-stream", d, static_cast<std::int64_t>(test::layer_bytes.size()));
        auto const r = registry.blob(ref, what, sink);
        CHECK(r.error() == errc::size_mismatch);
        CHECK(sink.bytes().empty());
        return 0;
    });
}

TEST_CASE("a length that nobody can keep", "[L10]") {
    CHECK(peer().manifest({"HTTP/1.1 200 OK\r\nContent-Length: 4611686018427387904\r\n\r\n0123456789", ending::close}) == errc::body_too_large);
}

TEST_CASE("peer: slow peers", "[L11][L12][L13]") {
    byte_answer slow(ok(test::schema2()), ending::keep, 1);
    slow.pause = std::chrono::milliseconds(100); // the head takes longer than the limit for it
    peer p;
    CHECK(p.hurried(&limits::header).manifest(slow) == errc::timeout_header);
    CHECK(p.took < std::chrono::seconds(10)); // all of it takes longer
    peer silent;
    CHECK(silent.hurried(&limits::header).manifest({"", ending::hang}) == errc::timeout_header);
    peer stalled;
    CHECK(stalled.hurried(&limits::idle).manifest({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", ending::hang}) == errc::timeout_body);
    peer drip;
    drip.options.bounds.pace = std::chrono::milliseconds(200);
    drip.options.bounds.pace_bytes = 1000;
    byte_answer drops(chunked_head() + "fff\r\n" + std::string(1000, ' '), ending::hang, 1);
    drops.pause = std::chrono::milliseconds(3);
    CHECK(drip.manifest(drops) == errc::too_slow);
}

TEST_CASE("indexes in indexes", "[L18]") {
    peer p;
    std::string inner = test::oci();
    p.on("/v2/r/manifests/" + test::digest_of(inner), ok(inner));
    auto type = std::string(media_types::oci_manifest);
    for (int depth = 1; depth <= 9; ++depth) {
        inner = test::index(test::entry(type, inner, R"(,"platform":{"os":"linux","architecture":"amd64"})"));
        type = media_types::oci_index;
        p.on("/v2/r/manifests/" + test::digest_of(inner), ok(inner));
        p.on("/v2/r/manifests/1", ok(inner));
        INFO(depth);
        CHECK(p.inspect() == (depth <= 8 ? errc::ok : errc::walk_limit));
    }
}

TEST_CASE("the type is decided from the bytes", "[D11]") {
    for (char const* type : {"", "text/html", "application/json", "text/plain", "application/octet-stream"}) {
        INFO(type);
        CHECK(peer().manifest({ok(test::schema2(), *type ? "Content-Type: " + std::string(type) + "\r\n" : "")}) == errc::ok);
        CHECK(peer().manifest({ok(R"({"x":1})", *type ? "Content-Type: " + std::string(type) + "\r\n" : "")}) == errc::media_type_unknown);
    }
}

TEST_CASE("the config of an unknown type is never read as JSON", "[D15]") {
    peer p;
    std::string const bomb(3'000, '[');
    p.on("/v2/r/manifests/1", ok(test::oci("", bomb, "application/vnd.example.unknown")));
    p.on("/v2/r/blobs/" + test::digest_of(bomb), ok(bomb));
    CHECK(p.inspect() == errc::ok);
}

TEST_CASE("a schema1 answer by digest counts by its bytes", "[S11]") {
    peer p;
    auto const wanted = digest::parse(test::digest_of("the real one")).value();
    p.on("/v2/r/manifests/" + wanted.str(),
         ok(R"({"schemaVersion":1,"name":"r","tag":"1","architecture":"amd64","fsLayers":[],"history":[]})",
            "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\nDocker-Content-Digest: " + wanted.str() + "\r\n"));
    p.with_client([&](auto& registry, auto const& ref, auto&) {
        auto const r = registry.manifest(ref.with_digest(wanted));
        REQUIRE(!r);
        CHECK((r.error() == errc::digest_mismatch || r.error() == errc::schema1_format));
        return 0;
    });
}

TEST_CASE("tags that are no tags", "[J14]") {
    peer p;
    p.on("/v2/r/tags/list?n=1000", ok(R"({"name":"r","tags":["../x","a\r\nb","1"]})"));
    p.with_client([](auto& registry, auto const& ref, auto&) {
        auto const r = registry.tags(ref.repository());
        if (r)
            for (auto const& t : r.value().values)
                if (t != "1") CHECK(!reference::parse("127.0.0.1:1/r:" + t)); // data: no request can be made of it
        return 0;
    });
}

TEST_CASE("a sink that fails at every byte in turn", "[K03]") {
    struct failing final : blob_sink {
        explicit failing(std::size_t n) : at(n) {}
        result<void> begin() override { return at == 0 ? result<void>(error(errc::sink_failed)) : result<void>(success()); }
        result<void> write(std::span<std::byte const> p) override {
            total += p.size();
            return total >= at ? result<void>(error(errc::sink_failed).with_context("ENOSPC")) : result<void>(success());
        }
        result<void> commit() override { return committed = true, success(); }
        void discard() noexcept override { discarded = true; }
        std::size_t at, total = 0;
        bool committed = false, discarded = false;
    };
    peer p;
    auto const d = digest::parse(test::digest_of(test::layer_bytes)).value();
    p.on("/v2/r/blobs/" + d.str(), {ok(test::layer_bytes), ending::keep, 1});
    p.with_client([&](auto& registry, auto const& ref, auto&) {
        descriptor const what("application/octet-stream", d, static_cast<std::int64_t>(test::layer_bytes.size()));
        for (std::size_t n = 0; n <= test::layer_bytes.size(); ++n) {
            INFO(n);
            failing sink(n);
            CHECK(registry.blob(ref, what, sink).error() == errc::sink_failed);
            CHECK(!sink.committed);
            CHECK(sink.discarded);
        }
        failing good(test::layer_bytes.size() + 1);
        CHECK(registry.blob(ref, what, good));
        return good.committed;
    });
}

} // namespace peer_test
