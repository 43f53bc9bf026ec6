// SPDX-License-Identifier: BSL-1.0
// Documents: what they are is told by their bytes alone, and their name is the digest of these.
#include "target.hpp"

#include <lading/auth/token.hpp>
#include <lading/detail/base64.hpp>
#include <lading/document/config.hpp>
#include <lading/document/parse_and_verify.hpp>
#include <lading/document/reflect/config.hpp>
#include <lading/document/schema1/schema1_chain.hpp>
#include <lading/document/schema1/schema1_conversion.hpp>
#include <lading/hash/openssl_hash.hpp>
#include <lading/json/strict_json.hpp>
#include <lading/json/writer.hpp>
#include <lading/print/write_json.hpp>

#include "documents.hpp"

#include <algorithm>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

std::string sha256(std::string_view bytes) { return digest_of<openssl_hash>(bytes).value().str(); }

result<basic_manifest<default_manifests>> open(std::string_view bytes, std::string_view type, manifest_expectation const& want = {}) {
    response head(200);
    if (!type.empty()) head.headers.add("Content-Type", std::string(type));
    return parse_and_verify_manifest<test::policies>(std::string(bytes), head, want, limits());
}

/// The layers that a document of any kind has, to look at it once.
std::size_t parts_of(basic_manifest<default_manifests> const& m) {
    return visit(overloaded{[](oci_image const& d) { return d.layers.size(); }, [](schema2 const& d) { return d.layers.size(); },
                            [](oci_index const& d) { return d.manifests.size(); },
                            [](manifest_list const& d) { return d.manifests.size(); },
                            [](schema1 const& d) { return d.fs_layers.size(); }, [](opaque const&) { return std::size_t(0); }},
                 m);
}

/// A decoded config as text, to compare two.
std::string text_of(image_config const& c) {
    json_writer w;
    detail::write_image(w, c);
    return w.take();
}

/// A signed document: `length` bytes of the payload, then what is said of its end.
std::string with_signature(std::string_view payload, std::int64_t length, std::string_view tail, std::string_view extra) {
    auto const header = R"({"formatLength":)" + std::to_string(length) + R"(,"formatTail":")" + detail::base64url_encode(tail) + "\"" +
                        std::string(extra) + "}";
    auto const cut = std::min(static_cast<std::size_t>(std::max<std::int64_t>(length, 0)), payload.size());
    return std::string(payload.substr(0, cut)) + R"(,"signatures":[{"header":{"alg":"ES256"},"signature":"c2ln","protected":")" +
           detail::base64url_encode(header) + "\"}]}";
}

std::string schema1_document(std::string_view more = {}) {
    auto const id = [](char c) { return std::string(64, c); };
    auto const entry = [&](std::string_view text) { return R"({"v1Compatibility":)" + json_writer().string(text).take() + "}"; };
    return R"({"schemaVersion":1,"name":"r","tag":"1","architecture":"amd64","fsLayers":[{"blobSum":")" + sha256("b") + R"("},{"blobSum":")" +
           sha256("a") + R"("}],"history":[)" +
           entry(R"({"id":")" + id('b') + R"(","parent":")" + id('a') + R"(","created":"2016-01-02T03:04:05Z","os":"linux","config":{"Cmd":["x"]},"throwaway":true})") +
           "," + entry(R"({"id":")" + id('a') + R"(","created":"2016-01-02T03:04:05Z","container_config":{"Cmd":["ADD"]}})") + "]" +
           std::string(more) + "}";
}

std::vector<std::string> manifest_seeds() {
    auto const entry = [](std::string_view more) { return test::entry(media_types::docker_manifest, test::schema2(), more); };
    auto const payload = schema1_document();
    return {test::schema2(),
            test::oci(),
            test::oci(R"(,"artifactType":"a/b","annotations":{"k":"v"},"subject":)" + test::entry("a/b", "x")),
            test::index(entry(test::on("linux", "amd64")) + "," + entry(test::on("linux", "arm", R"(,"variant":"v7")"))),
            test::index(entry(test::on("windows", "amd64", R"(,"os.version":"10.0.1")")), media_types::docker_list),
            R"({"schemaVersion":2,"config":{},"layers":[],"manifests":[]})",
            R"({"schemaVersion":2,"layers":[]})",
            R"({"mediaType":"application/vnd.other+json"})",
            payload,
            with_signature(payload, static_cast<std::int64_t>(payload.size() - 1), "}", {})};
}

} // namespace

/// True when a document does not say its type, and who hands it out has said which of its family it is.
static bool is_assumed(basic_manifest<default_manifests> const& m) {
    for (auto const& w : m.warnings)
        if (w.code == warning_code::media_type_assumed) return true;
    return false;
}

