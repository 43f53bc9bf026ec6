// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "inspection_records.hpp"
#include <lading/print/writers.hpp>

namespace writers_test {

using namespace lading;
using test::has;
using test::of;
using test::record;
using test::schema1_record;
using test::with_config;

std::string const zero_config =
    R"({"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
    R"("AttachStderr":false,)"
    R"("Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,)"
    R"("WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null})";

TEST_CASE("docker 1.10: what is absent", "[spec-8.1]") {
    CHECK(to_docker_1_10(record()) ==
          R"({"Tag":"latest","Digest":")" + test::sha256("top") +
              R"(","RepoTags":null,"Comment":"","Created":"0001-01-01T00:00:00Z",)"
              R"("ContainerConfig":)" +
              zero_config +
              R"(,"DockerVersion":"","Author":"","Config":null,"Architecture":"","Os":""})"
              "\n");
}

TEST_CASE("the tag that was used", "[spec-8.1][row-1]") {
    CHECK(has(to_docker_1_10(record("a:v1")), R"({"Tag":"v1",)"));
    CHECK(has(to_docker_1_10(record("a@" + test::sha256("x"))), R"({"Tag":"",)"));
    CHECK(has(to_docker_1_10(record("a:v1@" + test::sha256("x"))), R"({"Tag":"",)"));
    auto r = record("a", image_kind::schema1);
    r.embedded_tag = "other";
    CHECK(has(to_docker_1_10(r), R"({"Tag":"latest",)"));
}

TEST_CASE("the digest that was resolved", "[spec-8.1][spec-10.34][row-2]") {
    auto r = record("a");
    r.resolved.digest = digest::parse("sha512:" + std::string(128, 'a')).value();
    CHECK(has(to_docker_1_10(r), R"("Digest":"sha512:)" + std::string(128, 'a') + "\""));
}

TEST_CASE("writers: tags", "[spec-8.1][row-3]") {
    auto r = record();
    auto tags = [&](tags_state s, std::vector<std::string> v) {
        r.tags.state = s;
        r.tags.values = std::move(v);
        auto const text = to_docker_1_10(r);
        auto const from = text.find("\"RepoTags\":") + 11;
        return text.substr(from, text.find(",\"Comment\"") - from);
    };
    CHECK(tags(tags_state::not_requested, {}) == "null");
    CHECK(tags(tags_state::refused, {}) == "null");
    CHECK(tags(tags_state::complete, {}) == "[]");
    CHECK(tags(tags_state::complete, {"b", "a"}) == R"(["b","a"])");
    CHECK(tags(tags_state::truncated, {"b"}) == R"(["b"])");
}

TEST_CASE("modern and json escape what a terminal would obey, original is byte for byte", "[V15]") {
    std::string const evil = "\xc2\x9b"
                             "31m\xe2\x80\xae";
    auto const r = with_config(R"({"author":")" + evil + R"(","config":{"Env":["A=)" + evil + R"("]}})");
    for (auto const& text : {to_modern(r), to_json(r), to_json(r, json_style())}) {
        CHECK(text.find("A=\\u009b31m\\u202e") != text.npos);
        CHECK(text.find(evil) == text.npos);
    }
    CHECK(to_docker_1_10(r).find("A=" + evil) != std::string::npos);
}

TEST_CASE("what the config says", "[spec-8.1][row-4][row-5][row-6][row-7][row-8][row-9][row-10][row-11]") {
    auto const text = to_docker_1_10(with_config(
        R"({"created":"2016-01-15T18:06:41.120+02:00","author":"A <a@b>","comment":"x\u2028&",)"
        R"("docker_version":"1.9",)"
        R"("architecture":"amd64","os":"linux","config":{},"container_config":{"Hostname":"h"}})"));
    CHECK(has(text, R"("Comment":"x\u2028\u0026","Created":"2016-01-15T18:06:41.12+02:00",)"
                    R"("ContainerConfig":{"Hostname":"h",)"));
    CHECK(has(text, R"("DockerVersion":"1.9","Author":"A \u003ca@b\u003e","Config":{"Hostname":"",)"));
    CHECK(text.ends_with(",\"Labels\":null},\"Architecture\":\"amd64\",\"Os\":\"linux\"}\n"));
    CHECK(has(to_docker_1_10(with_config(R"({"created":"soon"})")), R"("Created":"0001-01-01T00:00:00Z")"));
}

