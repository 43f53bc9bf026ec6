// SPDX-License-Identifier: BSL-1.0
// What the compiler takes (`embedded_manifest`) is what a client takes: `validate_fields` and `decode` agree on every text.
#include "catch.hpp"

#include <lading/constexpr/embedded_manifest.hpp>
#include <lading/document/decode.hpp>
#include <lading/document/reflect/config.hpp>
#include <lading/document/validate_fields.hpp>
#include <lading/json/strict_json.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace judge_fields_test {
struct model {
    std::string artifact_type;
    std::vector<lading::descriptor> layers;
    lading::string_map annotations;
};
} // namespace judge_fields_test

LADING_REFLECT(judge_fields_test::model, artifact_type, layers, annotations);
template <>
struct lading::document_rules<judge_fields_test::model> : default_rules {
    static constexpr std::array<std::string_view, 2> required{"layers", "annotations"};
};

namespace judge_fields_test {

using namespace lading;

namespace {

constexpr std::string_view one =
    R"({"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,)"
    R"("annotations":{"k":"v"},"artifactType":"c/d","urls":["u"],"platform":{"os":"linux","architecture":"arm",)"
    R"("variant":"v7","os.version":"1","os.features":["f"],"features":[]}})";

std::string document(std::string_view members) { return R"({"schemaVersion":2,"mediaType":"a/b",)" + std::string(members) + "}"; }
std::string image() {
    return document(R"("artifactType":"c/d","config":)" + std::string(one) + R"(,"layers":[)" + std::string(one) + ',' +
                    std::string(one) + R"(],"subject":)" + std::string(one) + R"(,"annotations":{"k":"v","l":"w"})");
}
std::string index() { return document(R"("manifests":[)" + std::string(one) + R"(],"annotations":{})"); }

/// The end of the value that begins at `at`.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    bool quoted = false;
    for (int depth = 0;; ++at) {
        if (text[at] == '"') quoted = !quoted;
        if (quoted) continue;
        if (text[at] == '{' || text[at] == '[') ++depth;
        if (depth == 0 && (text[at] == ',' || text[at] == '}' || text[at] == ']')) return at;
        if (text[at] == '}' || text[at] == ']') --depth;
    }
}

/// The text, and with each member renamed, and with each member's value or first element replaced by one of another kind.
std::vector<std::string> variants(std::string const& text) {
    std::vector<std::string> out{text};
    for (std::size_t at = text.find("\":"); at != text.npos; at = text.find("\":", at + 1)) {
        out.push_back(std::string(text).insert(at, "x"));
        for (std::size_t begin : {at + 2, at + 3}) {
            if (begin == at + 3 && text[at + 2] != '[') continue;
            for (std::string_view other : {"null", "true", "7", "-1", "1.5", "18446744073709551615", R"("text")", R"("sha256:00")",
                                           R"("md5:00")", "[]", "[7]", R"(["w"])", "{}", R"({"k":7})", R"({"k":null})"})
                out.push_back(std::string(text).replace(begin, end_of_value(text, begin) - begin, other));
        }
    }
    return out;
}

template <class T>
std::set<errc> compare(std::string const& text, errc wrong, limits const& l = {}) {
    std::set<errc> seen;
    for (auto const& v : variants(text)) {
        auto const parsed = json_document::parse<strict_json>(v);
        if (!parsed) continue;
        auto const judged = detail::validate_fields<T>(parsed.value().root(), wrong, l);
        auto const decoded = decode<T>(parsed.value().root(), wrong, l);
        INFO(v);
        CHECK((decoded ? errc::ok : decoded.error().code()) == judged.code);
        if (!decoded) {
            auto const path = judged.path.view();
            CHECK(decoded.error().message().find("at " + std::string(path.empty() ? "the top level" : path)) != std::string::npos);
        }
        seen.insert(judged.code);
    }
    return seen;
}

} // namespace

TEST_CASE("judge_fields: the code and the path of decode, for every document") {
    auto const all = std::set<errc>{errc::ok, errc::manifest_schema, errc::descriptor_invalid, errc::digest_unsupported};
    CHECK(compare<oci_image>(image(), errc::manifest_schema) == all);
    CHECK(compare<schema2>(image(), errc::manifest_schema) == all);
    CHECK(compare<oci_index>(index(), errc::manifest_schema) == all);
    CHECK(compare<manifest_list>(index(), errc::manifest_schema) == all);
    CHECK(compare<model>(image(), errc::manifest_schema) == all);
    limits few;
    few.descriptors = 1;
    CHECK(compare<oci_image>(image(), errc::manifest_schema, few).contains(errc::manifest_limit));
    CHECK(compare<image_config>(R"({"created":"t","os":"linux","os.features":["f"],"config":{"Hostname":"h","Tty":false,)"
                                R"("ExposedPorts":{"80/tcp":{}},"Env":["A=b"],"Cmd":"sh","Entrypoint":["a"],"Labels":{"k":"v"}},)"
                                R"("rootfs":{"type":"layers","diff_ids":["d"]},"history":[{"created":"t","empty_layer":true}]})",
                                errc::config_schema) == std::set<errc>{errc::ok, errc::config_schema});
}

} // namespace judge_fields_test
