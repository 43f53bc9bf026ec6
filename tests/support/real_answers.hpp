// SPDX-License-Identifier: BSL-1.0
#pragma once

/// Answers as registries in use give them: every field of their heads, and documents as builders write them. Names,
/// digests and keys are made up.

#include "documents.hpp"
#include "golden.hpp"
#include "schema1_documents.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test::real {

inline constexpr std::string_view date = "Tue, 02 Jan 2024 03:04:05 GMT";
inline constexpr std::string_view gzip_layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

inline std::string joined(std::vector<std::string> const& parts, std::string_view between = ",\n      ") {
    std::string out;
    for (auto const& p : parts) out.append(out.empty() ? "" : between).append(p);
    return out;
}

// --- Heads ---------------------------------------------------------------------------------------------------------

/// A manifest of a large public registry.
inline std::string hub(std::string_view type, std::string_view body) {
    auto const digest = digest_of(body);
    return answer("200 OK",
                  "Content-Type: " + std::string(type) + "\r\nDocker-Content-Digest: " + digest +
                      "\r\nDocker-Distribution-Api-Version: registry/2.0\r\nEtag: \"" + digest + "\"\r\nDate: " + std::string(date) +
                      "\r\nStrict-Transport-Security: max-age=31536000\r\nRatelimit-Limit: 100;w=21600\r\n"
                      "Ratelimit-Remaining: 98;w=21600\r\nDocker-Ratelimit-Source: 192.0.2.7\r\n",
                  body);
}

/// The way to its token service.
inline std::string hub_challenge() {
    return answer("401 Unauthorized",
                  "Content-Type: application/json\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
                  "Www-Authenticate: Bearer realm=\"https://auth.r.test/token\",service=\"registry.r.test\",scope=\"repository:team/app:pull\"\r\n"
                  "Date: " +
                      std::string(date) + "\r\nStrict-Transport-Security: max-age=31536000\r\nDocker-Ratelimit-Source: 192.0.2.7\r\n",
                  R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"team/app","Action":"pull"}]}]})"
                  "\n");
}

/// Where its blobs are: a store with a signed address.
inline std::string signed_redirect(std::string const& to) {
    return answer("307 Temporary Redirect",
                  "Content-Type: application/octet-stream\r\nDocker-Distribution-Api-Version: registry/2.0\r\nLocation: " + to +
                      "\r\nDate: " + std::string(date) + "\r\nStrict-Transport-Security: max-age=31536000\r\nCache-Control: no-store\r\n",
                  "<a href=\"" + to + "\">Temporary Redirect</a>.\n\n");
}

/// A blob out of a cache in front of a store.
inline std::string cached_blob(std::string_view body) {
    return answer("200 OK",
                  "Content-Type: application/octet-stream\r\nConnection: keep-alive\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                  "x-amz-server-side-encryption: AES256\r\nAccept-Ranges: bytes\r\nServer: AmazonS3\r\nDate: " +
                      std::string(date) +
                      "\r\nETag: \"0123456789abcdef0123456789abcdef-2\"\r\nX-Cache: Hit from cloudfront\r\nVia: 1.1 "
                      "0123456789abcdef.cloudfront.net (CloudFront)\r\nX-Amz-Cf-Pop: FRA56-P1\r\nX-Amz-Cf-Id: "
                      "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdEfGhIjKlMnOpQr==\r\nAge: 86399\r\n",
                  body);
}

/// A blob out of another store.
inline std::string stored_blob(std::string_view body) {
    return answer("200 OK",
                  "Content-Type: application/octet-stream\r\nContent-MD5: rL0Y20zC+Fzt72VPzMSk2A==\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
                  "Accept-Ranges: bytes\r\nETag: \"0x8DC0A1B2C3D4E5F\"\r\nServer: Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0\r\n"
                  "x-ms-request-id: 01234567-89ab-cdef-0123-456789abcdef\r\nx-ms-version: 2019-07-07\r\nx-ms-lease-status: unlocked\r\n"
                  "x-ms-lease-state: available\r\nx-ms-blob-type: BlockBlob\r\nx-ms-server-encrypted: true\r\n"
                  "Access-Control-Expose-Headers: Content-Length,Date,Server,x-ms-request-id\r\nDate: " +
                      std::string(date) + "\r\n",
                  body);
}

/// A page of tags, in chunks; `next` is a path or empty.
inline std::string tags_text(std::vector<std::string> const& tags) {
    return R"({"name":"team/app","tags":[")" + joined(tags, R"(",")") + "\"]}\n";
}
inline std::string tag_page(std::string const& next, std::vector<std::string> const& tags) {
    return chunked(tags_text(tags), 64, "", "",
                   "Server: nginx/1.25.3\r\nDate: " + std::string(date) +
                       "\r\nContent-Type: application/json; charset=utf-8\r\nConnection: keep-alive\r\nDocker-Distribution-Api-Version: registry/2.0\r\n" +
                       (next.empty() ? "" : "Link: <" + next + ">; rel=\"next\"\r\n") + "X-Content-Type-Options: nosniff\r\nVary: Cookie\r\n");
}

