// SPDX-License-Identifier: BSL-1.0
// sending [HOST:PORT]: pushes, copies and removes at a registry there, or at the embedded one, whose requests it prints then: the method and
// target of each and every header, with what is different each time left out. sending.py compares.
#include <lading/bulk/copy.hpp>
#include <lading/lading.hpp>
#include <lading/store/registry_repository.hpp>
#include <lading/testing/registry.hpp>

#include <cstdio>
#include <memory>
#include <string>

using namespace lading;

namespace {

int failed = 0;

template <class R>
void expect(char const* what, R const& r, errc wanted = errc::ok) {
    auto const code = r ? errc::ok : r.error().kind();
    if (code == wanted) return;
    ++failed;
    std::fprintf(stderr, "FAILED: %s: %s\n", what, r ? "it succeeded" : r.error().message().c_str());
}

descriptor describe(std::string const& bytes) {
    return {"application/octet-stream", digest::parse(testing::sha256_digest(bytes)).value(), static_cast<std::int64_t>(bytes.size())};
}

std::string entry(std::string const& type, std::string const& bytes) {
    return R"({"mediaType":")" + type + R"(","digest":")" + testing::sha256_digest(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
}

void run(std::string const& host) {
    client registry{client_options().with_plaintext(host)};
    auto const name = [&](std::string const& path) { return repository::parse(host + '/' + path).value(); };
    auto const ref = [&](std::string const& text) { return reference::parse(host + '/' + text).value(); };
    auto const push = [&](std::string const& path, std::string const& bytes, push_options o = {}) {
        text_source from(bytes);
        return registry.push_blob(name(path), describe(bytes), from, std::move(o));
    };
    std::string const layer(300'000, 'l'), config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
    std::string const manifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + entry("application/vnd.oci.image.config.v1+json", config) +
                                 R"(,"layers":[)" + entry("application/vnd.oci.image.layer.v1.tar", layer) + "]}";
    // G1, G2
    expect("G1: a layer", push("r", layer));
    expect("G1: a config", push("r", config));
    expect("G1: a manifest", registry.push_manifest(ref("r:v1"), manifest));
    auto const again = registry.push_manifest(ref("r:v1"), manifest, manifest_push_options().with_skip_unchanged());
    expect("G2: again", again);
    // G3
    registry_repository<client> r(registry, name("r")), q(registry, name("q"));
    expect("G3: to another repository", copy(r, "v1", q, "v1", copy_options().with_lanes(1)));
    expect("G3: again", copy(r, "v1", q, "v1"));
    // G4: a mount that the registry answers with a session
    expect("G4: from a repository that lacks it", push("q", "only here", push_options().with_mount_from("r")));
    // G5
    std::string const large(std::size_t(40) << 20, 'c');
    expect("G5: chunks", push("r", large, push_options().with_chunks(16 << 20)));
    // PU08, PU68, SF54
    expect("an empty blob", push("r", ""));
    text_source stream(std::string(3'000'000, 's'));
    expect("a stream", registry.push_stream(name("r"), stream, push_options().with_chunks(1 << 20)));
    // PU65: nothing of it is there afterwards
    text_source other("these are not the bytes");
    expect("other bytes", registry.push_blob(name("r"), descriptor("x/y", describe("those are what was announced").digest, 23), other), errc::source_changed);
    // GX19, PU74, GX24, GX26, catalog
    expect("GX19: a second tag", registry.push_manifest(ref("r:v2"), manifest));
    expect("PU74: a manifest whose layer is not there", registry.push_manifest(ref("nothing:v1"), manifest), errc::manifest_blob_unknown);
    expect("GX24: a tag", registry.remove_tag(ref("r:v2")), errc::unsupported_by_registry);
    expect("GX26: a manifest", registry.remove_manifest(ref("q@" + testing::sha256_digest(manifest))));
    expect("DL05: again", registry.remove_manifest(ref("q@" + testing::sha256_digest(manifest))), errc::manifest_unknown);
    expect("DL11: a blob", registry.remove_blob(name("r"), describe(large).digest));
    auto const listed = registry.catalog(name("r"));
    expect("DL14: the catalog", listed);
    auto const image = registry.inspect(ref("r:v1"));
    expect("what was pushed", image);
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1) return run(argv[1]), failed != 0;
    testing::registry registry(testing::registry_options().with_writing().with_removal());
    run(registry.host());
    for (auto const& x : registry.journal()) {
        std::printf("%s %s\n", x.method.c_str(), x.target.c_str());
        for (auto const& [n, v] : x.headers) std::printf("%s: %s\n", std::string(n).c_str(), std::string(v).c_str());
        std::printf("%zu bytes < %d\n\n", x.body.size(), x.status);
    }
    return failed != 0;
}
