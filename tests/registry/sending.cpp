// SPDX-License-Identifier: BSL-1.0
// sending [HOST:PORT]: pushes, copies and removes at a registry there, or at the embedded one, whose requests it prints then: the method and
// target of each and every header, with what is different each time left out. sending.py compares.
// sending HOST:PORT race NAME COUNT: pushes so many referrers to the image that `run` has left at "r:v1", each called NAME and a number; prints what
// is missing in the list then, if the call says so.
#include <lading/bulk/copy.hpp>
#include <lading/bulk/remove_with_referrers.hpp>
#include <lading/lading.hpp>
#include <lading/store/registry_repository.hpp>
#include <lading/testing/registry.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

using namespace lading;

namespace {

int failed = 0;
std::string const image_type = "application/vnd.oci.image.manifest.v1+json";

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

std::string referrer(descriptor const& subject, std::string const& name) {
    return R"({"schemaVersion":2,"mediaType":")" + image_type + R"(","artifactType":"application/vnd.example.sig","config":)" + entry("application/vnd.oci.empty.v1+json", "{}") + R"(,"layers":[)" +
           entry("application/vnd.oci.empty.v1+json", "{}") + R"(],"subject":{"mediaType":")" + image_type + R"(","digest":")" + subject.digest.str() + R"(","size":)" + std::to_string(subject.size) +
           R"(},"annotations":{"name":")" + name + "\"}}";
}

void race(std::string const& host, std::string const& name, int count) {
    client registry{client_options().with_plaintext(host).with_timeout(std::chrono::minutes(10))};
    auto const subject = registry.find(reference::parse(host + "/r:v1").value());
    if (!subject || !subject.value()) return expect("race: the image", subject), (void)++failed;
    std::map<std::string, std::string> called;
    for (int i = 0; i < count; ++i) {
        auto const bytes = referrer(*subject.value(), name + '-' + std::to_string(i));
        called[testing::sha256_digest(bytes)] = name + '-' + std::to_string(i);
        auto const done = registry.push_manifest(reference::parse(host + "/r@" + testing::sha256_digest(bytes)).value(), bytes);
        if (done) continue;
        if (done.error().kind() != errc::precondition_failed) expect("race", done);
        for (auto const& d : done.error().detail().available) std::printf("%s\n", called.contains(d) ? called[d].c_str() : d.c_str());
    }
}

void referrers(client& registry, std::string const& host) {
    auto const ref = [&](std::string const& text) { return reference::parse(host + '/' + text).value(); };
    auto const count = [&](std::string const& text, std::size_t wanted) {
        auto const list = registry.referrers(ref(text), referrers_options().with_artifact_type("application/vnd.example.sig"));
        expect("GX23: the list", list);
        if (list && list.value().values.size() != wanted) ++failed, std::fprintf(stderr, "FAILED: %s: %zu referrers\n", text.c_str(), list.value().values.size());
    };
    text_source empty("{}");
    expect("the empty config", registry.push_blob(ref("r").repository(), describe("{}"), empty));
    auto const subject = registry.find(ref("r:v1")).value().value();
    std::string const one = referrer(subject, "one"), two = referrer(subject, "two"), of_one = referrer(descriptor(image_type, describe(one).digest, static_cast<std::int64_t>(one.size())), "of one");
    for (auto const& m : {one, two, of_one}) expect("GX20: a referrer", registry.push_manifest(ref("r@" + testing::sha256_digest(m)), m));
    count("r:v1", 2);
    registry_repository<client> r(registry, ref("r").repository()), s(registry, ref("s").repository());
    auto const copied = copy(r, "v1", s, "v1", copy_options().with_lanes(1).with_signatures());
    expect("CP21, CP22: a copy with what refers to it", copied);
    if (copied && (!copied.value().complete() || copied.value().followers.size() != 3)) ++failed, std::fprintf(stderr, "FAILED: %zu followers\n", copied.value().followers.size());
    count("s:v1", 2);
    count("s@" + testing::sha256_digest(one), 1);
    expect("CP21: again", copy(r, "v1", s, "v1", copy_options().with_lanes(1).with_referrers()));
    expect("GX27: a referrer goes", registry.remove_manifest(ref("r@" + testing::sha256_digest(two))));
    count("r:v1", 1);
    auto const all = remove_with_referrers(registry, ref("s@" + subject.digest.str()));
    expect("DL10: an image and what refers to it", all);
    if (all && (!all.value().complete() || all.value().removed.size() < 4)) ++failed, std::fprintf(stderr, "FAILED: %zu removed\n", all.value().removed.size());
    count("s@" + subject.digest.str(), 0);
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
    referrers(registry, host);
    auto const listed = registry.catalog(name("r"));
    expect("DL14: the catalog", listed);
    auto const image = registry.inspect(ref("r:v1"));
    expect("what was pushed", image);
}

/// A registry that lists referrers itself.
void at_one_that_lists(std::string const& host) {
    client registry{client_options().with_plaintext(host)};
    auto const ref = reference::parse(host + "/r:v1").value();
    text_source config("{}");
    expect("a config", registry.push_blob(ref.repository(), describe("{}"), config));
    expect("a manifest", registry.push_manifest(ref, R"({"schemaVersion":2,"mediaType":")" + image_type + R"(","config":)" + entry("application/vnd.oci.empty.v1+json", "{}") + R"(,"layers":[]})"));
    referrers(registry, host);
    auto const list = registry.referrers(ref);
    if (!list || list.value().by != referrers_by::api) ++failed, std::fprintf(stderr, "FAILED: it does not list referrers\n");
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 4) return race(argv[1], argv[3], std::atoi(argv[4])), failed != 0;
    if (argc > 1) return run(argv[1]), failed != 0;
    testing::registry registry(testing::registry_options().with_writing().with_removal());
    run(registry.host());
    for (auto const& x : registry.journal()) {
        std::printf("%s %s\n", x.method.c_str(), x.target.c_str());
        for (auto const& [n, v] : x.headers) std::printf("%s: %s\n", std::string(n).c_str(), std::string(v).c_str());
        std::printf("%zu bytes < %d\n\n", x.body.size(), x.status);
    }
    testing::registry listing(testing::registry_options().with_writing().with_removal().with_personality(service::personality::spec));
    at_one_that_lists(listing.host());
    return failed != 0;
}
