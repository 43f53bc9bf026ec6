// SPDX-License-Identifier: BSL-1.0
// Tables 4.7 and 2.7: from an answer to an error and its facts.
#include "catch.hpp"
#include <lading/http/status.hpp>
#include <lading/json/strict_json.hpp>

namespace status_test {

using namespace lading;

namespace {
error from(int status, std::string_view body = "", asked what = asked::manifest, bool v2 = true, bool sent = false) {
    response head(status);
    head.url = "https://r.test/v2/x/manifests/1?token=CANARY";
    auth_note shown;
    shown.sent = sent;
    if (v2) head.headers.add("Docker-Distribution-Api-Version", "other registry/2.0");
    return error_from_response<strict_json>(head, body, what, limits(), shown);
}
std::string envelope(std::string_view code) { return R"({"errors":[{"code":")" + std::string(code) + R"("}]})"; }
} // namespace

TEST_CASE("the status decides first, the registry's code second", "[spec-4.7]") {
    CHECK(from(401).kind() == errc::auth_required);
    CHECK(from(401, "", asked::manifest, true, true).kind() == errc::auth_denied);
    CHECK(from(403, envelope("DENIED")).kind() == errc::denied);
    CHECK(from(404, envelope("MANIFEST_UNKNOWN")).kind() == errc::manifest_unknown);
    CHECK(from(404, envelope("NOT_FOUND")).kind() == errc::manifest_unknown);
    CHECK(from(404, envelope("NAME_UNKNOWN")).kind() == errc::name_unknown);
    CHECK(from(404, "<html>").kind() == errc::not_found);
    CHECK(from(404, "", asked::blob).kind() == errc::blob_unknown);
    CHECK(from(404, "", asked::tags).kind() == errc::not_found);
    CHECK(from(400, envelope("DENIED")).kind() == errc::denied);
    CHECK(from(400, envelope("NAME_INVALID")).kind() == errc::registry_error);
    CHECK(from(429).kind() == errc::rate_limited);
    for (int s : {408, 500, 502, 503, 504, 599}) CHECK(from(s).kind() == errc::server_error);
    for (int s : {201, 204, 206, 300, 304}) CHECK(from(s).kind() == errc::http_unexpected_status);
}

TEST_CASE("the facts of an answer", "[spec-2.7]") {
    for (int s : {401, 404}) {
        CHECK(from(s, "", asked::manifest, false).facts().v1);
        CHECK(!from(s, "", asked::manifest, true).facts().v1);
        CHECK(!from(s, "", asked::blob, false).facts().v1); // v2 gave the manifest that names it
    }
    for (int s : {401, 403, 404, 429, 500, 503}) CHECK(from(s).facts().next_endpoint);
    CHECK(!from(400).facts().next_endpoint);
    for (int s : {408, 429, 500, 502, 503, 504}) CHECK(from(s).facts().retry);
    for (int s : {400, 401, 404, 501, 505}) CHECK(!from(s).facts().retry);
    for (int s : {400, 401, 404, 429, 500}) {
        auto const f = from(s).facts();
        CHECK(f.answered);
        CHECK(f.over_tls);
        CHECK(f.v2_confirmed);
        CHECK(!f.plaintext); // there was an answer over TLS
    }
    CHECK(from(404).message().find("CANARY") == std::string::npos);
}

// The rows of the table in their order: the code, its status, its sentence, and what the error is that a manifest request
// gets of it.
TEST_CASE("every code, bare, in its own words, with a detail and with none", "[spec-4.7][row-1][row-2][row-3][row-4][row-5][row-6][row-7][row-8][row-9][row-10][row-11][row-12][row-13][row-14][row-15][row-16][row-17][row-18]") {
    struct row {
        char const* code;
        int status;
        char const* sentence;
        errc kind;
    };
    row const rows[] = {
        {"UNKNOWN", 500, "unknown error", errc::server_error},
        {"UNSUPPORTED", 405, "The operation is unsupported.", errc::registry_error},
        {"UNAUTHORIZED", 401, "authentication required", errc::auth_required},
        {"DENIED", 403, "requested access to the resource is denied", errc::denied},
        {"UNAVAILABLE", 503, "service unavailable", errc::server_error},
        {"DIGEST_INVALID", 400, "provided digest did not match uploaded content", errc::registry_error},
        {"SIZE_INVALID", 400, "provided length did not match content length", errc::registry_error},
        {"NAME_INVALID", 400, "invalid repository name", errc::registry_error},
        {"TAG_INVALID", 400, "manifest tag did not match URI", errc::registry_error},
        {"NAME_UNKNOWN", 404, "repository name not known to registry", errc::name_unknown},
        {"MANIFEST_UNKNOWN", 404, "manifest unknown", errc::manifest_unknown},
        {"MANIFEST_INVALID", 400, "manifest invalid", errc::registry_error},
        {"MANIFEST_UNVERIFIED", 400, "manifest failed signature verification", errc::registry_error},
        {"MANIFEST_BLOB_UNKNOWN", 400, "blob unknown to registry", errc::registry_error},
        {"BLOB_UNKNOWN", 404, "blob unknown to registry", errc::manifest_unknown}, // a manifest was asked for
        {"BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry", errc::manifest_unknown},
        {"BLOB_UPLOAD_INVALID", 404, "blob upload invalid", errc::manifest_unknown},
        {"TOOMANYREQUESTS", 429, "too many requests", errc::rate_limited}, // row 18: three that came later
        {"RANGE_INVALID", 416, "invalid content range", errc::registry_error},
        {"PAGINATION_NUMBER_INVALID", 400, "invalid number of results requested", errc::registry_error},
    };
    int n = 0;
    for (auto const& r : rows) {
        if (n < 18) ++n;
        INFO("row " << n << ": " << r.code);
        CHECK(default_message(r.code) == r.sentence);
        bool const known = r.code == std::string_view("UNAUTHORIZED") || r.code == std::string_view("NAME_UNKNOWN") ||
                           r.code == std::string_view("MANIFEST_UNKNOWN");
        auto const worded = r.status >= 500 ? refusal_form::unreadable : known ? refusal_form::unknown
                                                                               : refusal_form::other;
        // Of a later code Docker 1.10 knew neither the name nor the sentence (doc/protocol.md#refusals).
        auto const bare = r.status >= 500 ? refusal_form::unreadable : refusal_form::bare_code;
        auto const usual = n < 18 ? bare : worded;
        auto const check = [&](std::string const& more, std::string const& message, std::string const& detail, refusal_form said) {
            INFO(more);
            auto const e = from(r.status, R"({"errors":[{"code":")" + std::string(r.code) + "\"" + more + "}]}");
            CHECK(e.kind() == r.kind);
            CHECK(e.http_status() == r.status);
            CHECK(e.facts().said == said);
            REQUIRE(e.detail().registry_errors.size() == 1);
            CHECK(e.detail().registry_errors[0].code == r.code);
            CHECK(e.detail().registry_errors[0].message == message);
            CHECK(e.detail().registry_errors[0].detail == detail);
        };
        auto const sentence = R"(,"message":")" + std::string(r.sentence) + '"';
        check("", "", "", bare);
        check(sentence, r.sentence, "", usual);
        check(sentence + R"(,"detail":null)", r.sentence, "", usual);
        check(R"(,"message":"own words")", "own words", "", worded);
        check(sentence + R"(,"detail":{"a":[1]})", r.sentence, R"({"a":[1]})", worded);
    }
    CHECK(default_message("unauthorized").empty());
    CHECK(default_message("").empty());
}

