// SPDX-License-Identifier: BSL-1.0
// The credentials kit over every model that ships, and over models that are wrong on purpose.

#include "catch.hpp"

#include <lading/config_files/config_credentials.hpp>
#include <lading/testing/check_credentials.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace credentials_test {

using namespace lading;
using testing::known_login;

namespace {

using answer = result<std::optional<credential>>;

known_login const login({"r.example", "team/app"}, credential("user", "pass-4711"));
known_login const at_port({"r.example:5000", "team/app"}, credential("user", "pass-4711"));

template <class Make>
void keeps_its_contract(char const* name, Make make, known_login const& known) {
    INFO(name);
    for (auto const& f : testing::check_credentials(make, known)) FAIL_CHECK(f.str());
}

/// Answers by `gives(host)`, whatever else is wrong.
template <class Gives>
bool is_found(std::string_view rule, Gives gives, known_login const& known = login) {
    struct model {
        Gives gives;
        answer lookup(credential_query const& q) { return gives(q.host); }
    };
    auto const found = testing::check_credentials([&] { return model{gives}; }, known);
    for (auto const& f : found) UNSCOPED_INFO(f.str());
    return std::any_of(found.begin(), found.end(), [&](auto const& f) { return f.rule == rule; });
}
answer some(bool yes) { return yes ? login.secret : std::optional<credential>(); }

} // namespace

TEST_CASE("kit: the credentials models that ship keep their contract") {
    keeps_its_contract("no_credentials", [] { return no_credentials(); }, known_login(login.query, std::nullopt));
    keeps_its_contract("fixed_credentials", [] { return fixed_credentials(*login.secret, "r.example"); }, login);
    keeps_its_contract("fixed_credentials with a port", [] { return fixed_credentials(*login.secret, "r.example:5000"); }, at_port);
    keeps_its_contract("fixed_credentials with a token", [] { return fixed_credentials(credential::identity("tok-4711"), "r.example"); }, known_login(login.query, credential::identity("tok-4711")));

    char name[] = "/tmp/lading-auth-XXXXXX";
    std::filesystem::path const folder = ::mkdtemp(name);
    auto const file = (folder / "auth.json").string();
    std::ofstream(file) << R"({"auths":{"r.example":{"auth":"dXNlcjpwYXNzLTQ3MTE="}}})"; // user:pass-4711
    keeps_its_contract("config_credentials, a file", [&] { return config_credentials(config_credentials_options().with_authfile(file)); }, login);
    std::ofstream(file) << R"({"auths":{"r.example:5000":{"auth":"dXNlcjpwYXNzLTQ3MTE="}}})";
    keeps_its_contract("config_credentials, a port", [&] { return config_credentials(config_credentials_options().with_authfile(file)); }, at_port);
    keeps_its_contract("config_credentials, an option", [&] { return config_credentials(config_credentials_options().with_authfile(file).with_login(*login.secret, "r.example")); }, login);
    std::filesystem::remove_all(folder);
}

TEST_CASE("kit: each planted defect of a credentials model is found") {
    constexpr auto alike = "nothing for a host that looks alike", unknown = "nothing for a host that it does not know",
                   odd = "nothing for what is no host", knows = "gives what it knows";
    CHECK(is_found(unknown, [](auto const&) { return some(true); })); // to whoever asks
    CHECK(is_found(unknown, [](std::string const& h) -> answer {
        if (h == "r.example") return some(true);
        return error(errc::credentials_invalid); // an unknown host is no failure
    }));
    CHECK(is_found(alike, [](std::string const& h) { return some(h.starts_with("r.example")); }));
    CHECK(is_found(alike, [](std::string const& h) { return some(h.ends_with("r.example")); }));
    CHECK(is_found(alike, [](std::string const& h) { return some(h.find("r.example") != h.npos && h.size() < 20); }));
    CHECK(is_found(alike, [](std::string const& h) { return some(h.substr(0, h.find(':')) == "r.example"); })); // any port
    CHECK(is_found(alike, [](std::string const& h) { return some(h.substr(0, h.find(':')) == "r.example"); }, at_port));
    CHECK(is_found(alike, [](std::string const& h) { return some(h.substr(h.find('@') + 1) == "r.example"); }));
    CHECK(is_found(alike, [](std::string const& h) { return some(h == "example" || h == "r.example"); })); // a parent domain
    CHECK(is_found(odd, [](std::string const& h) { return some(h.empty() || h == "r.example"); }));
    CHECK(is_found(odd, [](std::string const& h) { return some(std::string(h.c_str()) == "r.example"); })); // up to a NUL
    CHECK(is_found(knows, [](auto const&) { return some(false); }));
    CHECK(is_found(knows, [n = 0](std::string const& h) mutable { return some(h == "r.example" && n++ == 0); })); // only once
    CHECK(is_found(knows, [](std::string const& h) -> answer {
        if (h != "r.example") return some(false);
        return std::optional(credential("user", "pass-4711 ")); // with the line's end
    }));
    CHECK(is_found("an empty secret is none", [](std::string const& h) -> answer {
        if (h != "r.example") return some(false);
        return std::optional(credential());
    }));
    CHECK(is_found("shows no secret", [](std::string const& h) -> answer {
        if (h != "r.example") return some(false);
        auto c = *login.secret;
        c.source = "--creds user:pass-4711";
        return std::optional(c);
    }));
    CHECK(is_found("shows no secret", [](std::string const& h) -> answer {
        if (h == "r.example") return some(true);
        return error(errc::credentials_invalid).with_context("only user:pass-4711 is known");
    }));
}

} // namespace credentials_test
