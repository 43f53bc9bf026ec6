// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"

#include <lading/http/address.hpp>
#include <lading/http/message.hpp>
#include <lading/http/url.hpp>

#include <string>

namespace address_test {

using namespace lading;
using enum address_scope;

namespace {

std::string written(detail::ip_bytes const& ip) {
    std::string out;
    for (auto b : ip.span()) out += {"0123456789abcdef"[b >> 4], "0123456789abcdef"[b & 15]};
    return out;
}

} // namespace

TEST_CASE("every spelling of an IPv6 literal is read to its bytes", "[V03]") {
    struct row {
        char const* text;
        char const* bytes; ///< empty: no address
    };
    for (auto const& r : {
             row{"::", "00000000000000000000000000000000"},
             row{"::1", "00000000000000000000000000000001"},
             row{"0:0:0:0:0:0:0:1", "00000000000000000000000000000001"},
             row{"0000:0000:0000:0000:0000:0000:0000:0001", "00000000000000000000000000000001"},
             row{"fd00:EC2::254", "fd000ec2000000000000000000000254"},
             row{"1::", "00010000000000000000000000000000"},
             row{"1:2:3:4:5:6:7::", "00010002000300040005000600070000"},
             row{"::2:3:4:5:6:7:8", "00000002000300040005000600070008"},
             row{"64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"},
             row{"1:2:3:4:5:6:1.2.3.4", "00010002000300040005000601020304"},
             row{"", ""},
             row{":", ""},
             row{":::", ""},
             row{"1", ""},
             row{"1:2:3:4:5:6:7", ""},
             row{"1:2:3:4:5:6:7:8:9", ""},
             row{"1::2::3", ""},
             row{"::1:", ""},
             row{":1::", ""},
             row{"12345::", ""},
             row{"g::", ""},
             row{"::1.2.3", ""},
             row{"::1.2.3.4:5", ""},
             row{"1:2:3:4:5:6:7:1.2.3.4", ""},
             row{"1:2:3:4:5:6:7:8::", ""},
             row{"::1:2:3:4:5:6:7:8", ""},
             row{"fe80::1%eth0", ""},
             row{"::01.2.3.4", ""},
             row{"::256.2.3.4", ""},
         }) {
        INFO(r.text);
        CHECK(written(detail::parse_ipv6(r.text)) == r.bytes);
    }
    CHECK(written(detail::parse_ip("[::ffff:10.0.0.1]")) == "0a000001");
    CHECK(written(detail::parse_ip("::ffff:a9fe:a9fe")) == "a9fea9fe");
    CHECK(written(detail::parse_ip("10.0.0.1")) == "0a000001");
    for (auto const* none : {"[10.0.0.1]", "[::1", "10.0.0", "10.0.0.1.", "010.0.0.1", "a.test", "[]", ""}) {
        INFO(none);
        CHECK(!detail::parse_ip(none));
    }
}

TEST_CASE("the scope of a literal, and brackets without an address", "[V03]") {
    for (auto const* host : {"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[fe80::1]", "[0:0:0:0:0:0:0:0]", "[fd00:ec2::254]", "[ff02::1]",
                             "[x]", "[", "[]"}) {
        INFO(host);
        CHECK(scope_of_host(host) == link_local);
    }
    for (auto const* host : {"[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0:0:0:0:0:0:0001]", "[fd00::5]", "[fc00:1::]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
                             "localhost", "x.localhost", "10.1.2.3"}) {
        INFO(host);
        CHECK(scope_of_host(host) == inside);
    }
    for (auto const* host : {"[2001:4860:4860::8888]", "[::ffff:8.8.8.8]", "8.8.8.8", "a.test", "localhost.test"}) {
        INFO(host);
        CHECK(scope_of_host(host) == outside);
    }
    for (auto const* bad : {"http://[ffff]/", "http://[1:2:3]/", "http://[1::2::3]/", "http://[:::]/", "http://[fe80::1%25eth0]/", "http://[::1.2.3]/"}) {
        INFO(bad);
        CHECK(url::parse(bad).error() == errc::url_invalid);
    }
    CHECK(url::parse("http://[0:0:0:0:0:0:0:1]:5000/").value().host() == "[0:0:0:0:0:0:0:1]");
    CHECK(detail::is_loopback_host("[0:0:0:0:0:0:0:1]"));
    CHECK(detail::is_loopback_host("[::ffff:127.0.0.1]"));
    CHECK_FALSE(detail::is_loopback_host("[::2]"));
    CHECK_FALSE(detail::is_loopback_host("127.0.0.1.test"));
}

TEST_CASE("addresses that hold another, and ranges that nobody outside has", "[V12]") {
    for (auto const* host : {"[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]", "[64:ff9b::169.254.169.254]", "[2002:a9fe:a9fe::1]",
                             "[2001:0:1:2:3:4:5601:5601]", "[2001:db8::5efe:169.254.169.254]", "[2001:db8::200:5efe:169.254.169.254]",
                             "192.0.0.192", "100.100.100.200", "168.63.129.16", "[fd20:ce::254]", "[::ffff:100.100.100.200]"}) {
        INFO(host);
        CHECK(scope_of_host(host) == link_local);
    }
    for (auto const* host : {"[64:ff9b:1::10.0.0.1]", "[64:ff9b:1:a00:0:100::]", "[64:ff9b::192.168.0.1]", "[2002:a00:1::1]", "[2002:7f00:1::]",
                             "[2001:0:1:2:3:4:f5ff:fffe]", "[2001:db8::5efe:10.0.0.1]", "[fec0::1]", "[feff::1]",
                             "192.0.0.1", "198.18.0.1", "198.19.255.255", "100.64.0.1"}) {
        INFO(host);
        CHECK(scope_of_host(host) == inside);
    }
    for (auto const* host : {"[64:ff9b:1::8.8.8.8]", "[64:ff9b::8.8.8.8]", "[2002:808:808::1]", "[2001:0:1:2:3:4:f7f7:f7f7]", "[2001:db8::5efe:8.8.8.8]",
                             "192.0.1.1", "198.20.0.1", "198.17.0.1", "100.128.0.1", "[2600::1]"}) {
        INFO(host);
        CHECK(scope_of_host(host) == outside);
    }
}

TEST_CASE("networks in text", "[W11]") {
    auto const holds = [](char const* network, char const* address) {
        return detail::ip_network::parse(network).holds(detail::parse_ip(address));
    };
    CHECK(holds("10.0.0.0/8", "10.255.0.1"));
    CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
    CHECK(holds("10.0.0.1/32", "10.0.0.1"));
    CHECK_FALSE(holds("10.0.0.1/32", "10.0.0.0"));
    CHECK(holds("0.0.0.0/0", "8.8.8.8"));
    CHECK_FALSE(holds("0.0.0.0/0", "::1"));
    CHECK(holds("192.168.4.0/22", "192.168.7.255"));
    CHECK_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
    CHECK(holds("fd00::/8", "fd12:3456::1"));
    CHECK_FALSE(holds("fd00::/8", "fe00::1"));
    for (auto const* bad : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/8x", "fd00::/129", "a/8", "/8", "10.0.0.0/0008"}) {
        INFO(bad);
        CHECK_FALSE(holds(bad, "10.0.0.0"));
    }
}

TEST_CASE("what a name may lead to is no sign of where it is, through a proxy", "[W10]") {
    response const unknown(307); // through a proxy nobody knows where the connection went
    auto const own = policy_from(unknown, address_policy::anywhere, "evil.example", "evil.example");
    CHECK(own == address_policy::inside); // its own name, another port
    CHECK(policy_from(unknown, own, "evil.example", "10.0.0.5") == address_policy::outside);
    CHECK(policy_from(unknown, own, "evil.example", "localhost") == address_policy::outside);
    CHECK(policy_from(unknown, address_policy::inside, "10.0.0.5", "10.0.0.6") == address_policy::inside);
    response known(307);
    known.peer = address_scope::inside;
    CHECK(policy_from(known, address_policy::anywhere, "reg.corp.example", "10.0.0.5") == address_policy::inside);
    known.peer = address_scope::outside;
    CHECK(policy_from(known, address_policy::inside, "evil.example", "evil.example") == address_policy::outside);
}

} // namespace address_test