TEST_CASE("what a Bearer challenge says of the token comes before the body", "[spec-4.7]") {
    auto const answer = [](int status, std::vector<std::string> const& lines, bool sent, std::string_view body = "") {
        response head(status);
        head.url = "https://r.test/v2/x/manifests/1";
        auth_note shown;
        shown.sent = sent;
        for (auto const& line : lines) head.headers.add("WWW-Authenticate", line);
        return error_from_response<strict_json>(head, body, asked::manifest, limits(), shown);
    };
    auto const codes = [](error const& e) {
        std::string out;
        for (auto const& one : e.detail().registry_errors) out += one.code + '(' + one.message + ')';
        return out;
    };
    std::string const bearer = R"(Bearer realm="https://r.test/t",service="s")";
    SECTION("invalid_token is UNAUTHORIZED, insufficient_scope is DENIED") {
        auto const invalid = answer(401, {bearer + R"(,error="invalid_token")"}, true);
        CHECK(codes(invalid) == "UNAUTHORIZED(authentication required)");
        CHECK(invalid == errc::auth_denied);
        auto const scope = answer(401, {bearer + R"(,error="insufficient_scope")"}, true);
        CHECK(codes(scope) == "DENIED(requested access to the resource is denied)");
        CHECK(scope == errc::denied);
        CHECK(scope.http_status() == 401);
        CHECK(answer(401, {bearer + R"(,error="insufficient_scope")"}, false) == errc::auth_required); // a login may have it
        CHECK(answer(403, {bearer + R"(,error="insufficient_scope")"}, true) == errc::denied);
    }
    SECTION("before the errors of the body, which stay, and its own words for it") {
        auto const body = R"({"errors":[{"code":"NAME_UNKNOWN","message":"no x"}]})";
        auto const e = answer(401, {R"(Basic realm="x")", bearer + R"(,error="invalid_token",error_description="it is over")"}, true, body);
        CHECK(codes(e) == "UNAUTHORIZED(it is over)NAME_UNKNOWN(no x)");
        CHECK(e.message().find("registry says UNAUTHORIZED (it is over); registry says NAME_UNKNOWN (no x)") != std::string::npos);
        CHECK(e.facts().said == refusal_form::unknown); // of the body alone (doc/protocol.md#refusals)
        CHECK(codes(answer(401, {bearer + R"(,error="insufficient_scope")"}, true, "<html>")) ==
              "DENIED(requested access to the resource is denied)");
    }
    SECTION("anything else says nothing") {
        for (auto const* more : {"", R"(,error="invalid_request")", R"(,error="")", R"(,error="INVALID_TOKEN")"})
            CHECK(codes(answer(401, {bearer + more}, true)) == "");
        CHECK(codes(answer(401, {R"(Basic realm="x",error="invalid_token")"}, true)) == "");
        CHECK(codes(answer(503, {bearer + R"(,error="invalid_token")"}, true)) == "");
        CHECK(answer(404, {bearer + R"(,error="invalid_token")"}, true) == errc::not_found); // the status decides
    }
    SECTION("bounded and printable") {
        auto const e = answer(401, {bearer + ",error=invalid_token,error_description=\"a\x9b[2J" + std::string(9000, 'x') + '"'}, true,
                              R"({"errors":[{"code":"C","message":")" + std::string(9000, 'y') + "\"}]}");
        auto const& list = e.detail().registry_errors;
        REQUIRE(!list.empty());
        CHECK(list[0].message.starts_with("a?[2Jxxx"));
        std::size_t text = 0;
        for (auto const& one : list) text += one.message.size();
        CHECK(text <= limits().error_text);
    }
}

