// SPDX-License-Identifier: BSL-1.0
// bench_blob HOST:PORT REPOSITORY DIGEST SIZE: fetches and verifies one blob over plain http, and keeps nothing of it.
#include <lading/lading.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {
struct null_sink final : lading::blob_sink {
    lading::result<void> begin() override { return lading::success(); }
    lading::result<void> write(std::span<std::byte const>) override { return lading::success(); }
    lading::result<void> commit() override { return lading::success(); }
    void discard() noexcept override {}
};

lading::result<void> fetch(std::string const& host, std::string const& name, std::string const& digest, std::int64_t size) {
    lading::client registry{lading::client_options().with_plaintext(host).with_timeout(std::chrono::minutes(10))};
    LADING_TRY(auto const ref, lading::reference::parse(host + '/' + name));
    LADING_TRY(auto const wanted, lading::digest::parse(digest));
    null_sink nowhere;
    LADING_TRY_V(registry.blob(ref.repository(), lading::descriptor("application/octet-stream", wanted, size), nowhere));
    return lading::success();
}
} // namespace

int main(int argc, char** argv) {
    if (argc != 5) return std::fputs("usage: bench_blob HOST:PORT REPOSITORY DIGEST SIZE\n", stderr), 2;
    auto const fetched = fetch(argv[1], argv[2], argv[3], std::atoll(argv[4]));
    if (!fetched) return std::fprintf(stderr, "bench_blob: %s\n", fetched.error().message().c_str()), 1;
    return 0;
}
