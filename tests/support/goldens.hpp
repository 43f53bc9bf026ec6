// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Golden sessions: calls of a client and the exact bytes of every answer they get. The grinders cut, split and change
/// these bytes.

#include "golden.hpp"
#include "real_answers.hpp"
#include "schema1_documents.hpp"

#include <string>
#include <utility>
#include <vector>

namespace test {

inline std::string const at = "https://r.test/v2/team/app";
inline std::string const long_layer = [] {
    std::string out;
    for (int i = 0; i < 1200; ++i) out += static_cast<char>(i * 7 % 251);
    return out;
}();

inline lading::descriptor layer_descriptor(std::string const& bytes) {
    return lading::descriptor("application/octet-stream", lading::digest::parse(digest_of(bytes)).value(),
                              static_cast<std::int64_t>(bytes.size()));
}

inline std::vector<golden> golden_sessions() {
    using namespace lading;
    static auto const ref = reference::parse("r.test/team/app:1").value();
    std::vector<golden> out;
    auto add = [&](std::string name, byte_world w, std::function<verdict(stream_client&)> f, fixed_credentials c = {}) {
        out.push_back({std::move(name), std::move(w), std::move(c), std::move(f)});
    };
    auto add_failing = [&](errc e, std::string name, stream_answer a, auto const& f) {
        add(std::move(name), byte_world().on(at + "/manifests/1", std::move(a)), f);
        out.back().comes_to = e;
    };
    auto inspect = [](stream_client& c) {
        auto const r = c.inspect(ref, inspect_options().with_platform(platform_choice::any()));
        if (!r) return verdict(r.error());
        auto const& i = r.value();
        return verdict(i.resolved.digest.str() + i.manifest_bytes + i.chosen_bytes + i.config_bytes);
    };
    auto manifest = [](stream_client& c) {
        auto const r = c.manifest(ref);
        return r ? verdict(r.value().self.digest.str() + r.value().bytes) : verdict(r.error());
    };
    auto tags = [](stream_client& c) {
        auto const r = c.tags(ref.repository());
        if (!r) return verdict(r.error());
        if (r.value().failure) return verdict(*r.value().failure); // what came before it is kept
        std::string all;
        for (auto const& t : r.value().values) all += t + ' ';
        return verdict(all);
    };
    static auto const layer = layer_descriptor(long_layer);
    auto blob = [](stream_client& c) {
        memory_sink sink(1 << 20);
        auto const r = c.blob(ref, layer, sink);
        if (r.has_value() == sink.bytes().empty()) return verdict("a sink and a result that disagree");
        return r ? verdict(sink.take()) : verdict(r.error());
    };
    auto const config_url = at + "/blobs/" + digest_of(config_bytes), layer_url = at + "/blobs/" + digest_of(long_layer);
    auto const platform = on("linux", "amd64", R"(,"variant":"v1")");

    add("schema2 and a chunked config",
        byte_world().on(at + "/manifests/1", typed(media_types::docker_manifest, schema2())).on(config_url, chunked(config_bytes, 40)), inspect);

    auto const image = oci(R"(,"annotations":{"a":"1","b":"\u00e9 and \"more\""})"), by_digest = digest_of(image);
    add("an OCI manifest by digest", byte_world().on(at + "/manifests/" + by_digest, typed(media_types::oci_manifest, image)), [pinned = ref.with_digest(digest::parse(by_digest).value())](stream_client& c) {
        auto const r = c.manifest(pinned);
        return r ? verdict(r.value().bytes) : verdict(r.error());
    });