TEST_CASE("the form of the body, whatever its Content-Type", "[spec-4.7]") {
    for (auto const* type : {"", "text/html", "application/json", "application/octet-stream"}) {
        INFO(type);
        response head(404);
        head.url = "https://r.test/v2/x/manifests/1";
        if (*type) head.headers.add("Content-Type", type);
        auto const of = [&](std::string_view body) { return error_from_response<strict_json>(head, body, asked::manifest, limits()); };
        CHECK(of(envelope("NAME_UNKNOWN")) == errc::name_unknown);
        // (1) details before (2) the envelope before (3) nothing
        auto const old = of(R"({"errors":[{"code":"NAME_UNKNOWN"}],"details":"old form"})");
        REQUIRE(old.detail().registry_errors.size() == 1);
        CHECK(old.detail().registry_errors[0].message == "old form");
        CHECK(of(R"({"details":7,"errors":[{"code":"NAME_UNKNOWN"}]})") == errc::name_unknown);
        for (auto const* none : {"", "<html>", "{}", R"({"errors":[]})", R"({"errors":[{"code":"NAME_UNKNOWN"}]} x)"})
            CHECK(of(none) == errc::not_found);
    }
}

TEST_CASE("what a registry says is bounded and printable", "[J13]") {
    auto const said = [](std::string_view body) { return parse_error_body<strict_json>(body, limits()).errors; };
    auto const one = said(R"({"errors":[{"code":"\u001b[2J","message":"a\nb","detail":{"Tag":"x"}},null,7]})");
    REQUIRE(one.size() == 1);
    CHECK(one[0].code == "?[2J");
    CHECK(one[0].message == "a?b");
    CHECK(one[0].detail == R"({"Tag":"x"})");
    CHECK(said(R"({"details":"old form"})").at(0).message == "old form");
    for (auto none : {"", "<html>", "{}", "[]", R"({"errors":{}})", R"({"errors":[]})"}) CHECK(said(none).empty());
    std::string many = R"({"errors":[)";
    for (int i = 0; i < 40; ++i) many += (i ? "," : "") + (R"({"code":"C","message":")" + std::string(1000, 'x') + "\"}");
    std::size_t total = 0;
    for (auto const& e : said(many + "]}")) total += e.code.size() + e.message.size();
    CHECK(total <= limits().error_text);
    CHECK(said(many + "]}").size() <= 16);
}

