// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"
#include <lading/document/visit.hpp>

#include <boost/hana/adapt_struct.hpp>

namespace open_test {
struct chart {
    static constexpr std::string_view matches_config_type = "application/vnd.cncf.helm.config.v1+json";
    std::vector<lading::descriptor> layers;
    lading::string_map annotations;
};
} // namespace open_test

BOOST_HANA_ADAPT_STRUCT(open_test::chart, layers, annotations);

namespace open_test {

using namespace lading;

namespace {
using manifest = basic_manifest<default_manifests>;

result<manifest> open(std::string bytes, manifest_expectation want = {}, std::string content_type = {}) {
    response head(200);
    if (!content_type.empty()) head.headers.add("Content-Type", content_type);
    return parse_and_verify_manifest<test::policies>(std::move(bytes), head, want, limits());
}
manifest_expectation by(std::string const& digest_text) {
    return manifest_expectation(digest::parse(digest_text).value());
}
errc code(std::string bytes, manifest_expectation want = {}, std::string content_type = {}) {
    auto const r = open(std::move(bytes), std::move(want), std::move(content_type));
    return r ? errc::ok : r.error().kind();
}

struct without_schema1 : test::policies {
    using manifests = manifest_set<oci_image, schema2, oci_index, manifest_list>;
};

struct with_chart : test::policies {
    using manifests = extend_t<default_manifests, chart>;
};
} // namespace

TEST_CASE("every document of the default set opens, with bytes, digest and size kept") {
    auto const image = test::oci(R"(,"annotations":{"k":"v"},"subject":)" + test::entry("a/b", "s"));
    auto const opened = open(image, by(test::digest_of(image))).value();
    CHECK(opened.bytes == image);
    CHECK(opened.self.digest.str() == test::digest_of(image));
    CHECK(opened.self.size == static_cast<std::int64_t>(image.size()));
    CHECK(opened.self.media_type == media_types::oci_manifest);
    auto const& o = std::get<oci_image>(opened.document);
    CHECK(o.annotations.at("k") == "v");
    CHECK(o.subject->media_type == "a/b");
    CHECK(o.layers.at(0).size == 5);

    CHECK(std::get<schema2>(open(test::schema2()).value().document).config.size ==
          static_cast<std::int64_t>(test::config_bytes.size()));
    auto const list = test::index(test::entry(media_types::docker_manifest, "x", test::on("linux", "amd64")),
                                  media_types::docker_list);
    auto const opened_list = open(list).value();
    auto const& entry = std::get<manifest_list>(opened_list.document).manifests.at(0);
    CHECK(entry.platform->architecture == "amd64");
    CHECK(std::holds_alternative<oci_index>(open(test::index("")).value().document));
    auto const unknown = open(R"({"schemaVersion":2,"mediaType":"application/vnd.x+json"})").value();
    CHECK(std::get<opaque>(unknown.document).media_type == "application/vnd.x+json");
}

TEST_CASE("what is asked for is what comes, or an error", "[D01][D09][D14][D18]") {
    auto const image = test::schema2();
    CHECK(code(image, by(test::digest_of(image, digest_algorithm::sha512))) == errc::ok);
    CHECK(code(image + " ", by(test::digest_of(image))) == errc::digest_mismatch);
    CHECK(code("not json", by(test::digest_of(image))) == errc::digest_mismatch);
    CHECK(code(image, {}, std::string(media_types::oci_manifest)) == errc::media_type_mismatch);
    CHECK(code(image, {}, std::string(media_types::docker_manifest) + "; charset=utf-8") == errc::ok);
    CHECK(code(image, {}, "text/html") == errc::ok);
    CHECK(code(image, {}, "APPLICATION/VND.DOCKER.DISTRIBUTION.MANIFEST.V2+JSON") == errc::ok);

    lading::descriptor child(std::string(media_types::docker_manifest), digest::parse(test::digest_of(image)).value(),
                             static_cast<std::int64_t>(image.size()));
    CHECK(code(image, manifest_expectation(child)) == errc::ok);
    ++child.size;
    CHECK(code(image, manifest_expectation(child)) == errc::size_mismatch);
    --child.size;
    child.media_type = media_types::docker_list;
    CHECK(code(image, manifest_expectation(child)) == errc::media_type_mismatch);
    std::string const odd = R"({"schemaVersion":2,"mediaType":"application/vnd.x\u0000\u001b[2J","manifests":[]})";
    auto const refused = open(odd, manifest_expectation(lading::descriptor(std::string(media_types::oci_index), digest::parse(test::digest_of(odd)).value(), static_cast<std::int64_t>(odd.size()))));
    REQUIRE(refused.error() == errc::media_type_mismatch);
    CHECK(refused.error().detail().actual == "application/vnd.x??[2J");
    CHECK(error(errc::layout_invalid).with_context("a\nb\x7f \xc3\xa9").message().ends_with(": a?b? \xc3\xa9"));

    CHECK(code(R"({"schemaVersion":2,"config":{},"layers":[],"layers":[]})") == errc::json_duplicate_key);
    auto const mismatch = open(image + " ", by(test::digest_of(image)));
    CHECK(mismatch.error().facts().next_endpoint);
    CHECK(!mismatch.error().facts().plaintext);
    CHECK(!mismatch.error().facts().v1);
}

TEST_CASE("descriptors are checked when they are read", "[L09][L17][D04][D05]") {
    auto with_size = [](std::string size) {
        return R"({"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:)" + std::string(64, 'a') +
               R"(","size":)" + size + "}}";
    };
    CHECK(code(with_size("5")) == errc::ok);
    CHECK(code(with_size("9223372036854775807")) == errc::ok);
    for (auto bad : {"-1", "1.5", "\"5\"", "1e3", "9223372036854775808", "null", "true"}) {
        INFO(bad);
        CHECK(code(with_size(bad)) == errc::descriptor_invalid);
    }
    auto with_digest = [](std::string d) {
        return R"({"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":")" + d + R"(","size":1}})";
    };
    CHECK(code(with_digest("sha256:../../../../etc/passwd")) == errc::descriptor_invalid);
    CHECK(code(with_digest("sha256:" + std::string(63, 'a'))) == errc::descriptor_invalid);
    CHECK(code(with_digest("md5:" + std::string(32, 'a'))) == errc::digest_unsupported);

    std::string many;
    for (int i = 0; i < 5000; ++i) many += (i ? "," : "") + test::entry("a/b", "x");
    CHECK(code(test::index(many)) == errc::ok);
    limits few;
    few.descriptors = 4999;
    CHECK(parse_and_verify_manifest<test::policies>(test::index(many), response(200), {}, few).error() == errc::manifest_limit);

    auto const where = open(R"({"schemaVersion":2,"layers":[{"mediaType":"a/b","size":1}],"config":)" +
                            test::entry("a/b", "x") + "}");
    CHECK(where.error().detail().context == "at layers[0].digest");
}

