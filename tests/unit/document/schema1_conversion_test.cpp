// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "schema1_documents.hpp"
#include <lading/document/schema1/schema1_conversion.hpp>
#include <lading/document/schema1/schema1_payload.hpp>

namespace schema1_conversion_test {

using namespace lading;
using test::v1;

namespace {

constexpr auto modern = schema1_rules::modern, original = schema1_rules::docker_1_10;

result<converted_schema1> convert(schema1 const& document, schema1_rules rules) {
    LADING_TRY(auto const chain, check_schema1<strict_json>(document, limits(), rules));
    return convert_schema1<strict_json>(document, chain, limits(), rules);
}
converted_schema1 convert(std::vector<std::string> const& entries, schema1_rules rules,
                          std::string_view architecture = "amd64") {
    return convert(test::schema1_of(entries, architecture), rules).value();
}
std::string json(std::string const& entry, schema1_rules rules, std::string_view architecture = "") {
    return convert({entry}, rules, architecture).config_json;
}
std::string const entry_history = R"("history":[{"created":"2016-01-02T03:04:05Z"}])";
std::string const rootfs = R"("rootfs":{"type":"layers"})";
/// An empty `container_config`, as the known fields have it.
std::string const zero =
    R"({"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
    R"("AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,)"
    R"("Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null})";

} // namespace

TEST_CASE("history, base first", "[spec-5.6]") {
    auto const base = v1('b', '-', R"(,"container_config":{"Cmd":"ADD it"},"throwaway":false)");
    auto const top = v1('a', 'b',
                        R"(,"author":"me","comment":"c","throwaway":true,)"
                        R"("container_config":{"Cmd":["/bin/sh","-c","x"]})");
    for (auto rules : {modern, original}) {
        auto const h = convert({top, base}, rules).history;
        REQUIRE(h.size() == 2);
        CHECK(h[0].created == "2016-01-02T03:04:05Z"); // row 1
        CHECK(h[0].author.empty());
        CHECK(h[1].author == "me");               // row 2
        CHECK(h[0].created_by == "ADD it");       // row 3, a string is one word
        CHECK(h[1].created_by == "/bin/sh -c x"); // row 3
        CHECK(h[1].comment == "c");               // row 4
        CHECK_FALSE(h[0].empty_layer);            // row 5
        CHECK(h[1].empty_layer);
        CHECK(convert({top, base}, rules).image.history == h);
    }
    CHECK(json(v1('a', '-'), modern) ==
          R"({"created":"2016-01-02T03:04:05Z",)" + entry_history + "," + rootfs + "}");
}

TEST_CASE("a missing created is the year 1 or missing", "[spec-5.6][row-1][spec-10.35]") {
    auto const entry = R"({"id":")" + test::id('a') + R"(","docker_version":"1.9"})";
    CHECK(json(entry, original) ==
          R"({"docker_version":"1.9","history":[{"created":"0001-01-01T00:00:00Z"}],)" + rootfs + "}");
    CHECK(json(entry, modern) == R"({"docker_version":"1.9","history":[{}],)" + rootfs + "}");
    CHECK(convert({entry}, modern).image.created.empty());
    CHECK(convert({entry}, modern).history.at(0).created.empty());
}

TEST_CASE("history is of the entries that are left, layers are all of them", "[spec-5.6][spec-5.5]") {
    auto const list = std::vector<std::string>{v1('a', 'b', R"(,"comment":"new","architecture":"arm")"),
                                               v1('a', 'b', R"(,"comment":"old","architecture":"386")"),
                                               v1('b', '-', R"(,"throwaway":true)")};
    for (auto rules : {modern, original}) {
        auto const c = convert(list, rules, "");
        REQUIRE(c.history.size() == 2);
        CHECK(c.history[1].comment == "old");
        REQUIRE(c.layers.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) {
            CHECK(c.layers[i].blob.digest.str() == test::sha256(std::to_string(2 - i)));
            CHECK(c.layers[i].blob.media_type == "application/vnd.docker.image.rootfs.diff.tar.gzip");
            CHECK(c.layers[i].blob.size == descriptor::unknown_size);
            REQUIRE(c.layers[i].history);
        }
        CHECK(c.layers[0].history->empty_layer);
        CHECK(c.layers[1].history->comment == "old");
        CHECK(c.layers[2].history->comment == "new");
        CHECK(c.warnings.empty());
    }
    CHECK(convert(list, original).image.architecture == "386"); // 10.28
    CHECK(convert(list, modern).image.architecture == "arm");
}