TEST_CASE("what an answer says in forms that are not the protocol's", "[W52]") {
    struct row {
        std::string body, message;
    };
    for (auto const& r : std::vector<row>{
             {"<!DOCTYPE html>\n<html><head><title>\n 503 Service\tUnavailable </title><body><h1>x</h1>", "503 Service Unavailable"},
             {"<html><head></head><body><center><h1>403 Forbidden</h1></center><hr>nginx", "403 Forbidden"},
             {"<HTML><script>var x = 1 < 2;</script><body>Please <b>log in</b> &amp; go on</body>", "Please log in & go on"},
             {"<TITLE class=\"x\">Sign in &lt;Corp&gt;</TITLE>", "Sign in <Corp>"},
             {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>1</RequestId></Error>",
              "AccessDenied: Access Denied"},
             {"<Error><Message>No such\nkey</Message></Error>", "No such key"},
             {"<a><b>bare</b> words</a>", "bare words"},
             {"404 page not found\n", "404 page not found"},
             {"  \xef\xbb\xbf", "???"},
             {"\xef\xbb\xbfsorry", "sorry"},
             {R"({"message":"Not allowed"})", "Not allowed"},
             {R"({"error":"invalid_grant","error_description":"bad password"})", "invalid_grant: bad password"},
             {R"({"error":"access denied"})", "access denied"},
             {R"({"error":{"code":"X1","message":"deep"}})", "X1: deep"},
             {R"({"type":"about:blank","title":"Forbidden","status":403,"detail":"your network is blocked"})", "Forbidden: your network is blocked"},
             {R"({"title":"Forbidden"})", "Forbidden"},
             {R"({"detail":"Not Found"})", "Not Found"},
             {R"({"code":"ERR","msg":"short"})", "ERR: short"},
             {R"({"errors":["first","second"]})", "first"},
             {R"({"errors":"all of it"})", "all of it"},
             {R"("just a string")", "just a string"},
             {R"({"errors":[{"status":404,"message":"no image here"}]})", "no image here"},
         }) {
        INFO(r.body);
        auto const e = from(403, r.body);
        CHECK(e == errc::denied);
        REQUIRE(e.detail().registry_errors.size() == 1);
        CHECK(e.detail().registry_errors[0].code == "");
        CHECK(e.detail().registry_errors[0].message == r.message);
        CHECK(e.message().find("; the answer says: " + r.message) != std::string::npos);
        CHECK(from(404, r.body) == (r.body.find(R"([{"status")") == std::string::npos ? errc::not_found : errc::manifest_unknown));
    }
    for (auto const* nothing : {"", " \n", "{}", "[]", "null", "7", "<html></html>", "\x1f\x8b\x08", R"({"errors":[]})"}) {
        INFO(nothing);
        auto const e = from(403, std::string_view(nothing));
        if (std::string_view(nothing) != "\x1f\x8b\x08") CHECK(e.detail().registry_errors.empty());
        CHECK(e.message().find("says: ;") == std::string::npos);
    }
    CHECK(from(403, std::string_view("a\0b", 3)).detail().registry_errors.empty());
    SECTION("the protocol's own form has the say") {
        auto const e = from(403, R"({"errors":[{"code":"DENIED","message":"own"}],"message":"other","detail":"other"})");
        CHECK(e.detail().registry_errors.size() == 1);
        CHECK(e.message().find("other") == std::string::npos);
    }
    SECTION("200 characters, printable, on one line") {
        for (auto const& body : {std::string(5000, 'x'), "<title>" + std::string(5000, 'x'), R"({"message":")" + std::string(5000, 'x') + "\"}",
                                 "<Error><Message>" + std::string(5000, 'x') + "</Message>"}) {
            auto const e = from(500, body);
            CHECK(e.detail().registry_errors.at(0).message == std::string(200, 'x') + "...");
        }
        auto const text = from(500, "a\x1b[2J\r\nb\x9b\xc2\x9b").message();
        CHECK(text.find("the answer says: a?[2J b???") != std::string::npos);
        limits l;
        l.error_text = 10;
        response head(500);
        CHECK(error_from_response<strict_json>(head, std::string(99, 'x'), asked::manifest, l).detail().registry_errors.at(0).message.size() <= 13);
    }
}

