// SPDX-License-Identifier: BSL-1.0
// Documents that the library makes: the golden bytes and digests, and what is decoded again.
#include "catch.hpp"

#include <lading/document/decode.hpp>
#include <lading/document/encode.hpp>
#include <lading/document/equal.hpp>
#include <lading/document/reflect/config.hpp>
#include <lading/document/reflect/manifest_list.hpp>
#include <lading/document/reflect/oci.hpp>
#include <lading/document/reflect/schema1.hpp>
#include <lading/document/reflect/schema2.hpp>
#include <lading/hash/constexpr_sha2.hpp>
#include <lading/json/strict_json.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/equal.hpp>
#include <boost/hana/keys.hpp>
#include <boost/hana/tuple.hpp>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace encode_test {
struct nothing_at_all {
    std::string text;
};
struct layout_file {
    std::string image_layout_version;
};
struct saved_image { // of docker save
    std::string config;
    std::vector<std::string> repo_tags, layers;
};
struct adapted {
    BOOST_HANA_DEFINE_STRUCT(adapted, (std::string, media_type), (std::int64_t, number));
};
struct with_defaults {
    std::int64_t count = 7;
    bool on = true;
    std::string word = "word";
    std::optional<std::int64_t> maybe;
    std::optional<std::string> note;
};
} // namespace encode_test

LADING_REFLECT(encode_test::nothing_at_all, text);
LADING_REFLECT(encode_test::layout_file, image_layout_version);
LADING_REFLECT(encode_test::saved_image, config, repo_tags, layers);
LADING_REFLECT(encode_test::with_defaults, count, on, word, maybe, note);
template <>
struct lading::document_rules<encode_test::saved_image> : default_rules {
    static constexpr naming style = naming::pascal;
    static constexpr std::array<std::string_view, 3> required{"config", "repo_tags", "layers"};
};

