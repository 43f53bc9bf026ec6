// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "inspection_records.hpp"
#include <lading/print/writers.hpp>

namespace write_json_table_test {

using namespace lading;
using test::full;
using test::has;
using test::of;
using test::parsed;
using test::record;
using test::schema1_record;
using test::with_config;

TEST_CASE("to_json: a record with everything") {
    auto const r = full();
    auto const text = to_json(r);
    auto const document = parsed(text);
    auto const root = document.root();
    auto string = [&](std::string_view key) { return root.find(key).value().as_string().value(); };
    CHECK(text.ends_with("\n}\n"));
    CHECK(string("name") == "localhost:5000/a/b");
    CHECK(string("tag") == "t");
    CHECK(string("digest") == r.resolved.digest.str());
    CHECK(string("mediaType") == media_types::oci_manifest);
    CHECK(root.find("size")->as_int() == 3);
    CHECK(string("kind") == "index");
    CHECK(string("artifactType") == "a/b");
    CHECK(string("platformWanted") == "host (linux/arm64)");
    CHECK(string("source") == "http://localhost:5000");
    CHECK(string("created") == "2024-01-02T03:04:05.1Z");
    CHECK(string("author") == "A <a@b>");
    CHECK(string("comment") == "c\xe2\x80\xa8");
    CHECK(string("dockerVersion") == "20");
    CHECK(string("user") == "u");
    CHECK(string("workingDir") == "/w");
    CHECK(string("stopSignal") == "9");
    for (auto key : {"entrypoint", "exposedPorts", "volumes", "warnings", "attestations"})
        CHECK(root.find(key)->size() == 1);
    CHECK(root.find("cmd")->size() == 3);
    CHECK(root.find("env")->size() == 2);
    CHECK(root.find("labels")->find("z")->as_string() == "&");
    CHECK(root.find("platform")->find("variant")->as_string() == "v8");
    CHECK(root.find("platform")->find("osVersion")->as_string() == "10");
    CHECK(root.find("chosen")->find("digest")->as_string() == r.chosen->digest.str());
    CHECK(root.find("platforms")->size() == 2);
    CHECK(root.find("config")->find("mediaType")->as_string() == media_types::oci_config);
    CHECK(root.find("subject")->find("size")->as_int() == 7);
    CHECK(root.find("annotations")->find("title")->as_string() == "t\n2");
    CHECK(root.find("totalSize")->as_int() == 17);
    CHECK(root.find("history")->size() == 1);
    CHECK(root.find("tags")->find("state")->as_string() == "truncated");
    CHECK(root.find("tags")->find("values")->size() == 2);
    CHECK(root.find("tags")->find("why")->as_string() == "at the limit");
    std::vector<json_view> layers;
    root.find("layers")->each_element([&](json_view v) { layers.push_back(v); });
    REQUIRE(layers.size() == 2);
    CHECK(layers[0].find("digest")->as_string() == test::sha256("layer"));
    CHECK(layers[0].find("size")->as_int() == 5);
    CHECK(layers[0].find("annotations")->find("k")->as_string() == "<v>");
    CHECK(layers[0].find("urls")->size() == 1);
    CHECK(layers[0].find("history")->find("created_by")->as_string() == r.history[0].created_by);
    CHECK_FALSE(layers[1].find("history"));
    CHECK(has(text, "\\u001b[31m"));
    CHECK(text == to_json(full()));
}

TEST_CASE("to_json: a record with next to nothing") {
    CHECK(to_json(record("a@" + test::sha256("x"), image_kind::artifact)) == R"({
    "name": "docker.io/library/a",
    "requestedDigest": ")" + test::sha256("x") + R"(",
    "digest": ")" + test::sha256("top") + R"(",
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "size": 3,
    "kind": "artifact",
    "platforms": [],
    "layers": [],
    "history": [],
    "totalSize": 0,
    "annotations": {},
    "tags": {
        "state": "not_requested",
        "values": []
    },
    "warnings": [],
    "source": ""
}
)");
}

TEST_CASE("to_json: schema1, and a timestamp that is none") {
    auto const body = test::schema1_text({test::v1('a', '-')});
    auto const document = parsed(to_json(schema1_record(body, "a", schema1_rules::modern)));
    auto const root = document.root();
    CHECK(root.find("totalSize")->is_null());
    CHECK(root.find("embeddedTag")->as_string() == "t");
    CHECK(root.find("platform")->find("architecture")->as_string() == "amd64");
    root.find("layers")->each_element([](json_view l) {
        CHECK_FALSE(l.find("size"));
        CHECK(l.find("mediaType")->as_string() == media_types::docker_layer);
        CHECK(l.find("history")->find("created")->as_string() == "2016-01-02T03:04:05Z");
    });
    CHECK(has(to_json(with_config(R"({"created":"soon"})")), R"("created": "soon")"));
    CHECK(has(to_json(with_config("{}")), "\"labels\": null,\n    \"env\": null"));
    CHECK(has(to_json(with_config(R"({"config":{"Labels":{},"Env":[]}})")),
              "\"labels\": {},\n    \"env\": []"));
}