    auto const inner = index(entry(media_types::oci_manifest, image, platform));
    auto const outer = index(entry(media_types::oci_index, inner) + "," + entry(media_types::oci_manifest, "other", on("windows", "arm64")));
    add("an index in an index, chunks with extensions and trailers",
        byte_world()
            .on(at + "/manifests/1", typed(media_types::oci_index, outer))
            .on(at + "/manifests/" + digest_of(inner), typed(media_types::oci_index, inner))
            .on(at + "/manifests/" + by_digest, chunked(image, 100, ";n=\"v\"", "X-Sum: 1\r\nX-More: two\r\n"))
            .on(config_url, {"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + config_bytes, ending::eof}),
        inspect);

    auto const docker = schema2();
    add("a docker list",
        byte_world()
            .on(at + "/manifests/1", typed(media_types::docker_list, index(entry(media_types::docker_manifest, docker, platform), media_types::docker_list)))
            .on(at + "/manifests/" + digest_of(docker), typed(media_types::docker_manifest, docker))
            .on(config_url, answer("200 OK", "", config_bytes)),
        inspect);

    add("signed schema1",
        byte_world().on(at + "/manifests/1", typed("application/vnd.docker.distribution.manifest.v1+prettyjws",
                                                   sign(schema1_text({v1('b', 'a', R"(,"os":"linux","config":{"Env":["A=b"]})"), v1('a', '-')})))),
        inspect);

    std::string layers = entry("application/vnd.oci.image.layer.v1.tar+gzip", "0"), history = R"({"created_by":"/bin/sh -c #(nop) ADD file:0 in /"})";
    for (int i = 1; i < 20; ++i) {
        layers += "," + entry("application/vnd.oci.image.layer.v1.tar+gzip", std::to_string(i), R"(,"annotations":{"n":"1"})");
        history += R"(,{"created":"2024-01-02T03:04:05Z","created_by":"RUN /bin/sh -c apt-get install -y number-)" + std::to_string(i) + R"( # buildkit","comment":"c"})";
    }
    auto const long_config = R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"history":[)" + history + "]}";
    auto const long_image = R"({"schemaVersion":2,"config":)" + entry(media_types::oci_config, long_config) + R"(,"layers":[)" + layers + "]}";
    add("twenty layers",
        byte_world()
            .on(at + "/manifests/1", typed(media_types::oci_manifest, long_image))
            .on(at + "/blobs/" + digest_of(long_config), answer("200 OK", "", long_config)),
        inspect);

    std::string entries = entry(media_types::oci_manifest, long_image, on("linux", "amd64"));
    for (char const* arch : {"386", "arm", "arm64", "mips64le", "ppc64le", "riscv64", "s390x", "loong64"})
        for (char const* os : {"linux", "freebsd"}) entries += ",\n  " + entry(media_types::oci_manifest, std::string(os) + arch, on(os, arch));
    add("an index of seventeen", byte_world().on(at + "/manifests/1", typed(media_types::oci_index, index(entries))), manifest);

    std::string names = "\"latest\"";
    for (int i = 0; i < 300; ++i) names += ",\"v1." + std::to_string(i) + "\"";
    add("three hundred tags", byte_world().on(at + "/tags/list?n=1000", answer("200 OK", "", R"({"name":"team/app","tags":[)" + names + "]}")), tags);

    add("an artifact",
        byte_world().on(at + "/manifests/1", typed(media_types::oci_manifest, oci(R"(,"artifactType":"application/vnd.example.sbom")", "{}", "application/vnd.oci.empty.v1+json"))),
        manifest);

    add("two pages of tags",
        byte_world()
            .on(at + "/tags/list?n=1000", answer("200 OK", "Content-Type: application/json\r\nLink: </v2/team/app/tags/list?last=b&n=1000>; rel=\"next\"\r\n",
                                                 R"({"name":"team/app","tags":["a","b","latest","v1.0.0-rc.1"]})"))
            .on(at + "/tags/list?last=b&n=1000", chunked(R"({"name":"team/app","tags":["c","z"]})", 7)),
        tags);