/// A refusal with details, from a registry within a repository manager.
inline std::string const denial_text =
    R"({"errors":[{"code":"DENIED","message":"requested access to the resource is denied","detail":)"
    R"([{"Type":"repository","Class":"","Name":"team/app","Action":"pull"}]},{"code":"MANIFEST_BLOB_UNKNOWN","message":)"
    R"("blob unknown to registry","detail":{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
    R"("hint":"caf\u00e9 \"quoted\"","tries":3,"final":true,"more":null}}]})";
inline std::string denial() {
    return answer("403 Forbidden",
                  "Content-Type: application/json;charset=utf-8\r\nDate: " + std::string(date) +
                      "\r\nServer: Artifactory/7.77.5\r\nX-Artifactory-Id: 0123456789abcdef:-1a2b3c4d:18cc0000000:-8000\r\n"
                      "X-Artifactory-Node-Id: node-0\r\nDocker-Distribution-Api-Version: registry/2.0\r\nConnection: keep-alive\r\n",
                  denial_text);
}

/// What a proxy says when there is no registry behind it.
inline std::string proxy_page() {
    return answer("503 Service Unavailable",
                  "Server: nginx/1.25.3\r\nDate: " + std::string(date) +
                      "\r\nContent-Type: text/html\r\nConnection: keep-alive\r\nRetry-After: 120\r\nX-Request-Id: 0123456789abcdef0123456789abcdef\r\n",
                  "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service "
                  "Temporarily Unavailable</h1></center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n");
}

// --- Documents -----------------------------------------------------------------------------------------------------

/// The answer of a token service: one token under two names, a JWT with its certificate.
inline std::string token() {
    using lading::detail::base64url_encode;
    auto const jwt = base64url_encode(R"({"alg":"RS256","typ":"JWT","x5c":["MIIDaTCCAlGgAwIBAgIUQ0FGRSBvZiBhIGNlcnRpZmljYXRlIHRoYXQgaXMgbm9uZQ=="]})") + '.' +
                     base64url_encode(R"({"access":[{"type":"repository","name":"team/app","actions":["pull"],"parameters":{"pull_limit":"100","pull_limit_interval":"21600"}}],)"
                                      R"("aud":"registry.r.test","exp":1704165245,"iat":1704164945,"iss":"auth.r.test","jti":"dckr_jti_0123456789","nbf":1704164645,"sub":""})") +
                     '.' + base64url_encode(std::string(96, 's'));
    return R"({"token":")" + jwt + R"(","access_token":")" + jwt + R"(","expires_in":300,"issued_at":"2024-01-02T03:04:05.123456789Z"})" + "\n";
}

/// A config with the history of a language's image on a distribution's.
inline std::string config() {
    static constexpr std::pair<char const*, bool> steps[] = {
        {R"(/bin/sh -c #(nop) ADD file:0123456789abcdef in / )", false},
        {R"(/bin/sh -c #(nop)  CMD [\"bash\"])", true},
        {R"(ENV PATH=/usr/local/bin:/usr/bin:/bin)", true},
        {R"(RUN /bin/sh -c set -eux; apt-get update; apt-get install -y --no-install-recommends ca-certificates tzdata \u0026\u0026 rm -rf /var/lib/apt/lists/* # buildkit)", false},
        {R"(ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D)", true},
        {R"(RUN |1 VERSION=3.12.1 /bin/sh -c wget -O p.tar.xz \"https://p.example/$VERSION\"; tar --extract # buildkit)", false},
        {R"(COPY --chown=app:app . /srv # buildkit)", false},
        {R"(EXPOSE map[8080/tcp:{}])", true},
        {R"(HEALTHCHECK \u0026{[\"CMD\" \"/srv/healthy\"] \"30s\" \"3s\" \"0s\" '\\x03'})", true},
        {R"(ENTRYPOINT [\"/srv/run\"])", true}};
    std::vector<std::string> history, diffs;
    for (auto const& [by, empty] : steps) {
        history.push_back(R"({"created":"2024-01-02T03:04:05.6Z","created_by":")" + std::string(by) + R"(","comment":"buildkit.dockerfile.v0")" +
                          (empty ? R"(,"empty_layer":true})" : "}"));
        if (!empty) diffs.push_back('"' + digest_of(by) + '"');
    }
    return R"({"architecture":"amd64","config":{"User":"app","ExposedPorts":{"8080/tcp":{}},"Env":["PATH=/usr/local/bin:/usr/bin:/bin","LANG=C.UTF-8"],)"
           R"("Entrypoint":["/srv/run"],"Cmd":["--port","8080"],"Volumes":{"/data":{}},"WorkingDir":"/srv","Labels":{"maintainer":"Someone \u003csome@one.example\u003e",)"
           R"("org.opencontainers.image.revision":"0123456789abcdef"},"Healthcheck":{"Test":["CMD","/srv/healthy"],"Interval":30000000000,"Timeout":3000000000,"Retries":3},)"
           R"("StopSignal":"SIGINT","OnBuild":null,"ArgsEscaped":true},"created":"2024-01-02T03:04:05.678901234Z","history":[)" +
           joined(history, ",") + R"(],"os":"linux","rootfs":{"type":"layers","diff_ids":[)" + joined(diffs, ",") + "]}}";
}