FUZZ_TARGET(manifest, "documents", manifest_seeds()) {
    auto const plain = open(input, {});
    if (!plain) {
        check_error(plain.assume_error());
        for (auto const type : known_manifest_types)
            if (auto const other = open(input, type)) must(is_assumed(other.assume_value()), "a header does not make a document of what is none", input, type);
        return;
    }
    auto const& m = plain.assume_value();
    must(m.bytes == input, "the bytes are kept as they came", input);
    must(m.self.size == static_cast<std::int64_t>(input.size()), "the size is that of the bytes", input);
    must(parts_of(m) <= limits().descriptors, "the parts of a document are bounded");
    bool const signed_form = m.self.media_type == media_types::docker_schema1_signed;
    if (!signed_form) must(m.self.digest.str() == sha256(input), "the digest is that of the bytes", input);

    // A header may only agree, or say which of one shape a document is that does not say it.
    for (auto const type : known_manifest_types) {
        auto const other = open(input, type);
        if (other && is_assumed(other.assume_value()))
            must(is_index_type(other.assume_value().self.media_type) == is_index_type(m.self.media_type), "a header decides within a family", input, type);
        else if (other) must(other.assume_value().self.media_type == m.self.media_type && other.assume_value().document.index() == m.document.index(),
                             "the type of a document does not depend on a header", input, type);
        else must(type != m.self.media_type, "a header that agrees is no obstacle", input, type);
    }
    // By its own digest it is there; by another it is not (doc/protocol.md#digests).
    must(open(input, {}, manifest_expectation(m.self.digest)).has_value(), "a document is found by its digest", input);
    auto const wrong = open(input, {}, manifest_expectation(digest::parse(sha256(m.self.digest.str())).value()));
    must(!wrong && wrong.assume_error() == errc::digest_mismatch, "a document is not found by another digest", input);
    must(open(input, {}, manifest_expectation(m.self)).has_value(), "a document fits its own descriptor", input);
    auto longer = m.self;
    ++longer.size;
    auto const size = open(input, {}, manifest_expectation(longer));
    must(!size && size.assume_error() == errc::size_mismatch, "a document of another size is refused", input);
}

FUZZ_TARGET(schema1, "documents", [] {
    auto const document = schema1_document();
    std::string const end(1, fuzz::input::separator);
    return std::vector<std::string>{
        std::string(3, '\0') + document, std::string("\x01\x01\x00", 3) + document, std::string("\x00\x02\x00", 3) + document,
        std::string("\x02\x00\x00", 3) + document, std::string("\x00\x00\x01", 3) + document + end + R"(,"time":"2016-01-02T03:04:05Z")",
        std::string("\x00\x00\x02", 3) + document + end + R"(,"signatures":[])",
        std::string("\x80\x00\x00", 3) + with_signature(document, 20, "}", {}), std::string("\x80\x00\x00", 3) + document,
        std::string("\x00\x00\x00", 3) + schema1_document(R"(,"layers":[])")};
}()) {
    // Either a signed document as it is, or one that is signed here: where it is cut, what its tail is, and what stands
    // beside it in the protected header are the input's choice.
    fuzz::input in(input);
    auto const cut = in.byte(), tail = in.byte(), extras = in.byte();
    std::string body;
    if (cut & 0x80) {
        body = in.rest();
    } else {
        auto const document = in.text();
        auto const brace = std::min(document.rfind('}'), document.size());
        auto const length = static_cast<std::int64_t>(brace) + (cut & 0x40 ? -1 : 1) * static_cast<std::int64_t>(cut & 0x3f);
        constexpr std::string_view tails[] = {"}", "\n}", " }\n", ",\"x\":1}", "}}", "", "]"};
        auto const more = in.text();
        body = with_signature(document, length, tails[tail % 7], extras == 1 ? more : std::string_view());
        if (extras == 2) body.insert(body.size() - 1, more);
        if (extras == 3) body += more;
    }
    auto const payload = schema1_payload<strict_json>(body);
    if (!payload) return check_error(payload.assume_error());
    auto const& p = payload.assume_value();
    auto const envelope = json_document::parse<strict_json>(body);
    auto const inner = json_document::parse<strict_json>(p);
    must(envelope && inner, "an accepted envelope and its payload are JSON", body, p);
    auto const outside = envelope.assume_value().root(), inside = inner.assume_value().root();
    bool const is_signed = outside.find("signatures").has_value();
    if (!is_signed) must(p == body, "an unsigned document is its own payload", body, p);
    // Nothing is shown that is not named: the members of both are the same, but for the signatures.
    must(outside.size() == inside.size() + (is_signed ? 1u : 0u), "the envelope adds the signatures and nothing else", body, p);
    inside.each_member([&](std::string_view name, json_view v) {
        auto const seen = outside.find(name);
        must(seen && json_writer().value(*seen).take() == json_writer().value(v).take(), "the envelope shows what the payload says", body, p);
    });

    auto const shape = decide_shape(outside);
    if (!shape) return check_error(shape.assume_error());
    if (!is_schema1_type(shape.assume_value().media_type)) return; // a document of another type
    auto const want = digest_of<openssl_hash>(p).value();
    auto const opened = open(body, {}, manifest_expectation(want));
    if (!opened) {
        check_error(opened.assume_error());
        must(opened.assume_error() != errc::digest_mismatch, "the digest of a schema1 is that of its payload", body, p);
        return;
    }
    must(opened.assume_value().self.digest == want, "the digest of a schema1 is that of its payload", body);
    if (is_signed) {
        auto const raw = open(body, {}, manifest_expectation(digest_of<openssl_hash>(body).value()));
        must(!raw && raw.assume_error() == errc::digest_mismatch, "a signed document is not found by the digest of its envelope", body);
    }
    if (std::holds_alternative<opaque>(opened.assume_value().document)) return; // its fields are not those of schema1
    auto const& document = std::get<schema1>(opened.assume_value().document);
    auto const payload_says = decode<schema1>(inside).value();
    auto same = [](schema1_layer const& a, schema1_layer const& b) { return a.blob_sum == b.blob_sum; };
    auto alike = [](schema1_history const& a, schema1_history const& b) { return a.v1_compatibility == b.v1_compatibility; };
    must(document.name == payload_says.name && document.tag == payload_says.tag && document.architecture == payload_says.architecture &&
             std::ranges::equal(document.fs_layers, payload_says.fs_layers, same) &&
             std::ranges::equal(document.history, payload_says.history, alike),
         "every field is read from the payload", body, p);
    for (auto const rules : {schema1_rules::modern, schema1_rules::docker_1_10}) {
        auto const chain = check_schema1<strict_json>(document, limits(), rules);
        if (!chain) {
            check_error(chain.assume_error());
            continue;
        }
        auto const converted = convert_schema1<strict_json>(document, chain.assume_value(), limits(), rules);
        if (!converted) {
            check_error(converted.assume_error());
            continue;
        }
        auto const config = json_document::parse<strict_json>(converted.assume_value().config_json);
        must(config && config.assume_value().root().is_object(), "the config that is made is JSON", converted.assume_value().config_json);
        must(converted.assume_value().layers.size() <= document.fs_layers.size(), "no layer is made up", body);
    }
}