    auto const challenge = "WWW-Authenticate: Bearer realm=\"https://r.test/token\",service=\"r.test\",scope=\"repository:team/app:pull\"\r\n"
                           "Docker-Distribution-Api-Version: registry/2.0\r\n";
    auto const denied = answer("401 Unauthorized", challenge, R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]})");
    auto const token = R"({"token":"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJyLnRlc3QifQ.c2ln","expires_in":300,"issued_at":"2024-01-02T03:04:05Z"})";
    byte_world anonymous;
    anonymous.on(at + "/manifests/1", denied).on(at + "/manifests/1", typed(media_types::oci_manifest, image));
    anonymous.on("https://r.test/token?service=r.test&scope=repository%3Ateam%2Fapp%3Apull", answer("200 OK", "Content-Type: application/json\r\n", token));
    add("a token", anonymous, manifest);
    byte_world refreshed;
    refreshed.on(at + "/manifests/1", denied).on(at + "/manifests/1", typed(media_types::oci_manifest, image));
    refreshed.on("https://r.test/token", chunked(R"({"access_token":"abc.def","refresh_token":"again","expires_in":60})", 16));
    credential identity;
    identity.identity_token = "refresh-me";
    add("a token by POST", refreshed, manifest, fixed_credentials(identity));
    byte_world basic;
    basic.lets_in = true;
    basic.on(at + "/manifests/1", answer("401 No", "WWW-Authenticate: Basic realm=\"a \\\"quoted\\\" realm\"\r\n", ""))
        .on(at + "/manifests/1", typed(media_types::docker_manifest, docker));
    add("Basic", basic, manifest, fixed_credentials(credential("alice", "secret")));

    add("a redirected blob",
        byte_world()
            .on(layer_url, answer("307 Temporary Redirect", "Location: https://cdn.test/blob?sig=0123456789abcdef\r\n", "<a href=\"x\">here</a>"))
            .on("https://cdn.test/blob?sig=0123456789abcdef", answer("200 OK", "ETag: \"e\"\r\nAccept-Ranges: bytes\r\n", long_layer)),
        blob);
    add("a blob in chunks of three bytes", byte_world().on(layer_url, chunked(long_layer, 3)), blob);
    add("a blob to the end of the connection", byte_world().on(layer_url, {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + long_layer, ending::eof}), blob);
    add("early hints before a blob",
        byte_world().on(layer_url, {"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + answer("200 OK", "", long_layer)}), blob);

    add_failing(errc::manifest_unknown, "an unknown manifest",
                answer("404 Not Found", "Content-Type: application/json\r\n",
                       R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"1"}}]})"),
                manifest);
    add_failing(errc::rate_limited, "too many requests",
                answer("429 Slow Down", "Retry-After: 9\r\nRateLimit-Limit: 100;w=21600\r\n", R"({"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]})"),
                manifest);
    add_failing(errc::server_error, "a broken server",
                answer("500 Internal Server Error", "Content-Type: text/html\r\nConnection: close\r\n", "<html>oops</html>"), manifest);
    add("a ping", byte_world().on("https://r.test/v2/", answer("200 OK", "Docker-Distribution-Api-Version: registry/2.0\r\n", "{}")), [](stream_client& c) {
        auto const r = c.ping(ref.repository());
        return r ? verdict(std::string("pong")) : verdict(r.error());
    });

    // As registries in use answer.
    auto const app_config = real::config(), app = real::schema2(app_config, 9), app_url = at + "/blobs/" + digest_of(app_config);
    auto const store = std::string("https://store.test/docker/registry/v2/blobs/data?Expires=1704165245&Signature="
                                   "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789~AbCdEfGhIjKlMnOpQrStUvWxYz0123456789&Key-Pair-Id=APKAEXAMPLE");
    add("a public image of nine layers",
        byte_world()
            .on(at + "/manifests/1", real::hub_challenge())
            .on("https://auth.r.test/token?service=registry.r.test&scope=repository%3Ateam%2Fapp%3Apull",
                answer("200 OK", "Content-Type: application/json\r\nDate: " + std::string(real::date) + "\r\n", real::token()))
            .on(at + "/manifests/1", real::hub(media_types::docker_manifest, app))
            .on(app_url, real::signed_redirect(store))
            .on(store, real::cached_blob(app_config)),
        inspect);
    add("an index with attestations",
        byte_world()
            .on(at + "/manifests/1", real::hub(media_types::oci_index, real::attested_index({{"amd64", image}, {"arm64", long_image}})))
            .on(at + "/manifests/" + by_digest, real::hub(media_types::oci_manifest, image))
            .on(config_url, real::stored_blob(config_bytes)),
        inspect);
    add("an attestation", byte_world().on(at + "/manifests/1", real::hub(media_types::oci_manifest, real::attestation())), manifest);
    add("signed schema1 of five layers",
        byte_world().on(at + "/manifests/1", typed("application/vnd.docker.distribution.manifest.v1+prettyjws", real::schema1(5))), inspect);
    add("a chart", byte_world().on(at + "/manifests/1", real::hub(media_types::oci_manifest, real::chart(real::chart_config))), manifest);
    std::vector<std::string> page;
    for (int i = 0; i < 20; ++i) page.push_back("3." + std::to_string(i) + "-slim");
    auto const second = std::string("/v2/team/app/tags/list?last=3.19-slim&n=1000");
    add("pages of tags in chunks",
        byte_world()
            .on(at + "/tags/list?n=1000", real::tag_page(second, page))
            .on("https://r.test" + second, real::tag_page("", {"latest", "sha256-" + layer.digest.hex() + ".sig"})),
        tags);
    add("a blob behind three redirects",
        byte_world()
            .on(layer_url, answer("301 Moved Permanently", "Location: /blobs/1\r\nServer: nginx/1.25.3\r\n", ""))
            .on("https://r.test/blobs/1", answer("302 Found", "Location: https://cdn.test/1\r\nSet-Cookie: a=b; Path=/; Secure\r\n", ""))
            .on("https://cdn.test/1", real::signed_redirect(store))
            .on(store, real::stored_blob(long_layer)),
        blob);
    add_failing(errc::denied, "a refusal with details", real::denial(), manifest);
    add_failing(errc::server_error, "a proxy's page", real::proxy_page(), manifest);
    return out;
}

} // namespace test