TEST_CASE("a field of the wrong type is manifest_schema", "[J07]") {
    auto const d = test::entry("a/b", "x");
    for (auto bad : {R"("layers":{})", R"("layers":"x")", R"("layers":[],"annotations":[])",
                     R"("layers":[],"annotations":{"a":1})"}) {
        INFO(bad);
        CHECK(code(R"({"schemaVersion":2,"config":)" + d + "," + bad + "}") == errc::manifest_schema);
    }
}

TEST_CASE("a set without schema1 refuses it by name") {
    response const head(200);
    auto const r = parse_and_verify_manifest<without_schema1>(R"({"schemaVersion":1,"fsLayers":[],"history":[]})", head, {}, limits());
    CHECK(r.error().kind() == errc::schema1_refused);
}

TEST_CASE("a user's document wins over the standard one that it refines") {
    response const head(200);
    auto const helm = test::oci(R"(,"annotations":{"k":"v"})", "{}", chart::matches_config_type);
    auto const opened = parse_and_verify_manifest<with_chart>(helm, head, {}, limits()).value();
    CHECK(std::get<chart>(opened.document).annotations.at("k") == "v");
    auto const plain = parse_and_verify_manifest<with_chart>(test::oci(), head, {}, limits()).value();
    CHECK(std::holds_alternative<oci_image>(plain.document));

    auto const text = visit(overloaded{[](chart const&) { return 1; }, [](auto const&) { return 2; }}, opened);
    CHECK(text == 1);
}

