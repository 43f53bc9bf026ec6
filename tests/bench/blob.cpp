// SPDX-License-Identifier: BSL-1.0
// bench_blob HOST:PORT REPOSITORY DIGEST SIZE [FILE]: fetches and verifies one blob over plain http, and keeps nothing of it, or
// FILE, which it goes on with where an earlier run has left it. What happens is said on stderr: state and bytes.
#include <lading/lading.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {
void tell(lading::transfer_event const& e) {
    char const* const names[] = {"started", "resumed", "running", "retrying", "done", "skipped", "failed"};
    if (e.state != lading::transfer_state::running)
        std::fprintf(stderr, "%s %llu\n", names[static_cast<std::size_t>(e.state)], static_cast<unsigned long long>(e.bytes));
}

lading::result<void> fetch(std::string const& host, std::string const& name, std::string const& digest, std::int64_t size, char const* file) {
    lading::client registry{lading::client_options().with_plaintext(host).with_timeout(std::chrono::minutes(10))};
    LADING_TRY(auto const ref, lading::reference::parse(host + '/' + name));
    LADING_TRY(auto const wanted, lading::digest::parse(digest));
    lading::descriptor const what("application/octet-stream", wanted, size);
    if (file) {
        lading::file_sink out(file);
        LADING_TRY_V(registry.blob(ref.repository(), what, out, lading::blob_options().with_observer(tell)));
        return lading::success();
    }
    lading::null_sink nowhere;
    LADING_TRY_V(registry.blob(ref.repository(), what, nowhere));
    return lading::success();
}
} // namespace

int main(int argc, char** argv) {
    if (argc != 5 && argc != 6) return std::fputs("usage: bench_blob HOST:PORT REPOSITORY DIGEST SIZE [FILE]\n", stderr), 2;
    auto const fetched = fetch(argv[1], argv[2], argv[3], std::atoll(argv[4]), argc == 6 ? argv[5] : nullptr);
    if (!fetched) return std::fprintf(stderr, "bench_blob: %s\n", fetched.error().message().c_str()), 1;
    return 0;
}
