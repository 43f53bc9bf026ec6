// SPDX-License-Identifier: BSL-1.0
#pragma once

/// The kit of the credentials policy: the right secret for the host it is for, and nothing for any other.

#include "../detail/text.hpp"
#include "../policy/credentials.hpp"
#include "finding.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lading::testing {

/// A query and the answer that the model under test has been set up to give; nothing for an anonymous model.
struct known_login {
    known_login(credential_query q, std::optional<credential> s) : query(std::move(q)), secret(std::move(s)) {}
    credential_query query;
    std::optional<credential> secret;
};

/// Checks a credentials model. `make()` returns a fresh one that knows `known` and no other host.
template <class Make>
findings check_credentials(Make make, known_login const& known) {
    static_assert(lading::check_credentials<decltype(make())>::ok);
    using lading::detail::printable;
    findings out;
    auto const shown = [](std::string_view host) { return '"' + printable(host, 60) + '"'; };
    auto const same = [](credential const& a, credential const& b) {
        return a.username == b.username && a.password == b.password && a.identity_token == b.identity_token &&
               a.registry_token == b.registry_token;
    };
    std::vector<std::string> secrets;
    if (known.secret)
        for (auto const& s : {known.secret->password, known.secret->identity_token, known.secret->registry_token})
            if (!s.empty()) secrets.push_back(s);
    auto const no_secret_in = [&](std::string const& text, char const* where) {
        for (auto const& s : secrets)
            if (text.find(s) != text.npos) out.emplace_back("shows no secret", where);
    };
    auto const expect = [&](auto& model, char const* when) {
        auto const r = model.lookup(known.query);
        if (!r) {
            no_secret_in(r.assume_error().message(), "in an error");
            return out.emplace_back("gives what it knows", std::string(when) + ": " + std::string(name_of(r.assume_error().kind()))), void();
        }
        auto const& got = r.assume_value();
        if (got.has_value() != known.secret.has_value() || (got && !same(*got, *known.secret)))
            out.emplace_back("gives what it knows", std::string(when) + ": another answer than was set up");
        if (got && got->empty()) out.emplace_back("an empty secret is none", when);
        if (got) no_secret_in(got->source, "in `source`");
    };
    auto const expect_nothing = [&](auto& model, std::string const& host, char const* rule) {
        auto const r = model.lookup(credential_query{host, known.query.repository});
        if (!r) {
            no_secret_in(r.assume_error().message(), "in an error");
            return out.emplace_back(rule, shown(host) + " gave " + std::string(name_of(r.assume_error().kind()))), void();
        }
        if (r.assume_value()) out.emplace_back(rule, shown(host) + " was given a secret");
    };

    auto model = make();
    expect(model, "first");
    expect(model, "second");
    expect_nothing(model, "unknown.invalid", "nothing for a host that it does not know");
    expect(model, "after another host");

    // Hosts that look like the known one and are somebody else's.
    auto const& host = known.query.host;
    auto const colon = host.rfind(':');
    auto const name = host.substr(0, colon);
    auto const port = colon == host.npos ? std::string() : host.substr(colon);
    std::vector<std::string> others = {name + ".evil.example" + port, "evil" + name + port, "evil." + name + port, name + "x" + port,
                                       name + ".", name + (port == ":4443" ? ":4444" : ":4443"), "x@" + host, host + "@evil.example",
                                       "https://" + host + ".evil.example"};
    if (!port.empty()) others.push_back(name);
    if (auto const dot = name.find('.'); dot != name.npos) others.push_back(name.substr(dot + 1) + port);
    if (name.size() > 1) others.push_back(name.substr(0, name.size() - 1) + port);
    for (auto const& other : others) expect_nothing(model, other, "nothing for a host that looks alike");
    for (auto const& odd : {std::string(), std::string("*"), std::string("."), std::string("../../" + host), std::string(host + "\n" + host),
                            std::string(host + '\0' + "x"), std::string(100'000, 'a')})
        expect_nothing(model, odd, "nothing for what is no host");
    expect(model, "after all the others");

    // Fresh objects and moved ones.
    auto fresh = make();
    expect_nothing(fresh, "unknown.invalid", "nothing for a host that it does not know");
    expect(fresh, "with an unknown host first");
    auto moved = std::move(fresh);
    expect(moved, "after a move");
    return out;
}

} // namespace lading::testing
