// SPDX-License-Identifier: BSL-1.0
// Which hosts a proxy sees.
#include "target.hpp"

#include <lading/endpoint/network_options.hpp>
#include <lading/http/url.hpp>

using namespace lading;
using fuzz::must;

namespace {

proxy_rules rules_of(std::string const& exceptions) {
    return proxy_rules::from_environment([&](std::string_view name) -> char const* {
        if (name == "http_proxy" || name == "https_proxy") return "http://proxy.test:3128";
        return name == "no_proxy" ? exceptions.c_str() : nullptr;
    });
}

bool is_direct(std::string const& exceptions, url const& there) {
    auto const rules = rules_of(exceptions);
    auto const proxy = rules.find(there.scheme(), there.host(), there.port());
    must(proxy.empty() || proxy == "http://proxy.test:3128", "a host is reached by the proxy or directly", proxy);
    return proxy.empty();
}

} // namespace

FUZZ_TARGET(no_proxy, "hosts",
            {"10.0.0.0/8, fd00::/8\n10.9.8.7:5000\n[fd00::1]:5000\n11.0.0.1", ".corp.example *.example,x\nreg.corp.example\ncorp.example\ny.example:80",
             "reg.corp.example:5000\nreg.corp.example:5000\nreg.corp.example:5001", "fd00::1,[fd00::2]:443\n[fd00:0::1]\n[fd00::2]:443", "*\na.test", ",,  ,\na.test",
             "10.0.0.0/33,10.0.0.0/,/8,10.0.0/8\n10.0.0.1", "::ffff:10.9.8.7\n10.9.8.7", "a.test.\na.test", "A.TEST\na.test", "127.0.0.1\n127.0.0.1\nlocalhost", "0.0.0.0/0,::/0\n1.2.3.4\n[::2]"}) {
    auto lines = fuzz::lines_of(input);
    std::string const list(lines[0].substr(0, std::min<std::size_t>(lines[0].find('\0'), 2000)));
    for (std::size_t i = 1; i < lines.size() && i < 6; ++i) {
        auto const read = url::parse("http://" + std::string(lines[i]));
        if (!read) continue;
        auto const& there = read.assume_value();
        bool const direct = is_direct(list, there);
        bool any = is_direct("", there);
        must(!any || there.host().starts_with("127.") || there.host().find("localhost") != std::string::npos || there.host().starts_with('['),
             "without exceptions only this machine is reached directly", there.host());
        std::size_t parts = 0;
        for (std::string_view rest = list; !rest.empty() && parts < 64; ++parts) {
            auto const end = std::min(rest.find(','), rest.size());
            any = is_direct(std::string(rest.substr(0, end)), there) || any;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        must(parts == 64 || any == direct, "a host is an exception by one part of the list", list, there.str());
        must(is_direct(detail::lower(list), there) == direct, "capitals mean nothing", list, there.host());
        must(is_direct(list + ",*", there), "a star is every host", list, there.host());
        must(is_direct(list + ',' + there.host(), there), "a host is the exception that has its name", list, there.host());
    }
}
