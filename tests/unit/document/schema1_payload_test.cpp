// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "schema1_documents.hpp"
#include <lading/document/schema1/schema1_payload.hpp>

namespace schema1_payload_test {

using namespace lading;
using test::protected_format;
using test::sign;
using test::signature;

namespace {

std::string const plain = "{\n   \"schemaVersion\": 1,\n   \"fsLayers\": [],\n   \"history\": []\n}";

result<std::string> payload(std::string_view body) { return schema1_payload<strict_json>(body); }

/// The rule that was broken, or "ok".
std::string refusal(std::string_view body) {
    auto const r = payload(body);
    if (r) return "ok";
    CHECK(r.error().kind() == errc::schema1_format);
    CHECK(r.error().facts().stop());
    return r.error().detail().context;
}
/// The document with one signature that has this protected header.
std::string refusal_of_protected(std::string_view json) {
    return refusal(test::with_signatures(plain, "[" + signature(json) + "]"));
}
std::string length_text(std::string_view document = plain) {
    return std::to_string(test::format_length(document));
}
using test::ContainsSubstring;

} // namespace

TEST_CASE("a signed document is cut and closed as its tail says", "[spec-5.2][row-1]") {
    CHECK(payload(sign(plain)).value() == plain); // Cn0
    std::string const compact = R"({"schemaVersion":1,"name":"x"})";
    CHECK(payload(sign(compact)).value() == compact);           // fQ
    CHECK(payload(sign(plain + "\n")).value() == plain + "\n"); // Cn0K
    CHECK(detail::base64url_encode("\n}") == "Cn0");
    CHECK(detail::base64url_encode("}") == "fQ");
    CHECK(detail::base64url_encode("\n}\n") == "Cn0K");
    CHECK(test::sha256(payload(sign(plain)).value()) != test::sha256(sign(plain)));
}

TEST_CASE("leading white space counts", "[spec-5.2]") {
    std::string const indented = " \n" + plain;
    CHECK(payload(sign(indented)).value() == indented);
    CHECK(refusal("\n" + sign(plain)) != "ok"); // now every offset is one short
}

TEST_CASE("members between the payload and the signatures are refused", "[spec-5.2][row-2]") {
    auto const body = sign(plain);
    auto const at = body.find(",\n   \"signatures\"");
    CHECK(refusal(std::string(body).insert(at, R"(, "more": 1)")) ==
          "nothing but `signatures` follows the payload");
    CHECK(refusal(std::string(body).insert(at, R"(, "fsLayers": [1])")).starts_with("no key is there twice"));
}

TEST_CASE("members behind the signatures are refused", "[S02]") {
    auto body = sign(plain);
    body.pop_back();
    CHECK(refusal(body + R"(, "more": [1]})") == "nothing but `signatures` follows the payload");
    CHECK(refusal(body + R"(, "fsLayers": [1]})").starts_with("no key is there twice"));
    CHECK(refusal(body + " \t\r\n}\n ") == "ok");
}

TEST_CASE("a tail with a whole document is refused", "[spec-5.2][row-3]") {
    CHECK(refusal_of_protected(protected_format("0", plain)) == "`formatTail` is a closing brace and white space");
    CHECK(refusal_of_protected(protected_format("0", "}")) == "`formatLength` is inside the body");
    CHECK(refusal_of_protected(protected_format("1", "\"name\":1}")) ==
          "`formatTail` is a closing brace and white space");
}

TEST_CASE("no signatures in the list", "[spec-5.2][row-4]") {
    CHECK(refusal(test::with_signatures(plain, "[]")) == "`signatures` is an array");
    CHECK(refusal(test::with_signatures(plain, "null")) == "`signatures` is an array");
}

TEST_CASE("the header of a signature is not looked at", "[spec-5.2][row-5][row-6]") {
    auto const good = protected_format(length_text(), "\n}");
    for (auto header : {"null", "{}", "1", R"({"jwk":null})", R"({"jwk":{}})", R"({"jwk":{"kty":"x"}})"})
        CHECK(payload(test::with_signatures(plain, "[" + signature(good, header) + "]")).value() == plain);
    auto const bare = R"([{"protected":")" + detail::base64url_encode(good) + "\"}]";
    CHECK(payload(test::with_signatures(plain, bare)).value() == plain);
}