FUZZ_TARGET(config, "documents",
            {test::config_bytes, R"({"architecture":"arm","os":"linux","variant":"v7","created":"2024-01-02T03:04:05.5+02:00"})",
             R"({"config":{"Cmd":"sh -c x","Entrypoint":null,"ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"Labels":null}})",
             R"({"rootfs":{"type":"layers","diff_ids":["sha256:)" + std::string(64, '0') + R"("]}})", R"({"history":{}})", "[]"}) {
    auto const parsed = json_document::parse<strict_json>(input);
    if (!parsed) return check_error(parsed.assume_error());
    auto const config = decode<image_config>(parsed.assume_value().root(), errc::config_schema);
    if (!config) return check_error(config.assume_error());
    // The order of members means nothing.
    auto const sorted = json_document::parse<strict_json>(json_writer().value(parsed.assume_value().root(), key_order::sorted).take());
    must(sorted.has_value(), "what is written is read", input);
    auto const again = decode<image_config>(sorted.assume_value().root());
    must(again && text_of(again.assume_value()) == text_of(config.assume_value()), "the order of members means nothing", input);
}

FUZZ_TARGET(token, "json",
            {R"({"token":"abc","expires_in":300,"issued_at":"2024-01-02T03:04:05Z"})", R"({"access_token":"abc","token":"abc"})",
             R"({"token":"a","access_token":"b"})", R"({"token":"a\r\nb"})", R"({"token":""})", R"({"token":"x","expires_in":-9})",
             R"({"token":"x","expires_in":9223372036854775808})", R"({"token":"x","expires_in":"300"})", R"({"token":1})", "null"}) {
    limits l;
    l.token_length = 1024;
    auto const token = interpret_token<test::policies>(input, l);
    if (!token) return check_error(token.assume_error());
    auto const& t = token.assume_value();
    must(!t.text.empty() && t.text.size() <= l.token_length, "a token is bounded and not empty", t.text);
    for (char const c : t.text) must(c > 0x20 && c < 0x7f, "a token can be sent in a header", t.text);
    must(t.lifetime.count() >= 60 && t.lifetime.count() <= 3600, "a token lives a minute to an hour", std::to_string(t.lifetime.count()));
    auto const document = json_document::parse<strict_json>(input).value();
    std::size_t named = 0;
    for (auto const name : {"token", "access_token"})
        if (auto const v = document.root().find(name)) named += v->as_string() == t.text;
    must(named > 0, "a token is one of the answer", input, t.text);
}
