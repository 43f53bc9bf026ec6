// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

#include <lading/print/writers.hpp>

#include <algorithm>
#include <random>

namespace inspect_test {

using namespace lading;
using testing::script;

namespace {

std::string const base = "https://r.example/v2/x/";

struct world {
    script s;
    test::client registry{testing::scripted_transport(s)};

    void manifest(std::string const& target, std::string bytes, std::string digest_header = {}) {
        std::vector<std::pair<std::string, std::string>> fields;
        if (!digest_header.empty()) fields.emplace_back("Docker-Content-Digest", digest_header);
        s.on(base + "manifests/" + target, {200, std::move(bytes), fields});
    }
    void blob(std::string bytes) {
        auto const d = test::digest_of(bytes);
        s.on(base + "blobs/" + d, {200, std::move(bytes)});
    }
    result<inspection> inspect(std::string_view ref, inspect_options o = {}) {
        return registry.inspect(reference::parse(ref).value(), std::move(o));
    }
    std::vector<std::string> asked() const {
        std::vector<std::string> out;
        for (auto const& q : s.journal) out.push_back(q.url.substr(base.size()));
        return out;
    }
};

inspect_options on(std::string_view platform) {
    return inspect_options().with_platform(platform_choice::like(platform::parse(platform).value()));
}

} // namespace

TEST_CASE("inspect: an image by tag takes the manifest and the config, and nothing else") {
    for (bool docker : {true, false}) {
        world w;
        auto const bytes = docker ? test::schema2() : test::oci();
        w.manifest("1", bytes);
        w.blob(test::config_bytes);
        auto const image = w.inspect("r.example/x:1").value();
        CHECK(image.kind == image_kind::image);
        CHECK(image.resolved.digest.str() == test::digest_of(bytes));
        CHECK(!image.chosen);
        CHECK(image.manifest_bytes == bytes);
        CHECK(image.config_bytes == test::config_bytes);
        CHECK(image.image->architecture == "amd64");
        CHECK(image.image->config->labels->at("a") == "<b>");
        REQUIRE(image.layers.size() == 1);
        CHECK(image.layers[0].history->created_by == "ADD");
        CHECK(image.total_size == 5);
        CHECK(image.history.size() == 2);
        CHECK(image.tags.state == tags_state::not_requested);
        CHECK(image.warnings.empty());
        CHECK(image.source == "https://r.example:443");
        CHECK(w.asked() == std::vector<std::string>{"manifests/1", "blobs/" + test::digest_of(test::config_bytes)});
        CHECK(w.s.journal[0].headers.all("Accept").size() == 1);
        CHECK(w.s.journal[0].headers.find("Accept") == default_manifests::accept());
    }
}

TEST_CASE("inspect: an index is walked to the platform, and both digests are reported") {
    world w;
    auto const child = test::oci();
    auto const other = test::oci(R"(,"annotations":{"n":"other"})");
    auto const top = test::index(
        test::entry(media_types::oci_manifest, other, test::on("linux", "s390x")) + "," +
        test::entry(media_types::oci_manifest, child, test::on("linux", "arm64", R"(,"variant":"v8")")) + "," +
        test::entry(media_types::oci_manifest, "att", test::on("unknown", "unknown")));
    w.manifest("latest", top);
    w.manifest(test::digest_of(child), child);
    w.blob(test::config_bytes);
    auto const image = w.inspect("r.example/x", on("linux/arm64")).value();
    CHECK(image.kind == image_kind::index);
    CHECK(image.resolved.digest.str() == test::digest_of(top));
    REQUIRE(image.chosen);
    CHECK(image.chosen->digest.str() == test::digest_of(child));
    CHECK(image.platforms.size() == 2);
    CHECK(image.attestations.size() == 1);
    CHECK(image.platform_wanted == "linux/arm64");
    CHECK(image.manifest_bytes == top);
    CHECK(image.chosen_bytes == child);
    CHECK(w.asked().size() == 3);

    auto const none = w.inspect("r.example/x", on("linux/riscv64"));
    CHECK(none.error() == errc::platform_not_found);
    CHECK(none.error().detail().available == std::vector<std::string>{"linux/s390x", "linux/arm64/v8"});
    CHECK(w.inspect("r.example/x", inspect_options().with_platform(platform_choice::any())).error() ==
          errc::not_found); // the first image is s390x, which this registry lacks
}

TEST_CASE("an image of another platform than the one that was named is shown, with a warning") {
    auto const warnings = [](inspect_options o, std::string config = test::config_bytes, bool in_index = false) {
        world w;
        auto const image = test::oci("", config);
        w.manifest("1", in_index ? test::index(test::entry(media_types::oci_manifest, image, test::on("linux", "arm64"))) : image);
        w.manifest(test::digest_of(image), image);
        w.blob(config);
        auto const record = w.inspect("r.example/x:1", std::move(o)).value();
        CHECK(record.layers.size() == 1);
        std::vector<std::string> out;
        for (auto const& odd : record.warnings)
            if (odd.code == warning_code::platform_differs) out.push_back(odd.text);
        return out;
    };
    CHECK(warnings(on("linux/arm64")) ==
          std::vector<std::string>{"the image is for linux/amd64, and there is no index to choose linux/arm64 from"});
    CHECK(warnings(inspect_options().with_platform(platform_choice::exact(platform("linux", "386")))).size() == 1);
    CHECK(warnings(on("linux/amd64")).empty());
    CHECK(warnings(inspect_options().with_platform(platform_choice::any())).empty());
    CHECK(warnings(on("linux/arm64"), "{}").empty()); // it does not say
    CHECK(warnings(on("linux/arm64"), test::config_bytes, true).empty()); // the index says what it is for
    // The host's platform is a default.
    CHECK(warnings({}, R"({"os":"plan9","architecture":"mips"})").empty());
    CHECK(warnings(on("linux/amd64"), R"({"os":"plan9","architecture":"mips"})").size() == 1);
    // Variants, as in an index.
    std::string const v6 = R"({"os":"linux","architecture":"arm","variant":"v6"})";
    CHECK(warnings(on("linux/arm/v7"), v6).empty());
    CHECK(warnings(on("linux/arm/v5"), v6).size() == 1);
}

TEST_CASE("a child that is not what its descriptor says is refused", "[D19]") {
    auto const child = test::oci();
    auto serve = [&](std::string bytes, std::string_view type, std::string served) {
        world w;
        w.manifest("latest", test::index(test::entry(type, bytes, test::on("linux", "amd64"))));
        w.manifest(test::digest_of(bytes), std::move(served));
        w.blob(test::config_bytes);
        auto const r = w.inspect("r.example/x", on("linux/amd64"));
        return r ? errc::ok : r.error().kind();
    };
    CHECK(serve(child, media_types::oci_manifest, child) == errc::ok);
    auto changed = child;
    changed.back() = ' ';
    CHECK(serve(child, media_types::oci_manifest, changed) == errc::digest_mismatch);
    CHECK(serve(child, media_types::oci_manifest, child + " ") == errc::size_mismatch);
    CHECK(serve(child, media_types::docker_manifest, child) == errc::media_type_mismatch);
}

TEST_CASE("a chosen child may be an index itself, to a bounded depth", "[spec-7.1][L18][row-3]") {
    auto build = [](int depth) {
        world w;
        std::string bytes = test::oci();
        std::string_view type = media_types::oci_manifest;
        for (int i = 0; i < depth; ++i) {
            w.manifest(test::digest_of(bytes), bytes);
            bytes = test::index(test::entry(type, bytes, test::on("linux", "amd64")));
            type = media_types::oci_index;
        }
        w.manifest("latest", bytes);
        w.blob(test::config_bytes);
        auto const r = w.inspect("r.example/x", on("linux/amd64"));
        return r ? errc::ok : r.error().kind();
    };
    CHECK(build(1) == errc::ok);
    CHECK(build(2) == errc::ok);
    CHECK(build(8) == errc::ok);
    CHECK(build(9) == errc::walk_limit);
}

TEST_CASE("an artifact and an unknown document are records, not failures") {
    world w;
    w.manifest("a", test::oci(R"(,"artifactType":"application/vnd.x")", "{}", media_types::oci_empty));
    auto const artifact = w.inspect("r.example/x:a").value();
    CHECK(artifact.kind == image_kind::artifact);
    CHECK(artifact.artifact_type == "application/vnd.x");
    CHECK(!artifact.image);
    CHECK(artifact.config->media_type == media_types::oci_empty);
    CHECK(artifact.layers.size() == 1);
    CHECK(w.asked().size() == 1);
    CHECK(w.registry.config(reference::parse("r.example/x:a").value()).error() == errc::config_not_image);

    w.manifest("u", R"({"schemaVersion":2,"mediaType":"application/vnd.unknown+json"})");
    auto const unknown = w.inspect("r.example/x:u").value();
    CHECK(unknown.kind == image_kind::unknown);
    CHECK(unknown.resolved.media_type == "application/vnd.unknown+json");
    CHECK(w.registry.config(reference::parse("r.example/x:u").value()).error() == errc::no_config);
}

TEST_CASE("1,000 random strings with the right digest are given back, and their records are unknown or documents", "[V25]") {
    std::mt19937 random(25);
    auto const whole = test::oci();
    for (int i = 0; i < 1000; ++i) {
        std::string bytes;
        if (i % 4 == 0) { // a manifest with a few wrong bytes
            bytes = whole;
            for (int k = 0; k <= i % 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
        } else {
            bytes.resize(random() % (i % 4 == 1 ? 8 : 600));
            for (char& c : bytes) c = i % 4 == 3 ? "{}[]:,\"\\ 0123456789aetrufnlse-."[random() % 31] : static_cast<char>(random() % 256);
        }
        INFO(i);
        world w;
        w.s.on(base + "manifests/" + test::digest_of(bytes), {200, bytes});
        w.blob(test::config_bytes);
        auto const ref = reference::parse("r.example/x@" + test::digest_of(bytes)).value();
        auto const raw = w.registry.raw_manifest(ref).value();
        CHECK(raw.bytes == bytes);
        CHECK(raw.self.digest.str() == test::digest_of(bytes));
        CHECK(w.registry.manifest(ref).value().bytes == bytes);
        auto const record = w.registry.inspect(ref);
        if (!record) { // of a document, what it names may be missing
            auto const e = record.error().kind();
            CHECK((e == errc::blob_unknown || e == errc::size_mismatch || e == errc::body_too_large));
            continue;
        }
        CHECK(record.value().manifest_bytes == bytes);
        bool const unreadable = std::any_of(record.value().warnings.begin(), record.value().warnings.end(),
                                            [](auto const& odd) { return odd.code == warning_code::document_unreadable; });
        if (unreadable) CHECK(record.value().kind == image_kind::unknown);
        CHECK(!to_json(record.value()).empty());
    }
}

TEST_CASE("what stays an error", "[V25]") {
    std::string const bytes = "no manifest";
    world w;
    w.s.on(base + "manifests/" + test::digest_of(bytes), {200, bytes + "!"});
    w.manifest("1", bytes);
    w.s.on(base + "manifests/page", {200, "<html>", {{"Content-Type", "text/html"}}});
    auto const ref = [](std::string const& r) { return reference::parse("r.example/x" + r).value(); };
    CHECK(w.registry.raw_manifest(ref("@" + test::digest_of(bytes))).error() == errc::digest_mismatch);
    CHECK(w.registry.inspect(ref(":1")).error() == errc::json_syntax); // by tag nothing says that this is what is there
    CHECK(w.registry.raw_manifest(ref(":1")).value().bytes == bytes);
    CHECK(w.registry.raw_manifest(ref(":page")).error() == errc::not_a_registry);
    CHECK(w.registry.raw_manifest(ref(":gone")).error() == errc::not_found);

    world config;
    config.s.on(base + "manifests/" + test::digest_of(bytes), {200, bytes});
    auto const none = config.registry.config(ref("@" + test::digest_of(bytes)));
    CHECK(none.error() == errc::no_config);
    CHECK(none.error().detail().context.find("json_syntax") != std::string::npos);
}

TEST_CASE("an odd entry of an index is in the record, and never chosen", "[W42]") {
    auto const child = test::oci();
    auto const digest = R"("digest":")" + test::digest_of("y") + "\"";
    auto const top = test::index(R"({"mediaType":"a/b",)" + digest + "}," +                                     // no size
                                 test::entry(media_types::oci_manifest, "empty", R"(,"platform":{})") + "," + // no platform
                                 test::entry(media_types::oci_manifest, child, test::on("linux", "amd64")) + "," +
                                 R"({"mediaType":"a/b","size":1,"digest":"blake3:)" + std::string(64, 'a') + "\"}");
    world w;
    w.manifest("latest", top);
    w.manifest(test::digest_of(child), child);
    w.blob(test::config_bytes);
    for (auto const& choice : {platform_choice::any(), platform_choice::like(platform("linux", "amd64"))}) {
        auto const record = w.inspect("r.example/x", inspect_options().with_platform(choice)).value();
        REQUIRE(record.chosen);
        CHECK(record.chosen->digest.str() == test::digest_of(child));
        CHECK(record.platforms.size() == 2);
        REQUIRE(record.odd_entries.size() == 2);
        CHECK(record.odd_entries[0].position == 0);
        CHECK(record.odd_entries[1].position == 3);
        REQUIRE(record.warnings.size() == 1);
        CHECK(record.warnings[0].code == warning_code::odd_entries);
        for (auto const& text : {to_json(record), to_table(record)}) {
            CHECK(text.find("blake3:") != text.npos);
            CHECK(text.find("digest_unsupported") != text.npos);
            CHECK(text.find(test::digest_of("empty")) != text.npos);
        }
    }
    auto const none = w.inspect("r.example/x", on("plan9/mips"));
    CHECK(none.error() == errc::platform_not_found);
    CHECK(none.error().detail().available == std::vector<std::string>{"linux/amd64"});
}