TEST_CASE("Accept is one line made from the set") {
    CHECK(default_manifests::accept() == "application/vnd.oci.image.manifest.v1+json, "
                                         "application/vnd.docker.distribution.manifest.v2+json, "
                                         "application/vnd.oci.image.index.v1+json, "
                                         "application/vnd.docker.distribution.manifest.list.v2+json, "
                                         "application/vnd.docker.distribution.manifest.v1+prettyjws, "
                                         "application/vnd.docker.distribution.manifest.v1+json");
    CHECK(extend_t<default_manifests, chart>::accept() == default_manifests::accept());
}

namespace {
std::vector<warning_code> codes(std::vector<warning> const& list) {
    std::vector<warning_code> out;
    for (auto const& w : list) out.push_back(w.code);
    return out;
}
using only = std::vector<warning_code>;
} // namespace

TEST_CASE("a required list that is null or absent is empty, with a warning; null keys of another type tell nothing", "[W41]") {
    auto const config = test::entry(media_types::oci_config, "{}");
    auto const image = [&](std::string more, std::string_view type = media_types::oci_manifest) {
        return R"({"schemaVersion":2,"mediaType":")" + std::string(type) + R"(","config":)" + config + more + "}";
    };
    for (auto const& text : {image(R"(,"layers":null)"), image(""), R"({"schemaVersion":2,"config":)" + config + "}"}) {
        INFO(text);
        auto const got = open(text).value();
        CHECK(std::get<oci_image>(got.document).layers.empty());
        CHECK(codes(got.warnings) == only{warning_code::missing_layers});
    }
    CHECK(codes(open(image("", media_types::docker_manifest)).value().warnings) == only{warning_code::missing_layers});
    for (auto const type : {media_types::oci_index, media_types::docker_list})
        for (auto const* more : {R"(,"manifests":null)", ""}) {
            auto const got = open(R"({"schemaVersion":2,"mediaType":")" + std::string(type) + "\"" + more + "}").value();
            CHECK(got.self.media_type == type);
            CHECK(codes(got.warnings) == only{warning_code::missing_manifests});
        }
    for (auto const* more : {R"(,"layers":[],"manifests":null)", R"(,"layers":[],"fsLayers":null,"history":null)",
                             R"(,"layers":[],"annotations":null,"subject":null,"artifactType":null)"}) {
        auto const got = open(image(more)).value();
        CHECK(std::holds_alternative<oci_image>(got.document));
        CHECK(got.warnings.empty());
    }
    CHECK(std::holds_alternative<oci_index>(open(R"({"schemaVersion":2,"manifests":[],"layers":null,"config":null})").value().document));
    CHECK(code(image(R"(,"layers":[],"manifests":[])")) == errc::manifest_ambiguous); // not null: two types
}

