// SPDX-License-Identifier: BSL-1.0
// bench_copy FROM TO [LANES]: an image; each is HOST:PORT/NAME:TAG, over plain http, or oci:FOLDER:NAME.
// bench_copy --many N FROM TO: the images tagged t0 to t(N-1) of a repository, HOST:PORT/NAME, to another.
#include <lading/bulk/copy.hpp>
#include <lading/lading.hpp>
#include <lading/store/oci_layout.hpp>
#include <lading/store/registry_repository.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {
using repository_store = lading::registry_repository<lading::client>;

lading::result<void> done(lading::result<lading::copy_summary> const& r) {
    if (!r) return r.error();
    return lading::success();
}

lading::result<void> one(lading::client& registry, std::string_view from, std::string const& to, std::size_t lanes) {
    auto const options = lading::copy_options().with_lanes(lanes);
    LADING_TRY(auto const target, lading::reference::parse(to));
    repository_store sink(registry, target.repository());
    auto const sent_as = target.target();
    if (from.starts_with("oci:")) {
        from.remove_prefix(4);
        auto const colon = from.find(':');
        LADING_TRY(auto layout, lading::oci_layout::open(std::string(from.substr(0, colon))));
        return done(lading::copy(layout, from.substr(colon + 1), sink, sent_as, options));
    }
    LADING_TRY(auto const source, lading::reference::parse(from));
    repository_store store(registry, source.repository());
    return done(lading::copy(store, source.target(), sink, sent_as, options));
}

lading::result<void> many(lading::client& registry, std::string const& from, std::string const& to, int n) {
    LADING_TRY(auto const source, lading::repository::parse(from));
    LADING_TRY(auto const target, lading::repository::parse(to));
    repository_store store(registry, source), sink(registry, target);
    for (int i = 0; i < n; ++i) {
        auto const tag = "t" + std::to_string(i);
        LADING_TRY_V(lading::copy(store, tag, sink, tag));
    }
    return lading::success();
}

std::string host_of(std::string const& name) { return name.substr(0, name.find('/')); }
} // namespace

int main(int argc, char** argv) {
    bool const several = argc == 5 && argv[1] == std::string_view("--many");
    if (!several && argc != 3 && argc != 4) return std::fputs("usage: bench_copy [--many N] FROM TO [LANES]\n", stderr), 2;
    std::string const from = argv[several ? 3 : 1], to = argv[several ? 4 : 2];
    lading::client_options options;
    options.with_plaintext(host_of(to));
    if (!from.starts_with("oci:")) options.with_plaintext(host_of(from));
    lading::client registry(options);
    auto const r = several ? many(registry, from, to, std::atoi(argv[2])) : one(registry, from, to, argc == 4 ? static_cast<std::size_t>(std::atoi(argv[3])) : 4);
    if (!r) return std::fprintf(stderr, "bench_copy: %s\n", r.error().message().c_str()), 1;
    return 0;
}
