// SPDX-License-Identifier: BSL-1.0
// Header values and what is told from them: URLs, challenges, links, times, the bodies of errors.
#include "target.hpp"

#include <lading/detail/timestamp.hpp>
#include <lading/http/challenge.hpp>
#include <lading/http/error_body.hpp>
#include <lading/http/link.hpp>
#include <lading/http/retry_after.hpp>
#include <lading/http/status.hpp>
#include <lading/http/url.hpp>
#include <lading/json/strict_json.hpp>

#include <ctime>

using namespace lading;
using fuzz::check_error;
using fuzz::must;

namespace {

/// What holds for every URL: one spelling, one origin, nothing that could leave its place.
void check_url(url const& u) {
    auto const text = u.str();
    for (char const c : text)
        must(static_cast<unsigned char>(c) > 0x20 && c != 0x7f, "a URL has neither white space nor control characters", text);
    must(u.path().starts_with('/'), "a path begins with a slash", text);
    must((u.path() + '/').find("/../") == std::string::npos && (u.path() + '/').find("/./") == std::string::npos,
         "a path has no dot segment", text);
    must(u.port() != 0 && !u.host().empty(), "a URL has a host and a port", text);
    must(u.host() == detail::lower(u.host()), "a host is in lower case", text);
    must(u.host().find_first_of("@/\\?#%") == std::string::npos, "a host has no separator in it", text);
    auto const again = url::parse(text);
    must(again.has_value() && again.assume_value().str() == text, "parse(u.str()) is u", text);
    must(again.assume_value().origin() == u.origin(), "the origin stays", text);
    for (auto const& safe : {u.safe(), safe_url(text)})
        for (char const c : safe) must(detail::is_print(c), "a safe URL is printable", safe);
    if (u.query().find('&') == std::string::npos && u.query().starts_with("token=") && u.query() != "token=***")
        must(u.query().find_first_not_of('*', 6) == std::string::npos || u.safe().find('?' + u.query()) == std::string::npos, "a safe URL hides what it does not know", u.safe());
}

/// The challenges in a form of their own, which must be read as the same.
std::string written(challenge const& c) {
    std::string out = c.scheme;
    if (!c.token68.empty()) return out + ' ' + c.token68;
    for (auto const& [name, value] : c.params) {
        out += (&name == &c.params.front().first ? " " : ", ") + name + "=\"";
        for (char const x : value) {
            if (x == '"' || x == '\\') out += '\\';
            out += x;
        }
        out += '"';
    }
    return out;
}

/// Days since 1970, counted year by year: nobody's algorithm.
std::int64_t days_before(int year, int month) {
    auto leap = [](int y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0); };
    constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    std::int64_t days = 0;
    for (int y = std::min(year, 1970); y < std::max(year, 1970); ++y) days += (leap(y) ? 366 : 365) * (year < 1970 ? -1 : 1);
    for (int m = 1; m < month; ++m) days += lengths[m - 1] + (m == 2 && leap(year));
    return days;
}

} // namespace

FUZZ_TARGET(url, "http",
            {"https://a.test/v2/\n../x?y=z", "http://A.Test:80/a/./b/../c\n//b.test/x", "https://a.test.:443\n/token",
             "https://[::1]:5000/x?last=a&n=1&token=s\n?n=2", "https://a.test\nhttps:b.test", "https://u:p@b.test/\n\\\\b.test",
             "https://a.test\\@b.test\n#f", "http://2130706433/\nhttp://0x7f.1/", "https://a.test/%2e%2e/x\na b",
             "https://127.0.0.1:65535/?\n", "https://a.test:0/\n.", "https://a.test/a/b/\n..//../c;d"}) {
    auto const lines = fuzz::lines_of(input);
    auto const base = url::parse(lines[0]);
    if (!base) return check_error(base.assume_error());
    auto const& b = base.assume_value();
    check_url(b);
    must(b.resolve(b.str()).has_value() && b.resolve(b.str()).assume_value().str() == b.str(), "a URL resolves to itself", b.str());
    for (std::size_t i = 1; i < lines.size() && i < 4; ++i) {
        auto const there = b.resolve(lines[i]);
        if (!there) {
            check_error(there.assume_error());
            continue;
        }
        auto const& t = there.assume_value();
        check_url(t);
        auto const again = b.resolve(t.str());
        must(again && again.assume_value().str() == t.str(), "what was resolved stays", t.str());
        bool const same = t.scheme() == b.scheme() && t.host() == b.host() && t.port() == b.port();
        must((t.origin() == b.origin()) == same && (b.origin() == t.origin()) == same, "origins are equal by all three parts", t.str(), b.str());
        bool const relative = !lines[i].starts_with("//") && lines[i].find(':') == std::string_view::npos;
        must(!relative || same, "a relative reference stays on its origin", lines[i], t.str());
    }
}