TEST_CASE("an odd entry of an index is kept as it is, and hides none of the others", "[W42]") {
    auto const good = test::entry(media_types::oci_manifest, "x", test::on("linux", "amd64"));
    auto const digest = R"("digest":")" + test::digest_of("y") + "\"";
    std::string const odd[] = {R"({"mediaType":"a/b",)" + digest + "}", // no size
                               R"({"mediaType":"a/b","size":1,"digest":"blake3:)" + std::string(64, 'a') + "\"}",
                               R"({"mediaType":"a/b","size":-1,)" + digest + "}",
                               R"({"mediaType":"a/b","size":1,"digest":"sha256:../../etc/passwd"})",
                               R"({"mediaType":"a/b","size":1,"annotations":{"k":7},)" + digest + "}",
                               R"({"mediaType":"a/b","size":1,"size":2,)" + digest + "}",
                               "null",
                               "7",
                               R"("text")"};
    for (auto const& o : odd)
        for (auto const type : {media_types::oci_index, media_types::docker_list}) {
            INFO(o);
            auto const got = open(test::index(good + "," + o + "," + good, type)).value();
            CHECK(codes(got.warnings) == only{warning_code::odd_entries});
            std::visit(
                [&](auto const& d) {
                    if constexpr (requires { d.odd_entries; }) {
                        CHECK(d.manifests.size() == 2);
                        REQUIRE(d.odd_entries.size() == 1);
                        CHECK(d.odd_entries[0].position == 1);
                        CHECK(d.odd_entries[0].text == o);
                        CHECK(!d.odd_entries[0].why.empty());
                    } else {
                        FAIL("no index");
                    }
                },
                got.document);
        }
    for (auto const* platform : {R"({})", R"({"architecture":"amd64"})", R"({"os":"linux"})", R"({"os":"","architecture":null})"}) {
        auto const got = open(test::index(test::entry("a/b", "x", R"(,"platform":)" + std::string(platform)) + "," + good)).value();
        auto const& list = std::get<oci_index>(got.document);
        CHECK(list.odd_entries.empty());
        CHECK(list.manifests.size() == 2);
        CHECK(!list.manifests[0].platform->is_complete());
        CHECK(codes(got.warnings) == only{warning_code::odd_entries});
    }
    // What is kept of it has a bound.
    auto const long_one = open(test::index(R"({"x":")" + std::string(100'000, 'x') + "\"}")).value();
    CHECK(std::get<oci_index>(long_one.document).odd_entries.at(0).text.size() == limits().odd_entry_bytes);
}

TEST_CASE("what does not say its type is of the family that its Content-Type says, if the shape agrees", "[W43]") {
    std::string const config = R"("config":)" + test::entry(media_types::docker_config, "{}");
    std::string const image = R"({"schemaVersion":2,)" + config + R"(,"layers":[]})", list = R"({"schemaVersion":2,"manifests":[]})";
    auto const opened = open(image, {}, std::string(media_types::docker_manifest)).value();
    CHECK(std::holds_alternative<schema2>(opened.document));
    CHECK(opened.self.media_type == media_types::docker_manifest);
    CHECK(codes(opened.warnings) == only{warning_code::media_type_assumed});
    auto const opened_list = open(list, {}, std::string(media_types::docker_list)).value();
    CHECK(std::holds_alternative<manifest_list>(opened_list.document));
    CHECK(codes(opened_list.warnings) == only{warning_code::media_type_assumed});
    // An index says it of its entries, and knows better than a header.
    lading::descriptor child(std::string(media_types::docker_manifest), digest::parse(test::digest_of(image)).value(),
                             static_cast<std::int64_t>(image.size()));
    auto const of_index = open(image, manifest_expectation(child), std::string(media_types::oci_manifest)).value();
    CHECK(std::holds_alternative<schema2>(of_index.document));
    // Without a header, or with one of no use, as ever.
    for (auto const* type : {"", "application/json", "application/vnd.oci.image.manifest.v1+json"})
        CHECK(std::holds_alternative<oci_image>(open(image, {}, type).value().document));
    // The shape does not agree.
    CHECK(code(image, {}, std::string(media_types::docker_list)) == errc::media_type_mismatch);
    CHECK(code(list, {}, std::string(media_types::docker_manifest)) == errc::media_type_mismatch);
    CHECK(code(image, {}, std::string(media_types::docker_schema1)) == errc::media_type_mismatch);
}