TEST_CASE("the version comparison", "[spec-5.7][row-1]") {
    for (auto version :
         {"", "1.7.1", "1.8", "1.8.2", "1.8.2-fc22", "1.8.3-rc1", "1.8.4-dev", "v1.9.1", "library-import",
          "swarm/1.2", "0", "1", "1.", ".", "1..9", "-2.0.0", "1.7.99999999999999999999"}) {
        INFO(version);
        CHECK(docker_version_before_1_8_3(version));
    }
    for (auto version : {"1.8.3", "1.8.10", "1.9", "1.9.0-dev", "1.10.0", "17.03.1-ce", "2", "1.8.3.0",
                         "01.08.03", "4294967296", "99999999999999999999.x", "1.8.18446744073709551616"}) {
        INFO(version);
        CHECK_FALSE(docker_version_before_1_8_3(version));
    }
    STATIC_REQUIRE(docker_version_before_1_8_3("1.8.2"));
}

TEST_CASE("known fields of old versions", "[spec-5.7][row-2]") {
    auto const entry =
        v1('a', '-',
           R"(,"zzz":1,"os":"linux","comment":"<c>","container":"abc","Size":5,"author":"me",)"
           R"("docker_version":"1.7.1","architecture":"amd64","parent_id":"p","layer_id":"l",)"
           R"("config":{"Memory":1,"CpuShares":2,"Labels":{"b":"&","a":""},"Env":[],"Tty":true,)"
           R"("ExposedPorts":{"80/tcp":{}},"Volumes":{},"Cmd":"run","StopSignal":"9","PortSpecs":null})");
    CHECK(
        json(entry, original) ==
        R"({"architecture":"amd64","author":"me","comment":"\u003cc\u003e",)"
        R"("config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
        R"("AttachStderr":false,"ExposedPorts":{"80/tcp":{}},"Tty":true,"OpenStdin":false,"StdinOnce":false,)"
        R"("Env":[],)"
        R"("Cmd":["run"],"Image":"","Volumes":{},"WorkingDir":"","Entrypoint":null,"OnBuild":null,)"
        R"("Labels":{"a":"","b":"\u0026"},"StopSignal":"9"},"container":"abc","container_config":)" +
            zero +
            R"(,"created":"2016-01-02T03:04:05Z","docker_version":"1.7.1",)"
            R"("history":[{"created":"2016-01-02T03:04:05Z","author":"me","comment":"\u003cc\u003e"}],)"
            R"("os":"linux",)" +
            rootfs + "}");
    CHECK(json(R"({"id":")" + test::id('a') + "\"}", original) ==
          R"({"container_config":)" + zero +
              R"(,"created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],)" +
              rootfs + "}");
}

TEST_CASE("other keys stay as they are", "[spec-5.7][spec-10.32][spec-10.33][row-2][row-3]") {
    auto const more = [](std::string_view version) {
        return R"(,"zzz":[1.50,-0,18446744073709551615,{"y":true,"x":null}],"a/b":"\u2028\u00e9<",)"
               R"("docker_version":")" +
               std::string(version) + R"(","config":{"Memory":1})";
    };
    auto expected = [](std::string_view version) {
        return R"({"a/b":"\u2028)"
               "\xc3\xa9"
               R"(\u003c","config":{"Memory":1},"created":"2016-01-02T03:04:05Z",)"
               R"("docker_version":")" +
               std::string(version) + "\"," + entry_history + "," + rootfs +
               R"(,"zzz":[1.50,-0,18446744073709551615,{"y":true,"x":null}]})";
    };
    CHECK(json(v1('a', '-', more("1.8.3")), original) == expected("1.8.3"));
    CHECK(json(v1('a', '-', more("1.8.3")), modern) == expected("1.8.3"));
    CHECK(json(v1('a', '-', more("1.7.1")), modern) == expected("1.7.1"));
    CHECK(json(v1('a', '-', more("1.7.1")), original).find("zzz") == std::string::npos);
}

TEST_CASE("six keys are removed", "[spec-5.7][spec-10.29][row-4]") {
    auto const entry = v1('a', '-',
                          R"(,"Size":1,"parent":"","parent_id":"x","layer_id":"y","throwaway":false,)"
                          R"("docker_version":"2")");
    auto const expected =
        R"({"created":"2016-01-02T03:04:05Z","docker_version":"2",)" + entry_history + "," + rootfs + "}";
    CHECK(json(entry, original) == expected);
    CHECK(json(entry, modern) == expected);
}