FUZZ_TARGET(challenge, "http",
            {"Bearer realm=\"https://a.test/token\",service=\"s\",scope=\"repository:r:pull\"", "Basic realm=\"x\"\nBearer realm=y",
             "Negotiate YII==, Basic realm = \"a\\\"b\" , charset=UTF-8", "bearer  realm=a,,error=\"insufficient_scope\"", "NTLM",
             "Digest a=b, a=c, Basic realm=\"x\"", "Basic realm=\"unterminated", "x y=z, w =\tv", "Basic realm=Artifactory Realm", "Basic realm=/",
             "Basic realm=\"x\" charset=\"UTF-8\"", "Bearer realm=https://a.test/token,service=s,scope=repository:r:pull",
             "Bearer realm=\"https://a.test/token\" service=\"s\" scope=\"a\"", "Bearer realm=\"r\",scope=\"a:b:c\",scope=\"d:e:f\"",
             "Bearer realm=\"r\",error_description=\"the token \"x\" is old\"", "Bearer realm='r',service='s", "Bearer ;realm=r;service=s;"}) {
    auto const lines = fuzz::lines_of(input);
    auto const read = parse_challenges(lines);
    must(read.challenges.size() <= detail::challenge_parser::max_challenges, "challenges are bounded");
    for (auto const& c : read.challenges) {
        must(!c.scheme.empty() && c.scheme == detail::lower(c.scheme), "a scheme is in lower case", c.scheme);
        must(c.params.size() <= detail::challenge_parser::max_params, "parameters are bounded", c.scheme);
        must(c.token68.empty() || c.params.empty(), "a challenge has a token or parameters", c.scheme);
        for (auto const& [name, value] : c.params) {
            must(c.param(name) == value, "a parameter is there once", name, value);
            must(value.size() <= (16u << 10), "a value is bounded", name);
            for (char const x : value) must(static_cast<unsigned char>(x) >= 0x20 && x != 0x7f, "a value has no control character", name, value);
        }
        auto const text = written(c);
        std::string_view const line = text;
        auto const again = parse_challenges({&line, 1});
        must(!again.malformed && again.challenges.size() == 1 && again.challenges[0].scheme == c.scheme &&
                 again.challenges[0].token68 == c.token68 && again.challenges[0].params == c.params,
             "a challenge that was read is read again", text);
    }
}

