// SPDX-License-Identifier: BSL-1.0
// The images of the embedded registry, as the client sees them: coherent, and the same image in every kind.
#include "catch.hpp"

#include <lading/lading.hpp>
#include <lading/testing/registry.hpp>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace images_test {

using namespace lading;
using testing::image_kind_to_serve;

namespace {

constexpr std::pair<image_kind_to_serve, image_kind> kinds[] = {
    {image_kind_to_serve::schema1, image_kind::schema1},
    {image_kind_to_serve::schema1_unsigned, image_kind::schema1},
    {image_kind_to_serve::schema2, image_kind::image},
    {image_kind_to_serve::manifest_list, image_kind::index},
    {image_kind_to_serve::oci_image, image_kind::image},
    {image_kind_to_serve::oci_index, image_kind::index}};

struct world {
    explicit world(testing::registry_options o = {}) : fake(std::move(o)) {}
    reference ref(std::string const& rest) const {
        return reference::parse(fake.host() + "/" + rest).value();
    }
    inspection look(std::string const& rest, platform p = platform("linux", "amd64")) {
        return one.inspect(ref(rest), inspect_options().with_platform(platform_choice::like(std::move(p))))
            .value();
    }
    /// Every layer and config of the record is there, byte for byte.
    void fetch_all(std::string const& rest, inspection const& i) {
        auto fetch = [&](descriptor const& d) {
            memory_sink out(1u << 20);
            auto const got = one.blob(ref(rest).repository(), d, out);
            CHECK(got.has_value());
            CHECK(testing::sha256_digest(std::string(out.bytes())) == d.digest.str());
        };
        for (auto const& l : i.layers) fetch(l.blob);
        if (i.config && i.kind != image_kind::schema1) fetch(*i.config);
    }

    testing::registry fake;
    client one{client_options().with_plaintext(fake.host())};
};

/// The old output without its digest.
std::string without_digest(std::string text) {
    auto const at = text.find("\"Digest\":\"");
    return text.erase(at, text.find("\",", at) - at);
}

} // namespace

TEST_CASE("image_maker: one description is one image in every kind") {
    world w;
    std::vector<std::string> outputs;
    for (auto const& [serve, kind] : kinds) {
        auto const digest = w.fake.add_image("a/b", "t", serve);
        auto const i = w.look("a/b:t");
        CHECK(i.kind == kind);
        CHECK(i.resolved.digest.str() == digest);
        CHECK(i.warnings.empty());
        outputs.push_back(without_digest(to_docker_1_10(i)));
        CHECK(outputs.back() == outputs.front());

        REQUIRE(i.image);
        CHECK(i.image->created == "2024-05-06T07:08:09.123456789Z");
        CHECK(i.image->author == "Lading Tests <tests@example.com>");
        CHECK(i.image->comment == "the default command");
        CHECK(i.image->architecture == "amd64");
        CHECK(i.image->os == "linux");
        REQUIRE(i.image->config);
        CHECK(i.image->config->user == "1000:1000");
        CHECK(i.image->config->working_dir == "/srv");
        CHECK(i.image->config->entrypoint->words == std::vector<std::string>{"/app"});
        CHECK(i.image->config->cmd->words == std::vector<std::string>{"--serve"});
        CHECK(i.image->config->env->size() == 2);
        CHECK(i.image->config->labels->at("com.example.markup") == "<a href=\"x\">R&D</a>");

        REQUIRE(i.history.size() == 4);
        CHECK(i.history[0].created_by == "/bin/sh -c #(nop) ADD file:rootfs in / ");
        CHECK(i.history[3].comment == "the default command");
        for (std::size_t n = 0; n < 4; ++n) CHECK(i.history[n].empty_layer == (n % 2 == 1));
        std::vector<std::string> layers;
        for (auto const& l : i.layers)
            if (!l.history || !l.history->empty_layer) layers.push_back(l.blob.digest.str());
        testing::image_description const d;
        CHECK(layers == std::vector{testing::sha256_digest(*d.steps[0].layer),
                                    testing::sha256_digest(*d.steps[2].layer)});
        if (kind != image_kind::schema1) CHECK(i.image->rootfs->diff_ids == layers);
        w.fetch_all("a/b:t", i);
    }
    CHECK(outputs.front().find("2024-05-06") != std::string::npos);
}