TEST_CASE("what nobody reads of a config keeps nobody from the rest", "[W55]") {
    auto const inspect = [](std::string const& text) {
        world w;
        w.manifest("1", test::schema2(text));
        w.blob(text);
        return w.inspect("r.example/x:1");
    };
    auto const config = [](std::string const& more) { return R"({"architecture":"amd64","os":"linux","rootfs":{},)" + more + "}"; };
    std::string const deep = std::string(62, '[') + std::string(62, ']'); // in an object in an object: 64
    for (auto const& more : {std::string(R"("x":1,"x":2)"), std::string(R"("config":{"Healthcheck":{"Test":[],"Test":[]},"a":1,"a":2})"),
                             R"("x":{"y":)" + deep + "}", std::string(R"("config":{"ExposedPorts":{"80/tcp":{},"80/tcp":{}}})")}) {
        INFO(more);
        auto const record = inspect(config(more));
        REQUIRE(record.has_value());
        CHECK(record.value().image->architecture == "amd64");
        CHECK(record.value().config_bytes == config(more));
    }
    auto const bad = inspect(config("\"author\":\"a\xff\",\"config\":{\"Env\":[\"A=\xc3\"],\"Labels\":{\"\xfe\":\"\\ud800\"}}")).value();
    CHECK(bad.image->author == "a\xef\xbf\xbd");
    CHECK(bad.config_bytes.find('\xff') != std::string::npos); // the bytes are what was verified
    for (auto const& text : {to_modern(bad), to_json(bad), to_docker_1_10(bad), to_table(bad)})
        CHECK(text.find_first_of("\xff\xfe\xc3") == std::string::npos);
    CHECK(to_modern(bad).find("A=\xef\xbf\xbd") != std::string::npos);
    for (auto const& more : {R"("author":"a","author":"b")", R"("config":{},"config":{})", R"("config":{"Env":[],"Env":[]})",
                             R"("config":{"Labels":{"k":"v","k":"w"}})", R"("os":"plan9")"}) {
        INFO(more);
        CHECK(inspect(config(more)).error() == errc::json_duplicate_key);
    }
    CHECK(inspect(config(R"("x":{"y":[)" + deep + "]}")).error() == errc::json_depth);
}