namespace encode_test {

using namespace lading;

namespace {

constexpr std::string_view created = "2024-01-02T03:04:05Z";
constexpr auto v0 = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"_digest;
constexpr auto v8 = "sha256:ad9ed769e9dd2f885fb58c186f1cec7a8fe312ac6c4c59778d8bfa6ba2189113"_digest;
constexpr auto v9 = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"_digest;

descriptor empty() {
    descriptor out("application/vnd.oci.empty.v1+json", v0, 2);
    out.data.bytes = "{}";
    return out;
}
oci_image artifact(std::string type, descriptor layer) {
    oci_image out(empty(), {std::move(layer)});
    out.artifact_type = std::move(type);
    out.annotations.emplace("org.opencontainers.image.created", created);
    return out;
}
oci_image hello_file() {
    descriptor file(std::string(media_types::oci_layer), "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"_digest, 6);
    file.annotations.emplace("org.opencontainers.image.title", "hello.txt");
    return artifact("application/vnd.example+type", std::move(file));
}
template <class T>
std::string bytes_of(T const& document) {
    auto const out = encode(document);
    REQUIRE(out.has_value());
    return out.value();
}
template <class T>
descriptor pointer_to(T const& document) {
    auto const bytes = bytes_of(document);
    return descriptor(document.media_type, constant_digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
}
oci_image signature() {
    auto out = artifact("application/vnd.example.sig", empty());
    out.annotations.emplace("a", "<&>");
    out.subject = pointer_to(hello_file());
    return out;
}
oci_index index_of(descriptor d) {
    oci_index out;
    out.media_type = media_types::oci_index;
    out.manifests.push_back(std::move(d));
    return out;
}
image_config hello_config() {
    image_config out;
    out.architecture = "amd64";
    out.os = "linux";
    out.config.emplace();
    out.config->cmd.emplace();
    out.config->cmd->words = {"/bin/hello"};
    out.rootfs.emplace();
    out.rootfs->type = "layers";
    out.rootfs->diff_ids = {v8.str()};
    out.history.emplace_back();
    out.history.back().created = created;
    out.history.back().created_by = "lading append";
    return out;
}

/// The golden vectors have these sizes and digests.
void check(std::string const& bytes, std::size_t size, std::string_view sha256) {
    INFO(bytes);
    CHECK(bytes.size() == size);
    CHECK(constant_digest_of(bytes).hex() == sha256);
}

json_document read(std::string_view text) {
    auto parsed = json_document::parse<strict_json>(text);
    REQUIRE(parsed.has_value());
    return std::move(parsed).value();
}

/// Texts, lists and documents of every form, from a seed.
class generator {
  public:
    explicit generator(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t n) { return random_() % n; }
    bool coin() { return below(2) == 0; }
    std::string text() {
        static constexpr std::string_view pieces[] = {"a", "Z9", "\"", "\\", "/", "<a href>", "&", "\b\f\n\r\t", std::string_view("\0", 1), "\x1f", "\x7f",
                                                      "\xc3\xa9", "\xe2\x80\xa8\xe2\x80\xa9", "\xf0\x9f\x98\x80", "null", " "};
        std::string out;
        for (auto n = below(5); n > 0; --n) out += pieces[below(std::size(pieces))];
        return out;
    }
    std::vector<std::string> texts() {
        return many([&] { return text(); }, 0);
    }
    template <class F>
    auto many(F one, std::size_t least) -> std::vector<decltype(one())> {
        std::vector<decltype(one())> out;
        for (auto n = least + below(3); n > 0; --n) out.push_back(one());
        return out;
    }
    string_map map() {
        string_map out;
        for (auto n = below(4); n > 0; --n) out.emplace(text(), text());
        return out;
    }
    lading::digest digest() {
        static constexpr digest_algorithm algorithms[] = {digest_algorithm::sha256, digest_algorithm::sha384, digest_algorithm::sha512};
        return constant_digest_of(text(), algorithms[below(3)]);
    }
    std::int64_t size() { return coin() ? static_cast<std::int64_t>(below(1000)) : INT64_MAX - static_cast<std::int64_t>(below(2)); }
    lading::platform platform() {
        lading::platform out(text(), text(), text());
        out.os_version = text();
        out.os_features = texts();
        out.features = texts();
        return out;
    }
    lading::descriptor descriptor() {
        lading::descriptor out(text(), digest(), size());
        if (coin()) return out;
        out.annotations = map();
        out.artifact_type = text();
        out.urls = texts();
        out.data.bytes = text();
        if (coin()) out.platform = platform();
        return out;
    }
    std::vector<lading::descriptor> descriptors() {
        return many([&] { return descriptor(); }, 0);
    }
    oci_image image() {
        oci_image out(descriptor(), descriptors());
        out.media_type = text();
        out.artifact_type = text();
        if (coin()) out.subject = descriptor();
        out.annotations = map();
        return out;
    }
    oci_index index() {
        oci_index out;
        out.media_type = text();
        out.artifact_type = text();
        out.manifests = descriptors();
        if (coin()) out.subject = descriptor();
        out.annotations = map();
        return out;
    }
    key_set keys() {
        key_set out;
        for (auto const& [key, value] : map()) out.keys.push_back(key);
        if (out.keys.empty()) out.keys.emplace_back("80/tcp"); // an empty one is absent
        return out;
    }
    lading::container_config container_config() {
        lading::container_config out;
        for (auto* t : {&out.hostname, &out.domainname, &out.user, &out.publish_service, &out.image, &out.working_dir, &out.mac_address, &out.stop_signal})
            *t = text();
        for (auto* b : {&out.attach_stdin, &out.attach_stdout, &out.attach_stderr, &out.tty, &out.open_stdin, &out.stdin_once, &out.args_escaped,
                        &out.network_disabled})
            *b = coin();
        auto words = [&] { return many([&] { return text(); }, 1); };
        if (coin()) out.exposed_ports = keys();
        if (coin()) out.env = words();
        if (coin()) out.cmd.emplace().words = words();
        if (coin()) out.volumes = keys();
        if (coin()) out.entrypoint.emplace().words = words();
        if (coin()) out.on_build = words();
        if (coin()) out.labels.emplace().emplace(text(), text());
        return out;
    }
    history_entry history() {
        history_entry out;
        for (auto* t : {&out.created, &out.author, &out.created_by, &out.comment}) *t = text();
        out.empty_layer = coin();
        return out;
    }
    image_config config() {
        image_config out;
        for (auto* t : {&out.created, &out.author, &out.comment, &out.architecture, &out.os, &out.os_version, &out.variant, &out.docker_version}) *t = text();
        out.os_features = texts();
        if (coin()) out.config = container_config();
        if (coin()) out.container_config = container_config();
        if (coin()) out.rootfs.emplace().diff_ids = texts();
        out.history = many([&] { return history(); }, 0);
        return out;
    }
    lading::schema1 schema1() {
        lading::schema1 out;
        for (auto* t : {&out.name, &out.tag, &out.architecture}) *t = text();
        out.fs_layers = many([&] { return schema1_layer(digest()); }, 0);
        for (auto const& t : texts()) out.history.emplace_back().v1_compatibility = t;
        return out;
    }

  private:
    std::mt19937 random_;
};

template <class T>
void check_round_trip(T const& document) {
    auto const bytes = bytes_of(document);
    auto const parsed = read(bytes);
    auto const again = decode<T>(parsed.root());
    INFO(bytes);
    REQUIRE(again.has_value());
    CHECK(equal(again.value(), document));
    CHECK(bytes_of(again.value()) == bytes);
    CHECK(encode(document, parsed.root()).value() == bytes);
}

} // namespace

TEST_CASE("encode: the golden vectors, byte for byte", "[encode][CJ01][CJ02][CJ03][CJ09][CJ11]") {
    check(bytes_of(nothing_at_all()), 2, v0.hex());                                                              // V0
    check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(bytes_of(artifact("application/vnd.example+type", empty())), 528, "fee8fa825216ac0f078729ca600ee67d36eafd6ff429779df7e2dcbb6e635505"); // V1
    check(bytes_of(hello_file()), 580, "e4f43b3d42de803b09771e425094097170e42d2a3c84c997e827d9a0d25182e8");          // V2
    check(bytes_of(signature()), 715, "e53766ce68e86da5377601cf782913994021151bc1e8a6df69bc7c60fff0b8f8");           // V3
    auto signature_entry = pointer_to(signature());
    signature_entry.annotations = signature().annotations;
    signature_entry.artifact_type = signature().artifact_type;
    check(bytes_of(index_of(signature_entry)), 384, "f50e3472d1cab9885b366899647922934173d61bff267c7b84c15fb2d1d2e269"); // V4
    auto no_entries = index_of(signature_entry);
    no_entries.manifests.clear();
    check(bytes_of(no_entries), 88, "dff9de10919148711140d349bf03f1a99eb06f94b03e51715ccebfa7cdc518e2");              // V5
    CHECK(bytes_of(no_entries) == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})");
    auto named = pointer_to(hello_file());
    named.annotations.emplace("org.opencontainers.image.ref.name", "v1");
    check(bytes_of(index_of(named)), 297, "7d47cbdc2b21b1512352d27e34602df6d47de8b7baa7f81b395922feb2d23136");        // V6
    check(bytes_of(layout_file{"1.0.0"}), 30, "18f0797eab35a4597c1e9624aa4f15fd91f6254e5538c1e0d193b2a95dd4acc6");    // V7
    check(bytes_of(hello_config()), 259, "b6e7bf975259e0c681d5f650f505488efb1f48738ee213ef661b889d5226cfc8");         // V10
    auto const config = constant_digest_of(bytes_of(hello_config()));
    oci_image const image(descriptor(std::string(media_types::oci_config), config, 259), {descriptor(std::string(media_types::oci_layer), v8, 2560)});
    check(bytes_of(image), 397, "5296914748694da1c17acde516e5cf57a91d3d3d7128fd26c4edaa19aa895fee");                  // V11
    std::vector<saved_image> const saved{{config.hex() + ".json", {"docker.io/library/hello:v1"}, {v8.hex() + ".tar"}}};
    check(bytes_of(saved), 208, "da2c75b08cb9a48b359aa796d6a278b01e760184e920354e86148bd3f6a01a2c");                  // V12
    check(v8.str() + ' ' + v9.str(), 143, "86213928e67413ccc6796f28c182913b056863c11933080e20f65ce2cc8e331c");        // V13
}

TEST_CASE("encode: the archives of the golden vectors have the digests that the documents name", "[encode]") {
    auto entry = [](std::string_view name, std::string_view mode, char type, std::string_view content) {
        std::string header(512, '\0');
        auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
        auto octal = [](std::size_t value, int digits) {
            std::string out;
            for (; digits > 0; --digits, value /= 8) out.insert(out.begin(), static_cast<char>('0' + value % 8));
            return out;
        };
        put(0, name);
        put(100, mode);
        for (std::size_t at : {108u, 116u}) put(at, "0000000");
        put(124, octal(content.size(), 11));
        put(136, octal(0, 11));
        put(148, "        ");
        header[156] = type;
        put(257, std::string_view("ustar\00000", 8));
        std::size_t sum = 0;
        for (char c : header) sum += static_cast<unsigned char>(c);
        put(148, octal(sum, 6) + std::string("\0 ", 2));
        header += content;
        header.resize((header.size() + 511) / 512 * 512);
        return header;
    };
    std::string const end(1024, '\0');
    check(entry("etc/", "0000755", '5', "") + entry("etc/hello", "0000644", '0', "hello\n") + end, 2560, v8.hex()); // V8
    check(end, 1024, v9.hex());                                                                                     // V9
}

TEST_CASE("encode: the order of the fields, and the optional ones left out", "[encode][CJ04][CJ05][CJ06]") {
    generator make(1);
    auto config = make.container_config();
    config = container_config();
    CHECK(bytes_of(config) == "{}");
    config.user = "u";
    config.hostname = "h";
    config.args_escaped = true;
    config.tty = true;
    config.exposed_ports.emplace().keys = {"b", "a"};
    config.env.emplace();
    config.labels.emplace();
    CHECK(bytes_of(config) == R"({"User":"u","ExposedPorts":{"a":{},"b":{}},"ArgsEscaped":true,"Hostname":"h","Tty":true})");

    platform p("linux", "arm", "v7");
    p.os_version = "1";
    p.os_features = {"f"};
    CHECK(bytes_of(p) == R"({"architecture":"arm","os":"linux","os.version":"1","os.features":["f"],"variant":"v7"})");
    CHECK(bytes_of(platform()) == R"({"architecture":"","os":""})");

    history_entry h;
    h.created = "t", h.author = "a", h.created_by = "b", h.comment = "c", h.empty_layer = true;
    CHECK(bytes_of(h) == R"({"created":"t","created_by":"b","author":"a","comment":"c","empty_layer":true})");

    image_config image;
    CHECK(bytes_of(image) == R"({"architecture":"","os":""})");
    image.created = "t", image.author = "a", image.os_version = "1", image.os_features = {"f"}, image.variant = "v", image.comment = "c";
    image.docker_version = "d", image.rootfs.emplace(), image.config.emplace();
    CHECK(bytes_of(image) == R"({"created":"t","author":"a","architecture":"","os":"","os.version":"1","os.features":["f"],"variant":"v",)"
                             R"("config":{},"rootfs":{"type":"","diff_ids":[]},"comment":"c","docker_version":"d"})");
}

TEST_CASE("encode: texts are escaped as Go escapes them", "[encode][CJ07]") {
    CHECK(bytes_of(nothing_at_all{"\"\\/\b\f\n\r\t\x01\x1f\x7f<>&\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xf0\x9f\x98\x80"}) ==
          "{\"text\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u003c\\u003e\\u0026\\u2028\\u2029\xc3\xa9\xf0\x9f\x98\x80\"}");
}

TEST_CASE("encode: what cannot be represented is refused, at its path", "[encode][CJ08]") {
    auto refused = [](auto const& document, std::string_view context) {
        auto const out = encode(document);
        REQUIRE(!out.has_value());
        CHECK(out.error() == errc::invalid_argument);
        CHECK(out.error().detail().context == context);
    };
    auto image = hello_file();
    image.layers[0].annotations.emplace("k", "\xff");
    refused(image, "layers[0].annotations.k is not UTF-8");
    image = hello_file();
    image.annotations.emplace("\xed\xa0\x80", "a lone surrogate in the key");
    refused(image, "annotations.??? is not UTF-8");
    image = hello_file();
    image.config.media_type = "\xc3";
    refused(image, "config.mediaType is not UTF-8");
    image = hello_file();
    image.layers.emplace_back("t", v8, descriptor::unknown_size);
    refused(image, "layers[1] is a descriptor without a size");
    auto index = index_of(empty());
    index.odd_entries.emplace_back(0, "7", "no object");
    refused(index, "has entries that are no descriptors");
    image_config config;
    config.config.emplace().volumes.emplace().keys = {"/a", "/a"};
    refused(config, "config.Volumes has a key twice");
}

TEST_CASE("encode: what is decoded again is the same document") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        generator make(seed);
        check_round_trip(make.image());
        check_round_trip(make.index());
        auto const index = make.index();
        manifest_list list;
        list.media_type = index.media_type;
        list.manifests = index.manifests;
        check_round_trip(list);
        auto const image = make.image();
        check_round_trip(schema2(image.config, image.layers));
        check_round_trip(make.descriptor());
        check_round_trip(make.config());
        check_round_trip(make.schema1());
    }
}

