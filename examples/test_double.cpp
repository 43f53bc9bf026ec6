// SPDX-License-Identifier: BSL-1.0
// Your own program under test: a registry that answers from a script, no socket, no waiting.

#include <lading/lading.hpp>
#include <lading/testing/scripted_transport.hpp>

#include <cstdio>
#include <string>

// [program] The code under test takes any client.
template <class Client>
std::string newest(Client& registry, lading::repository const& name) {
    auto const listed = registry.tags(name);
    if (!listed) return listed.error().facts().stop() ? "broken" : "try later";
    return listed.value().values.empty() ? "none" : listed.value().values.back();
}
// [program]

// [double]
struct scripted : lading::default_policies {
    using transport = lading::testing::scripted_transport;
    using clock = lading::testing::manual_clock; // waits pass at once
};
// [double]

int failed = 0;
void check(bool holds, char const* what) {
    std::printf("%s: %s\n", holds ? "ok" : "FAILED", what);
    failed += !holds;
}

int main() {
    auto const name = lading::repository::parse("registry.test/team/app").value();
    std::string const list = "https://registry.test/v2/team/app/tags/list?n=1000";
    using answer = lading::testing::scripted_answer;
    {
        lading::testing::script script;
        script.on(list, answer(200, R"({"name":"team/app","tags":["1.0","1.1"]})"));
        lading::basic_client<scripted> registry{lading::testing::scripted_transport(script)};
        check(newest(registry, name) == "1.1", "the last tag");
        check(script.journal.size() == 1 && script.journal[0].method == "GET", "one request");
    }
    {
        lading::testing::script script; // busy twice, then there
        script.on(list, answer(503)).on(list, answer(429, "", {{"Retry-After", "3600"}}));
        script.on(list, answer(200, R"({"name":"team/app","tags":["2.0"]})"));
        lading::basic_client<scripted> registry{lading::testing::scripted_transport(script)};
        check(newest(registry, name) == "try later", "an hour is longer than a call may take");
    }
    {
        lading::testing::script script;
        script.on(list, answer(200, R"({"name":"team/app","tags":"1.0"})"));
        lading::basic_client<scripted> registry{lading::testing::scripted_transport(script)};
        check(newest(registry, name) == "broken", "a malformed list is no list");
    }
    return failed;
}