TEST_CASE("a Content-Type that is none is ignored, with a warning", "[W44]") {
    for (auto const* type : {"application/json, text/plain", "application/vnd.oci.image.manifest.v1+json;charset",
                             "\"application/json\"", "json", "a/b c", "application/vnd.docker.distribution.manifest.v2+json;;=,"}) {
        INFO(type);
        auto const got = open(test::schema2(), {}, type).value();
        CHECK(std::holds_alternative<schema2>(got.document));
        CHECK(codes(got.warnings) == only{warning_code::content_type_ignored});
    }
    response two(200);
    two.headers.add("Content-Type", "application/json");
    two.headers.add("Content-Type", media_types::oci_manifest);
    auto const got = parse_and_verify_manifest<test::policies>(test::schema2(), two, {}, limits()).value();
    CHECK(codes(got.warnings) == only{warning_code::content_type_ignored});
    CHECK(open(test::schema2(), {}, "application/json").value().warnings.empty());
    CHECK(open(test::schema2()).value().warnings.empty());
    // Of bytes that a digest vouches for, a header that says another type too.
    auto const sure = open(test::schema2(), by(test::digest_of(test::schema2())), std::string(media_types::oci_manifest)).value();
    CHECK(std::holds_alternative<schema2>(sure.document));
    CHECK(codes(sure.warnings) == only{warning_code::content_type_ignored});
}

TEST_CASE("bytes that a digest vouches for are given whatever they are; others must make sense", "[V25]") {
    auto const vendor = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                        test::entry("a/b", "x") + R"(,"layers":[],"manifests":[]})";
    std::string const hopeless[] = {"", "not json", "{", "[]", "7", vendor, std::string(1000, '['), "\xff\xfe", std::string("\0", 1),
                                    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":{}})",
                                    R"({"schemaVersion":1,"fsLayers":[],"history":[],"signatures":7})",
                                    R"({"schemaVersion":2,"config":{},"layers":[],"layers":[]})"};
    for (auto const& bytes : hopeless) {
        INFO(bytes);
        auto const got = open(bytes, by(test::digest_of(bytes))).value();
        CHECK(got.bytes == bytes);
        CHECK(got.self.digest.str() == test::digest_of(bytes));
        CHECK(std::holds_alternative<opaque>(got.document));
        CHECK(codes(got.warnings) == only{warning_code::document_unreadable});
        response announced(200);
        announced.headers.add("Docker-Content-Digest", test::digest_of(bytes));
        CHECK(parse_and_verify_manifest<test::policies>(bytes, announced, {}, limits()).has_value() == (bytes.find("signatures") == bytes.npos));
        CHECK(code(bytes) != errc::ok);
        bool const envelope = bytes.find("signatures") != bytes.npos; // has another digest than its bytes, if it has one
        CHECK(code(bytes + " ", by(test::digest_of(bytes))) == (envelope ? errc::schema1_format : errc::digest_mismatch));

        auto const raw = verify_manifest_bytes<test::policies>(bytes, response(200), by(test::digest_of(bytes)), limits()).value();
        CHECK(raw.bytes == bytes);
        CHECK(raw.self.size == static_cast<std::int64_t>(bytes.size()));
        CHECK(!verify_manifest_bytes<test::policies>(bytes + " ", response(200), by(test::digest_of(bytes)), limits()));
    }
    CHECK(open(vendor, by(test::digest_of(vendor))).value().self.media_type == media_types::oci_manifest);
    response page(200);
    page.headers.add("Content-Type", "text/html; charset=utf-8");
    CHECK(verify_manifest_bytes<test::policies>("<html>", page, by(test::digest_of("<html>")), limits()).value().self.media_type == "text/html");
    CHECK(verify_manifest_bytes<test::policies>("what", response(200), {}, limits()).value().self.media_type == "application/octet-stream");
}

TEST_CASE("property: whatever the Content-Type, one type or an error", "[D13]") {
    for (auto const& bytes : {test::oci(), test::schema2(), test::index("")}) {
        auto const plain = open(bytes).value().self.media_type;
        for (auto type : known_manifest_types) {
            auto const r = open(bytes, {}, std::string(type));
            CHECK((!r || r.value().self.media_type == plain));
            CHECK(r.has_value() == (type == plain));
        }
    }
}

} // namespace open_test