TEST_CASE("image_maker: five platforms and an attestation") {
    world w;
    for (auto serve : {image_kind_to_serve::manifest_list, image_kind_to_serve::oci_index}) {
        w.fake.add_image("a", "t", serve);
        for (auto const& want : testing::image_description().platforms) {
            CAPTURE(want.str());
            auto const i = w.look("a:t", want);
            REQUIRE(i.platforms.size() == 5);
            REQUIRE(i.chosen);
            CHECK(i.chosen->platform->str() == want.str());
            REQUIRE(i.image);
            CHECK(i.image->os == want.os);
            CHECK(i.image->architecture == want.architecture);
            CHECK(i.image->variant == want.variant);
            CHECK(i.image->os_version == want.os_version);
            w.fetch_all("a:t", i);
        }
    }
    auto const i = w.look("a:t");
    REQUIRE(i.attestations.size() == 1);
    auto const& a = i.attestations[0];
    CHECK(a.annotations.at("vnd.docker.reference.type") == "attestation-manifest");
    CHECK(a.annotations.at("vnd.docker.reference.digest") == i.platforms[0].digest.str());
    CHECK(w.one.manifest(w.ref("a@" + a.digest.str())).has_value());
    CHECK(i.platforms[4].platform->os_version == "10.0.20348.1");
}

TEST_CASE("image_maker: a description of one's own") {
    world w;
    testing::image_description d;
    d.with_platforms({platform("linux", "s390x")})
        .with_created("2020-01-01T00:00:00Z")
        .with_author("")
        .with_labels({});
    d.with_env({}).with_entrypoint({}).with_cmd({"x", "y z"}).with_user("").with_working_dir("");
    d.with_annotations({{"k", "v"}}).with_steps({testing::build_step("only", "bytes")});
    for (auto const& [serve, kind] : kinds) {
        w.fake.add_image("own", "t", serve, d);
        auto const i = w.look("own:t", platform("linux", "s390x"));
        CHECK(i.image->architecture == "s390x");
        CHECK(i.image->created == "2020-01-01T00:00:00Z");
        CHECK(i.image->author.empty());
        CHECK_FALSE(i.image->config->labels);
        CHECK_FALSE(i.image->config->env);
        CHECK(i.image->config->cmd->words == std::vector<std::string>{"x", "y z"});
        REQUIRE(i.layers.size() == 1);
        CHECK(i.layers[0].blob.digest.str() == testing::sha256_digest("bytes"));
        bool const oci = serve == image_kind_to_serve::oci_image || serve == image_kind_to_serve::oci_index;
        CHECK(i.annotations.contains("k") == oci);
    }
    w.fake.add_image("own", "nothing", image_kind_to_serve::schema2,
                     testing::image_description().with_platforms({}).with_steps({}));
    CHECK(w.look("own:nothing").layers.empty());
}

TEST_CASE("image_maker: by the kind of an inspection; artifacts") {
    world w;
    for (auto kind : {image_kind::image, image_kind::index, image_kind::artifact, image_kind::schema1,
                      image_kind::unknown})
        CHECK((w.fake.add_image("k", "t", kind), w.look("k:t").kind) == kind);

    w.fake.add_artifact("art", "t", "application/vnd.x", "application/vnd.x.config+json");
    auto const i = w.look("art:t");
    CHECK(i.kind == image_kind::artifact);
    CHECK(i.artifact_type == "application/vnd.x");
    REQUIRE(i.config);
    CHECK(i.config->media_type == "application/vnd.x.config+json");
    w.fetch_all("art:t", i);
}