TEST_CASE("encode: an edited document keeps what it has no fields for", "[encode][CJ12]") {
    auto const before = read(R"({"zz":1.50,"config":{"Healthcheck":{"Test":["NONE"],"b":1,"a":[]},"Env":["A=b"],"Cmd":"sh","Shell":["/bin/sh"]},)"
                             R"("os":"linux","architecture":"arm64","history":[{"created_by":"one","x":1},{"created_by":"two","x":2},{"created_by":"three","x":3}],)"
                             R"("aa":null})");
    auto config = decode<image_config>(before.root()).value();
    config.config->env->push_back("<C>=d");
    config.history.erase(config.history.begin() + 1);
    config.history.emplace_back().created_by = "four";
    CHECK(encode(config, before.root()).value() ==
          R"({"architecture":"arm64","os":"linux","config":{"Env":["A=b","\u003cC\u003e=d"],"Cmd":["sh"],)"
          R"("Healthcheck":{"Test":["NONE"],"b":1,"a":[]},"Shell":["/bin/sh"]},)"
          R"("history":[{"created_by":"one","x":1},{"created_by":"three","x":3},{"created_by":"four"}],"zz":1.50,"aa":null})");

    auto const image = hello_file();
    auto text = bytes_of(image);
    text.insert(text.find("\"annotations\""), R"("new":[],)"); // inside the layer
    auto const parsed = read(text);
    auto edited = decode<oci_image>(parsed.root()).value();
    edited.layers.insert(edited.layers.begin(), empty());
    edited.layers[1].annotations["org.opencontainers.image.title"] = "other.txt";
    auto const out = encode(edited, parsed.root()).value();
    CHECK(out.find(R"("size":2,"data":"e30="},{"mediaType":"application/vnd.oci.image.layer.v1.tar",)") != out.npos);
    CHECK(out.find(R"("annotations":{"org.opencontainers.image.title":"other.txt"},"new":[]}],)") != out.npos);
}

