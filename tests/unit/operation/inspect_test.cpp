// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"

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
        test::descriptor(media_types::oci_manifest, other, test::on("linux", "s390x")) + "," +
        test::descriptor(media_types::oci_manifest, child, test::on("linux", "arm64", R"(,"variant":"v8")")) + "," +
        test::descriptor(media_types::oci_manifest, "att", test::on("unknown", "unknown")));
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
        w.manifest("1", in_index ? test::index(test::descriptor(media_types::oci_manifest, image, test::on("linux", "arm64"))) : image);
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

TEST_CASE("D19: a child that is not what its descriptor says is refused") {
    auto const child = test::oci();
    auto serve = [&](std::string bytes, std::string_view type, std::string served) {
        world w;
        w.manifest("latest", test::index(test::descriptor(type, bytes, test::on("linux", "amd64"))));
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

TEST_CASE("spec 7.1 row 3, L18: a chosen child may be an index itself, to a bounded depth") {
    auto build = [](int depth) {
        world w;
        std::string bytes = test::oci();
        std::string_view type = media_types::oci_manifest;
        for (int i = 0; i < depth; ++i) {
            w.manifest(test::digest_of(bytes), bytes);
            bytes = test::index(test::descriptor(type, bytes, test::on("linux", "amd64")));
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

TEST_CASE("D02: a Docker-Content-Digest that lies is a warning") {
    world w;
    w.manifest("1", test::schema2(), "sha256:" + std::string(64, 'a'));
    w.blob(test::config_bytes);
    auto const image = w.inspect("r.example/x:1").value();
    REQUIRE(image.warnings.size() == 1);
    CHECK(image.warnings[0].text.find("sha256:aaaa") != std::string::npos);
}

TEST_CASE("tag and digest: the digest decides, the tag is kept (spec 1.4)") {
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

TEST_CASE("W47: the tags that came before a failure are in the record, with a warning") {
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

TEST_CASE("bodies come in pieces of any size (K05)") {
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
        auto const top = test::index(test::descriptor(media_types::oci_manifest, child, test::on("linux", "amd64")));
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

} // namespace inspect_test