TEST_CASE("a 200 that is a web page, XML or nothing is told as what it is", "[W52]") {
    auto const kind = [](std::string_view body, char const* type) {
        response head(200);
        head.url = "https://r.test/v2/x/manifests/1?token=CANARY";
        if (type) head.headers.add("Content-Type", type);
        auto const e = answer_of_another_kind(head, body, "a manifest");
        return e ? e->summary() : std::string("none");
    };
    auto const page = kind("\n<!doctype HTML><title>Sign in</title>", "text/html; charset=utf-8");
    CHECK(page.find("not_a_registry: the server does not behave like a v2 registry: the answer is a web page (text/html), not a manifest") == 0);
    CHECK(page.find("the answer says: Sign in") != std::string::npos);
    CHECK(page.find("CANARY") == std::string::npos);
    CHECK(kind("<html>", nullptr).find("the answer is a web page, not a manifest") != std::string::npos);
    CHECK(kind("<Error><Code>X</Code></Error>", "application/xml").find("the answer is XML or HTML (application/xml), not a manifest; status 200; the answer says: X") != std::string::npos);
    for (auto const* nothing : {"", " \n"}) CHECK(kind(nothing, "application/json").find("the answer is empty, not a manifest") != std::string::npos);
    CHECK(kind("please log in\n", "text/plain").find("json_syntax: the JSON text is malformed: the answer is text (text/plain), not a manifest; status 200; the answer says: please log in") == 0);
    for (auto const* maybe : {"{}", "[", "{<", "-", "7"}) CHECK(kind(maybe, "text/html") == "none");
}

TEST_CASE("a message says only what is so", "[W53]") {
    SECTION("no credentials were sent, so none were refused") {
        response head(401);
        head.url = "https://b.test/x";
        auth_note shown;
        shown.withheld = true;
        auto const withheld = error_from_response<strict_json>(head, "", asked::blob, limits(), shown);
        CHECK(withheld == errc::auth_denied);
        CHECK(withheld.summary() == "auth_denied: credentials are not sent to a server that a response named; status 401 [https://b.test/x]");
        CHECK(from(401, "", asked::manifest, true, true).summary().find("auth_denied: the credentials were refused;") == 0);
        CHECK(from(401).summary().find("auth_required: credentials are required and none were sent;") == 0);
    }
    SECTION("there is no next endpoint when all have been asked") {
        auto e = from(404, "", asked::manifest, false);
        CHECK(e.next_steps() == "next endpoint, v1");
        auto facts = e.facts();
        facts.all_asked = true;
        CHECK(e.with_facts(facts).next_steps() == "stop");
        CHECK(e.message() == e.summary()); // nothing helps, and so nothing is said of it
        auto tried = e;
        tried.with_attempts({attempt("https://m.example", true, "not_found: x", errc::not_found, 404), attempt("https://r.example", false, e.summary(), e.code(), 404)});
        CHECK(tried.message() == e.summary() + "; tried https://m.example (mirror): not_found: x"); // what the error is itself, once
        e = from(503);
        facts = e.facts();
        facts.all_asked = true;
        CHECK(e.with_facts(facts).next_steps() == "retry later");
        CHECK(e.message() == e.summary() + "; next: retry later");
    }
    SECTION("who says it") {
        std::string const own = R"({"errors":[{"code":"DENIED","message":"b"}]})";
        CHECK(from(403, own, asked::token).message().find("; token service says DENIED (b)") != std::string::npos);
        CHECK(from(403, own).message().find("; registry says DENIED (b)") != std::string::npos);
        CHECK(from(403, "<title>Blocked</title>").message().find("registry") == std::string("denied: the ").size()); // only in the sentence
        CHECK(from(403, "<title>Blocked</title>").message().find("registry says") == std::string::npos);
    }
}