TEST_CASE("schema1_signer: the signature verifies, with the key that its ID names", "[spec-5.3]") {
    world w;
    w.fake.add_image("s", "t", image_kind_to_serve::schema1);
    auto const body = w.one.manifest(w.ref("s:t")).value().bytes;
    auto const document = json_document::parse<strict_json>(body).value();
    std::optional<json_view> signature;
    document.root().find("signatures")->each_element([&](json_view s) { signature = s; });
    auto bytes = [](json_view v, char const* key) {
        return detail::base64url_decode(*v.find(key)->as_string()).value();
    };
    auto const header = *signature->find("header");
    CHECK(header.find("alg")->as_string() == "ES256");
    auto const jwk = *header.find("jwk");
    auto const x = bytes(jwk, "x"), y = bytes(jwk, "y"), raw = bytes(*signature, "signature");
    REQUIRE(raw.size() == 64);

    std::string spki(
        "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03"
        "\x42\x00\x04",
        27);
    spki += x + y;
    auto const* at = reinterpret_cast<unsigned char const*>(spki.data());
    EVP_PKEY* const key = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
    REQUIRE(key);
    ECDSA_SIG* const parts = ECDSA_SIG_new();
    auto number = [&](std::size_t from) {
        return BN_bin2bn(reinterpret_cast<unsigned char const*>(raw.data()) + from, 32, nullptr);
    };
    ECDSA_SIG_set0(parts, number(0), number(32));
    unsigned char* der = nullptr;
    auto const size = i2d_ECDSA_SIG(parts, &der);
    auto verify = [&](std::string const& payload) {
        auto const text =
            std::string(*signature->find("protected")->as_string()) + '.' + detail::base64url_encode(payload);
        EVP_MD_CTX* const c = EVP_MD_CTX_new();
        EVP_DigestVerifyInit(c, nullptr, EVP_sha256(), nullptr, key);
        int const ok = EVP_DigestVerify(c, der, static_cast<std::size_t>(size),
                                        reinterpret_cast<unsigned char const*>(text.data()), text.size());
        EVP_MD_CTX_free(c);
        return ok == 1;
    };
    auto payload = schema1_payload<strict_json>(body).value();
    CHECK(verify(payload));
    payload[20] ^= 1;
    CHECK_FALSE(verify(payload));
    OPENSSL_free(der);
    ECDSA_SIG_free(parts);
    EVP_PKEY_free(key);

    auto const id = std::string(*jwk.find("kid")->as_string());
    auto const hash = testing::sha256_digest(spki).substr(7); // 240 bits of it are in the ID, 5 a character
    std::string bits, named;
    for (char c : hash.substr(0, 60))
        for (int b = 3; b >= 0; --b) bits += (c <= '9' ? c - '0' : c - 'a' + 10) >> b & 1 ? '1' : '0';
    for (char c : id)
        if (c != ':')
            for (int b = 4; b >= 0; --b) named += (c >= 'A' ? c - 'A' : c - '2' + 26) >> b & 1 ? '1' : '0';
    CHECK(named == bits);
    CHECK(id.size() == 59);
}

TEST_CASE("tar_of: a POSIX archive with one file") {
    auto const tar = testing::tar_of("dir/file", "hello");
    REQUIRE(tar.size() == 512 + 512 + 1024);
    CHECK(tar.substr(0, 9) == std::string("dir/file\0", 9));
    CHECK(tar.substr(124, 11) == "00000000005");
    CHECK(tar.substr(257, 8) == std::string("ustar\0", 6) + "00");
    std::size_t sum = 8 * ' ';
    for (std::size_t i = 0; i < 512; ++i)
        if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[i]);
    CHECK(std::stoul(tar.substr(148, 6), nullptr, 8) == sum);
    CHECK(tar.substr(512, 6) == std::string("hello\0", 6));
}

TEST_CASE("certificate_authority: what is issued") {
    testing::certificate_authority const authority("my root");
    auto parse = [](std::string const& pem) {
        BIO* const b = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        X509* const out = PEM_read_bio_X509(b, nullptr, nullptr, nullptr);
        BIO_free(b);
        return out;
    };
    X509* const root = parse(authority.cert_pem());
    REQUIRE(root);
    CHECK(X509_check_ca(root) == 1);
    using std::chrono::hours;
    auto const leaf = authority.issue(
        {"a.example", "*.b.example"}, {"10.0.0.1", "::1"},
        testing::certificate_options().with_common_name("cn").with_validity(-hours(48), -hours(24)));
    CHECK(leaf.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    X509* const x = parse(leaf.cert_pem);
    REQUIRE(x);
    CHECK(X509_verify(x, X509_get0_pubkey(root)) == 1);
    CHECK(X509_check_issued(root, x) == X509_V_OK);
    CHECK(X509_check_ca(x) == 0);
    CHECK(X509_check_host(x, "a.example", 0, 0, nullptr) == 1);
    CHECK(X509_check_host(x, "x.b.example", 0, 0, nullptr) == 1);
    CHECK(X509_check_host(x, "cn", 0, 0, nullptr) == 0);
    CHECK(X509_check_ip_asc(x, "10.0.0.1", 0) == 1);
    CHECK(X509_check_ip_asc(x, "::1", 0) == 1);
    CHECK(X509_check_ip_asc(x, "10.0.0.2", 0) == 0);
    CHECK(X509_cmp_current_time(X509_get0_notAfter(x)) == -1);
    X509* const other = parse(authority.issue({"c"}).cert_pem);
    CHECK(X509_cmp_current_time(X509_get0_notAfter(other)) == 1);
    CHECK(X509_cmp_current_time(X509_get0_notBefore(other)) == -1);
    CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(x), X509_get0_serialNumber(other)) != 0);
    for (auto* c : {root, x, other}) X509_free(c);
}

} // namespace images_test