TEST_CASE("the config object", "[spec-8.2]") {
    auto config = [](std::string_view json) {
        auto const text = to_docker_1_10(with_config("{\"config\":" + std::string(json) + "}"));
        auto const from = text.find("\"Config\":") + 9;
        return text.substr(from, text.find(",\"Architecture\"") - from);
    };
    CHECK(config("null") == "null");
    CHECK(config("{}") == zero_config);
    CHECK(config(
              R"({"ExposedPorts":{},"PublishService":"","ArgsEscaped":false,"NetworkDisabled":false,
                     "MacAddress":"",
                     "StopSignal":"","Healthcheck":{},"Shell":["x"],"StopTimeout":3})") == zero_config);
    CHECK(
        config(
            R"({"StopSignal":"s","Labels":{},"OnBuild":[],"MacAddress":"m","NetworkDisabled":true,
                     "Entrypoint":[],
                     "WorkingDir":"w","Volumes":{},"Image":"i","ArgsEscaped":true,"Cmd":[],"Env":[],
                     "StdinOnce":true,
                     "OpenStdin":true,"Tty":true,"PublishService":"p","ExposedPorts":{"b":{},"a":{}},
                     "AttachStderr":true,
                     "AttachStdout":true,"AttachStdin":true,"User":"u","Domainname":"d","Hostname":"h"})") ==
        R"({"Hostname":"h","Domainname":"d","User":"u","AttachStdin":true,"AttachStdout":true,)"
        R"("AttachStderr":true,)"
        R"("ExposedPorts":{"a":{},"b":{}},"PublishService":"p","Tty":true,"OpenStdin":true,"StdinOnce":true,)"
        R"("Env":[],)"
        R"("Cmd":[],"ArgsEscaped":true,"Image":"i","Volumes":{},"WorkingDir":"w","Entrypoint":[],)"
        R"("NetworkDisabled":true,"MacAddress":"m","OnBuild":[],"Labels":{},"StopSignal":"s"})");
    auto const text =
        config(R"({"Cmd":"one","Entrypoint":"/e","Labels":{"b":"1","a":"2"},"Volumes":{"/b":{},"/a":null},
                                 "Env":["A=1"]})");
    CHECK(has(text, R"("Cmd":["one"])"));
    CHECK(has(text, R"("Entrypoint":["/e"])"));
    CHECK(has(text, R"("Labels":{"a":"2","b":"1"})"));
    CHECK(has(text, R"("Volumes":{"/a":{},"/b":{}})"));
    CHECK(has(text, R"("Env":["A=1"])"));
}

TEST_CASE("the golden outputs", "[spec-11.4]") {
    auto check = [](std::string const& text, std::size_t size, std::string_view hex) {
        CHECK(text.size() == size);
        CHECK(test::sha256(text) == "sha256:" + std::string(hex));
    };
    auto const original = schema1_rules::docker_1_10;
    if (auto const body = test::fixture("good_manifest")) {
        check(to_docker_1_10(schema1_record(*body, "localhost:5000/x:latest", original)), 1000,
              "6f0ab7a7ebf828cfd51a1415b2bc7e23b33a8f64864bc0504ff44eeca1eaed92");
        check(to_docker_1_10(schema1_record(*body,
                                            "localhost:5000/x@sha256:"
                                            "02fee8c3220ba806531f606525eceb83f4feb654f62b207191b1c9209188dedd",
                                            original)),
              994, "a386f65c697192879b93aeb9e0cb4ce849e6574c0c56a9c819df2202192d97e2");
    }
    if (auto const body = test::fixture("v2s1.manifest.json"))
        check(to_docker_1_10(schema1_record(*body, "localhost:5000/x:latest", original)), 1420,
              "7e4c7e385d2e730612cafb3faef1686ebc7c367ccb83c249b7d7a9d57ba31bcb");
    auto const body = test::fixture("schema2.json"), config = test::fixture("schema2-config.json");
    if (!body || !config) return;
    inspection r(reference::parse("localhost:5000/x:latest").value(),
                 of(media_types::docker_manifest, *body));
    r.kind = image_kind::image;
    r.image = test::decoded_config(*config);
    r.tags.state = tags_state::complete;
    r.tags.values = {"v1", "latest"};
    check(to_docker_1_10(r), 1935, "c6750eba7f3c38e22f6576255105325c0c60828bd2b49439bd5d09a5deb9d605");
}

