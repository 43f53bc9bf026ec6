// SPDX-License-Identifier: BSL-1.0
// bench_pull HOST:PORT/NAME:TAG FOLDER [LANES]: an image into the layout FOLDER, over plain http.
// bench_pull --many N HOST:PORT/NAME FOLDER: the images tagged t0 to t(N-1) into one layout.
#include <lading/bulk/pull.hpp>
#include <lading/lading.hpp>
#include <lading/store/oci_layout.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {
lading::client client_for(lading::reference const& ref) {
    return lading::client(lading::client_options().with_plaintext(std::string(ref.repository().host())));
}
lading::result<void> one(std::string const& name, std::string const& folder, std::size_t lanes) {
    LADING_TRY(auto const ref, lading::reference::parse(name));
    auto registry = client_for(ref);
    LADING_TRY(auto to, lading::oci_layout::create(folder));
    LADING_TRY_V(registry.pull(ref, to, lading::copy_options().with_lanes(lanes)));
    return lading::success();
}
lading::result<void> many(std::string const& name, std::string const& folder, int n) {
    LADING_TRY(auto const first, lading::reference::parse(name));
    auto registry = client_for(first);
    LADING_TRY(auto to, lading::oci_layout::create(folder, lading::layout_options().with_entries(65'536)));
    auto names = to.hold_names();
    for (int i = 0; i < n; ++i) {
        LADING_TRY(auto const ref, lading::reference::parse(name + ":t" + std::to_string(i)));
        LADING_TRY_V(registry.pull(ref, to));
    }
    return names.write();
}
} // namespace

int main(int argc, char** argv) {
    bool const several = argc == 5 && argv[1] == std::string_view("--many");
    if (!several && argc != 3 && argc != 4) return std::fputs("usage: bench_pull [--many N] HOST:PORT/NAME[:TAG] FOLDER [LANES]\n", stderr), 2;
    auto const done = several ? many(argv[3], argv[4], std::atoi(argv[2])) : one(argv[1], argv[2], argc == 4 ? static_cast<std::size_t>(std::atoi(argv[3])) : 4);
    if (!done) return std::fprintf(stderr, "bench_pull: %s\n", done.error().message().c_str()), 1;
    return 0;
}