TEST_CASE("formatLength is an integer inside the body", "[spec-5.2][S03][row-7][row-8]") {
    std::string const integer = "`formatLength` is an integer", inside = "`formatLength` is inside the body";
    CHECK(refusal_of_protected(protected_format("3197.9", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("1.5", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("1e30", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("1e300", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("9223372036854775808", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("\"9\"", "}")) == integer);
    CHECK(refusal_of_protected(protected_format("null", "}")) == integer);
    CHECK(refusal_of_protected(R"({"formatTail":"fQ"})") == integer);
    CHECK(refusal_of_protected(protected_format("-1", "}")) == inside);
    CHECK(refusal_of_protected(protected_format("9223372036854775807", "}")) == inside);
    auto const size = test::with_signatures(plain, "[" + signature(protected_format("100", "}")) + "]").size();
    REQUIRE(size < 1000);
    CHECK(refusal_of_protected(protected_format(std::to_string(size + 1), "}")) == inside);
    CHECK(refusal_of_protected(protected_format(std::to_string(size), "}")) ==
          "the payload is an object without `signatures`");
}

TEST_CASE("an unsigned document is its own payload", "[spec-5.2][row-9]") {
    CHECK(payload(plain).value() == plain);
    CHECK(payload(" {} \n").value() == " {} \n");
    CHECK(refusal("[]") == "the body is an object");
    CHECK(payload("{").error() == errc::json_syntax);
    CHECK(payload("").error() == errc::json_syntax);
}

TEST_CASE("signatures that are no list of objects", "[spec-5.2][row-10]") {
    for (auto list : {"1", "{}", "\"x\"", "true"})
        CHECK(refusal(test::with_signatures(plain, list)) == "`signatures` is an array");
    for (auto list : {"[1]", "[null]", "[{}]", "[[]]", R"([{"protected":1}])"})
        CHECK(refusal(test::with_signatures(plain, list)) ==
              "a signature is an object with a string `protected`");
}

TEST_CASE("the payload ends behind a member, not behind a comma or inside one", "[S01]") {
    auto const n = test::format_length(plain);
    CHECK(refusal_of_protected(protected_format(std::to_string(n + 1), "}")) ==
          "the byte before `formatLength` is no comma");
    CHECK(refusal_of_protected(protected_format(std::to_string(n - 1), "}")) ==
          "the payload is an object without `signatures`");
    CHECK(refusal_of_protected(protected_format("1", "}")) == "a comma follows the payload");
    auto const before_history = plain.find(",\n   \"history\"");
    CHECK(refusal_of_protected(protected_format(std::to_string(before_history), "}")) ==
          "nothing but `signatures` follows the payload");
    // The cut is inside the object, but behind the signatures.
    auto const list = "[" + signature(protected_format("1000", "}")) + "]";
    auto const first = R"({"signatures":)" + list + R"(,"a":1)";
    auto const length = std::to_string(first.size());
    REQUIRE(length.size() <= 4);
    auto body = R"({"signatures":[)" + signature(protected_format(std::string(4 - length.size(), ' ') + length, "}")) +
                R"(],"a":1,"b":2})";
    CHECK(refusal(body) == "the payload is an object without `signatures`");
}

TEST_CASE("all signatures agree", "[spec-10.24][S04]") {
    auto const good = protected_format(length_text(), "\n}");
    auto list = [&](std::string const& other) {
        return "[" + signature(good) + "," + signature(other) + "]";
    };
    CHECK(payload(test::with_signatures(plain, list(good))).value() == plain);
    std::string const rule = "all signatures agree on `formatLength` and `formatTail`";
    CHECK(refusal(test::with_signatures(plain, list(protected_format("5", "\n}")))) == rule);
    CHECK(refusal(test::with_signatures(plain, list(protected_format("0", "\n}")))) == rule);
    CHECK(refusal(test::with_signatures(plain, list(protected_format(length_text(), "}")))) == rule);
    CHECK(refusal(test::with_signatures(plain, "[" + signature(protected_format("0", "\n}")) + "," + signature(good) +
                                                   "]")) == rule);
}

TEST_CASE("formatTail is strict base64url of a brace and white space", "[S05]") {
    auto tail = [](std::string_view encoded) {
        return refusal_of_protected(R"({"formatLength":)" + length_text() + R"(,"formatTail":")" +
                                    std::string(encoded) + "\"}");
    };
    std::string const alphabet = "`formatTail` is base64url without padding";
    std::string const brace = "`formatTail` is a closing brace and white space";
    CHECK(tail("Cn0") == "ok");
    CHECK(tail("Cn0=") == alphabet);
    CHECK(tail("Cn0\\n") == alphabet);
    CHECK(tail("Cn 0") == alphabet);
    CHECK(tail("Cn+/") == alphabet);
    CHECK(tail("C") == alphabet);
    CHECK(tail("Cn1") == alphabet); // left-over bits
    CHECK(tail("") == brace);
    CHECK(tail(detail::base64url_encode("\n")) == brace);
    CHECK(tail(detail::base64url_encode("}}")) == brace);
    CHECK(tail(detail::base64url_encode(std::string_view("\0}", 2))) == brace);
    CHECK(tail(detail::base64url_encode(std::string(3 << 19, ' ') + "}")) == "`formatTail` is short");
    CHECK(refusal_of_protected(R"({"formatLength":1})") == "`formatTail` is a string");
    CHECK(refusal_of_protected(R"({"formatLength":1,"formatTail":null})") == "`formatTail` is a string");
}

TEST_CASE("1 to 16 signatures", "[S06]") {
    auto list = [](std::size_t n) {
        std::string out = "[";
        for (std::size_t i = 0; i < n; ++i) out += (i ? "," : "") + signature(protected_format(length_text(), "\n}"));
        return test::with_signatures(plain, out + "]");
    };
    CHECK(refusal(list(1)) == "ok");
    CHECK(refusal(list(16)) == "ok");
    CHECK(refusal(list(17)) == "`signatures` is an array");
    CHECK(payload(list(10'000)).error() == errc::schema1_format);
    CHECK_THAT(payload(list(17)).error().message(), ContainsSubstring("1 to 16 signatures") && ContainsSubstring("17"));
}

TEST_CASE("the protected header is base64url of JSON", "[spec-5.2]") {
    CHECK(refusal(test::with_signatures(plain, R"([{"protected":"e30="}])")) ==
          "`protected` is base64url without padding");
    CHECK(refusal_of_protected("{").starts_with("`protected` is JSON"));
    CHECK(refusal_of_protected("").starts_with("`protected` is JSON"));
    CHECK(refusal_of_protected("[]") == "`formatLength` is an integer");
    CHECK(refusal_of_protected(R"({"formatLength":1,"formatLength":2})") ==
          "`protected` is JSON: json_duplicate_key");
    CHECK(refusal_of_protected(std::string(1000, '[')).starts_with("`protected` is JSON"));
}

TEST_CASE("a body cut anywhere is refused", "[spec-11.5][row-7]") {
    auto const body = sign(plain);
    for (std::size_t n = 0; n < body.size(); ++n) CHECK_FALSE(payload(std::string_view(body).substr(0, n)));
}

TEST_CASE("payload digests of published documents", "[spec-11.3]") {
    auto digest_is = [](std::string const& name, std::string_view hex) {
        auto const body = test::fixture(name);
        if (!body) return;
        INFO(name);
        CHECK(test::sha256(payload(*body).value()) == "sha256:" + std::string(hex));
    };
    digest_is("good_manifest", "02fee8c3220ba806531f606525eceb83f4feb654f62b207191b1c9209188dedd");
    digest_is("bad_manifest", "4e99582254b60272e49b2fd1f01e834a038a575eb542e46fba0662f1e74b3927");
    digest_is("v2s1.manifest.json", "7364fea9d84ee548ab67d4c46c6006289800c98de3fbf8c0a97138dfcc23f000");
    digest_is("v2s1-unsigned.manifest.json",
              "7364fea9d84ee548ab67d4c46c6006289800c98de3fbf8c0a97138dfcc23f000");
    for (std::string const name : {"v2s1-invalid-signatures.manifest.json", "extra_data_manifest"})
        if (auto const body = test::fixture(name)) CHECK(payload(*body).error() == errc::schema1_format);
    if (auto const body = test::fixture("good_manifest"))
        for (std::size_t n = 0; n < body->size(); n += 7)
            CHECK_FALSE(payload(std::string_view(*body).substr(0, n)));
}

} // namespace schema1_payload_test