TEST_CASE("rules of today differ from the original only where they say so", "[spec-11.4]") {
    auto const body = test::sign(test::schema1_text(
        {test::v1('a', 'b',
                  R"(,"os":"linux","architecture":"amd64","docker_version":"1.9","config":{"Cmd":["x"]})"),
         test::v1('b', '-')}));
    CHECK(to_docker_1_10(schema1_record(body, "a", schema1_rules::modern)) ==
          to_docker_1_10(schema1_record(body, "a", schema1_rules::docker_1_10)));
}

TEST_CASE("modern: what is absent", "[spec-8.5]") {
    CHECK(to_modern(record()) == "{\n"
                                 "    \"Name\": \"docker.io/library/busybox\",\n"
                                 "    \"Digest\": \"" +
                                     test::sha256("top") +
                                     "\",\n"
                                     "    \"RepoTags\": [],\n"
                                     "    \"Created\": null,\n"
                                     "    \"DockerVersion\": \"\",\n"
                                     "    \"Labels\": null,\n"
                                     "    \"Architecture\": \"\",\n"
                                     "    \"Os\": \"\",\n"
                                     "    \"Layers\": null,\n"
                                     "    \"LayersData\": null,\n"
                                     "    \"Env\": null\n"
                                     "}\n");
}

TEST_CASE("all keys, in their order", "[spec-8.5]") {
    auto r =
        with_config(R"({"created":"2024-01-02T03:04:05.100Z","docker_version":"20","architecture":"arm64",
                             "os":"linux","config":{"Labels":{"m":"A <a@b> &"},"Env":["PATH=/bin"]}})",
                    "127.0.0.1:5761/demo/app:v1");
    r.embedded_tag = "not shown";
    r.tags.values = {"v1", "b"};
    auto blob = of("application/x", "layer");
    blob.annotations = {{"k", "v"}};
    r.layers.emplace_back(blob);
    r.layers.emplace_back(of("application/y", "second"));
    auto const one = test::sha256("layer"), two = test::sha256("second");
    CHECK(to_modern(r) == R"({
    "Name": "127.0.0.1:5761/demo/app",
    "Digest": ")" + test::sha256("top") +
                              R"(",
    "RepoTags": [
        "v1",
        "b"
    ],
    "Created": "2024-01-02T03:04:05.1Z",
    "DockerVersion": "20",
    "Labels": {
        "m": "A \u003ca@b\u003e \u0026"
    },
    "Architecture": "arm64",
    "Os": "linux",
    "Layers": [
        ")" + one + R"(",
        ")" + two + R"("
    ],
    "LayersData": [
        {
            "MIMEType": "application/x",
            "Digest": ")" + one +
                              R"(",
            "Size": 5,
            "Annotations": {
                "k": "v"
            }
        },
        {
            "MIMEType": "application/y",
            "Digest": ")" + two +
                              R"(",
            "Size": 6,
            "Annotations": null
        }
    ],
    "Env": [
        "PATH=/bin"
    ]
}
)");
}

TEST_CASE("null and empty are kept apart", "[spec-8.5]") {
    auto const text = to_modern(with_config(R"({"created":"soon","config":{"Labels":{},"Env":[]}})"));
    CHECK(has(text, R"("Labels": {})"));
    CHECK(has(text, R"("Env": [])"));
    CHECK(has(text, R"("Created": null)"));
    auto const none = to_modern(with_config(R"({"config":{}})"));
    CHECK(has(none, R"("Labels": null)"));
    CHECK(has(none, R"("Env": null)"));
}

TEST_CASE("schema1 has its own tag, and layers of unknown type and size", "[spec-8.5]") {
    auto const body = test::schema1_text({test::v1('a', 'b', R"(,"throwaway":true)"), test::v1('b', '-')});
    auto const text = to_modern(schema1_record(body, "a:asked", schema1_rules::modern));
    CHECK(has(text, "\"Name\": \"docker.io/library/a\",\n    \"Tag\": \"t\",\n    \"Digest\""));
    CHECK(has(text, "\"Layers\": [\n        \"" + test::sha256("1") + "\",\n        \"" + test::sha256("0") +
                        "\"\n"));
    CHECK(has(text, "\"MIMEType\": \"\",\n            \"Digest\": \"" + test::sha256("1") +
                        "\",\n            \"Size\": -1,\n            \"Annotations\": null"));
    CHECK(has(text, R"("Created": "2016-01-02T03:04:05Z")"));
    auto r = schema1_record(body, "a", schema1_rules::modern);
    r.embedded_tag.clear();
    CHECK_FALSE(has(to_modern(r), "\"Tag\""));
}

} // namespace writers_test
