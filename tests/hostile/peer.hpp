// SPDX-License-Identifier: BSL-1.0
#pragma once

/// A peer that answers with given bytes over a loopback socket, and a client that asks it.

#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>

#include "../support/documents.hpp"

#include <chrono>
#include <map>
#include <string>

namespace test {

using lading::testing::byte_answer;
using lading::testing::byte_server;

inline std::string ok(std::string_view body, std::string_view more = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" + std::string(body);
}
inline std::string chunked_head() { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"; }

/// A peer that serves one image, except where a test says otherwise; and a client that asks it.
struct peer {
    std::map<std::string, byte_answer, std::less<>> answers;
    lading::client_options options;
    lading::network_options network;
    std::chrono::milliseconds took{};

    peer() {
        options.with_retry(lading::retry_rules(1)).with_timeout(std::chrono::seconds(60));
        on("/v2/r/manifests/1", ok(schema2()));
        on("/v2/r/blobs/" + digest_of(config_bytes), ok(config_bytes));
        on("/v2/r/manifests/good", ok(oci()));
        on("/v2/r/tags/list?n=1000", ok(R"({"name":"r","tags":["1"]})"));
    }
    /// With a limit that a peer which is silent or slow reaches soon.
    peer& hurried(std::chrono::milliseconds lading::limits::* limit) { return options.bounds.*limit = std::chrono::seconds(1), *this; }
    peer& on(std::string target, byte_answer a) { return answers.insert_or_assign(std::move(target), std::move(a)), *this; }

    byte_answer answer(std::string const& q) {
        auto const from = q.find(' ') + 1;
        auto const found = answers.find(q.substr(from, q.find(' ', from) - from));
        return found == answers.end() ? byte_answer("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") : found->second;
    }
    template <class F>
    auto with_client(F f) {
        byte_server server([this](std::string const& q) { return answer(q); });
        auto const host = "127.0.0.1:" + std::to_string(server.port());
        auto o = options;
        lading::client registry(lading::asio_sync_transport(network, o.bounds), o.with_plaintext(host));
        auto const began = std::chrono::steady_clock::now();
        auto out = f(registry, lading::reference::parse(host + "/r:1").value(), server);
        took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        return out;
    }
    /// The code of an inspection; then the client must still work (U7).
    lading::errc inspect(bool tags = false) {
        return with_client([&](auto& registry, auto const& ref, auto&) {
            auto const r = registry.inspect(ref, lading::inspect_options().with_tags(tags).with_platform(lading::platform_choice::any()));
            auto const again = registry.manifest(lading::reference::parse(ref.repository().str() + ":good").value());
            CHECK(again.has_value());
            if (!r) INFO(r.error().message());
            return r ? lading::errc::ok : r.error().kind();
        });
    }
    /// The code of the manifest's request alone.
    lading::errc manifest(byte_answer a) { return on("/v2/r/manifests/1", std::move(a)).inspect(); }
};

inline std::string padded(std::string text, std::size_t size) { return text.append(size - text.size(), ' '); }

} // namespace test
