// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/endpoint/network_options.hpp>
#include <lading/net/proxy.hpp>

#include <map>
#include <string>

namespace network_options_test {

using namespace lading;

namespace {

proxy_rules read(std::map<std::string, std::string> const& variables) {
    return proxy_rules::from_environment([&](std::string const& name) {
        auto const v = variables.find(name);
        return v == variables.end() ? nullptr : v->second.c_str();
    });
}
/// Where a proxy is and what it is told, or the code of the refusal.
std::string parsed(std::string_view text) {
    auto const proxy = detail::parse_proxy(text);
    if (proxy) return proxy.value().where.origin().str() + ' ' + proxy.value().authorization;
    CHECK(proxy.error().message().find("secret") == std::string::npos);
    return std::string(name_of(proxy.error().kind()));
}

} // namespace

TEST_CASE("the variables that name a proxy", "[C18]") {
    auto const lower = read({{"https_proxy", "a.test:1"}, {"HTTPS_PROXY", "b.test:1"}, {"http_proxy", "c.test:1"}, {"no_proxy", "d.test"}, {"NO_PROXY", "*"}});
    CHECK(lower.find("https", "x.test", 443) == "a.test:1");
    CHECK(lower.find("http", "x.test", 80) == "c.test:1");
    CHECK(lower.find("https", "d.test", 443).empty());

    auto const upper = read({{"HTTPS_PROXY", "b.test:1"}, {"HTTP_PROXY", "c.test:1"}, {"NO_PROXY", "D.test, ,"}});
    CHECK(upper.find("https", "x.test", 443) == "b.test:1");
    CHECK(upper.find("http", "x.test", 80) == "c.test:1");
    CHECK(upper.find("https", "d.test", 443).empty());
    CHECK(upper.except.size() == 1);

    auto const empty = read({{"https_proxy", ""}, {"HTTPS_PROXY", "b.test:1"}, {"no_proxy", ""}});
    CHECK(empty.find("https", "x.test", 443) == "b.test:1");
    CHECK(read({}).find("https", "x.test", 443).empty());
}

TEST_CASE("the hosts that are reached without a proxy", "[C18]") {
    auto const without = [](std::string const& exception, std::string_view host, std::uint16_t port = 443) {
        return proxy_rules().with_https("p.test:1").with_exception(exception).find("https", host, port).empty();
    };
    CHECK(without("example.com", "example.com"));
    CHECK(without("Example.COM", "a.example.com"));
    CHECK_FALSE(without("example.com", "badexample.com"));
    CHECK_FALSE(without("example.com", "example.com.test"));
    CHECK(without(".example.com", "a.example.com"));
    CHECK_FALSE(without(".example.com", "example.com"));
    CHECK(without("example.com:5000", "example.com", 5000));
    CHECK_FALSE(without("example.com:5000", "example.com"));
    CHECK(without("10.0.0.1", "10.0.0.1"));
    CHECK_FALSE(without("10.0.0.1", "10.0.0.11"));
    CHECK(without("*", "a.test"));
    for (auto host : {"localhost", "127.0.0.1", "127.1.2.3", "[::1]"}) CHECK(without("none.test", host));
    CHECK_FALSE(without("none.test", "127.0.0.1.evil.test"));
}

TEST_CASE("HTTP_PROXY counts, but not in a program that a web server has started for a request", "[W12]") {
    CHECK(read({{"HTTP_PROXY", "c.test:1"}}).find("http", "x.test", 80) == "c.test:1");
    CHECK(read({{"HTTP_PROXY", "c.test:1"}, {"REQUEST_METHOD", ""}}).find("http", "x.test", 80) == "c.test:1");
    CHECK(read({{"HTTP_PROXY", "c.test:1"}, {"http_proxy", "d.test:1"}}).find("http", "x.test", 80) == "d.test:1");
    auto const cgi = read({{"HTTP_PROXY", "c.test:1"}, {"HTTPS_PROXY", "b.test:1"}, {"REQUEST_METHOD", "GET"}});
    CHECK(cgi.find("http", "x.test", 80).empty());
    CHECK(cgi.find("https", "x.test", 443) == "b.test:1");
    CHECK(read({{"http_proxy", "d.test:1"}, {"REQUEST_METHOD", "GET"}}).find("http", "x.test", 80) == "d.test:1");
}

TEST_CASE("no_proxy as other programs read it", "[W11]") {
    auto const without = [](std::string const& list, std::string_view host, std::uint16_t port = 443) {
        return read({{"https_proxy", "p.test:1"}, {"no_proxy", list}}).find("https", host, port).empty();
    };
    struct row {
        char const* list;
        char const* host;
        bool direct;
        std::uint16_t port = 443;
    };
    for (auto const& r : {
             row{"10.0.0.0/8", "10.1.2.3", true},
             row{"10.0.0.0/8", "11.1.2.3", false},
             row{"10.0.0.0/8", "10.test", false},
             row{"10.1.2.3/32", "10.1.2.3", true},
             row{"10.0.0.0/33", "10.0.0.0", false},
             row{"0.0.0.0/0", "x.test", false},
             row{"192.168.0.0/16,10.0.0.0/8", "[::ffff:10.1.2.3]", true},
             row{"fd00::/8", "[fd12::1]", true},
             row{"fd00::/8", "[2001:db8::1]", false},
             row{"fd00::/8", "10.0.0.1", false},
             row{"fd00::1", "[fd00::1]", true},
             row{"fd00::1", "[fd00:0:0::1]", true},
             row{"[fd00::1]", "[fd00::1]", true},
             row{"fd00::1", "[fd00::2]", false},
             row{"[fd00::1]:5000", "[fd00::1]", true, 5000},
             row{"[fd00::1]:5000", "[fd00::1]", false},
             row{"FD00::A", "[fd00::a]", true},
             row{"10.0.0.1:5000", "10.0.0.1", true, 5000},
             row{"10.0.0.1:5000", "10.0.0.1", false},
             row{"*.corp.example", "a.corp.example", true},
             row{"*.corp.example", "a.b.corp.example", true},
             row{"*.corp.example", "corp.example", false},
             row{"*.corp.example", "badcorp.example", false},
             row{".corp.example", "a.corp.example", true},
             row{".corp.example", "corp.example", false},
             row{"corp.example", "corp.example", true},
             row{"corp.example", "a.corp.example", true},
             row{"corp.example.", "a.corp.example", true},
             row{"corp.example", "badcorp.example", false},
             row{"corp.example:5000", "a.corp.example", true, 5000},
             row{"corp.example:5000", "corp.example", false},
             row{"*.corp.example:5000", "a.corp.example", true, 5000},
             row{"corp.example:https", "corp.example", false},
             row{"*", "x.test", true},
             row{"*", "[fd00::1]", true},
             row{"a.test,*", "x.test", true},
             row{"a.test b.test", "b.test", true},
             row{" a.test , b.test\t", "a.test", true},
             row{"a.test;b.test", "b.test", false},
             row{"0.0.1", "10.0.0.1", false},
             row{"1", "10.0.0.1", false},
             row{"*corp.example", "a.corp.example", false},
             row{":5000", "x.test", false, 5000},
             row{".", "x.test", false},
             row{"*.", "x.test", false},
             row{",,", "x.test", false},
             row{"none.test", "[0:0:0:0:0:0:0:1]", true},
         }) {
        INFO(r.list << " for " << r.host << ':' << r.port);
        CHECK(without(r.list, r.host, r.port) == r.direct);
    }
}

TEST_CASE("the value of a proxy", "[C18]") {
    CHECK(parsed("p.test:3128") == "http://p.test:3128 ");
    CHECK(parsed("HTTP://P.test") == "http://p.test:80 ");
    CHECK(parsed("http://user:pass@p.test:1/") == "http://p.test:1 Basic dXNlcjpwYXNz");
    CHECK(parsed("http://us%65r:p%40ss@p.test") == "http://p.test:80 Basic dXNlcjpwQHNz");
    CHECK(parsed("http://user:p@ss@p.test") == "http://p.test:80 Basic dXNlcjpwQHNz");
    for (auto bad : {"https://secret:secret@p.test", "socks5://p.test:1", "http://", "secret:secret@", "p.test:0", "p.test:99999",
                     "http://secret%4@p.test", "http://secret%zz@p.test", "http://secret%@p.test", "p test"}) {
        INFO(bad);
        CHECK(parsed(bad) == "config_invalid");
    }
}

} // namespace network_options_test