TEST_CASE("how a refusal is put", "[spec-2.5.1]") {
    auto const list = [](std::string const& code, std::string const& more) {
        return R"({"errors":[{"code":")" + code + "\"" + more + "}]}";
    };
    struct row {
        int status;
        std::string body;
        refusal_form said;
    };
    row const rows[] = {
        {401, R"({"details":"no"})", refusal_form::unknown},
        {404, R"({"details":"no"})", refusal_form::other},
        {401, "", refusal_form::unknown},
        {401, "<html>", refusal_form::unknown},
        {401, "[]", refusal_form::unknown},
        {401, R"({"errors":{}})", refusal_form::unknown},
        {404, "", refusal_form::unreadable},
        {404, "<html>", refusal_form::unreadable},
        {401, "{}", refusal_form::empty},
        {404, R"({"errors":[]})", refusal_form::empty},
        {404, R"({"errors":null})", refusal_form::empty},
        {401, list("UNAUTHORIZED", ""), refusal_form::bare_code},
        {401, list("UNAUTHORIZED", R"(,"message":"authentication required")"), refusal_form::bare_code},
        {401, list("UNAUTHORIZED", R"(,"message":"authentication required","detail":null)"), refusal_form::bare_code},
        {401, list("UNAUTHORIZED", R"(,"message":"authentication required","detail":[])"), refusal_form::unknown},
        {401, list("UNAUTHORIZED", R"(,"message":"go away")"), refusal_form::unknown},
        {404, list("NAME_UNKNOWN", R"(,"detail":{"name":"x"})"), refusal_form::unknown},
        {404, list("MANIFEST_UNKNOWN", R"(,"detail":"x")"), refusal_form::unknown},
        {404, list("MANIFEST_UNKNOWN", R"(,"message":"manifest unknown")"), refusal_form::bare_code},
        {403, list("DENIED", R"(,"message":"requested access to the resource is denied")"), refusal_form::bare_code},
        {403, list("DENIED", R"(,"detail":"x")"), refusal_form::other},
        {404, list("TAG_INVALID", R"(,"message":"x")"), refusal_form::other},
        {429, list("NOT_KNOWN", R"(,"message":"x")"), refusal_form::other},
        {429, list("NOT_KNOWN", R"(,"message":"unknown error")"), refusal_form::bare_code},
        {401, list("unauthorized", R"(,"message":"x")"), refusal_form::other}, // wrong case is another code
        {404, R"({"errors":[null]})", refusal_form::bare_code},
        {404, R"({"errors":[{"code":"DENIED"},{"code":"NAME_UNKNOWN","detail":1}]})", refusal_form::bare_code}, // the first counts
        {500, list("NAME_UNKNOWN", R"(,"detail":1)"), refusal_form::unreadable},
        {503, "", refusal_form::unreadable},
        {304, "", refusal_form::unreadable},
    };
    for (auto const& r : rows) {
        INFO(r.status << ' ' << r.body);
        CHECK(from(r.status, r.body).facts().said == r.said);
    }
}

TEST_CASE("HTTP dates in their two older forms", "[W51]") {
    for (auto text : {"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"}) {
        INFO(text);
        CHECK(parse_http_date(text) == 784111777);
    }
    CHECK(parse_http_date("Thursday, 01-Jan-70 00:00:00 GMT") == 0);
    CHECK(parse_http_date("Wednesday, 28-Nov-29 08:00:00 GMT") == parse_http_date("Wed, 28 Nov 2029 08:00:00 GMT"));
    CHECK(parse_http_date("Wed Nov 28 08:00:00 2029") == parse_http_date("Wed, 28 Nov 2029 08:00:00 GMT"));
    for (auto bad : {"Sunday, 06-Nov-94 08:49:37 UTC", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 32-Nov-94 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT",
                     "Longdayname, 06-Nov-94 08:49:37 GMT", ", 06-Nov-94 08:49:37 GMT0", ", 06-Nov-94 08:49:37 GMT", "S\x01nday, 06-Nov-94 08:49:37 GMT",
                     "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 31 08:49:37 1994", "Sun Nov   08:49:37 1994",
                     "Sun Nov  6 24:49:37 1994", "Sun Nov  6 08:49:37 0000", "Sun Nov  6 08:49:37 1994 GMT", "Sun, Nov  6 08:49:37 1994", "", ","}) {
        INFO(bad);
        CHECK_FALSE(parse_http_date(bad));
    }
}