/// A manifest of many layers, indented as the daemon writes it.
inline std::string schema2(std::string_view config, int count) {
    std::vector<std::string> layers;
    for (int i = 0; i < count; ++i)
        layers.push_back("{\n         \"mediaType\": \"" + std::string(gzip_layer) + "\",\n         \"size\": " + std::to_string(29'124'181 / (i + 1)) +
                         ",\n         \"digest\": \"" + digest_of("layer " + std::to_string(i)) + "\"\n      }");
    return "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"" + std::string(lading::media_types::docker_manifest) +
           "\",\n   \"config\": {\n      \"mediaType\": \"" + std::string(lading::media_types::docker_config) + "\",\n      \"size\": " +
           std::to_string(config.size()) + ",\n      \"digest\": \"" + digest_of(config) + "\"\n   },\n   \"layers\": [\n      " + joined(layers) + "\n   ]\n}";
}

/// What a builder pushes along with an image: what it was made of and how.
inline std::string attestation() {
    auto const statement = [](std::string_view kind, std::string_view bytes) {
        return entry("application/vnd.in-toto+json", bytes, R"(,"annotations":{"in-toto.io/predicate-type":"https://)" + std::string(kind) + "\"}");
    };
    return R"({"schemaVersion":2,"mediaType":")" + std::string(lading::media_types::oci_manifest) + R"(","config":)" +
           entry(lading::media_types::oci_config, R"({"architecture":"unknown","os":"unknown"})") + R"(,"layers":[)" +
           statement("spdx.dev/Document", "what") + "," + statement("slsa.dev/provenance/v0.2", "how") + "]}";
}

/// An index of images, each with its attestation, annotated.
inline std::string attested_index(std::vector<std::pair<std::string, std::string>> const& images) {
    std::vector<std::string> entries, proofs;
    for (auto const& [arch, image] : images) {
        entries.push_back(entry(lading::media_types::oci_manifest, image, on("linux", arch, arch == "arm64" ? R"(,"variant":"v8")" : "")));
        proofs.push_back(entry(lading::media_types::oci_manifest, attestation(),
                               on("unknown", "unknown") + R"(,"annotations":{"vnd.docker.reference.digest":")" + digest_of(image) +
                                   R"(","vnd.docker.reference.type":"attestation-manifest"})"));
    }
    return "{\n  \"schemaVersion\": 2,\n  \"mediaType\": \"" + std::string(lading::media_types::oci_index) + "\",\n  \"manifests\": [\n    " +
           joined(entries, ",\n    ") + ",\n    " + joined(proofs, ",\n    ") +
           "\n  ],\n  \"annotations\": {\"org.opencontainers.image.created\": \"2024-01-02T03:04:05Z\", \"org.opencontainers.image.version\": \"3.12\"}\n}";
}

/// A chart.
inline std::string chart(std::string_view config) {
    return R"({"schemaVersion":2,"config":)" + entry("application/vnd.cncf.helm.config.v1+json", config) + R"(,"layers":[)" +
           entry("application/vnd.cncf.helm.chart.provenance.v1.prov", "signed") + "," +
           entry("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "chart") +
           R"(],"annotations":{"org.opencontainers.image.authors":"Someone, some@one.example","org.opencontainers.image.created":"2024-01-02T03:04:05Z",)"
           R"("org.opencontainers.image.description":"An app \u2013 with \"quotes\"","org.opencontainers.image.title":"app","org.opencontainers.image.version":"1.2.3"}})";
}
inline std::string const chart_config =
    R"({"name":"app","version":"1.2.3","description":"An app","apiVersion":"v2","appVersion":"3.12","type":"application","dependencies":[{"name":"db","version":"~1.2","repository":"oci://r.test/charts"}]})";

/// A signed schema1 of this many layers, with the history that the daemon of its time wrote.
inline std::string schema1(int count) {
    std::vector<std::string> entries;
    for (int i = count - 1; i >= 0; --i) {
        char const name = static_cast<char>('a' + i), parent = i ? static_cast<char>('a' + i - 1) : '-';
        auto const command = R"(,"container_config":{"Cmd":["/bin/sh -c #(nop) ENV STEP=)" + std::to_string(i) + R"("]})";
        entries.push_back(v1(name, parent, command + (i == count - 1 ? R"(,"docker_version":"1.9.1","config":{"Env":["A=b"],"Cmd":["/run"]},"architecture":"amd64","os":"linux")" : R"(,"throwaway":true)")));
    }
    return sign(schema1_text(entries));
}

} // namespace test::real