TEST_CASE("to_table: a record with everything") {
    auto const r = full();
    auto const text = to_table(r);
    CHECK(has(text, "Name:            localhost:5000/a/b\nTag:             t\nDigest:          " +
                        test::sha256("top") + "\n"));
    CHECK(has(text, "\nKind:            index\n"));
    CHECK(has(text, "\nArtifact type:   a/b\n"));
    CHECK(has(text, "\nAsked for:       host (linux/arm64)\n"));
    CHECK(has(text, "\nChosen:          " + test::sha256("child") + "\n"));
    CHECK(has(text, "\nPlatform:        linux/arm64/v8 10\n"));
    CHECK(has(text, "\nCreated:         2024-01-02T03:04:05.1Z\n"));
    CHECK(has(text, "\nComment:         c\\u{2028}\n"));
    CHECK(has(text, "\nCommand:         sh -c \"a b\"\n"));
    CHECK(has(text, "\nTotal size:      17 B\n"));
    CHECK(has(text, "\nEnvironment:\n  PATH=/bin\n  X=\\u{1b}[31m\n"));
    CHECK(has(text, "\nLabels:\n  a  \\u{202e}\n  z  &\n"));
    CHECK(has(text, "\nPlatforms:\n  linux/arm64/v8  " + test::sha256("child") + "  5 B  application/"));
    CHECK(has(text, "\n  -               " + test::sha256("other")));
    CHECK(has(text, "\nLayers, base first:\n  " + test::sha256("layer") + "  5 B   ADD " +
                        std::string(96, 'x') + "...\n"));
    CHECK(has(text,
              "\n  " + test::sha256("longer layer") + "  12 B  application/vnd.oci.image.layer.v1.tar\n"));
    CHECK(has(text, "\nAnnotations:\n  title  t\\u{a}2\n"));
    CHECK(has(text, "\nTags:\n  t\n  a\n"));
    CHECK(has(text, "\nTags are truncated: at the limit\n"));
    CHECK(has(text, "\nWarnings:\n  history_mismatch  careful\n"));
    CHECK_FALSE(has(text, " \n"));
    for (char c : text) CHECK((c == '\n' || detail::is_print(c)));
}

TEST_CASE("to_table: a record with next to nothing") {
    CHECK(to_table(record("a", image_kind::unknown)) ==
          "Name:        docker.io/library/a\n"
          "Tag:         latest\n"
          "Digest:      " +
              test::sha256("top") +
              "\n"
              "Kind:        unknown\n"
              "Media type:  application/vnd.oci.image.manifest.v1+json\n");
    auto const s1 =
        to_table(schema1_record(test::schema1_text({test::v1('a', '-')}), "a", schema1_rules::modern));
    CHECK(has(s1, "Total size:    unknown\n"));
    CHECK(has(s1, "Embedded tag:  t\n"));
}

TEST_CASE("visible text: letters stay, what a terminal obeys is escaped") {
    using detail::visible;
    CHECK(visible("a b\\") == "a b\\");
    CHECK(visible("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3") ==
          "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3");
    CHECK(visible(std::string_view("\0\t\r\n\x7f", 5)) == "\\u{0}\\u{9}\\u{d}\\u{a}\\u{7f}");
    CHECK(visible("\xc2\x9b"
                  "31m") == "\\u{9b}31m");
    CHECK(visible("\xe2\x80\xae\xef\xbb\xbf\xe2\x81\xa6") == "\\u{202e}\\u{feff}\\u{2066}");
    for (std::string_view bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xc3("}) {
        auto const out = visible(bad);
        INFO(out);
        CHECK(out.starts_with("\\x"));
        for (char c : out) CHECK(detail::is_print(c));
    }
    CHECK(visible("\xc3(") == "\\xc3(");
    CHECK(visible("\xc3\xbc\xc3\xbc\xc3\xbc", 2) == "\xc3\xbc\xc3\xbc...");
    CHECK(visible("ab", 2) == "ab");
    CHECK(detail::character_count("\xc3\xbc"
                                  "a") == 2);
}

} // namespace write_json_table_test