TEST_CASE("Retry-After in seconds and as a date", "[X02]") {
    auto after = [](char const* text, char const* date = "Sun, 06 Nov 1994 08:49:37 GMT") {
        response head(429);
        head.headers.add("Retry-After", text);
        head.headers.add("Date", date);
        return retry_after_of(head);
    };
    CHECK(after("7") == 7);
    CHECK(after("0") == 0);
    CHECK(after("1000000000") == 1'000'000'000);
    CHECK(after("9223372036854775807") == INT64_MAX);
    CHECK(after("9223372036854775808") == INT64_MAX);
    CHECK(after("99999999999999999999999") == INT64_MAX);
    for (auto bad : {"", "-5", "abc", "1.5", "1e9", "7 ", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                     "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT"})
        CHECK(after(bad) == -1);
    CHECK(after("Sun, 06 Nov 1994 08:49:42 GMT") == 5);
    CHECK(after("Sun, 06 Nov 1994 08:49:30 GMT") == 0); // past
    CHECK(after("Fri, 31 Dec 9999 23:59:59 GMT") > 1'000'000'000);
    CHECK(after("Fri, 31 Dec 9999 23:59:59 GMT", "junk") > 1'000'000'000); // the system's clock
    CHECK(*parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(*parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
}

TEST_CASE("RateLimit headers are in the error") {
    using fields = std::vector<std::pair<char const*, char const*>>;
    struct row {
        fields headers;
        std::int64_t limit, remaining, until;
    };
    auto const most = INT64_MAX;
    for (auto const& r : std::vector<row>{
             {{{"RateLimit-Limit", "100;w=21600"}, {"RateLimit-Remaining", "0;w=21600"}, {"Retry-After", "9"}}, 100, 0, 9},
             {{{"RateLimit-Limit", "100"}, {"RateLimit-Remaining", "7"}, {"RateLimit-Reset", "50"}}, 100, 7, 50},
             {{{"RateLimit-Reset", "50"}, {"Retry-After", "9"}}, -1, -1, 9}, // the one that is asked of us before the one that is told
             {{{"RateLimit-Reset", "50"}, {"Retry-After", "soon"}}, -1, -1, 50},
             {{{"X-RateLimit-Limit", "60"}, {"X-RateLimit-Remaining", "1"}}, 60, 1, -1}, // the older spelling
             {{{"X-RateLimit-Limit", "60"}, {"RateLimit-Limit", "100"}}, 100, -1, -1},
             {{{"x-ratelimit-limit", "60"}, {"ratelimit-remaining", "2"}}, 60, 2, -1},
             {{{"RateLimit-Limit", "100, 100;w=60"}, {"RateLimit-Remaining", "3 ;w=1"}}, 100, 3, -1},
             {{{"RateLimit-Limit", "99999999999999999999"}, {"RateLimit-Reset", "9223372036854775807"}}, most, -1, most},
             {{{"RateLimit-Limit", "-1"}, {"RateLimit-Remaining", "many"}, {"RateLimit-Reset", "1.5"}}, -1, -1, -1},
             {{{"RateLimit-Limit", ""}, {"RateLimit-Remaining", "1x"}, {"RateLimit-Reset", "+5"}}, -1, -1, -1},
             {{{"X-RateLimit-Reset", "1700000000"}}, -1, -1, -1}, // an hour of the clock by some, seconds by others
             {{}, -1, -1, -1},
         })
        for (int const status : {429, 503, 200}) {
            response head(status);
            head.url = "https://r.example/v2/";
            for (auto const& [name, value] : r.headers) head.headers.add(name, value);
            INFO(status << ' ' << (r.headers.empty() ? "" : r.headers.front().first));
            auto const e = error_from_response<strict_json>(head, "", asked::manifest, limits());
            CHECK(e.kind() == (status == 429 ? errc::rate_limited : status == 503 ? errc::server_error
                                                                                  : errc::http_unexpected_status));
            CHECK(e.detail().rate.limit == r.limit);
            CHECK(e.detail().rate.remaining == r.remaining);
            CHECK(e.detail().rate.until_seconds == r.until);
            CHECK(e.retry_after_seconds() == r.until);
            auto const says = [&](char const* what, std::int64_t n) {
                auto const text = n < 0 ? std::string(what) : what + std::to_string(n);
                return (e.message().find(text) != std::string::npos) == (n >= 0);
            };
            CHECK(says("; retry after ", r.until));
            CHECK(says("; limit ", r.limit));
            CHECK(says("; remaining ", r.remaining));
        }
}

} // namespace status_test
