// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "documents.hpp"
#include <lading/manifest/visit.hpp>

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
    return open_manifest<test::policies>(std::move(bytes), head, want, limits());
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
    auto const image = test::oci(R"(,"annotations":{"k":"v"},"subject":)" + test::descriptor("a/b", "s"));
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
    auto const list = test::index(test::descriptor(media_types::docker_manifest, "x", test::on("linux", "amd64")),
                                  media_types::docker_list);
    auto const opened_list = open(list).value();
    auto const& entry = std::get<manifest_list>(opened_list.document).manifests.at(0);
    CHECK(entry.platform->architecture == "amd64");
    CHECK(std::holds_alternative<oci_index>(open(test::index("")).value().document));
    auto const unknown = open(R"({"schemaVersion":2,"mediaType":"application/vnd.x+json"})").value();
    CHECK(std::get<opaque>(unknown.document).media_type == "application/vnd.x+json");
}

TEST_CASE("D01, D09, D14, D18: what is asked for is what comes, or an error") {
    auto const image = test::schema2();
    CHECK(code(image, by(test::digest_of(image, digest_algorithm::sha512))) == errc::ok);
    CHECK(code(image + " ", by(test::digest_of(image))) == errc::digest_mismatch);
    CHECK(code("not json", by(test::digest_of(image))) == errc::digest_mismatch);
    CHECK(code(image, {}, std::string(media_types::oci_manifest)) == errc::media_type_mismatch);
    CHECK(code(image, {}, std::string(media_types::docker_manifest) + "; charset=utf-8") == errc::ok);
    CHECK(code(image, {}, "text/html") == errc::ok);
    CHECK(code(image, {}, "APPLICATION/VND.DOCKER.DISTRIBUTION.MANIFEST.V2+JSON") == errc::ok);
    CHECK(code(image, {}, "application/json, text/plain") == errc::media_type_invalid);

    lading::descriptor child(std::string(media_types::docker_manifest), digest::parse(test::digest_of(image)).value(),
                     static_cast<std::int64_t>(image.size()));
    CHECK(code(image, manifest_expectation(child)) == errc::ok);
    ++child.size;
    CHECK(code(image, manifest_expectation(child)) == errc::size_mismatch);
    --child.size;
    child.media_type = media_types::docker_list;
    CHECK(code(image, manifest_expectation(child)) == errc::media_type_mismatch);

    CHECK(code(R"({"schemaVersion":2,"config":{},"layers":[],"layers":[]})") == errc::json_duplicate_key);
    auto const mismatch = open(image + " ", by(test::digest_of(image)));
    CHECK(mismatch.error().facts().next_endpoint);
    CHECK(!mismatch.error().facts().plaintext);
    CHECK(!mismatch.error().facts().v1);
}

TEST_CASE("L09, L17, D04, D05: descriptors are checked when they are read") {
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
    for (int i = 0; i <= 4096; ++i) many += (i ? "," : "") + test::descriptor("a/b", "x");
    CHECK(code(test::index(many)) == errc::manifest_limit);

    auto const where = open(R"({"schemaVersion":2,"layers":[{"mediaType":"a/b","size":1}],"config":)" +
                            test::descriptor("a/b", "x") + "}");
    CHECK(where.error().detail().context == "at layers[0].digest");
}

TEST_CASE("J07: a field of the wrong type is manifest_schema") {
    auto const d = test::descriptor("a/b", "x");
    for (auto bad : {R"("layers":{})", R"("layers":null)", R"("layers":"x")", R"("layers":[],"annotations":[])",
                     R"("layers":[],"annotations":{"a":1})"}) {
        INFO(bad);
        CHECK(code(R"({"schemaVersion":2,"config":)" + d + "," + bad + "}") == errc::manifest_schema);
    }
}

TEST_CASE("a set without schema1 refuses it by name") {
    response const head(200);
    auto const r = open_manifest<without_schema1>(R"({"schemaVersion":1,"fsLayers":[],"history":[]})", head, {}, limits());
    CHECK(r.error().kind() == errc::schema1_refused);
}

TEST_CASE("a user's document wins over the standard one that it refines") {
    response const head(200);
    auto const helm = test::oci(R"(,"annotations":{"k":"v"})", "{}", chart::matches_config_type);
    auto const opened = open_manifest<with_chart>(helm, head, {}, limits()).value();
    CHECK(std::get<chart>(opened.document).annotations.at("k") == "v");
    auto const plain = open_manifest<with_chart>(test::oci(), head, {}, limits()).value();
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

TEST_CASE("property: whatever the Content-Type, one type or an error (D13)") {
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