TEST_CASE("more than 4,096 layers, up to what a manifest of 4 MiB can hold", "[W55]") {
    std::string layers;
    auto const one = test::entry("application/vnd.oci.image.layer.v1.tar+gzip", "l");
    for (int i = 0; i < 20'000; ++i) layers += (i ? "," : "") + one;
    world w;
    w.manifest("1", R"({"schemaVersion":2,"config":)" + test::entry(media_types::oci_config, "{}") + R"(,"layers":[)" + layers + "]}");
    w.blob("{}");
    auto const record = w.inspect("r.example/x:1").value();
    CHECK(record.layers.size() == 20'000);
    CHECK(record.total_size == 20'000);
}

TEST_CASE("null lists and maps of a config are empty; null in a list says nothing", "[W41]") {
    std::string const config =
        R"({"created":null,"author":null,"architecture":"amd64","os":"linux","os.features":null,"config":{"Env":null,"Cmd":null,)"
        R"("Entrypoint":null,"Labels":null,"OnBuild":null,"Volumes":null,"ExposedPorts":null,"Hostname":null,"Tty":null},)"
        R"("container_config":null,"rootfs":{"type":"layers","diff_ids":null},"history":null})";
    auto const inspect = [](std::string const& text) {
        world w;
        w.manifest("1", test::schema2(text));
        w.blob(text);
        return w.inspect("r.example/x:1").value();
    };
    auto const empty = inspect(config);
    CHECK(empty.warnings.empty());
    CHECK(empty.history.empty());
    CHECK(!empty.image->config->env);
    CHECK(!empty.image->config->labels);
    auto const odd = inspect(R"({"config":{"Env":["A=1",null],"Cmd":[null]},"rootfs":{},"history":[null,{"created_by":"x"}]})");
    CHECK(odd.image->config->env == std::vector<std::string>{"A=1", ""});
    CHECK(odd.image->config->cmd->words == std::vector<std::string>{""});
    CHECK(odd.history.size() == 2);
}

TEST_CASE("a server that does not part Accept at commas is asked with a line a type, and that is remembered", "[W40]") {
    constexpr std::string_view words = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})";
    constexpr std::string_view accept = R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI index found, but accept header does not support it"}]})";
    struct row {
        int status;
        std::string_view body;
        std::size_t requests;
    };
    for (auto const& r : {row{404, "", 2}, row{404, "404 page not found", 2}, row{406, "<html>", 2}, row{415, "", 2}, row{404, accept, 2},
                          row{404, words, 1}, row{403, "", 1}, row{401, "", 1}, row{400, "", 1}, row{410, "accept", 1}}) {
        INFO(r.status << ' ' << r.body);
        world w;
        w.s.on(base + "manifests/1", {r.status, std::string(r.body)}).on(base + "manifests/1", {200, test::oci()});
        w.blob(test::config_bytes);
        CHECK(w.inspect("r.example/x:1").has_value() == (r.requests == 2));
        REQUIRE(w.s.journal.size() == r.requests + (r.requests == 2));
        CHECK(w.s.journal[0].headers.all("Accept").size() == 1);
        if (r.requests == 1) continue;
        auto const lines = w.s.journal[1].headers.all("Accept");
        CHECK(lines.size() == 6);
        CHECK(lines.front() == media_types::oci_manifest);
        CHECK(lines.back() == media_types::docker_schema1);
        CHECK(w.s.journal[2].headers.all("Accept").empty()); // a blob

        // The next manifest of this origin is asked for in that way at once, by every call.
        w.s.journal.clear();
        CHECK(w.registry.manifest(reference::parse("r.example/x:1").value()).has_value());
        CHECK(w.registry.raw_manifest(reference::parse("r.example/x:1").value()).has_value());
        REQUIRE(w.s.journal.size() == 2);
        for (auto const& q : w.s.journal) CHECK(q.headers.all("Accept").size() == 6);
        w.s.journal.clear();
        w.s.on("https://s.example/v2/x/manifests/1", {200, test::oci()});
        CHECK(w.registry.manifest(reference::parse("s.example/x:1").value()).has_value());
        CHECK(w.s.journal.at(0).headers.all("Accept").size() == 1);
    }
    // A server that has read the line once is not asked twice for what it lacks.
    world w;
    w.manifest("1", test::oci());
    w.blob(test::config_bytes);
    CHECK(w.inspect("r.example/x:1").has_value());
    w.s.journal.clear();
    CHECK(w.inspect("r.example/x:2").error() == errc::not_found);
    CHECK(w.s.journal.size() == 1);
}

TEST_CASE("the config is verified before it is read") {
    auto serve = [](std::string config, std::string served) {
        world w;
        w.manifest("1", test::schema2(config));
        w.s.on(base + "blobs/" + test::digest_of(config), {200, std::move(served)});
        auto const r = w.inspect("r.example/x:1");
        return r ? errc::ok : r.error().kind();
    };
    CHECK(serve(test::config_bytes, test::config_bytes) == errc::ok);
    CHECK(serve(test::config_bytes, test::config_bytes + "x") == errc::size_mismatch);
    CHECK(serve(test::config_bytes, test::config_bytes.substr(1)) == errc::size_mismatch);
    auto changed = test::config_bytes;
    changed.back() = ' ';
    CHECK(serve(test::config_bytes, changed) == errc::digest_mismatch);
    CHECK(serve("not json", "not json") == errc::json_syntax);
    CHECK(serve(R"({"architecture":1})", R"({"architecture":1})") == errc::config_schema);
    CHECK(serve("{}", "{}") == errc::ok);
}

TEST_CASE("a missing rootfs and a history that does not fit are warnings") {
    world w;
    std::string const config = R"({"history":[{"created_by":"a"},{"created_by":"b"}]})";
    w.manifest("1", test::schema2(config));
    w.blob(config);
    auto const image = w.inspect("r.example/x:1").value();
    CHECK(image.warnings.size() == 2);
    CHECK(!image.layers[0].history);
}

TEST_CASE("a Docker-Content-Digest that lies is a warning", "[D02]") {
    world w;
    w.manifest("1", test::schema2(), "sha256:" + std::string(64, 'a'));
    w.blob(test::config_bytes);
    auto const image = w.inspect("r.example/x:1").value();
    REQUIRE(image.warnings.size() == 1);
    CHECK(image.warnings[0].text.find("sha256:aaaa") != std::string::npos);
}

TEST_CASE("tag and digest: the digest decides, the tag is kept", "[spec-1.4]") {
    world w;
    auto const bytes = test::schema2();
    auto const d = test::digest_of(bytes, digest_algorithm::sha512);
    w.manifest(d, bytes);
    w.blob(test::config_bytes);
    auto const image = w.inspect("r.example/x:old@" + d).value();
    CHECK(image.requested.tag() == "old");
    CHECK(image.resolved.digest.str() == d);
    CHECK(w.asked()[0] == "manifests/" + d);
}

TEST_CASE("tags come last, page by page, and their refusal is a warning") {
    auto const tags = inspect_options().with_tags();
    world w;
    w.manifest("1", test::schema2());
    w.blob(test::config_bytes);
    w.s.on(base + "tags/list?n=1000",
           {200, R"({"name":"x","tags":["b","a"]})", {{"Link", "</v2/x/tags/list?n=1000&last=a>; rel=\"next\""}}});
    w.s.on(base + "tags/list?n=1000&last=a", {200, R"({"tags":["c","",null]})"});
    auto const bad = w.inspect("r.example/x:1", tags).value();
    CHECK(bad.tags.state == tags_state::truncated); // a null is no tag
    CHECK(bad.tags.values == std::vector<std::string>{"b", "a", "c"});
    REQUIRE(bad.warnings.size() == 1);
    CHECK(bad.warnings[0].code == warning_code::tags_truncated);
    CHECK(bad.warnings[0].text == "the tag list is not complete: " + bad.tags.why);
    CHECK(w.asked().back() == "tags/list?n=1000&last=a");

    world good;
    good.manifest("1", test::schema2());
    good.blob(test::config_bytes);
    good.s.on(base + "tags/list?n=1000",
              {200, R"({"name":"x","tags":["b","a"]})", {{"Link", "</v2/x/tags/list?n=1000&last=a>; rel=\"next\""}}});
    good.s.on(base + "tags/list?n=1000&last=a", {200, R"({"tags":["c",""]})"});
    auto const image = good.inspect("r.example/x:1", tags).value();
    CHECK(image.tags.state == tags_state::complete);
    CHECK(image.tags.values == std::vector<std::string>{"b", "a", "c"});
    CHECK(good.asked().size() == 4);

    world denied;
    denied.manifest("1", test::schema2());
    denied.blob(test::config_bytes);
    denied.s.on(base + "tags/list?n=1000", {403, R"({"errors":[{"code":"DENIED","message":"no"}]})"});
    auto const without = denied.inspect("r.example/x:1", tags).value();
    CHECK(without.tags.state == tags_state::refused);
    CHECK(without.tags.failure == errc::denied);
    CHECK(without.warnings[0].code == warning_code::tags_not_listed);
    CHECK(without.warnings[0].text.find("next") == std::string::npos); // nothing is
    CHECK(without.image->os == "linux");
    CHECK(without.warnings[0].text.find("DENIED") != std::string::npos);
}

TEST_CASE("the tags that came before a failure are in the record, with a warning", "[W47]") {
    auto const with = [](testing::scripted_answer second) {
        world w;
        w.manifest("1", test::schema2());
        w.blob(test::config_bytes);
        w.s.on(base + "tags/list?n=1000", {200, R"({"tags":["b","a"]})", {{"Link", "<?last=a>; rel=\"next\""}}});
        w.s.on(base + "tags/list?last=a", std::move(second));
        return w.inspect("r.example/x:1", inspect_options().with_tags());
    };
    for (auto const& page : std::vector<testing::scripted_answer>{{400, "no"}, {403, ""}, {200, "<html>"}, error(errc::http_malformed)}) {
        auto const image = with(page).value();
        CHECK(image.image->os == "linux");
        CHECK(image.tags.state == tags_state::truncated);
        CHECK(image.tags.values == std::vector<std::string>{"b", "a"});
        REQUIRE(image.warnings.size() == 1);
        CHECK(image.warnings[0].code == warning_code::tags_truncated);
    }
    for (auto const over : {errc::timeout, errc::cancelled}) CHECK(with(error(over)).error() == over); // of the whole call
}

TEST_CASE("bodies come in pieces of any size", "[K05]") {
    for (std::size_t piece : {1u, 2u, 3u, 7u, 100u}) {
        world w;
        w.s.piece = piece;
        w.manifest("1", test::schema2());
        w.blob(test::config_bytes);
        CHECK(w.inspect("r.example/x:1").has_value());
    }
}

TEST_CASE("a failure at any exchange is the failure of inspect") {
    for (std::size_t n = 0;; ++n) {
        world w;
        auto const child = test::oci();
        auto const top = test::index(test::entry(media_types::oci_manifest, child, test::on("linux", "amd64")));
        std::vector<std::string> const urls{"manifests/latest", "manifests/" + test::digest_of(child),
                                            "blobs/" + test::digest_of(test::config_bytes)};
        if (n < urls.size()) w.s.on(base + urls[n], error(errc::connection_refused));
        w.manifest("latest", top);
        w.manifest(test::digest_of(child), child);
        w.blob(test::config_bytes);
        auto const r = w.inspect("r.example/x", on("linux/amd64"));
        CHECK(r.has_value() == (n >= urls.size()));
        if (r) break; // a clean run: every exchange has failed once
        CHECK(r.error() == errc::connection_refused);
        CHECK(w.s.journal.size() == n + 1);
    }
}

TEST_CASE("a rule for one tag or digest is a client's rule for that image", "[W15]") {
    auto const pinned = "r.example/x@" + test::digest_of(test::oci());
    auto const rules = registry_rules()
                           .with_registry(registry_entry("r.example/x:1").with_blocked())
                           .with_registry(registry_entry(pinned).with_location("m.example/y"));
    world w;
    test::client registry{testing::scripted_transport(w.s), client_options().with_rules(rules)};
    auto const fails = [&](std::string const& ref) { return registry.manifest(reference::parse(ref).value()).error().kind(); };
    CHECK(fails("r.example/x:1") == errc::registry_blocked);
    CHECK(fails("r.example/x:1@" + test::digest_of("other")) == errc::registry_blocked);
    CHECK(w.s.journal.empty());
    CHECK(fails("r.example/x:12") == errc::not_found);
    CHECK(fails(pinned) == errc::not_found);
    REQUIRE(w.s.journal.size() >= 2);
    CHECK(w.s.journal.front().url == base + "manifests/12");
    CHECK(w.s.journal.back().url.starts_with("https://m.example/v2/y/manifests/sha256:"));
}

} // namespace inspect_test