TEST_CASE("rootfs and history are ours", "[spec-5.7]") {
    auto const entry = v1('a', '-', R"(,"rootfs":3,"history":"x","docker_version":"2")");
    CHECK(json(entry, modern) ==
          R"({"created":"2016-01-02T03:04:05Z","docker_version":"2",)" + entry_history + "," + rootfs + "}");
    auto const c = convert({v1('a', 'b', R"(,"os":"windows")"), v1('b', 'c')}, modern, "");
    CHECK(c.image.rootfs->type == "layers+base"); // 10.36
    CHECK(c.image.rootfs->diff_ids.empty());
}

TEST_CASE("the config is decoded again, and its errors are kept", "[spec-5.7][spec-10.21]") {
    auto const c =
        convert({v1('a', '-', R"(,"os":"linux","variant":"v7","config":{"Labels":{"a":"b"},"Env":null})")},
                modern, "arm");
    CHECK(c.image.os == "linux");
    CHECK(c.image.variant == "v7");
    CHECK(c.image.created == "2016-01-02T03:04:05Z");
    CHECK(c.image.config->labels->at("a") == "b");
    CHECK_FALSE(c.image.config->env);
    CHECK_FALSE(c.image.container_config);
    CHECK(c.image.rootfs->type == "layers");
    auto const r = convert(test::schema1_of({v1('a', '-', R"(,"variant":7)")}), modern);
    CHECK(r.error() == errc::config_schema);
    CHECK(r.error().detail().context == "at variant");
}

TEST_CASE("the architecture of the manifest", "[spec-10.30]") {
    auto const silent = convert({v1('a', '-')}, modern, "arm64");
    CHECK(silent.image.architecture == "arm64");
    CHECK(silent.warnings.empty());
    CHECK(silent.config_json.starts_with(R"({"architecture":"arm64","created")"));
    CHECK(convert({v1('a', '-', R"(,"architecture":null)")}, modern, "arm64").image.architecture == "arm64");
    CHECK(convert({v1('a', '-', R"(,"architecture":"")")}, modern, "")
              .config_json.starts_with(R"({"architecture":"","created")"));

    auto const conflict = convert({v1('a', '-', R"(,"architecture":"386")")}, modern, "arm\x1b");
    CHECK(conflict.image.architecture == "386");
    CHECK(conflict.warnings ==
          std::vector<warning>{{warning_code::schema1_architecture_differs, "the manifest is for the architecture arm?, its newest entry for 386"}});
    CHECK(convert({v1('a', '-', R"(,"architecture":"386")")}, modern, "386").warnings.empty());

    CHECK(convert({v1('a', '-')}, original, "arm64").image.architecture.empty());
    CHECK(convert({v1('a', '-', R"(,"architecture":"386")")}, original, "arm64").warnings.empty());
}

TEST_CASE("a long history fits, whatever the limits of one entry") {
    std::vector<std::string> many;
    for (int i = 0; i < 300; ++i) {
        auto const name = test::sha256(std::to_string(i)).substr(7),
                   next = test::sha256(std::to_string(i + 1)).substr(7);
        many.push_back(R"({"id":")" + name + (i == 299 ? "" : R"(","parent":")" + next) +
                       R"(","author":"me","comment":"c"})");
    }
    limits small;
    small.json.nodes = 40;
    small.json.bytes = 300;
    auto const document = test::schema1_of(many);
    for (auto rules : {modern, original}) {
        auto const chain = check_schema1<strict_json>(document, small, rules).value();
        CHECK(convert_schema1<strict_json>(document, chain, small, rules).value().history.size() == 300);
    }
}

TEST_CASE("the golden conversion", "[spec-11.4]") {
    auto const body = test::fixture("good_manifest");
    if (!body) return;
    auto const document = test::decoded(schema1_payload<strict_json>(*body).value());
    auto const c = convert(document, original).value();
    CHECK(c.config_json.size() == 1222);
    CHECK(test::sha256(c.config_json) ==
          "sha256:27fcecb14e32d2f41270c59d7693f2f6ce1acc4d20b05c9c0312cc95862d0733");
    REQUIRE(c.history.size() == 2);
    CHECK(c.history[0].created == "2015-08-06T23:53:22.241352727Z");
    CHECK(c.history[0].created_by.find("COPY file:4abd") != std::string::npos);
    CHECK(c.history[1].created_by == "/bin/sh -c #(nop) CMD [\"/hello\"]");
    CHECK_FALSE(c.history[0].empty_layer);
    auto const m = convert(document, modern).value();
    CHECK(m.config_json.find(R"("PortSpecs":null)") != std::string::npos);
    CHECK(m.image.config->cmd->words == std::vector<std::string>{"/hello"});
    CHECK(m.warnings.empty());
}

} // namespace schema1_conversion_test
