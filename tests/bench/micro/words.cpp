// SPDX-License-Identifier: BSL-1.0
// References, hashes, and the head of an HTTP answer.
#include "allocations.hpp"

#include <lading/hash/constexpr_sha2.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/net/http1_reader.hpp>
#include <lading/policy/hash.hpp>
#include <lading/protocol/body.hpp>
#include <lading/reference.hpp>

namespace {

void reference(benchmark::State& state, std::string_view text) {
    bench::measure(state, text.size(), [&] {
        auto const ref = lading::reference::parse(text);
        if (!ref) state.SkipWithError("not parsed");
        benchmark::DoNotOptimize(&ref);
    });
}
BENCHMARK_CAPTURE(reference, short_name, "debian")->Name("reference/short");
BENCHMARK_CAPTURE(reference, full_name, "registry.example.com:5000/team/project/app:v1.2.3")->Name("reference/full");
BENCHMARK_CAPTURE(reference, digest,
                  "quay.io/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    ->Name("reference/digest");

template <class Hash>
void sha256(benchmark::State& state) {
    std::string const text(static_cast<std::size_t>(state.range(0)), 'x');
    bench::measure(state, text.size(), [&] {
        auto const digest = lading::digest_of<Hash>(text);
        benchmark::DoNotOptimize(&digest);
    });
}
BENCHMARK(sha256<lading::openssl_hash>)->Arg(1 << 10)->Arg(1 << 20)->ArgName("bytes")->Name("sha256/openssl");
BENCHMARK(sha256<lading::constexpr_sha2>)->Arg(1 << 10)->Arg(1 << 20)->ArgName("bytes")->Name("sha256/constexpr");

/// An answer as docker-registry sends it, with a small body: the bytes are those of the head.
void head(benchmark::State& state) {
    std::string const head = "HTTP/1.1 200 OK\r\n"
                             "Content-Length: 2\r\n"
                             "Content-Type: application/vnd.docker.distribution.manifest.v2+json\r\n"
                             "Docker-Content-Digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\r\n"
                             "Docker-Distribution-Api-Version: registry/2.0\r\n"
                             "Etag: \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"\r\n"
                             "X-Content-Type-Options: nosniff\r\n"
                             "Date: Mon, 06 May 2024 07:08:09 GMT\r\n\r\n";
    auto const answer = head + "{}";
    lading::limits const bounds;
    std::string const url = "http://registry.example/v2/team/app/manifests/v1";
    bench::measure(state, head.size(), [&] {
        lading::response_body body(1024, bounds);
        lading::detail::http1_reader reader(bounds, body, url, false);
        auto const over = reader.feed(answer);
        if (!over || !over.value()) state.SkipWithError("not read");
        auto const response = reader.take_head();
        benchmark::DoNotOptimize(&response);
    });
}
BENCHMARK(head)->Name("http/head");

} // namespace