FUZZ_TARGET(link, "http",
            {"</v2/r/tags/list?last=b&n=2>; rel=\"next\"", "<a>; rel=prev, <b>; title=\"x,\\\"y\"; rel=\"first next\"", "<>;rel=next",
             "a; rel=next", "<a; rel=next", "<a>;rel=\"next", "<a,b>; REL = NEXT;x\n<c>; rel=next", ""}) {
    auto const lines = fuzz::lines_of(input);
    auto const next = next_link(lines);
    if (!next) {
        check_error(next.assume_error());
        must(next.assume_error() == errc::link_invalid, "a link is refused by one code");
        return;
    }
    if (!next.assume_value()) return;
    auto const& target = *next.assume_value();
    must(!target.empty() && target.find('>') == target.npos, "a target is what is between the brackets, if there are some", target);
    must(input.find(target) != input.npos, "a target is as it was written", target);
    auto const text = '<' + target + ">; rel=\"next\"";
    std::string_view const line = text;
    auto const again = next_link({&line, 1});
    must(target.size() > 60'000 || (again && again.assume_value() == target), "a link that was read is read again", text);
}

FUZZ_TARGET(times, "http",
            {"120", "Sun, 06 Nov 1994 08:49:37 GMT\nSun, 06 Nov 1994 08:49:00 GMT", "Thu, 29 Feb 2024 23:59:60 GMT", "-5",
             "9223372036854775808", "1e9", "100;w=21600", "99, 100;window=1", "2024-02-29T12:00:00.123456789Z",
             "2016-01-02T03:04:05+00:00", "1970-01-01T00:00:00.000-07:30", "Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    auto const lines = fuzz::lines_of(input);
    response head(429);
    for (auto const name : {"Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"})
        head.headers.add(name, std::string(lines[0]));
    if (lines.size() > 1) head.headers.add("Date", std::string(lines[1]));
    auto const rate = rate_limit_of(head);
    must(rate.until_seconds >= -1 && rate.limit >= -1 && rate.remaining >= -1, "what is not said is -1, all else is not negative", lines[0]);
    if (auto const seconds = parse_http_date(lines[0])) {
        std::string t(lines[0]);
        if (t.size() == 24) { // the older forms as the one that is sent
            t = std::string("Sun, ") + (t[8] == ' ' ? '0' : t[8]) + t[9] + ' ' + t.substr(4, 3) + ' ' + t.substr(20, 4) + t.substr(10, 9) + " GMT";
        } else if (t[t.find(',') + 4] == '-') {
            auto const from = t.substr(t.find(','));
            t = "Sun, " + from.substr(2, 2) + ' ' + from.substr(5, 3) + (from[9] < '7' ? " 20" : " 19") + from.substr(9);
        }
        must(parse_http_date(t) == seconds, "a date is the same in each form", lines[0], t);
        auto at = [&](std::size_t from, std::size_t n) { return std::atoi(t.substr(from, n).c_str()); };
        auto const month = static_cast<int>(std::string_view("JanFebMarAprMayJunJulAugSepOctNovDec").find(t.substr(8, 3)) / 3) + 1;
        auto const expected = (days_before(at(12, 4), month) + at(5, 2) - 1) * 86'400 + at(17, 2) * 3600 + at(20, 2) * 60 + at(23, 2);
        must(*seconds == expected, "a date is so many seconds after 1970", t, std::to_string(expected));
    }
    if (auto const stamp = normalise_timestamp(lines[0])) {
        auto const again = normalise_timestamp(stamp.assume_value());
        must(again && again.assume_value() == stamp.assume_value(), "a normal timestamp stays", lines[0], stamp.assume_value());
    } else {
        check_error(stamp.assume_error());
    }
}

FUZZ_TARGET(error_body, "json",
            {R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]})",
             R"({"details":"no such image"})", R"({"errors":null})", R"({"errors":[{"code":"\u001b[2J","message":"é","detail":[1.5,null]}]})",
             R"({"errors":[1,{"code":1},{}]})", "<html>no</html>", R"({"errors":{}})", R"({"message":"no"})",
             R"({"error":"denied","error_description":"no seat"})", R"({"type":"about:blank","title":"Forbidden","detail":"closed"})", R"({"error":{"message":"x"}})",
             "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "gone\r\n", R"({"errors":["no"]})"}) {
    limits const l;
    auto const body = parse_error_body<strict_json>(input, l);
    must(body.errors.size() <= 16, "errors are bounded");
    std::size_t sum = 0;
    for (auto const& e : body.errors)
        for (auto const& text : {e.code, e.message, e.detail}) {
            sum += text.size();
            for (char const c : text) must(detail::is_print(c), "what a registry says is made printable", text);
        }
    must(sum <= l.error_text, "what a registry says is bounded", std::to_string(sum));
    for (int const status : {400, 401, 403, 404, 405, 429, 500, 503})
        for (auto const what : {asked::manifest, asked::manifest_by_digest, asked::blob, asked::tags, asked::ping}) {
            response head(status);
            head.url = "https://a.test/v2/";
            check_error(error_from_response<strict_json>(head, input, what, l));
        }
}
