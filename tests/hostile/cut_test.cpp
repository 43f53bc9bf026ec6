// SPDX-License-Identifier: BSL-1.0
// Answers cut at every byte, over sockets (grind/prefix_test.cpp does more of them, in memory).
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/byte_server.hpp>

#include "../support/documents.hpp"

#include <cstdio>
#include <map>
#include <string>

namespace cut_test {

using namespace lading;
using ending = testing::byte_answer::ending;

TEST_CASE("answers cut at every byte are never complete", "[G3]") {
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
                          }() +
                          "\r\n" + test::config_bytes.substr(64) + "\r\n0\r\n\r\n"}};
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

} // namespace cut_test
