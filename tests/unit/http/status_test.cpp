// SPDX-License-Identifier: BSL-1.0
// Tables 4.7 and 2.7: from an answer to an error and its facts.
#include "catch.hpp"
#include <lading/backend/strict_json.hpp>
#include <lading/http/status.hpp>

namespace status_test {

using namespace lading;

namespace {
error from(int status, std::string_view body = "", asked what = asked::manifest, bool v2 = true, bool sent = false) {
    response head(status);
    head.url = "https://r.test/v2/x/manifests/1?token=CANARY";
    head.credentials_sent = sent;
    if (v2) head.headers.add("Docker-Distribution-Api-Version", "other registry/2.0");
    return error_from_response<strict_json>(head, body, what, limits());
}
std::string envelope(std::string_view code) { return R"({"errors":[{"code":")" + std::string(code) + R"("}]})"; }
} // namespace

TEST_CASE("spec 4.7: the status decides first, the registry's code second") {
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

TEST_CASE("spec 2.7: the facts of an answer") {
    for (int s : {401, 404}) {
        CHECK(from(s, "", asked::manifest, false).facts().v1);
        CHECK(!from(s, "", asked::manifest, true).facts().v1);
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

TEST_CASE("spec 4.7: every code has its sentence") {
    constexpr std::pair<char const*, char const*> table[] = {
        {"UNKNOWN", "unknown error"},
        {"UNSUPPORTED", "The operation is unsupported."},
        {"UNAUTHORIZED", "authentication required"},
        {"DENIED", "requested access to the resource is denied"},
        {"UNAVAILABLE", "service unavailable"},
        {"DIGEST_INVALID", "provided digest did not match uploaded content"},
        {"SIZE_INVALID", "provided length did not match content length"},
        {"NAME_INVALID", "invalid repository name"},
        {"TAG_INVALID", "manifest tag did not match URI"},
        {"NAME_UNKNOWN", "repository name not known to registry"},
        {"MANIFEST_UNKNOWN", "manifest unknown"},
        {"MANIFEST_INVALID", "manifest invalid"},
        {"MANIFEST_UNVERIFIED", "manifest failed signature verification"},
        {"MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"},
        {"BLOB_UNKNOWN", "blob unknown to registry"},
        {"BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"},
        {"BLOB_UPLOAD_INVALID", "blob upload invalid"},
        {"TOOMANYREQUESTS", "too many requests"},
        {"RANGE_INVALID", "invalid content range"},
        {"PAGINATION_NUMBER_INVALID", "invalid number of results requested"},
    };
    for (auto const& [code, sentence] : table) CHECK(default_message(code) == sentence);
    CHECK(default_message("unauthorized").empty());
    CHECK(default_message("").empty());
}

TEST_CASE("J13: what a registry says is bounded and printable") {
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

TEST_CASE("spec 2.5.1: how a refusal is put") {
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

TEST_CASE("X02: Retry-After in seconds and as a date") {
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
    response head(429);
    head.url = "https://r.example/v2/";
    head.headers.add("RateLimit-Limit", "100;w=21600");
    head.headers.add("RateLimit-Remaining", "0;w=21600");
    head.headers.add("Retry-After", "9");
    auto const e = error_from_response<strict_json>(head, "", asked::manifest, limits());
    CHECK(e == errc::rate_limited);
    CHECK(e.detail().rate.limit == 100);
    CHECK(e.detail().rate.remaining == 0);
    CHECK(e.retry_after_seconds() == 9);
    CHECK(e.message().find("retry after 9 s; limit 100; remaining 0") != std::string::npos);
}

} // namespace status_test