TEST_CASE("encode: documents of a user's own, by either macro") {
    CHECK(bytes_of(adapted{"a/b", 3}) == R"({"mediaType":"a/b","number":3})");
    CHECK(bytes_of(saved_image()) == R"({"Config":"","RepoTags":[],"Layers":[]})");
    // Only what is absent where there is nothing to say is left out.
    CHECK(bytes_of(with_defaults()) == R"({"count":7,"on":true,"word":"word"})");
    with_defaults off;
    off.count = 0, off.on = false, off.word = "", off.maybe = 0, off.note = "";
    CHECK(bytes_of(off) == R"({"count":0,"on":false,"word":"","maybe":0,"note":""})");
    check_round_trip(off);
    auto const names = boost::hana::make_tuple(BOOST_HANA_STRING("created"), BOOST_HANA_STRING("author"), BOOST_HANA_STRING("created_by"),
                                               BOOST_HANA_STRING("comment"), BOOST_HANA_STRING("empty_layer"));
    auto const keys = boost::hana::keys(history_entry());
    static_assert(decltype(keys == names)::value);
}

TEST_CASE("equal: all fields, those of the documents inside included") {
    generator make(7);
    auto const image = make.image();
    CHECK(equal(image, image));
    auto other = image;
    other.annotations.emplace("another", "one");
    CHECK(!equal(image, other));
    other = image;
    other.layers.push_back(empty());
    CHECK(!equal(image, other));
    auto config = hello_config();
    CHECK(equal(config, hello_config()));
    config.config->cmd->words.back() += 'x';
    CHECK(!equal(config, hello_config()));
    config = hello_config();
    config.config.reset();
    CHECK(!equal(config, hello_config()));
}

TEST_CASE("decode: the data of a descriptor; what is no base64 says nothing") {
    auto data = [](std::string_view json) {
        auto const parsed = read(R"({"mediaType":"a/b","digest":")" + v0.str() + R"(","size":2,"data":)" + std::string(json) + "}");
        return decode<descriptor>(parsed.root()).value().data.bytes;
    };
    CHECK(data(R"("e30=")") == "{}");
    for (auto const* odd : {R"("e30")", R"("e3 0=")", R"("-_-_")", "7", "null", "[]", R"("")"}) CHECK(data(odd) == "");
}

} // namespace encode_test
